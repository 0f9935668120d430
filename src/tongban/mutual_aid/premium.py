"""Paying a relative's resident premium out of an account that is shared with them.

Taken from the account first and then told to the tax office, under the payment's number: told twice it pays once.
Should the tax office refuse, everything goes back; should it not answer, the payment is on its way and told again.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

import asyncpg

from tongban import account, law, people
from tongban.infra import audit
from tongban.infra.clock import day_of
from tongban.infra.crypto import Vault
from tongban.infra.db import Db
from tongban.kernel.identifiers import PREMIUM, InvalidNumber, parse_outside_number
from tongban.kernel.money import Fen, yuan
from tongban.kernel.vocabulary import InsuranceType
from tongban.law import MutualAidQuestion, Pack, Payable, SharedExpense
from tongban.mutual_aid import store
from tongban.mutual_aid.errors import (
    AidUndetermined,
    GrantEnded,
    PremiumPaid,
    PremiumRefused,
    TaxOfficeUnreachable,
)
from tongban.mutual_aid.holding import not_found
from tongban.mutual_aid.model import EventKind, Grant, GrantState, Offer, PremiumPayment, PremiumState
from tongban.mutual_aid.records import own_grant
from tongban.mutual_aid.rules import insurance_state, terms_of, usable_fen
from tongban.mutual_aid.tax import PremiumBill, TaxOffice, TaxReceipt, TaxRefusal
from tongban.mutual_aid.telling import masked_name
from tongban.notices import NoticeKind, post

_RESIDENT = InsuranceType.RESIDENT


class OpenPremium(NamedTuple):
    """A relative's open bill, and what stands in the way of paying it from the account; empty when nothing does."""

    bill: PremiumBill
    hindrance: str


async def open_premiums(
    db: Db, vault: Vault, pack: Pack, tax: TaxOffice | None, *, giver_id: int, number: str, now: datetime
) -> list[OpenPremium]:
    """What the receiver of an authorisation still owes, as the tax office says it.

    Raises GrantNotFound, AidUndetermined when no tax office is connected (no rule knows the amount), and
    TaxOfficeUnreachable. Empty when nothing is owed, or the receiver is not insured as a resident there.
    """
    grant = await own_grant(db, giver_id, number)
    if await store.payment_state(db, grant.receiver_id, grant.receiver_pool, _RESIDENT, day_of(now)) is None:
        return []
    bills = await _bills(db, vault, pack, tax, grant)
    return [
        OpenPremium(bill, await _hindrance(db, pack, grant, bill.amount_fen, now))
        for bill in bills
        if await store.premium_of_year(db, grant.receiver_id, bill.insurance_year) is None
    ]


async def pay_premium(
    db: Db,
    vault: Vault,
    pack: Pack,
    tax: TaxOffice | None,
    *,
    giver_id: int,
    number: str,
    bill_number: str,
    amount_fen: Fen,
    channel: str,
    now: datetime,
) -> PremiumPayment:
    """Pay one bill whole, once per person and insurance year, whoever of the family pays it.

    `amount_fen` is what the person saw: a bill that says otherwise by now is refused. Paid by the same giver before,
    the payment is given again (`is_repeat`). `db` must be in no transaction: the tax office is asked between two.

    Raises GrantNotFound, GrantEnded, PremiumRefused, PremiumPaid, AidUndetermined,
    TaxOfficeUnreachable (then nothing was taken).
    """
    grant = await own_grant(db, giver_id, number)
    payment = await store.premium_of_bill(db, grant, bill_number)
    if payment is None:
        bills = await _bills(db, vault, pack, tax, grant)
        bill = next((each for each in bills if each.bill_number == bill_number), None)
        if bill is None or bill.amount_fen != amount_fen:
            raise PremiumRefused("账单刚刚变了，请看一下新的账单再交")
        payment = await _take(db, pack, grant, bill, channel, now)
    else:
        # What is paid, the tax office no longer bills: somebody who taps again is shown the payment.
        payment = replace(payment, is_repeat=True)
    try:
        return payment if tax is None else await _tell_tax_office(db, tax, payment, now)
    except TaxOfficeUnreachable:
        return payment


async def send_premiums(db: Db, tax: TaxOffice, *, now: datetime, limit: int = 100) -> int:
    """Tell the tax office again what it has not answered; returns how many came to an end. Stops when unreachable."""
    ended = 0
    for payment in await store.premiums_on_their_way(db, limit):
        try:
            ended += (await _tell_tax_office(db, tax, payment, now)).state is not PremiumState.PAYING
        except TaxOfficeUnreachable:
            break
    return ended


async def premiums_of(db: Db, person_id: int) -> list[PremiumPayment]:
    """Paid for this person and by this person, newest first."""
    return await store.premiums_of(db, person_id)


async def get_premium(db: Db, viewer_id: int, number: str) -> PremiumPayment:
    """Raises GrantNotFound for anybody who neither paid it nor is insured by it, as for a number that names none."""
    try:
        parsed = parse_outside_number(number, PREMIUM)
    except InvalidNumber:
        raise not_found() from None
    payment = await store.premium(db, parsed.person_id, parsed.serial)
    if payment is None or viewer_id not in (payment.person_id, payment.giver_id):
        raise not_found()
    return payment


async def _bills(db: Db, vault: Vault, pack: Pack, tax: TaxOffice | None, grant: Grant) -> Sequence[PremiumBill]:
    if tax is None:
        ask = pack.agency(grant.receiver_pool)
        raise AidUndetermined(f"要交多少以税务部门的账单为准，这里还没有接上。请问税务部门 12366，或者{ask}。", ask=ask)
    return await tax.open_bills(await people.get_person(db, vault, grant.receiver_id), grant.receiver_pool)


async def _take(db: Db, pack: Pack, grant: Grant, bill: PremiumBill, channel: str, now: datetime) -> PremiumPayment:
    """Out of the account, and on its way."""
    async with db.transaction():
        await account.hold(db, [grant.giver_id])
        found = await store.grant(db, grant.giver_id, grant.grant_serial)
        assert found is not None
        known = await store.premium_of_year(db, grant.receiver_id, bill.insurance_year)
        if known is not None:
            if (known.giver_id, known.grant_serial) == (grant.giver_id, grant.grant_serial):
                return replace(known, is_repeat=True)
            raise _paid_already(bill)
        if found.state is not GrantState.ACTIVE:
            raise GrantEnded("这一条已经结束，不能再用来交费。要用请重新办一次")
        if hindrance := await _hindrance(db, pack, found, bill.amount_fen, now):
            raise PremiumRefused(hindrance)
        payment = PremiumPayment(
            person_id=grant.receiver_id,
            insurance_year=bill.insurance_year,
            premium_serial=0,
            giver_id=grant.giver_id,
            grant_serial=grant.grant_serial,
            pool_code=grant.receiver_pool,
            bill_number=bill.bill_number,
            amount_fen=bill.amount_fen,
            state=PremiumState.PAYING,
            paid_at=now,
            ended_at=None,
            receipt_number="",
            refusal="",
        )
        try:
            async with db.transaction():
                payment = replace(payment, premium_serial=await store.insert_premium(db, found, payment, channel))
        except asyncpg.UniqueViolationError:
            raise _paid_already(bill) from None
        await account.pay_premium(
            db,
            grant.giver_id,
            pool_code=payment.pool_code,
            amount_fen=payment.amount_fen,
            released_fen=payment.amount_fen if found.is_set_apart else 0,
            reference=payment.number,
            now=now,
        )
        await store.use(db, grant.giver_id, grant.grant_serial, payment.amount_fen)
        await store.add_event(
            db, grant.giver_id, grant.grant_serial, EventKind.PREMIUM, payment.amount_fen, now, payment.number
        )
        await _log(db, payment, "premium_taken", f"person:{grant.giver_id}", channel, now)
    return payment


async def _tell_tax_office(db: Db, tax: TaxOffice, payment: PremiumPayment, now: datetime) -> PremiumPayment:
    if payment.state is not PremiumState.PAYING:
        return payment
    answer = await tax.pay(payment.bill_number, payment.amount_fen, payment.number)
    async with db.transaction():
        await account.hold(db, [payment.giver_id])
        known = await store.premium(db, payment.person_id, payment.premium_serial, for_update=True)
        assert known is not None
        if known.state is not PremiumState.PAYING:
            return replace(known, is_repeat=True)
        ended = _ended(known, answer, now)
        await store.end_premium(db, ended)
        if ended.state is PremiumState.RETURNED:
            await _give_back(db, ended, now)
        await _tell(db, ended, now)
        await _log(db, ended, f"premium_{ended.state}", "system:tax_office", "tax_office", now)
    return ended


def _ended(payment: PremiumPayment, answer: TaxReceipt | TaxRefusal, now: datetime) -> PremiumPayment:
    if isinstance(answer, TaxReceipt):
        return replace(payment, state=PremiumState.PAID, ended_at=now, receipt_number=answer.receipt_number)
    return replace(payment, state=PremiumState.RETURNED, ended_at=now, refusal=answer.sentence)


async def _give_back(db: Db, payment: PremiumPayment, now: datetime) -> None:
    """To the account and to the authorisation, also when that has ended since."""
    grant = await store.grant(db, payment.giver_id, payment.grant_serial)
    assert grant is not None
    await store.use(db, grant.giver_id, grant.grant_serial, -payment.amount_fen)
    await account.return_premium(
        db,
        grant.giver_id,
        amount_fen=payment.amount_fen,
        set_apart_fen=payment.amount_fen if grant.is_set_apart and grant.state is GrantState.ACTIVE else 0,
        reference=payment.number,
        now=now,
    )
    await store.add_event(
        db, grant.giver_id, grant.grant_serial, EventKind.PREMIUM_RETURNED, payment.amount_fen, now, payment.number
    )


async def _hindrance(db: Db, pack: Pack, grant: Grant, amount_fen: Fen, now: datetime) -> str:
    """Why the account cannot pay this; empty when it can. A premium is paid whole or not at all."""
    today = day_of(now)
    giver_state = await store.payment_state(db, grant.giver_id, grant.giver_pool, InsuranceType.EMPLOYEE, today)
    receiver_state = await store.payment_state(db, grant.receiver_id, grant.receiver_pool, _RESIDENT, today)
    question = MutualAidQuestion(
        insured_pool=grant.giver_pool,
        giver_state=insurance_state(giver_state),
        receiver_state=insurance_state(receiver_state),
        expense=SharedExpense.RESIDENT_PREMIUM,
        locality=grant.locality,
        on=today,
    )
    found = law.mutual_aid_use(pack, question)
    if found.outcome is not Payable.PAYABLE:
        return found.sentence
    balance = await account.balance(db, grant.giver_id)
    assert balance is not None
    offer = Offer(
        giver_id=grant.giver_id,
        grant_serial=grant.grant_serial,
        relation=grant.relation,
        giver_pool=grant.giver_pool,
        receiver_pool=grant.receiver_pool,
        locality=grant.locality,
        is_set_apart=grant.is_set_apart,
        left_fen=grant.left_fen,
        grant_version=0,
        balance_fen=balance.balance_fen,
        reserved_fen=balance.reserved_fen,
        account_version=balance.version,
        payment_state=giver_state,
    )
    can_fen = usable_fen(offer, terms_of(pack, grant.giver_pool, grant.locality, today))
    if can_fen >= amount_fen:
        return ""
    if grant.left_fen < amount_fen:
        return f"这一条授权还剩 {yuan(grant.left_fen)} 元，不够交 {yuan(amount_fen)} 元。请先改上限。"
    return f"账户里能用的还有 {yuan(can_fen)} 元，不够交 {yuan(amount_fen)} 元。可以请别的家人交。"


def _paid_already(bill: PremiumBill) -> PremiumPaid:
    return PremiumPaid(f"{bill.insurance_year} 年的居民医保费已经交了，或者正在交，不用再交")


async def _tell(db: Db, payment: PremiumPayment, now: datetime) -> None:
    name = await masked_name(db, payment.person_id)
    year, amount = payment.insurance_year, yuan(payment.amount_fen)
    if payment.state is PremiumState.PAID:
        to_giver = (
            f"{name} {year} 年的医保费交好了",
            f"用您的个人账户交了 {amount} 元。税务回执号 {payment.receipt_number}。",
        )
        to_insured = (f"您 {year} 年的居民医保费交好了", f"家人用个人账户帮您交了 {amount} 元。")
    else:
        to_giver = (f"{name} {year} 年的医保费没交成", f"{amount} 元已经退回您的个人账户。{payment.refusal}。")
        to_insured = (f"您 {year} 年的居民医保费没交成", "家人帮您交的时候税务部门没有收，请再交一次。")
    for person_id, (title, body) in ((payment.giver_id, to_giver), (payment.person_id, to_insured)):
        await post(
            db,
            person_id=person_id,
            kind=NoticeKind.MUTUAL_AID,
            subject=payment.number,
            title=title,
            body=body,
            link=f"/family-account/premium/{payment.number}",
            now=now,
            once=f"mutual_aid.premium {payment.number} {payment.state}",
        )


async def _log(db: Db, payment: PremiumPayment, what: str, actor: str, channel: str, now: datetime) -> None:
    await audit.record(
        db,
        now=now,
        actor=actor,
        channel=channel,
        action=f"mutual_aid.{what}",
        person_id=payment.person_id,
        subject=payment.number,
        detail={"amount_fen": payment.amount_fen, "insurance_year": payment.insurance_year},
    )
