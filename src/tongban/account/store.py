"""SQL of the ledger and of the personal accounts."""

# Statements are put together from constants only; `tests/test_house.py` holds the file to it.
# ruff: noqa: S608

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from tongban.account.fragments import CORRECTION_CTE, CORRECTION_POSTING_CTE, ENTRY_CTE, POSTING_CTE
from tongban.account.model import OPENING_ACCOUNT, Balance, EntryKind, LedgerEntry, Posting
from tongban.infra.db import Db
from tongban.kernel.money import Fen

_BALANCE = "balance_fen, version, reserved_fen"

_LEDGER_OF = """
  select e.entry_id, e.what, e.reference, e.corrects_entry_id, e.happened_at,
         array_agg(p.ledger_account order by p.posting_no) filter (where p.posting_no is not null) as accounts,
         array_agg(p.amount_fen order by p.posting_no) filter (where p.posting_no is not null) as amounts
  from account.entry e
  left join account.posting p on p.person_id = e.person_id and p.entry_id = e.entry_id
  where e.person_id = $1
  group by e.person_id, e.entry_id
  order by e.entry_id
"""

_OPENING_TABLE = """
  create temporary table if not exists opening_balance (person_id bigint primary key, balance_fen bigint not null)
  on commit delete rows
"""

# An account that exists already keeps its balance: loading the same file twice changes nothing.
_OPEN_ALL = """
  with opened as (
    insert into account.personal_account (person_id, balance_fen)
    select person_id, balance_fen from opening_balance
    on conflict (person_id) do nothing
    returning person_id, balance_fen
  ), entry as (
    insert into account.entry (person_id, what, reference, happened_at)
    select person_id, $1, $2, $3 from opened
    returning person_id, entry_id
  ), posting as (
    insert into account.posting (person_id, entry_id, posting_no, ledger_account, amount_fen)
    select e.person_id, e.entry_id, p.posting_no, p.ledger_account, p.amount_fen
    from entry e join opened o using (person_id),
         lateral (values (1, 'personal:' || e.person_id, o.balance_fen), (2, $4, -o.balance_fen))
           as p (posting_no, ledger_account, amount_fen)
    where o.balance_fen <> 0
  )
  select count(*) from opened
"""


_INSERT_ENTRY: Final = f"""
  with one as (select), entry as (
    {ENTRY_CTE.format(person_id="$1", what="$2", reference="$3", at="$4::timestamptz", source="one")}
  ), posting as (
    {POSTING_CTE.format(person_id="$1", entry="entry", accounts="$5::text[]", amounts="$6::bigint[]")}
  )
  select from entry
"""

_INSERT_CORRECTION: Final = f"""
  with one as (select), correction as (
    {
    CORRECTION_CTE.format(person_id="$1", what="$2", corrected="$3", reference="$4", at="$5::timestamptz", source="one")
}
  ), posting as (
    {CORRECTION_POSTING_CTE.format(person_id="$1", correction="correction")}
  )
  select entry_id from correction
"""


async def insert_entry(
    db: Db, person_id: int, what: EntryKind, reference: str, postings: Sequence[Posting], now: datetime
) -> None:
    await db.execute(
        _INSERT_ENTRY,
        person_id,
        what,
        reference,
        now,
        [posting.ledger_account for posting in postings],
        [posting.amount_fen for posting in postings],
    )


async def insert_correction(
    db: Db, person_id: int, what: EntryKind, corrected: EntryKind, reference: str, now: datetime
) -> None:
    """The entry must be there and uncorrected: the caller has seen it."""
    written = await db.fetchval(_INSERT_CORRECTION, person_id, what, corrected, reference, now)
    assert written is not None, "a correction corrects something"


async def balance(db: Db, person_id: int) -> Balance | None:
    row = await db.fetchrow(f"select {_BALANCE} from account.v_balance where person_id = $1", person_id)
    return None if row is None else Balance(**row)


async def hold(db: Db, person_ids: Sequence[int]) -> dict[int, Balance]:
    rows = await db.fetch(
        f"""select person_id, {_BALANCE} from account.personal_account
            where person_id = any($1) order by person_id for update""",
        person_ids,
    )
    return {row["person_id"]: Balance(row["balance_fen"], row["version"], row["reserved_fen"]) for row in rows}


async def move(db: Db, person_id: int, change_fen: Fen, reserved_change_fen: Fen) -> Fen:
    balance_fen: Fen = await db.fetchval(
        """update account.personal_account set balance_fen = balance_fen + $2, reserved_fen = reserved_fen + $3,
             version = version + 1
           where person_id = $1 returning balance_fen""",
        person_id,
        change_fen,
        reserved_change_fen,
    )
    return balance_fen


async def entries_of(db: Db, person_id: int) -> list[LedgerEntry]:
    return [_entry(row) for row in await db.fetch(_LEDGER_OF, person_id)]


async def open_all(db: Db, rows: Iterable[tuple[int, Fen]], reference: str, now: datetime) -> int:
    async with db.transaction():
        await db.execute(_OPENING_TABLE)
        await db.copy_records_to_table("opening_balance", records=rows, columns=("person_id", "balance_fen"))
        opened: int = await db.fetchval(_OPEN_ALL, EntryKind.OPENING, reference, now, OPENING_ACCOUNT)
        return opened


def _entry(row: Any) -> LedgerEntry:
    postings = zip(row["accounts"] or (), row["amounts"] or (), strict=True)
    return LedgerEntry(
        entry_id=row["entry_id"],
        what=EntryKind(row["what"]),
        reference=row["reference"],
        corrects_entry_id=row["corrects_entry_id"],
        happened_at=row["happened_at"],
        postings=tuple(Posting(account, amount) for account, amount in postings),
    )
