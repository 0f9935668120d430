"""Migrations: forward only, each once, and a changed past is refused."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from tongban.infra.db import Db, connected
from tongban.infra.db.embedded import EmbeddedPostgres
from tongban.infra.db.errors import MigrationRefused
from tongban.infra.db.logins import AppLogin
from tongban.infra.db.migrate import MIGRATIONS, migrate, migration_states, read_migrations

LOGIN = AppLogin("tongban_test_login", "a-password-with-'quotes'-and-中文")


@pytest.fixture
def empty_url(postgres: EmbeddedPostgres) -> Iterator[str]:
    """The owner's URL of a database without any schema of ours."""
    asyncio.run(_as_superuser(postgres, "create database empty_one"))
    yield postgres.url("empty_one")
    asyncio.run(_as_superuser(postgres, "drop database empty_one with (force)"))


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "0001_role.sql").write_text((MIGRATIONS / "0001_roles_and_infra.sql").read_text())
    (tmp_path / "0002_note.sql").write_text("create table public.note (note_id integer primary key);")
    return tmp_path


async def _as_superuser(server: EmbeddedPostgres, statement: str) -> None:
    async with connected(server.url("postgres")) as db:
        await db.execute(statement)


@asynccontextmanager
async def as_login(owner_url: str, login: AppLogin) -> AsyncIterator[Db]:
    place = urlsplit(owner_url)
    query = dict(part.split("=") for part in place.query.split("&"))
    connection = await asyncpg.connect(
        host=query["host"],
        port=int(query["port"]),
        database=place.path.lstrip("/"),
        user=login.user,
        password=login.password,
    )
    try:
        yield connection
    finally:
        await connection.close()


async def test_every_shipped_migration_applies_and_a_second_time_does_nothing(empty_url: str) -> None:
    names = [migration.name for migration in read_migrations()]
    assert await migrate(empty_url) == names
    assert await migrate(empty_url) == []
    async with connected(empty_url) as db:
        states = await migration_states(db)
    assert [state.name for state in states] == names
    assert all(state.applied_at and not state.is_changed for state in states)


async def test_two_at_once_take_turns_and_apply_each_file_once(empty_url: str) -> None:
    done = await asyncio.gather(*(migrate(empty_url, LOGIN) for _ in range(4)))
    assert sorted(map(len, done)) == [0, 0, 0, len(read_migrations())]


async def test_a_file_changed_after_it_was_applied_is_refused_by_name(empty_url: str, files: Path) -> None:
    await migrate(empty_url, folder=files)
    (files / "0002_note.sql").write_text("create table public.note (note_id bigint primary key);")
    (files / "0003_more.sql").write_text("create table public.more (a integer);")
    with pytest.raises(MigrationRefused, match=r"0002_note\.sql"):
        await migrate(empty_url, folder=files)
    async with connected(empty_url) as db:
        assert await db.fetchval("select to_regclass('public.more')") is None
        assert [state.is_changed for state in await migration_states(db, folder=files)] == [False, True, False]


async def test_a_file_that_fails_leaves_nothing_of_itself_and_all_before_it(empty_url: str, files: Path) -> None:
    (files / "0003_half.sql").write_text("create table public.half (a integer); select 1 / 0;")
    with pytest.raises(MigrationRefused, match=r"0003_half\.sql"):
        await migrate(empty_url, folder=files)
    async with connected(empty_url) as db:
        assert await db.fetchval("select to_regclass('public.half')") is None
        assert await db.fetchval("select to_regclass('public.note')") is not None
    (files / "0003_half.sql").write_text("create table public.half (a integer);")
    assert await migrate(empty_url, folder=files) == ["0003_half.sql"]


async def test_a_busy_table_stops_the_migration_soon_and_not_the_others_behind_it(empty_url: str, files: Path) -> None:
    await migrate(empty_url, folder=files)
    (files / "0003_alter.sql").write_text("set local lock_timeout = '100ms'; alter table public.note add b integer;")
    async with connected(empty_url) as db, db.transaction():
        await db.execute("insert into public.note values (1)")
        with pytest.raises(MigrationRefused, match=r"0003_alter\.sql.*忙"):
            await migrate(empty_url, folder=files)


async def test_a_database_newer_than_the_program_is_refused(empty_url: str, files: Path) -> None:
    await migrate(empty_url, folder=files)
    (files / "0002_note.sql").unlink()
    with pytest.raises(MigrationRefused, match="比程序新 1 个"):
        await migrate(empty_url, folder=files)


@pytest.mark.parametrize("name", ["0004_gap.sql", "0002_twice.sql", "notes.sql"])
def test_numbers_with_gaps_doubles_or_no_number_are_refused(files: Path, name: str) -> None:
    (files / name).write_text("")
    with pytest.raises(MigrationRefused):
        read_migrations(files)


async def test_the_web_account_gets_in_with_its_password_and_only_reads_and_writes(empty_url: str) -> None:
    await migrate(empty_url, LOGIN)
    async with as_login(empty_url, LOGIN) as db:
        assert await db.fetchval("select count(*) from people.person") == 0
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await db.execute("drop table people.person")
    with pytest.raises(asyncpg.InvalidPasswordError):
        async with as_login(empty_url, AppLogin(LOGIN.user, "wrong")):
            pass


async def test_a_changed_password_takes_effect_with_the_next_migrate(empty_url: str) -> None:
    await migrate(empty_url, LOGIN)
    changed = AppLogin(LOGIN.user, "another-password-altogether")
    await migrate(empty_url, changed)
    async with as_login(empty_url, changed) as db:
        assert await db.fetchval("select 1") == 1


async def test_web_processes_may_not_sign_in_as_the_owner(empty_url: str) -> None:
    with pytest.raises(MigrationRefused, match="权限太大"):
        await migrate(empty_url, AppLogin("postgres", None))
