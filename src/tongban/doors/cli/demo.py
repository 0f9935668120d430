"""`tongban demo`: a made-up province to try everything on."""

import asyncio
import csv
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from tongban import account, chronic, directory, people
from tongban.doors.cli.console import errors, results
from tongban.doors.cli.data import LONG_LIMITS, progress_bars
from tongban.infra.clock import system_clock
from tongban.infra.crypto import Vault
from tongban.infra.db import Db, connected
from tongban.infra.db.server import open_database, owner_url
from tongban.kernel.errors import Refusal
from tongban.settings import Settings

app = typer.Typer(name="demo", help="演示数据：一个虚构的省，里面的人都不存在。", no_args_is_help=True)

PEOPLE_DEFAULT = 2_000
PEOPLE_MAX = 5_000_000
CLIENTS_FILE = "demo-clients.json"

_BATCH = 5_000
_POPULATION = "shanxi_population_2020.csv"

# The hospitals of the stories: account, pooling region, and a part of the name.
_HOSPITALS = (
    ("demo-beijing", "110000", "北京协和医院"),
    ("demo-taiyuan", "140100", "山西医科大学第一医院"),
    ("demo-datong", "140200", "大同市第三人民医院"),
)


class DemoOnly(Refusal):
    code = "demo_only"
    status = 403


class DataMissing(Refusal):
    code = "data_missing"


@dataclass(frozen=True, slots=True)
class DemoClient:
    """The gateway account of a demo hospital, with its secret in clear: whoever tries the demo plays the hospital."""

    account: str
    secret: str = field(repr=False)
    institution_code: str
    institution_name: str


@dataclass(frozen=True, slots=True)
class DemoLoaded:
    people_added: int
    accounts_opened: int
    institutions_connected: int
    clients: tuple[DemoClient, ...]


@app.callback()
def _group() -> None:
    """Without a callback typer would make the only command the whole group."""


@app.command("load")
def load_command(
    number: Annotated[
        int, typer.Option("--people", min=0, max=PEOPLE_MAX, help="除了固定的几位，再造多少人。")
    ] = PEOPLE_DEFAULT,
) -> None:
    """造一个省的参保人，连上演示医院。同样的人数造出同样的人；再装一次不会重复。"""
    settings = Settings.from_env()
    refuse_outside_demo(settings)
    with open_database(settings) as opened:
        loaded = load_demo(opened, number, console=errors)
    results.print(
        f"新增 {loaded.people_added} 人、{loaded.accounts_opened} 个个人账户，"
        f"新连上 {loaded.institutions_connected} 家医院。"
    )
    print_clients(loaded.clients)


def print_clients(clients: Sequence[DemoClient]) -> None:
    """Each on a line of its own, however long: a secret in two pieces cannot be copied."""
    for client in clients:
        results.print(
            f"演示医院：{client.institution_name}，接入账号 {client.account}，密钥 {client.secret}",
            markup=False,
            soft_wrap=True,
        )


def refuse_outside_demo(settings: Settings) -> None:
    """Raises DemoOnly. Made-up people among real ones could never be told apart again."""
    if not settings.is_demo:
        raise DemoOnly("演示数据只能装进演示环境，这里不是。想试用请另开一个文件夹，设 TONGBAN_DEMO=1 再运行")


def load_demo(settings: Settings, number: int = PEOPLE_DEFAULT, *, console: Console | None = None) -> DemoLoaded:
    """Fill a migrated database that holds the reference tables; loading again adds only what is missing.

    With a console it draws a progress bar. Call it outside an event loop. Raises DemoOnly outside the demo and
    DataMissing when the reference tables are empty.
    """
    refuse_outside_demo(settings)
    return asyncio.run(_load(settings, number, console))


async def _load(settings: Settings, number: int, console: Console | None) -> DemoLoaded:
    vault = Vault.from_settings(settings)
    async with connected(owner_url(settings), **LONG_LIMITS) as owner_db:
        cities = await _cities(owner_db, settings.data_dir)
        connected_count = await directory.connect_for_demo(owner_db)
        added = opened = 0
        with progress_bars(console) as progress:
            task = progress.add_task("参保人", total=number + len(people.demo_cast()))
            for batch in _batches(number, cities):
                new, accounts = await _write_batch(owner_db, vault, batch)
                added, opened = added + new, opened + accounts
                progress.advance(task, len(batch))
        if added:
            await people.analyze_people(owner_db)
        clients = tuple([await _client(owner_db, vault, *hospital) for hospital in _HOSPITALS])
        await _recognise(owner_db, vault, clients)
    _write_clients(settings.var_dir / CLIENTS_FILE, clients)
    return DemoLoaded(added, opened, connected_count, clients)


async def _recognise(owner_db: Db, vault: Vault, clients: Sequence[DemoClient]) -> None:
    """韩桂兰 is recognised for one chronic disease at the demo hospital of 太原, and waits for another."""
    hospital = next(client for client in clients if client.account == "demo-taiyuan")
    elder = next(person for person in people.demo_cast() if person.name == "韩桂兰")
    await chronic.load_demo_recognitions(owner_db, vault, elder, hospital.institution_code, now=system_clock())


def _batches(number: int, cities: Sequence[people.DemoCity]) -> Iterator[list[people.DemoPerson]]:
    return people.batches(chain([people.demo_cast()], people.demo_province(number, cities)), _BATCH)


async def _write_batch(owner_db: Db, vault: Vault, batch: list[people.DemoPerson]) -> tuple[int, int]:
    """People and their accounts together or not at all; returns how many of each were new."""
    async with owner_db.transaction():
        new = await people.load_demo_people(owner_db, vault, batch)
        balances = [(person.person_id, person.account_fen) for person in new if person.account_fen is not None]
        opened = await account.load_opening_balances(owner_db, balances, now=system_clock()) if balances else 0
    return len(new), opened


async def _cities(db: Db, data_dir: Path) -> list[people.DemoCity]:
    with (data_dir / _POPULATION).open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    cities = [
        people.DemoCity(
            row["city_code"],
            row["city_name"].removesuffix("市"),
            int(row["population_2020"]),
            tuple(await directory.county_codes(db, row["city_code"])),
        )
        for row in rows
    ]
    if not all(city.county_codes for city in cities):
        raise DataMissing("数据库里还没有行政区划，请先运行 tongban data load")
    return cities


async def _client(owner_db: Db, vault: Vault, account_name: str, pool_code: str, text: str) -> DemoClient:
    """The hospital's account; a secret once made stays."""
    # Imported here: the gateway brings the whole web stack, which no other command of the CLI needs.
    from tongban.doors import gateway

    found = await directory.search_institutions(owner_db, pool_code, text, limit=1)
    if not found:
        raise DataMissing(f"医院表里没有“{text}”，演示要用到它，请先运行 tongban data load")
    code, name = found[0].institution_code, found[0].name
    secret = await gateway.open_account(owner_db, vault, account_name, code, is_demo=True)
    return DemoClient(account_name, secret, code, name)


def _write_clients(path: Path, clients: Sequence[DemoClient]) -> None:
    """For whoever plays the hospital: readable by the owner alone, replaced as a whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
        json.dump([asdict(client) for client in clients], out, ensure_ascii=False, indent=1)
    draft.replace(path)
