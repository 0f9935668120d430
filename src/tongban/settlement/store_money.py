"""The SQL that moves money: one read of everything a settlement needs, one guarded statement that writes all of it.

Every write below is one statement, so it happens whole or not at all. Its guards stand in the order in which rows are
locked everywhere (year, encounter, filings, personal account, settlement, message), each drawn from the one before, and
`settlement.or_conflict` raises when a guard did not hold: the caller reads again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from tongban.account import (
    CORRECTION_CTE,
    CORRECTION_POSTING_CTE,
    CREDIT_CTE,
    DEBIT_CTE,
    ENTRY_CTE,
    LOCK_SQL,
    POSTING_CTE,
    EntryKind,
    Posting,
)
from tongban.filing import SCOPE_NUMBER, STAMP_SQL, UNSTAMP_SQL
from tongban.infra.db import Db
from tongban.kernel.identifiers import ENCOUNTER, OutsideNumber
from tongban.kernel.money import Fen
from tongban.kernel.vocabulary import CareKind, Confidence, FilingKind, InsuranceType, PersonnelCategory
from tongban.settlement.model import (
    CancelRequest,
    Encounter,
    MessageKind,
    ReverseRequest,
    Settled,
    SettlementRecord,
    SettlementState,
    SettleRequest,
)
from tongban.settlement.rules import Split, YearTotals
from tongban.settlement.store import ENCOUNTER_COLUMNS, encounter_from, lock_encounter

_YEAR: Final = YearTotals._fields
_YEAR_LIST: Final = ", ".join(_YEAR)

_SCOPE_CASES: Final = " ".join(f"when '{care}' then {number}" for care, number in SCOPE_NUMBER.items())

_READ_BILL: Final = f"""
  select {ENCOUNTER_COLUMNS},
    i.hospital_level, i.in_county,
    l.self_funded_fen, l.over_price_cap_fen, l.preselfpay_fen, l.in_scope_fen,
    n.pool_code as enrolled_pool, n.category, n.payment_state,
    y.version as year_version, {", ".join(f"y.{name}" for name in _YEAR)},
    b.balance_fen, b.version as account_version,
    f.serials as filing_serials, f.kinds as filing_kinds, f.are_candidates as filing_candidates,
    m.state as message_state, m.request_hash as message_hash, m.settlement_serial as message_settlement,
    s.settlement_serial as live_settlement,
    case when $9 then nextval('settlement.serial') end as new_serial
  from settlement.encounter e
  left join directory.v_institution i on i.institution_code = e.institution_code
  left join lateral (
    select coalesce(sum(self_funded_fen), 0)::bigint as self_funded_fen,
      coalesce(sum(over_price_cap_fen), 0)::bigint as over_price_cap_fen,
      coalesce(sum(preselfpay_fen), 0)::bigint as preselfpay_fen,
      coalesce(sum(in_scope_fen), 0)::bigint as in_scope_fen
    from settlement.charge_line
    where person_id = $1 and encounter_serial = $2 and batch = $3
  ) l on true
  left join people.v_enrollment n on n.person_id = $1 and n.insurance_type = e.insurance_type
    and n.valid_from <= e.admitted_on and (n.valid_to is null or n.valid_to >= e.admitted_on)
  left join settlement.benefit_year y on y.person_id = $1 and y.benefit_year = $4
    and y.insurance_type = e.insurance_type
  left join account.v_balance b on b.person_id = $1
  left join lateral (
    select array_agg(filing_serial order by filing_serial) as serials,
      array_agg(kind order by filing_serial) as kinds,
      array_agg(v.insured_pool = e.insured_pool and v.insurance_type = e.insurance_type
        and v.scopes @> (case e.care_kind {_SCOPE_CASES} end)
        order by filing_serial) as are_candidates
    from filing.v_filing v
    where v.person_id = $1 and v.treatment_pool = e.treatment_pool and v.status <> 'closed'
      and v.valid_from <= e.admitted_on and (v.valid_to is null or v.valid_to >= e.admitted_on)
  ) f on true
  left join settlement.message m on m.person_id = $1 and m.institution_code = $5 and m.transaction_code = $6
    and m.message_id = $7
  left join settlement.settlement s on s.person_id = $1 and s.encounter_serial = $2 and s.batch = $3
    and s.state = 'settled'
  where e.person_id = $1 and e.encounter_serial = $2 and e.institution_code = $8
"""  # noqa: S608

# $1 person, $2 benefit year, $3 insurance, $4 year version read (0: no row), $5–$11 what is added to the year,
# $12 encounter, $13 its version, $14 discharge, $15 filings, $16 account version, $17 account part, $18 … the rest.
_SETTLE: Final = f"""
  with year as (
    insert into settlement.benefit_year as y (person_id, benefit_year, insurance_type, {_YEAR_LIST})
    values ($1, $2, $3, $5, $6, $7, $8, $9, $10, $11)
    on conflict (person_id, benefit_year, insurance_type) do update set version = y.version + 1,
      {", ".join(f"{name} = y.{name} + excluded.{name}" for name in _YEAR)}
    where y.version = $4
    returning person_id
  ), visit as (
    update settlement.encounter set state = 'settled', version = version + 1,
      discharged_on = coalesce($14, discharged_on)
    where person_id = $1 and encounter_serial = $12 and version = $13 and exists (select from year)
    returning encounter_serial
  ), stamped as (
    {STAMP_SQL.format(person_id="$1", serials="(select $15::integer[] from visit)::integer[]")}
  ), debited as (
    {
    DEBIT_CTE.format(
        person_id="$1",
        amount="$17",
        version="$16",
        condition="$17 > 0 and (select count(*) from stamped) = cardinality($15::integer[])",
    )
}
  ), settled as (
    insert into settlement.settlement (person_id, encounter_serial, benefit_year, insurance_type, stamped_filings,
      account_fen, year_delta, settlement_serial, batch, institution_code, care_kind, category, insured_pool,
      treatment_pool, filing_serial, settled_on, settled_at, total_fen, self_funded_fen, over_price_cap_fen,
      preselfpay_fen, in_scope_fen, deductible_fen, pooled_fund_fen, critical_illness_fen, medical_assistance_fen,
      cash_fen, rate_bp, balance_after_fen, confidence, policy_version, assessment, message_id, transaction_code, state)
    select $1, encounter_serial, $2, $3, $15, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28::timestamptz,
      $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40, $41, $42, $43, $44, $45, 'settled'
    from visit
    where (select count(*) from stamped) = cardinality($15::integer[]) and ($17 = 0 or exists (select from debited))
    returning settlement_serial
  ), entry as (
    {
    ENTRY_CTE.format(
        person_id="$1", what=f"'{EntryKind.SETTLEMENT}'", reference="$46", at="$28::timestamptz", source="settled"
    )
}
  ), posting as (
    {POSTING_CTE.format(person_id="$1", entry="entry", accounts="$47::text[]", amounts="$48::bigint[]")}
  ), message as (
    insert into settlement.message (person_id, institution_code, transaction_code, message_id, kind, state,
      request_hash, encounter_serial, settlement_serial, received_at)
    select $1, $21, $45, $44, '{MessageKind.SETTLE}', 'done', $49, $12, settlement_serial, $28::timestamptz from settled
  )
  select settlement.or_conflict(exists (select from settled))
"""  # noqa: S608

_RECORD_COLUMNS: Final = f"""
  s.settlement_serial, s.batch, s.category, s.filing_serial, s.stamped_filings, s.benefit_year, s.settled_on,
  s.settled_at, s.total_fen, s.self_funded_fen, s.over_price_cap_fen, s.preselfpay_fen, s.in_scope_fen,
  s.deductible_fen,
  s.pooled_fund_fen, s.critical_illness_fen, s.medical_assistance_fen, s.account_fen, s.cash_fen, s.rate_bp,
  s.balance_after_fen, s.year_delta, s.confidence, s.policy_version, s.assessment, s.message_id, s.transaction_code,
  s.state as settlement_state, s.cancelled_at, s.cancellation_serial, s.balance_after_cancel_fen,
  {ENCOUNTER_COLUMNS}
"""
_RECORD_FROM: Final = """
  from settlement.settlement s
  join settlement.encounter e on e.person_id = s.person_id and e.encounter_serial = s.encounter_serial
"""

_READ_CANCEL: Final = f"""
  select {_RECORD_COLUMNS}, e.version as encounter_version, y.version as year_version,
    b.balance_fen,
    m.state as message_state, m.request_hash as message_hash, m.settlement_serial as message_settlement,
    exists (select from settlement.settlement o where o.person_id = $1 and o.encounter_serial = s.encounter_serial
      and o.state = 'settled' and o.settlement_serial <> s.settlement_serial) as has_other_batches,
    (select array_agg(o.settlement_serial order by o.settled_at, o.settlement_serial)
     from settlement.settlement o
     where o.person_id = $1 and o.benefit_year = s.benefit_year and o.insurance_type = s.insurance_type
       and o.state = 'settled' and (o.care_kind = 'inpatient') = (s.care_kind = 'inpatient')
       and o.settled_at >= s.settled_at and (o.settled_at, o.settlement_serial) > (s.settled_at, s.settlement_serial)
    ) as later_serials
  {_RECORD_FROM}
  join settlement.benefit_year y on y.person_id = $1 and y.benefit_year = s.benefit_year
    and y.insurance_type = s.insurance_type
  left join account.v_balance b on b.person_id = $1
  left join settlement.message m on m.person_id = $1 and m.institution_code = $3 and m.transaction_code = $4
    and m.message_id = $5
  where s.person_id = $1 and s.settlement_serial = $2 and s.institution_code = $3
"""  # noqa: S608

# $1 person, $2 benefit year, $3 insurance, $4–$10 what is taken off the year, $11 encounter, $12 its version and $13
# its new state, $14 filings, $15 account part, $16 settlement, $17 when, $18 settlement number, $19 institution,
# $20 transaction, $21 message, $22 its hash, $23 the balance and $24 the year's version as
# read: another cancellation of the same settlement must find the year changed, before it takes anything off.
# The message part differs: see below.
_CANCEL: Final = f"""
  with year as (
    update settlement.benefit_year set version = version + 1,
      {", ".join(f"{name} = {name} - ${at}" for at, name in enumerate(_YEAR, start=4))}
    where person_id = $1 and benefit_year = $2 and insurance_type = $3 and version = $24
    returning person_id
  ), visit as (
    update settlement.encounter set state = $13, version = version + 1
    where person_id = $1 and encounter_serial = $11 and version = $12 and exists (select from year)
    returning encounter_serial
  ), unstamped as (
    {UNSTAMP_SQL.format(person_id="$1", serials="(select $14::integer[] from visit)::integer[]")}
  ), credited as (
    {
    CREDIT_CTE.format(
        person_id="$1",
        amount="$15",
        condition="$15 > 0 and (select count(*) from unstamped) = cardinality($14::integer[])",
    )
}
  ), cancelled as (
    update settlement.settlement set state = 'cancelled', cancelled_at = $17,
      cancellation_serial = nextval('settlement.serial'),
      balance_after_cancel_fen = coalesce((select balance_fen from credited), $23)
    where person_id = $1 and settlement_serial = $16 and state = 'settled' and exists (select from visit)
      and (select count(*) from unstamped) = cardinality($14::integer[])
      and ($15 = 0 or exists (select from credited))
    returning settlement_serial, cancellation_serial, balance_after_cancel_fen
  ), correction as (
    {
    CORRECTION_CTE.format(
        person_id="$1",
        what=f"'{EntryKind.CANCELLATION}'",
        corrected=f"'{EntryKind.SETTLEMENT}'",
        reference="$18",
        at="$17::timestamptz",
        source="cancelled",
    )
}
  ), posting as (
    {CORRECTION_POSTING_CTE.format(person_id="$1", correction="correction")}
  ), message as (
    {{message}}
  )
  select settlement.or_conflict(exists (select from message)), cancellation_serial, balance_after_cancel_fen
  from (select) as one left join cancelled on true
"""  # noqa: S608

# A cancellation leaves a message of its own …
_CANCEL_MESSAGE: Final = f"""
    insert into settlement.message (person_id, institution_code, transaction_code, message_id, kind, state,
      request_hash, encounter_serial, settlement_serial, received_at)
    select $1, $19, $20, $21, '{MessageKind.CANCEL}', 'done', $22, $11, settlement_serial, $17::timestamptz
    from cancelled
    returning true
"""  # noqa: S608
# … a reversal turns the original's.
_REVERSE_MESSAGE: Final = """
    update settlement.message set state = 'reversed', reversed_at = $17::timestamptz
    where person_id = $1 and institution_code = $19 and transaction_code = $20 and message_id = $21 and state = 'done'
      and request_hash = $22 and exists (select from cancelled)
    returning true
"""
_CANCEL_BY_MESSAGE: Final = _CANCEL.format(message=_CANCEL_MESSAGE)
_CANCEL_BY_REVERSAL: Final = _CANCEL.format(message=_REVERSE_MESSAGE)

# The settlement is cancelled already; only the fact that this message asked for it is new.
_NOTE_CANCEL_MESSAGE: Final = f"""
  insert into settlement.message (person_id, institution_code, transaction_code, message_id, kind, state, request_hash,
    encounter_serial, settlement_serial, received_at)
  values ($1, $2, $3, $4, '{MessageKind.CANCEL}', 'done', $5, $6, $7, $8)
"""  # noqa: S608

_TOMBSTONE: Final = f"""
  insert into settlement.message (person_id, institution_code, transaction_code, message_id, kind, state, received_at,
    reversed_at)
  values ($1, $2, $3, $4, '{MessageKind.UNKNOWN}', 'reversed', $5, $5)
  on conflict do nothing
  returning true
"""  # noqa: S608

_REVERSE_ONLY_MESSAGE: Final = """
  update settlement.message set state = 'reversed', reversed_at = $5
  where person_id = $1 and institution_code = $2 and transaction_code = $3 and message_id = $4 and state = 'done'
"""

_READ_OPENING: Final = f"""
  select {ENCOUNTER_COLUMNS},
    exists (select from settlement.charge_line l
      where l.person_id = $1 and l.encounter_serial = e.encounter_serial) as has_lines,
    exists (select from settlement.message o
      where o.person_id = $1 and o.encounter_serial = e.encounter_serial and o.kind = '{MessageKind.OPEN}'
        and o.state = 'done' and (o.institution_code, o.transaction_code, o.message_id) <> ($3, $4, $5)
    ) as has_other_openings
  from settlement.encounter e
  where e.person_id = $1 and e.encounter_serial = $2
"""  # noqa: S608

_REVERSE_OPENING: Final = """
  with visit as (
    update settlement.encounter set state = 'voided', version = version + 1
    where person_id = $1 and encounter_serial = $6 and version = $7 and state = 'open'
    returning true
  ), message as (
    update settlement.message set state = 'reversed', reversed_at = $5
    where person_id = $1 and institution_code = $2 and transaction_code = $3 and message_id = $4 and state = 'done'
      and exists (select from visit)
    returning true
  )
  select settlement.or_conflict(exists (select from message))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateFiling:
    """A filing in force at the place of care on the day of admission.

    `is_candidate`: made under this enrollment and for this kind of care, so the law may be asked about it. The others
    are only stamped: something has been settled at the place they name.
    """

    filing_serial: int
    kind: FilingKind
    is_candidate: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownMessage:
    """`request_hash` and what it did are None for a message that was withdrawn before it came."""

    kind: MessageKind
    state: str
    request_hash: bytes | None
    encounter_serial: int | None
    settlement_serial: int | None
    reversed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """Everything a settlement depends on, as one statement saw it. `year_version` 0, `account_version` None: no row."""

    encounter: Encounter
    hospital_level: str | None
    in_county: bool
    split: Split
    enrolled_pool: str | None
    category: PersonnelCategory | None
    payment_state: str | None
    year_version: int
    year: YearTotals
    balance_fen: Fen | None
    account_version: int | None
    filings: tuple[CandidateFiling, ...]
    message_state: str | None
    message_hash: bytes | None
    message_settlement: int | None
    live_settlement: int | None
    new_serial: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelFacts:
    """A settlement that is to be undone, and what stands around it."""

    record: SettlementRecord
    encounter_version: int
    year_version: int
    stamped_filings: tuple[int, ...]
    year_delta: YearTotals
    balance_fen: Fen | None
    balance_after_cancel_fen: Fen | None
    message_state: str | None
    message_hash: bytes | None
    message_settlement: int | None
    has_other_batches: bool
    later_serials: tuple[int, ...]


async def read_bill(db: Db, request: SettleRequest, benefit_year: int, *, draw_serial: bool) -> Bill | None:
    """None: no such encounter of that institution. `draw_serial` takes a number even if it is never used."""
    row = await db.fetchrow(
        _READ_BILL,
        request.person_id,
        request.encounter_serial,
        request.batch,
        benefit_year,
        request.institution_code,
        request.transaction_code,
        request.message_id,
        request.institution_code,
        draw_serial,
    )
    return None if row is None else _bill(row)


async def lock_for_settling(
    db: Db, person_id: int, encounter_serial: int, benefit_year: int, insurance_type: InsuranceType
) -> None:
    """Year, encounter, account: one after the other, in the order every write takes them."""
    await db.execute(
        """insert into settlement.benefit_year as y (person_id, benefit_year, insurance_type, version)
           values ($1, $2, $3, 0)
           on conflict (person_id, benefit_year, insurance_type) do update set version = y.version""",
        person_id,
        benefit_year,
        insurance_type,
    )
    await lock_encounter(db, OutsideNumber(ENCOUNTER, person_id, encounter_serial))
    await db.execute(LOCK_SQL, person_id)


async def lock_for_cancelling(db: Db, person_id: int, settlement_serial: int) -> None:
    """The same three for the settlement that is to be undone; which ones they are never changes."""
    row = await db.fetchrow(
        """select encounter_serial, benefit_year, insurance_type from settlement.settlement
           where person_id = $1 and settlement_serial = $2""",
        person_id,
        settlement_serial,
    )
    if row is not None:
        await lock_for_settling(
            db, person_id, row["encounter_serial"], row["benefit_year"], InsuranceType(row["insurance_type"])
        )


async def lock_opening(db: Db, person_id: int, encounter_serial: int) -> None:
    await lock_encounter(db, OutsideNumber(ENCOUNTER, person_id, encounter_serial))


async def write_settlement(
    db: Db,
    bill: Bill,
    settled: Settled,
    *,
    benefit_year: int,
    year_delta: YearTotals,
    discharged_on: date | None,
    postings: Sequence[Posting],
    transaction_code: str,
    request_hash: bytes,
) -> None:
    """All of a settlement in one statement. Raises asyncpg.SerializationError when something it was computed from
    has changed, UniqueViolationError when the message or the bill was taken by somebody else first."""
    await db.execute(
        _SETTLE,
        settled.person_id,
        benefit_year,
        settled.insurance_type,
        bill.year_version,
        *year_delta,
        settled.encounter_serial,
        bill.encounter.version,
        discharged_on,
        [filing.filing_serial for filing in bill.filings],
        bill.account_version,
        settled.account_fen,
        year_delta._asdict(),
        settled.settlement_serial,
        settled.batch,
        settled.institution_code,
        settled.care_kind,
        settled.category,
        settled.insured_pool,
        settled.treatment_pool,
        settled.filing_serial,
        settled.settled_on,
        settled.settled_at,
        settled.total_fen,
        settled.self_funded_fen,
        settled.over_price_cap_fen,
        settled.preselfpay_fen,
        settled.in_scope_fen,
        settled.deductible_fen,
        settled.pooled_fund_fen,
        settled.critical_illness_fen,
        settled.medical_assistance_fen,
        settled.cash_fen,
        settled.rate_bp,
        settled.balance_after_fen,
        settled.confidence,
        settled.policy_version,
        settled.assessment,
        settled.message_id,
        transaction_code,
        settled.number,
        [posting.ledger_account for posting in postings],
        [posting.amount_fen for posting in postings],
        request_hash,
    )


async def read_cancel(db: Db, request: CancelRequest) -> CancelFacts | None:
    """None: no such settlement of that institution."""
    row = await db.fetchrow(
        _READ_CANCEL,
        request.person_id,
        request.settlement_serial,
        request.institution_code,
        request.transaction_code,
        request.message_id,
    )
    return None if row is None else _cancel_facts(row)


async def write_cancellation(
    db: Db, facts: CancelFacts, request: CancelRequest, *, encounter_state: str, is_reversal: bool, now: datetime
) -> tuple[int, Fen | None]:
    """Take everything back in one statement; returns the cancellation's serial and the account's balance after it.

    With `is_reversal` the request's message is the ORIGINAL settlement's, which is marked reversed; no new row.
    """
    record = facts.record
    row = await db.fetchrow(
        _CANCEL_BY_REVERSAL if is_reversal else _CANCEL_BY_MESSAGE,
        record.person_id,
        record.benefit_year,
        record.insurance_type,
        *facts.year_delta,
        record.encounter_serial,
        facts.encounter_version,
        encounter_state,
        list(facts.stamped_filings),
        record.account_fen,
        record.settlement_serial,
        now,
        record.number,
        request.institution_code,
        request.transaction_code,
        request.message_id,
        request.request_hash,
        facts.balance_fen,
        facts.year_version,
    )
    return row["cancellation_serial"], row["balance_after_cancel_fen"]


async def note_cancel_message(db: Db, request: CancelRequest, encounter_serial: int, now: datetime) -> None:
    await db.execute(
        _NOTE_CANCEL_MESSAGE,
        request.person_id,
        request.institution_code,
        request.transaction_code,
        request.message_id,
        request.request_hash,
        encounter_serial,
        request.settlement_serial,
        now,
    )


async def known_message(db: Db, request: ReverseRequest | SettleRequest | CancelRequest) -> KnownMessage | None:
    row = await db.fetchrow(
        """select kind, state, request_hash, encounter_serial, settlement_serial, reversed_at from settlement.message
           where person_id = $1 and institution_code = $2 and transaction_code = $3 and message_id = $4""",
        request.person_id,
        request.institution_code,
        request.transaction_code,
        request.message_id,
    )
    if row is None:
        return None
    return KnownMessage(
        kind=MessageKind(row["kind"]),
        state=row["state"],
        request_hash=row["request_hash"],
        encounter_serial=row["encounter_serial"],
        settlement_serial=row["settlement_serial"],
        reversed_at=row["reversed_at"],
    )


async def leave_tombstone(db: Db, request: ReverseRequest, now: datetime) -> bool:
    """False: the original was faster and its row is there."""
    is_ours: bool | None = await db.fetchval(_TOMBSTONE, *_key(request), now)
    return is_ours is True


async def reverse_message(db: Db, request: ReverseRequest | CancelRequest, now: datetime) -> None:
    await db.execute(_REVERSE_ONLY_MESSAGE, *_key(request), now)


async def read_opening(db: Db, request: ReverseRequest, encounter_serial: int) -> tuple[Encounter, bool, bool]:
    """(the encounter, has it lines, has another message opened it too)."""
    row = await db.fetchrow(
        _READ_OPENING,
        request.person_id,
        encounter_serial,
        request.institution_code,
        request.transaction_code,
        request.message_id,
    )
    return encounter_from(row), row["has_lines"], row["has_other_openings"]


async def reverse_opening(db: Db, request: ReverseRequest, encounter: Encounter, now: datetime) -> None:
    await db.execute(_REVERSE_OPENING, *_key(request), now, encounter.encounter_serial, encounter.version)


async def settlement(db: Db, person_id: int, serial: int) -> SettlementRecord | None:
    row = await db.fetchrow(
        f"select {_RECORD_COLUMNS} {_RECORD_FROM} where s.person_id = $1 and s.settlement_serial = $2",
        person_id,
        serial,
    )
    return None if row is None else _record(row)


async def settlement_of_encounter(
    db: Db, person_id: int, encounter_serial: int, batch: str | None
) -> SettlementRecord | None:
    """The one in force, else the last that was; of several batches the newest."""
    row = await db.fetchrow(
        f"""select {_RECORD_COLUMNS} {_RECORD_FROM}
            where s.person_id = $1 and s.encounter_serial = $2 and ($3::text is null or s.batch = $3)
            order by s.state = 'settled' desc, s.settled_at desc, s.settlement_serial desc limit 1""",
        person_id,
        encounter_serial,
        batch,
    )
    return None if row is None else _record(row)


async def settlements_of(
    db: Db, person_id: int, *, before: datetime | None, limit: int, in_force_only: bool
) -> list[SettlementRecord]:
    rows = await db.fetch(
        f"""select {_RECORD_COLUMNS} {_RECORD_FROM}
            where s.person_id = $1 and ($2::timestamptz is null or s.settled_at < $2)
              and (not $4 or s.state = 'settled')
            order by s.settled_at desc, s.settlement_serial desc limit $3""",
        person_id,
        before,
        limit,
        in_force_only,
    )
    return [_record(row) for row in rows]


async def year_totals(db: Db, person_id: int, benefit_year: int) -> dict[InsuranceType, YearTotals]:
    rows = await db.fetch(
        f"select insurance_type, {_YEAR_LIST} from settlement.benefit_year where person_id = $1 and benefit_year = $2",  # noqa: S608
        person_id,
        benefit_year,
    )
    return {InsuranceType(row["insurance_type"]): _year(row) for row in rows}


def _key(request: ReverseRequest | CancelRequest) -> tuple[int, str, str, str]:
    return (request.person_id, request.institution_code, request.transaction_code, request.message_id)


def _year(row: Mapping[str, Any]) -> YearTotals:
    return YearTotals(*(row[name] for name in _YEAR))


def _bill(row: Mapping[str, Any]) -> Bill:
    filings = zip(row["filing_serials"] or (), row["filing_kinds"] or (), row["filing_candidates"] or (), strict=True)
    category = row["category"]
    return Bill(
        encounter=encounter_from(row),
        hospital_level=row["hospital_level"],
        in_county=bool(row["in_county"]),
        split=Split(row["self_funded_fen"], row["over_price_cap_fen"], row["preselfpay_fen"], row["in_scope_fen"]),
        enrolled_pool=row["enrolled_pool"],
        category=None if category is None else PersonnelCategory(category),
        payment_state=row["payment_state"],
        year_version=row["year_version"] or 0,
        year=YearTotals() if row["year_version"] is None else _year(row),
        balance_fen=row["balance_fen"],
        account_version=row["account_version"],
        filings=tuple(
            CandidateFiling(filing_serial=serial, kind=FilingKind(kind), is_candidate=is_candidate is True)
            for serial, kind, is_candidate in filings
        ),
        message_state=row["message_state"],
        message_hash=row["message_hash"],
        message_settlement=row["message_settlement"],
        live_settlement=row["live_settlement"],
        new_serial=row["new_serial"],
    )


def _record(row: Mapping[str, Any]) -> SettlementRecord:
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
        cash_fen=row["cash_fen"],
        balance_after_fen=row["balance_after_fen"],
        confidence=Confidence(row["confidence"]),
        policy_version=row["policy_version"],
        assessment=row["assessment"],
        message_id=row["message_id"],
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


def _cancel_facts(row: Mapping[str, Any]) -> CancelFacts:
    return CancelFacts(
        record=_record(row),
        encounter_version=row["encounter_version"],
        year_version=row["year_version"],
        stamped_filings=tuple(row["stamped_filings"]),
        year_delta=YearTotals(**row["year_delta"]),
        balance_fen=row["balance_fen"],
        balance_after_cancel_fen=row["balance_after_cancel_fen"],
        message_state=row["message_state"],
        message_hash=row["message_hash"],
        message_settlement=row["message_settlement"],
        has_other_batches=row["has_other_batches"],
        later_serials=tuple(row["later_serials"] or ()),
    )


__all__ = [
    "Bill",
    "CancelFacts",
    "CandidateFiling",
    "KnownMessage",
    "known_message",
    "leave_tombstone",
    "lock_for_cancelling",
    "lock_for_settling",
    "lock_opening",
    "note_cancel_message",
    "read_bill",
    "read_cancel",
    "read_opening",
    "reverse_message",
    "reverse_opening",
    "settlement",
    "settlement_of_encounter",
    "settlements_of",
    "write_cancellation",
    "write_settlement",
    "year_totals",
]
