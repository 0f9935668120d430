"""From settings to a database that can be talked to, whoever runs it."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from urllib.parse import unquote, urlsplit

import asyncpg

from tongban.infra.db import connected
from tongban.infra.db.binaries import find_binaries
from tongban.infra.db.embedded import EmbeddedPostgres
from tongban.infra.db.errors import DatabaseTrouble
from tongban.infra.db.folder import locate
from tongban.infra.db.logins import AppLogin
from tongban.settings import Settings

DATABASE = "tongban"
APP_USER = "tongban_web"


@dataclass(frozen=True)
class RunningDatabase:
    """`settings` hold both URLs. `keep_alive` starts a server of our own again should it have died; it is cheap."""

    settings: Settings
    keep_alive: Callable[[], None]


@contextmanager
def open_database(settings: Settings, *, may_join: bool = True, wait: float = 0.0) -> Iterator[Settings]:
    """The same settings with `database_url` and `owner_database_url` filled in, while the database is up.

    A server of our own is started, or joined when another process runs it already (`may_join`), and stopped at the end
    by the one who started it. Settings that name a database already come back as they are. The database exists then;
    its schema is the business of `migrate`. Call it from the main thread, outside an event loop. Raises
    DatabaseTrouble.
    """
    with run_database(settings, may_join=may_join, wait=wait) as running:
        yield running.settings


@contextmanager
def run_database(settings: Settings, *, may_join: bool = False, wait: float = 0.0) -> Iterator[RunningDatabase]:
    """`open_database` for the process that looks after the server."""
    if settings.database_url is not None:
        yield RunningDatabase(settings, keep_alive=lambda: None)
        return
    if settings.postgres == "external":
        raise DatabaseTrouble(
            "TONGBAN_POSTGRES=external 需要同时设 DATABASE_URL，例如 postgresql://用户:密码@主机/tongban"
        )
    app_password = settings.secrets.app_password
    folder = locate(settings.var_dir / "postgres")
    with EmbeddedPostgres(folder, find_binaries(settings.postgres), may_join=may_join, wait=wait) as server:
        asyncio.run(_create_database(server.url("postgres")))
        urls = replace(
            settings,
            database_url=server.url(DATABASE, APP_USER, app_password),
            owner_database_url=server.url(DATABASE),
        )
        yield RunningDatabase(urls, keep_alive=server.keep_alive)


def owner_url(settings: Settings) -> str:
    """The URL of whoever may change the schema and the reference tables. Raises DatabaseTrouble when only the web
    processes' is known."""
    if settings.owner_database_url is None:
        raise DatabaseTrouble(
            "改数据库结构、装基础数据要用所有者的连接：请设 TONGBAN_OWNER_DATABASE_URL，例如 postgresql://所有者:密码@主机/tongban"
        )
    return settings.owner_database_url


def app_login(settings: Settings) -> AppLogin | None:
    """Whom `migrate` lets in for the web processes: the user of `database_url`.

    On a server of our own the password is ours to set. An outside server's operator sets it there.
    """
    if settings.database_url is None:
        return None
    user = unquote(urlsplit(settings.database_url).username or "")
    if not user:
        raise DatabaseTrouble("DATABASE_URL 里没有写用户名，例如 postgresql://用户:密码@主机/tongban")
    return AppLogin(user, None if settings.postgres == "external" else settings.secrets.app_password)


async def _create_database(url: str) -> None:
    async with connected(url) as db:
        if await db.fetchval("select true from pg_database where datname = $1", DATABASE):
            return
        try:
            await db.execute(f"create database {DATABASE}")
        except asyncpg.DuplicateDatabaseError:
            return  # somebody who joined at the same moment was faster
