"""Whether the books hold: every balance is what was posted, and every entry balances."""

from typing import Any, NamedTuple

from tongban.account import store_check
from tongban.account.model import EntryKind
from tongban.infra.db import Db
from tongban.kernel.identifiers import mask_person_number
from tongban.kernel.money import yuan


class Fault(NamedTuple):
    """One deviation. `number` is an outside number, or a person's number masked; no names."""

    number: str
    sentence: str


class BooksChecked(NamedTuple):
    """How many were looked at, and what deviates."""

    accounts: int
    entries: int
    faults: tuple[Fault, ...]


async def check(db: Db) -> BooksChecked:
    """Compare every personal account with its postings, and add up every entry. Writes nothing.

    Both sides of a comparison are read by one statement, so payments going on meanwhile are no deviation. What the
    database cannot hold is not looked for: a posting without its entry, a balance below zero or below what is set
    apart, a second correction of one entry.
    """
    counts = await store_check.counts(db)
    faults = [_balance_fault(row) for row in await store_check.balances_not_posted(db)]
    faults += [_entry_fault(row) for row in await store_check.entries_off_balance(db)]
    return BooksChecked(counts["accounts"], counts["entries"], tuple(faults))


def _balance_fault(row: Any) -> Fault:
    posted = yuan(row["posted_fen"])
    if row["balance_fen"] is None:
        told = f"账上有个人账户的 {posted} 元，却不是这个人的账户"
    else:
        told = f"个人账户余额是 {yuan(row['balance_fen'])} 元，账上一笔一笔加起来是 {posted} 元"
    return Fault(mask_person_number(row["person_id"]), told)


def _entry_fault(row: Any) -> Fault:
    what = EntryKind(row["what"])
    number = mask_person_number(row["person_id"]) if what is EntryKind.OPENING else row["reference"]
    return Fault(number, f"“{what.zh}”这笔账收付不平，差 {yuan(row['off_fen'])} 元")
