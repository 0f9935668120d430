"""SQL of a benefit year looked back upon: its settlements in force, and what cancellations would have changed."""

# Statements are put together from constants only; `tests/test_house.py` holds the file to it.
# ruff: noqa: S608

from collections.abc import AsyncIterator, Mapping
from datetime import date
from typing import Any, Final, NamedTuple

from tongban.infra.db import Connection, Db
from tongban.kernel.vocabulary import CareKind, InsuranceType
from tongban.law import BillShares
from tongban.settlement.model import LaterChange

_SHARES: Final = (
    "s.deductible_fen, s.pooled_fund_fen, s.critical_illness_fen, s.medical_assistance_fen, "
    "s.account_fen + s.mutual_aid_fen + s.cash_fen as person_share_fen"
)
_CHANGE_COLUMNS: Final = f"""
  s.person_id, s.settlement_serial, s.institution_code, s.care_kind, s.benefit_year, s.insurance_type, s.settled_on,
  {_SHARES},
  {", ".join(f"r.{name} as would_be_{name}" for name in BillShares._fields)},
  r.undetermined, r.cancelled_serial
"""

# A settlement's newest row first: cancellations of one year follow each other, and so do their numbers.
_CHANGE_FROM: Final = """
  from settlement.rederivation r
  join settlement.settlement s on s.person_id = r.person_id and s.settlement_serial = r.settlement_serial
  join settlement.settlement c on c.person_id = r.person_id and c.settlement_serial = r.cancelled_serial
"""


class YearRecord(NamedTuple):
    """A settlement in force, with the record its amounts come from."""

    person_id: int
    settlement_serial: int
    institution_code: str
    care_kind: CareKind
    benefit_year: int
    insurance_type: InsuranceType
    settled_on: date
    settled: BillShares
    assessment: Mapping[str, Any]


async def records_in_force(
    db: Db, person_id: int, benefit_year: int | None, insurance_type: InsuranceType | None
) -> list[YearRecord]:
    """By year and insurance, and in each in the order they were settled. None: every year, every insurance.

    The order is that of the serials: whoever settles draws his serial after reading the year, and writes only if
    nobody has written to the year since.
    """
    rows = await db.fetch(
        f"""select person_id, settlement_serial, institution_code, care_kind, benefit_year, insurance_type, settled_on,
             {_SHARES}, assessment
           from settlement.settlement s
           where person_id = $1 and state = 'settled' and ($2::smallint is null or benefit_year = $2)
             and ($3::text is null or insurance_type = $3)
           order by benefit_year, insurance_type, settlement_serial""",
        person_id,
        benefit_year,
        insurance_type,
    )
    return [
        YearRecord(
            row["person_id"],
            row["settlement_serial"],
            row["institution_code"],
            CareKind(row["care_kind"]),
            row["benefit_year"],
            InsuranceType(row["insurance_type"]),
            row["settled_on"],
            BillShares(*(row[name] for name in BillShares._fields)),
            row["assessment"],
        )
        for row in rows
    ]


async def changes_by(db: Db, person_id: int, cancelled_serial: int) -> list[LaterChange]:
    """What one cancellation would have changed, as written down with it."""
    rows = await db.fetch(
        f"""select {_CHANGE_COLUMNS} {_CHANGE_FROM}
            where r.person_id = $1 and r.cancelled_serial = $2 order by r.settlement_serial""",
        person_id,
        cancelled_serial,
    )
    return [_change_from(row) for row in rows]


async def newest_change(db: Db, person_id: int, settlement_serial: int) -> LaterChange | None:
    row = await db.fetchrow(
        f"""select {_CHANGE_COLUMNS} {_CHANGE_FROM}
            where r.person_id = $1 and r.settlement_serial = $2 and s.state = 'settled'
            order by c.cancellation_serial desc limit 1""",
        person_id,
        settlement_serial,
    )
    return None if row is None else _change_from(row)


async def newest_changes(db: Connection, size: int) -> AsyncIterator[LaterChange]:
    """Of every settlement in force that has one, person by person, `size` rows at a time. Opens a transaction."""
    async with db.transaction(readonly=True):
        cursor = await db.cursor(
            f"""select distinct on (r.person_id, r.settlement_serial) {_CHANGE_COLUMNS} {_CHANGE_FROM}
                where s.state = 'settled'
                order by r.person_id, r.settlement_serial, c.cancellation_serial desc"""
        )
        while rows := await cursor.fetch(size):
            for row in rows:
                yield _change_from(dict(row))


def _change_from(row: Mapping[str, Any]) -> LaterChange:
    is_determined = row["undetermined"] == ""
    return LaterChange(
        person_id=row["person_id"],
        settlement_serial=row["settlement_serial"],
        institution_code=row["institution_code"],
        care_kind=CareKind(row["care_kind"]),
        benefit_year=row["benefit_year"],
        insurance_type=InsuranceType(row["insurance_type"]),
        settled_on=row["settled_on"],
        settled=BillShares(*(row[name] for name in BillShares._fields)),
        would_be=BillShares(*(row[f"would_be_{name}"] for name in BillShares._fields)) if is_determined else None,
        undetermined=row["undetermined"],
        cancelled_serial=row["cancelled_serial"],
    )
