"""SQL of visits and their charge lines. What moves money is in `store_settle` and `store_undo`."""

# Statements are put together from constants only; `tests/test_house.py` holds the file to it.
# ruff: noqa: S608

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from tongban.infra.db import Db
from tongban.kernel.identifiers import OutsideNumber
from tongban.kernel.money import Fen
from tongban.kernel.vocabulary import CareKind, CatalogClass, DeliveryKind, InsuranceType
from tongban.settlement.model import (
    ChargeLine,
    Delivery,
    Diagnosis,
    Encounter,
    EncounterState,
    MessageKind,
    OpenEncounter,
)

ENCOUNTER_COLUMNS: Final = """
  e.person_id, e.encounter_serial, e.institution_code, e.care_kind, e.care_type, e.hospital_serial, e.insurance_type,
  e.insured_pool, e.treatment_pool, e.admitted_on, e.discharged_on, e.is_emergency, e.is_referral_mark, e.is_trauma,
  e.has_third_party, e.is_birth, e.delivery, e.delivery_code, e.diagnoses, e.details, e.state, e.version, e.opened_at,
  e.is_claim
"""

_LINE_COLUMNS: Final = """
  line_serial, batch, item_code, hospital_item_code, item_name, happened_on, quantity_e4, unit_price_e6, total_fen,
  catalog_class, preselfpay_bp, price_cap_e6, self_funded_fen, over_price_cap_fen, preselfpay_fen, in_scope_fen,
  charge_kind, is_restricted, approval, returns_line, note
"""
# The same columns as arrays, in the same order.
_LINE_ARRAYS: Final = """
  $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::date[], $10::bigint[], $11::bigint[], $12::bigint[],
  $13::text[], $14::integer[], $15::bigint[], $16::bigint[], $17::bigint[], $18::bigint[], $19::bigint[],
  $20::text[], $21::boolean[], $22::text[], $23::text[], $24::text[]
"""
_LINE_FIELDS: Final = tuple(name.strip() for name in _LINE_COLUMNS.split(","))

# Everything that decides about an admission, in one look: insured or not, who the institution is, whether the message
# or the hospital's own number is known. One row, always.
_READ_FOR_OPEN: Final = """
  select
    (select count(*) from people.v_enrollment where person_id = $1) as enrollments,
    n.pool_code, n.category, n.payment_state,
    i.institution_code, i.name as institution_name, i.kind as institution_kind, i.pool_code as treatment_pool,
    i.settles_inpatient, i.settles_outpatient,
    m.state as message_state, m.request_hash, m.encounter_serial as message_encounter,
    e.encounter_serial as known_encounter
  from (select) as one
  left join people.v_enrollment n on n.person_id = $1 and n.insurance_type = $2
    and n.valid_from <= $3 and (n.valid_to is null or n.valid_to >= $3)
  left join directory.v_institution i on i.institution_code = $4
  left join settlement.message m on m.person_id = $1 and m.institution_code = $4 and m.transaction_code = $5
    and m.message_id = $6
  left join settlement.encounter e on e.person_id = $1 and e.institution_code = $4 and e.care_kind = $7
    and e.hospital_serial = $8 and e.state <> 'voided'
"""

_INSERT_ENCOUNTER: Final = """
  with opened as (
    insert into settlement.encounter (person_id, institution_code, care_kind, care_type, hospital_serial,
      insurance_type, insured_pool, treatment_pool, admitted_on, is_emergency, is_referral_mark, is_trauma,
      has_third_party, diagnoses, details, state, opened_at, is_birth, delivery, delivery_code)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 'open', $16, $21, $22, $23)
    returning encounter_serial
  ), message as (
    insert into settlement.message (person_id, institution_code, transaction_code, message_id, kind, state,
      request_hash, encounter_serial, received_at)
    select $1, $2, $17, $18, $19, 'done', $20, encounter_serial, $16 from opened
  )
  select encounter_serial from opened
"""

_INSERT_MESSAGE: Final = """
  insert into settlement.message (person_id, institution_code, transaction_code, message_id, kind, state, request_hash,
    encounter_serial, received_at)
  values ($1, $2, $3, $4, $5, 'done', $6, $7, $8)
"""

_UPDATE_ENCOUNTER: Final = """
  with changed as (
    update settlement.encounter set version = version + 1, care_kind = $4, care_type = $5, is_emergency = $6,
      is_referral_mark = $7, is_trauma = $8, has_third_party = $9, diagnoses = $10, details = $11, discharged_on = $12,
      state = $13, is_birth = $14, delivery = $15, delivery_code = $16
    where person_id = $1 and encounter_serial = $2 and version = $3
    returning true
  )
  select settlement.or_conflict(exists (select from changed))
"""

_INSERT_LINES: Final = f"""
  with changed as (
    update settlement.encounter set version = version + 1
    where person_id = $1 and encounter_serial = $2 and version = $3
    returning person_id, encounter_serial
  ), line as (
    insert into settlement.charge_line (person_id, encounter_serial, {_LINE_COLUMNS})
    select changed.person_id, changed.encounter_serial, l.*
    from changed, unnest({_LINE_ARRAYS}) as l
  )
  select settlement.or_conflict(exists (select from changed))
"""

_DELETE_LINES: Final = """
  with changed as (
    update settlement.encounter set version = version + 1
    where person_id = $1 and encounter_serial = $2 and version = $3
    returning person_id, encounter_serial
  ), line as (
    delete from settlement.charge_line l using changed
    where l.person_id = changed.person_id and l.encounter_serial = changed.encounter_serial and l.line_serial = any($4)
  )
  select settlement.or_conflict(exists (select from changed))
"""

_LINES_TO_WITHDRAW: Final = """
  with gone as (
    select line_serial from settlement.charge_line
    where person_id = $1 and encounter_serial = $2 and ($3::text[] is null or line_serial = any($3))
      and ($4::text is null or batch = $4) and batch <> all($5::text[])
  )
  select (select array_agg(line_serial order by line_serial) from gone) as gone,
    (select array_agg(line_serial order by line_serial) from settlement.charge_line
     where person_id = $1 and encounter_serial = $2 and returns_line in (select line_serial from gone)
       and line_serial not in (select line_serial from gone)) as kept_returns
"""


_READ_FOR_CHARGES: Final = f"""
  select {ENCOUNTER_COLUMNS},
    (select province_code from directory.v_institution i where i.institution_code = e.institution_code),
    (select coalesce(sum(total_fen), 0)::bigint from settlement.charge_line
     where person_id = $1 and encounter_serial = $2) as total_fen,
    (select array_agg(batch) from settlement.settlement
     where person_id = $1 and encounter_serial = $2 and state = 'settled') as settled_batches
  from settlement.encounter e where e.person_id = $1 and e.encounter_serial = $2
"""


class ChargeFacts(NamedTuple):
    """A visit that is to be charged. `province_code`: whose catalogue applies; empty for an institution that is no
    longer listed (then only the nation's items are found). `total_fen`: charged so far, settled or not."""

    encounter: Encounter
    province_code: str
    total_fen: Fen
    settled_batches: tuple[str, ...]


class OpenFacts(NamedTuple):
    """What the records say about an admission that is to be opened. None: nothing known under that key."""

    enrollments: int
    insured_pool: str | None
    category: str | None
    payment_state: str | None
    institution_name: str | None
    institution_kind: str | None
    treatment_pool: str | None
    settles_inpatient: bool | None
    settles_outpatient: bool | None
    message_state: str | None
    message_hash: bytes | None
    message_encounter: int | None
    known_encounter: int | None


async def read_for_open(db: Db, request: OpenEncounter) -> OpenFacts:
    row = await db.fetchrow(
        _READ_FOR_OPEN,
        request.person_id,
        request.insurance_type,
        request.admitted_on,
        request.institution_code,
        request.transaction_code,
        request.message_id,
        request.care_kind,
        request.hospital_serial,
    )
    return OpenFacts(
        enrollments=row["enrollments"],
        insured_pool=row["pool_code"],
        category=row["category"],
        payment_state=row["payment_state"],
        institution_name=row["institution_name"],
        institution_kind=row["institution_kind"],
        treatment_pool=row["treatment_pool"],
        settles_inpatient=row["settles_inpatient"],
        settles_outpatient=row["settles_outpatient"],
        message_state=row["message_state"],
        message_hash=row["request_hash"],
        message_encounter=row["message_encounter"],
        known_encounter=row["known_encounter"],
    )


async def insert_encounter(
    db: Db, request: OpenEncounter, *, insured_pool: str, treatment_pool: str, now: datetime
) -> int:
    serial: int = await db.fetchval(
        _INSERT_ENCOUNTER,
        request.person_id,
        request.institution_code,
        request.care_kind,
        request.care_type,
        request.hospital_serial,
        request.insurance_type,
        insured_pool,
        treatment_pool,
        request.admitted_on,
        request.is_emergency,
        request.is_referral_mark,
        request.is_trauma,
        request.has_third_party,
        [asdict(diagnosis) for diagnosis in request.diagnoses],
        dict(request.details),
        now,
        request.transaction_code,
        request.message_id,
        MessageKind.OPEN,
        request.request_hash,
        request.is_birth,
        *_delivery_columns(request.delivery),
    )
    return serial


async def insert_open_message(db: Db, request: OpenEncounter, encounter_serial: int, now: datetime) -> None:
    """The hospital asked again, under a new message id, for a visit it has opened already."""
    await db.execute(
        _INSERT_MESSAGE,
        request.person_id,
        request.institution_code,
        request.transaction_code,
        request.message_id,
        MessageKind.OPEN,
        request.request_hash,
        encounter_serial,
        now,
    )


async def encounter(db: Db, number: OutsideNumber) -> Encounter | None:
    row = await db.fetchrow(
        f"select {ENCOUNTER_COLUMNS} from settlement.encounter e where person_id = $1 and encounter_serial = $2",
        number.person_id,
        number.serial,
    )
    return None if row is None else encounter_from(row)


async def encounters_of(db: Db, person_id: int, institution_code: str | None, since: date | None) -> list[Encounter]:
    rows = await db.fetch(
        f"""select {ENCOUNTER_COLUMNS} from settlement.encounter e
            where person_id = $1 and ($2::text is null or (institution_code = $2 and not is_claim))
              and ($3::date is null or admitted_on >= $3)
            order by admitted_on desc, encounter_serial desc""",
        person_id,
        institution_code,
        since,
    )
    return [encounter_from(row) for row in rows]


async def lock_encounter(db: Db, number: OutsideNumber) -> None:
    await db.execute(
        "select from settlement.encounter where person_id = $1 and encounter_serial = $2 for update",
        number.person_id,
        number.serial,
    )


async def update_encounter(db: Db, changed: Encounter) -> None:
    """Writes what may change, if the row is still the version `changed` was made from."""
    await db.execute(
        _UPDATE_ENCOUNTER,
        changed.person_id,
        changed.encounter_serial,
        changed.version,
        changed.care_kind,
        changed.care_type,
        changed.is_emergency,
        changed.is_referral_mark,
        changed.is_trauma,
        changed.has_third_party,
        [asdict(diagnosis) for diagnosis in changed.diagnoses],
        dict(changed.details),
        changed.discharged_on,
        changed.state,
        changed.is_birth,
        *_delivery_columns(changed.delivery),
    )


async def charge_facts(db: Db, number: OutsideNumber) -> ChargeFacts | None:
    """None: no such encounter."""
    row = await db.fetchrow(_READ_FOR_CHARGES, number.person_id, number.serial)
    if row is None:
        return None
    return ChargeFacts(
        encounter=encounter_from(row),
        province_code=row["province_code"] or "",
        total_fen=row["total_fen"],
        settled_batches=tuple(row["settled_batches"] or ()),
    )


async def lines_of(db: Db, number: OutsideNumber) -> list[ChargeLine]:
    rows = await db.fetch(
        f"""select {_LINE_COLUMNS} from settlement.charge_line where person_id = $1 and encounter_serial = $2
            order by batch, happened_on, line_serial""",
        number.person_id,
        number.serial,
    )
    return [_line(row) for row in rows]


async def lines_named(
    db: Db, number: OutsideNumber, serials: Sequence[str], originals: Sequence[str]
) -> list[ChargeLine]:
    """Known lines with these serials, the named originals, and every return of those originals so far."""
    rows = await db.fetch(
        f"""select {_LINE_COLUMNS} from settlement.charge_line
            where person_id = $1 and encounter_serial = $2 and (line_serial = any($3) or returns_line = any($4))""",
        number.person_id,
        number.serial,
        [*serials, *originals],
        list(originals),
    )
    return [_line(row) for row in rows]


async def insert_lines(db: Db, encounter: Encounter, lines: Sequence[ChargeLine]) -> None:
    """All of them in one statement, if the encounter is still the version that was read."""
    await db.execute(
        _INSERT_LINES,
        encounter.person_id,
        encounter.encounter_serial,
        encounter.version,
        *([getattr(line, name) for line in lines] for name in _LINE_FIELDS),
    )


async def lines_to_withdraw(
    db: Db, encounter: Encounter, serials: Sequence[str] | None, batch: str | None, settled: Sequence[str]
) -> tuple[list[str], list[str]]:
    """(returns that would stay without their charge, lines that would go); lines of settled batches never go."""
    row = await db.fetchrow(
        _LINES_TO_WITHDRAW,
        encounter.person_id,
        encounter.encounter_serial,
        None if serials is None else list(serials),
        batch,
        list(settled),
    )
    return row["kept_returns"] or [], row["gone"] or []


async def delete_lines(db: Db, encounter: Encounter, serials: Sequence[str]) -> None:
    await db.execute(_DELETE_LINES, encounter.person_id, encounter.encounter_serial, encounter.version, list(serials))


async def has_lines(db: Db, encounter: Encounter) -> bool:
    found: bool = await db.fetchval(
        "select exists (select from settlement.charge_line where person_id = $1 and encounter_serial = $2)",
        encounter.person_id,
        encounter.encounter_serial,
    )
    return found


def encounter_from(row: Mapping[str, Any]) -> Encounter:
    return Encounter(
        person_id=row["person_id"],
        encounter_serial=row["encounter_serial"],
        institution_code=row["institution_code"],
        care_kind=CareKind(row["care_kind"]),
        care_type=row["care_type"],
        hospital_serial=row["hospital_serial"],
        insurance_type=InsuranceType(row["insurance_type"]),
        insured_pool=row["insured_pool"],
        treatment_pool=row["treatment_pool"],
        admitted_on=row["admitted_on"],
        discharged_on=row["discharged_on"],
        is_emergency=row["is_emergency"],
        is_referral_mark=row["is_referral_mark"],
        is_trauma=row["is_trauma"],
        has_third_party=row["has_third_party"],
        is_birth=row["is_birth"],
        delivery=_delivery(row["delivery_code"], row["delivery"]),
        diagnoses=tuple(Diagnosis(**diagnosis) for diagnosis in row["diagnoses"]),
        details=row["details"],
        state=EncounterState(row["state"]),
        version=row["version"],
        opened_at=row["opened_at"],
        is_claim=row["is_claim"],
    )


def _delivery_columns(delivery: Delivery | None) -> tuple[str | None, str]:
    return (None, "") if delivery is None else (delivery.kind, delivery.code)


def _delivery(code: str, kind: str | None) -> Delivery | None:
    return Delivery(code, None if kind is None else DeliveryKind(kind)) if code else None


def _line(row: Mapping[str, Any]) -> ChargeLine:
    fields = {name: row[name] for name in _LINE_FIELDS}
    return ChargeLine(**{**fields, "catalog_class": CatalogClass(row["catalog_class"])})
