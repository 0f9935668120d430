"""Opening, changing, ranking and ending an authorisation: what is allowed, what is said, what is set apart."""

import itertools
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from family_kit import Family, check_family
from settlement_kit import BEIJING, DATONG, NOW, TAIYUAN, Hospital

from tongban import mutual_aid, notices, signing
from tongban.infra.db import Connection
from tongban.kernel.errors import Refusal
from tongban.kernel.vocabulary import Locality, Relation
from tongban.law import Pack
from tongban.mutual_aid import (
    AlreadyGiven,
    EventKind,
    GiverRefused,
    GrantEnded,
    GrantNotFound,
    GrantState,
    LimitRefused,
    OrderChanged,
    ReceiverRefused,
)
from tongban.people import KinNotFound
from tongban.signing import Signature, SignatureVoid, answers_hash


async def test_part_of_an_account_is_given_and_both_are_told(family: Family, db: Connection) -> None:
    giver, receiver = await family.employee(), await family.resident()

    grant = await family.bound_and_given(giver, receiver, 30_000)

    assert (grant.state, grant.locality, grant.is_set_apart) == (GrantState.ACTIVE, Locality.SAME_POOL, False)
    assert [g.number for g in await mutual_aid.grants_by(db, giver.person_id, now=NOW)] == [grant.number]
    assert [g.number for g in await mutual_aid.grants_for(db, receiver.person_id, now=NOW)] == [grant.number]
    for person, text in ((giver, "最多 300.00 元"), (receiver, "您可以用")):
        (told,) = await notices.inbox(db, person.person_id)
        assert text in told.title + told.body
    (signed,) = await signing.signatures_of(db, giver.person_id, grant.number)
    assert "300.00 元" in signed.text
    assert [e.what for e in await mutual_aid.history_of(db, receiver.person_id, grant.number)] == [EventKind.OPENED]
    assert (
        await family.town.owner_db.fetchval("select count(*) from infra.audit where action = 'mutual_aid.opened'") == 1
    )
    await check_family(db, [giver, receiver], {giver.person_id: 100_000})


async def test_across_provinces_the_amount_is_set_apart_until_it_ends(family: Family, db: Connection) -> None:
    giver, receiver = await family.employee(), await family.resident(BEIJING)

    grant = await family.bound_and_given(giver, receiver, 30_000)

    assert (grant.locality, grant.is_set_apart) == (Locality.CROSS_PROVINCE, True)
    assert (await family.balance(giver)).spendable_fen == 70_000
    (signed,) = await signing.signatures_of(db, giver.person_id, grant.number)
    assert "跨省" in signed.title
    assert "北京市" in signed.text
    await family.limit(grant, 45_000)
    assert (await family.balance(giver)).reserved_fen == 45_000
    with pytest.raises(LimitRefused, match=r"最多能给 1,000\.00 元"):
        await family.limit(grant, 100_001)
    await family.revoke(grant)
    assert (await family.balance(giver)).spendable_fen == 100_000
    await check_family(db, [giver, receiver], {giver.person_id: 100_000})


async def test_less_is_always_allowed_more_only_as_far_as_the_balance_goes(family: Family, hospital: Hospital) -> None:
    giver, receiver = await family.employee(), await family.resident()
    grant = await family.bound_and_given(giver, receiver, 80_000)
    await hospital.settle(await hospital.stay(giver, 2_000_000))

    assert (await family.balance(giver)).balance_fen == 0
    assert (await family.limit(grant, 60_000)).left_fen == 60_000
    with pytest.raises(LimitRefused, match=r"最多能给 600\.00 元"):
        await family.limit(grant, 60_001)


async def test_what_is_set_apart_for_one_cannot_be_given_to_another(family: Family) -> None:
    giver, far, near = await family.employee(), await family.resident(BEIJING), await family.resident()
    await family.bound_and_given(giver, far, 80_000)
    await family.bind(giver, near)
    with pytest.raises(LimitRefused, match=r"最多能给 200\.00 元"):
        await family.give(giver, near, 20_001)
    assert (await family.give(giver, near, 20_000)).limit_fen == 20_000


async def test_the_floor_of_an_older_reading_stays_in_the_account(family: Family, floor: Pack) -> None:
    giver, receiver = await family.employee(150_000), await family.resident()
    await family.bind(giver, receiver)
    older = family.with_law(floor)
    with pytest.raises(LimitRefused, match=r"最多能给 500\.00 元"):
        await older.give(giver, receiver, 50_001)
    assert (await older.give(giver, receiver, 50_000)).limit_fen == 50_000


@pytest.mark.parametrize("limit_fen", [0, -1, 100_001])
async def test_an_amount_is_part_of_the_balance(family: Family, limit_fen: int) -> None:
    giver, receiver = await family.employee(), await family.resident()
    await family.bind(giver, receiver)
    with pytest.raises(LimitRefused) as refused:
        await family.give(giver, receiver, limit_fen)
    assert refused.value.field == "limit"


async def test_who_may_give_and_who_may_receive(family: Family) -> None:
    giver, receiver = await family.employee(), await family.resident()
    with pytest.raises(KinNotFound):
        await family.give(giver, receiver, 1)
    await family.bind(receiver, giver)
    with pytest.raises(GiverRefused, match="家人可以给您用"):
        await family.give(receiver, giver, 1)
    stopped = await family.employee(payment_state="stopped")
    await family.bind(stopped, receiver)
    with pytest.raises(GiverRefused, match="停保"):
        await family.give(stopped, receiver, 1)
    owing = await family.resident(payment_state="arrears")
    await family.bind(giver, owing)
    with pytest.raises(ReceiverRefused, match="补缴"):
        await family.give(giver, owing, 1)
    gone = await family.resident(valid_to=date(2026, 6, 30))
    await family.bind(giver, gone)
    with pytest.raises(ReceiverRefused, match="没有参加医保"):
        await family.give(giver, gone, 1)


async def test_one_for_one_relative_and_one_spouse(family: Family) -> None:
    giver, parent = await family.employee(), await family.resident()
    first = await family.bound_and_given(giver, parent, 100)
    with pytest.raises(AlreadyGiven) as refused:
        await family.give(giver, parent, 100)
    assert refused.value.number == first.number
    assert (await family.bound_and_given(giver, await family.resident(), 100)).limit_fen == 100
    await family.bound_and_given(giver, await family.resident(), 100, Relation.SPOUSE)
    with pytest.raises(ReceiverRefused, match="只能有 1 条"):
        await family.bound_and_given(giver, await family.resident(), 100, Relation.SPOUSE)


async def test_a_signature_under_other_answers_is_void_and_nothing_is_opened(family: Family, db: Connection) -> None:
    giver, receiver = await family.employee(), await family.resident()
    await family.bind(giver, receiver)
    wish = await family.wish(giver, receiver, 100)
    signature = Signature(answers_hash(wish.commitment, wish.answers), typed_name="测试")
    with pytest.raises(SignatureVoid):
        await family.give(giver, receiver, 200, signature=signature)
    assert await mutual_aid.grants_by(db, giver.person_id, now=NOW) == []


async def test_handing_in_twice_is_one(family: Family, db: Connection) -> None:
    giver, receiver = await family.employee(), await family.resident(BEIJING)
    await family.bind(giver, receiver)
    wish = await family.wish(giver, receiver, 100)
    again: dict[str, Any] = {
        "signature": Signature(answers_hash(wish.commitment, wish.answers), typed_name="测试"),
        "submit_token": uuid4(),
    }
    first = await family.give(giver, receiver, 100, **again)
    second = await mutual_aid.open_grant(
        db,
        family.vault,
        family.pack,
        family.regions,
        giver_id=giver.person_id,
        receiver_id=receiver.person_id,
        limit_fen=100,
        channel="portal",
        now=NOW,
        **again,
    )
    assert (second.number, second.is_repeat) == (first.number, True)
    assert (await family.balance(giver)).reserved_fen == 100


async def test_ending_is_once_and_final_and_it_can_be_given_anew(family: Family, db: Connection) -> None:
    giver, receiver = await family.employee(), await family.resident()
    grant = await family.bound_and_given(giver, receiver, 100)
    assert (await family.revoke(grant)).state is GrantState.REVOKED
    assert (await family.revoke(grant)).is_repeat
    with pytest.raises(GrantEnded):
        await family.limit(grant, 200)
    assert (await family.give(giver, receiver, 200)).number != grant.number
    assert len(await mutual_aid.grants_for(db, receiver.person_id, now=NOW)) == 2


async def test_what_ended_by_itself_frees_what_was_set_apart(family: Family, db: Connection) -> None:
    giver, far, near = await family.employee(), await family.resident(BEIJING), await family.resident()
    await family.bound_and_given(giver, far, 30_000)
    stays = await family.bound_and_given(giver, near, 30_000)
    assert await mutual_aid.end_lapsed(db, family.pack, now=NOW) == []
    await family.town.owner_db.execute(
        "update people.enrollment set valid_to = '2026-11-21' where person_id = $1", far.person_id
    )

    (ended,) = await mutual_aid.end_lapsed(db, family.pack, now=NOW, giver_id=giver.person_id)

    assert (ended.state, ended.receiver_id) == (GrantState.ENDED, far.person_id)
    assert (await family.balance(giver)).reserved_fen == 0
    assert (await family.now_of(stays)).state is GrantState.ACTIVE
    assert "自动结束" in (await notices.inbox(db, far.person_id))[0].body
    assert await mutual_aid.end_lapsed(db, family.pack, now=NOW) == []


async def test_a_move_to_another_region_ends_it_too(family: Family, db: Connection) -> None:
    giver, receiver = await family.employee(), await family.resident()
    await family.bound_and_given(giver, receiver, 100)
    await family.town.owner_db.execute(
        "update people.enrollment set pool_code = $2 where person_id = $1", receiver.person_id, DATONG
    )
    assert len(await mutual_aid.end_lapsed(db, family.pack, now=NOW)) == 1


async def test_what_lapses_is_every_pair_of_which_one_is_not_insured_there(family: Family, db: Connection) -> None:
    """Owing contributions ends nothing; and who has a second insurance there is insured."""
    states = ("paid", "arrears", "stopped", None)
    ends: set[str] = set()
    for of_giver, of_receiver in itertools.product(states, states):
        giver, receiver = await family.employee(), await family.resident()
        grant = await family.bound_and_given(giver, receiver, 100)
        for person, state in ((giver, of_giver), (receiver, of_receiver)):
            await family.town.owner_db.execute(
                """update people.enrollment set payment_state = coalesce($2, payment_state),
                     valid_to = case when $2 is null then date '2026-11-21' end where person_id = $1""",
                person.person_id,
                state,
            )
        if not {of_giver, of_receiver} <= {"paid", "arrears"}:
            ends.add(grant.number)
    giver, receiver = await family.employee(), await family.resident(payment_state="stopped")
    await family.town.owner_db.execute(
        """insert into people.enrollment (person_id, enrollment_no, insurance_type, category, pool_code, valid_from,
             payment_state) values ($1, 2, 'employee', 'active', $2, '2026-01-01', 'paid')""",
        receiver.person_id,
        TAIYUAN,
    )
    await family.bind(giver, receiver)
    still = await family.give(giver, receiver, 100)

    ended = await mutual_aid.end_lapsed(db, family.pack, now=NOW)

    assert {grant.number for grant in ended} == ends
    assert len(ends) == 12
    assert (await family.now_of(still)).state is GrantState.ACTIVE


async def test_the_receiver_alone_orders_who_pays_first(family: Family, db: Connection) -> None:
    receiver = await family.resident()
    grants = [await family.bound_and_given(await family.employee(), receiver, 100, Relation.CHILD) for _ in range(3)]
    a, b, c = grants
    await family.rank(receiver, c, a, b)
    assert [g.number for g in await mutual_aid.grants_for(db, receiver.person_id, now=NOW)] == [
        c.number,
        a.number,
        b.number,
    ]
    for wrong in ((a, b), (a, b, c, c), ()):
        with pytest.raises(OrderChanged):
            await family.rank(receiver, *wrong)
    await family.revoke(a)
    with pytest.raises(OrderChanged):
        await family.rank(receiver, a, b, c)
    await family.rank(receiver, b, c)


async def test_nobody_else_learns_that_there_is_anything(family: Family, db: Connection) -> None:
    giver, receiver, stranger = await family.employee(), await family.resident(), await family.employee()
    grant = await family.bound_and_given(giver, receiver, 100)
    sentences = set()
    for number in (grant.number, replace(grant, grant_serial=grant.grant_serial + 1).number, "G1", ""):
        with pytest.raises(GrantNotFound) as refused:
            await mutual_aid.get_grant(db, stranger.person_id, number)
        sentences.add(refused.value.sentence)
    assert len(sentences) == 1
    with pytest.raises(GrantNotFound):
        await mutual_aid.revoke(
            db, family.pack, giver_id=receiver.person_id, number=grant.number, channel="portal", now=NOW
        )


@pytest.mark.parametrize(
    "statement",
    [
        "update mutual_aid.authorisation set used_fen = limit_fen + 1",
        "update mutual_aid.authorisation set used_fen = -1",
        "update mutual_aid.authorisation set limit_fen = 0",
        "update mutual_aid.authorisation set state = 'ended'",
        "update mutual_aid.authorisation set limit_fen = limit_fen + 1",
        "update account.personal_account set reserved_fen = reserved_fen - 1",
        "update account.personal_account set reserved_fen = 0",
        "update account.personal_account set reserved_fen = balance_fen + 1",
        "update account.personal_account set balance_fen = reserved_fen - 1",
        """insert into mutual_aid.authorisation (person_id, receiver_id, relation, giver_pool, receiver_pool, locality,
             is_set_apart, limit_fen, valid_from, channel, submit_token, opened_at)
           select person_id, receiver_id, relation, giver_pool, receiver_pool, locality, false, 1, valid_from, channel,
             gen_random_uuid(), opened_at from mutual_aid.authorisation""",
        """insert into mutual_aid.authorisation (person_id, receiver_id, relation, giver_pool, receiver_pool, locality,
             is_set_apart, limit_fen, valid_from, channel, submit_token, opened_at)
           select person_id, 1, relation, giver_pool, receiver_pool, locality, true, 1, valid_from, channel,
             gen_random_uuid(), opened_at from mutual_aid.authorisation""",
        "update mutual_aid.event set amount_fen = 1",
        "delete from mutual_aid.event",
        "delete from mutual_aid.authorisation",
    ],
)
async def test_the_database_refuses_what_must_never_be(family: Family, db: Connection, statement: str) -> None:
    giver, receiver = await family.employee(), await family.resident(BEIJING)
    await family.bound_and_given(giver, receiver, 30_000)
    with pytest.raises((asyncpg.CheckViolationError, asyncpg.UniqueViolationError, asyncpg.InsufficientPrivilegeError)):
        await db.execute(statement)
    await check_family(db, [giver, receiver], {giver.person_id: 100_000})


async def test_across_provinces_before_the_quota_nothing_is_opened(family: Family) -> None:
    giver, receiver = await family.employee(), await family.resident(BEIJING)
    await family.bind(giver, receiver)
    earlier = replace(family, now=datetime(2025, 12, 1, tzinfo=UTC) + timedelta(hours=4))
    with pytest.raises(Refusal) as refused:
        await earlier.wish(giver, receiver, 100)
    assert refused.value.code == "mutual_aid_undetermined"
