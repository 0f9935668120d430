"""A cancellation in the middle of a year: what it would have changed in the settlements after it."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from settlement_kit import (
    NOW,
    TAIYUAN_CLINIC,
    Hospital,
    Insured,
    Town,
    check_books,
    check_changes,
    furnish,
    line,
    year_of,
)

from tongban import settlement
from tongban.directory import Regions
from tongban.infra.db import Connection, connect
from tongban.kernel.vocabulary import InsuranceType
from tongban.law import BillShares, Pack
from tongban.settlement import LaterChange, Settled

ROWS = "select count(*) from settlement.rederivation"


async def visit(hospital: Hospital, person: Insured, total_fen: int) -> Settled:
    encounter = await hospital.visit(person)
    await hospital.upload(encounter, line(total_fen, batch="B1"))
    return await hospital.settle(hospital.bill(encounter, total_fen, batch="B1"))


async def stay(hospital: Hospital, person: Insured, total_fen: int) -> Settled:
    return await hospital.settle(await hospital.stay(person, total_fen))


def shares(settled: Settled) -> BillShares:
    return BillShares(
        settled.deductible_fen,
        settled.pooled_fund_fen,
        settled.critical_illness_fen,
        settled.medical_assistance_fen,
        settled.person_share_fen,
    )


async def test_the_next_stay_is_the_second_and_the_one_that_stays_would_have_been_the_first(
    hospital: Hospital, town: Town, db: Connection
) -> None:
    person = await town.person()
    first = await stay(hospital, person, 2_000_000)
    second = await stay(hospital, person, 2_000_000)

    (change,) = (await hospital.cancel(first)).later_changes
    third = await stay(hospital, person, 2_000_000)

    assert (first.deductible_fen, second.deductible_fen, third.deductible_fen) == (80_000, 40_000, 40_000)
    assert change.number == second.number
    assert change.cancelled_number == first.number
    assert change.settled == shares(second)
    # As the first stay it would have owed all of the deductible: 82 % of 400.00 yuan less from the fund.
    assert change.would_be == BillShares(80_000, 1_574_400, 0, 0, 425_600)
    assert change.person_share_change_fen == 32_800
    left = await settlement.find(db, person.person_id, settlement_serial=second.settlement_serial)
    assert shares(left) == shares(second)
    assert (await year_of(db, person)).inpatient_stays == 2
    await check_books(db, person, opening_fen=50_000)
    await check_changes(hospital, person)


async def test_cancelling_the_last_one_changes_nothing(hospital: Hospital, town: Town, db: Connection) -> None:
    person = await town.person()
    await stay(hospital, person, 2_000_000)
    last = await stay(hospital, person, 2_000_000)

    assert (await hospital.cancel(last)).later_changes == ()
    assert await db.fetchval(ROWS) == 0


async def test_what_does_not_count_on_it_is_not_named(hospital: Hospital, town: Town, db: Connection) -> None:
    """A visit counts on other totals than a stay; a year on its own; the other insurance on its own."""
    person = await town.person()
    first = await stay(hospital, person, 2_000_000)
    await visit(hospital, person, 100_000)
    in_january = replace(hospital, now=NOW.replace(year=2027, month=1, day=5))
    request = await in_january.stay(person, 2_000_000)
    await in_january.settle(replace(request, settled_on=in_january.now.date()))

    assert (await hospital.cancel(first)).later_changes == ()
    assert await db.fetchval(ROWS) == 0
    await check_changes(hospital, person)


async def test_the_ceiling_of_visits_leaves_more_room(hospital: Hospital, town: Town, db: Connection) -> None:
    person = await town.person()
    paid = [await visit(hospital, person, 1_000_000)]
    while paid[-1].pooled_fund_fen:
        paid.append(await visit(hospital, person, 1_000_000))
    assert paid[0].pooled_fund_fen > 0

    changes = (await hospital.cancel(paid[0])).later_changes

    # What the first took of the year's ceiling would have gone to the ones after it, up to all of it.
    would_be = {change.settlement_serial: change.would_be for change in changes}
    total = sum(
        (would_be.get(settled.settlement_serial or 0) or shares(settled)).pooled_fund_fen for settled in paid[1:]
    )
    assert sum(settled.pooled_fund_fen for settled in paid) >= total > sum(s.pooled_fund_fen for s in paid[1:])
    assert any((change.person_share_change_fen or 0) < 0 for change in changes)
    await check_changes(hospital, person)


async def test_critical_illness_insurance_begins_later(hospital: Hospital, town: Town) -> None:
    person = await town.person("resident", "adult", balance_fen=None)
    first = await stay(hospital, person, 8_000_000)
    second = await stay(hospital, person, 8_000_000)
    assert second.critical_illness_fen > 0

    (change,) = (await hospital.cancel(first)).later_changes

    assert change.would_be is not None
    assert change.would_be.critical_illness_fen < second.critical_illness_fen
    alone = await stay(hospital, await town.person("resident", "adult", balance_fen=None), 8_000_000)
    assert change.would_be == shares(alone)


async def test_each_of_two_cancellations_writes_what_it_changes_itself(
    hospital: Hospital, town: Town, db: Connection
) -> None:
    person = await town.person()
    first, second, third = [await stay(hospital, person, 2_000_000) for _ in range(3)]

    by_first = (await hospital.cancel(first)).later_changes
    by_second = (await hospital.cancel(second)).later_changes

    assert [change.number for change in by_first] == [second.number, third.number]
    assert [change.would_be.deductible_fen for change in by_first if change.would_be] == [80_000, 40_000]
    assert [change.number for change in by_second] == [third.number]
    written = await settlement.change_of(db, person.person_id, third.settlement_serial or 0)
    assert written == by_second[0]
    assert written.would_be is not None
    assert written.would_be.deductible_fen == 80_000
    # A settlement that is cancelled itself has nothing to be said of it any more.
    assert await settlement.change_of(db, person.person_id, second.settlement_serial or 0) is None
    assert await settlement.changes_by(db, person.person_id, first.settlement_serial or 0) == list(by_first)
    await check_changes(hospital, person)


async def test_a_second_cancellation_does_not_repeat_what_the_first_did(hospital: Hospital, town: Town) -> None:
    person = await town.person()
    a_stay = await stay(hospital, person, 2_000_000)
    a_visit = await visit(hospital, person, 30_000)
    await stay(hospital, person, 2_000_000)

    assert len((await hospital.cancel(a_stay)).later_changes) == 1
    assert (await hospital.cancel(a_visit)).later_changes == ()


async def test_a_reversal_writes_it_too_and_repeats_answer_alike(
    hospital: Hospital, town: Town, db: Connection
) -> None:
    person = await town.person()
    request = await hospital.stay(person, 2_000_000)
    first = await hospital.settle(request)
    second = await stay(hospital, person, 2_000_000)

    reversed_ = await hospital.reverse(request)
    again = await hospital.cancel(first)

    assert reversed_.cancelled is not None
    assert again.is_repeat
    assert [change.number for change in again.later_changes] == [second.number]
    assert again.later_changes == reversed_.cancelled.later_changes
    assert await db.fetchval(ROWS) == 1


async def test_what_only_the_account_paid_has_no_part_in_it(hospital: Hospital, town: Town) -> None:
    person = await town.person()
    first = await stay(hospital, person, 2_000_000)
    await town.owner_db.execute(
        "update people.enrollment set payment_state = 'arrears' where person_id = $1", person.person_id
    )
    owing = await stay(hospital, person, 2_000_000)
    assert owing.pooled_fund_fen == 0

    assert (await hospital.cancel(first)).later_changes == ()
    found = await settlement.rederived_settlements(hospital.db, hospital.pack, person.person_id)
    assert [(change.number, change.differs) for change in found] == [(owing.number, False)]


async def test_each_is_recomputed_by_the_law_it_was_settled_under(
    hospital: Hospital, town: Town, stricter: Pack
) -> None:
    """The law loaded now has another deductible; what was settled before is told by its own."""
    person = await town.person()
    first = await stay(hospital, person, 2_000_000)
    second = await stay(hospital, person, 2_000_000)
    today = replace(hospital, pack=stricter)

    (change,) = (await today.cancel(first)).later_changes
    third = await stay(today, person, 2_000_000)

    assert change.number == second.number
    assert change.would_be is not None
    assert change.would_be.deductible_fen == 80_000
    assert third.deductible_fen == 50_000
    found = await settlement.later_changes(hospital.db, stricter, person.person_id, 2026, InsuranceType.EMPLOYEE)
    assert found == [replace(change, cancelled_serial=None)]


@pytest.mark.parametrize(
    ("touched", "reason"),
    [
        ("jsonb_set(assessment, '{version}', '\"0123456789abcdef\"')", "0123456789abcdef 版规则不在存档里"),
        ("assessment #- '{case,path}'", "读不出"),
        ("jsonb_set(assessment, '{rule}', '\"dental\"')", "读不出"),
        ("jsonb_set(assessment, '{case,path}', '\"by_boat\"')", "读不出"),
        ("jsonb_set(assessment, '{case,in_scope_fen}', '-1')", "读不出"),
    ],
)
async def test_a_year_that_cannot_be_computed_stops_nobody_from_cancelling(
    hospital: Hospital, town: Town, db: Connection, touched: str, reason: str
) -> None:
    """And nobody is told an amount that was not computed."""
    person = await town.person()
    before, first, second, third = [await stay(hospital, person, 1_000_000) for _ in range(4)]
    await town.owner_db.execute(
        f"update settlement.settlement set assessment = {touched} where settlement_serial = $1",
        second.settlement_serial,
    )

    changes = (await hospital.cancel(first)).later_changes

    assert [change.number for change in changes] == [second.number, third.number]
    assert before.number not in {change.number for change in changes}
    for change in changes:
        assert change.would_be is None
        assert reason in change.undetermined
        assert change.person_share_change_fen is None
    written = await settlement.changes_by(db, person.person_id, first.settlement_serial or 0)
    assert written == list(changes)
    await check_books(db, person, opening_fen=50_000)


async def test_what_is_written_down_cannot_be_changed(hospital: Hospital, town: Town, db: Connection) -> None:
    person = await town.person()
    first = await stay(hospital, person, 2_000_000)
    await stay(hospital, person, 2_000_000)
    await hospital.cancel(first)

    for statement in (
        "update settlement.rederivation set pooled_fund_fen = 0",
        "delete from settlement.rederivation",
        "update settlement.policy_version set text = 'x'",
        "delete from settlement.policy_version",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await db.execute(statement)


# -- any year -------------------------------------------------------------------------------------------------------

KINDS = ("inpatient", "outpatient")
BILL = st.tuples(st.sampled_from(KINDS), st.sampled_from((9_000, 40_000, 300_000, 2_000_000, 7_000_000)))


class World:
    """An event loop and two connections that outlive the many examples of one test."""

    def __init__(self, runner: asyncio.Runner, db: Connection, owner_db: Connection, pack: Pack, regions: Regions):
        self.runner, self.town = runner, Town(owner_db)
        self.hospital = Hospital(db, pack, regions, TAIYUAN_CLINIC)

    async def person(self, is_employee: bool) -> Insured:
        return await (self.town.person() if is_employee else self.town.person("resident", "adult", balance_fen=None))

    async def pay(self, person: Insured, kind: str, total_fen: int) -> Settled | None:
        """None where the law gives no answer."""
        try:
            return await (stay if kind == "inpatient" else visit)(self.hospital, person, total_fen)
        except settlement.Undetermined:
            return None


@pytest.fixture
def world(database_url: str, owner_database_url: str, pack: Pack, regions: Regions) -> Iterator[World]:
    with asyncio.Runner() as runner:
        db, owner_db = runner.run(connect(database_url)), runner.run(connect(owner_database_url))
        runner.run(furnish(owner_db))
        yield World(runner, db, owner_db, pack, regions)
        runner.run(db.close())
        runner.run(owner_db.close())


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    is_employee=st.booleans(),
    plan=st.lists(st.tuples(BILL, st.booleans()), min_size=2, max_size=7),
    backwards=st.booleans(),
)
def test_what_remains_would_be_what_a_twin_pays_who_never_had_the_others(
    world: World, is_employee: bool, plan: list[tuple[tuple[str, int], bool]], backwards: bool
) -> None:
    async def live() -> None:
        person, twin = await world.person(is_employee), await world.person(is_employee)
        paid = [(await world.pay(person, *bill), bill, goes) for bill, goes in plan]
        leaving = [settled for settled, _, goes in paid if settled is not None and goes]
        for settled in reversed(leaving) if backwards else leaving:
            await world.hospital.cancel(settled)
        remaining = [(settled, bill) for settled, bill, goes in paid if settled is not None and not goes]
        expected = [await world.pay(twin, *bill) for _, bill in remaining]

        found = await settlement.rederived_settlements(world.hospital.db, world.hospital.pack, person.person_id)

        by_serial: dict[int, LaterChange] = {change.settlement_serial: change for change in found}
        assert len(by_serial) == len(remaining)
        for (settled, _), twins in zip(remaining, expected, strict=True):
            change = by_serial[settled.settlement_serial or 0]
            assert change.settled == shares(settled)
            assert change.would_be == (None if twins is None else shares(twins))
            assert (change.undetermined == "") is (twins is not None)
        await check_changes(world.hospital, person)

    world.runner.run(live())
