"""How fast a bill is settled, from the hospital's bytes to the answer, against a floor measured in the same run.

    python bench/settlement_bench.py [--rounds 5] [--stays 300] [--counters 8] [--workers 1]

Starts the product with a database of its own (everything on that keeps promises), prepares stays over the gateway, then
takes turns: a round of 2304 over HTTP by so many counters at once, a round of `pgbench` with as many clients writing
the same rows (year, visit, settlement, ledger entry, postings, message) into copies of the tables on the same server.
Prints the medians, their ratio, the processor time of the web processes per request, and the time a counter waits.
Needs pgbench: PostgreSQL's own, looked for beside the embedded server, on the PATH and in Debian's place.
"""

import argparse
import asyncio
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NamedTuple

import httpx

from tongban.doors.cli import his
from tongban.doors.cli.demo import CLIENTS_FILE
from tongban.doors.cli.his import Hospital, Item
from tongban.infra.clock import day_of, system_clock
from tongban.infra.db import Connection, connected
from tongban.infra.db.binaries import find_binaries
from tongban.infra.db.server import open_database
from tongban.settings import Settings

PROGRAM = Path(sys.executable).with_name("tongban")
PEOPLE = 2_000
REGION, INSURANCE = "110000", "390"
# Ten lines, as the trial of the stack had.
ITEMS = tuple(Item("XA01ABT045S006020104642", f"{100 + step}.00", 2) for step in range(10))
TOTAL = str(sum(item.total for item in ITEMS))
TICKS = os.sysconf("SC_CLK_TCK")
COPIED = ("settlement.benefit_year", "settlement.encounter", "settlement.settlement", "settlement.message",
          "account.entry", "account.posting")  # fmt: skip


class Stay(NamedTuple):
    """Admitted and charged; `bill` is the message that settles it."""

    bill: his.Message


@dataclass
class Round:
    """One round of settlements: how many a second, what each cost the web processes, how long each counter waited."""

    per_second: float
    cpu_ms: float
    waits_ms: list[float]


@dataclass(frozen=True)
class Product:
    process: "subprocess.Popen[bytes]"
    host: str
    port: int

    def cpu_seconds(self) -> float:
        """Processor time of the web processes so far."""
        return sum(_ticks(pid) for pid in self._children("spawn_main")) / TICKS

    def _children(self, word: str) -> Iterator[int]:
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
                if parent == self.process.pid and word in (entry / "cmdline").read_text():
                    yield int(entry.name)


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--stays", type=int, default=300, help="settlements in a round")
    parser.add_argument("--counters", type=int, default=8, help="how many settle at once")
    parser.add_argument("--workers", type=int, default=1, help="web processes")
    wanted = parser.parse_args()
    pgbench = find_pgbench()
    folder = Path(tempfile.mkdtemp(prefix="tongban-"))
    folder.chmod(0o711)
    environ = {"PATH": os.environ["PATH"], "TONGBAN_VAR": str(folder / "var"), "TONGBAN_DEMO": "1"}
    try:
        with started(environ, folder / "log", wanted.workers) as product:
            settings = Settings.from_env(environ)
            with open_database(settings) as opened:
                owner_url = str(opened.owner_database_url)
                hospital = demo_hospital(settings.var_dir / CLIENTS_FILE)
                # One round more than is measured: it warms up and is the pattern of the floor's rows.
                rounds = asyncio.run(prepare(product, hospital, owner_url, wanted.rounds + 1, wanted.stays))
                asyncio.run(one_round(product, hospital, rounds.pop(), wanted.counters))
                asyncio.run(make_floor(owner_url))
                script = folder / "floor.sql"
                script.write_text(asyncio.run(floor_statement(owner_url)), encoding="utf-8")
                report(measure(product, hospital, rounds, wanted.counters, pgbench, owner_url, script), wanted)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def measure(
    product: Product,
    hospital: Hospital,
    rounds: list[list[Stay]],
    counters: int,
    pgbench: str,
    owner_url: str,
    script: Path,
) -> list[tuple[Round, float]]:
    """Interleaved: whatever else the machine does falls on both sides."""
    measured = []
    for stays in rounds:
        ours = asyncio.run(one_round(product, hospital, stays, counters))
        floor = run_pgbench(pgbench, owner_url, script, counters, len(stays))
        measured.append((ours, floor))
    return measured


def report(measured: list[tuple[Round, float]], wanted: argparse.Namespace) -> None:
    waits = sorted(wait for ours, _ in measured for wait in ours.waits_ms)
    ratios = [ours.per_second / floor for ours, floor in measured]
    print(
        f"{wanted.rounds} rounds of {wanted.stays} settlements, {wanted.counters} at once, {wanted.workers} web process"
    )
    print(f"settled over HTTP:        {statistics.median(ours.per_second for ours, _ in measured):8.0f} a second")
    print(f"pgbench, the same rows:   {statistics.median(floor for _, floor in measured):8.0f} a second")
    print(
        f"ratio to pgbench:         {statistics.median(ratios):8.2f}   (rounds {min(ratios):.2f} … {max(ratios):.2f})"
    )
    print(f"web processor time:       {statistics.median(ours.cpu_ms for ours, _ in measured):8.2f} ms a request")
    p50, p99 = waits[len(waits) // 2], waits[len(waits) * 99 // 100]
    print(f"a counter waits:          {p50:8.1f} ms (p50), {p99:.1f} ms (p99)")


# --- the product -----------------------------------------------------------------------------------------------------


@contextmanager
def started(environ: dict[str, str], log: Path, workers: int) -> Iterator[Product]:
    with log.open("wb") as out:
        process = subprocess.Popen(
            [str(PROGRAM), "run", "--port", "0", "--workers", str(workers), "--people", str(PEOPLE)],
            env=environ,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        while (match := re.search(rb"http://([0-9.]+):([0-9]+)", log.read_bytes())) is None:
            if process.poll() is not None:
                sys.exit(log.read_text())
            time.sleep(0.1)
        yield Product(process, match[1].decode(), int(match[2]))
    finally:
        process.terminate()
        process.wait(60)


def demo_hospital(clients_file: Path) -> Hospital:
    row = next(row for row in json.loads(clients_file.read_text()) if row["account"] == "demo-beijing")
    return Hospital(row["account"], row["secret"], row["institution_code"], row["institution_name"], REGION)


async def prepare(product: Product, hospital: Hospital, owner_url: str, rounds: int, stays: int) -> list[list[Stay]]:
    """Stays admitted and charged over the gateway; within a round everybody has one, so nobody meets himself."""
    async with connected(owner_url) as db:
        rows = await db.fetch(
            """select person_id, min(pool_code) as pool_code from people.enrollment
               where insurance_type = 'resident' and payment_state = 'paid' and valid_to is null
               group by person_id having count(*) = 1 order by person_id limit $1""",
            stays,
        )
    if len(rows) < stays:
        sys.exit(f"only {len(rows)} people to settle for; ask for fewer --stays")
    today = day_of(system_clock())
    todo = [(number, row["person_id"], row["pool_code"]) for number in range(rounds) for row in rows]
    prepared: list[list[Stay]] = [[] for _ in range(rounds)]

    async def counter(client: httpx.AsyncClient) -> None:
        while todo:
            number, person_id, region = todo.pop()
            prepared[number].append(await ready(client, hospital, str(person_id), region, today))

    async with httpx.AsyncClient(base_url=f"http://{product.host}:{product.port}", timeout=60) as client:
        await asyncio.gather(*(counter(client) for _ in range(8)))
    return prepared


async def ready(client: httpx.AsyncClient, hospital: Hospital, person: str, region: str, today: date) -> Stay:
    admission = hospital.message("2401", his.admission(person, INSURANCE, today), insured_region=region)
    encounter = (await hospital.send_async(client, "2401", admission))["result"]["mdtrt_id"]
    lines = hospital.message("2301", his.charges(person, encounter, today, ITEMS), insured_region=region)
    await hospital.send_async(client, "2301", lines)
    return Stay(hospital.message("2304", his.bill(person, INSURANCE, encounter, TOTAL), insured_region=region))


async def one_round(product: Product, hospital: Hospital, stays: list[Stay], counters: int) -> Round:
    todo, waits = list(stays), []

    async def counter() -> None:
        reader, writer = await asyncio.open_connection(product.host, product.port)
        while todo:
            message = todo.pop().bill
            request = _request(product, hospital, message)
            asked = time.perf_counter()
            writer.write(request)
            body = await _answer(reader)
            waits.append((time.perf_counter() - asked) * 1000)
            if b'"infcode":0,' not in body:
                sys.exit(body.decode())
        writer.close()

    cpu, began = product.cpu_seconds(), time.perf_counter()
    await asyncio.gather(*(counter() for _ in range(counters)))
    took = time.perf_counter() - began
    return Round(len(stays) / took, (product.cpu_seconds() - cpu) / len(stays) * 1000, waits)


def _request(product: Product, hospital: Hospital, message: his.Message) -> bytes:
    """Plain HTTP by hand: the client shares the processors with what is measured and must cost little."""
    headers = {"host": product.host, "content-length": str(len(message.body))} | hospital.headers()
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST {his.PATH} HTTP/1.1\r\n{head}\r\n".encode() + message.body


async def _answer(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    if length is None or not head.startswith(b"HTTP/1.1 200"):
        sys.exit(head.decode())
    return await reader.readexactly(int(length[1]))


# --- the floor -------------------------------------------------------------------------------------------------------


async def make_floor(owner_url: str) -> None:
    """Copies of the tables with all their keys and checks, and the first round's rows, numbered, to write again."""
    async with connected(owner_url, statement_timeout="0") as db:
        await db.execute("create schema floor")
        for table in COPIED:
            name = table.partition(".")[2]
            await db.execute(f"create table floor.{name} (like {table} including all)")
        for name in ("benefit_year", "settlement", "message", "entry"):
            table = next(table for table in COPIED if table.endswith(f".{name}"))
            where = "where what = 'settlement'" if name == "entry" else "where transaction_code = '2304'"
            await db.execute(
                f"""create table floor.{name}_row as select row_number() over (order by person_id) as n, *
                    from {table} {"" if name == "benefit_year" else where}"""
            )
            await db.execute(f"alter table floor.{name}_row add primary key (n)")
        await db.execute(
            """create table floor.posting_row as select e.n, p.* from floor.entry_row e
               join account.posting p using (person_id, entry_id)"""
        )
        await db.execute("create index on floor.posting_row (n)")
        await db.execute("insert into floor.encounter select * from settlement.encounter")
        await db.execute("vacuum analyze")


async def floor_statement(owner_url: str) -> str:
    """What one settlement writes, as one statement of pgbench: each time for another person."""
    async with connected(owner_url) as db:
        rows = await db.fetchval("select count(*) from floor.settlement_row")
        year = await _columns(db, "benefit_year", {"person_id": ":person"})
        settlement = await _columns(db, "settlement", {"person_id": ":person"})
        message = await _columns(db, "message", {"person_id": ":person"})
        entry = await _columns(db, "entry", {"person_id": ":person"}, leave={"entry_id"})
        posting = await _columns(db, "posting", {"person_id": ":person", "entry_id": "(select entry_id from entry)"})
    return f"""\\set person random(100000000000000, 999999999999999)
\\set n random(1, {rows})
with year as (
  insert into floor.benefit_year ({year[0]}) select {year[1]} from floor.benefit_year_row where n = :n returning 1
), visit as (
  update floor.encounter e set state = 'settled', version = version + 1, discharged_on = current_date
  from floor.settlement_row r
  where r.n = :n and e.person_id = r.person_id and e.encounter_serial = r.encounter_serial returning 1
), settled as (
  insert into floor.settlement ({settlement[0]}) select {settlement[1]} from floor.settlement_row where n = :n
), entry as (
  insert into floor.entry ({entry[0]}) select {entry[1]} from floor.entry_row where n = :n returning entry_id
), posting as (
  insert into floor.posting ({posting[0]}) select {posting[1]} from floor.posting_row where n = :n
), message as (
  insert into floor.message ({message[0]}) select {message[1]} from floor.message_row where n = :n
) select 1;
"""


async def _columns(
    db: Connection, table: str, replaced: dict[str, str], leave: frozenset[str] | set[str] = frozenset()
) -> tuple[str, str]:
    rows = await db.fetch(
        """select column_name from information_schema.columns
           where table_schema = 'floor' and table_name = $1 order by ordinal_position""",
        table,
    )
    names = [row["column_name"] for row in rows if row["column_name"] not in leave]
    return ", ".join(names), ", ".join(replaced.get(name, name) for name in names)


def find_pgbench() -> str:
    beside = find_binaries("embedded") / "pgbench"
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/pgbench"), reverse=True)
    for candidate in (beside, *debian):
        if candidate.exists():
            return str(candidate)
    found = shutil.which("pgbench")
    if found is None:
        sys.exit("pgbench was not found: install PostgreSQL's contrib programs (Debian: postgresql-contrib)")
    return found


def run_pgbench(pgbench: str, url: str, script: Path, clients: int, transactions: int) -> float:
    """Transactions a second, connecting not counted."""
    done = subprocess.run(
        [pgbench, "-n", "-M", "prepared", "-c", str(clients), "-j", "2", "-t", str(max(1, transactions // clients)),
         "-f", str(script), url],
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    match = re.search(r"tps = ([0-9.]+) \(without", done.stdout)
    if match is None or "aborted" in done.stderr:
        sys.exit(done.stdout + done.stderr)
    return float(match[1])


if __name__ == "__main__":
    main()
