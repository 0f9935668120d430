"""PostgreSQL is killed while families settle on each other's accounts: no fen is lost, none is paid twice."""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from family_kit import Family, check_family
from settlement_kit import NOW, PLACES, Hospital, Insured, Town, furnish

from tongban import settlement
from tongban.directory import Regions
from tongban.infra.crypto import Vault
from tongban.infra.db import connect, connected
from tongban.infra.db.binaries import find_binaries
from tongban.infra.db.embedded import EmbeddedPostgres
from tongban.infra.db.folder import locate, processes_in
from tongban.infra.db.logins import AppLogin
from tongban.infra.db.migrate import migrate
from tongban.infra.db.server import APP_USER
from tongban.kernel.vocabulary import Relation
from tongban.law import Pack
from tongban.settlement import Settled, SettleRequest

pytestmark = pytest.mark.faults

FAMILIES, RECEIVERS, BILLS = 3, 3, 6
KILLED_AT = (12, 30)
OPENING_FEN, LIMIT_FEN, BILL_FEN = 400_000, 200_000, 30_000
PASSWORD = "for-this-test-only"
GONE = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.CannotConnectNowError,
    OSError,
)


@pytest.fixture
def server(short_folder: Path) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(locate(short_folder / "families"), find_binaries("embedded"), may_join=False) as server:
        yield server


def kill(server: EmbeddedPostgres) -> None:
    assert server.pid is not None
    for pid in {server.pid, *processes_in(server.folder.data)}:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


async def prepare(
    server: EmbeddedPostgres, vault: Vault, pack: Pack
) -> tuple[list[Insured], dict[int, int], list[SettleRequest]]:
    async with connected(server.url("postgres")) as db:
        await db.execute("create database families")
    await migrate(server.url("families"), AppLogin(APP_USER, PASSWORD))
    people: list[Insured] = []
    openings, requests = {}, []
    async with (
        connected(server.url("families", APP_USER, PASSWORD)) as db,
        connected(server.url("families")) as owner_db,
    ):
        await furnish(owner_db)
        await settlement.keep_version(db, pack, now=NOW)
        regions = Regions(PLACES, {})
        family, hospital = Family(db, Town(owner_db), vault, pack, regions), Hospital(db, pack, regions)
        for _ in range(FAMILIES):
            giver = await family.employee(OPENING_FEN)
            openings[giver.person_id] = OPENING_FEN
            people.append(giver)
            for _ in range(RECEIVERS):
                receiver = await family.resident()
                await family.bound_and_given(giver, receiver, LIMIT_FEN, Relation.SIBLING)
                people.append(receiver)
                requests += [await hospital.stay(receiver, BILL_FEN) for _ in range(BILLS)]
        await owner_db.execute("checkpoint")
    return people, openings, requests


async def work(
    hospital: Hospital, url: str, todo: list[SettleRequest], answers: dict[str, Settled], lost: list[str]
) -> None:
    """Settles what is to do; without an answer it asks again with the same message."""
    connection: asyncpg.Connection[asyncpg.Record] | None = None
    while todo:
        request, is_asked = todo.pop(), False
        while request.message_id not in answers:
            try:
                if connection is None or connection.is_closed():
                    connection = await connect(url)
                is_asked = True
                answers[request.message_id] = await hospital.on(connection).settle(request)
            except settlement.Busy:
                continue
            except GONE:
                if is_asked:
                    lost.append(request.message_id)
                if connection is not None:
                    connection.terminate()
                    connection = None
                await asyncio.sleep(0.05)
    if connection is not None:
        await connection.close()


def test_killing_postgresql_keeps_shared_accounts(server: EmbeddedPostgres, vault: Vault, pack: Pack) -> None:
    people, openings, requests = asyncio.run(prepare(server, vault, pack))
    url = server.url("families", APP_USER, PASSWORD)
    hospital = Hospital(None, pack, Regions(PLACES, {}))  # type: ignore[arg-type]
    todo, failures = requests[::-1], []
    answers: dict[str, Settled] = {}
    lost: list[str] = []

    async def everybody() -> None:
        await asyncio.gather(*(work(hospital, url, todo, answers, lost) for _ in range(6)))

    def run() -> None:
        try:
            asyncio.run(everybody())
        except BaseException as failure:
            failures.append(failure)

    worker = threading.Thread(target=run)
    worker.start()
    for threshold in KILLED_AT:
        while worker.is_alive() and len(answers) < threshold:
            time.sleep(0.002)
        assert worker.is_alive(), "all was done before the server was killed often enough"
        kill(server)
        killed = server.pid
        while server.pid == killed:
            server.keep_alive()
            time.sleep(0.01)
    worker.join(timeout=60)

    assert not worker.is_alive()
    assert failures == []
    assert lost
    assert len(answers) == len(requests)
    # A limit of 2,000 yuan and an account of 4,000 for three relatives with bills of 1,800 each: each bill in full
    # until the account is empty.
    helped = sum(answer.mutual_aid_fen for answer in answers.values())
    assert helped == FAMILIES * OPENING_FEN
    asyncio.run(inspect(url, people, openings, helped))


async def inspect(url: str, people: list[Insured], openings: dict[int, int], helped: int) -> None:
    async with connected(url) as db:
        await check_family(db, people, openings)
        stored = await db.fetchval("select sum(mutual_aid_fen)::bigint from settlement.settlement")
        told = await db.fetchval("select count(*) from notices.notice where title like '%用了您的个人账户'")
        used = await db.fetchval("select count(*) from mutual_aid.event where what = 'used'")
        assert (stored, told) == (helped, used)
