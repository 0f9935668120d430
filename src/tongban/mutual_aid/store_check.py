"""SQL that holds authorisations against accounts and events: each statement looks through a table as a whole."""

# Statements are put together from constants only; `tests/test_house.py` holds the file to it.
# ruff: noqa: S608

from typing import Any, Final

from tongban.infra.db import Db
from tongban.mutual_aid.model import GIVES_BACK, GrantState

_USES: Final = ", ".join(f"'{use}'" for use in GIVES_BACK)
_RETURNS: Final = ", ".join(f"'{back}'" for back in GIVES_BACK.values())

_RESERVED_NOT_LEFT: Final = f"""
  select b.person_id, b.reserved_fen, coalesce(q.left_fen, 0) as left_fen
  from account.v_balance b
  left join (
    select person_id, sum(limit_fen - used_fen)::bigint as left_fen from mutual_aid.authorisation
    where state = '{GrantState.ACTIVE}' and is_set_apart group by person_id
  ) q using (person_id)
  where b.reserved_fen <> coalesce(q.left_fen, 0)
  order by b.person_id
"""

_USED_NOT_IN_EVENTS: Final = f"""
  select g.person_id, g.grant_serial, g.used_fen, coalesce(e.events_fen, 0) as events_fen
  from mutual_aid.authorisation g
  left join (
    select person_id, grant_serial,
      sum(case when what in ({_USES}) then amount_fen else -amount_fen end)::bigint as events_fen
    from mutual_aid.event where what in ({_USES}, {_RETURNS}) group by person_id, grant_serial
  ) e using (person_id, grant_serial)
  where g.used_fen <> coalesce(e.events_fen, 0)
  order by g.person_id, g.grant_serial
"""


async def count(db: Db) -> int:
    grants: int = await db.fetchval("select count(*) from mutual_aid.authorisation")
    return grants


async def reserved_not_left(db: Db) -> list[Any]:
    """`person_id`, `reserved_fen`, `left_fen` (of the quotas in force), of those where the two differ."""
    return await db.fetch(_RESERVED_NOT_LEFT)


async def used_not_in_events(db: Db) -> list[Any]:
    """`person_id`, `grant_serial`, `used_fen`, `events_fen` (used less given back), of those where the two differ."""
    return await db.fetch(_USED_NOT_IN_EVENTS)
