"""The schema as numbered SQL files, applied forward only and each exactly once.

What was applied stands in `public.infra_migrations` with the checksum of its file: a file that was changed afterwards
is refused, because nobody could say any more what this database looks like.
"""

import hashlib
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import asyncpg

from tongban.infra.db import Db, connected
from tongban.infra.db.errors import MigrationRefused
from tongban.infra.db.logins import APP_ROLE, AppLogin, admit

MIGRATIONS = Path(__file__).parent / "migrations"

_FILE_NAME = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")
# Any number will do, as long as nobody else locks the same: "TONGBAN" in ASCII.
_LOCK = 0x544F4E4742414E


class Migration(NamedTuple):
    number: int
    name: str
    sql: str
    sha256: str


class MigrationState(NamedTuple):
    number: int
    name: str
    applied_at: datetime | None
    is_changed: bool


def read_migrations(folder: Path = MIGRATIONS) -> list[Migration]:
    """All files of `folder` in order. Raises MigrationRefused when the numbers are not 1, 2, 3 …"""
    migrations = []
    for path in sorted(folder.glob("*.sql")):
        match = _FILE_NAME.fullmatch(path.name)
        if match is None:
            raise MigrationRefused(f"迁移文件 {path.name} 的名字不对，应该像 0008_what_it_does.sql")
        raw = path.read_bytes()
        migrations.append(Migration(int(match[1]), path.name, raw.decode(), hashlib.sha256(raw).hexdigest()))
    for expected, migration in enumerate(migrations, start=1):
        if migration.number != expected:
            raise MigrationRefused(f"迁移文件的编号要连续：第 {expected} 个文件却是 {migration.name}")
    return migrations


async def migrate(owner_url: str, login: AppLogin | None = None, *, folder: Path = MIGRATIONS) -> list[str]:
    """Bring the database up to date and return the names of the files applied now; a second call applies none.

    Two processes at once take turns. Each file is one transaction, so a file that fails leaves the ones before it
    applied and itself not. `login` is created if need be and made a member of the app role. Raises MigrationRefused.
    """
    migrations = read_migrations(folder)
    # A table in use must not stop the migration for long, nor the waiting migration everybody who comes after it.
    async with (
        connected(
            owner_url, lock_timeout="5s", statement_timeout="10min", idle_in_transaction_session_timeout="10min"
        ) as db,
        _turn(db),
    ):
        await _create_register(db)
        applied = await _check_applied(db, migrations)
        todo = [migration for migration in migrations if migration.number not in applied]
        for migration in todo:
            await _apply(db, migration)
        await db.execute(f"grant select on public.infra_migrations to {APP_ROLE}")
        if login is not None:
            await admit(db, login)
    return [migration.name for migration in todo]


async def migration_states(db: Db, *, folder: Path = MIGRATIONS) -> list[MigrationState]:
    """What is applied, what waits, and which file no longer is what was applied."""
    applied = await _applied(db) if await db.fetchval("select to_regclass('public.infra_migrations')") else {}
    states = []
    for migration in read_migrations(folder):
        sha256, at = applied.get(migration.number, (migration.sha256, None))
        states.append(MigrationState(migration.number, migration.name, at, sha256 != migration.sha256))
    return states


@asynccontextmanager
async def _turn(db: Db) -> AsyncIterator[None]:
    """One migrating process at a time per database; the others wait for it, at most two minutes."""
    async with db.transaction():
        await db.execute("set local lock_timeout = '2min'")
        try:
            await db.execute("select pg_advisory_lock($1)", _LOCK)
        except asyncpg.LockNotAvailableError:
            raise MigrationRefused("另一个程序正在更新数据库，等了两分钟还没有结束，请稍后再试") from None
    try:
        yield
    finally:
        await db.execute("select pg_advisory_unlock($1)", _LOCK)


@contextmanager
def _naming(migration: Migration) -> Iterator[None]:
    """Turn what the database says into a sentence that names the file."""
    try:
        yield
    except asyncpg.LockNotAvailableError:
        raise MigrationRefused(f"{migration.name} 要改的表正忙，没有等到：什么都没有改，请稍后再试") from None
    except asyncpg.PostgresError as error:
        raise MigrationRefused(f"{migration.name} 没有成功，已全部退回：{error}") from error


async def _apply(db: Db, migration: Migration) -> None:
    with _naming(migration):
        async with db.transaction():
            await db.execute(migration.sql)
            await db.execute(
                "insert into public.infra_migrations (number, name, sha256) values ($1, $2, $3)",
                migration.number,
                migration.name,
                migration.sha256,
            )


async def _create_register(db: Db) -> None:
    await db.execute(
        """create table if not exists public.infra_migrations (
             number     integer primary key,
             name       text not null,
             sha256     text not null,
             applied_at timestamptz not null default now()
           )"""
    )


async def _applied(db: Db) -> dict[int, tuple[str, datetime]]:
    rows = await db.fetch("select number, sha256, applied_at from public.infra_migrations")
    return {row["number"]: (row["sha256"], row["applied_at"]) for row in rows}


async def _check_applied(db: Db, migrations: list[Migration]) -> set[int]:
    applied = await _applied(db)
    for migration in migrations:
        sha256, _ = applied.get(migration.number, (migration.sha256, None))
        if sha256 != migration.sha256:
            raise MigrationRefused(
                f"{migration.name} 已经用过又被改了内容：请恢复原文件，要改的写进一个新的编号"
                "（还在试用、数据可以不要时，也可以删掉数据文件夹重来）"
            )
    if (newer := max(applied, default=0) - len(migrations)) > 0:
        raise MigrationRefused(f"数据库比程序新 {newer} 个迁移：请使用更新的程序版本")
    return set(applied)
