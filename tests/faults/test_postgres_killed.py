"""PostgreSQL is killed again and again while hospitals settle: nothing acknowledged is lost, nothing is paid twice."""

import asyncio
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from settlement_kit import (
    BEIJING,
    BEIJING_HOSPITAL,
    PLACES,
    Hospital,
    Insured,
    Town,
    check_books,
    furnish,
)
from settlement_kit import (
    line as charge,
)

from faults_kit import GONE, Line, app_url, create_database, owner_url, server_in, work_while_killed
from tongban import settlement
from tongban.directory import Regions
from tongban.infra.db import connected
from tongban.infra.db.embedded import EmbeddedPostgres
from tongban.law import Pack
from tongban.settlement import Settled, SettlementState, SettleRequest

pytestmark = pytest.mark.faults

PEOPLE, STAYS_EACH, HOSPITALS = 40, 10, 8
KILLED_AT = (40, 110, 190, 280)  # after so many acknowledged answers
OPENING_FEN = 1_000_000


@dataclass
class Journal:
    """What the hospitals were told, in their own words."""

    settled: dict[str, Settled] = field(default_factory=dict)
    reversed_: set[str] = field(default_factory=set)
    lost_answers: int = 0
    repeated: int = 0

    @property
    def acknowledged(self) -> int:
        return len(self.settled) + len(self.reversed_)


@pytest.fixture
def server(short_folder: Path) -> Iterator[EmbeddedPostgres]:
    with server_in(short_folder / "hospitals") as server:
        yield server


async def prepare(server: EmbeddedPostgres, pack: Pack) -> tuple[list[Insured], list[SettleRequest]]:
    await create_database(server)
    people, requests = [], []
    async with connected(app_url(server)) as db, connected(owner_url(server)) as owner_db:
        await furnish(owner_db)
        # Getting ready need not be safe, only what follows.
        await db.execute("set synchronous_commit = off")
        await owner_db.execute("set synchronous_commit = off")
        town, hospital = Town(owner_db), Hospital(db, pack, Regions(PLACES, {}), BEIJING_HOSPITAL)
        for _ in range(PEOPLE):
            person = await town.person(balance_fen=OPENING_FEN)
            await town.filing(person, "long_term_resident", BEIJING)
            people.append(person)
            for _ in range(STAYS_EACH):
                encounter = await hospital.admit(person)
                await hospital.upload(encounter, charge(150_000))
                requests.append(hospital.bill(encounter, 150_000))
        await owner_db.execute("checkpoint")
    return people, requests


async def one_hospital(
    hospital: Hospital, line: Line, todo: list[SettleRequest], journal: Journal, chance: random.Random
) -> None:
    """Settles what is to do. Without an answer it asks again with the same message, or now and then withdraws it."""
    while todo:
        request, is_withdrawn, attempts = todo.pop(), False, 0
        while True:
            try:
                on = hospital.on(await line.open())
                attempts += 1
                if is_withdrawn:
                    await on.reverse(request)
                    journal.reversed_.add(request.message_id)
                else:
                    settled = await on.settle(request)
                    journal.repeated += settled.is_repeat
                    journal.settled[request.message_id] = settled
                break
            except settlement.Busy:
                continue  # nothing was written; the same message again
            except GONE:
                journal.lost_answers += attempts > 0
                is_withdrawn = is_withdrawn or (attempts > 0 and chance.random() < 0.4)
                await line.broke()
    await line.close()


def test_killing_postgresql_loses_nothing_acknowledged(server: EmbeddedPostgres, pack: Pack) -> None:
    people, requests = asyncio.run(prepare(server, pack))
    journal, url = Journal(), app_url(server)
    hospital = Hospital(None, pack, Regions(PLACES, {}), BEIJING_HOSPITAL)  # type: ignore[arg-type]
    # Stays of one person next to each other in time, so that hospitals also meet on one year.
    todo = list(reversed(requests))

    async def all_hospitals() -> None:
        await asyncio.gather(
            *(one_hospital(hospital, Line(url), todo, journal, random.Random(seed)) for seed in range(HOSPITALS))
        )

    work_while_killed(server, all_hospitals, done=lambda: journal.acknowledged, killed_at=KILLED_AT)
    assert journal.lost_answers > 0
    assert journal.acknowledged == len(requests)
    asyncio.run(inspect(url, people, requests, journal))


async def inspect(url: str, people: list[Insured], requests: list[SettleRequest], journal: Journal) -> None:
    async with connected(url) as db:
        live = {}
        for person in people:
            await check_books(db, person, opening_fen=OPENING_FEN)
            for record in await settlement.settlements_of(db, person.person_id, limit=200):
                if record.state is SettlementState.SETTLED:
                    assert record.message_id not in live, "paid twice"
                    live[record.message_id] = record
        assert live.keys() == journal.settled.keys(), "acknowledged and lost, or paid without an answer"
        assert not live.keys() & journal.reversed_
        for message_id, settled in journal.settled.items():
            assert live[message_id].number == settled.number
            assert live[message_id].cash_fen == settled.cash_fen
        stamped = await db.fetchval("select sum(settlements_here)::bigint from filing.filing")
        assert stamped == len(live)
        assert {request.message_id for request in requests} == journal.settled.keys() | journal.reversed_
