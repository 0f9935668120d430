"""SQL of materials. Rows in, typed values out."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from tongban.infra.db import Db
from tongban.materials.model import Material, MaterialKind

MATERIAL = """
  m.person_id, m.material_serial, m.kind, m.sha256, m.pages_sha256, m.bytes, m.uploaded_by, m.uploaded_at, m.keep_until
"""

# Draft pages that still hold a material which was handed in with nothing yet.
IN_DRAFT = """
  exists (select from drafts.v_paper p
          where p.person_id in (m.uploaded_by, m.person_id) and p.owner_id = m.person_id
            and p.material_serial = m.material_serial and p.expires_on >= {today})
"""


def material_of(row: Any) -> Material:
    return Material(
        person_id=row["person_id"],
        material_serial=row["material_serial"],
        kind=MaterialKind(row["kind"]),
        sha256=bytes(row["sha256"]).hex(),
        pages_sha256=tuple(bytes(digest).hex() for digest in row["pages_sha256"]),
        bytes=row["bytes"],
        uploaded_by=row["uploaded_by"],
        uploaded_at=row["uploaded_at"],
        keep_until=row["keep_until"],
    )


# --- put away ---------------------------------------------------------------------------------------------------------


# While a picture is put away its object may be there before its row. Whoever removes objects without rows waits.
_PUTTING = "hashtext('materials.putting')"


async def begin_putting(db: Db) -> None:
    """Many may, until their transactions end; not while objects without rows are removed."""
    await db.execute(f"select pg_advisory_xact_lock_shared({_PUTTING})")


async def hold_putting(db: Db) -> None:
    """Nobody puts anything away until the transaction ends."""
    await db.execute(f"select pg_advisory_xact_lock({_PUTTING})")


async def lock_person(db: Db, person_id: int) -> None:
    """Hold the person's pictures until the transaction ends: putting away and purging take turns."""
    await db.execute(
        """insert into materials.person_serial (person_id, next_serial) values ($1, 1)
           on conflict (person_id) do update set next_serial = materials.person_serial.next_serial""",
        person_id,
    )


async def same_picture(db: Db, *, person_id: int, kind: MaterialKind, sha256: str, uploaded_by: int) -> Material | None:
    row = await db.fetchrow(
        f"""select {MATERIAL} from materials.material m
            where person_id = $1 and kind = $2 and sha256 = $3 and uploaded_by = $4""",  # noqa: S608 - fixed columns
        person_id,
        kind,
        bytes.fromhex(sha256),
        uploaded_by,
    )
    return material_of(row) if row else None


async def want_again(db: Db, material: Material, now: datetime) -> None:
    """The picture was sent or taken again: its time as a loose one begins anew."""
    await db.execute(
        """update materials.material set wanted_at = greatest(wanted_at, $3)
           where person_id = $1 and material_serial = $2""",
        material.person_id,
        material.material_serial,
        now,
    )


async def insert(
    db: Db,
    *,
    person_id: int,
    kind: MaterialKind,
    sha256: str,
    pages_sha256: Sequence[str],
    size: int,
    uploaded_by: int,
    now: datetime,
) -> Material:
    """Under `lock_person`."""
    row = await db.fetchrow(
        f"""with taken as (
              update materials.person_serial set next_serial = next_serial + 1 where person_id = $1
              returning next_serial - 1 as serial)
            insert into materials.material as m (person_id, material_serial, kind, sha256, pages_sha256, bytes,
                                                 uploaded_by, uploaded_at, wanted_at)
            select $1, serial, $2, $3, $4, $5, $6, $7, $7 from taken
            returning {MATERIAL}""",  # noqa: S608 - fixed columns
        person_id,
        kind,
        bytes.fromhex(sha256),
        [bytes.fromhex(digest) for digest in pages_sha256],
        size,
        uploaded_by,
        now,
    )
    return material_of(row)


async def loose_count(db: Db, uploaded_by: int, person_id: int) -> int:
    """Pictures of that person's papers, by that sender, that were handed in with nothing yet."""
    found: int = await db.fetchval(
        """select count(*) from materials.material
           where person_id = $1 and uploaded_by = $2 and keep_until is null""",
        person_id,
        uploaded_by,
    )
    return found


# --- found again ------------------------------------------------------------------------------------------------------


async def visible(db: Db, viewer_id: int, person_id: int, serial: int, today: date) -> Material | None:
    """The material, if the viewer may see it: the owner always; who took the picture while it lies in a draft of
    theirs, or in a matter that is not closed."""
    row = await db.fetchrow(
        f"""select {MATERIAL} from materials.material m
            where m.person_id = $2 and m.material_serial = $3 and (
              m.person_id = $1
              or m.uploaded_by = $1 and ({IN_DRAFT.format(today="$4")} or exists (
                select from materials.attachment a
                where a.owner_id = m.person_id and a.material_serial = m.material_serial and a.closed_at is null)))""",  # noqa: S608
        viewer_id,
        person_id,
        serial,
        today,
    )
    return material_of(row) if row else None


async def by_serial(db: Db, person_id: int, serial: int) -> Material | None:
    row = await db.fetchrow(
        f"select {MATERIAL} from materials.material m where person_id = $1 and material_serial = $2",  # noqa: S608
        person_id,
        serial,
    )
    return material_of(row) if row else None


async def attached_to(db: Db, person_id: int, subject: str) -> list[Material]:
    rows = await db.fetch(
        f"""select {MATERIAL} from materials.attachment a
            join materials.material m on m.person_id = a.owner_id and m.material_serial = a.material_serial
            where a.person_id = $1 and a.subject = $2
            order by m.uploaded_at, m.person_id, m.material_serial""",  # noqa: S608 - fixed columns
        person_id,
        subject,
    )
    return [material_of(row) for row in rows]


async def handed_in_before(
    db: Db, person_id: int, kinds: Sequence[MaterialKind], viewer_id: int, since: datetime
) -> list[Material]:
    """Of each kind what was handed in with something since then and that viewer may use, newest first, each picture
    once."""
    rows = await db.fetch(
        f"""select distinct on (m.kind, m.sha256) {MATERIAL} from materials.material m
            where m.person_id = $1 and m.kind = any($2) and m.keep_until is not null and m.wanted_at >= $4
              and $3 in (m.person_id, m.uploaded_by)
            order by m.kind, m.sha256, m.wanted_at desc""",  # noqa: S608 - fixed columns
        person_id,
        list(kinds),
        viewer_id,
        since,
    )
    return sorted(map(material_of, rows), key=lambda material: material.uploaded_at, reverse=True)


# --- handed in --------------------------------------------------------------------------------------------------------


async def attach(
    db: Db, *, person_id: int, subject: str, owner_id: int, serial: int, until: date, now: datetime
) -> bool:
    """False when there is no such material. Attached before: it stays so, and is kept for the longer time."""
    await db.execute(
        """insert into materials.attachment as a
             (person_id, subject, owner_id, material_serial, attached_at, keep_until)
           select $1, $2, m.person_id, m.material_serial, $6, $5 from materials.material m
           where m.person_id = $3 and m.material_serial = $4
           on conflict (person_id, subject, owner_id, material_serial)
           do update set keep_until = greatest(a.keep_until, excluded.keep_until)""",
        person_id,
        subject,
        owner_id,
        serial,
        until,
        now,
    )
    return await _keep_longer(db, owner_id, serial, until)


async def close(db: Db, *, person_id: int, subject: str, until: date, now: datetime) -> list[tuple[int, int]]:
    """The matter is closed. Returns owner and serial of what was handed in with it."""
    rows = await db.fetch(
        """update materials.attachment
           set closed_at = greatest(attached_at, $4), keep_until = greatest(keep_until, $3)
           where person_id = $1 and subject = $2 and closed_at is null
           returning owner_id, material_serial""",
        person_id,
        subject,
        until,
        now,
    )
    for row in rows:
        await _keep_longer(db, row["owner_id"], row["material_serial"], until)
    return [(row["owner_id"], row["material_serial"]) for row in rows]


async def _keep_longer(db: Db, owner_id: int, serial: int, until: date) -> bool:
    done = await db.execute(
        """update materials.material set keep_until = greatest(keep_until, $3)
           where person_id = $1 and material_serial = $2""",
        owner_id,
        serial,
        until,
    )
    return done.endswith(" 1")


# --- what a program read ----------------------------------------------------------------------------------------------


async def sealed_proposal(db: Db, person_id: int, serial: int) -> bytes | None:
    found: bytes | None = await db.fetchval(
        "select content_enc from materials.proposal where person_id = $1 and material_serial = $2", person_id, serial
    )
    return found


async def begin_proposal(db: Db, person_id: int, serial: int, content_enc: bytes, now: datetime) -> bool:
    """False when the material is gone, or there is a proposal already."""
    done = await db.execute(
        """insert into materials.proposal (person_id, material_serial, content_enc, read_at)
           select person_id, material_serial, $3, $4 from materials.material
           where person_id = $1 and material_serial = $2
           on conflict do nothing""",
        person_id,
        serial,
        content_enc,
        now,
    )
    return done.endswith(" 1")


async def keep_proposal(db: Db, person_id: int, serial: int, content_enc: bytes, now: datetime) -> None:
    """Nothing happens when the material is gone."""
    await db.execute(
        """update materials.proposal set content_enc = $3, read_at = $4
           where person_id = $1 and material_serial = $2""",
        person_id,
        serial,
        content_enc,
        now,
    )
