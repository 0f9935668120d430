"""家庭共济: what it is, what one can give, whom one gives to, and the way in."""

from collections.abc import Sequence
from typing import Any

from litestar import Response, get, post

from tongban import drafts, mutual_aid, people
from tongban.doors.http import Request, RouteDb, see_other
from tongban.doors.portal.family_account.flow import AID
from tongban.doors.portal.forms import Problem
from tongban.doors.portal.looks import looked_at
from tongban.doors.portal.page import current_person, page
from tongban.doors.portal.session import signed_in
from tongban.doors.portal.steps import begin
from tongban.infra.db import Db
from tongban.kernel.errors import Refusal
from tongban.mutual_aid import FLOW, Giving, Grant, GrantState


@get("/family-account", opt={"who": "anyone"})
async def start_page(request: Request, db: RouteDb) -> Response[Any]:
    if signed_in(request) is None:
        return page(request, "family_account/about.html")
    return await _page(request, db)


@get("/family-account/mine", opt={"who": "person"})
async def mine(request: Request) -> Response[Any]:
    """Where the way in leads somebody who has to sign in first."""
    return see_other("/family-account")


@post("/family-account/start", opt={"who": "person"})
async def start(request: Request, db: RouteDb) -> Response[Any]:
    """Raises no refusal: who cannot give is told on the first page."""
    try:
        await giving(request, db)
    except Refusal as refusal:
        return await _page(request, db, [Problem("", refusal.sentence)], status=422)
    return see_other(await begin(AID, request, db))


async def giving(request: Request, db: Db) -> Giving:
    state = request.app.state
    return await mutual_aid.giving_of(db, state.pack, current_person(request).person_id, now=state.clock())


async def _page(request: Request, db: Db, problems: Sequence[Problem] = (), status: int = 200) -> Response[Any]:
    person, state = current_person(request), request.app.state
    now = state.clock()
    await mutual_aid.end_lapsed(db, state.pack, now=now, giver_id=person.person_id)
    can_give, why_not = None, ""
    try:
        can_give = await giving(request, db)
    except Refusal as refusal:
        why_not = refusal.sentence
    given = await mutual_aid.grants_by(db, person.person_id, now=now)
    received = await mutual_aid.grants_for(db, person.person_id, now=now)
    begun = await drafts.drafts_of(db, state.vault, person_id=person.person_id, flow=FLOW, now=now)
    if given or received or can_give:
        await looked_at(request, db, "mutual_aid.listed", person_id=person.person_id)
    names = await people.names_of(db, [grant.receiver_id for grant in given])
    return page(
        request,
        "family_account/start.html",
        status=status,
        problems=problems,
        giving=can_give,
        why_not=why_not,
        given=[(grant, names.get(grant.receiver_id, "家人"), tag_of(grant)) for grant in given],
        received=sum(grant.state is GrantState.ACTIVE for grant in received),
        has_received=bool(received),
        begun=[(f"/{AID.slug}/{each.draft_id}", each.expires_on) for each in begun],
    )


def tag_of(grant: Grant) -> str:
    return "ok" if grant.state is GrantState.ACTIVE else ""


route_handlers = [start_page, mine, start]
