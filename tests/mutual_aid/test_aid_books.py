"""Whether the books hold: nothing deviates whatever was done by the rules, and what was tampered with is found."""

import pytest
from family_kit import Family
from settlement_kit import BEIJING, Hospital, Insured

from tongban import account, mutual_aid
from tongban.account import Fault
from tongban.infra.db import Connection
from tongban.kernel.identifiers import mask_person_number
from tongban.mutual_aid import Grant


async def faults(db: Connection) -> list[Fault]:
    return [*(await account.check(db)).faults, *(await mutual_aid.check(db)).faults]


@pytest.fixture
async def shared(family: Family, hospital: Hospital) -> tuple[Insured, Grant, Grant]:
    """A giver; a limit for a relative whose bills were paid with it, one taken back; and a quota for another."""
    giver, near, far = await family.employee(), await family.resident(), await family.resident(BEIJING)
    limit = await family.bound_and_given(giver, near, 60_000)
    quota = await family.bound_and_given(giver, far, 30_000)
    await hospital.settle(await hospital.stay(giver, 10_000))
    first = await hospital.settle(await hospital.stay(near, 10_000))
    await hospital.settle(await hospital.stay(near, 20_000))
    await hospital.cancel(first)
    return giver, limit, quota


async def test_settled_shared_and_taken_back_the_books_hold(
    shared: tuple[Insured, Grant, Grant], family: Family, db: Connection
) -> None:
    _, limit, quota = shared
    assert (await family.now_of(limit)).used_fen == 20_000
    assert await faults(db) == []
    await family.revoke(quota)
    assert await faults(db) == []
    books, sharing = await account.check(db), await mutual_aid.check(db)
    assert (books.accounts, sharing.grants) == (1, 2)
    # Opening; the own stay; two bills of a relative and one taken back, each in both books.
    assert books.entries == 1 + 1 + 3 * 2


@pytest.mark.parametrize(
    ("tampering", "found"),
    [
        (
            "update account.personal_account set balance_fen = balance_fen + 7",
            [("giver", "个人账户余额是 700.07 元，账上一笔一笔加起来是 700.00 元")],
        ),
        (
            "update account.posting set amount_fen = amount_fen - 100 where ledger_account = 'opening'",
            [("giver", "“期初余额”这笔账收付不平，差 −1.00 元")],
        ),
        (
            "delete from account.posting where ledger_account = 'opening'",
            [("giver", "“期初余额”这笔账收付不平，差 1,000.00 元")],
        ),
        (
            """update account.posting set ledger_account = 'personal:1' where (person_id, entry_id) in
                 (select person_id, entry_id from account.entry where what = 'opening') and amount_fen > 0""",
            [
                ("giver", "个人账户余额是 700.00 元，账上一笔一笔加起来是 −300.00 元"),
                ("giver", "账上有个人账户的 1,000.00 元，却不是这个人的账户"),
            ],
        ),
        (
            "update mutual_aid.authorisation set is_set_apart = false",
            [("giver", "给家人留出来的是 300.00 元，各条额度还剩的加起来是 0.00 元")],
        ),
        (
            "update mutual_aid.authorisation set used_fen = used_fen + 1 where not is_set_apart",
            [("limit", "记的是用了 200.01 元，经过里加起来是 200.00 元")],
        ),
        (
            "delete from mutual_aid.event where what = 'returned'",
            [("limit", "记的是用了 200.00 元，经过里加起来是 300.00 元")],
        ),
    ],
)
async def test_what_was_tampered_with_is_found(
    shared: tuple[Insured, Grant, Grant],
    owner_db: Connection,
    db: Connection,
    tampering: str,
    found: list[tuple[str, str]],
) -> None:
    giver, limit, _ = shared
    numbers = {"giver": mask_person_number(giver.person_id), "limit": limit.number}

    await owner_db.execute(tampering)

    assert await faults(db) == [Fault(numbers[whose], sentence) for whose, sentence in found]


async def test_an_entry_is_named_by_what_it_was_for(
    shared: tuple[Insured, Grant, Grant], owner_db: Connection, db: Connection
) -> None:
    number = await owner_db.fetchval(
        """with p as (update account.posting p set amount_fen = amount_fen + 5 from account.entry e
             where (e.person_id, e.entry_id) = (p.person_id, p.entry_id) and e.what = 'cancellation'
               and p.ledger_account like 'institution:%' returning e.reference)
           select reference from p"""
    )

    assert await faults(db) == [Fault(number, "“撤销结算”这笔账收付不平，差 0.05 元")]
    assert number.startswith("S")
