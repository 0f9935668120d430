"""慢特病: what it is about, what one has, and the way in."""

from collections.abc import Sequence
from typing import Any

from litestar import Response, get, post

from tongban import drafts
from tongban.chronic import FLOW, Purpose, applications_of, certifications_of, may_apply_for
from tongban.directory import chronic_diseases
from tongban.doors.http import Request, RouteDb, see_other
from tongban.doors.portal.chronic.flow import CHRONIC
from tongban.doors.portal.chronic.words import TAG, certified_line, title_zh
from tongban.doors.portal.forms import Problem, read_form
from tongban.doors.portal.looks import looked_at
from tongban.doors.portal.page import current_person, page, today
from tongban.doors.portal.session import SignedIn, signed_in
from tongban.doors.portal.steps import begin
from tongban.infra.db import Db
from tongban.kernel.errors import Refusal
from tongban.people import SEEN_FROM_THE_OTHER_SIDE, Kin, enrollments, kin_of

_SELF = "self"


@get("/chronic", opt={"who": "anyone"})
async def start_page(request: Request, db: RouteDb) -> Response[Any]:
    return await _page(request, db)


async def _page(request: Request, db: Db, problems: Sequence[Problem] = (), status: int = 200) -> Response[Any]:
    person, day = signed_in(request), today(request)
    listed = await chronic_diseases(db, cross_province_only=True)
    context: dict[str, Any] = {
        "names": list(dict.fromkeys(each.cross_province_disease for each in listed)),
        "certified": [],
        "open": [],
        "drafts": [],
        "family": [],
        "family_note": "",
    }
    if person is not None:
        state = request.app.state
        context["certified"] = [
            certified_line(each, day)
            for each in await certifications_of(db, person.person_id)
            if each.valid_to is None or each.valid_to >= day
        ]
        context["open"] = [
            (title_zh(each), f"/chronic/applications/{each.number}", each.state.zh, TAG[each.state])
            for each in await applications_of(db, person.person_id)
            if not each.state.is_final
        ]
        begun = await drafts.drafts_of(db, state.vault, person_id=person.person_id, flow=FLOW, now=state.clock())
        context["drafts"] = [(f"/chronic/{each.draft_id}", each.expires_on) for each in begun]
        context["family"], context["family_note"] = await _family(request, db, person)
        if context["certified"] or context["open"]:
            await looked_at(request, db, "chronic.listed", person_id=person.person_id)
    return page(request, "chronic/start.html", status=status, problems=problems, **context)


async def _family(request: Request, db: Db, person: SignedIn) -> tuple[list[tuple[str, str, str]], str]:
    """Relatives one may apply for, as choices; else why there are none, when there are relatives at all."""
    choices, refusals = [], []
    for kin in await kin_of(db, request.app.state.vault, person.person_id):
        pool = await _pool_of(db, kin, request)
        try:
            may_apply_for(request.app.state.pack, pool, SEEN_FROM_THE_OTHER_SIDE[kin.relation], today(request))
        except Refusal as refusal:
            refusals.append(refusal.sentence)
        else:
            choices.append((str(kin.kin_id), kin.name, f"您的{kin.relation_zh}，{kin.masked_id}"))
    return choices, refusals[0] if refusals and not choices else ""


async def _pool_of(db: Db, kin: Kin, request: Request) -> str:
    enrolled = await enrollments(db, kin.kin_id, today(request))
    return enrolled[0].pool_code if enrolled else ""


@post("/chronic/start", opt={"who": "person"})
async def start(request: Request, db: RouteDb) -> Response[Any]:
    """For oneself, or for a relative the law lets one apply for."""
    form, person = await read_form(request), current_person(request)
    told = form.get("for") or _SELF
    for_person_id = person.person_id
    if told != _SELF:
        choices, _ = await _family(request, db, person)
        if told not in {value for value, _, _ in choices}:
            problem = Problem("for", "这位家人不能由您在网上申请，请打参保地的电话问")
            return await _page(request, db, [problem], status=422)
        for_person_id = int(told)
    return see_other(await begin_for(request, db, for_person_id, Purpose.RECOGNISE))


async def begin_for(
    request: Request, db: Db, for_person_id: int, purpose: Purpose, certification: int | None = None
) -> str:
    """The address of a new draft, which leads to its first page."""
    enrolled = await enrollments(db, for_person_id, today(request))
    known = {
        "purpose": purpose.value,
        "several": "1" if len(enrolled) > 1 and purpose is Purpose.RECOGNISE else "",
        "certification": str(certification or ""),
    }
    return await begin(CHRONIC, request, db, for_person_id=for_person_id, known={"start": known})


route_handlers = [start_page, start]
