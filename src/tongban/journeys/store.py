"""SQL of journeys."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from tongban.infra.db import Db
from tongban.journeys.model import Journey
from tongban.kernel.vocabulary import CareKind, Relation, Situation

_COLUMNS = """person_id, journey_serial, event, care, situation, enrollment_no, treatment_pool, starts_on, opened_by,
  relation, opened_at, closed_at"""


async def insert(
    db: Db,
    *,
    person_id: int,
    event: str,
    care: CareKind,
    situation: Situation,
    enrollment_no: int,
    treatment_pool: str,
    starts_on: date,
    opened_by: int,
    relation: Relation | None,
    open_token: UUID,
    now: datetime,
) -> tuple[Journey, bool]:
    """The journey, and whether it is new: a second tap of the same form finds the first one's."""
    # The row of the serials is taken first and held: a second tap waits here until the first has written.
    serial = await db.fetchval(
        """insert into journeys.person_serial (person_id, last_serial) values ($1, 1)
           on conflict (person_id) do update set last_serial = person_serial.last_serial + 1
           returning last_serial""",
        person_id,
    )
    row = await db.fetchrow(
        f"""insert into journeys.journey (person_id, journey_serial, event, care, situation, enrollment_no,
              treatment_pool, starts_on, opened_by, relation, open_token, opened_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
            on conflict (person_id, open_token) do nothing returning {_COLUMNS}""",  # noqa: S608 - fixed columns
        person_id,
        serial,
        event,
        care.value,
        situation.value,
        enrollment_no,
        treatment_pool,
        starts_on,
        opened_by,
        relation.value if relation else "",
        open_token,
        now,
    )
    if row is not None:
        return _journey(row), True
    row = await db.fetchrow(
        f"select {_COLUMNS} from journeys.journey where person_id = $1 and open_token = $2",  # noqa: S608
        person_id,
        open_token,
    )
    return _journey(row), False


async def lock(db: Db, person_id: int) -> None:
    """Make whoever else begins something in a journey of the person wait until this transaction has ended."""
    await db.execute("select from journeys.person_serial where person_id = $1 for update", person_id)


async def journey(db: Db, person_id: int, serial: int) -> Journey | None:
    row = await db.fetchrow(
        f"select {_COLUMNS} from journeys.journey where person_id = $1 and journey_serial = $2",  # noqa: S608
        person_id,
        serial,
    )
    return _journey(row) if row else None


async def journeys_of(db: Db, viewer_id: int) -> list[Journey]:
    """The viewer's own and those they opened for others: open ones first, the newest first."""
    rows = await db.fetch(
        f"""select {_COLUMNS} from journeys.journey where person_id = $1 or opened_by = $1
            order by closed_at is not null, opened_at desc, journey_serial desc""",  # noqa: S608
        viewer_id,
    )
    return [_journey(row) for row in rows]


async def close(db: Db, person_id: int, serial: int, closed_by: int, now: datetime) -> bool:
    """Whether it was open until now."""
    done = await db.fetchval(
        """update journeys.journey set closed_at = $4, closed_by = $3
           where person_id = $1 and journey_serial = $2 and closed_at is null returning true""",
        person_id,
        serial,
        closed_by,
        now,
    )
    return bool(done)


def _journey(row: Any) -> Journey:
    return Journey(
        person_id=row["person_id"],
        journey_serial=row["journey_serial"],
        event=row["event"],
        care=CareKind(row["care"]),
        situation=Situation(row["situation"]),
        enrollment_no=row["enrollment_no"],
        treatment_pool=row["treatment_pool"],
        starts_on=row["starts_on"],
        opened_by=row["opened_by"],
        relation=Relation(row["relation"]) if row["relation"] else None,
        opened_at=row["opened_at"],
        closed_at=row["closed_at"],
    )
