"""A running product and the hospitals that call it, for tests over HTTP."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn

from tongban.app import create_app
from tongban.directory import load_directory
from tongban.doors.cli.demo import CLIENTS_FILE, load_demo
from tongban.doors.cli.his import Hospital
from tongban.infra.clock import system_clock
from tongban.infra.db import connected
from tongban.settings import Settings

DATA = Path(__file__).resolve().parents[2] / "data"
PEOPLE = 400
REGION_OF_ACCOUNT = {"demo-beijing": "110000", "demo-taiyuan": "140100", "demo-datong": "140200"}


@dataclass
class World:
    """Where the product answers, who may call, and people nobody has used yet."""

    url: str
    settings: Settings
    hospitals: dict[str, Hospital]
    _people: dict[tuple[str, str], list[int]] = field(default_factory=dict)

    def query(self, sql: str, *args: Any) -> list[Any]:
        """Rows as the owner sees them."""
        return asyncio.run(_query(str(self.settings.owner_database_url), sql, args))

    def person(self, insurance: str = "resident", category: str = "adult", pool: str = "140100") -> int:
        """Somebody insured there, paid up, whom no other test gets."""
        key = (f"{insurance}:{category}", pool)
        if key not in self._people:
            rows = self.query(
                """select person_id from people.enrollment where insurance_type = $1 and category = $2
                     and pool_code = $3 and payment_state = 'paid' and valid_to is null order by person_id""",
                insurance,
                category,
                pool,
            )
            self._people[key] = [row["person_id"] for row in rows]
        return self._people[key].pop()


@contextmanager
def running_world(settings: Settings) -> Iterator[World]:
    """Fill the empty database behind `settings` and serve it."""
    asyncio.run(_load(str(settings.owner_database_url)))
    load_demo(settings, PEOPLE)
    with serving(settings) as url:
        yield World(url, settings, hospitals_of(settings.var_dir / CLIENTS_FILE))


def hospitals_of(clients_file: Path) -> dict[str, Hospital]:
    return {
        row["account"]: Hospital(
            row["account"],
            row["secret"],
            row["institution_code"],
            row["institution_name"],
            REGION_OF_ACCOUNT[row["account"]],
        )
        for row in json.loads(clients_file.read_text(encoding="utf-8"))
    }


@contextmanager
def serving(settings: Settings) -> Iterator[str]:
    """One web process's worth of the application, in a thread; yields where it answers."""
    config = uvicorn.Config(create_app(settings), host="127.0.0.1", port=0, log_level="warning", access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 30
    while not server.started:
        assert thread.is_alive(), "the application did not start"
        assert time.monotonic() < deadline, "the application did not start in time"
        time.sleep(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(20)


async def _load(owner_url: str) -> None:
    async with connected(owner_url, statement_timeout="0") as owner_db:
        await load_directory(owner_db, DATA, now=system_clock())


async def _query(url: str, sql: str, args: tuple[Any, ...]) -> list[Any]:
    async with connected(url) as connection:
        return list(await connection.fetch(sql, *args))
