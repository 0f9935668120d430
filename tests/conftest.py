"""Fixtures for tests against real PostgreSQL.

One server per test process on a Unix socket in a temporary folder, without fsync; one migrated template; one fresh
database per test. `async def` tests and fixtures run through anyio (`anyio_mode` in pyproject.toml).
"""

import asyncio
import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tongban.infra.crypto import Vault
from tongban.infra.db import Connection, connected
from tongban.infra.db.binaries import find_binaries
from tongban.infra.db.embedded import EmbeddedPostgres
from tongban.infra.db.folder import locate
from tongban.infra.db.logins import AppLogin
from tongban.infra.db.migrate import migrate
from tongban.infra.db.server import APP_USER
from tongban.settings import Settings

if TYPE_CHECKING:
    from tongban.law import Pack

ROOT = Path(__file__).resolve().parents[1]
# A test's data need not survive the machine, so nothing waits for the disk.
UNSAFE_AND_FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "max_wal_size": "128MB",
}
_APP_PASSWORD = "for-tests-only-and-never-elsewhere"
_TEMPLATE = "tongban_template"


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def short_folder() -> Iterator[Path]:
    """A folder other accounts may pass through, with a path short enough for Unix sockets; pytest's own is neither."""
    folder = Path(tempfile.mkdtemp(prefix="tongban-", dir=_memory()))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


def _memory() -> str | None:
    """A file system in memory, if there is one with room where programs may run: databases are copied ten times as
    fast there as on a disk. None for the usual place of temporary files."""
    place = Path("/dev/shm")  # noqa: S108 - the folder made in it has a random name
    if not place.is_dir() or not os.access(place, os.W_OK):
        return None
    found = os.statvfs(place)
    has_room = found.f_bavail * found.f_frsize > 2 * 1024**3
    return str(place) if has_room and not found.f_flag & os.ST_NOEXEC else None


@pytest.fixture(scope="session")
def postgres(short_folder: Path) -> Iterator[EmbeddedPostgres]:
    """A running server that holds the migrated template database."""
    kind = "system" if os.environ.get("TONGBAN_POSTGRES") == "system" else "embedded"
    folder = locate(short_folder / "postgres")
    with EmbeddedPostgres(folder, find_binaries(kind), settings=UNSAFE_AND_FAST, may_join=False) as server:
        asyncio.run(_make_template(server))
        yield server


class Urls(NamedTuple):
    """How to reach one database: as the web processes do, and as its owner."""

    app: str
    owner: str


class Databases:
    """Hands out databases on the session's server."""

    def __init__(self, server: EmbeddedPostgres) -> None:
        self.server = server
        self._numbers = itertools.count(1)

    @contextmanager
    def fresh(self, template: str = _TEMPLATE) -> Iterator[Urls]:
        """A copy of `template`, by default the full schema without rows, dropped afterwards. Not inside an event loop.

        For rows that many tests only read, a session fixture holds one of these open.
        """
        name = f"test_{next(self._numbers)}"
        asyncio.run(_statement(self.server, f"create database {name} template {template} strategy file_copy"))
        yield Urls(self.server.url(name, APP_USER, _APP_PASSWORD), self.server.url(name))
        asyncio.run(_statement(self.server, f"drop database {name} with (force)"))


@pytest.fixture(scope="session")
def databases(postgres: EmbeddedPostgres) -> Databases:
    return Databases(postgres)


@pytest.fixture
def database(databases: Databases) -> Iterator[Urls]:
    """A fresh database with the full schema and no rows."""
    with databases.fresh() as urls:
        yield urls


@pytest.fixture
def database_url(database: Urls) -> str:
    """Of the fresh database, as the app role."""
    return database.app


@pytest.fixture
def owner_database_url(database: Urls) -> str:
    return database.owner


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Connection]:
    """A connection as the app role."""
    async with connected(database_url) as connection:
        yield connection


@pytest.fixture
async def owner_db(owner_database_url: str) -> AsyncIterator[Connection]:
    """A connection as the owner, for rows the web processes only read."""
    async with connected(owner_database_url) as connection:
        yield connection


@pytest.fixture
def settings(tmp_path: Path, database_url: str, owner_database_url: str) -> Settings:
    """A demo installation of its own, on the fresh database, with keys made for this test."""
    return Settings.from_env(
        {
            "TONGBAN_VAR": str(tmp_path / "var"),
            "TONGBAN_DEMO": "1",
            "TONGBAN_PORT": "0",
            "DATABASE_URL": database_url,
            "TONGBAN_OWNER_DATABASE_URL": owner_database_url,
        }
    )


@pytest.fixture(scope="session")
def vault() -> Vault:
    return Vault({1: bytes(range(32))}, bytes(range(32, 64)))


@pytest.fixture(scope="session")
def pack() -> "Pack":
    """The policies of the product, loaded once."""
    from tongban.law import load_pack

    return load_pack(ROOT / "policies")


async def _make_template(server: EmbeddedPostgres) -> None:
    async with connected(server.url("postgres")) as connection:
        await connection.execute(f"create database {_TEMPLATE}")
    await migrate(server.url(_TEMPLATE), AppLogin(APP_USER, _APP_PASSWORD))


async def _statement(server: EmbeddedPostgres, statement: str) -> None:
    async with connected(server.url("postgres")) as connection:
        await connection.execute(statement)
