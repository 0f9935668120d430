"""补材料: the papers the agency asked for, collected in a draft of their own and handed in together."""

from typing import Any, Final
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from tongban import chronic, drafts
from tongban.chronic import Application, ApplicationState, application_seen_by
from tongban.doors.http import Request, RouteDb, see_other
from tongban.doors.portal import papers
from tongban.doors.portal.forms import Problem, problems_of
from tongban.doors.portal.page import current_person, page
from tongban.doors.portal.papers import Slot
from tongban.drafts import Draft, DraftNotFound
from tongban.infra.db import Db
from tongban.kernel.errors import Refusal

FLOW: Final = "chronic_more"
_PICTURES_MAX: Final = 5


@post("/chronic/applications/{number:str}/more", opt={"who": "person"})
async def begin(request: Request, db: RouteDb, number: FromPath[str]) -> Response[Any]:
    """Go on with what was begun for this application, or begin."""
    person, state = current_person(request), request.app.state
    application = await application_seen_by(db, person.person_id, number)
    if application.state is not ApplicationState.MATERIALS_DUE:
        return see_other(f"/chronic/applications/{application.number}")
    begun = await drafts.drafts_of(db, state.vault, person_id=person.person_id, flow=FLOW, now=state.clock())
    draft = next((each for each in begun if each.value("start", "number") == application.number), None)
    if draft is None:
        draft = await drafts.start(
            db,
            state.vault,
            person_id=person.person_id,
            for_person_id=application.person_id,
            flow=FLOW,
            known={"start": {"number": application.number}},
            now=state.clock(),
        )
    return see_other(f"/chronic/more/{draft.draft_id}")


@get("/chronic/more/{draft_id:str}", opt={"who": "person"})
async def show(request: Request, db: RouteDb, draft_id: FromPath[str]) -> Response[Any]:
    draft = await _draft(request, db, draft_id)
    if draft.outcome:
        return see_other(f"/chronic/applications/{draft.outcome}")
    return await _page(request, db, draft)


@post("/chronic/more/{draft_id:str}", opt={"who": "person"})
async def send(request: Request, db: RouteDb, draft_id: FromPath[str]) -> Response[Any]:
    """Hand in all of it, once."""
    draft, person, state = await _draft(request, db, draft_id), current_person(request), request.app.state
    if draft.outcome:
        return see_other(f"/chronic/applications/{draft.outcome}")
    application = await _application(db, draft)
    missing = papers.missing(draft, _slots(application))
    if missing:
        return await _page(request, db, draft, missing, status=422)
    try:
        async with drafts.handing_in(
            db, state.vault, person_id=person.person_id, draft_id=draft.draft_id, now=state.clock()
        ) as held:
            if not held.outcome:
                await chronic.supply_materials(
                    db,
                    state.pack,
                    viewer_id=person.person_id,
                    number=application.number,
                    papers=list(held.papers.values()),
                    channel="portal",
                    now=state.clock(),
                )
                await drafts.finish(db, held, application.number, state.clock())
    except Refusal as refusal:
        return await _page(request, db, draft, problems_of(refusal), status=refusal.status)
    return see_other(f"/chronic/applications/{application.number}?sent=1")


async def _draft(request: Request, db: Db, draft_id: str) -> Draft:
    person, state = current_person(request), request.app.state
    try:
        wanted = UUID(draft_id)
    except ValueError:
        raise DraftNotFound("没有找到这一页，请从申请的进度里重新打开") from None
    return await drafts.load(db, state.vault, person_id=person.person_id, draft_id=wanted, flow=FLOW, now=state.clock())


async def _application(db: Db, draft: Draft) -> Application:
    return await application_seen_by(db, draft.person_id, draft.value("start", "number"))


def _slots(application: Application) -> list[Slot]:
    return [
        Slot(kind.value, kind, is_needed=True, many=_PICTURES_MAX, whose=application.person_id)
        for kind in application.asked_kinds
    ]


async def _page(
    request: Request, db: Db, draft: Draft, problems: list[Problem] | None = None, status: int = 200
) -> Response[Any]:
    application = await _application(db, draft)
    if application.state is not ApplicationState.MATERIALS_DUE:
        return see_other(f"/chronic/applications/{application.number}")
    photos = await papers.photo_slots(request, db, draft, _slots(application))
    return page(
        request,
        "chronic/more.html",
        status=status,
        application=application,
        draft=draft,
        photos=photos,
        problems=[*photos.problems, *(problems or [])],
    )


route_handlers = [begin, show, send]
