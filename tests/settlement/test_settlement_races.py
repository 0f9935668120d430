"""Things that happen at once: whatever the order, the fund pays once and the totals are exact."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from settlement_kit import (
    BEIJING,
    BEIJING_HOSPITAL,
    NOW,
    Hospital,
    Insured,
    Town,
    balance_of,
    check_books,
    check_changes,
    line,
    number_of,
    year_of,
)

from tongban import settlement
from tongban.infra.clock import day_of
from tongban.infra.db import Connection, Pool
from tongban.kernel.errors import Refusal
from tongban.settlement import (
    AlreadySettled,
    AmountMismatch,
    Busy,
    EncounterClosed,
    MessageKind,
    MessageReversed,
    Reversed,
    Settled,
    SettlementCancelled,
    attempt,
)
from tongban.settlement.store_settle import lock_for_settling


async def at_once(*calls: Awaitable[Any]) -> list[Any]:
    """What each gave; a refusal is an answer like any other, anything else fails the test."""
    outcomes: Sequence[Any] = await asyncio.gather(*calls, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException) and not isinstance(outcome, Refusal):
            raise outcome
    return list(outcomes)


@pytest.fixture(autouse=True)
def a_ring_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deadlocks are tried again like any conflict, and nobody would see them here."""
    monkeypatch.setattr(attempt, "CONFLICTS", tuple(set(attempt.CONFLICTS) - {asyncpg.DeadlockDetectedError}))


@pytest.fixture
def clerk(pool: Pool, hospital: Hospital) -> "Clerk":
    return Clerk(pool, hospital)


class Clerk:
    """Does each thing over a connection of its own."""

    def __init__(self, pool: Pool, hospital: Hospital) -> None:
        self.pool, self.hospital = pool, hospital

    def at(self, code: str) -> "Clerk":
        return Clerk(self.pool, self.hospital.at(code))

    async def settle(self, request: settlement.SettleRequest) -> Settled:
        async with self.pool.acquire() as db:
            return await self.hospital.on(db).settle(request)  # type: ignore[arg-type]

    async def cancel(self, settled: Settled) -> settlement.Cancelled:
        async with self.pool.acquire() as db:
            return await self.hospital.on(db).cancel(settled)  # type: ignore[arg-type]

    async def reverse(self, request: settlement.SettleRequest) -> Reversed:
        async with self.pool.acquire() as db:
            return await self.hospital.on(db).reverse(request)  # type: ignore[arg-type]

    async def open(self, request: settlement.OpenEncounter) -> settlement.Encounter:
        async with self.pool.acquire() as db:
            return await self.hospital.on(db).open(request)  # type: ignore[arg-type]

    async def upload(self, encounter: settlement.Encounter, *lines: settlement.LineUpload) -> list[Any]:
        async with self.pool.acquire() as db:
            return await self.hospital.on(db).upload(encounter, *lines)  # type: ignore[arg-type]


async def live_count(db: Connection, person: Insured) -> int:
    return len(await settlement.settlements_of(db, person.person_id, limit=200, in_force_only=True))


async def test_sixteen_times_one_message_is_one_settlement_and_one_answer(
    clerk: Clerk, hospital: Hospital, town: Town, db: Connection
) -> None:
    person = await town.person()
    request = await hospital.stay(person, 2_000_000)

    answers = await at_once(*(clerk.settle(request) for _ in range(16)))

    assert len({(answer.number, answer.cash_fen, answer.balance_after_fen) for answer in answers}) == 1
    assert sum(not answer.is_repeat for answer in answers) == 1
    assert await db.fetchval("select count(*) from settlement.settlement") == 1
    await check_books(db, person, opening_fen=50_000)


async def test_one_bill_under_sixteen_messages_is_paid_once(
    clerk: Clerk, hospital: Hospital, town: Town, db: Connection
) -> None:
    person = await town.person()
    request = await hospital.stay(person, 2_000_000)

    answers = await at_once(*(clerk.settle(replace(request, message_id=hospital.message_id())) for _ in range(16)))

    (paid,) = [answer for answer in answers if isinstance(answer, Settled)]
    refused = [answer for answer in answers if isinstance(answer, AlreadySettled)]
    assert len(refused) == 15
    assert {refusal.number for refusal in refused} == {paid.number}
    await check_books(db, person, opening_fen=50_000)


@pytest.mark.parametrize(
    ("insurance", "category", "use_account", "deductibles"),
    [
        ("employee", "active", True, [0] * 14 + [40_000, 80_000]),
        ("employee", "active", False, [0] * 14 + [40_000, 80_000]),
        ("resident", "adult", False, [50_000] * 15 + [100_000]),
    ],
)
async def test_sixteen_stays_of_one_person_at_once_add_up(
    clerk: Clerk,
    hospital: Hospital,
    town: Town,
    db: Connection,
    insurance: str,
    category: str,
    use_account: bool,
    deductibles: list[int],
) -> None:
    person = await town.person(insurance, category, balance_fen=500_000)
    requests = [await hospital.stay(person, 300_000 + n * 1_000) for n in range(16)]

    answers = await at_once(*(clerk.settle(replace(request, use_account=use_account)) for request in requests))

    # Each saw all before it, so the first alone owed the full deductible; and nobody had to give up.
    assert sorted(answer.deductible_fen for answer in answers) == deductibles
    year = await year_of(db, person)
    assert year.inpatient_stays == 16
    assert year.inpatient_pooled_fen == sum(answer.pooled_fund_fen for answer in answers)
    await check_books(db, person, opening_fen=500_000 if insurance == "employee" else None)


async def test_lines_that_arrive_while_settling_are_in_the_bill_or_refused(
    clerk: Clerk, hospital: Hospital, town: Town, db: Connection
) -> None:
    for _ in range(12):
        person = await town.person()
        encounter = await hospital.admit(person)
        await hospital.upload(encounter, line(100_000))
        bill = hospital.bill(encounter, 100_000)

        settled, uploaded = await at_once(clerk.settle(bill), clerk.upload(encounter, line(50_000)))

        total = sum(made.total_fen for made in await settlement.lines_of(db, number_of(encounter)))
        if isinstance(settled, Settled):
            assert isinstance(uploaded, EncounterClosed)
            assert settled.total_fen == total == 100_000
        else:
            assert isinstance(settled, AmountMismatch)
            assert total == 150_000
        await check_books(db, person, opening_fen=50_000)


async def test_a_filing_is_cancelled_or_settled_on_never_both(
    clerk: Clerk, hospital: Hospital, town: Town, db: Connection, pool: Pool
) -> None:
    beijing = clerk.at(BEIJING_HOSPITAL)

    async def close_filing(person: Insured) -> bool:
        # The statement by which a filing is cancelled: only while no settlement rests on it.
        closed = await pool.fetchval(
            """update filing.filing set status = 'closed', closed_at = now()
               where person_id = $1 and status <> 'closed' and settlements_here = 0 returning true""",
            person.person_id,
        )
        return closed is True

    for _ in range(12):
        person = await town.person("resident", "adult")
        await town.filing(person, "long_term_resident", BEIJING)
        request = await beijing.hospital.stay(person, 1_000_000)

        settled, is_closed = await at_once(beijing.settle(request), close_filing(person))

        assert isinstance(settled, Settled)
        assert (settled.filing_serial is None) is is_closed
        assert settled.rate_bp == (4500 if is_closed else 6000)
        assert await town.settlements_here(person) == (0 if is_closed else 1)


async def test_a_settlement_and_its_reversal_at_once_leave_nothing_paid(
    clerk: Clerk, hospital: Hospital, town: Town, db: Connection
) -> None:
    seen = set()
    for round_ in range(16):
        person = await town.person()
        request = await hospital.stay(person, 2_000_000)
        calls = (clerk.settle(request), clerk.reverse(request))

        outcomes = await at_once(*(calls if round_ % 2 else reversed(calls)))

        settled, reversed_ = outcomes if round_ % 2 else reversed(outcomes)
        assert isinstance(reversed_, Reversed)
        assert isinstance(settled, Settled if reversed_.undone is MessageKind.SETTLE else MessageReversed)
        seen.add(reversed_.undone)
        assert await live_count(db, person) == 0
        await check_books(db, person, opening_fen=50_000)
    assert MessageKind.UNKNOWN in seen


async def test_sixteen_cancellations_give_back_once(
    clerk: Clerk, hospital: Hospital, town: Town, db: Connection
) -> None:
    person = await town.person()
    settled = await hospital.settle(await hospital.stay(person, 2_000_000))

    answers = await at_once(*(clerk.cancel(settled) for _ in range(16)))

    assert len({answer.number for answer in answers}) == 1
    assert sum(not answer.is_repeat for answer in answers) == 1
    await check_books(db, person, opening_fen=50_000)


async def test_what_a_cancellation_would_have_changed_is_written_once(
    clerk: Clerk, hospital: Hospital, town: Town, db: Connection
) -> None:
    person = await town.person()
    first = await hospital.settle(await hospital.stay(person, 2_000_000))
    second = await hospital.settle(await hospital.stay(person, 2_000_000))

    answers = await at_once(*(clerk.cancel(first) for _ in range(16)))

    assert all(answer.later_numbers == (second.number,) for answer in answers)
    assert await db.fetchval("select count(*) from settlement.rederivation") == 1
    await check_changes(hospital, person)


async def test_two_cancellations_and_a_settlement_at_once_tell_of_what_really_came_after(
    clerk: Clerk, hospital: Hospital, town: Town, db: Connection
) -> None:
    for _ in range(12):
        person = await town.person()
        first, second = [await hospital.settle(await hospital.stay(person, 2_000_000)) for _ in range(2)]
        last = await hospital.stay(person, 2_000_000)

        by_first, by_second, settled = await at_once(clerk.cancel(first), clerk.cancel(second), clerk.settle(last))

        assert {settled.deductible_fen} < {0, 40_000, 80_000}
        assert set(by_first.later_numbers) <= {second.number, settled.number}
        assert set(by_second.later_numbers) <= {settled.number}
        (left,) = await settlement.rederived_settlements(db, hospital.pack, person.person_id)
        assert left.would_be is not None
        assert left.would_be.deductible_fen == 80_000
        await check_changes(hospital, person)
        await check_books(db, person, opening_fen=50_000)


async def test_settling_cancelling_and_reversing_one_bill_at_once_keeps_the_books(
    clerk: Clerk, hospital: Hospital, town: Town, db: Connection
) -> None:
    person = await town.person()
    request = await hospital.stay(person, 2_000_000)
    settled = await hospital.settle(request)
    again = replace(request, message_id=hospital.message_id())

    outcomes = await at_once(
        clerk.cancel(settled),
        clerk.reverse(request),
        clerk.settle(request),
        clerk.settle(again),
        clerk.cancel(settled),
        clerk.reverse(request),
    )

    refusals = [type(outcome) for outcome in outcomes if isinstance(outcome, Refusal)]
    assert set(refusals) <= {AlreadySettled, MessageReversed, SettlementCancelled}
    assert await live_count(db, person) <= 1
    await check_books(db, person, opening_fen=50_000)


async def test_one_admission_sent_sixteen_times_is_one(
    clerk: Clerk, hospital: Hospital, town: Town, db: Connection
) -> None:
    request = hospital.admission(await town.person())

    answers = await at_once(*(clerk.open(request) for _ in range(16)))

    assert len({answer.encounter_serial for answer in answers}) == 1
    assert await db.fetchval("select count(*) from settlement.encounter") == 1


async def test_one_upload_sent_sixteen_times_is_one(
    clerk: Clerk, hospital: Hospital, town: Town, db: Connection
) -> None:
    encounter = await hospital.admit(await town.person())
    lines = [line(1_000) for _ in range(5)]

    answers = await at_once(*(clerk.upload(encounter, *lines) for _ in range(16)))

    assert all(answer == answers[0] for answer in answers)
    assert await db.fetchval("select count(*) from settlement.charge_line") == 5


async def test_whoever_waits_too_long_for_a_lock_may_send_the_same_message_again(
    hospital: Hospital, town: Town, db: Connection
) -> None:
    person = await town.person()
    request = await hospital.stay(person, 2_000_000)
    await db.execute("set lock_timeout = '200ms'")

    async with town.owner_db.transaction():
        await town.owner_db.execute(
            "select from settlement.encounter where person_id = $1 for update", person.person_id
        )
        with pytest.raises(Busy, match="同一个报文号"):
            await hospital.settle(request)

    assert (await hospital.settle(request)).total_fen == 2_000_000
    await check_books(db, person, opening_fen=50_000)


async def until_waiting(db: Connection, sessions: int) -> None:
    """Until that many sessions wait for somebody's lock."""
    async with asyncio.timeout(10):
        while sessions != await db.fetchval("select count(distinct pid) from pg_locks where not granted"):
            await asyncio.sleep(0.01)


async def test_two_years_of_one_person_never_wait_in_a_ring(
    clerk: Clerk, hospital: Hospital, town: Town, db: Connection, pool: Pool
) -> None:
    """Bills of two years hold different rows of the year, but the same filings and the same account."""
    beijing = clerk.at(BEIJING_HOSPITAL)
    person = await town.person()
    await town.filing(person, "long_term_resident", BEIJING)
    old, new = [await beijing.hospital.stay(person, 2_000_000) for _ in range(2)]
    beijing.hospital = replace(beijing.hospital, now=NOW + timedelta(days=45))
    new = replace(new, settled_on=day_of(beijing.hospital.now))

    async def second_attempt(request: settlement.SettleRequest) -> Settled:
        async with pool.acquire() as own, own.transaction():
            await lock_for_settling(
                own, person.person_id, request.encounter_serial, request.settled_on.year, person.insurance_type
            )
            return await beijing.hospital.on(own).settle(request)

    async with town.owner_db.transaction():
        await town.owner_db.execute(
            "select from account.personal_account where person_id = $1 for update", person.person_id
        )
        second = asyncio.create_task(second_attempt(new))
        await until_waiting(db, 1)
        first = asyncio.create_task(beijing.settle(old))
        await until_waiting(db, 2)

    answers = await at_once(second, first)
    assert all(isinstance(answer, Settled) for answer in answers)
    assert await town.settlements_here(person) == 2
    assert await balance_of(db, person) == 0
