"""Paying a computed claim: once, whatever the bank loses, whoever pays, however often."""

import asyncio
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from settlement_kit import Hospital, Insured, book_of

from claims_kit import CASHIER, REVIEWER, Desk
from tongban import account, notices, reimbursement
from tongban.agency import Operator
from tongban.infra.db import Connection, Pool
from tongban.kernel.errors import Invalid
from tongban.kernel.vocabulary import InsuranceType
from tongban.reimbursement import (
    BankAnswer,
    BankSilent,
    BankState,
    BankUnreachable,
    Claim,
    ClaimClosed,
    ClaimNotFound,
    ClaimState,
    Finding,
    FourEyes,
    NothingToPay,
    PaidTwice,
    PaymentOrder,
    RecordedBank,
)
from tongban.settlement import Split

SECOND_CASHIER = Operator("second cashier", CASHIER.pools)


@pytest.fixture
def bank(tmp_path: Path) -> RecordedBank:
    return RecordedBank(tmp_path / "bank")


@pytest.fixture
async def claim(desk: Desk, hospital: Hospital, father: int, daughter: int) -> Claim:
    """The daughter's, for her father."""
    return await desk.claim(daughter, father)


def insured(person_id: int) -> Insured:
    return Insured(person_id, InsuranceType.RESIDENT)


async def pay(
    desk: Desk, bank: reimbursement.Bank, claim: Claim, operator: Operator = CASHIER, **options: Any
) -> Claim:
    return await reimbursement.pay(
        desk.db, desk.vault, bank, operator=operator, number=claim.number, now=desk.now, **options
    )


async def confirm(desk: Desk, claim: Claim, reference: str, operator: Operator = CASHIER) -> Claim:
    return await reimbursement.confirm_paid(
        desk.db, operator=operator, number=claim.number, reference=reference, now=desk.now
    )


async def give_back(desk: Desk, claim: Claim) -> Claim:
    return await reimbursement.give_back(
        desk.db, operator=CASHIER, number=claim.number, reason="户名和卡号对不上", now=desk.now
    )


async def change_card(desk: Desk, claim: Claim, viewer_id: int, card: str) -> Claim:
    return await reimbursement.change_card(
        desk.db,
        desk.vault,
        viewer_id=viewer_id,
        number=claim.number,
        holder="patient",
        bank="工商银行太原分行",
        card_number=card,
        channel="portal",
        now=desk.now,
    )


class MovingBank:
    """A bank that counts what leaves, and loses what it is told to lose."""

    def __init__(self, behaviour: str = "") -> None:
        self.paid: dict[str, int] = {}
        self.behaviour = behaviour

    async def order(self, order: PaymentOrder) -> BankAnswer:
        await asyncio.sleep(0.01)
        if self.behaviour == "deaf":
            raise BankUnreachable
        if self.behaviour == "later":
            return BankAnswer(BankState.ACCEPTED, "")
        self.paid.setdefault(order.key, order.amount_fen)
        if self.behaviour == "mute":
            raise BankUnreachable
        return BankAnswer(BankState.PAID, f"B-{order.key}")

    async def query(self, key: str) -> BankAnswer | None:
        return BankAnswer(BankState.PAID, f"B-{key}") if key in self.paid else None


@pytest.mark.parametrize("behaviour", ["deaf", "mute"])
async def test_a_lost_answer_is_asked_for_and_nothing_paid_twice(
    desk: Desk, claim: Claim, father: int, behaviour: str
) -> None:
    computed, bank = await desk.compute(claim), MovingBank(behaviour)
    with pytest.raises(BankSilent, match="不会再付"):
        await pay(desk, bank, claim)
    bank.behaviour = ""
    assert (await pay(desk, bank, claim)).state is ClaimState.PAID
    assert (await pay(desk, bank, claim)).state is ClaimState.PAID
    assert list(bank.paid.values()) == [computed.payout_fen]
    entries = await account.ledger_of(desk.db, father)
    assert [entry.what.value for entry in entries] == ["settlement", "payout"]


async def test_a_bank_that_pays_later(desk: Desk, claim: Claim) -> None:
    await desk.compute(claim)
    bank = MovingBank("later")
    assert (await pay(desk, bank, claim)).state is ClaimState.COMPUTED
    bank.behaviour = ""
    assert (await pay(desk, bank, claim)).state is ClaimState.PAID


@pytest.mark.parametrize("cashiers", [[CASHIER], [CASHIER, SECOND_CASHIER]])
async def test_many_orders_at_once_pay_once(desk: Desk, pool: Pool, claim: Claim, cashiers: list[Operator]) -> None:
    """The same command again and again, and two people who each think it is theirs."""
    computed, bank = await desk.compute(claim), MovingBank()

    async def pays(operator: Operator) -> Claim:
        async with pool.acquire() as connection:
            return await pay(desk.on(connection), bank, claim, operator)

    await asyncio.gather(*(pays(operator) for operator in cashiers * (8 // len(cashiers))))
    assert list(bank.paid.values()) == [computed.payout_fen]
    detail = await reimbursement.look(desk.db, desk.vault, operator=CASHIER, number=claim.number, now=desk.now)
    assert (detail.claim.state, [payment.state.value for payment in detail.payments]) == (ClaimState.PAID, ["paid"])
    assert [entry.what.value for entry in await account.ledger_of(desk.db, claim.person_id)] == ["settlement", "payout"]


async def test_given_back_another_card_and_paid_again(
    desk: Desk, db: Connection, bank: RecordedBank, claim: Claim, father: int, daughter: int, stranger: int
) -> None:
    computed = await desk.compute(claim)
    await pay(desk, bank, claim)
    for _ in range(2):
        assert (await give_back(desk, claim)).state is ClaimState.RETURNED
    book = await book_of(db, insured(father))
    assert book[f"payout:{claim.number}"] == computed.payout_fen
    with pytest.raises(ClaimNotFound):
        await change_card(desk, claim, stranger, "4111111111111111")
    with pytest.raises(Invalid, match="有一位不对"):
        await change_card(desk, claim, daughter, "4111111111111112")
    changed = await change_card(desk, claim, daughter, "4111 1111 1111 1111")
    # It waits for the agency now: nobody is asked for a card any more.
    assert (changed.card_tail, changed.state) == ("1111", ClaimState.COMPUTED)
    with pytest.raises(ClaimClosed):
        await change_card(desk, claim, daughter, "4111 1111 1111 1111")
    assert [each.number for each in await reimbursement.queue(db, operator=CASHIER, now=desk.now)] == [claim.number]
    assert (await pay(desk, bank, claim)).state is ClaimState.PAID
    assert [order["key"] for order in bank.orders()] == [f"{claim.number}-1", f"{claim.number}-2"]
    assert f"payout:{claim.number}" not in await book_of(db, insured(father))


async def test_the_card_stays_what_the_bank_was_told(desk: Desk, claim: Claim, daughter: int) -> None:
    """The bank takes the second order but pays it later: meanwhile the card is not changed under it."""
    await desk.compute(claim)
    bank = MovingBank()
    await pay(desk, bank, claim)
    await give_back(desk, claim)
    bank.behaviour = "later"
    assert (await pay(desk, bank, claim)).state is ClaimState.COMPUTED
    with pytest.raises(ClaimClosed):
        await change_card(desk, claim, daughter, "4111111111111111")
    bank.behaviour = ""
    assert (await pay(desk, bank, claim)).state is ClaimState.PAID


async def test_written_down_as_paid_outside(desk: Desk, db: Connection, claim: Claim) -> None:
    await desk.compute(claim)
    for _ in range(2):
        assert (await confirm(desk, claim, "20261122-77")).state is ClaimState.PAID
    with pytest.raises(ClaimClosed):
        await reimbursement.take_back(
            db, desk.pack, operator=REVIEWER, number=claim.number, reason="自费部分录错了", now=desk.now
        )


async def test_two_numbers_at_the_bank_are_two_payments(desk: Desk, pool: Pool, claim: Claim) -> None:
    """Two people paid it outside, each in good faith. The second is told, before the books look in order."""
    await desk.compute(claim)

    async def confirms(reference: str) -> Claim:
        async with pool.acquire() as connection:
            return await confirm(desk.on(connection), claim, reference, SECOND_CASHIER)

    outcomes = await asyncio.gather(confirms("A-1"), confirms("B-2"), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Claim", "PaidTwice"]
    with pytest.raises(PaidTwice, match="C-3"):
        await confirm(desk, claim, "C-3")
    assert [entry.what.value for entry in await account.ledger_of(desk.db, claim.person_id)] == ["settlement", "payout"]


async def test_paid_outside_while_the_bank_pays(desk: Desk, pool: Pool, claim: Claim) -> None:
    await desk.compute(claim)

    class Meanwhile(MovingBank):
        async def order(self, order: PaymentOrder) -> BankAnswer:
            async with pool.acquire() as connection:
                await confirm(desk.on(connection), claim, "BY-HAND", SECOND_CASHIER)
            return await super().order(order)

    with pytest.raises(PaidTwice, match="BY-HAND"):
        await pay(desk, Meanwhile(), claim)


async def test_nothing_to_pay_is_an_end(
    desk: Desk, db: Connection, bank: RecordedBank, claim: Claim, father: int, daughter: int
) -> None:
    """All at the person's own expense: nobody waits for money, nobody is asked to pay it, and it can be mended."""
    nothing = Finding(charges=Split(1_000_000, 0, 0, 0))
    computed = await desk.compute(claim, nothing)
    assert (computed.state, computed.payout_fen) == (ClaimState.NOTHING_DUE, 0)
    assert await reimbursement.queue(db, operator=CASHIER, now=desk.now) == []
    with pytest.raises(NothingToPay):
        await pay(desk, bank, claim)
    for viewer in (father, daughter):
        assert "没有能报的钱" in (await notices.inbox(db, viewer))[0].body
    await reimbursement.take_back(
        db, desk.pack, operator=REVIEWER, number=claim.number, reason="自费部分录错了", now=desk.now
    )
    assert (await desk.compute(claim)).state is ClaimState.COMPUTED
    assert (await pay(desk, bank, claim)).state is ClaimState.PAID


async def test_four_eyes_above_the_limit(desk: Desk, bank: RecordedBank, claim: Claim) -> None:
    computed = await desk.compute(claim, operator=REVIEWER)
    limit = computed.payout_fen
    with pytest.raises(FourEyes):
        await pay(desk, bank, claim, REVIEWER, four_eyes_fen=limit)
    assert (await pay(desk, bank, claim, CASHIER, four_eyes_fen=limit)).state is ClaimState.PAID


async def test_not_paid_before_it_is_computed(desk: Desk, bank: RecordedBank, claim: Claim) -> None:
    with pytest.raises(ClaimClosed):
        await pay(desk, bank, claim)
    assert bank.orders() == []


async def test_the_database_itself_keeps_one_live_payment(desk: Desk, owner_db: Connection, claim: Claim) -> None:
    await desk.compute(claim)
    insert = """insert into reimbursement.payment (person_id, claim_serial, payment_no, order_key, amount_fen, state,
                  ordered_at, ordered_by) values ($1, $2, $3, $4, 1, 'ordered', now(), 'x')"""
    await owner_db.execute(insert, claim.person_id, claim.claim_serial, 1, "a")
    with pytest.raises(asyncpg.UniqueViolationError):
        await owner_db.execute(insert, claim.person_id, claim.claim_serial, 2, "b")
