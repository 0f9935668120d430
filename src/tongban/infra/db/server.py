"""From settings to a database that can be talked to, whoever runs it."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
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


@contextmanager
def open_database(
    settings: Settings,
    *,
    may_join: bool = True,
    wait: float = 0.0,
    server_settings: Mapping[str, str] | None = None,
) -> Iterator[Settings]:
    """The same settings with `database_url` and `owner_database_url` filled in, while the database is up.

    A server of our own is started, or joined when another process runs it already (`may_join`), and stopped at the end
    by the one who started it. Call it from the main thread, outside an event loop. The database exists then; its schema
    is the business of `migrate`. Raises DatabaseTrouble.
    """
    if settings.postgres == "external":
        if settings.database_url is None:
            raise DatabaseTrouble(
                "TONGBAN_POSTGRES=external 需要同时设 DATABASE_URL，例如 postgresql://用户:密码@主机/tongban"
            )
        yield settings
        return
    app_password = settings.secrets.app_password
    folder = locate(settings.var_dir / "postgres")
    server = EmbeddedPostgres(
        folder, find_binaries(settings.postgres), settings=server_settings, may_join=may_join, wait=wait
    )
    with server:
        asyncio.run(_create_database(server.url("postgres")))
        yield replace(
            settings,
            database_url=server.url(DATABASE, APP_USER, app_password),
            owner_database_url=server.url(DATABASE),
        )


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
