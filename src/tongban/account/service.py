"""Use cases of the personal account and the ledger. Paying is settlement's: see `fragments`."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from tongban.account import store
from tongban.account.errors import AccountExists
from tongban.account.model import Balance, EntryKind, LedgerEntry, Posting, personal_account, premium_account
from tongban.infra.db import Db
from tongban.kernel.money import Fen

_OPENING_REFERENCE = "opening"


async def balance(db: Db, person_id: int) -> Balance | None:
    """None: the person has no personal account (residents do not)."""
    return await store.balance(db, person_id)


async def open_account(db: Db, person_id: int, balance_fen: Fen, now: datetime) -> None:
    """Raises AccountExists; an account is opened once, with what the books before said."""
    if await load_opening_balances(db, [(person_id, balance_fen)], now=now) == 0:
        raise AccountExists("这个人已经有个人账户了，不能再开一次")


async def load_opening_balances(db: Db, rows: Iterable[tuple[int, Fen]], *, now: datetime) -> int:
    """Open many accounts at once (person, balance); returns how many were new. Accounts that exist stay as they are."""
    return await store.open_all(db, rows, _OPENING_REFERENCE, now)


async def write_entry(
    db: Db, *, person_id: int, what: EntryKind, reference: str, postings: Sequence[Posting], now: datetime
) -> None:
    """One event that moves money outside a settlement, inside the caller's transaction. Once per kind and reference."""
    await store.insert_entry(db, person_id, what, reference, postings, now)


async def write_correction(
    db: Db, *, person_id: int, what: EntryKind, corrected: EntryKind, reference: str, now: datetime
) -> None:
    """Take the entry of that kind and reference back with one that names it, inside the caller's transaction."""
    await store.insert_correction(db, person_id, what, corrected, reference, now)


async def hold(db: Db, person_ids: Sequence[int]) -> dict[int, Balance]:
    """Lock these people's accounts until the transaction ends, in the order of their numbers; who has none is left out.

    Whoever needs more than one account names them all at once: taken one by one, two families could wait in a ring.
    """
    return await store.hold(db, person_ids)


async def set_apart(db: Db, person_id: int, change_fen: Fen) -> None:
    """Set more (negative: less) of a held account's balance apart for a relative. Moves no money."""
    if change_fen:
        await store.move(db, person_id, 0, change_fen)


async def pay_premium(
    db: Db, person_id: int, *, pool_code: str, amount_fen: Fen, released_fen: Fen, reference: str, now: datetime
) -> Fen:
    """A premium out of a held account; returns the balance left. `released_fen` of it was set apart."""
    left = await store.move(db, person_id, -amount_fen, -released_fen)
    postings = (Posting(premium_account(pool_code), amount_fen), Posting(personal_account(person_id), -amount_fen))
    await store.insert_entry(db, person_id, EntryKind.PREMIUM, reference, postings, now)
    return left


async def return_premium(
    db: Db, person_id: int, *, amount_fen: Fen, set_apart_fen: Fen, reference: str, now: datetime
) -> Fen:
    """The same premium back, once; returns the balance. `set_apart_fen` of it is again set apart."""
    left = await store.move(db, person_id, amount_fen, set_apart_fen)
    await store.insert_correction(db, person_id, EntryKind.PREMIUM_RETURN, EntryKind.PREMIUM, reference, now)
    return left


async def ledger_of(db: Db, person_id: int) -> list[LedgerEntry]:
    """Everything that ever moved money for this person, oldest first."""
    return await store.entries_of(db, person_id)
