"""What the law and plain sense decide about a claim: where it goes, who may apply, which papers, by when. Pure."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from tongban import law
from tongban.directory import Institution, Regions
from tongban.kernel.vocabulary import Locality, Relation
from tongban.law import (
    Act,
    Applicant,
    ClaimCare,
    ClaimQuestion,
    ClaimRoute,
    Decision,
    InjuryDecision,
    Listed,
    Pack,
    PaidHow,
    Paper,
    Permission,
    ServiceItem,
    ThirdParty,
    UsedValue,
    Way,
)
from tongban.materials import MaterialKind
from tongban.people import SEEN_FROM_THE_OTHER_SIDE

_INVOICE_NUMBER = re.compile(r"[0-9A-Z]{6,24}")
_BANK_MAX: Final = 40
_SATURDAY = 5

INVOICE, FEE_LIST, RECORD = "invoice", "fee_list", "discharge_record"
PATIENT_ID, PROXY_ID_FRONT, PROXY_ID_BACK = "id_card_front", "proxy_id_front", "proxy_id_back"


@dataclass(frozen=True, slots=True)
class PaperSlot:
    """A place for pictures on the photo page. `papers`: what the law calls them. `is_many`: several pictures."""

    slot: str
    kind: MaterialKind
    zh: str
    papers: tuple[Paper, ...]
    is_needed: bool
    is_many: bool
    is_proxys: bool

    @property
    def is_identity(self) -> bool:
        return self.slot in (PATIENT_ID, PROXY_ID_FRONT, PROXY_ID_BACK)


_SLOTS: Final = (
    (INVOICE, MaterialKind.INVOICE, "医院的发票（收费票据）", (Paper.INVOICE,), True, False),
    (FEE_LIST, MaterialKind.FEE_LIST, "费用清单", (Paper.FEE_LIST,), True, False),
    (RECORD, MaterialKind.DISCHARGE_RECORD, "出院小结或诊断证明", (Paper.DISCHARGE_RECORD,), True, False),
)
_PROXY_SLOTS: Final = (
    (PATIENT_ID, MaterialKind.ID_CARD_FRONT, "看病的人的身份证", (Paper.INSURED_IDENTITY,), False, False),
    (PROXY_ID_FRONT, MaterialKind.PROXY_ID_FRONT, "您的身份证（有照片那面）", (Paper.PROXY_IDENTITY,), False, True),
    (PROXY_ID_BACK, MaterialKind.PROXY_ID_BACK, "您的身份证（国徽那面）", (Paper.PROXY_IDENTITY,), False, True),
)


def route(
    pack: Pack, insured_pool: str, care: ClaimCare, where: Locality, on: date, *, paid_in_full: bool = True
) -> Decision[ClaimRoute]:
    """Where care that somebody paid themselves is claimed."""
    paid = PaidHow.IN_FULL_BY_SELF if paid_in_full else PaidHow.SETTLED_DIRECTLY
    return law.claim_route(pack, ClaimQuestion(insured_pool, care, where, paid, on))


def locality_of(regions: Regions, insured_pool: str, institution: Institution) -> Locality | None:
    """Where a hospital lies, seen from the insured region; None for a region that is not on the list."""
    insured = regions.get(insured_pool)
    if insured is None:
        return None
    return law.locality(insured.pool_code, institution.pool_code, insured.province_code, institution.province_code)


def injury_decision(
    pack: Pack, insured_pool: str, third_party: ThirdParty, where: Locality, on: date
) -> Decision[InjuryDecision]:
    """What the law says of an injury; what the claim says of it is signed for."""
    return law.injury(pack, insured_pool, third_party, True, where, on)


def may_claim_for(pack: Pack, insured_pool: str, relation: Relation, on: date) -> Decision[Permission]:
    """`relation`: what the patient is to whoever applies."""
    return law.may_act_for(pack, insured_pool, Act.CLAIM, relation, on)


def proxy_zh(relation: Relation, *, is_male: bool) -> str:
    """What the applicant is to the patient, in words: a woman claims for a parent as 女儿."""
    return SEEN_FROM_THE_OTHER_SIDE.get(relation, relation).said_of(is_male=is_male)


def slots_of(
    pack: Pack, insured_pool: str, *, is_for_self: bool, on: date
) -> tuple[tuple[PaperSlot, ...], Listed[Paper] | law.Undetermined]:
    """The places for pictures, and the law's list that says which of them are needed.

    Where no source says, invoice, list and record are asked for: without them nothing could be paid.
    """
    applicant = Applicant.SELF if is_for_self else Applicant.OTHER
    listed = law.claim_papers(pack, insured_pool, Way.ONLINE, applicant, on)
    needed = (
        {Paper.INVOICE, Paper.FEE_LIST, Paper.DISCHARGE_RECORD}
        if isinstance(listed, law.Undetermined)
        else set(listed.members)
    )
    rows = _SLOTS if is_for_self else (*_SLOTS, *_PROXY_SLOTS)
    slots = tuple(
        PaperSlot(slot, kind, zh, papers, bool(needed & set(papers)), is_many, is_proxys)
        for slot, kind, zh, papers, is_many, is_proxys in rows
    )
    return slots, listed


def due_on(pack: Pack, insured_pool: str, submitted_on: date) -> tuple[date | None, UsedValue | law.Undetermined]:
    """By when a claim handed in that day is decided, and the law's number of working days."""
    days = law.handling_days(pack, insured_pool, ServiceItem.CLAIM, submitted_on)
    return (None, days) if isinstance(days, law.Undetermined) else (after_working_days(submitted_on, days.value), days)


def after_working_days(start: date, days: int) -> date:
    """The day `days` working days after `start`, counting Monday to Friday.

    Public holidays are fixed from year to year by decree and are not known here: with one in between, it is later.
    """
    day = start
    for _ in range(days):
        day += timedelta(days=1)
        while day.weekday() >= _SATURDAY:
            day += timedelta(days=1)
    return day


def tidy_invoice_number(text: str) -> str:
    """The number without what people and machines write differently: spaces, hyphens, width, case."""
    folded = unicodedata.normalize("NFKC", text).upper()
    return re.sub(r"[\s\-_.:：№]|NO\.?", "", folded)


def is_invoice_number(number: str) -> bool:
    return _INVOICE_NUMBER.fullmatch(number) is not None and any(character.isdigit() for character in number)


def tidy_card_number(text: str) -> str:
    return re.sub(r"[\s\-]", "", unicodedata.normalize("NFKC", text))


def card_problem(number: str) -> str:
    """What is wrong with a bank card number, in a sentence; empty when nothing is."""
    if not number:
        return "请填银行卡号"
    if not number.isascii() or not number.isdigit():
        return "银行卡号只能是数字，请对照银行卡再填一次"
    if not 16 <= len(number) <= 19:
        return f"银行卡号应该是 16 到 19 位，您填了 {len(number)} 位"
    if not is_luhn(number):
        return "银行卡号有一位不对，请对照银行卡再填一次"
    return ""


def is_luhn(number: str) -> bool:
    """Whether the last digit checks the others. Source: ISO/IEC 7812-1 annex B."""
    total = 0
    for place, character in enumerate(reversed(number)):
        digit = int(character) * (1 + place % 2)
        total += digit - 9 if digit > 9 else digit
    return total % 10 == 0


def is_bank_name(text: str) -> bool:
    return 2 <= len(text) <= _BANK_MAX and not any(character.isdigit() for character in text)


def decision_record(decisions: Mapping[str, object]) -> dict[str, Any]:
    """The law's answers a claim rests on, as they are kept with it."""
    kept: dict[str, Any] = {}
    for name, found in decisions.items():
        if isinstance(found, law.Undetermined):
            kept[name] = {"undetermined": found.reason, "ask": found.ask}
        elif isinstance(found, Decision):
            kept[name] = {
                "outcome": str(found.outcome),
                "row": found.row_id,
                "sentence": found.sentence,
                "confidence": str(found.confidence),
                "conflict": found.conflict,
                "sources": _sources(found.sources),
            }
        elif isinstance(found, Listed):
            kept[name] = {
                "members": [str(member) for member in found.members],
                "confidence": str(found.confidence),
                "conflict": found.conflict,
                "sources": _sources(found.sources),
            }
        elif isinstance(found, UsedValue):
            kept[name] = found.record()
    return kept


def _sources(sources: Sequence[law.SourceLine]) -> list[dict[str, str]]:
    return [{key: str(value) for key, value in line._asdict().items()} for line in sources]
