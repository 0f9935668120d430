"""A relative's premium from the account: once a year, told to the tax office under one number, back when refused."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from family_kit import Family, check_family
from settlement_kit import BEIJING, NOW, Hospital, Insured, book_of

from tongban import mutual_aid, notices
from tongban.infra.db import Connection, Pool
from tongban.kernel.vocabulary import Relation
from tongban.mutual_aid import (
    AidUndetermined,
    EventKind,
    Grant,
    GrantNotFound,
    PremiumBill,
    PremiumPaid,
    PremiumPayment,
    PremiumRefused,
    PremiumState,
    RecordedTaxOffice,
    TaxOfficeUnreachable,
    TaxReceipt,
    TaxRefusal,
    tax_office_for,
)
from tongban.people import Person
from tongban.settings import Settings

YEAR, AMOUNT_FEN = 2027, 40_000


@dataclass
class Office:
    """A tax office that answers as it is told to; `asked` is every payment it was told of."""

    answer: TaxReceipt | TaxRefusal | None = field(default_factory=lambda: TaxReceipt("回执1"))
    asked: list[str] = field(default_factory=list)
    bills: bool = True

    async def open_bills(self, insured: Person, pool_code: str) -> list[PremiumBill]:
        return [PremiumBill(f"B{insured.person_id}", YEAR, AMOUNT_FEN)] if self.bills else []

    async def pay(self, bill_number: str, amount_fen: int, reference: str) -> TaxReceipt | TaxRefusal:
        self.asked.append(reference)
        if self.answer is None:
            raise TaxOfficeUnreachable("税务部门现在没有回音")
        return self.answer


async def pay(family: Family, grant: Grant, office: Office | None, **changes: Any) -> PremiumPayment:
    asked = {"bill_number": f"B{grant.receiver_id}", "amount_fen": AMOUNT_FEN, "giver_id": grant.giver_id, **changes}
    return await mutual_aid.pay_premium(
        family.db, family.vault, family.pack, office, number=grant.number, channel="portal", now=NOW, **asked
    )


async def shared(family: Family, limit_fen: int = 60_000, pool: str = "140100") -> tuple[Insured, Insured, Grant]:
    giver, receiver = await family.employee(), await family.resident(pool)
    return giver, receiver, await family.bound_and_given(giver, receiver, limit_fen)


@pytest.mark.parametrize("pool", ["140100", BEIJING])
async def test_a_bill_is_paid_whole_and_both_are_told(family: Family, db: Connection, pool: str) -> None:
    giver, receiver, grant = await shared(family, pool=pool)
    office = Office()

    payment = await pay(family, grant, office)

    assert (payment.state, payment.receipt_number) == (PremiumState.PAID, "回执1")
    assert office.asked == [payment.number]
    assert (await family.now_of(grant)).left_fen == 20_000
    assert await book_of(db, giver) == {
        f"personal:{giver.person_id}": 60_000,
        f"premium:{pool}": 40_000,
        "opening": -100_000,
    }
    for person in (giver, receiver):
        assert "交好了" in (await notices.inbox(db, person.person_id))[0].title
        assert (await mutual_aid.get_premium(db, person.person_id, payment.number)).number == payment.number
    with pytest.raises(GrantNotFound):
        await mutual_aid.get_premium(db, (await family.employee()).person_id, payment.number)
    assert (
        await mutual_aid.open_premiums(
            db, family.vault, family.pack, office, giver_id=giver.person_id, number=grant.number, now=NOW
        )
        == []
    )
    await check_family(db, [giver, receiver], {giver.person_id: 100_000})


async def test_once_a_year_whoever_of_the_family_pays(family: Family, db: Connection) -> None:
    giver, receiver, grant = await shared(family)
    office = Office()
    first = await pay(family, grant, office)
    again = await pay(family, grant, office)
    assert (again.number, again.is_repeat) == (first.number, True)
    assert office.asked == [first.number]
    other = await family.employee()
    theirs = await family.bound_and_given(other, receiver, 60_000, Relation.SIBLING)
    with pytest.raises(PremiumPaid):
        await pay(family, theirs, office)
    with pytest.raises(asyncpg.UniqueViolationError):
        await db.execute(
            """insert into mutual_aid.premium (person_id, insurance_year, giver_id, grant_serial, pool_code,
                 bill_number, amount_fen, channel, paid_at)
               select person_id, insurance_year, 1, 1, pool_code, 'x', 1, 'x', now() from mutual_aid.premium"""
        )
    people = [giver, receiver, other]
    await check_family(db, people, {giver.person_id: 100_000, other.person_id: 100_000})


@pytest.mark.parametrize("pool", ["140100", BEIJING])
@pytest.mark.parametrize("is_revoked", [False, True])
async def test_what_the_tax_office_refuses_comes_back_and_may_be_tried_again(
    family: Family, db: Connection, pool: str, is_revoked: bool
) -> None:
    giver, receiver, grant = await shared(family, pool=pool)
    office = Office(answer=None)
    payment = await pay(family, grant, office)
    assert payment.state is PremiumState.PAYING
    assert (await family.balance(giver)).balance_fen == 60_000
    if is_revoked:
        await family.revoke(grant)
    office.answer = TaxRefusal("账单已经作废")

    assert await mutual_aid.send_premiums(db, office, now=NOW) == 1

    assert office.asked == [payment.number] * 2
    returned = await mutual_aid.get_premium(db, giver.person_id, payment.number)
    assert (returned.state, returned.refusal) == (PremiumState.RETURNED, "账单已经作废")
    assert (await family.balance(giver)).balance_fen == 100_000
    events = await mutual_aid.history_of(db, giver.person_id, grant.number)
    assert {EventKind.PREMIUM, EventKind.PREMIUM_RETURNED} <= {event.what for event in events}
    assert await mutual_aid.send_premiums(db, office, now=NOW) == 0
    await check_family(db, [giver, receiver], {giver.person_id: 100_000})
    if not is_revoked:
        office.answer = TaxReceipt("回执2")
        assert (await pay(family, grant, office)).state is PremiumState.PAID


async def test_an_unanswered_payment_is_told_again_under_its_number(family: Family, db: Connection) -> None:
    giver, receiver, grant = await shared(family)
    office = Office(answer=None)
    payment = await pay(family, grant, office)
    assert await mutual_aid.send_premiums(db, office, now=NOW) == 0
    office.answer = TaxReceipt("回执3")
    assert await mutual_aid.send_premiums(db, office, now=NOW) == 1
    assert set(office.asked) == {payment.number}
    await check_family(db, [giver, receiver], {giver.person_id: 100_000})


async def test_a_second_tap_is_shown_the_payment_when_the_bill_is_gone(family: Family, db: Connection) -> None:
    giver, receiver, grant = await shared(family)
    office = Office(answer=None)
    payment = await pay(family, grant, office)
    office.bills = False  # taken after all; only the answer was lost
    again = await pay(family, grant, office)
    assert (again.number, again.state, again.is_repeat) == (payment.number, PremiumState.PAYING, True)
    office.answer = TaxReceipt("回执4")
    assert (await pay(family, grant, office)).state is PremiumState.PAID
    assert (await pay(family, grant, office)).receipt_number == "回执4"
    assert set(office.asked) == {payment.number}
    await check_family(db, [giver, receiver], {giver.person_id: 100_000})


async def test_no_amount_is_guessed(family: Family, db: Connection, settings: Settings) -> None:
    giver, _, grant = await shared(family)
    with pytest.raises(AidUndetermined, match="12366"):
        await mutual_aid.open_premiums(
            db, family.vault, family.pack, None, giver_id=giver.person_id, number=grant.number, now=NOW
        )
    for wrong in ({"amount_fen": AMOUNT_FEN - 1}, {"bill_number": "B0"}):
        with pytest.raises(PremiumRefused):
            await pay(family, grant, Office(), **wrong)
    assert isinstance(tax_office_for(settings, lambda: NOW), RecordedTaxOffice)


@pytest.mark.parametrize(("limit_fen", "says"), [(39_999, "先改上限"), (100_000, "能用的还有")])
async def test_a_premium_is_paid_whole_or_not_at_all(
    family: Family, hospital: Hospital, limit_fen: int, says: str
) -> None:
    giver, _, grant = await shared(family, limit_fen)
    if limit_fen > AMOUNT_FEN:
        await hospital.settle(await hospital.stay(giver, 90_000))
    (bill,) = await mutual_aid.open_premiums(
        family.db, family.vault, family.pack, Office(), giver_id=giver.person_id, number=grant.number, now=NOW
    )
    assert says in bill.hindrance
    office = Office()
    with pytest.raises(PremiumRefused, match=says):
        await pay(family, grant, office)
    assert office.asked == []


async def test_employees_owe_no_residents_premium_and_receivers_pay_with_nobodys(
    family: Family, db: Connection
) -> None:
    giver, worker = await family.employee(), await family.employee()
    grant = await family.bound_and_given(giver, worker, 60_000)

    owed = await mutual_aid.open_premiums(
        db, family.vault, family.pack, Office(), giver_id=giver.person_id, number=grant.number, now=NOW
    )
    assert owed == []
    with pytest.raises(PremiumRefused):
        await pay(family, grant, Office())
    with pytest.raises(GrantNotFound):
        await pay(family, grant, Office(), giver_id=worker.person_id)


async def test_eight_taps_and_two_givers_at_once_pay_once(family: Family, pool: Pool, db: Connection) -> None:
    giver, receiver, grant = await shared(family)
    other = await family.employee()
    theirs = await family.bound_and_given(other, receiver, 60_000, Relation.SIBLING)
    office = Office()

    async def tap(which: Grant) -> Any:
        async with pool.acquire() as own:
            return await pay(family.on(own), which, office)

    answers = await asyncio.gather(*(tap(which) for which in [grant, theirs] * 4), return_exceptions=True)

    paid = {answer.number for answer in answers if isinstance(answer, PremiumPayment)}
    assert len(paid) == len(set(office.asked)) == 1
    assert all(isinstance(answer, PremiumPayment | PremiumPaid) for answer in answers)
    await check_family(db, [giver, receiver, other], {giver.person_id: 100_000, other.person_id: 100_000})


async def test_the_stand_in_writes_down_what_it_was_told(family: Family, tmp_path: Path) -> None:
    office = RecordedTaxOffice(tmp_path / "tax.jsonl", lambda: NOW)
    assert isinstance(await office.pay("演示", office.amount_fen, "P1"), TaxReceipt)
    assert isinstance(await office.pay("演示", 1, "P2"), TaxRefusal)
    assert (tmp_path / "tax.jsonl").read_text().count('"is_stand_in": true') == 2
