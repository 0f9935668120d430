"""Whatever a family does in whatever order, the books say what a model of a few lines says."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from family_kit import Family, aid_of, check_family
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from settlement_kit import NOW, Hospital, Insured, Town, furnish

from tongban import settlement
from tongban.directory import Regions
from tongban.infra.crypto import Vault
from tongban.infra.db import Connection, connect
from tongban.kernel.vocabulary import Relation
from tongban.law import Pack
from tongban.mutual_aid import Grant, GrantEnded, LimitRefused
from tongban.settlement import Settled, SettleRequest

OPENINGS = (60_000, 25_000)
RECEIVERS = 2
BILL_FEN = 24_000  # below a resident's deductible: all of it is the person's own


@dataclass
class Given:
    """An authorisation as the model has it."""

    grant: Grant
    giver: int
    receiver: int
    limit: int
    used: int = 0
    is_active: bool = True


@dataclass
class Model:
    """Plain arithmetic: balances, and who may use what of them. Quotas are set apart, so each account's sum is kept."""

    is_quota: bool
    balance: list[int] = field(default_factory=lambda: list(OPENINGS))
    given: list[Given] = field(default_factory=list)
    bills: list[tuple[SettleRequest, Settled, Given | None, int]] = field(default_factory=list)

    def active(self, giver: int | None = None, receiver: int | None = None) -> list[Given]:
        return [g for g in self.given if g.is_active and giver in (None, g.giver) and receiver in (None, g.receiver)]

    def reserved(self, giver: int) -> int:
        return sum(g.limit - g.used for g in self.active(giver)) if self.is_quota else 0

    def usable(self, g: Given) -> int:
        left = g.limit - g.used
        others = self.reserved(g.giver) - (left if self.is_quota else 0)
        return max(0, min(left, self.balance[g.giver] - others))

    def payer(self, receiver: int, order: list[Given]) -> tuple[Given | None, int]:
        for g in order:
            if g.is_active and g.receiver == receiver and (fen := min(BILL_FEN, self.usable(g))) > 0:
                return g, fen
        return None, 0


class World:
    """An event loop and two connections that outlive the many examples of one test."""

    def __init__(
        self, runner: asyncio.Runner, db: Connection, owner_db: Connection, vault: Vault, pack: Pack, regions: Regions
    ) -> None:
        self.runner, self.db = runner, db
        self.family = Family(db, Town(owner_db), vault, pack, regions)
        self.hospital = Hospital(db, pack, regions)


@pytest.fixture
def world(database_url: str, owner_database_url: str, vault: Vault, pack: Pack, regions: Regions) -> Iterator[World]:
    with asyncio.Runner() as runner:
        db, owner_db = runner.run(connect(database_url)), runner.run(connect(owner_database_url))
        runner.run(furnish(owner_db))
        runner.run(settlement.keep_version(db, pack, now=NOW))
        yield World(runner, db, owner_db, vault, pack, regions)
        runner.run(db.close())
        runner.run(owner_db.close())


STEPS = st.tuples(
    st.sampled_from(["settle", "settle", "settle", "own", "cancel", "reverse", "limit", "revoke", "give", "rank"]),
    st.integers(0, 7),
    st.integers(1, 40_000),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(is_quota=st.booleans(), steps=st.lists(STEPS, min_size=5, max_size=22))
def test_any_history_is_what_plain_arithmetic_says(
    world: World, quota: Pack, is_quota: bool, steps: list[tuple[str, int, int]]
) -> None:
    world.runner.run(_walk(world, world.family.with_law(quota) if is_quota else world.family, is_quota, steps))


async def _walk(world: World, family: Family, is_quota: bool, steps: list[tuple[str, int, int]]) -> None:
    model, hospital = Model(is_quota), world.hospital
    givers = [await family.employee(fen) for fen in OPENINGS]
    receivers = [await family.resident() for _ in range(RECEIVERS)]
    for giver in givers:
        for receiver in receivers:
            await family.bind(giver, receiver, Relation.SIBLING)
    order: list[Given] = []
    for what, which, fen in steps:
        at, to = which % 2, which // 2 % 2
        if what == "give":
            await _give(family, model, order, (givers[at], at), (receivers[to], to), fen)
        elif what == "settle":
            request = await hospital.stay(receivers[to], BILL_FEN)
            settled = await hospital.settle(request)
            payer, paid = model.payer(to, order)
            assert aid_of(settled) == ({givers[payer.giver].person_id: paid} if payer else {})
            if payer:
                model.balance[payer.giver] -= paid
                payer.used += paid
            model.bills.append((request, settled, payer, paid))
        elif what == "own":
            settled = await hospital.settle(await hospital.stay(givers[at], BILL_FEN))
            paid = min(settled.person_share_fen, model.balance[at] - model.reserved(at))
            assert settled.account_fen == paid
            model.balance[at] -= paid
        elif what in ("cancel", "reverse") and model.bills:
            request, settled, payer, paid = model.bills.pop(which % len(model.bills))
            await (hospital.cancel(settled) if what == "cancel" else hospital.reverse(request))
            if payer:
                model.balance[payer.giver] += paid
                payer.used -= paid
        elif what == "limit" and model.given:
            await _limit(family, model, model.given[which % len(model.given)], fen)
        elif what == "revoke" and model.given:
            g = model.given[which % len(model.given)]
            await family.revoke(g.grant)
            g.is_active = False
        elif what == "rank":
            mine = [g for g in order if g.is_active and g.receiver == to][::-1]
            await family.rank(receivers[to], *(g.grant for g in mine))
            order[:] = [*mine, *(g for g in order if g not in mine)]
        for number, giver in enumerate(givers):
            held = await family.balance(giver)
            assert (held.balance_fen, held.reserved_fen) == (model.balance[number], model.reserved(number))
    openings = {giver.person_id: fen for giver, fen in zip(givers, OPENINGS, strict=True)}
    await check_family(world.db, [*givers, *receivers], openings)


async def _give(
    family: Family,
    model: Model,
    order: list[Given],
    giver: tuple[Insured, int],
    receiver: tuple[Insured, int],
    fen: int,
) -> None:
    at, to = giver[1], receiver[1]
    if model.active(at, to):
        return
    if fen > model.balance[at] - model.reserved(at):
        with pytest.raises(LimitRefused):
            await family.give(giver[0], receiver[0], fen)
        return
    made = Given(await family.give(giver[0], receiver[0], fen), at, to, fen)
    model.given.append(made)
    order.append(made)


async def _limit(family: Family, model: Model, g: Given, fen: int) -> None:
    if not g.is_active:
        with pytest.raises(GrantEnded):
            await family.limit(g.grant, fen)
        return
    others = model.reserved(g.giver) - (g.limit - g.used if model.is_quota else 0)
    if fen != g.limit and not g.used <= fen <= max(g.limit, g.used + model.balance[g.giver] - others):
        with pytest.raises(LimitRefused):
            await family.limit(g.grant, fen)
        return
    await family.limit(g.grant, fen)
    g.limit = fen
