"""Whom a filing was made for by name and ID number becomes a relative for all flows: one tap on the result page."""

from typing import Any

from litestar import Response, post
from litestar.params import FromPath

from tongban.doors.http import Request, RouteDb, see_other
from tongban.doors.portal.family import bind
from tongban.doors.portal.filing.flow import FILING
from tongban.doors.portal.steps import open_run
from tongban.filing import get_filing


@post("/filing/{draft_id:str}/kin", opt={"who": "person"})
async def bind_insured(request: Request, db: RouteDb, draft_id: FromPath[str]) -> Response[Any]:
    """Whom and as what the filing says, which was signed. Raises KinRefused or KinBoundOtherwise; the filing stands."""
    run = await open_run(FILING, request, db, draft_id)
    if not run.draft.outcome:
        return see_other(run.url(run.next_step.slug))
    state = request.app.state
    detail = await get_filing(db, state.vault, viewer_id=run.person.person_id, number=run.draft.outcome)
    if detail.filing.relation is not None:
        await bind(request, db, kin=run.reading.facts.insured, relation=detail.filing.relation)
    return see_other(run.url("done") + "?bound=1")


route_handlers = [bind_insured]
