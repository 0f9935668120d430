"""帮家人交居民医保费: the tax office's bill, paying it from the account, and the receipt."""

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from tongban import mutual_aid, people
from tongban.doors.http import Request, RouteDb, see_other
from tongban.doors.portal.filing.words import place_zh
from tongban.doors.portal.forms import problems_of, read_form
from tongban.doors.portal.looks import looked_at
from tongban.doors.portal.page import current_person, page
from tongban.infra.clock import in_china
from tongban.infra.db import Db, Pool
from tongban.kernel.dates import zh_date
from tongban.kernel.errors import Refusal
from tongban.kernel.money import yuan
from tongban.mutual_aid import PremiumState

_TAG = {PremiumState.PAYING: "go", PremiumState.PAID: "ok", PremiumState.RETURNED: "bad"}


# These two ask the tax office, so they have no `RouteDb`: its transaction would stay open meanwhile, and with a second
# connection beside it a few requests at once would wait for one another's.
@get("/family-account/given/{number:str}/premium", opt={"who": "person"})
async def premium_page(request: Request, number: FromPath[str]) -> Response[Any]:
    pool: Pool = request.app.state.pool
    async with pool.acquire() as db:
        return await _page(request, db, number)


@post("/family-account/given/{number:str}/premium", opt={"who": "person"})
async def pay(request: Request, number: FromPath[str]) -> Response[Any]:
    """Raises GrantNotFound; other refusals stand on the page of the bills."""
    person, state, form = current_person(request), request.app.state, await read_form(request)
    pool: Pool = state.pool
    amount = form.get("amount", "")
    async with pool.acquire() as db:
        try:
            payment = await mutual_aid.pay_premium(
                db,
                state.vault,
                state.pack,
                state.tax_office,
                giver_id=person.person_id,
                number=number,
                bill_number=form.get("bill", ""),
                amount_fen=int(amount) if amount.isdecimal() and len(amount) < 12 else 0,
                channel="portal",
                now=state.clock(),
            )
        except mutual_aid.GrantNotFound:
            raise
        except Refusal as refusal:
            return await _page(request, db, number, refusal)
    return see_other(f"/family-account/premium/{payment.number}")


@get("/family-account/premium/{number:str}", opt={"who": "person"})
async def receipt(request: Request, db: RouteDb, number: FromPath[str]) -> Response[Any]:
    """For who paid and for whom it was paid."""
    person = current_person(request)
    payment = await mutual_aid.get_premium(db, person.person_id, number)
    await looked_at(request, db, "mutual_aid.premium_viewed", person_id=payment.person_id, subject=number)
    names = await people.names_of(db, [payment.person_id, payment.giver_id])
    rows = [
        ("缴费编号", payment.number),
        ("给谁交", names.get(payment.person_id, "家人")),
        ("谁的个人账户", names.get(payment.giver_id, "家人")),
        ("哪一年", f"{payment.insurance_year} 年"),
        ("参保地", place_zh(request.app.state.regions.get(payment.pool_code), payment.pool_code)),
        ("金额", f"{yuan(payment.amount_fen)} 元"),
        ("扣款日期", zh_date(in_china(payment.paid_at).date())),
    ]
    if payment.receipt_number:
        rows.append(("税务回执号", payment.receipt_number))
    is_giver = payment.giver_id == person.person_id
    return page(
        request,
        "family_account/receipt.html",
        payment=payment,
        rows=rows,
        tag=_TAG[payment.state],
        back=f"/family-account/given/{_grant_number(payment)}" if is_giver else "/family-account/received",
    )


def _grant_number(payment: mutual_aid.PremiumPayment) -> str:
    return mutual_aid.grant_number(payment.giver_id, payment.grant_serial)


async def _page(request: Request, db: Db, number: str, refusal: Refusal | None = None) -> Response[Any]:
    person, state = current_person(request), request.app.state
    grant = await mutual_aid.own_grant(db, person.person_id, number)
    name = (await people.names_of(db, [grant.receiver_id])).get(grant.receiver_id, "家人")
    bills, unknown = [], ""
    try:
        bills = await mutual_aid.open_premiums(
            db, state.vault, state.pack, state.tax_office, giver_id=person.person_id, number=number, now=state.clock()
        )
    except (mutual_aid.AidUndetermined, mutual_aid.TaxOfficeUnreachable) as silent:
        unknown = silent.sentence
    await looked_at(request, db, "mutual_aid.premium_asked", person_id=grant.receiver_id, subject=number)
    paid = [
        each
        for each in await mutual_aid.premiums_of(db, person.person_id)
        if each.person_id == grant.receiver_id and each.giver_id == person.person_id
    ]
    return page(
        request,
        "family_account/premium.html",
        status=refusal.status if refusal else 200,
        problems=problems_of(refusal) if refusal else (),
        grant=grant,
        name=name,
        bills=bills,
        unknown=unknown,
        paid=[(each, _TAG[each.state]) for each in paid],
    )


route_handlers = [premium_page, pay, receipt]
