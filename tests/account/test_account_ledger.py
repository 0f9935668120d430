"""The ledger: every entry balances, nothing posted ever changes, no balance falls below zero."""

from datetime import UTC, datetime

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tongban import account
from tongban.account import EntryKind, Fund, Posting, care_postings
from tongban.infra.db import Connection

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
PERSON = 300_000_000_000_001


async def test_an_account_is_opened_once_and_its_balance_explained(db: Connection) -> None:
    await account.open_account(db, PERSON, 12_345, NOW)

    found = await account.balance(db, PERSON)
    (entry,) = await account.ledger_of(db, PERSON)

    assert found is not None
    assert found.balance_fen == 12_345
    assert entry.what is EntryKind.OPENING
    assert entry.postings == (Posting(f"personal:{PERSON}", 12_345), Posting("opening", -12_345))
    with pytest.raises(account.AccountExists):
        await account.open_account(db, PERSON, 1, NOW)
    assert await account.balance(db, PERSON + 1) is None


async def test_opening_balances_load_in_bulk_and_again_change_nothing(db: Connection) -> None:
    rows = [(PERSON + n, n * 100) for n in range(3_000)]

    assert await account.load_opening_balances(db, rows, now=NOW) == 3_000
    assert await account.load_opening_balances(db, [*rows, (PERSON - 1, 7)], now=NOW) == 1

    total = await db.fetchval("select sum(balance_fen)::bigint from account.v_balance")
    posted = await db.fetchval(
        "select sum(amount_fen)::bigint from account.posting where ledger_account like 'personal:%'"
    )
    assert total == posted == sum(fen for _, fen in rows) + 7
    assert await db.fetchval("select sum(amount_fen)::bigint from account.posting") == 0
    (of_nobody_with_nothing,) = await account.ledger_of(db, PERSON)
    assert of_nobody_with_nothing.postings == ()


async def test_a_negative_opening_balance_is_impossible(db: Connection) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await account.load_opening_balances(db, [(PERSON, -1)], now=NOW)

    assert await account.ledger_of(db, PERSON) == []


async def test_an_entry_that_does_not_balance_is_not_committed(db: Connection) -> None:
    with pytest.raises(asyncpg.CheckViolationError, match="does not balance"):
        await db.execute(
            """with e as (
                 insert into account.entry (person_id, what, reference, happened_at) values ($1, 'settlement', 's', $2)
                 returning entry_id
               )
               insert into account.posting select $1, entry_id, 1, 'pool:140100:employee_pooled', -5 from e""",
            PERSON,
            NOW,
        )
    assert await account.ledger_of(db, PERSON) == []


@pytest.mark.parametrize(
    "statement",
    [
        "update account.posting set amount_fen = amount_fen + 1",
        "delete from account.posting",
        "update account.entry set reference = 'other'",
        "delete from account.entry",
        "delete from account.personal_account",
    ],
)
async def test_what_is_posted_stays_posted(db: Connection, statement: str) -> None:
    await account.open_account(db, PERSON, 100, NOW)

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await db.execute(statement)


async def test_a_balance_never_falls_below_zero(db: Connection) -> None:
    await account.open_account(db, PERSON, 100, NOW)

    with pytest.raises(asyncpg.CheckViolationError):
        await db.execute("update account.personal_account set balance_fen = balance_fen - 101")


async def test_an_entry_is_corrected_at_most_once(db: Connection) -> None:
    await account.open_account(db, PERSON, 100, NOW)
    correct = """insert into account.entry (person_id, what, reference, corrects_entry_id, happened_at)
                 select person_id, 'cancellation', $1, entry_id, happened_at
                 from account.entry where what = 'opening'"""
    await db.execute(correct, "first")

    with pytest.raises(asyncpg.UniqueViolationError):
        await db.execute(correct, "second")


_FEN = st.integers(0, 10**9)


@given(pooled=_FEN, critical=_FEN, own=_FEN, elsewhere=st.booleans())
def test_care_postings_balance_as_a_whole_and_in_each_region(
    pooled: int, critical: int, own: int, elsewhere: bool
) -> None:
    treatment_pool = "110000" if elsewhere else "140100"

    postings = care_postings(
        person_id=PERSON,
        institution_code="H1",
        insured_pool="140100",
        treatment_pool=treatment_pool,
        paid_fen={Fund.EMPLOYEE_POOLED: pooled, Fund.LARGE_EXPENSE: critical, Fund.MEDICAL_ASSISTANCE: 0},
        account_fen=own,
    )

    total = pooled + critical + own
    book = dict(postings)
    assert sum(book.values()) == 0
    assert len(book) == len(postings)
    assert 0 not in book.values()
    assert book.get("institution:H1", 0) == total
    if elsewhere:
        # The treating region's half, and with it the insured region's.
        assert book.get("institution:H1", 0) + book.get("advance:110000:140100", 0) == 0
        assert book.get("receivable:110000:140100", 0) == total
