"""The shipped tables, loaded once into a database that the tests of this folder only read."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tongban.directory import LoadReport, Regions, all_regions, connect_for_demo, load_directory
from tongban.infra.db import Connection, connected
from tongban.infra.db.embedded import EmbeddedPostgres

DATA = Path(__file__).resolve().parents[2] / "data"
NOW = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def loaded(postgres: EmbeddedPostgres) -> Iterator[tuple[str, LoadReport]]:
    """The owner's URL of the loaded database, and what the load reported."""
    name = "test_directory_loaded"
    asyncio.run(_run(postgres, f"create database {name} template tongban_template"))
    yield postgres.url(name), asyncio.run(_load(postgres.url(name)))
    asyncio.run(_run(postgres, f"drop database {name} with (force)"))


@pytest.fixture
async def reader(loaded: tuple[str, LoadReport]) -> AsyncIterator[Connection]:
    """A connection with the rights of a web process."""
    async with connected(loaded[0]) as connection:
        await connection.execute("set role tongban_app")
        yield connection


@pytest.fixture(scope="session")
def regions(loaded: tuple[str, LoadReport]) -> Regions:
    return asyncio.run(_regions(loaded[0]))


async def _load(url: str) -> LoadReport:
    async with connected(url) as owner_db:
        report = await load_directory(owner_db, DATA, now=NOW)
        await connect_for_demo(owner_db)
        return report


async def _regions(url: str) -> Regions:
    async with connected(url) as connection:
        return await all_regions(connection)


async def _run(postgres: EmbeddedPostgres, statement: str) -> None:
    async with connected(postgres.url("postgres")) as connection:
        await connection.execute(statement)
