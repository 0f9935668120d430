"""SQL that finds settlements and the year's totals."""

# Statements are put together from constants only; `tests/test_house.py` holds the file to it.
# ruff: noqa: S608

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from tongban.infra.db import Db
from tongban.kernel.vocabulary import CareKind, Confidence, InsuranceType, PersonnelCategory
from tongban.law import DiseaseTotals, YearTotals
from tongban.settlement.model import MutualAidShare, SettlementChange, SettlementRecord, SettlementState, SettlementWay
from tongban.settlement.store import ENCOUNTER_COLUMNS

YEAR_COLUMNS: Final = YearTotals._fields
YEAR_LIST: Final = ", ".join(YEAR_COLUMNS)

RECORD_COLUMNS: Final = f"""
  s.settlement_serial, s.batch, s.category, s.filing_serial, s.stamped_filings, s.benefit_year, s.settled_on,
  s.settled_at, s.total_fen, s.self_funded_fen, s.over_price_cap_fen, s.preselfpay_fen, s.in_scope_fen,
  s.deductible_fen,
  s.pooled_fund_fen, s.critical_illness_fen, s.medical_assistance_fen, s.account_fen, s.mutual_aid_fen,
  s.aid_givers, s.aid_grants, s.aid_paid, s.cash_fen, s.rate_bp,
  s.balance_after_fen, s.year_delta, s.confidence, s.policy_version, s.assessment, s.message_id, s.transaction_code,
  s.way, s.state as settlement_state, s.cancelled_at, s.cancellation_serial, s.balance_after_cancel_fen,
  {ENCOUNTER_COLUMNS}
"""

RECORD_FROM: Final = """
  from settlement.settlement s
  join settlement.encounter e on e.person_id = s.person_id and e.encounter_serial = s.encounter_serial
"""


async def settlement(db: Db, person_id: int, serial: int) -> SettlementRecord | None:
    row = await db.fetchrow(
        f"select {RECORD_COLUMNS} {RECORD_FROM} where s.person_id = $1 and s.settlement_serial = $2",
        person_id,
        serial,
    )
    return None if row is None else record_from(row)


async def settlement_of_encounter(
    db: Db, person_id: int, encounter_serial: int, batch: str | None
) -> SettlementRecord | None:
    """The one in force, else the last that was; of several batches the newest."""
    row = await db.fetchrow(
        f"""select {RECORD_COLUMNS} {RECORD_FROM}
            where s.person_id = $1 and s.encounter_serial = $2 and ($3::text is null or s.batch = $3)
            order by s.state = 'settled' desc, s.settled_at desc, s.settlement_serial desc limit 1""",
        person_id,
        encounter_serial,
        batch,
    )
    return None if row is None else record_from(row)


async def settlements_of(
    db: Db, person_id: int, *, before: datetime | None, limit: int, in_force_only: bool
) -> list[SettlementRecord]:
    rows = await db.fetch(
        f"""select {RECORD_COLUMNS} {RECORD_FROM}
            where s.person_id = $1 and ($2::timestamptz is null or s.settled_at < $2)
              and (not $4 or s.state = 'settled')
            order by s.settled_at desc, s.settlement_serial desc limit $3""",
        person_id,
        before,
        limit,
        in_force_only,
    )
    return [record_from(row) for row in rows]


async def year_totals(db: Db, person_id: int, benefit_year: int) -> dict[InsuranceType, YearTotals]:
    rows = await db.fetch(
        f"select insurance_type, {YEAR_LIST} from settlement.benefit_year where person_id = $1 and benefit_year = $2",
        person_id,
        benefit_year,
    )
    return {InsuranceType(row["insurance_type"]): year_from(row) for row in rows}


async def year_of_diseases(
    db: Db, person_id: int, benefit_year: int, insurance_type: InsuranceType
) -> dict[str, DiseaseTotals]:
    rows = await db.fetch(
        """select disease, pooled_fen, deductible_fen from settlement.chronic_year
           where person_id = $1 and benefit_year = $2 and insurance_type = $3""",
        person_id,
        benefit_year,
        insurance_type,
    )
    return {row["disease"]: DiseaseTotals(row["pooled_fen"], row["deductible_fen"]) for row in rows}


def year_from(row: Mapping[str, Any]) -> YearTotals:
    return YearTotals(*(row[name] for name in YEAR_COLUMNS))


def record_from(row: Mapping[str, Any]) -> SettlementRecord:
    return SettlementRecord(
        person_id=row["person_id"],
        encounter_serial=row["encounter_serial"],
        settlement_serial=row["settlement_serial"],
        batch=row["batch"],
        institution_code=row["institution_code"],
        care_kind=CareKind(row["care_kind"]),
        insurance_type=InsuranceType(row["insurance_type"]),
        category=PersonnelCategory(row["category"]),
        insured_pool=row["insured_pool"],
        treatment_pool=row["treatment_pool"],
        filing_serial=row["filing_serial"],
        settled_on=row["settled_on"],
        settled_at=row["settled_at"],
        total_fen=row["total_fen"],
        self_funded_fen=row["self_funded_fen"],
        over_price_cap_fen=row["over_price_cap_fen"],
        preselfpay_fen=row["preselfpay_fen"],
        in_scope_fen=row["in_scope_fen"],
        deductible_fen=row["deductible_fen"],
        rate_bp=row["rate_bp"],
        pooled_fund_fen=row["pooled_fund_fen"],
        critical_illness_fen=row["critical_illness_fen"],
        medical_assistance_fen=row["medical_assistance_fen"],
        account_fen=row["account_fen"],
        mutual_aid_fen=row["mutual_aid_fen"],
        mutual_aid=tuple(
            MutualAidShare(*share) for share in zip(row["aid_givers"], row["aid_grants"], row["aid_paid"], strict=True)
        ),
        cash_fen=row["cash_fen"],
        balance_after_fen=row["balance_after_fen"],
        confidence=Confidence(row["confidence"]),
        policy_version=row["policy_version"],
        assessment=row["assessment"],
        message_id=row["message_id"],
        way=SettlementWay(row["way"]),
        state=SettlementState(row["settlement_state"]),
        cancelled_at=row["cancelled_at"],
        cancellation_serial=row["cancellation_serial"],
        benefit_year=row["benefit_year"],
        transaction_code=row["transaction_code"],
        admitted_on=row["admitted_on"],
        discharged_on=row["discharged_on"],
        care_type=row["care_type"],
        hospital_serial=row["hospital_serial"],
    )


async def changes_between(
    db: Db, since: datetime, until: datetime, after: tuple[int, int], limit: int
) -> list[SettlementChange]:
    """Of those that hospitals made. The index by time finds the pages of the last minutes."""
    rows = await db.fetch(
        """select person_id, settlement_serial, institution_code, state, coalesce(cancelled_at, settled_at) as at
           from settlement.settlement
           where (settled_at >= $1 and settled_at < $2 or cancelled_at >= $1 and cancelled_at < $2)
             and (person_id, settlement_serial) > ($3, $4) and way = $5
           order by person_id, settlement_serial limit $6""",
        since,
        until,
        *after,
        SettlementWay.DIRECT.value,
        limit,
    )
    return [SettlementChange(**{**row, "state": SettlementState(row["state"])}) for row in rows]
