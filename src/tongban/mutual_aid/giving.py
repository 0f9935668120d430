"""Letting a relative use part of an account, changing how much, ending it, and the receiver's order.

Every use case that changes an authorisation holds the giver's account first; so does every settlement that uses it.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from tongban import account, law, people, signing
from tongban.account import Balance
from tongban.directory import Regions
from tongban.infra import audit
from tongban.infra.clock import day_of
from tongban.infra.crypto import Vault
from tongban.infra.db import Db
from tongban.kernel.identifiers import GRANT, InvalidNumber, mask_name, parse_outside_number
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
    SharingEnd,
    SharingEvent,
)
from tongban.mutual_aid import store
from tongban.mutual_aid.errors import (
    AidUndetermined,
    AlreadyGiven,
    GiverRefused,
    GrantEnded,
    GrantNotFound,
    LimitRefused,
    OrderChanged,
    ReceiverRefused,
)
from tongban.mutual_aid.model import EventKind, Giving, Grant, GrantState
from tongban.mutual_aid.rules import Ending, ending, insurance_state, terms_of
from tongban.mutual_aid.telling import tell_both
from tongban.mutual_aid.texts import commitment
from tongban.people import Enrollment, Kin
from tongban.signing import Commitment, Signature

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
            "limit_fen": self.limit_fen,
        }


async def giving_of(db: Db, pack: Pack, person_id: int, *, now: datetime) -> Giving:
    """What this person can give today. Raises GiverRefused with the law's sentence, AidUndetermined without one."""
    pool, sentence = await _giver_pool(db, pack, person_id, now)
    balance = await account.balance(db, person_id)
    if balance is None:
        raise GiverRefused("没有查到您的个人账户，请打参保地的电话问一下")
    terms = terms_of(pack, pool, Locality.SAME_POOL, day_of(now))
    return Giving(pool, balance.balance_fen, balance.reserved_fen, _free_fen(balance, terms), sentence)


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
        raise GiverRefused("没有查到您的个人账户，请打参保地的电话问一下")
    check_limit(limit_fen, free_fen=_free_fen(balance, terms))
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


async def open_grant(
    db: Db,
    vault: Vault,
    pack: Pack,
    regions: Regions,
    *,
    giver_id: int,
    receiver_id: int,
    receiver_pool: str = "",
    limit_fen: Fen,
    signature: Signature,
    submit_token: UUID,
    channel: str,
    now: datetime,
) -> Grant:
    """Sign and open an authorisation; a quota is set apart in the same transaction.

    The same `submit_token` again gives the first one (`is_repeat`). Raises what `check_wish` raises, SignatureVoid and
    SignatureRefused, AlreadyGiven when there is one in force for the same relative.
    """
    async with db.transaction():
        held = await account.hold(db, [giver_id])
        first = await store.grant_of_token(db, giver_id, submit_token)
        if first is not None:
            return replace(first, is_repeat=True)
        if giver_id not in held:
            raise GiverRefused("没有查到您的个人账户，请打参保地的电话问一下")
        wish = await check_wish(
            db,
            vault,
            pack,
            regions,
            giver_id=giver_id,
            receiver_id=receiver_id,
            receiver_pool=receiver_pool,
            limit_fen=limit_fen,
            now=now,
        )
        signed = signing.sign(
            signature, wish.commitment, wish.answers, signer_id=giver_id, signer_name=wish.giver_name, now=now
        )
        made = Grant(
            giver_id=giver_id,
            grant_serial=0,
            receiver_id=receiver_id,
            relation=wish.kin.relation,
            giver_pool=wish.giver_pool,
            receiver_pool=wish.receiver_pool,
            locality=wish.locality,
            is_set_apart=wish.is_set_apart,
            limit_fen=limit_fen,
            used_fen=0,
            valid_from=day_of(now),
            state=GrantState.ACTIVE,
            opened_at=now,
            ended_at=None,
            end_reason="",
        )
        made = replace(
            made, grant_serial=await store.insert_grant(db, made, channel=channel, submit_token=submit_token)
        )
        if made.is_set_apart:
            await account.set_apart(db, giver_id, limit_fen)
        await store.add_event(db, giver_id, made.grant_serial, EventKind.OPENED, limit_fen, now)
        await signing.keep(db, person_id=giver_id, subject=made.number, signature_no=1, signed=signed)
        await _log(db, made, "opened", giver_id, channel, now)
        giver, receiver = mask_name(wish.giver_name), mask_name(wish.kin.name)
        await tell_both(
            db,
            made,
            giver=(f"{receiver}可以用您的个人账户了", f"最多 {yuan(limit_fen)} 元。随时可以改，也可以解除。"),
            receiver=(f"您可以用{giver}的个人账户了", f"最多 {yuan(limit_fen)} 元。看病时自己的账户不够，会自动用。"),
            now=now,
        )
    return made


def check_limit(limit_fen: Fen, *, free_fen: Fen, used_fen: Fen = 0) -> None:
    """Raises LimitRefused (field ``limit``). `free_fen` is what more can be given on top of what was used."""
    if limit_fen <= 0:
        raise LimitRefused("金额要大于 0，请改一下", field="limit")
    if limit_fen < used_fen:
        raise LimitRefused(f"已经用了 {yuan(used_fen)} 元，上限不能比这少。不想再给用，请选“解除”", field="limit")
    if limit_fen - used_fen > free_fen:
        raise LimitRefused(f"现在最多能给 {yuan(max(0, free_fen) + used_fen)} 元，请改小一些", field="limit")


async def change_limit(
    db: Db, pack: Pack, *, giver_id: int, number: str, limit_fen: Fen, channel: str, now: datetime
) -> Grant:
    """Raise or lower how much may be used, never below what was used. The same limit again changes nothing.

    Raises GrantNotFound for anybody else's number as for none, GrantEnded, LimitRefused.
    """
    async with db.transaction():
        grant, balance = await _held(db, giver_id, number)
        _require_active(grant)
        if limit_fen == grant.limit_fen:
            return grant
        terms = terms_of(pack, grant.giver_pool, grant.locality, day_of(now))
        check_limit(limit_fen, free_fen=_free_fen(balance, terms, besides=grant), used_fen=grant.used_fen)
        await store.change_limit(db, giver_id, grant.grant_serial, limit_fen)
        if grant.is_set_apart:
            await account.set_apart(db, giver_id, limit_fen - grant.limit_fen)
        changed = replace(grant, limit_fen=limit_fen)
        await store.add_event(db, giver_id, grant.grant_serial, EventKind.LIMIT, limit_fen, now)
        await _log(db, changed, "limit_changed", giver_id, channel, now)
        giver, receiver = await _masked_names(db, grant)
        left = f"还能用 {yuan(changed.left_fen)} 元。"
        await tell_both(
            db,
            changed,
            giver=(f"您给{receiver}的上限改好了", f"现在最多 {yuan(limit_fen)} 元，{left}"),
            receiver=(f"{giver}改了给您用的金额", f"现在最多 {yuan(limit_fen)} 元，{left}"),
            now=now,
        )
    return changed


async def revoke(db: Db, pack: Pack, *, giver_id: int, number: str, channel: str, now: datetime) -> Grant:
    """The giver ends it, with effect as the law says; what was set apart and not used is free again. Twice is once.

    Raises GrantNotFound for anybody else's number as for none, AidUndetermined where the law is silent.
    """
    async with db.transaction():
        grant, _ = await _held(db, giver_id, number)
        if grant.state is not GrantState.ACTIVE:
            return replace(grant, is_repeat=True)
        found = law.mutual_aid_end(pack, grant.giver_pool, SharingEvent.GIVER_REVOKES, grant.locality, day_of(now))
        if found.outcome is not SharingEnd.ENDS:
            raise AidUndetermined(found.sentence, ask=found.ask)
        ended = await _end(db, grant, GrantState.REVOKED, SharingEvent.GIVER_REVOKES, now)
        await _log(db, ended, "revoked", giver_id, channel, now)
        giver, receiver = await _masked_names(db, grant)
        await tell_both(
            db,
            ended,
            giver=(f"您和{receiver}的共济解除了", found.sentence),
            receiver=(f"不能再用{giver}的个人账户了", "以后看病不会再用。已经用的不用还。"),
            now=now,
        )
    return ended


async def end_lapsed(db: Db, pack: Pack, *, now: datetime, giver_id: int | None = None) -> list[Grant]:
    """Write down what has ended by itself (one of the two is no longer insured there), so that what was set apart is
    free again. A settlement asks the law anyway and uses nothing that has ended. `giver_id` None: everybody's.
    """
    ended: list[Grant] = []
    for seen in await store.active_grants(db, giver_id):
        if await _ending(db, pack, seen, now) is None:
            continue
        async with db.transaction():
            grant, _ = await _held(db, seen.giver_id, seen.number)
            why = await _ending(db, pack, grant, now) if grant.state is GrantState.ACTIVE else None
            if why is None:
                continue
            ended.append(await _end(db, grant, GrantState.ENDED, why.event, now))
            await _log(db, grant, "ended", None, "rules", now)
            giver, receiver = await _masked_names(db, grant)
            await tell_both(
                db,
                grant,
                giver=(f"您和{receiver}的共济结束了", why.sentence),
                receiver=(f"您和{giver}的共济结束了", why.sentence),
                now=now,
            )
    return ended


async def rank(db: Db, *, receiver_id: int, numbers: Sequence[str], channel: str, now: datetime) -> None:
    """The receiver says in which order relatives' accounts pay: all in force, first one first.

    Raises OrderChanged when `numbers` are not exactly those in force.
    """
    async with db.transaction():
        current = await store.lock_order(db, receiver_id)
        wanted = [_parse(number) for number in numbers]
        if sorted(wanted) != sorted(current):
            raise OrderChanged("给您用的家人刚刚变了，请看一下再排")
        if wanted == current:
            return
        await store.rank(db, receiver_id, wanted)
        await audit.record(
            db,
            now=now,
            actor=f"person:{receiver_id}",
            channel=channel,
            action="mutual_aid.ranked",
            person_id=receiver_id,
            detail={"order": list(numbers)},
        )


def _parse(number: str) -> tuple[int, int]:
    try:
        parsed = parse_outside_number(number, GRANT)
    except InvalidNumber:
        raise not_found() from None
    return parsed.person_id, parsed.serial


def not_found() -> GrantNotFound:
    return GrantNotFound("没有找到这一条，请从“家庭共济”里打开")


async def _held(db: Db, giver_id: int, number: str) -> tuple[Grant, Balance]:
    """The giver's own authorisation with the account locked, so that both are true until the transaction ends."""
    owner, serial = _parse(number)
    if owner != giver_id:
        raise not_found()
    held = await account.hold(db, [giver_id])
    grant = await store.grant(db, giver_id, serial)
    if grant is None:
        raise not_found()
    return grant, held[giver_id]


def _require_active(grant: Grant) -> None:
    if grant.state is not GrantState.ACTIVE:
        raise GrantEnded("这一条已经结束，不能再改。要再给家人用，请重新办一次")


async def _end(db: Db, grant: Grant, state: GrantState, event: SharingEvent, now: datetime) -> Grant:
    await store.end(db, grant, state, event.value, now)
    if grant.is_set_apart:
        await account.set_apart(db, grant.giver_id, -grant.left_fen)
    what = EventKind.REVOKED if state is GrantState.REVOKED else EventKind.ENDED
    await store.add_event(db, grant.giver_id, grant.grant_serial, what, grant.left_fen, now)
    return replace(grant, state=state, ended_at=now, end_reason=event.value)


async def _ending(db: Db, pack: Pack, grant: Grant, now: datetime) -> Ending | None:
    today = day_of(now)
    return ending(
        pack,
        giver_pool=grant.giver_pool,
        locality=grant.locality,
        giver_payment_state=await store.payment_state(db, grant.giver_id, grant.giver_pool, _EMPLOYEE, today),
        receiver_payment_state=await store.payment_state(db, grant.receiver_id, grant.receiver_pool, None, today),
        on=today,
    )


def _free_fen(balance: Balance, terms: MutualAidTerms, *, besides: Grant | None = None) -> Fen:
    """What can be given: above the floor and not set apart for others than the grant `besides`."""
    others_fen = balance.reserved_fen - (besides.left_fen if besides and besides.is_set_apart else 0)
    return max(0, min(balance.balance_fen - others_fen, balance.balance_fen - terms.floor_fen))


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


async def _masked_names(db: Db, grant: Grant) -> tuple[str, str]:
    names = await people.names_of(db, [grant.giver_id, grant.receiver_id])
    return mask_name(names.get(grant.giver_id, "家人")), mask_name(names.get(grant.receiver_id, "家人"))


async def _log(db: Db, grant: Grant, what: str, actor_id: int | None, channel: str, now: datetime) -> None:
    await audit.record(
        db,
        now=now,
        actor="system:rules" if actor_id is None else f"person:{actor_id}",
        channel=channel,
        action=f"mutual_aid.{what}",
        person_id=grant.giver_id,
        subject=grant.number,
        detail={"limit_fen": grant.limit_fen, "used_fen": grant.used_fen},
    )
