"""One authorisation: how much is left, what it was used for, changing its limit, ending it."""

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from tongban import account, mutual_aid, people
from tongban.doors.http import Request, RouteDb, see_other
from tongban.doors.portal.family_account.start import tag_of
from tongban.doors.portal.filing.words import place_zh
from tongban.doors.portal.forms import problems_of, read_form
from tongban.doors.portal.looks import looked_at
from tongban.doors.portal.page import current_person, page
from tongban.infra.clock import in_china
from tongban.infra.db import Db
from tongban.kernel.dates import zh_date
from tongban.kernel.errors import Refusal
from tongban.kernel.money import yuan, yuan_plain
from tongban.kernel.vocabulary import Locality
from tongban.mutual_aid import PLACES, EventKind, Grant, GrantEvent, GrantState

_GIVEN = "/family-account/given"


@get(_GIVEN + "/{number:str}", opt={"who": "person"})
async def given(request: Request, db: RouteDb, number: FromPath[str]) -> Response[Any]:
    """For the giver and for the receiver. Raises GrantNotFound for anybody else's number as for none."""
    person = current_person(request)
    grant = await mutual_aid.get_grant(db, person.person_id, number)
    await looked_at(request, db, "mutual_aid.viewed", person_id=grant.giver_id, subject=number)
    is_giver = grant.giver_id == person.person_id
    events = await mutual_aid.history_of(db, person.person_id, number)
    region = request.app.state.regions.get(grant.receiver_pool)
    name = await _other(db, grant, person.person_id)
    balance = await account.balance(db, grant.giver_id) if is_giver else None
    rows = [
        ("最多能用", f"{yuan(grant.limit_fen)} 元"),
        ("已经用了", f"{yuan(grant.used_fen)} 元"),
        ("还能用", f"{yuan(grant.left_fen)} 元"),
    ]
    if is_giver:
        where = "跨省" if grant.locality is Locality.CROSS_PROVINCE else "省内"
        rows += [("是您的", grant.relation.zh), ("在哪里参保", f"{place_zh(region, grant.receiver_pool)}（{where}）")]
    return page(
        request,
        "family_account/given.html",
        grant=grant,
        name=name,
        is_giver=is_giver,
        is_active=grant.state is GrantState.ACTIVE,
        tag=tag_of(grant),
        rows=rows,
        short_fen=max(0, grant.left_fen - balance.balance_fen) if balance else 0,
        line=[_told(event) for event in events],
        changed=request.query_params.get("done", ""),
    )


@get(_GIVEN + "/{number:str}/limit", opt={"who": "person"})
async def limit_page(request: Request, db: RouteDb, number: FromPath[str]) -> Response[Any]:
    return await _limit_page(request, db, await _own(request, db, number))


@post(_GIVEN + "/{number:str}/limit", opt={"who": "person"})
async def limit(request: Request, db: RouteDb, number: FromPath[str]) -> Response[Any]:
    state, form = request.app.state, await read_form(request)
    grant = await _own(request, db, number)
    try:
        async with db.transaction():
            await mutual_aid.change_limit(
                db,
                state.pack,
                giver_id=grant.giver_id,
                number=number,
                limit_fen=mutual_aid.read_limit(form.get("limit", "")),
                channel="portal",
                now=state.clock(),
            )
    except Refusal as refusal:
        return await _limit_page(request, db, grant, refusal, form)
    return see_other(f"{_GIVEN}/{number}?done=limit")


@get(_GIVEN + "/{number:str}/revoke", opt={"who": "person"})
async def revoke_page(request: Request, db: RouteDb, number: FromPath[str]) -> Response[Any]:
    grant = await _own(request, db, number)
    name = await _other(db, grant, grant.giver_id)
    return page(request, "family_account/revoke.html", grant=grant, name=name)


@post(_GIVEN + "/{number:str}/revoke", opt={"who": "person"})
async def revoke(request: Request, db: RouteDb, number: FromPath[str]) -> Response[Any]:
    state = request.app.state
    grant = await _own(request, db, number)
    try:
        async with db.transaction():
            await mutual_aid.revoke(
                db, state.pack, giver_id=grant.giver_id, number=number, channel="portal", now=state.clock()
            )
    except Refusal as refusal:
        name = await _other(db, grant, grant.giver_id)
        return page(
            request,
            "family_account/revoke.html",
            status=refusal.status,
            problems=problems_of(refusal),
            grant=grant,
            name=name,
        )
    return see_other(f"{_GIVEN}/{number}?done=revoked")


async def _limit_page(
    request: Request, db: Db, grant: Grant, refusal: Refusal | None = None, form: dict[str, str] | None = None
) -> Response[Any]:
    return page(
        request,
        "family_account/limit.html",
        status=refusal.status if refusal else 200,
        problems=problems_of(refusal) if refusal else (),
        values=form or {"limit": yuan_plain(grant.limit_fen)},
        grant=grant,
        name=await _other(db, grant, grant.giver_id),
    )


async def _own(request: Request, db: Db, number: str) -> Grant:
    """The signed-in giver's. Raises GrantNotFound for the receiver too."""
    return await mutual_aid.own_grant(db, current_person(request).person_id, number)


async def _other(db: Db, grant: Grant, viewer_id: int) -> str:
    other = grant.receiver_id if viewer_id == grant.giver_id else grant.giver_id
    return (await people.names_of(db, [other])).get(other, "家人")


def _told(event: GrantEvent) -> tuple[str, str, str, bool]:
    """Amount, day and kind of place: neither what it was for nor where."""
    amount = f"{yuan(event.amount_fen)} 元"
    title = {
        EventKind.OPENED: f"开通，最多 {amount}",
        EventKind.LIMIT: f"上限改成 {amount}",
        EventKind.USED: f"用了 {amount}",
        EventKind.RETURNED: f"退回 {amount}",
        EventKind.PREMIUM: f"交医保费 {amount}",
        EventKind.PREMIUM_RETURNED: f"医保费退回 {amount}",
        EventKind.REVOKED: "解除",
        EventKind.ENDED: "自动结束",
    }[event.what]
    what = PLACES[event.care_kind] if event.care_kind else ""
    return title, zh_date(in_china(event.happened_at).date()), what, True


route_handlers = [given, limit_page, limit, revoke_page, revoke]
