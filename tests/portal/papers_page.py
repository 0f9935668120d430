"""A page with slots for photos, in the application as it is: what any flow's page does, without a flow around it."""

from typing import Any
from uuid import UUID

from litestar import Litestar, Response, get, post
from litestar.params import FromPath

from tongban import drafts
from tongban.app import app_from_env
from tongban.doors.http import Request, RouteDb, see_other
from tongban.doors.portal import page as pages
from tongban.doors.portal.page import current_person
from tongban.doors.portal.papers import Slot, missing, photo_slots
from tongban.materials import MaterialKind

SLOTS = (
    Slot("id_front", MaterialKind.ID_CARD_FRONT, is_needed=True),
    Slot("invoice", MaterialKind.INVOICE, is_needed=True, many=3),
    Slot("proof", MaterialKind.VILLAGE_CERTIFICATE),
)
_TEMPLATE = """{% extends "_base.html" %}{% import "_papers.html" as papers %}
{% block title %}拍照{% endblock %}
{% block main %}{{ m.back('/') }}{{ m.errors(problems) }}<h1>把材料拍下来</h1>{{ papers.slots(photos) }}
<form method="post" action="/test-papers/{{ draft.draft_id }}">{{ csrf }}
{{ m.text("note", "还想说什么", {}, (), optional=true) }}
{{ m.buttons('下一步', save=true) }}</form>{% endblock %}"""


@get("/test-papers/{draft_id:str}", opt={"who": "person"})
async def show(request: Request, db: RouteDb, draft_id: FromPath[str]) -> Response[Any]:
    return await _page(request, db, draft_id, is_judged=False)


@post("/test-papers/{draft_id:str}", opt={"who": "person"})
async def judge(request: Request, db: RouteDb, draft_id: FromPath[str]) -> Response[Any]:
    return await _page(request, db, draft_id, is_judged=True)


@get("/test-papers/new", opt={"who": "person"})
async def new(request: Request, db: RouteDb) -> Response[Any]:
    state, person = request.app.state, current_person(request)
    draft = await drafts.start(db, state.vault, person_id=person.person_id, flow="filing", now=state.clock())
    return see_other(f"/test-papers/{draft.draft_id}")


async def _page(request: Request, db: RouteDb, draft_id: str, *, is_judged: bool) -> Response[Any]:
    state, person = request.app.state, current_person(request)
    draft = await drafts.load(db, state.vault, person_id=person.person_id, draft_id=UUID(draft_id), now=state.clock())
    photos = await photo_slots(request, db, draft, SLOTS)
    problems = [*photos.problems, *(missing(draft, SLOTS) if is_judged else [])]
    _keep_template()
    return pages.page(
        request,
        "test_papers.html",
        422 if is_judged and problems else 200,
        draft=draft,
        photos=photos,
        problems=problems,
    )


def _keep_template() -> None:
    """Beside the product's own templates, for as long as the process lives."""
    from jinja2 import ChoiceLoader, DictLoader

    environment = pages._environment()
    if not isinstance(environment.loader, ChoiceLoader):
        assert environment.loader is not None
        environment.loader = ChoiceLoader([DictLoader({"test_papers.html": _TEMPLATE}), environment.loader])


def with_page(app: Litestar) -> Litestar:
    for handler in (new, show, judge):
        app.register(handler)
    return app


def app_with_page() -> Litestar:
    """For ``uvicorn --factory``."""
    return with_page(app_from_env())
