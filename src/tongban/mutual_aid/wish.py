"""What somebody wants to give, checked against the records and the law before a name is signed."""

from datetime import datetime
from typing import NamedTuple

from tongban import account, law, people
from tongban.account import Balance
from tongban.directory import Regions
from tongban.infra.clock import day_of
from tongban.infra.crypto import Vault
from tongban.infra.db import Db
from tongban.kernel.money import Fen, yuan
from tongban.kernel.vocabulary import InsuranceType, Locality
from tongban.law import (
    Giver,
    InsuranceState,
    MutualAidQuestion,
    MutualAidTerms,
    Pack,
    Payable,
    Permission,
    SharedExpense,
)
from tongban.mutual_aid import store
from tongban.mutual_aid.errors import AidUndetermined, AlreadyGiven, GiverRefused, LimitRefused, ReceiverRefused
from tongban.mutual_aid.model import Giving, Grant
from tongban.mutual_aid.rules import insurance_state, terms_of
from tongban.mutual_aid.texts import commitment
from tongban.people import Enrollment, Kin
from tongban.signing import Commitment

_EMPLOYEE = InsuranceType.EMPLOYEE


class Wish(NamedTuple):
    """What somebody wants to give, checked against the records: what is signed and what is then opened."""

    giver_id: int
    giver_name: str
    kin: Kin
    giver_pool: str
    receiver_pool: str
    locality: Locality
    is_set_apart: bool
    limit_fen: Fen
    commitment: Commitment

    @property
    def answers(self) -> dict[str, object]:
        """Everything the signature is bound to."""
        return {
            "person_id": self.giver_id,
            "signer_id": self.giver_id,
            "receiver_id": self.kin.kin_id,
            "relation": self.kin.relation.value,
            "giver_pool": self.giver_pool,
            "receiver_pool": self.receiver_pool,
            "is_set_apart": self.is_set_apart,
            "limit_fen": self.limit_fen,
        }


async def giving_of(db: Db, pack: Pack, person_id: int, *, now: datetime) -> Giving:
    """What this person can give today. Raises GiverRefused with the law's sentence, AidUndetermined without one."""
    pool, sentence = await _giver_pool(db, pack, person_id, now)
    balance = await account.balance(db, person_id)
    if balance is None:
        raise no_account()
    terms = terms_of(pack, pool, Locality.SAME_POOL, day_of(now))
    return Giving(pool, balance.balance_fen, balance.reserved_fen, free_fen(balance, terms), sentence)


async def receiver_pools(db: Db, kin_id: int, *, now: datetime) -> list[Enrollment]:
    """Where a relative is insured today, which decides what is signed. What has stopped is left out."""
    return [
        each
        for each in await people.enrollments(db, kin_id, day_of(now))
        if insurance_state(each.payment_state) is not InsuranceState.STOPPED
    ]


async def check_wish(
    db: Db,
    vault: Vault,
    pack: Pack,
    regions: Regions,
    *,
    giver_id: int,
    receiver_id: int,
    receiver_pool: str = "",
    limit_fen: Fen,
    now: datetime,
) -> Wish:
    """Everything that can be refused before a name is signed. `receiver_pool` empty: where the relative is insured,
    when that is one place. Raises the refusals of `mutual_aid.errors`; fields: ``receiver``, ``receiver_pool``,
    ``limit``.
    """
    today = day_of(now)
    giver_pool, _ = await _giver_pool(db, pack, giver_id, now)
    kin = await people.kin_by_id(db, vault, giver_id, receiver_id)
    _check_relation(pack, giver_pool, kin, now)
    receiver_pool = await _receiver_pool(db, kin, receiver_pool, now)
    locality = _locality(regions, giver_pool, receiver_pool)
    await _check_use(db, pack, kin, giver_pool, receiver_pool, locality, giver_id, now)
    await _check_number(db, pack, giver_id, giver_pool, kin, now)
    terms = terms_of(pack, giver_pool, locality, today)
    balance = await account.balance(db, giver_id)
    if balance is None:
        raise no_account()
    check_limit(limit_fen, free_fen=free_fen(balance, terms))
    region = regions.get(receiver_pool)
    text = commitment(
        locality,
        receiver=kin.name,
        relation=kin.relation,
        place=region.full_name if region else receiver_pool,
        limit_fen=limit_fen,
    )
    giver = await people.get_person(db, vault, giver_id)
    return Wish(giver_id, giver.name, kin, giver_pool, receiver_pool, locality, terms.is_quota is True, limit_fen, text)


def check_limit(limit_fen: Fen, *, free_fen: Fen, used_fen: Fen = 0) -> None:
    """Raises LimitRefused (field ``limit``). `free_fen` is what more can be given on top of what was used."""
    if limit_fen <= 0:
        raise LimitRefused("金额要大于 0，请改一下", field="limit")
    if limit_fen < used_fen:
        raise LimitRefused(f"已经用了 {yuan(used_fen)} 元，上限不能比这少。不想再给用，请选“解除”", field="limit")
    if limit_fen - used_fen > free_fen:
        raise LimitRefused(f"现在最多能给 {yuan(max(0, free_fen) + used_fen)} 元，请改小一些", field="limit")


def free_fen(balance: Balance, terms: MutualAidTerms, *, besides: Grant | None = None) -> Fen:
    """What can be given: above the floor and not set apart for others than the grant `besides`."""
    others_fen = balance.reserved_fen - (besides.left_fen if besides and besides.is_set_apart else 0)
    return max(0, min(balance.balance_fen - others_fen, balance.balance_fen - terms.floor_fen))


def no_account() -> GiverRefused:
    return GiverRefused("没有查到您的个人账户，请打参保地的电话问一下")


async def _giver_pool(db: Db, pack: Pack, person_id: int, now: datetime) -> tuple[str, str]:
    """Where the giver is insured as an employee, and the sentence that lets them give."""
    today = day_of(now)
    found = [each for each in await people.enrollments(db, person_id, today) if each.insurance_type is _EMPLOYEE]
    usable = [each for each in found if insurance_state(each.payment_state) is not InsuranceState.STOPPED]
    if not usable:
        pools = [each.pool_code for each in await people.enrollments(db, person_id, today)] or [""]
        refused = law.may_give(pack, pools[0], Giver.RESIDENT, today)
        raise GiverRefused(
            refused.sentence if not found else "您的职工医保已经停保，现在不能给家人用。家人可以给您用。"
        )
    allowed = law.may_give(pack, usable[0].pool_code, Giver.EMPLOYEE, today)
    if allowed.outcome is Permission.UNDETERMINED:
        raise AidUndetermined(allowed.sentence, ask=allowed.ask)
    if allowed.outcome is not Permission.ALLOWED:
        raise GiverRefused(allowed.sentence)
    return usable[0].pool_code, allowed.sentence


def _check_relation(pack: Pack, giver_pool: str, kin: Kin, now: datetime) -> None:
    allowed = law.mutual_aid_kin(pack, giver_pool, day_of(now))
    if isinstance(allowed, law.Undetermined):
        raise AidUndetermined(allowed.reason, ask=allowed.ask, field="receiver")
    if kin.relation not in allowed.members:
        names = "、".join(member.zh for member in allowed.members)
        raise ReceiverRefused(f"只能给{names}用，{kin.name}是您的{kin.relation.zh}，不在里面", field="receiver")


async def _receiver_pool(db: Db, kin: Kin, wanted: str, now: datetime) -> str:
    pools = list(dict.fromkeys(each.pool_code for each in await receiver_pools(db, kin.kin_id, now=now)))
    if not pools:
        raise ReceiverRefused(f"{kin.name}现在没有参加医保，或者已经停保，不能用家人的账户", field="receiver")
    if not wanted and len(pools) == 1:
        return pools[0]
    if wanted not in pools:
        raise ReceiverRefused(f"请选{kin.name}在哪里参保", field="receiver_pool")
    return wanted


def _locality(regions: Regions, giver_pool: str, receiver_pool: str) -> Locality:
    provinces = [
        region.province_code if (region := regions.get(pool)) else pool[:2] + "0000"
        for pool in (giver_pool, receiver_pool)
    ]
    return law.locality(giver_pool, receiver_pool, *provinces)


async def _check_use(
    db: Db, pack: Pack, kin: Kin, giver_pool: str, receiver_pool: str, locality: Locality, giver_id: int, now: datetime
) -> None:
    """Whether the account could pay today at all; if not, giving would promise what it does not hold."""
    today = day_of(now)
    question = MutualAidQuestion(
        insured_pool=giver_pool,
        giver_state=insurance_state(await store.payment_state(db, giver_id, giver_pool, _EMPLOYEE, today)),
        receiver_state=insurance_state(await store.payment_state(db, kin.kin_id, receiver_pool, None, today)),
        expense=SharedExpense.CARE,
        locality=locality,
        on=today,
    )
    found = law.mutual_aid_use(pack, question)
    if found.outcome is Payable.UNDETERMINED:
        raise AidUndetermined(found.sentence, ask=found.ask, field="receiver")
    if found.outcome is not Payable.PAYABLE:
        raise ReceiverRefused(found.sentence, field="receiver")


async def _check_number(db: Db, pack: Pack, giver_id: int, giver_pool: str, kin: Kin, now: datetime) -> None:
    """One in force for one relative; and of some relations no more than the law names. Where it names no number, the
    relatives themselves are the limit."""
    active = await store.active_grants(db, giver_id)
    for grant in active:
        if grant.receiver_id == kin.kin_id:
            raise AlreadyGiven(f"您已经给{kin.name}用了，不用再办。要多给少给，请改上限", number=grant.number)
    records_max = law.mutual_aid_records_max(pack, giver_pool, kin.relation, day_of(now))
    if isinstance(records_max, law.Undetermined) or records_max.value == law.NO_LIMIT:
        return
    same = [grant for grant in active if grant.relation is kin.relation]
    if len(same) >= records_max.value:
        raise ReceiverRefused(f"给{kin.relation.zh}用的只能有 {records_max.value} 条，请先解除原来的", field="receiver")
