"""Whatever a hospital does in whatever order, the year, the ledger, the account and the filing agree afterwards."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from settlement_kit import (
    BEIJING,
    BEIJING_HOSPITAL,
    Hospital,
    Insured,
    Town,
    check_books,
    check_changes,
    furnish,
    line,
)

from tongban import settlement
from tongban.directory import Regions
from tongban.infra.db import Connection, connect
from tongban.law import Pack
from tongban.settlement import (
    AlreadySettled,
    Encounter,
    MessageKind,
    MessageReversed,
    Settled,
    SettlementCancelled,
    SettleRequest,
)

OPENING_FEN = 300_000
BILLS = (120_000, 2_000_000, 90_000)


@dataclass
class Bill:
    """One stay, and what the model says of it: its last message, that message's fate, its last settlement."""

    encounter: Encounter
    total_fen: int
    request: SettleRequest | None = None
    is_reversed: bool = False
    settled: Settled | None = None
    is_live: bool = False


class World:
    """An event loop and two connections that outlive the many examples of one test."""

    def __init__(self, runner: asyncio.Runner, db: Connection, owner_db: Connection, pack: Pack, regions: Regions):
        self.runner, self.db = runner, db
        self.town = Town(owner_db)
        self.hospital = Hospital(db, pack, regions, BEIJING_HOSPITAL)

    async def begin(self) -> tuple[Insured, list[Bill]]:
        person = await self.town.person(balance_fen=OPENING_FEN)
        await self.town.filing(person, "long_term_resident", BEIJING)
        bills = []
        for total_fen in BILLS:
            encounter = await self.hospital.admit(person)
            await self.hospital.upload(encounter, line(total_fen))
            bills.append(Bill(encounter, total_fen))
        return person, bills


@pytest.fixture
def world(database_url: str, owner_database_url: str, pack: Pack, regions: Regions) -> Iterator[World]:
    with asyncio.Runner() as runner:
        db, owner_db = runner.run(connect(database_url)), runner.run(connect(owner_database_url))
        runner.run(furnish(owner_db))
        yield World(runner, db, owner_db, pack, regions)
        runner.run(db.close())
        runner.run(owner_db.close())


async def settle_anew(hospital: Hospital, bill: Bill) -> None:
    request = hospital.bill(bill.encounter, bill.total_fen)
    if bill.is_live:
        with pytest.raises(AlreadySettled):
            await hospital.settle(request)
        return
    bill.settled = await hospital.settle(request)
    bill.request, bill.is_reversed, bill.is_live = request, False, True


async def repeat(hospital: Hospital, bill: Bill) -> None:
    if bill.request is None:
        return
    if bill.is_reversed:
        with pytest.raises(MessageReversed):
            await hospital.settle(bill.request)
    elif not bill.is_live:
        with pytest.raises(SettlementCancelled):
            await hospital.settle(bill.request)
    else:
        again = await hospital.settle(bill.request)
        assert bill.settled is not None
        assert again.is_repeat
        assert again.number == bill.settled.number


async def cancel(hospital: Hospital, bill: Bill) -> None:
    if bill.settled is None:
        return
    assert (await hospital.cancel(bill.settled)).is_repeat is not bill.is_live
    bill.is_live = False


async def reverse(hospital: Hospital, bill: Bill) -> None:
    if bill.request is None:
        return
    reversed_ = await hospital.reverse(bill.request)
    assert reversed_.undone is MessageKind.SETTLE
    bill.is_reversed, bill.is_live = True, False


async def reverse_first(hospital: Hospital, bill: Bill) -> None:
    """A message is withdrawn before it comes."""
    request = hospital.bill(bill.encounter, bill.total_fen)
    assert (await hospital.reverse(request)).undone is MessageKind.UNKNOWN
    with pytest.raises(MessageReversed):
        await hospital.settle(request)


async def charge_more(hospital: Hospital, bill: Bill) -> None:
    if bill.is_live:
        with pytest.raises(settlement.EncounterClosed):
            await hospital.upload(bill.encounter, line(7_000))
        return
    await hospital.upload(bill.encounter, line(7_000))
    bill.total_fen += 7_000


async def preview(hospital: Hospital, bill: Bill) -> None:
    request = replace(hospital.bill(bill.encounter, bill.total_fen), message_id="", transaction_code="")
    if bill.is_live:
        with pytest.raises(AlreadySettled):
            await hospital.preview(request)
    else:
        await hospital.preview(request)


STEPS = st.sampled_from([settle_anew, settle_anew, repeat, cancel, reverse, reverse_first, charge_more, preview])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(STEPS, st.integers(0, len(BILLS) - 1)), min_size=4, max_size=24))
def test_any_sequence_keeps_the_books(world: World, steps: list[tuple[object, int]]) -> None:
    async def walk() -> None:
        person, bills = await world.begin()
        for step, which in steps:
            await step(world.hospital, bills[which])  # type: ignore[operator]
        await check_books(world.db, person, opening_fen=OPENING_FEN)
        await check_changes(world.hospital, person)
        live = await settlement.settlements_of(world.db, person.person_id, in_force_only=True)
        assert {record.number for record in live} == {
            bill.settled.number for bill in bills if bill.is_live and bill.settled is not None
        }
        assert await world.town.settlements_here(person) == len(live)

    world.runner.run(walk())
