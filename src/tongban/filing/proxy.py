"""Filing for another: who may, and what is asked of both persons. No IO, no clock."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from tongban.filing.errors import AnswerMissing, MedicalCodeNotActive, ProxyRefused
from tongban.kernel.dates import age_on
from tongban.kernel.errors import Refusal
from tongban.kernel.vocabulary import Relation
from tongban.law import Act, Pack, Permission, Undetermined, may_act_for, online_needs_medical_code
from tongban.people import Person
from tongban.signing import Signature

ADULT_AGE: Final = 18  # full capacity to act: 民法典第十七条、第十八条

# Slots of a draft's photo page: a card is two pictures, a register one.
PROXY_CARD: Final = ("proxy_front", "proxy_back")
PROXY_REGISTER: Final = "proxy_register"
INSURED_CARD: Final = ("insured_front", "insured_back")
INSURED_REGISTER: Final = "insured_register"
IDENTITY_SLOTS: Final = (*PROXY_CARD, PROXY_REGISTER, *INSURED_CARD, INSURED_REGISTER)


def owner_of(slot: str, *, insured_id: int, proxy_id: int) -> int:
    """Whose paper belongs into the slot: the proxy's own are two, all others are about the insured person."""
    return proxy_id if slot in (*PROXY_CARD, PROXY_REGISTER) else insured_id


@dataclass(frozen=True, slots=True)
class Proxy:
    """Who files for the insured person. `relation` is what the insured person is to the proxy; `signature` says that
    it is true."""

    relation: Relation
    phone: str
    signature: Signature


def proxy_problems(pack: Pack, signer: Person, insured_pool: str, relation: Relation, on: date) -> list[Refusal]:
    """Why `signer` may not file for somebody insured there who is that to them; empty when they may."""
    if age_on(signer.birth_date, on) < ADULT_AGE:
        return [ProxyRefused("未满 18 岁，不能替别人办备案。请家里的大人来办", field="for")]
    decision = may_act_for(pack, insured_pool, Act.FILE, relation, on)
    return [] if decision.outcome is Permission.ALLOWED else [ProxyRefused(decision.sentence, field="relation")]


def identity_problems(slots: Collection[str]) -> list[Refusal]:
    """Which pictures of the two persons' papers are missing; `slots` are those that are filled.

    Of each person both sides of the ID card, or their own page of the household register.
    """
    return [
        *_missing(slots, PROXY_CARD, PROXY_REGISTER, "您自己"),
        *_missing(slots, INSURED_CARD, INSURED_REGISTER, "家人"),
    ]


def _missing(slots: Collection[str], card: Sequence[str], register: str, whose: str) -> list[Refusal]:
    if register in slots:
        return []
    front, back = card
    if front not in slots and back not in slots:
        return [AnswerMissing(f"还没有{whose}的身份证照片，请拍两面，或者拍户口簿本人页", field=front)]
    return [
        AnswerMissing(f"还差{whose}身份证的{side}，请拍一张", field=slot)
        for slot, side in ((front, "有照片那面"), (back, "国徽那面"))
        if slot not in slots
    ]


def needs_code(pack: Pack, insured_pool: str, on: date) -> bool:
    """Whether filing online asks for an activated medical code. Where no source says, the stricter way: a filing that
    should not have been made would cost the person more."""
    code = online_needs_medical_code(pack, insured_pool, on)
    return isinstance(code, Undetermined) or code.value == 1


def code_not_active(insured: Person, *, is_self: bool) -> MedicalCodeNotActive:
    if is_self:
        return MedicalCodeNotActive("网上备案要先激活医保码。请打开“医保码”，激活以后再来办")
    return MedicalCodeNotActive(
        f"{insured.name}的医保码还没激活，网上办不了。请{insured.name}用手机激活医保码，或者带两个人的证件到窗口办"
    )
