"""PostgreSQL is killed while families settle on each other's accounts: no fen is lost, none is paid twice."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from family_kit import Family, check_family
from settlement_kit import NOW, PLACES, Hospital, Insured, Town, furnish

from faults_kit import GONE, Line, app_url, create_database, owner_url, server_in, work_while_killed
from tongban import settlement
from tongban.directory import Regions
from tongban.infra.crypto import Vault
from tongban.infra.db import connected
from tongban.infra.db.embedded import EmbeddedPostgres
from tongban.kernel.vocabulary import Relation
from tongban.law import Pack
from tongban.settlement import Settled, SettleRequest

pytestmark = pytest.mark.faults

FAMILIES, RECEIVERS, BILLS = 3, 3, 6
KILLED_AT = (12, 30)
OPENING_FEN, LIMIT_FEN, BILL_FEN = 400_000, 200_000, 30_000


@pytest.fixture
def server(short_folder: Path) -> Iterator[EmbeddedPostgres]:
    with server_in(short_folder / "families") as server:
        yield server


async def prepare(
    server: EmbeddedPostgres, vault: Vault, pack: Pack
) -> tuple[list[Insured], dict[int, int], list[SettleRequest]]:
    await create_database(server)
    people: list[Insured] = []
    openings, requests = {}, []
    async with connected(app_url(server)) as db, connected(owner_url(server)) as owner_db:
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
    hospital: Hospital, line: Line, todo: list[SettleRequest], answers: dict[str, Settled], lost: list[str]
) -> None:
    """Settles what is to do; without an answer it asks again with the same message."""
    while todo:
        request, is_asked = todo.pop(), False
        while request.message_id not in answers:
            try:
                on = hospital.on(await line.open())
                is_asked = True
                answers[request.message_id] = await on.settle(request)
            except settlement.Busy:
                continue
            except GONE:
                if is_asked:
                    lost.append(request.message_id)
                await line.broke()
    await line.close()


def test_killing_postgresql_keeps_shared_accounts(server: EmbeddedPostgres, vault: Vault, pack: Pack) -> None:
    people, openings, requests = asyncio.run(prepare(server, vault, pack))
    url = app_url(server)
    hospital = Hospital(None, pack, Regions(PLACES, {}))  # type: ignore[arg-type]
    todo = requests[::-1]
    answers: dict[str, Settled] = {}
    lost: list[str] = []

    async def everybody() -> None:
        await asyncio.gather(*(work(hospital, Line(url), todo, answers, lost) for _ in range(6)))

    work_while_killed(server, everybody, done=lambda: len(answers), killed_at=KILLED_AT)
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
