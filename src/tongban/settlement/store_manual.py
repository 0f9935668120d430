"""SQL of stays that the agency writes down to reimburse them. What settles them is in `store_settle`."""

from datetime import date, datetime
from typing import Final, NamedTuple

from tongban.infra.db import Db
from tongban.kernel.vocabulary import CareKind, InsuranceType
from tongban.settlement.self_paid import SelfPaidStay

_READ_FOR_CLAIM: Final = """
  select n.pool_code, i.pool_code as treatment_pool
  from (select) as one
  left join people.v_enrollment n on n.person_id = $1 and n.insurance_type = $2
    and n.valid_from <= $3 and (n.valid_to is null or n.valid_to >= $3)
  left join directory.v_institution i on i.institution_code = $4 and i.kind = 'hospital'
"""

_INSERT_STAY: Final = """
  insert into settlement.encounter (person_id, institution_code, care_kind, hospital_serial, insurance_type,
    insured_pool, treatment_pool, admitted_on, discharged_on, is_emergency, is_trauma, has_third_party, is_birth,
    delivery, delivery_code, is_claim, state, opened_at)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, true, 'open', $16)
  returning encounter_serial
"""

_SETTLEMENT_OF_STAY: Final = """
  select settlement_serial from settlement.settlement
  where person_id = $1 and institution_code = $2 and state = 'settled' and stay && settlement.stay_of($3, $4)
  order by settlement_serial limit 1
"""


class ClaimFacts(NamedTuple):
    """None: not insured that way on that day; not a hospital of the directory."""

    insured_pool: str | None
    treatment_pool: str | None


async def read_for_claim(
    db: Db, person_id: int, insurance_type: InsuranceType, admitted_on: date, institution_code: str
) -> ClaimFacts:
    row = await db.fetchrow(_READ_FOR_CLAIM, person_id, insurance_type, admitted_on, institution_code)
    return ClaimFacts(row["pool_code"], row["treatment_pool"])


async def insert_stay(db: Db, stay: SelfPaidStay, *, insured_pool: str, treatment_pool: str, now: datetime) -> int:
    """The serial of the stay."""
    serial: int = await db.fetchval(
        _INSERT_STAY,
        stay.person_id,
        stay.institution_code,
        CareKind.INPATIENT,
        stay.claim_number,
        stay.insurance_type,
        insured_pool,
        treatment_pool,
        stay.admitted_on,
        stay.discharged_on,
        stay.is_emergency,
        stay.is_trauma,
        stay.has_third_party,
        stay.is_birth,
        None if stay.delivery is None else stay.delivery.kind,
        "" if stay.delivery is None else stay.delivery.code,
        now,
    )
    return serial


async def settlement_of_stay(
    db: Db, person_id: int, institution_code: str, admitted_on: date, discharged_on: date
) -> int | None:
    serial: int | None = await db.fetchval(_SETTLEMENT_OF_STAY, person_id, institution_code, admitted_on, discharged_on)
    return serial
