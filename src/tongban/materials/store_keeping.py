"""SQL of keeping and purging."""

from collections.abc import AsyncIterator
from datetime import date, datetime

from tongban.infra.db import Db
from tongban.materials.model import Due, Material
from tongban.materials.store import IN_DRAFT, MATERIAL, lock_person, material_of

_ROWS_AT_ONCE = 500

# $1 today, $2 the moment before which a loose picture was wanted last. What somebody is just going to hand in, for the
# first time or again, stays.
_DUE = f"""((m.keep_until < $1 or m.keep_until is null and m.wanted_at < $2) and not {IN_DRAFT.format(today="$1")})"""


async def due(db: Db, today: date, loose_before: datetime) -> list[Due]:
    rows = await db.fetch(
        f"""select m.person_id, m.material_serial, m.keep_until, m.bytes from materials.material m
            where {_DUE} order by m.keep_until nulls last, m.wanted_at""",  # noqa: S608 - fixed condition
        today,
        loose_before,
    )
    return [Due(row["person_id"], row["material_serial"], row["keep_until"], row["bytes"]) for row in rows]


async def staying(db: Db, today: date, now: datetime) -> int:
    """Materials put away until `now` whose retention is not over."""
    found: int = await db.fetchval(
        "select count(*) from materials.material where keep_until >= $1 and uploaded_at <= $2", today, now
    )
    return found


async def take_due(
    db: Db, person_id: int, today: date, loose_before: datetime
) -> tuple[list[Material], list[Material]]:
    """Delete the person's rows that are due, and what they were attached to; returns them and those that stay. The
    person's pictures are held until the transaction ends."""
    await lock_person(db, person_id)
    # One statement judges and deletes: what was handed in a moment ago is judged anew, and stays.
    rows = await db.fetch(
        f"delete from materials.material m where {_DUE} and m.person_id = $3 returning {MATERIAL}",  # noqa: S608
        today,
        loose_before,
        person_id,
    )
    taken = [material_of(row) for row in rows]
    await db.execute(
        "delete from materials.attachment where owner_id = $1 and material_serial = any($2)",
        person_id,
        [material.material_serial for material in taken],
    )
    left = await db.fetch(f"select {MATERIAL} from materials.material m where m.person_id = $1", person_id)  # noqa: S608
    return taken, [material_of(row) for row in left]


async def every(db: Db) -> AsyncIterator[Material]:
    """All materials, a few hundred at a time."""
    after = (0, 0)
    while True:
        rows = await db.fetch(
            f"""select {MATERIAL} from materials.material m where (m.person_id, m.material_serial) > ($1, $2)
                order by m.person_id, m.material_serial limit $3""",  # noqa: S608 - fixed columns
            *after,
            _ROWS_AT_ONCE,
        )
        for row in rows:
            yield material_of(row)
        if len(rows) < _ROWS_AT_ONCE:
            return
        after = (rows[-1]["person_id"], rows[-1]["material_serial"])


async def put_away_since(db: Db, moment: datetime) -> list[Material]:
    """Materials sent, or sent again, from that moment on."""
    rows = await db.fetch(
        f"select {MATERIAL} from materials.material m where m.wanted_at >= $1",  # noqa: S608
        moment,
    )
    return [material_of(row) for row in rows]


async def count(db: Db) -> int:
    found: int = await db.fetchval("select count(*) from materials.material")
    return found
