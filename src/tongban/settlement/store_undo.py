"""SQL that takes things back: a settlement by its number, a message by its id.

Locks are taken in the order a settlement takes them (see `store_settle`), and every write is one statement.
"""

# Statements are put together from constants only; `tests/test_house.py` holds the file to it.
# ruff: noqa: S608

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from tongban.account import (
    AID_CORRECTION_CTE,
    AID_CORRECTION_POSTING_CTE,
    CORRECTION_CTE,
    CORRECTION_POSTING_CTE,
    CREDIT_CTE,
    HOLD_CTE,
    EntryKind,
)
from tongban.filing import UNSTAMP_SQL
from tongban.infra.db import Db
from tongban.kernel.identifiers import ENCOUNTER, OutsideNumber
from tongban.kernel.money import Fen
from tongban.kernel.vocabulary import InsuranceType
from tongban.law import BillShares, YearTotals
from tongban.mutual_aid import EVENT_CTE, GIVE_BACK_CTE, EventKind
from tongban.settlement.model import (
    CancelRequest,
    Encounter,
    LaterChange,
    MessageKind,
    ReverseRequest,
    SettlementRecord,
    SettleRequest,
)
from tongban.settlement.store import ENCOUNTER_COLUMNS, encounter_from, lock_encounter
from tongban.settlement.store_records import RECORD_COLUMNS, RECORD_FROM, YEAR_COLUMNS, record_from
from tongban.settlement.store_settle import lock_for_settling

_READ_CANCEL: Final = f"""
  select {RECORD_COLUMNS}, e.version as encounter_version, y.version as year_version,
    b.balance_fen,
    m.state as message_state, m.request_hash as message_hash, m.settlement_serial as message_settlement,
    exists (select from settlement.settlement o where o.person_id = $1 and o.encounter_serial = s.encounter_serial
      and o.state = 'settled' and o.settlement_serial <> s.settlement_serial) as has_other_batches,
    exists (select from settlement.settlement o where o.person_id = $1 and o.benefit_year = s.benefit_year
      and o.insurance_type = s.insurance_type and o.state = 'settled' and o.settlement_serial > s.settlement_serial
    ) as has_later
  {RECORD_FROM}
  join settlement.benefit_year y on y.person_id = $1 and y.benefit_year = s.benefit_year
    and y.insurance_type = s.insurance_type
  left join account.v_balance b on b.person_id = $1
  left join settlement.message m on m.person_id = $1 and m.institution_code = $3 and m.transaction_code = $4
    and m.message_id = $5
  where s.person_id = $1 and s.settlement_serial = $2 and s.institution_code = $3 and s.way = $6
"""

# $1 person, $2 benefit year, $3 insurance, $4–$10 what is taken off the year, $11 encounter, $12 its version and $13
# its new state, $14 filings, $15 account part, $16 settlement, $17 when, $18 settlement number, $19 institution,
# $20 transaction, $21 message, $22 its hash, $23 the balance and $24 the year's version as
# read: another cancellation of the same settlement must find the year changed, before it takes anything off. $25–$31
# what it would have changed in later settlements, one array a column. The message part differs: see below.
# Accounts that get back: $32 whose, $33 how much; of relatives: $34 giver, $35 authorisation, $36 how much; $37 care.
_UNSTAMPED: Final = "(select count(*) from unstamped) = cardinality($14::integer[])"
_REDERIVED_ARRAYS: Final = ", ".join(f"${at}::bigint[]" for at, _ in enumerate(BillShares._fields, start=26))
_CANCEL: Final = f"""
  with year as (
    update settlement.benefit_year set version = version + 1,
      {", ".join(f"{name} = {name} - ${at}" for at, name in enumerate(YEAR_COLUMNS, start=4))}
    where person_id = $1 and benefit_year = $2 and insurance_type = $3 and version = $24
    returning person_id
  ), visit as (
    update settlement.encounter set state = $13, version = version + 1
    where person_id = $1 and encounter_serial = $11 and version = $12 and exists (select from year)
    returning encounter_serial
  ), unstamped as (
    {UNSTAMP_SQL.format(person_id="$1", serials="(select $14::integer[] from visit)::integer[]")}
  ), held as (
    {HOLD_CTE.format(people="$32::bigint[]", condition=_UNSTAMPED)}
  ), given_back as (
    {GIVE_BACK_CTE.format(held="held", givers="$34::bigint[]", serials="$35::bigint[]", amounts="$36::bigint[]")}
  ), credited as (
    {CREDIT_CTE.format(held="held", people="$32::bigint[]", amounts="$33::bigint[]", set_apart="given_back")}
  ), cancelled as (
    update settlement.settlement set state = 'cancelled', cancelled_at = $17,
      cancellation_serial = nextval('settlement.serial'),
      balance_after_cancel_fen = coalesce((select balance_fen from credited where person_id = $1), $23)
    where person_id = $1 and settlement_serial = $16 and state = 'settled' and exists (select from visit)
      and {_UNSTAMPED} and account_fen = $15
      and (select count(*) from credited) = cardinality($32::bigint[])
      and (select count(*) from given_back) = cardinality($34::bigint[])
    returning settlement_serial, cancellation_serial, balance_after_cancel_fen, assessment
  ), year_of_disease as (
    update settlement.chronic_year y set
      pooled_fen = y.pooled_fen - (c.assessment->'breakdown'->>'pooled_fund_fen')::bigint,
      deductible_fen = y.deductible_fen - (c.assessment->'breakdown'->>'deductible_fen')::bigint
    from cancelled c
    where c.assessment->>'rule' = 'chronic' and y.person_id = $1 and y.benefit_year = $2 and y.insurance_type = $3
      and y.disease = c.assessment->'case'->>'disease'
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
  ), aid_correction as (
    {
    AID_CORRECTION_CTE.format(
        what=f"'{EntryKind.MUTUAL_AID_RETURN}'",
        corrected=f"'{EntryKind.MUTUAL_AID}'",
        reference="$18",
        at="$17::timestamptz",
        source="cancelled",
        givers="$34::bigint[]",
    )
}
  ), aid_posting as (
    {AID_CORRECTION_POSTING_CTE.format(correction="aid_correction")}
  ), aid_event as (
    {
    EVENT_CTE.format(
        what=f"'{EventKind.RETURNED}'",
        reference="$18",
        care_kind="$37",
        at="$17::timestamptz",
        source="cancelled",
        givers="$34::bigint[]",
        serials="$35::bigint[]",
        amounts="$36::bigint[]",
    )
}
  ), rederived as (
    insert into settlement.rederivation (person_id, cancelled_serial, settlement_serial,
      {", ".join(BillShares._fields)}, undetermined)
    select $1, cancelled.settlement_serial, later.*
    from cancelled, unnest($25::bigint[], {_REDERIVED_ARRAYS}, $31::text[]) as later
  ), message as (
    {{message}}
  )
  select settlement.or_conflict(exists (select from message)), cancellation_serial, balance_after_cancel_fen
  from (select) as one left join cancelled on true
"""

# A cancellation leaves a message of its own …
_CANCEL_MESSAGE: Final = f"""
    insert into settlement.message (person_id, institution_code, transaction_code, message_id, kind, state,
      request_hash, encounter_serial, settlement_serial, received_at)
    select $1, $19, $20, $21, '{MessageKind.CANCEL}', 'done', $22, $11, settlement_serial, $17::timestamptz
    from cancelled
    returning true
"""

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
"""

_TOMBSTONE: Final = f"""
  insert into settlement.message (person_id, institution_code, transaction_code, message_id, kind, state, received_at,
    reversed_at)
  values ($1, $2, $3, $4, '{MessageKind.UNKNOWN}', 'reversed', $5, $5)
  on conflict do nothing
  returning true
"""

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
"""

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
class KnownMessage:
    """`request_hash` and what it did are None for a message that was withdrawn before it came."""

    kind: MessageKind
    state: str
    request_hash: bytes | None
    encounter_serial: int | None
    settlement_serial: int | None
    reversed_at: datetime | None


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
    has_later: bool


async def lock_for_cancelling(db: Db, person_id: int, settlement_serial: int) -> None:
    """The same for the settlement that is to be undone; which ones they are never changes."""
    row = await db.fetchrow(
        """select encounter_serial, benefit_year, insurance_type, aid_givers from settlement.settlement
           where person_id = $1 and settlement_serial = $2""",
        person_id,
        settlement_serial,
    )
    if row is not None:
        await lock_for_settling(
            db,
            person_id,
            row["encounter_serial"],
            row["benefit_year"],
            InsuranceType(row["insurance_type"]),
            row["aid_givers"],
        )


async def lock_opening(db: Db, person_id: int, encounter_serial: int) -> None:
    await lock_encounter(db, OutsideNumber(ENCOUNTER, person_id, encounter_serial))


async def read_cancel(db: Db, request: CancelRequest) -> CancelFacts | None:
    """None: no such settlement of that institution."""
    row = await db.fetchrow(
        _READ_CANCEL,
        request.person_id,
        request.settlement_serial,
        request.institution_code,
        request.transaction_code,
        request.message_id,
        request.way,
    )
    return None if row is None else _cancel_facts(row)


async def write_cancellation(
    db: Db,
    facts: CancelFacts,
    request: CancelRequest,
    later: Sequence[LaterChange],
    *,
    encounter_state: str,
    is_reversal: bool,
    now: datetime,
) -> tuple[int, Fen | None]:
    """Take everything back in one statement; returns the cancellation's serial and the account's balance after it.

    With `is_reversal` the request's message is the ORIGINAL settlement's, which is marked reversed; no new row.
    """
    record = facts.record
    givers = [share.giver_id for share in record.mutual_aid]
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
        [change.settlement_serial for change in later],
        *([getattr(change.would_be, name, None) for change in later] for name in BillShares._fields),
        [change.undetermined for change in later],
        [*givers, *([record.person_id] if record.account_fen else [])],
        [*(share.paid_fen for share in record.mutual_aid), *([record.account_fen] if record.account_fen else [])],
        givers,
        [share.grant_serial for share in record.mutual_aid],
        [share.paid_fen for share in record.mutual_aid],
        record.care_kind,
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


def _key(request: ReverseRequest | CancelRequest) -> tuple[int, str, str, str]:
    return (request.person_id, request.institution_code, request.transaction_code, request.message_id)


def _cancel_facts(row: Mapping[str, Any]) -> CancelFacts:
    return CancelFacts(
        record=record_from(row),
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
        has_later=row["has_later"],
    )
