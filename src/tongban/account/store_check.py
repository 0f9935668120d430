"""SQL that holds the personal accounts against the ledger: each statement looks through a table as a whole."""

from typing import Any, Final

from tongban.infra.db import Db

# Also what a personal account is said to have moved in somebody else's book, or where there is no such account.
_BALANCES_NOT_POSTED: Final = """
  select coalesce(a.person_id, p.person_id) as person_id, a.balance_fen, coalesce(p.posted_fen, 0) as posted_fen
  from account.personal_account a
  full join (
    select person_id, ledger_account, sum(amount_fen)::bigint as posted_fen from account.posting
    where ledger_account like 'personal:%' group by person_id, ledger_account
  ) p on p.person_id = a.person_id and p.ledger_account = 'personal:' || a.person_id
  where coalesce(a.balance_fen, 0) <> coalesce(p.posted_fen, 0)
  order by 1, 2
"""

_ENTRIES_OFF_BALANCE: Final = """
  select e.person_id, e.what, e.reference, p.off_fen
  from (
    select person_id, entry_id, sum(amount_fen)::bigint as off_fen from account.posting
    group by person_id, entry_id having sum(amount_fen) <> 0
  ) p join account.entry e using (person_id, entry_id)
  order by e.person_id, e.entry_id
"""


async def counts(db: Db) -> Any:
    """`accounts` and `entries`."""
    return await db.fetchrow(
        """select (select count(*) from account.personal_account) as accounts,
             (select count(*) from account.entry) as entries"""
    )


async def balances_not_posted(db: Db) -> list[Any]:
    """`person_id`, `balance_fen` (None: no account), `posted_fen`, of those where the two differ."""
    return await db.fetch(_BALANCES_NOT_POSTED)


async def entries_off_balance(db: Db) -> list[Any]:
    """`person_id`, `what`, `reference`, `off_fen` of entries whose postings do not add up to zero."""
    return await db.fetch(_ENTRIES_OFF_BALANCE)
