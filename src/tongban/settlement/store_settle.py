"""SQL of a settlement: one read of everything it needs, one guarded statement that writes all of it.

The write is one statement, so it happens whole or not at all. Its guards stand in the order in which rows are locked
everywhere (year, encounter, filings, personal accounts by the persons' numbers, settlement, message), each drawn from
the one before, and `settlement.or_conflict` raises when a guard did not hold: the caller reads again. Authorisations
need no place in that order: whoever changes one holds its giver's account.
"""

# Statements are put together from constants only; `tests/test_house.py` holds the file to it.
# ruff: noqa: S608

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, NamedTuple

from tongban import account, mutual_aid
from tongban.account import (
    AID_ENTRY_CTE,
    AID_POSTING_CTE,
    DEBIT_CTE,
    ENTRY_CTE,
    HOLD_CTE,
    POSTING_CTE,
    EntryKind,
    Posting,
    aid_giver_account,
)
from tongban.filing import HOLD_SQL, SCOPE_NUMBER, STAMP_SQL
from tongban.infra.db import Db
from tongban.kernel.identifiers import ENCOUNTER, OutsideNumber
from tongban.kernel.money import Fen
from tongban.kernel.vocabulary import FilingKind, InsuranceType, PersonnelCategory
from tongban.law import DiseaseTotals, YearTotals
from tongban.mutual_aid import DRAW_CTE, EVENT_CTE, OFFERS_SQL, Draw, EventKind, Offer, offers_from
from tongban.settlement.model import Encounter, MessageKind, Settled, SettleRequest
from tongban.settlement.rules import Split
from tongban.settlement.store import ENCOUNTER_COLUMNS, encounter_from, lock_encounter
from tongban.settlement.store_records import YEAR_COLUMNS, YEAR_LIST, year_from

_SCOPE_CASES: Final = " ".join(f"when '{care}' then {number}" for care, number in SCOPE_NUMBER.items())

_READ_BILL: Final = f"""
  select {ENCOUNTER_COLUMNS},
    i.hospital_level, i.in_county,
    l.self_funded_fen, l.over_price_cap_fen, l.preselfpay_fen, l.in_scope_fen,
    n.pool_code as enrolled_pool, n.category, n.payment_state,
    y.version as year_version, {", ".join(f"y.{name}" for name in YEAR_COLUMNS)},
    b.balance_fen, b.reserved_fen, b.version as account_version,
    a.offers,
    f.serials as filing_serials, f.kinds as filing_kinds, f.are_candidates as filing_candidates,
    m.state as message_state, m.request_hash as message_hash, m.settlement_serial as message_settlement,
    s.settlement_serial as live_settlement,
    (select o.settlement_serial from settlement.settlement o
     where o.person_id = $1 and o.institution_code = e.institution_code and o.way = 'manual' and o.state = 'settled'
       and e.care_kind = 'inpatient'
       and o.stay && settlement.stay_of(e.admitted_on, coalesce($11::date, e.discharged_on, $12::date))
     limit 1) as reimbursed_settlement,
    case when e.care_kind = 'chronic' then (
      select jsonb_agg(jsonb_build_array(c.disease, c.disease_code, d.institutions, d.has_this_one)
        order by c.certification_serial)
      from chronic.v_certification c, lateral (
        select count(*) as institutions, coalesce(bool_or(institution_code = e.institution_code), false) as has_this_one
        from chronic.v_designation
        where person_id = $1 and certification_serial = c.certification_serial
          and valid_from <= e.admitted_on and (valid_to is null or valid_to >= e.admitted_on)
      ) d
      where c.person_id = $1 and c.insured_pool = e.insured_pool and c.insurance_type = e.insurance_type
        and c.valid_from <= e.admitted_on and (c.valid_to is null or c.valid_to >= e.admitted_on)
    ) end as certifications,
    case when e.care_kind = 'chronic' then (
      select jsonb_object_agg(disease, jsonb_build_array(pooled_fen, deductible_fen)) from settlement.chronic_year
      where person_id = $1 and benefit_year = $4 and insurance_type = e.insurance_type
    ) end as year_of_diseases,
    exists (select from settlement.policy_version where version = $10) as is_version_kept,
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
    {OFFERS_SQL.format(person_id="$1", on="$12", condition="$13")}
  ) a on true
  left join lateral (
    select array_agg(filing_serial order by filing_serial) as serials,
      array_agg(kind order by filing_serial) as kinds,
      array_agg(v.insured_pool = e.insured_pool and v.insurance_type = e.insurance_type
        and v.scopes @> (case e.care_kind {_SCOPE_CASES} end)
        order by filing_serial) as are_candidates
    from filing.v_filing v
    where v.person_id = $1 and v.treatment_pool = e.treatment_pool and v.status <> 'closed' and not v.is_used_up
      and v.valid_from <= e.admitted_on and (v.valid_to is null or v.valid_to >= e.admitted_on)
  ) f on true
  left join settlement.message m on m.person_id = $1 and m.institution_code = $5 and m.transaction_code = $6
    and m.message_id = $7
  left join settlement.settlement s on s.person_id = $1 and s.encounter_serial = $2 and s.batch = $3
    and s.state = 'settled'
  where e.person_id = $1 and e.encounter_serial = $2 and e.institution_code = $8
"""

# $1 person, $2 benefit year, $3 insurance, $4 year version read (0: no row), $5–$11 what is added to the year,
# $12 encounter, $13 its version, $14 discharge, $15 filings, $16 what relatives pay, $17 what the own account pays,
# $18 … the rest. Accounts that pay, the own among them: $51 whose, $52 version read, $53 amount, $54 of it set apart.
# Authorisations that pay: $55 giver, $56 serial, $57 version read, $58 amount, $59 what stands against it in the books.
_STAMPED: Final = "(select count(*) from stamped) = cardinality($15::integer[])"
_SETTLE: Final = f"""
  with year as (
    insert into settlement.benefit_year as y (person_id, benefit_year, insurance_type, {YEAR_LIST})
    values ($1, $2, $3, $5, $6, $7, $8, $9, $10, $11)
    on conflict (person_id, benefit_year, insurance_type) do update set version = y.version + 1,
      {", ".join(f"{name} = y.{name} + excluded.{name}" for name in YEAR_COLUMNS)}
    where y.version = $4
    returning person_id
  ), visit as (
    update settlement.encounter set state = 'settled', version = version + 1,
      discharged_on = coalesce($14, discharged_on)
    where person_id = $1 and encounter_serial = $12 and version = $13 and exists (select from year)
    returning encounter_serial, case care_kind when 'inpatient'
      then settlement.stay_of(admitted_on, coalesce(discharged_on, $27::date)) end as stay
  ), stamped as (
    {STAMP_SQL.format(person_id="$1", serials="(select $15::integer[] from visit)::integer[]")}
  ), held as (
    {HOLD_CTE.format(people="$51::bigint[]", condition=_STAMPED)}
  ), debited as (
    {
    DEBIT_CTE.format(
        held="held",
        people="$51::bigint[]",
        versions="$52::integer[]",
        amounts="$53::bigint[]",
        released="$54::bigint[]",
    )
}
  ), drawn as (
    {
    DRAW_CTE.format(
        held="debited",
        givers="$55::bigint[]",
        serials="$56::bigint[]",
        versions="$57::integer[]",
        amounts="$58::bigint[]",
    )
}
  ), settled as (
    insert into settlement.settlement (person_id, encounter_serial, benefit_year, insurance_type, stamped_filings,
      account_fen, year_delta, settlement_serial, batch, institution_code, care_kind, category, insured_pool,
      treatment_pool, filing_serial, settled_on, settled_at, total_fen, self_funded_fen, over_price_cap_fen,
      preselfpay_fen, in_scope_fen, deductible_fen, pooled_fund_fen, critical_illness_fen, medical_assistance_fen,
      cash_fen, rate_bp, balance_after_fen, confidence, policy_version, assessment, message_id, transaction_code, state,
      way, stay, mutual_aid_fen, aid_givers, aid_grants, aid_paid)
    select $1, encounter_serial, $2, $3, $15, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28::timestamptz,
      $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40, $41, $42, $43, $44, $45, 'settled', $50, stay,
      $16, $55, $56, $58
    from visit
    where {_STAMPED} and (select count(*) from debited) = cardinality($51::bigint[])
      and (select count(*) from drawn) = cardinality($55::bigint[])
    returning settlement_serial, assessment
  ), year_of_disease as (
    insert into settlement.chronic_year as y (person_id, benefit_year, insurance_type, disease, pooled_fen,
      deductible_fen)
    select $1, $2, $3, assessment->'case'->>'disease', (assessment->'breakdown'->>'pooled_fund_fen')::bigint,
      (assessment->'breakdown'->>'deductible_fen')::bigint
    from settled where assessment->>'rule' = 'chronic'
    on conflict (person_id, benefit_year, insurance_type, disease) do update set
      pooled_fen = y.pooled_fen + excluded.pooled_fen, deductible_fen = y.deductible_fen + excluded.deductible_fen
  ), entry as (
    {
    ENTRY_CTE.format(
        person_id="$1", what=f"'{EntryKind.SETTLEMENT}'", reference="$46", at="$28::timestamptz", source="settled"
    )
}
  ), posting as (
    {POSTING_CTE.format(person_id="$1", entry="entry", accounts="$47::text[]", amounts="$48::bigint[]")}
  ), aid_entry as (
    {
    AID_ENTRY_CTE.format(
        what=f"'{EntryKind.MUTUAL_AID}'",
        reference="$46",
        at="$28::timestamptz",
        source="settled",
        givers="$55::bigint[]",
    )
}
  ), aid_posting as (
    {AID_POSTING_CTE.format(entry="aid_entry", givers="$55::bigint[]", others="$59::text[]", amounts="$58::bigint[]")}
  ), aid_event as (
    {
    EVENT_CTE.format(
        what=f"'{EventKind.USED}'",
        reference="$46",
        care_kind="$22",
        at="$28::timestamptz",
        source="settled",
        givers="$55::bigint[]",
        serials="$56::bigint[]",
        amounts="$58::bigint[]",
    )
}
  ), message as (
    insert into settlement.message (person_id, institution_code, transaction_code, message_id, kind, state,
      request_hash, encounter_serial, settlement_serial, received_at)
    select $1, $21, $45, $44, '{MessageKind.SETTLE}', 'done', $49, $12, settlement_serial, $28::timestamptz from settled
  )
  select settlement.or_conflict(exists (select from settled))
"""


_HOLD_FILINGS: Final = HOLD_SQL.format(person_id="$1")


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateFiling:
    """A filing in force at the place of care on the day of admission.

    `is_candidate`: made under this enrollment and for this kind of care, so the law may be asked about it. The others
    are only stamped: something has been settled at the place they name.
    """

    filing_serial: int
    kind: FilingKind
    is_candidate: bool


class RecognisedDisease(NamedTuple):
    """A chronic disease recognised under this enrollment on the day of the visit, at how many institutions, and
    whether this is one of them."""

    disease: str
    disease_code: str
    institutions: int
    has_this_one: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """Everything a settlement depends on, as one statement saw it. `year_version` 0, `account_version` None: no row.

    `reserved_fen` of the balance is set apart for others; `offers` is what relatives let this person use, read only
    where an account is to pay.

    `recognised` and `year_of_diseases` (by the law's word) are read for chronic care only.
    """

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
    reserved_fen: Fen
    account_version: int | None
    offers: tuple[Offer, ...]
    filings: tuple[CandidateFiling, ...]
    recognised: tuple[RecognisedDisease, ...]
    year_of_diseases: Mapping[str, DiseaseTotals]
    message_state: str | None
    message_hash: bytes | None
    message_settlement: int | None
    live_settlement: int | None
    reimbursed_settlement: int | None
    new_serial: int | None
    is_version_kept: bool


async def read_bill(
    db: Db, request: SettleRequest, benefit_year: int, policy_version: str, *, draw_serial: bool
) -> Bill | None:
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
        policy_version,
        request.discharged_on,
        request.settled_on,
        request.use_account,
    )
    return None if row is None else _bill(row)


async def lock_for_settling(
    db: Db,
    person_id: int,
    encounter_serial: int,
    benefit_year: int,
    insurance_type: InsuranceType,
    givers: Sequence[int] = (),
) -> None:
    """Year, encounter, filings, the own account and those of `givers`: in the order every write takes them."""
    await db.execute(
        """insert into settlement.benefit_year as y (person_id, benefit_year, insurance_type, version)
           values ($1, $2, $3, 0)
           on conflict (person_id, benefit_year, insurance_type) do update set version = y.version""",
        person_id,
        benefit_year,
        insurance_type,
    )
    await lock_encounter(db, OutsideNumber(ENCOUNTER, person_id, encounter_serial))
    await db.execute(_HOLD_FILINGS, person_id)
    await account.hold(db, [person_id, *givers])


async def givers_of(db: Db, person_id: int) -> frozenset[int]:
    """Whose accounts a settlement of this person may use."""
    return frozenset(await mutual_aid.givers_of(db, person_id))


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
    draws: Sequence[Draw] = (),
) -> None:
    """All of a settlement in one statement. Raises asyncpg.SerializationError when something it was computed from
    has changed, UniqueViolationError when the message or the bill was taken by somebody else first,
    ExclusionViolationError when the stay has been paid the other way."""
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
        settled.mutual_aid_fen,
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
        settled.way,
        *_account_arrays(bill, settled, draws),
        [draw.offer.giver_id for draw in draws],
        [draw.offer.grant_serial for draw in draws],
        [draw.offer.grant_version for draw in draws],
        [draw.amount_fen for draw in draws],
        [aid_giver_account(settled.insured_pool, draw.offer.giver_pool) for draw in draws],
    )


def _account_arrays(bill: Bill, settled: Settled, draws: Sequence[Draw]) -> tuple[list[int], ...]:
    """Whose accounts pay, at which version, how much, and how much of that was set apart: parallel lists."""
    paying = [(draw.offer.giver_id, draw.offer.account_version, draw.amount_fen, draw.released_fen) for draw in draws]
    if settled.account_fen:
        assert bill.account_version is not None
        paying.append((settled.person_id, bill.account_version, settled.account_fen, 0))
    return tuple([each[column] for each in paying] for column in range(4))


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
        year=YearTotals() if row["year_version"] is None else year_from(row),
        balance_fen=row["balance_fen"],
        reserved_fen=row["reserved_fen"] or 0,
        account_version=row["account_version"],
        offers=offers_from(row["offers"]),
        filings=tuple(
            CandidateFiling(filing_serial=serial, kind=FilingKind(kind), is_candidate=is_candidate is True)
            for serial, kind, is_candidate in filings
        ),
        recognised=tuple(RecognisedDisease(*each) for each in row["certifications"] or ()),
        year_of_diseases={
            disease: DiseaseTotals(*totals) for disease, totals in (row["year_of_diseases"] or {}).items()
        },
        message_state=row["message_state"],
        message_hash=row["message_hash"],
        message_settlement=row["message_settlement"],
        live_settlement=row["live_settlement"],
        reimbursed_settlement=row["reimbursed_settlement"],
        new_serial=row["new_serial"],
        is_version_kept=row["is_version_kept"],
    )
