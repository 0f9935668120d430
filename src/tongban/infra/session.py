"""Server-side sessions: a row per signed-in browser, found by a hash of the random id that the browser holds.

A copy of the table opens no session. What is in `data`, and for how long it holds, is the door's business.
"""

import hashlib
from datetime import datetime
from typing import NamedTuple

from tongban.infra.db import Db


class StoredSession(NamedTuple):
    data: bytes
    until: datetime


async def read(db: Db, session_id: str, now: datetime) -> StoredSession | None:
    """None when there is no such session or it has ended."""
    row = await db.fetchrow(
        "select data, until from infra.session where key_hash = $1 and until > $2", _hash(session_id), now
    )
    return StoredSession(row["data"], row["until"]) if row else None


async def write(db: Db, session_id: str, data: bytes, until: datetime, *, person_id: int | None = None) -> None:
    await db.execute(
        """insert into infra.session (key_hash, data, until, person_id) values ($1, $2, $3, $4)
           on conflict (key_hash) do update set data = $2, until = $3, person_id = $4""",
        _hash(session_id),
        data,
        until,
        person_id,
    )


async def renew(db: Db, session_id: str, until: datetime) -> None:
    """Later only: two requests of one browser may arrive in either order."""
    await db.execute("update infra.session set until = $2 where key_hash = $1 and until < $2", _hash(session_id), until)


async def remove(db: Db, session_id: str) -> None:
    await db.execute("delete from infra.session where key_hash = $1", _hash(session_id))


async def remove_all_of(db: Db, person_id: int) -> None:
    """Sign the person out everywhere."""
    await db.execute("delete from infra.session where person_id = $1", person_id)


async def remove_ended(db: Db, now: datetime) -> None:
    await db.execute("delete from infra.session where until <= $1", now)


def _hash(session_id: str) -> bytes:
    return hashlib.sha256(session_id.encode()).digest()
