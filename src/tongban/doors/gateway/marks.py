"""The emergency, referral and trauma marks a hospital uploads, wherever it puts them.

Since the cross-province rules 2.1 they travel in `exp_content` with upper-case keys; several systems send the same
names in lower case as members of the node.
"""

from typing import Final, NamedTuple

from tongban.doors.gateway.errors import CodeUnknown
from tongban.doors.gateway.scalars import Extension
from tongban.doors.gateway.wire import CareType, Marks
from tongban.settlement import Encounter

# OTP_ER_REFL_FLAG: 1 emergency, 2 referral, 3 both. IPT_TYPE: 1 ordinary, 2 emergency or rescue, 3 transferred.
_OUTPATIENT_EMERGENCY: Final = {"1": True, "2": False, "3": True}
_OUTPATIENT_REFERRAL: Final = {"1": False, "2": True, "3": True}
_STAY_EMERGENCY: Final = {"1": False, "2": True, "3": False}
_STAY_REFERRAL: Final = {"1": False, "2": False, "3": True}


class MarkSet(NamedTuple):
    """None: the hospital said nothing about it."""

    is_emergency: bool | None = None
    is_referral: bool | None = None
    is_trauma: bool | None = None
    has_third_party: bool | None = None

    def adds_nothing_to(self, encounter: Encounter) -> bool:
        """A bill repeats the marks of its visit; a settled visit takes no others."""
        known = (encounter.is_emergency, encounter.is_referral_mark, encounter.is_trauma, encounter.has_third_party)
        return all(mark is None or mark == was for mark, was in zip(self, known, strict=True))


def read_marks(node: Marks, care: CareType | None = None, *, category_marks_emergency: bool = True) -> MarkSet:
    """The marks of a visit, a stay or a bill. `care` adds what the medical category says by its name; across provinces
    the category alone is no emergency mark.

    Raises CodeUnknown for a value outside its table: a mark misread costs the patient the emergency's benefit.
    """
    visit = _value(node, "OTP_ER_REFL_FLAG", node.outpatient_emergency_member, tuple(_OUTPATIENT_EMERGENCY))
    stay = _value(node, "IPT_TYPE", node.stay_kind_member, tuple(_STAY_EMERGENCY))
    emergency = _value(node, "ER_FLAG", node.emergency_member, ("0", "1"))
    trauma = _yes(_value(node, "TRUM_FLAG", node.trauma_member, ("0", "1")))
    third_party = _yes(_value(node, "REL_TTP_FLAG", node.third_party_member, ("0", "1")))
    is_emergency = _any(_OUTPATIENT_EMERGENCY.get(visit), _STAY_EMERGENCY.get(stay), _yes(emergency))
    is_referral = _any(_OUTPATIENT_REFERRAL.get(visit), _STAY_REFERRAL.get(stay))
    if category_marks_emergency and care is not None and care.is_emergency and is_emergency is None:
        is_emergency = True
    if care is not None and care.is_trauma:
        trauma = True
    if trauma and third_party is None:
        raise CodeUnknown("外伤要说明是否涉及第三方：请在 exp_content 里加 REL_TTP_FLAG，0 否、1 是")
    return MarkSet(is_emergency, is_referral, trauma, third_party)


def _value(node: Marks, key: str, member: str, allowed: tuple[str, ...]) -> str:
    extension = node.extension or Extension()
    sent = extension.get(key, "").strip() or member
    if not sent or sent.lower() == "null":
        return ""
    value = sent.lstrip("0") or "0"
    if value not in allowed:
        raise CodeUnknown(f"标志 {key} 是 {sent[:10]}，只能是 {'、'.join(allowed)}，请核对")
    return value


def _yes(value: str) -> bool | None:
    return None if not value else value == "1"


def _any(*marks: bool | None) -> bool | None:
    said = [mark for mark in marks if mark is not None]
    return any(said) if said else None
