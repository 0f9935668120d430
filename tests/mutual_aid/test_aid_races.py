"""Families at once: whatever the order, no account pays twice or more than it holds, and nobody waits in a ring."""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any

import asyncpg
import pytest
from family_kit import Family, check_family
from settlement_kit import NOW, Hospital, Insured

from tongban import mutual_aid, settlement
from tongban.infra.db import Connection, Pool
from tongban.kernel.errors import Refusal
from tongban.kernel.vocabulary import Relation
from tongban.law import Pack
from tongban.mutual_aid import AlreadyGiven, EventKind, Grant, GrantState, LimitRefused
from tongban.settlement import Settled, SettleRequest, attempt

BILL_FEN = 2_000_000


async def at_once(*calls: Awaitable[Any]) -> list[Any]:
    """What each gave; a refusal is an answer like any other, anything else (a deadlock) fails the test."""
    outcomes: Sequence[Any] = await asyncio.gather(*calls, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException) and not isinstance(outcome, Refusal):
            raise outcome
    return list(outcomes)


class Crowd:
    """Does each thing over a connection of its own."""

    def __init__(self, pool: Pool, hospital: Hospital, family: Family) -> None:
        self.pool, self.hospital, self.family = pool, hospital, family

    async def settle(self, request: SettleRequest) -> Settled:
        async with self.pool.acquire() as db:
            return await self.hospital.on(db).settle(request)

    async def cancel(self, settled: Settled) -> Any:
        async with self.pool.acquire() as db:
            return await self.hospital.on(db).cancel(settled)

    async def reverse(self, request: SettleRequest) -> Any:
        async with self.pool.acquire() as db:
            return await self.hospital.on(db).reverse(request)

    async def revoke(self, grant: Grant) -> Grant:
        async with self.pool.acquire() as db:
            return await self.family.on(db).revoke(grant)

    async def limit(self, grant: Grant, limit_fen: int) -> Grant:
        async with self.pool.acquire() as db:
            return await self.family.on(db).limit(grant, limit_fen)

    async def give(self, giver: Insured, receiver: Insured, limit_fen: int) -> Grant:
        async with self.pool.acquire() as db:
            return await self.family.on(db).give(giver, receiver, limit_fen)


@pytest.fixture(autouse=True)
def a_ring_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deadlocks are tried again like any conflict, and nobody would see them here."""
    monkeypatch.setattr(attempt, "CONFLICTS", tuple(set(attempt.CONFLICTS) - {asyncpg.DeadlockDetectedError}))


@pytest.fixture
def crowd(pool: Pool, hospital: Hospital, family: Family) -> Crowd:
    return Crowd(pool, hospital, family)


async def test_sixteen_bills_of_four_relatives_on_one_account(
    crowd: Crowd, family: Family, hospital: Hospital, db: Connection
) -> None:
    giver = await family.employee(100_000)
    receivers = [await family.resident() for _ in range(4)]
    for receiver in receivers:
        await family.bound_and_given(giver, receiver, 40_000, Relation.SIBLING)
    requests = [await hospital.stay(receiver, 50_000) for receiver in receivers for _ in range(4)]

    answers = await at_once(*(crowd.settle(request) for request in requests))

    assert all(isinstance(answer, Settled) for answer in answers)
    assert sum(answer.mutual_aid_fen for answer in answers) == 100_000
    assert (await family.balance(giver)).balance_fen == 0
    await check_family(db, [giver, *receivers], {giver.person_id: 100_000})


async def test_sixteen_bills_of_one_relative_use_a_limit_once(
    crowd: Crowd, family: Family, hospital: Hospital, db: Connection
) -> None:
    giver, receiver = await family.employee(100_000), await family.resident()
    grant = await family.bound_and_given(giver, receiver, 30_000)
    requests = [await hospital.stay(receiver, 20_000) for _ in range(16)]

    answers = await at_once(*(crowd.settle(request) for request in requests))

    assert sum(answer.mutual_aid_fen for answer in answers) == 30_000
    assert (await family.now_of(grant)).left_fen == 0
    await check_family(db, [giver, receiver], {giver.person_id: 100_000})


async def test_the_giver_settles_at_the_same_time(
    crowd: Crowd, family: Family, hospital: Hospital, db: Connection
) -> None:
    for _ in range(8):
        giver, receiver = await family.employee(100_000), await family.resident()
        await family.bound_and_given(giver, receiver, 100_000)
        mine, theirs = await hospital.stay(giver, BILL_FEN), await hospital.stay(receiver, BILL_FEN)

        own, helped = await at_once(crowd.settle(mine), crowd.settle(theirs))

        assert {own.account_fen, helped.mutual_aid_fen} == {0, 100_000}
        await check_family(db, [giver, receiver], {giver.person_id: 100_000})


@pytest.mark.parametrize("is_quota", [False, True])
async def test_ended_or_used_never_both(
    crowd: Crowd, family: Family, hospital: Hospital, db: Connection, quota: Pack, is_quota: bool
) -> None:
    family = family.with_law(quota) if is_quota else family
    for _ in range(8):
        giver, receiver = await family.employee(100_000), await family.resident()
        grant = await family.bound_and_given(giver, receiver, 30_000)
        request = await hospital.stay(receiver, BILL_FEN)

        settled, ended = await at_once(crowd.settle(request), crowd.revoke(grant))

        assert ended.state is GrantState.REVOKED
        assert settled.mutual_aid_fen == ended.used_fen
        assert (await family.balance(giver)).reserved_fen == 0
        await check_family(db, [giver, receiver], {giver.person_id: 100_000})


@pytest.mark.parametrize("is_quota", [False, True])
async def test_a_limit_is_lowered_before_or_after_never_below_what_was_used(
    crowd: Crowd, family: Family, hospital: Hospital, db: Connection, quota: Pack, is_quota: bool
) -> None:
    family = family.with_law(quota) if is_quota else family
    for _ in range(8):
        giver, receiver = await family.employee(100_000), await family.resident()
        grant = await family.bound_and_given(giver, receiver, 30_000)
        request = await hospital.stay(receiver, BILL_FEN)

        settled, lowered = await at_once(crowd.settle(request), crowd.limit(grant, 10_000))

        assert (settled.mutual_aid_fen, type(lowered)) in ((30_000, LimitRefused), (10_000, Grant))
        await check_family(db, [giver, receiver], {giver.person_id: 100_000})


async def test_given_back_once_while_others_use_it(
    crowd: Crowd, family: Family, hospital: Hospital, db: Connection
) -> None:
    giver, receiver = await family.employee(100_000), await family.resident()
    grant = await family.bound_and_given(giver, receiver, 30_000)
    request, next_ = [await hospital.stay(receiver, BILL_FEN) for _ in range(2)]
    settled = await hospital.settle(request)

    await at_once(
        *(crowd.cancel(settled) for _ in range(5)),
        *(crowd.reverse(request) for _ in range(5)),
        crowd.settle(next_),
        crowd.revoke(grant),
    )

    returned = [
        event
        for event in await mutual_aid.history_of(db, giver.person_id, grant.number)
        if event.what is EventKind.RETURNED
    ]
    assert len(returned) == 1
    await check_family(db, [giver, receiver], {giver.person_id: 100_000})


async def test_crossing_families_never_wait_in_a_ring(
    crowd: Crowd, family: Family, hospital: Hospital, several: Pack, db: Connection
) -> None:
    """Everybody gives to everybody and all settle, cancel and change limits at once, several accounts to a bill."""
    people = [await family.employee(20_000) for _ in range(4)]
    grants = []
    for at, giver in enumerate(people):
        for receiver in people[at + 1 :]:
            await family.bind(giver, receiver, Relation.SIBLING)
    for giver in people:
        grants += [await family.give(giver, receiver, 20_000) for receiver in people if receiver is not giver]
    crowd.hospital = hospital = Hospital(db, several, family.regions)
    await settlement.keep_version(db, several, now=NOW)
    for _ in range(4):
        requests = [await hospital.stay(person, BILL_FEN) for person in people for _ in range(3)]
        answers = await at_once(
            *(crowd.settle(request) for request in requests), *(crowd.limit(grant, 19_000) for grant in grants[:4])
        )
        settled = [answer for answer in answers if isinstance(answer, Settled)]
        assert len(settled) == len(requests)
        assert sum(answer.account_fen + answer.mutual_aid_fen for answer in settled) == 80_000
        await at_once(*(crowd.cancel(answer) for answer in settled))
        await check_family(db, people, dict.fromkeys((p.person_id for p in people), 20_000))


async def test_one_wish_signed_twice_in_two_windows_is_one(crowd: Crowd, family: Family, db: Connection) -> None:
    giver, receiver = await family.employee(100_000), await family.resident()
    await family.bind(giver, receiver)

    answers = await at_once(*(crowd.give(giver, receiver, 60_000) for _ in range(8)))

    assert sum(isinstance(answer, Grant) for answer in answers) == 1
    assert all(isinstance(answer, Grant | AlreadyGiven) for answer in answers)
    assert len(await mutual_aid.grants_by(db, giver.person_id, now=NOW)) == 1


async def test_quotas_given_at_once_are_never_more_than_the_balance(
    crowd: Crowd, family: Family, quota: Pack, db: Connection
) -> None:
    crowd.family = family = family.with_law(quota)
    giver = await family.employee(100_000)
    receivers = [await family.resident() for _ in range(5)]
    for receiver in receivers:
        await family.bind(giver, receiver, Relation.SIBLING)

    answers = await at_once(*(crowd.give(giver, receiver, 30_000) for receiver in receivers))

    assert sum(isinstance(answer, Grant) for answer in answers) == 3
    assert (await family.balance(giver)).reserved_fen == 90_000
    await check_family(db, [giver, *receivers], {giver.person_id: 100_000})
