"""谁给我用: whose accounts a person may use, and in which order they pay. The order is changed with buttons."""

from typing import Any

from litestar import Response, get, post

from tongban import mutual_aid, people
from tongban.doors.http import Request, RouteDb, see_other
from tongban.doors.portal.family_account.start import tag_of
from tongban.doors.portal.forms import problems_of, read_form
from tongban.doors.portal.looks import looked_at
from tongban.doors.portal.page import current_person, page
from tongban.infra.db import Db
from tongban.kernel.errors import Refusal
from tongban.mutual_aid import Grant, GrantState

_ADDRESS = "/family-account/received"


@get(_ADDRESS, opt={"who": "person"})
async def received(request: Request, db: RouteDb) -> Response[Any]:
    return await _page(request, db)


@post(_ADDRESS, opt={"who": "person"})
async def move(request: Request, db: RouteDb) -> Response[Any]:
    """``up`` or ``down`` holds the number that changes places with its neighbour, ``order`` what the page showed."""
    person, state, form = current_person(request), request.app.state, await read_form(request)
    numbers = form.get("order", "").split()
    for name, step in (("up", -1), ("down", 1)):
        at = numbers.index(form[name]) if form.get(name) in numbers else -1
        if at >= 0 and 0 <= at + step < len(numbers):
            numbers[at], numbers[at + step] = numbers[at + step], numbers[at]
    try:
        async with db.transaction():
            await mutual_aid.rank(
                db, receiver_id=person.person_id, numbers=numbers, channel="portal", now=state.clock()
            )
    except Refusal as refusal:
        return await _page(request, db, refusal)
    return see_other(f"{_ADDRESS}#order")


async def _page(request: Request, db: Db, refusal: Refusal | None = None) -> Response[Any]:
    person, state = current_person(request), request.app.state
    found = await mutual_aid.grants_for(db, person.person_id, now=state.clock())
    await looked_at(request, db, "mutual_aid.received_listed", person_id=person.person_id)
    names = await people.names_of(db, [grant.giver_id for grant in found])

    def named(grants: list[Grant]) -> list[tuple[Grant, str, str]]:
        return [(grant, names.get(grant.giver_id, "家人"), tag_of(grant)) for grant in grants]

    active = [grant for grant in found if grant.state is GrantState.ACTIVE]
    return page(
        request,
        "family_account/received.html",
        status=refusal.status if refusal else 200,
        problems=problems_of(refusal) if refusal else (),
        active=named(active),
        ended=named([grant for grant in found if grant.state is not GrantState.ACTIVE]),
        order=" ".join(grant.number for grant in active),
    )


route_handlers = [received, move]
