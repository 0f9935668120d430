"""SQL that goes through every settlement ever stored, a handful at a time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, NamedTuple

from tongban.infra.db import Connection

# Columns a record's breakdown must agree with, in the order of `StoredRow.amounts`: what the column is, what the
# breakdown calls it. The last five are `law.BillShares`.
AMOUNTS: Final = {
    "total_fen": "total_fen",
    "self_funded_fen": "self_funded_fen",
    "over_price_cap_fen": "over_price_cap_fen",
    "preselfpay_fen": "preselfpay_fen",
    "in_scope_fen": "in_scope_fen",
    "rate_bp": "final_rate_bp",
    "deductible_fen": "deductible_fen",
    "pooled_fund_fen": "pooled_fund_fen",
    "critical_illness_fen": "critical_illness_fen",
    "medical_assistance_fen": "medical_assistance_fen",
    "account_fen + mutual_aid_fen + cash_fen": "person_share_fen",
}
# Columns the record's case must agree with, by the same name.
FACTS: Final = ("insured_pool", "insurance_type", "category", "settled_on")

_WANTED: Final = """
  from settlement.settlement
  where ($1::date is null or settled_on >= $1) and ($2::date is null or settled_on <= $2)
    and ($3::bigint is null or person_id = $3) and ($4::text is null or policy_version = $4)
"""
_COUNT: Final = (
    f"select policy_version, count(*) {_WANTED} group by policy_version order by min(settled_at), policy_version"
)
# The used values are most of a record and are not computed again: they stay where they are.
_ROWS: Final = f"""
  select person_id, settlement_serial, policy_version, state = 'cancelled', confidence, year_delta::text,
    (assessment - 'used')::text, {", ".join(AMOUNTS)}, {", ".join(FACTS)}
  {_WANTED} order by person_id, settlement_serial limit $5
"""
_FIRST_AMOUNT: Final = 7
_FIRST_FACT: Final = _FIRST_AMOUNT + len(AMOUNTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which settlements: by day of settling (both days included), person, version; None for all."""

    since: date | None = None
    until: date | None = None
    person_id: int | None = None
    version: str | None = None
    limit: int | None = None


class StoredRow(NamedTuple):
    """A settlement as it lies there: `amounts` and `facts` as listed above; `record` and `year_delta` are JSON."""

    amounts: tuple[int, ...]
    facts: tuple[Any, ...]
    person_id: int
    settlement_serial: int
    version: str
    is_cancelled: bool
    confidence: str
    year_delta: str
    record: str


@asynccontextmanager
async def one_view(db: Connection) -> AsyncIterator[None]:
    """Everything asked inside is seen as of the same moment; nothing can be written."""
    async with db.transaction(isolation="repeatable_read", readonly=True):
        yield


async def count_by_version(db: Connection, wanted: Wanted) -> dict[str, int]:
    """How many settlements name each version, the version first used first. The limit is not looked at."""
    return {row[0]: row[1] for row in await db.fetch(_COUNT, *_arguments(wanted))}


async def stored_rows(db: Connection, wanted: Wanted, size: int) -> AsyncIterator[list[StoredRow]]:
    """By person and serial, at most `size` at a time, from a cursor on the server. Inside `one_view`.

    The next ones are asked for before the last ones are given out, so the server reads while they are computed.
    """
    cursor = await db.cursor(_ROWS, *_arguments(wanted), wanted.limit)
    rows = await cursor.fetch(size)
    while rows:
        coming = asyncio.ensure_future(cursor.fetch(size))
        await asyncio.sleep(0)  # let the question leave
        yield [_stored_row(row) for row in rows]
        rows = await coming


def _arguments(wanted: Wanted) -> tuple[Any, ...]:
    return (wanted.since, wanted.until, wanted.person_id, wanted.version)


def _stored_row(row: Any) -> StoredRow:
    return StoredRow(row[_FIRST_AMOUNT:_FIRST_FACT], row[_FIRST_FACT:], *row[:_FIRST_AMOUNT])
