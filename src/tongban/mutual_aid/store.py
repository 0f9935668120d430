"""SQL of family mutual aid. Callers hold the giver's account (`account.hold`) while they read and change a grant."""

# Statements are put together from constants only; `tests/test_house.py` holds the file to it.
# ruff: noqa: S608

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from tongban.infra.db import Db
from tongban.kernel.money import Fen
from tongban.kernel.vocabulary import CareKind, InsuranceType, Locality, Relation
from tongban.mutual_aid.model import (
    GIVES_BACK,
    EventKind,
    Grant,
    GrantEvent,
    GrantState,
    PaymentStates,
    PremiumPayment,
    PremiumState,
)

_GRANT = """
  g.person_id, g.grant_serial, g.receiver_id, g.relation, g.giver_pool, g.receiver_pool, g.locality, g.is_set_apart,
  g.limit_fen, g.used_fen, g.valid_from, g.state, g.opened_at, g.ended_at, g.end_reason
"""
_IS_GIVEN_BACK = " or ".join(f"(u.what, b.what) = ('{use}', '{back}')" for use, back in GIVES_BACK.items())
_USES = ", ".join(f"'{use}'" for use in GIVES_BACK)
# What was used last year and came back this year is nothing of this year's, neither way.
_USED_THIS_YEAR = f"""
  (select coalesce(sum(u.amount_fen), 0)::bigint from mutual_aid.event u
   where u.person_id = g.person_id and u.grant_serial = g.grant_serial and u.happened_at >= $2 and u.what in ({_USES})
     and not exists (select from mutual_aid.event b where b.person_id = u.person_id
       and b.grant_serial = u.grant_serial and b.reference = u.reference and ({_IS_GIVEN_BACK}))
  ) as used_this_year_fen
"""
# How {person_id} is insured in {pool_code} on {on}, where {condition} holds; of two the one in force. Null: not at all.
_PAYMENT_STATE: Final = """
  select n.payment_state from people.v_enrollment n
  where n.person_id = {person_id} and n.pool_code = {pool_code} and {condition}
    and n.valid_from <= {on} and (n.valid_to is null or n.valid_to >= {on})
  order by n.payment_state = 'paid' desc, n.payment_state = 'arrears' desc limit 1
"""
_GIVER: Final = {
    "person_id": "g.person_id",
    "pool_code": "g.giver_pool",
    "condition": f"n.insurance_type = '{InsuranceType.EMPLOYEE}'",
}
_RECEIVER: Final = {"person_id": "g.receiver_id", "pool_code": "g.receiver_pool", "condition": "true"}
_GIVER_STATE: Final = _PAYMENT_STATE.format(**_GIVER, on="$1::date")
_RECEIVER_STATE: Final = _PAYMENT_STATE.format(**_RECEIVER, on="$1::date")
# Those in force, of giver $2 or of all, of which {person_id} has no insurance on $1, or a stopped one. An
# anti-join: the enrollments are read once for all of them, not searched for every authorisation.
_UNINSURED: Final = """
  select g.person_id, g.grant_serial from mutual_aid.authorisation g
  where g.state = 'active' and ($2::bigint is null or g.person_id = $2) and not exists (
    select from people.v_enrollment n
    where n.person_id = {person_id} and n.pool_code = {pool_code} and {condition} and n.payment_state <> 'stopped'
      and n.valid_from <= $1::date and (n.valid_to is null or n.valid_to >= $1::date))
"""
_GIVER_UNINSURED: Final = _UNINSURED.format(**_GIVER)
_RECEIVER_UNINSURED: Final = _UNINSURED.format(**_RECEIVER)
_PAYMENT_STATE_OF_ONE: Final = _PAYMENT_STATE.format(
    person_id="$1", pool_code="$2", condition="($3::text is null or n.insurance_type = $3)", on="$4::date"
)
_PREMIUM = """
  person_id, insurance_year, premium_serial, giver_id, grant_serial, pool_code, bill_number, amount_fen, state, paid_at,
  ended_at, receipt_number, refusal
"""


async def insert_grant(db: Db, grant: Grant, *, channel: str, submit_token: UUID) -> int:
    """The new serial."""
    serial: int = await db.fetchval(
        """with opened as (
             insert into mutual_aid.authorisation (person_id, receiver_id, relation, giver_pool, receiver_pool,
               locality, is_set_apart, limit_fen, valid_from, channel, submit_token, opened_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
             returning grant_serial
           ), found as (
             insert into mutual_aid.received (person_id, giver_id, grant_serial) select $2, $1, grant_serial from opened
           )
           select grant_serial from opened""",
        grant.giver_id,
        grant.receiver_id,
        grant.relation,
        grant.giver_pool,
        grant.receiver_pool,
        grant.locality,
        grant.is_set_apart,
        grant.limit_fen,
        grant.valid_from,
        channel,
        submit_token,
        grant.opened_at,
    )
    return serial


async def grant(db: Db, giver_id: int, grant_serial: int) -> Grant | None:
    row = await db.fetchrow(
        f"select {_GRANT} from mutual_aid.authorisation g where g.person_id = $1 and g.grant_serial = $2",
        giver_id,
        grant_serial,
    )
    return None if row is None else _grant(row)


async def grant_of_token(db: Db, giver_id: int, submit_token: UUID) -> Grant | None:
    row = await db.fetchrow(
        f"select {_GRANT} from mutual_aid.authorisation g where g.person_id = $1 and g.submit_token = $2",
        giver_id,
        submit_token,
    )
    return None if row is None else _grant(row)


async def grants_by(db: Db, giver_id: int, year_began: datetime) -> list[Grant]:
    """In force first, then the ones that ended last."""
    rows = await db.fetch(
        f"""select {_GRANT}, {_USED_THIS_YEAR} from mutual_aid.authorisation g where g.person_id = $1
            order by g.ended_at desc nulls first, g.grant_serial""",
        giver_id,
        year_began,
    )
    return [_grant(row) for row in rows]


async def grants_for(db: Db, receiver_id: int, year_began: datetime) -> list[Grant]:
    """Those in force in the order in which they pay, then the ones that ended."""
    rows = await db.fetch(
        f"""select {_GRANT}, {_USED_THIS_YEAR}
            from mutual_aid.received r
            join mutual_aid.authorisation g on g.person_id = r.giver_id and g.grant_serial = r.grant_serial
            where r.person_id = $1
            order by r.is_live desc, case when r.is_live then r.rank end, g.ended_at desc, g.grant_serial""",
        receiver_id,
        year_began,
    )
    return [_grant(row) for row in rows]


async def active_grants(db: Db, giver_id: int) -> list[Grant]:
    rows = await db.fetch(
        f"""select {_GRANT} from mutual_aid.authorisation g
            where g.state = '{GrantState.ACTIVE}' and g.person_id = $1 order by g.grant_serial""",
        giver_id,
    )
    return [_grant(row) for row in rows]


async def uninsured(db: Db, on: date, giver_id: int | None) -> list[tuple[Grant, PaymentStates]]:
    """Those in force of which one of the two has no insurance there on that day, or a stopped one. `giver_id` None:
    everybody's."""
    rows = await db.fetch(
        f"""select {_GRANT}, ({_GIVER_STATE}) as giver_state, ({_RECEIVER_STATE}) as receiver_state
            from ({_GIVER_UNINSURED} union {_RECEIVER_UNINSURED}) u
            join mutual_aid.authorisation g using (person_id, grant_serial)
            order by g.person_id, g.grant_serial""",
        on,
        giver_id,
    )
    return [(_grant(row), PaymentStates(row["giver_state"], row["receiver_state"])) for row in rows]


async def payment_states(db: Db, grant: Grant, on: date) -> PaymentStates:
    """Of the two people of an authorisation, where it says they are insured."""
    row = await db.fetchrow(
        f"""select ({_GIVER_STATE}) as giver_state, ({_RECEIVER_STATE}) as receiver_state
            from mutual_aid.authorisation g where g.person_id = $2 and g.grant_serial = $3""",
        on,
        grant.giver_id,
        grant.grant_serial,
    )
    return PaymentStates(row["giver_state"], row["receiver_state"])


async def payment_state(db: Db, person_id: int, pool_code: str, insurance_type: str | None, on: date) -> str | None:
    """Of the insurance there on that day; of two the one in force. `insurance_type` None: any."""
    state: str | None = await db.fetchval(_PAYMENT_STATE_OF_ONE, person_id, pool_code, insurance_type, on)
    return state


async def change_limit(db: Db, giver_id: int, grant_serial: int, limit_fen: Fen) -> None:
    await db.execute(
        """update mutual_aid.authorisation set limit_fen = $3, version = version + 1
           where person_id = $1 and grant_serial = $2""",
        giver_id,
        grant_serial,
        limit_fen,
    )


async def use(db: Db, giver_id: int, grant_serial: int, change_fen: Fen) -> None:
    await db.execute(
        """update mutual_aid.authorisation set used_fen = used_fen + $3, version = version + 1
           where person_id = $1 and grant_serial = $2""",
        giver_id,
        grant_serial,
        change_fen,
    )


async def end(db: Db, was: Grant, state: GrantState, reason: str, now: datetime) -> None:
    await db.execute(
        """with ended as (
             update mutual_aid.authorisation set state = $3, end_reason = $4, ended_at = $5, version = version + 1
             where person_id = $1 and grant_serial = $2
           )
           update mutual_aid.received set is_live = false
           where person_id = $6 and giver_id = $1 and grant_serial = $2""",
        was.giver_id,
        was.grant_serial,
        state,
        reason,
        now,
        was.receiver_id,
    )


async def lock_order(db: Db, receiver_id: int) -> list[tuple[int, int]]:
    """(giver, serial) of those in force, as ranked; locked until the transaction ends."""
    rows = await db.fetch(
        """select giver_id, grant_serial, rank from mutual_aid.received where person_id = $1 and is_live
           order by giver_id, grant_serial for update""",
        receiver_id,
    )
    ordered = sorted(rows, key=lambda row: (row["rank"], row["grant_serial"]))
    return [(row["giver_id"], row["grant_serial"]) for row in ordered]


async def rank(db: Db, receiver_id: int, ordered: Sequence[tuple[int, int]]) -> None:
    await db.execute(
        """update mutual_aid.received r set rank = o.rank
           from unnest($2::bigint[], $3::bigint[]) with ordinality as o (giver_id, grant_serial, rank)
           where r.person_id = $1 and r.giver_id = o.giver_id and r.grant_serial = o.grant_serial""",
        receiver_id,
        [giver for giver, _ in ordered],
        [serial for _, serial in ordered],
    )


async def add_event(
    db: Db, giver_id: int, grant_serial: int, what: EventKind, amount_fen: Fen, now: datetime, reference: str = ""
) -> None:
    await db.execute(
        """insert into mutual_aid.event (person_id, grant_serial, what, amount_fen, reference, happened_at)
           values ($1, $2, $3, $4, $5, $6)""",
        giver_id,
        grant_serial,
        what,
        amount_fen,
        reference,
        now,
    )


async def events(db: Db, giver_id: int, grant_serial: int) -> list[GrantEvent]:
    rows = await db.fetch(
        """select what, amount_fen, care_kind, happened_at from mutual_aid.event
           where person_id = $1 and grant_serial = $2 order by event_no desc""",
        giver_id,
        grant_serial,
    )
    return [
        GrantEvent(
            EventKind(row["what"]),
            row["amount_fen"],
            CareKind(row["care_kind"]) if row["care_kind"] else None,
            row["happened_at"],
        )
        for row in rows
    ]


async def insert_premium(db: Db, grant: Grant, premium: PremiumPayment, channel: str) -> int:
    """The new serial. Raises asyncpg.UniqueViolationError when that year is paid or being paid."""
    serial: int = await db.fetchval(
        """insert into mutual_aid.premium (person_id, insurance_year, giver_id, grant_serial, pool_code, bill_number,
             amount_fen, channel, paid_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning premium_serial""",
        premium.person_id,
        premium.insurance_year,
        grant.giver_id,
        grant.grant_serial,
        premium.pool_code,
        premium.bill_number,
        premium.amount_fen,
        channel,
        premium.paid_at,
    )
    return serial


async def premium(db: Db, person_id: int, premium_serial: int, *, for_update: bool = False) -> PremiumPayment | None:
    row = await db.fetchrow(
        f"""select {_PREMIUM} from mutual_aid.premium where person_id = $1 and premium_serial = $2
            {"for update" if for_update else ""}""",
        person_id,
        premium_serial,
    )
    return None if row is None else _premium(row)


async def premium_of_year(db: Db, person_id: int, insurance_year: int) -> PremiumPayment | None:
    """The one that counts: paid, or on its way."""
    row = await db.fetchrow(
        f"""select {_PREMIUM} from mutual_aid.premium
            where person_id = $1 and insurance_year = $2 and state <> '{PremiumState.RETURNED}'""",
        person_id,
        insurance_year,
    )
    return None if row is None else _premium(row)


async def premium_of_bill(db: Db, grant: Grant, bill_number: str) -> PremiumPayment | None:
    """That bill's as paid, or on its way, under this authorisation."""
    row = await db.fetchrow(
        f"""select {_PREMIUM} from mutual_aid.premium
            where person_id = $1 and giver_id = $2 and grant_serial = $3 and bill_number = $4
              and state <> '{PremiumState.RETURNED}'""",
        grant.receiver_id,
        grant.giver_id,
        grant.grant_serial,
        bill_number,
    )
    return None if row is None else _premium(row)


async def premiums_of(db: Db, person_id: int) -> list[PremiumPayment]:
    """Those for this person and those this person paid for others, newest first."""
    rows = await db.fetch(
        f"""select {_PREMIUM} from mutual_aid.premium where person_id = $1 or giver_id = $1
            order by paid_at desc, premium_serial desc""",
        person_id,
    )
    return [_premium(row) for row in rows]


async def premiums_on_their_way(db: Db, limit: int) -> list[PremiumPayment]:
    rows = await db.fetch(
        f"""select {_PREMIUM} from mutual_aid.premium where state = '{PremiumState.PAYING}'
            order by paid_at limit $1""",
        limit,
    )
    return [_premium(row) for row in rows]


async def end_premium(db: Db, premium: PremiumPayment) -> None:
    await db.execute(
        """update mutual_aid.premium set state = $4, ended_at = $5, receipt_number = $6, refusal = $7
           where person_id = $1 and insurance_year = $2 and premium_serial = $3""",
        premium.person_id,
        premium.insurance_year,
        premium.premium_serial,
        premium.state,
        premium.ended_at,
        premium.receipt_number,
        premium.refusal,
    )


def _grant(row: Mapping[str, Any]) -> Grant:
    return Grant(
        giver_id=row["person_id"],
        grant_serial=row["grant_serial"],
        receiver_id=row["receiver_id"],
        relation=Relation(row["relation"]),
        giver_pool=row["giver_pool"],
        receiver_pool=row["receiver_pool"],
        locality=Locality(row["locality"]),
        is_set_apart=row["is_set_apart"],
        limit_fen=row["limit_fen"],
        used_fen=row["used_fen"],
        valid_from=row["valid_from"],
        state=GrantState(row["state"]),
        opened_at=row["opened_at"],
        ended_at=row["ended_at"],
        end_reason=row["end_reason"],
        used_this_year_fen=row.get("used_this_year_fen"),
    )


def _premium(row: Mapping[str, Any]) -> PremiumPayment:
    return PremiumPayment(**{**dict(row), "state": PremiumState(row["state"])})
