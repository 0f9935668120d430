"""SQL over the filings of all persons, by date: for reminders, and for whoever checks a paper."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from tongban.filing.model import FilingStatus
from tongban.infra.db import Db

_DUE = "person_id, filing_serial, filed_by, treatment_pool, valid_from, valid_to"


async def ending(db: Db, after: date, until: date, filed_before: datetime) -> list[Mapping[str, Any]]:
    return await db.fetch(
        f"""select {_DUE} from filing.filing
            where valid_to > $1 and valid_to <= $2 and filed_at < $3 and status <> $4
              and coalesce(settlements_here < stays_max, true)
            order by person_id, filing_serial""",  # noqa: S608 - column names only
        after,
        until,
        filed_before,
        FilingStatus.CLOSED.value,
    )


async def starting(db: Db, on: date, filed_before: datetime) -> list[Mapping[str, Any]]:
    return await db.fetch(
        f"""select {_DUE} from filing.filing where valid_from = $1 and filed_at < $2 and status = $3
            order by person_id, filing_serial""",  # noqa: S608 - column names only
        on,
        filed_before,
        FilingStatus.ACTIVE.value,
    )
