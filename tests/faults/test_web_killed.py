"""Web processes are killed while hospitals settle: each acknowledged bill is there once, none twice, none half."""

import asyncio
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from product_kit import CLASS_A, CLASS_B, hospitals_of, today
from tongban.doors.cli import his
from tongban.doors.cli.demo import CLIENTS_FILE
from tongban.doors.cli.his import Hospital, Item, NoAnswer, Refused
from tongban.infra.db import connected
from tongban.infra.db.server import open_database
from tongban.settings import Settings

pytestmark = pytest.mark.faults

PEOPLE, STAYS, COUNTERS = 700, 300, 12
KILLED_AT = (25, 60, 100, 140, 180, 220, 260)  # after so many acknowledged settlements
ALL_AT = 140  # then every web process at once, else one of them
ITEMS = (Item(CLASS_A, "2000.00"), Item(CLASS_B, "100.00", 3))
TOTAL, TOTAL_FEN = "2300.00", 230_000
GIVE_UP_SECONDS = 200
PROGRAM = Path(sys.executable).with_name("tongban")


@dataclass(frozen=True)
class Stay:
    """Ready to be settled; the message is made once and repeated until it is answered."""

    person_id: int
    encounter: str
    message: his.Message


@dataclass
class Journal:
    """What the hospital was told."""

    acknowledged: dict[int, dict[str, Any]] = field(default_factory=dict)
    lost_answers: int = 0
    kills: int = 0


@dataclass(frozen=True)
class Product:
    process: "subprocess.Popen[bytes]"
    url: str
    settings: Settings

    def workers(self) -> list[int]:
        """The process numbers of the web processes: direct children only, so nothing else is ever hit."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
                if parent == self.process.pid and "spawn_main" in (entry / "cmdline").read_text():
                    found.append(int(entry.name))
        return found


@pytest.fixture
def product() -> Iterator[Product]:
    folder = Path(tempfile.mkdtemp(prefix="tongban-"))
    folder.chmod(0o711)
    environ = {
        "PATH": os.environ["PATH"],
        "TONGBAN_VAR": str(folder / "var"),
        "TONGBAN_DEMO": "1",
        "TONGBAN_POSTGRES": os.environ.get("TONGBAN_POSTGRES", "embedded"),
        "COLUMNS": "200",
    }
    with _started(environ, folder / "log") as (process, url):
        yield Product(process, url, Settings.from_env(environ))
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _started(environ: dict[str, str], log: Path) -> Iterator[tuple["subprocess.Popen[bytes]", str]]:
    """Its output goes to a file: a pipe that nobody empties would stop it."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            [str(PROGRAM), "run", "--port", "0", "--workers", "2", "--people", str(PEOPLE)],
            env=environ,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + 120
        while (match := re.search(rb"http://[0-9.]+:[0-9]+", log.read_bytes())) is None:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, "the product did not start in time"
            time.sleep(0.1)
        yield process, match[0].decode()
    finally:
        process.terminate()
        process.wait(60)


async def prepare(product: Product, hospital: Hospital) -> list[Stay]:
    """As many residents as stays, each admitted today and charged."""
    with_owner = str(product.settings.owner_database_url)
    async with connected(with_owner) as db:
        rows = await db.fetch(
            """select person_id, min(pool_code) as pool_code from people.enrollment
               where insurance_type = 'resident' and payment_state = 'paid' and valid_to is null
               group by person_id having count(*) = 1 order by person_id limit $1""",
            STAYS,
        )
    people = [(row["person_id"], row["pool_code"]) for row in rows]
    stays: list[Stay] = []

    async def counter(client: httpx.AsyncClient) -> None:
        while people:
            person_id, region = people.pop()
            number = str(person_id)
            admission = hospital.message("2401", his.admission(number, "390", today()), insured_region=region)
            encounter = (await hospital.send_async(client, "2401", admission))["result"]["mdtrt_id"]
            lines = hospital.message("2301", his.charges(number, encounter, today(), ITEMS), insured_region=region)
            await hospital.send_async(client, "2301", lines)
            bill = hospital.message("2304", his.bill(number, "390", encounter, TOTAL), insured_region=region)
            stays.append(Stay(person_id, encounter, bill))

    async with httpx.AsyncClient(base_url=product.url, timeout=30) as client:
        await asyncio.gather(*(counter(client) for _ in range(COUNTERS)))
    return stays


async def settle_all(product: Product, hospital: Hospital, stays: list[Stay], journal: Journal) -> None:
    """Every counter repeats its message, byte for byte, until it is acknowledged; the killer works alongside."""
    todo = list(stays)
    deadline = time.monotonic() + GIVE_UP_SECONDS

    async def counter() -> None:
        async with httpx.AsyncClient(base_url=product.url, timeout=10) as client:
            while todo:
                stay = todo.pop()
                while stay.person_id not in journal.acknowledged:
                    assert time.monotonic() < deadline, "a settlement was never acknowledged"
                    try:
                        output = await hospital.send_async(client, "2304", stay.message)
                        journal.acknowledged[stay.person_id] = output["setlinfo"]
                    except NoAnswer:
                        journal.lost_answers += 1
                        await asyncio.sleep(0.05)
                    except Refused as refusal:
                        # The only refusal there may be says that nothing is known and to send the same again.
                        if "再发一次" not in refusal.sentence:
                            raise
                        await asyncio.sleep(0.05)

    async def killer() -> None:
        for after in KILLED_AT:
            while len(journal.acknowledged) < after:
                await asyncio.sleep(0.005)
            while not (workers := product.workers()):
                await asyncio.sleep(0.05)
            for pid in workers if after == ALL_AT else workers[:1]:
                os.kill(pid, signal.SIGKILL)
                journal.kills += 1

    await asyncio.gather(killer(), *(counter() for _ in range(COUNTERS)))


def test_killing_web_processes_loses_nothing_and_pays_nothing_twice(product: Product) -> None:
    hospital = hospitals_of(product.settings.var_dir / CLIENTS_FILE)["demo-beijing"]
    with open_database(product.settings) as settings:
        joined = Product(product.process, product.url, settings)
        stays = asyncio.run(prepare(joined, hospital))
        assert len(stays) == STAYS
        journal = Journal()
        asyncio.run(settle_all(joined, hospital, stays, journal))
        # The kills did interrupt: otherwise this test shows nothing.
        assert journal.kills >= len(KILLED_AT)
        assert journal.lost_answers > 0
        asyncio.run(check(str(settings.owner_database_url), stays, journal))


async def check(owner_url: str, stays: list[Stay], journal: Journal) -> None:
    async with connected(owner_url) as db:
        rows = await db.fetch("select * from settlement.settlement where state = 'settled'")
        by_person = {row["person_id"]: row for row in rows}
        assert len(rows) == len(by_person) == len(stays)
        for stay in stays:
            told, kept = journal.acknowledged[stay.person_id], by_person[stay.person_id]
            assert told["setl_id"].startswith(f"S{stay.person_id}{kept['settlement_serial']}")
            assert told["mdtrt_id"] == stay.encounter
            assert kept["message_id"] == stay.message.message_id
            assert kept["total_fen"] == TOTAL_FEN
            assert told["hifp_pay"] == f"{kept['pooled_fund_fen'] // 100}.{kept['pooled_fund_fen'] % 100:02d}"
        half = await db.fetch(
            """select s.person_id from settlement.settlement s
               join settlement.encounter e using (person_id, encounter_serial)
               left join settlement.message m on m.person_id = s.person_id and m.message_id = s.message_id
                 and m.transaction_code = '2304' and m.settlement_serial = s.settlement_serial and m.state = 'done'
               left join settlement.benefit_year y on y.person_id = s.person_id and y.benefit_year = s.benefit_year
                 and y.inpatient_stays = 1 and y.inpatient_pooled_fen = s.pooled_fund_fen
               left join account.entry a on a.person_id = s.person_id and a.what = 'settlement'
               where m.person_id is null or y.person_id is null or a.person_id is null or e.state <> 'settled'"""
        )
        assert half == []
        assert await db.fetchval("select count(*) from account.entry where what = 'settlement'") == len(stays)
        unbalanced = await db.fetch(
            "select entry_id from account.posting group by person_id, entry_id having sum(amount_fen) <> 0"
        )
        assert unbalanced == []
