"""PostgreSQL as the stores see it: one small protocol, a pool, and JSON columns that are Python objects."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol, TypeAlias, runtime_checkable

import asyncpg
import msgspec

# Web processes must not wait for ever on anything; whoever runs a long statement on purpose raises its own limit.
_SESSION = {
    "application_name": "tongban",
    "timezone": "Asia/Shanghai",
    "statement_timeout": "30s",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "60s",
    "jit": "off",
}

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


@runtime_checkable
class Db(Protocol):
    """What a store needs of a connection; a pool's connection and a plain one both are a `Db`.

    Rows answer to ``row["column"]``. `transaction()` inside a transaction is a savepoint.
    """

    async def fetch(self, query: str, /, *args: Any) -> list[Any]: ...

    async def fetchrow(self, query: str, /, *args: Any) -> Any: ...

    async def fetchval(self, query: str, /, *args: Any) -> Any: ...

    async def execute(self, query: str, /, *args: Any) -> str: ...

    async def executemany(self, command: str, /, args: Iterable[Sequence[Any]]) -> None: ...

    async def copy_records_to_table(
        self,
        table_name: str,
        /,
        *,
        records: Iterable[Sequence[Any]],
        columns: Iterable[str] | None = None,
        schema_name: str | None = None,
    ) -> str: ...

    def transaction(self) -> AbstractAsyncContextManager[Any]: ...


async def create_pool(url: str, *, size_min: int = 1, size_max: int = 10) -> Pool:
    """A pool whose connections read and write jsonb as Python objects. Close it with ``await pool.close()``."""
    return await asyncpg.create_pool(
        url,
        min_size=size_min,
        max_size=size_max,
        init=_prepare,
        reset=_nothing_to_reset,
        server_settings=_SESSION,
        command_timeout=60,
    )


async def connect(url: str, **server_settings: str) -> Connection:
    """One connection like a pool's; `server_settings` override the limits, e.g. ``statement_timeout="0"``."""
    connection: Connection = await asyncpg.connect(url, server_settings={**_SESSION, **server_settings})
    await _prepare(connection)
    return connection


@asynccontextmanager
async def connected(url: str, **server_settings: str) -> AsyncIterator[Connection]:
    """`connect`, and close when the block ends. After an error the connection is dropped without asking the server,
    which may be the one that failed."""
    connection = await connect(url, **server_settings)
    try:
        yield connection
    except BaseException:
        connection.terminate()
        raise
    await connection.close()


async def _nothing_to_reset(connection: Connection) -> None:
    """What a request leaves behind on a connection: nothing, so that giving it back costs no round trip.

    asyncpg still rolls back an open transaction before this is asked. Web processes take no session locks, listen to
    nothing, declare no cursors that outlive a transaction, and change settings only for one transaction.
    """


async def _prepare(connection: Connection) -> None:
    for name in ("json", "jsonb"):
        await connection.set_type_codec(name, schema="pg_catalog", encoder=_to_json, decoder=msgspec.json.decode)


def _to_json(value: object) -> str:
    return msgspec.json.encode(value).decode()
