"""Relatives' accounts in a settlement: who pays, how much, in which order, and everything back with the bill."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import asyncpg
import pytest
from family_kit import Family, aid_of, check_family
from settlement_kit import BEIJING, DATONG, NOW, TAIYUAN_PHARMACY, Hospital, book_of, line

from tongban import mutual_aid, notices, settlement
from tongban.infra.db import Connection
from tongban.kernel.vocabulary import CareKind, Relation
from tongban.law import Pack
from tongban.mutual_aid import EventKind, history_of

BILL_FEN = 2_000_000  # a resident of Taiyuan pays more than the accounts of these tests hold


async def test_a_resident_without_an_account_is_helped(family: Family, hospital: Hospital, db: Connection) -> None:
    giver, receiver = await family.employee(), await family.resident()
    grant = await family.bound_and_given(giver, receiver, 30_000)
    alone = await hospital.preview(replace(await hospital.stay(receiver, BILL_FEN), use_account=False))

    request = await hospital.stay(receiver, BILL_FEN)
    shown, settled = await hospital.preview(request), await hospital.settle(request)

    assert shown.mutual_aid_fen == settled.mutual_aid_fen == 30_000
    assert settled.pooled_fund_fen == alone.pooled_fund_fen
    assert (settled.account_fen, settled.cash_fen) == (0, alone.cash_fen - 30_000)
    assert settled.balance_after_fen is None
    assert (await family.now_of(grant)).left_fen == 0
    assert (await family.balance(giver)).balance_fen == 70_000
    used = (await history_of(db, giver.person_id, grant.number))[0]
    assert (used.what, used.amount_fen, used.care_kind) == (EventKind.USED, 30_000, CareKind.INPATIENT)
    told = (await notices.inbox(db, giver.person_id))[0]
    assert "住院，用了 300.00 元" in told.body
    record = await settlement.get_settlement(db, receiver.person_id, settled.number or "")
    assert record.mutual_aid == settled.mutual_aid
    steps = settlement.explain(family.pack, record).steps
    assert [(s.label, s.amount_text) for s in steps if s.field == "mutual_aid_fen"] == [
        ("家人的个人账户帮付", "− 300.00")
    ]
    assert steps[-1].formula.endswith("− 300.00")
    await check_family(db, [giver, receiver], {giver.person_id: 100_000})


async def test_the_own_account_pays_first_and_no_is_no(family: Family, hospital: Hospital, db: Connection) -> None:
    giver, receiver = await family.employee(), await family.employee(20_000)
    await family.bound_and_given(giver, receiver, 30_000)
    without = replace(await hospital.stay(receiver, BILL_FEN), use_account=False)
    assert (await hospital.settle(without)).mutual_aid_fen == 0
    settled = await hospital.settle(await hospital.stay(receiver, BILL_FEN))
    assert (settled.account_fen, settled.mutual_aid_fen, settled.balance_after_fen) == (20_000, 30_000, 0)
    small = await hospital.settle(await hospital.stay(receiver, 1_000))
    assert (small.account_fen, small.mutual_aid_fen) == (0, 0)
    await check_family(db, [giver, receiver], {giver.person_id: 100_000, receiver.person_id: 20_000})


async def test_never_more_than_the_bill_the_limit_or_the_balance(family: Family, hospital: Hospital) -> None:
    giver, receiver = await family.employee(50_000), await family.resident()
    grant = await family.bound_and_given(giver, receiver, 50_000)
    # The giver spends first: what is only a limit is not set apart.
    own = await hospital.settle(await hospital.stay(giver, BILL_FEN))
    assert own.account_fen == 50_000
    assert (await hospital.settle(await hospital.stay(receiver, BILL_FEN))).mutual_aid_fen == 0
    assert (await family.now_of(grant)).used_fen == 0


async def test_what_is_set_apart_outlives_the_givers_own_bills(
    family: Family, hospital: Hospital, db: Connection
) -> None:
    giver, receiver = await family.employee(50_000), await family.resident(BEIJING)
    grant = await family.bound_and_given(giver, receiver, 30_000)
    own = await hospital.settle(await hospital.stay(giver, BILL_FEN))
    assert (own.account_fen, own.balance_after_fen) == (20_000, 30_000)
    assert (await family.balance(giver)).spendable_fen == 0
    assert (await family.now_of(grant)).left_fen == 30_000
    await family.revoke(grant)
    assert (await hospital.settle(await hospital.stay(giver, BILL_FEN))).account_fen == 30_000
    await check_family(db, [giver, receiver], {giver.person_id: 50_000})


async def test_one_relative_pays_one_bill_the_first_that_can(
    family: Family, hospital: Hospital, several: Pack, db: Connection
) -> None:
    receiver = await family.resident()
    empty, first, second = await family.employee(100), await family.employee(), await family.employee()
    grants = [await family.bound_and_given(giver, receiver, 100, Relation.CHILD) for giver in (empty, first, second)]
    await hospital.settle(await hospital.stay(empty, BILL_FEN))

    assert aid_of(await hospital.settle(await hospital.stay(receiver, BILL_FEN))) == {first.person_id: 100}
    assert aid_of(await hospital.settle(await hospital.stay(receiver, BILL_FEN))) == {second.person_id: 100}
    await family.limit(grants[1], 300)
    await family.limit(grants[2], 300)
    await family.rank(receiver, grants[2], grants[0], grants[1])
    assert aid_of(await hospital.settle(await hospital.stay(receiver, BILL_FEN))) == {second.person_id: 200}
    await family.limit(grants[2], 350)
    wide = replace(hospital, pack=several)
    await settlement.keep_version(db, several, now=hospital.now)
    paid = await wide.settle(await wide.stay(receiver, BILL_FEN))
    assert list(aid_of(paid).items()) == [(second.person_id, 50), (first.person_id, 200)]
    everybody = [receiver, empty, first, second]
    openings = {empty.person_id: 100, first.person_id: 100_000, second.person_id: 100_000}
    await check_family(db, everybody, openings)


async def test_an_authorisation_for_another_insured_region_is_not_used(family: Family, hospital: Hospital) -> None:
    giver, receiver = await family.employee(), await family.resident()
    await family.bound_and_given(giver, receiver, 30_000)
    request = await hospital.stay(receiver, BILL_FEN)
    await family.town.owner_db.execute(
        "update mutual_aid.authorisation set receiver_pool = $2 where receiver_id = $1", receiver.person_id, DATONG
    )
    assert (await hospital.settle(request)).mutual_aid_fen == 0


@pytest.mark.parametrize("change", ["valid_to = '2026-11-21'", "payment_state = 'stopped'"])
async def test_a_giver_who_is_no_longer_insured_pays_nothing(family: Family, hospital: Hospital, change: str) -> None:
    giver, receiver = await family.employee(), await family.resident()
    await family.bound_and_given(giver, receiver, 30_000)
    await family.town.owner_db.execute(f"update people.enrollment set {change} where person_id = $1", giver.person_id)
    assert (await hospital.settle(await hospital.stay(receiver, BILL_FEN))).mutual_aid_fen == 0


async def test_an_employer_in_arrears_stops_no_giver_but_a_receiver(family: Family, hospital: Hospital) -> None:
    giver, receiver = await family.employee(), await family.employee(0)
    await family.bound_and_given(giver, receiver, 30_000)
    for person, expected in ((giver, 30_000), (receiver, 0)):
        await family.town.owner_db.execute(
            "update people.enrollment set payment_state = 'arrears' where person_id = $1", person.person_id
        )
        settled = await hospital.settle(await hospital.stay(receiver, BILL_FEN))
        assert settled.mutual_aid_fen == expected
        await hospital.cancel(settled)


async def test_in_a_pharmacy_too(family: Family, hospital: Hospital, db: Connection) -> None:
    giver, receiver = await family.employee(), await family.employee(0)
    await family.bound_and_given(giver, receiver, 30_000)
    pharmacy = hospital.at(TAIYUAN_PHARMACY)
    visit = await pharmacy.visit(receiver, CareKind.PHARMACY)
    await pharmacy.upload(visit, line(5_000, happened_on=date(2026, 11, 22)))
    settled = await pharmacy.settle(pharmacy.bill(visit, 5_000))
    assert (settled.mutual_aid_fen, settled.cash_fen) == (5_000, 0)
    assert "药店买药" in (await notices.inbox(db, giver.person_id))[0].body


@pytest.mark.parametrize("pool", ["140100", DATONG])
async def test_either_book_adds_up_by_itself(family: Family, hospital: Hospital, db: Connection, pool: str) -> None:
    giver, receiver = await family.employee(), await family.resident(pool)
    await family.bound_and_given(giver, receiver, 30_000)
    settled = await hospital.settle(await hospital.stay(receiver, BILL_FEN))
    assert settled.mutual_aid_fen == 30_000
    mine, theirs = await book_of(db, receiver), await book_of(db, giver)
    if pool == "140100":
        assert (mine["aid:140100"], theirs["aid:140100"]) == (-30_000, 30_000)
    else:
        assert mine[f"aid_advance:{pool}:140100"] == -30_000
        assert theirs[f"aid_receivable:{pool}:140100"] == 30_000
    assert theirs[f"personal:{giver.person_id}"] == 70_000
    await check_family(db, [giver, receiver], {giver.person_id: 100_000})


@pytest.mark.parametrize("is_quota", [False, True])
@pytest.mark.parametrize("way", ["cancel", "reverse"])
@pytest.mark.parametrize("meanwhile", ["nothing", "revoked", "limited"])
async def test_a_bill_taken_back_gives_everything_back(
    family: Family, hospital: Hospital, db: Connection, quota: Pack, is_quota: bool, way: str, meanwhile: str
) -> None:
    giver, receiver = await family.employee(), await family.resident()
    family = family.with_law(quota) if is_quota else family
    grant = await family.bound_and_given(giver, receiver, 30_000)
    request = await hospital.stay(receiver, BILL_FEN)
    settled = await hospital.settle(request)
    if meanwhile == "revoked":
        await family.revoke(grant)
    elif meanwhile == "limited":
        await family.limit(grant, 40_000)

    for _ in range(2):
        await (hospital.cancel(settled) if way == "cancel" else hospital.reverse(request))

    found = await family.now_of(grant)
    assert found.used_fen == 0
    assert found.left_fen == {"nothing": 30_000, "revoked": 0, "limited": 40_000}[meanwhile]
    balance = await family.balance(giver)
    assert (balance.balance_fen, balance.reserved_fen) == (100_000, found.left_fen if is_quota else 0)
    assert "退回" in (await notices.inbox(db, giver.person_id))[0].title
    await check_family(db, [giver, receiver], {giver.person_id: 100_000})


async def test_what_comes_back_in_january_is_not_this_years(family: Family, hospital: Hospital, db: Connection) -> None:
    giver, receiver = await family.employee(), await family.resident()
    grant = await family.bound_and_given(giver, receiver, 30_000)
    december, january = NOW + timedelta(days=30), NOW + timedelta(days=45)
    request = replace(await hospital.stay(receiver, BILL_FEN), settled_on=december.date())
    settled = await replace(hospital, now=december).settle(request)

    async def used_this_year(now: datetime) -> list[int | None]:
        found = await mutual_aid.grants_by(db, giver.person_id, now=now)
        return [each.used_this_year_fen for each in found]

    assert (await used_this_year(december), await used_this_year(january)) == ([30_000], [0])
    await replace(hospital, now=january).cancel(settled)
    assert (await used_this_year(december), await used_this_year(january)) == ([0], [0])
    assert (await family.now_of(grant)).left_fen == 30_000


async def test_a_repeated_message_is_answered_as_before_and_takes_nothing(
    family: Family, hospital: Hospital, db: Connection
) -> None:
    giver, receiver = await family.employee(), await family.resident()
    await family.bound_and_given(giver, receiver, 30_000)
    request = await hospital.stay(receiver, BILL_FEN)
    first = await hospital.settle(request)
    again = await hospital.settle(request)
    assert again.is_repeat
    assert (again.mutual_aid, again.cash_fen) == (first.mutual_aid, first.cash_fen)
    assert len(await notices.inbox(db, giver.person_id)) == 2
    await check_family(db, [giver, receiver], {giver.person_id: 100_000})


async def test_care_elsewhere_is_laid_out_whole_and_cleared_twice(
    family: Family, hospital: Hospital, db: Connection
) -> None:
    """The treating region is owed by the insured region, which is owed by the giver's."""
    giver, receiver = await family.employee(pool=DATONG), await family.resident()
    await family.bound_and_given(giver, receiver, 30_000)
    elsewhere = hospital.at("H14040000001")
    settled = await elsewhere.settle(await elsewhere.stay(receiver, BILL_FEN))
    book = await book_of(db, receiver)
    assert book["receivable:140400:140100"] == settled.fund_payment_fen + 30_000
    assert book["aid_advance:140100:140200"] == -30_000
    await check_family(db, [giver, receiver], {giver.person_id: 100_000})


@pytest.mark.parametrize(
    "statement",
    [
        "update settlement.settlement set mutual_aid_fen = mutual_aid_fen + 1, cash_fen = cash_fen - 1",
        "update settlement.settlement set aid_paid = '{29999}'",
        "update settlement.settlement set aid_paid = '{30001,-1}', aid_givers = aid_givers || 1, aid_grants = '{1,2}'",
        "update settlement.settlement set aid_givers = '{}'",
        "update settlement.settlement set mutual_aid_fen = 0",
        """insert into account.entry (person_id, what, reference, happened_at)
           select person_id, what, reference, now() from account.entry where what = 'mutual_aid'""",
        """insert into mutual_aid.event (person_id, grant_serial, what, amount_fen, reference, happened_at)
           select person_id, grant_serial, what, 1, reference, now() from mutual_aid.event where what = 'used'""",
    ],
)
async def test_the_database_refuses_a_row_that_does_not_add_up(
    family: Family, hospital: Hospital, owner_db: Connection, statement: str
) -> None:
    """Not even to the owner, who may write every column."""
    giver, receiver = await family.employee(), await family.resident()
    await family.bound_and_given(giver, receiver, 30_000)
    await hospital.settle(await hospital.stay(receiver, BILL_FEN))
    with pytest.raises((asyncpg.CheckViolationError, asyncpg.UniqueViolationError)):
        await owner_db.execute(statement)


async def test_a_quota_is_used_up_by_its_receiver_alone(
    family: Family, hospital: Hospital, db: Connection, quota: Pack
) -> None:
    giver, receiver, other = await family.employee(50_000), await family.resident(), await family.resident()
    family = family.with_law(quota)
    await family.bound_and_given(giver, receiver, 30_000)
    plain = await family.bound_and_given(giver, other, 20_000)
    assert (await family.balance(giver)).spendable_fen == 0
    assert (await hospital.settle(await hospital.stay(giver, BILL_FEN))).account_fen == 0
    assert (await hospital.settle(await hospital.stay(receiver, BILL_FEN))).mutual_aid_fen == 30_000
    await family.revoke(plain)
    assert (await hospital.settle(await hospital.stay(other, BILL_FEN))).mutual_aid_fen == 0
    assert (await hospital.settle(await hospital.stay(giver, BILL_FEN))).account_fen == 20_000
    await check_family(db, [giver, receiver, other], {giver.person_id: 50_000})
