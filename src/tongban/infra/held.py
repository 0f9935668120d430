"""Forms that came too late for their session: one a person, sealed by the caller, for a short while."""

from datetime import datetime

from tongban.infra.db import Db


async def keep(db: Db, person_id: int, sealed: bytes, until: datetime, now: datetime) -> None:
    """The newest takes the place of an older one; what ran out goes."""
    await db.execute("delete from infra.held_form where until <= $1", now)
    await db.execute(
        """insert into infra.held_form (person_id, sealed, until) values ($1, $2, $3)
           on conflict (person_id) do update set sealed = $2, until = $3""",
        person_id,
        sealed,
        until,
    )


async def read(db: Db, person_id: int, now: datetime) -> bytes | None:
    found: bytes | None = await db.fetchval(
        "select sealed from infra.held_form where person_id = $1 and until > $2", person_id, now
    )
    return found


async def remove(db: Db, person_id: int) -> None:
    await db.execute("delete from infra.held_form where person_id = $1", person_id)
