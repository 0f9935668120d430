"""Mutual aid's share of a settlement's statements, as queries filled by `str.format`; see `account.fragments`.

Whoever changes an authorisation holds the giver's account (`account.HOLD_CTE`), so these never wait for one another.
"""

# Statements are put together from constants only; `tests/test_house.py` holds the file to it.
# ruff: noqa: S608

from collections.abc import Sequence
from typing import Any, Final

from tongban.infra.db import Db
from tongban.kernel.vocabulary import Locality, Relation
from tongban.mutual_aid.model import GrantState, Offer

# One row, one column `offers`: what relatives offer {person_id} on {on}, as a JSON array in the receiver's order; null
# when nobody does or {condition} does not hold.
OFFERS_SQL: Final = f"""
  select jsonb_agg(jsonb_build_array(g.person_id, g.grant_serial, g.relation, g.giver_pool, g.receiver_pool, g.locality,
      g.is_set_apart, g.limit_fen - g.used_fen, g.version, b.balance_fen, b.reserved_fen, b.version, n.payment_state)
    order by r.rank, r.grant_serial) as offers
  from mutual_aid.v_received r
  join mutual_aid.v_authorisation g on g.person_id = r.giver_id and g.grant_serial = r.grant_serial
  join account.v_balance b on b.person_id = r.giver_id
  left join people.v_enrollment n on n.person_id = r.giver_id and n.insurance_type = 'employee'
    and n.pool_code = g.giver_pool
    and n.valid_from <= {{on}}::date and (n.valid_to is null or n.valid_to >= {{on}}::date)
  where r.person_id = {{person_id}} and r.is_live and g.state = '{GrantState.ACTIVE}' and g.valid_from <= {{on}}::date
    and {{condition}}
"""

# Uses authorisations whose versions are still {versions}: {givers}, {serials}, {versions} and {amounts} are parallel
# arrays; {held} names the query whose rows (person_id) are the accounts that were debited. Fewer rows than givers:
# one changed since it was read. The table's check keeps what was used from passing the limit.
DRAW_CTE: Final = f"""
  update mutual_aid.authorisation g set used_fen = g.used_fen + d.amount_fen, version = g.version + 1
  from {{held}} held
  join unnest({{givers}}, {{serials}}, {{versions}}, {{amounts}}) as d (person_id, grant_serial, version, amount_fen)
    on d.person_id = held.person_id
  where g.person_id = d.person_id and g.grant_serial = d.grant_serial and g.version = d.version
    and g.state = '{GrantState.ACTIVE}'
  returning g.person_id
"""

# Gives back, whatever became of the authorisation since. `reserved_fen`: how much of it is again set apart.
GIVE_BACK_CTE: Final = f"""
  update mutual_aid.authorisation g set used_fen = g.used_fen - d.amount_fen, version = g.version + 1
  from {{held}} held
  join unnest({{givers}}, {{serials}}, {{amounts}}) as d (person_id, grant_serial, amount_fen)
    on d.person_id = held.person_id
  where g.person_id = d.person_id and g.grant_serial = d.grant_serial
  returning g.person_id,
    case when g.state = '{GrantState.ACTIVE}' and g.is_set_apart then d.amount_fen else 0 end as reserved_fen
"""


# The line in the authorisations' history: {what} (an EventKind), once for one {reference}.
EVENT_CTE: Final = """
  insert into mutual_aid.event (person_id, grant_serial, what, amount_fen, reference, care_kind, happened_at)
  select d.person_id, d.grant_serial, {what}, d.amount_fen, {reference}, {care_kind}, {at}
  from {source}, unnest({givers}, {serials}, {amounts}) as d (person_id, grant_serial, amount_fen)
"""


def offers_from(rows: Sequence[Sequence[Any]] | None) -> tuple[Offer, ...]:
    """What `OFFERS_SQL` gave."""
    return tuple(
        Offer(giver, serial, Relation(relation), pool, receiver_pool, Locality(locality), *rest)
        for giver, serial, relation, pool, receiver_pool, locality, *rest in rows or ()
    )


async def givers_of(db: Db, person_id: int) -> list[int]:
    """Whose accounts a settlement of this person may use: what it locks when it wants to be alone with them."""
    rows = await db.fetch("select giver_id from mutual_aid.v_received where person_id = $1 and is_live", person_id)
    return [row["giver_id"] for row in rows]
