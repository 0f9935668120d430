"""PostgreSQL is killed again and again while hospitals settle: nothing acknowledged is lost, nothing is paid twice."""

import asyncio
import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
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
    line,
)

from tongban import settlement
from tongban.directory import Regions
from tongban.infra.db import connect, connected
from tongban.infra.db.binaries import find_binaries
from tongban.infra.db.embedded import EmbeddedPostgres
from tongban.infra.db.folder import locate, processes_in
from tongban.infra.db.logins import AppLogin
from tongban.infra.db.migrate import migrate
from tongban.infra.db.server import APP_USER
from tongban.law import Pack
from tongban.settlement import Settled, SettlementState, SettleRequest

pytestmark = pytest.mark.faults

PEOPLE, STAYS_EACH, HOSPITALS = 40, 10, 8
KILLED_AT = (40, 110, 190, 280)  # after so many acknowledged answers
OPENING_FEN = 1_000_000
PASSWORD = "for-this-test-only"
# What a server that goes away looks like; the third when it goes in the middle of a transaction's statements.
GONE = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.CannotConnectNowError,
    OSError,
)


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
    """A server of its own with everything on that keeps promises."""
    with EmbeddedPostgres(locate(short_folder / "killed"), find_binaries("embedded"), may_join=False) as server:
        yield server


def kill(server: EmbeddedPostgres) -> None:
    """All of the server's processes at once, as when the machine loses power but for its disk cache."""
    assert server.pid is not None
    for pid in {server.pid, *processes_in(server.folder.data)}:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


async def prepare(server: EmbeddedPostgres, pack: Pack) -> tuple[list[Insured], list[SettleRequest]]:
    async with connected(server.url("postgres")) as db:
        await db.execute("create database fault")
    await migrate(server.url("fault"), AppLogin(APP_USER, PASSWORD))
    people, requests = [], []
    async with (
        connected(server.url("fault", APP_USER, PASSWORD)) as db,
        connected(server.url("fault")) as owner_db,
    ):
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
                await hospital.upload(encounter, line(150_000))
                requests.append(hospital.bill(encounter, 150_000))
        await owner_db.execute("checkpoint")
    return people, requests


async def one_hospital(
    hospital: Hospital, url: str, todo: list[SettleRequest], journal: Journal, chance: random.Random
) -> None:
    """Settles what is to do. Without an answer it asks again with the same message, or now and then withdraws it."""
    connection: asyncpg.Connection[asyncpg.Record] | None = None
    while todo:
        request, is_withdrawn, attempts = todo.pop(), False, 0
        while True:
            try:
                if connection is None or connection.is_closed():
                    connection = await connect(url)
                on = hospital.on(connection)
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
                if connection is not None:
                    connection.terminate()
                    connection = None
                is_withdrawn = is_withdrawn or (attempts > 0 and chance.random() < 0.4)
                await asyncio.sleep(0.05)
    if connection is not None:
        await connection.close()


def test_killing_postgresql_loses_nothing_acknowledged(server: EmbeddedPostgres, pack: Pack) -> None:
    people, requests = asyncio.run(prepare(server, pack))
    journal, failures = Journal(), []
    url = server.url("fault", APP_USER, PASSWORD)
    hospital = Hospital(None, pack, Regions(PLACES, {}), BEIJING_HOSPITAL)  # type: ignore[arg-type]
    # Stays of one person next to each other in time, so that hospitals also meet on one year.
    todo = list(reversed(requests))

    async def all_hospitals() -> None:
        await asyncio.gather(
            *(one_hospital(hospital, url, todo, journal, random.Random(seed)) for seed in range(HOSPITALS))
        )

    def work() -> None:
        try:
            asyncio.run(all_hospitals())
        except BaseException as failure:
            failures.append(failure)

    worker = threading.Thread(target=work)
    worker.start()
    kills = 0
    for threshold in KILLED_AT:
        while worker.is_alive() and journal.acknowledged < threshold:
            time.sleep(0.002)
        kill(server)
        kills += worker.is_alive()
        killed = server.pid
        while server.pid == killed:
            server.keep_alive()
            time.sleep(0.01)
    worker.join(timeout=60)

    assert not worker.is_alive()
    assert failures == []
    assert kills == len(KILLED_AT), "the hospitals were done before the server was killed often enough"
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
