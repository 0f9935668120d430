"""PostgreSQL killed under those who work with it: a server of one's own, the killing, what going away looks like."""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg

from tongban.infra.db import Connection, connect, connected
from tongban.infra.db.binaries import find_binaries
from tongban.infra.db.embedded import EmbeddedPostgres
from tongban.infra.db.folder import locate, processes_in
from tongban.infra.db.logins import AppLogin
from tongban.infra.db.migrate import migrate
from tongban.infra.db.server import APP_USER

PASSWORD = "for-this-test-only"
DATABASE = "fault"
# What a server that goes away looks like; the third when it goes in the middle of a transaction's statements.
GONE = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.CannotConnectNowError,
    OSError,
)


@contextmanager
def server_in(folder: Path) -> Iterator[EmbeddedPostgres]:
    """A server of its own with everything on that keeps promises."""
    with EmbeddedPostgres(locate(folder), find_binaries("embedded"), may_join=False) as server:
        yield server


async def create_database(server: EmbeddedPostgres) -> None:
    async with connected(server.url("postgres")) as db:
        await db.execute(f"create database {DATABASE}")
    await migrate(server.url(DATABASE), AppLogin(APP_USER, PASSWORD))


def app_url(server: EmbeddedPostgres) -> str:
    return server.url(DATABASE, APP_USER, PASSWORD)


def owner_url(server: EmbeddedPostgres) -> str:
    return server.url(DATABASE)


class Line:
    """A connection that is opened anew after the server went away."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: Connection | None = None

    async def open(self) -> Connection:
        if self._connection is None or self._connection.is_closed():
            self._connection = await connect(self._url)
        return self._connection

    async def broke(self) -> None:
        """Leave the broken one, and the server a moment."""
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None
        await asyncio.sleep(0.05)

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()


def kill(server: EmbeddedPostgres) -> None:
    """All of the server's processes at once, as when the machine loses power but for its disk cache."""
    assert server.pid is not None
    for pid in {server.pid, *processes_in(server.folder.data)}:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def work_while_killed(
    server: EmbeddedPostgres,
    work: Callable[[], Coroutine[Any, Any, object]],
    *,
    done: Callable[[], int],
    killed_at: Sequence[int],
) -> None:
    """Do `work` to its end in a thread of its own, killing the server each time `done` reaches one of `killed_at`.

    Fails when the work fails, or was over before the server had been killed that often: then nothing was shown.
    """
    failures: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(work())
        except BaseException as failure:
            failures.append(failure)

    worker = threading.Thread(target=run)
    worker.start()
    for threshold in killed_at:
        while worker.is_alive() and done() < threshold:
            time.sleep(0.002)
        assert worker.is_alive(), f"all was done before the server was killed often enough: {failures}"
        kill(server)
        killed = server.pid
        while server.pid == killed:
            server.keep_alive()
            time.sleep(0.01)
    worker.join(timeout=60)
    assert not worker.is_alive()
    assert failures == []
