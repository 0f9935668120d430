"""The pages of the flow, in their order, and what each of them asks."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from tongban.drafts import Draft
from tongban.kernel.vocabulary import Word
from tongban.signing import REVIEW_KEYS, SIGN_KEYS

FLOW: Final = "filing"


class Step(Word):
    """Pages share numbers: the count is six whoever it is for. PERSON to PHOTOS exist only for another."""

    WHO = "who", "给谁办"
    PERSON = "person", "家人是谁"
    PROXY = "proxy", "核对两个人"
    RELATION = "relation", "签关系承诺"
    PHOTOS = "photos", "拍证件照片"
    PLACE = "place", "选就医地"
    KIND = "kind", "选备案类型"
    NOTICE = "notice", "看告知书"
    CONTACT = "contact", "日期和联系人"
    PROOFS = "proofs", "交证明材料"
    REVIEW = "review", "核对一遍"
    SIGN = "sign", "签承诺书"

    @property
    def number(self) -> int:
        return _NUMBERS[self]

    @property
    def keys(self) -> tuple[str, ...]:
        """Names of the fields that belong to the page."""
        return STEP_KEYS[self]


_NUMBERS: Final = {
    Step.WHO: 1,
    Step.PERSON: 1,
    Step.PROXY: 1,
    Step.RELATION: 1,
    Step.PHOTOS: 1,
    Step.PLACE: 2,
    Step.KIND: 2,
    Step.NOTICE: 3,
    Step.CONTACT: 4,
    Step.PROOFS: 4,
    Step.REVIEW: 5,
    Step.SIGN: 6,
}
STEPS_TOTAL: Final = 6

# Where a draft that changes a filing keeps its number; no page asks for it.
CHANGES: Final = "changes"

FOR_SELF: Final = "self"
FOR_OTHER: Final = "other"
FOR_KIN: Final = "kin:"  # then the relative's person number


def is_for_other(draft: Draft) -> bool:
    """Whether the draft says that somebody else is to be filed for."""
    whom = draft.value(Step.WHO, "for")
    return whom == FOR_OTHER or whom.startswith(FOR_KIN)


def is_typed(draft: Draft) -> bool:
    """Whether that person is found by name and ID number, not chosen from the family."""
    return draft.value(Step.WHO, "for") == FOR_OTHER


STEP_KEYS: Final[Mapping[Step, tuple[str, ...]]] = MappingProxyType(
    {
        Step.WHO: ("for", "enrollment", "relation"),
        Step.PERSON: ("name", "id_number", "relation"),
        Step.PROXY: ("enrollment", "proxy_tel"),
        Step.RELATION: SIGN_KEYS,
        Step.PHOTOS: (),
        Step.PLACE: ("area", "area_province"),
        Step.KIND: ("kind",),
        Step.NOTICE: ("notice_read",),
        Step.CONTACT: (
            "start_choice",
            "start",
            "admitted_choice",
            "admitted",
            "end_choice",
            "end",
            "residence",
            "contact",
            "tel",
            "addr",
        ),
        Step.PROOFS: (),
        Step.REVIEW: REVIEW_KEYS,
        Step.SIGN: SIGN_KEYS,
    }
)
