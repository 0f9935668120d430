"""Filings by date, over all persons: what ends or begins soon, and whether one stands on a day."""

from datetime import date, datetime, timedelta
from typing import NamedTuple

from tongban.filing import store, store_due
from tongban.filing.model import FilingStatus
from tongban.infra.clock import day_of
from tongban.infra.db import Db
from tongban.kernel.identifiers import FILING, InvalidNumber, OutsideNumber, parse_outside_number

# Whoever filed in the last days knows when it begins and ends.
_KNOWN_FOR = timedelta(days=2)


class DueFiling(NamedTuple):
    """As much of a filing as a reminder needs. `valid_to` None: open-ended."""

    person_id: int
    filing_serial: int
    filed_by: int
    treatment_pool: str
    valid_from: date
    valid_to: date | None

    @property
    def number(self) -> str:
        return str(OutsideNumber(FILING, self.person_id, self.filing_serial))


async def filings_ending(db: Db, *, after: date, until: date, now: datetime) -> list[DueFiling]:
    """Those in force whose last day is later than `after` and not later than `until`, and which were not just made."""
    return [DueFiling(**row) for row in await store_due.ending(db, after, until, now - _KNOWN_FOR)]


async def filings_starting(db: Db, on: date, *, now: datetime) -> list[DueFiling]:
    """Those that begin on that day and were not just made."""
    return [DueFiling(**row) for row in await store_due.starting(db, on, now - _KNOWN_FOR)]


async def validity_zh(db: Db, number: str, *, now: datetime) -> str:
    """For whoever holds the paper: 有效, 已取消, 已到期, 已用完, 未到开始日, 要补材料; "" where there is none."""
    try:
        outside = parse_outside_number(number, FILING)
    except InvalidNumber:
        return ""
    found = await store.filing(db, outside.person_id, outside.serial)
    if found is None:
        return ""
    if found.status is FilingStatus.CLOSED:
        return "已取消"
    if note := found.note_zh(day_of(now)):
        return note
    return "有效" if found.status is FilingStatus.ACTIVE else found.status.zh
