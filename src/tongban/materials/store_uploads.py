"""SQL of pictures on their way."""

from datetime import datetime
from typing import Final
from uuid import UUID

from tongban.infra.db import Db
from tongban.materials.model import Announced

_THIS: Final = "person_id = $1 and draft_id = $2 and slot = $3 and sha256 = $4"


def _key(what: Announced) -> tuple[int, UUID, str, bytes]:
    return what.person_id, what.draft_id, what.slot, bytes.fromhex(what.sha256)


async def bytes_here(db: Db, what: Announced, now: datetime) -> int:
    found: int | None = await db.fetchval(
        f"select bytes_here from materials.upload where {_THIS} and bytes_total = $5 and expires_at > $6",  # noqa: S608
        *_key(what),
        what.bytes_total,
        now,
    )
    return found or 0


async def give_way(db: Db, what: Announced, others_max: int) -> None:
    """Of the sender's other pictures on their way the newest stay; one that was left behind blocks nobody."""
    await db.execute(
        """delete from materials.upload where person_id = $1 and (draft_id, slot, sha256) in (
             select draft_id, slot, sha256 from materials.upload
             where person_id = $1 and (draft_id, slot, sha256) <> ($2, $3, $4)
             order by expires_at desc offset $5)""",
        *_key(what),
        others_max,
    )


async def begin(db: Db, what: Announced, now: datetime, expires_at: datetime) -> int | None:
    """The bytes that are here; holds the row until the transaction ends, so that two windows take turns. None when a
    picture of that hash was announced with another length: one of the two is wrong."""
    found: int | None = await db.fetchval(
        """insert into materials.upload as u (person_id, draft_id, slot, sha256, bytes_total, began_at, expires_at)
           values ($1, $2, $3, $4, $5, $6, $7)
           on conflict (person_id, draft_id, slot, sha256) do update set expires_at = excluded.expires_at
             where u.bytes_total = excluded.bytes_total
           returning bytes_here""",
        *_key(what),
        what.bytes_total,
        now,
        expires_at,
    )
    return found


async def add_piece(db: Db, what: Announced, starts_at: int, content_enc: bytes, length: int) -> None:
    await db.execute(
        """insert into materials.piece (person_id, draft_id, slot, sha256, starts_at, content_enc)
           values ($1, $2, $3, $4, $5, $6)""",
        *_key(what),
        starts_at,
        content_enc,
    )
    await db.execute(
        f"update materials.upload set bytes_here = bytes_here + $5 where {_THIS}",  # noqa: S608
        *_key(what),
        length,
    )


async def pieces(db: Db, what: Announced) -> list[tuple[int, bytes]]:
    """Offset and sealed content, in order."""
    rows = await db.fetch(
        f"select starts_at, content_enc from materials.piece where {_THIS} order by starts_at",  # noqa: S608
        *_key(what),
    )
    return [(row["starts_at"], bytes(row["content_enc"])) for row in rows]


async def remove(db: Db, what: Announced) -> None:
    await db.execute(f"delete from materials.upload where {_THIS}", *_key(what))  # noqa: S608


async def remove_expired(db: Db, now: datetime, person_id: int | None = None) -> int:
    """Of one person or, for housekeeping, of all. Returns how many there were."""
    done = await db.execute(
        "delete from materials.upload where expires_at <= $1 and ($2::bigint is null or person_id = $2)", now, person_id
    )
    return int(done.split()[-1])
