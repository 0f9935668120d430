"""SQL of pictures on their way."""

from datetime import datetime

from tongban.infra.db import Db
from tongban.materials.model import Announced


async def bytes_here(db: Db, what: Announced, now: datetime) -> int:
    found: int | None = await db.fetchval(
        """select bytes_here from materials.upload
           where person_id = $1 and draft_id = $2 and slot = $3 and sha256 = $4 and bytes_total = $5
             and expires_at > $6""",
        what.person_id,
        what.draft_id,
        what.slot,
        bytes.fromhex(what.sha256),
        what.bytes_total,
        now,
    )
    return found or 0


async def others(db: Db, what: Announced) -> int:
    """Pictures of the same sender that are on their way to other slots."""
    found: int = await db.fetchval(
        "select count(*) from materials.upload where person_id = $1 and (draft_id, slot) <> ($2, $3)",
        what.person_id,
        what.draft_id,
        what.slot,
    )
    return found


async def begin(db: Db, what: Announced, now: datetime, expires_at: datetime) -> int:
    """The bytes that are here; holds the row until the transaction ends, so that two windows take turns.

    A picture of another content or length begins anew, and what had arrived of the former is dropped.
    """
    await db.execute(
        """delete from materials.upload
           where person_id = $1 and draft_id = $2 and slot = $3 and (sha256, bytes_total) <> ($4, $5)""",
        what.person_id,
        what.draft_id,
        what.slot,
        bytes.fromhex(what.sha256),
        what.bytes_total,
    )
    found: int = await db.fetchval(
        """insert into materials.upload as u (person_id, draft_id, slot, sha256, bytes_total, began_at, expires_at)
           values ($1, $2, $3, $4, $5, $6, $7)
           on conflict (person_id, draft_id, slot) do update set expires_at = excluded.expires_at
           returning bytes_here""",
        what.person_id,
        what.draft_id,
        what.slot,
        bytes.fromhex(what.sha256),
        what.bytes_total,
        now,
        expires_at,
    )
    return found


async def add_piece(db: Db, what: Announced, starts_at: int, content_enc: bytes, length: int) -> None:
    await db.execute(
        """insert into materials.piece (person_id, draft_id, slot, starts_at, content_enc)
           values ($1, $2, $3, $4, $5)""",
        what.person_id,
        what.draft_id,
        what.slot,
        starts_at,
        content_enc,
    )
    await db.execute(
        """update materials.upload set bytes_here = bytes_here + $4
           where person_id = $1 and draft_id = $2 and slot = $3""",
        what.person_id,
        what.draft_id,
        what.slot,
        length,
    )


async def pieces(db: Db, what: Announced) -> list[tuple[int, bytes]]:
    """Offset and sealed content, in order."""
    rows = await db.fetch(
        """select starts_at, content_enc from materials.piece
           where person_id = $1 and draft_id = $2 and slot = $3 order by starts_at""",
        what.person_id,
        what.draft_id,
        what.slot,
    )
    return [(row["starts_at"], bytes(row["content_enc"])) for row in rows]


async def remove(db: Db, what: Announced) -> None:
    await db.execute(
        "delete from materials.upload where person_id = $1 and draft_id = $2 and slot = $3",
        what.person_id,
        what.draft_id,
        what.slot,
    )


async def remove_expired(db: Db, now: datetime, person_id: int | None = None) -> int:
    """Of one person or, for housekeeping, of all. Returns how many there were."""
    done = await db.execute(
        "delete from materials.upload where expires_at <= $1 and ($2::bigint is null or person_id = $2)", now, person_id
    )
    return int(done.split()[-1])
