"""Optimistic first, then once more under the lock: bounded, no retry loop."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg

from tongban.infra.db import Db
from tongban.settlement.errors import Busy

T = TypeVar("T")

# Somebody else came first: the guards of a write did not hold, a unique key was just taken, or a lock was waited for
# too long. Nothing was written in either case.
CONFLICTS = (
    asyncpg.SerializationError,
    asyncpg.UniqueViolationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.LockNotAvailableError,
)


async def with_one_retry(db: Db, lock: Callable[[], Awaitable[None]], attempt: Callable[[], Awaitable[T]]) -> T:
    """`attempt` reads and then writes in one guarded statement.

    On a conflict it runs once again inside a transaction that first takes the locks, so that its read (a statement of
    its own, with a snapshot taken after the wait) is still true when it writes. Most people never have two bills at
    once, and for them nothing is ever locked. Raises Busy when even that was overtaken.
    """
    try:
        return await attempt()
    except CONFLICTS:
        pass
    try:
        async with db.transaction():
            await lock()
            return await attempt()
    except CONFLICTS:
        raise Busy("这个人的另一笔业务正在办理，这一笔还没有办；请稍等几秒，用同一个报文号再发一次") from None
