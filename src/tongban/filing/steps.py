"""The pages of the flow, in their order, and what each of them asks."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from tongban.kernel.vocabulary import Word
from tongban.signing import REVIEW_KEYS, SIGN_KEYS

FLOW: Final = "filing"


class Step(Word):
    """Two of them share number 2, so that the count stays at six."""

    WHO = "who", "给谁办"
    PLACE = "place", "选就医地"
    KIND = "kind", "选备案类型"
    NOTICE = "notice", "看告知书"
    CONTACT = "contact", "日期和联系人"
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
    Step.PLACE: 2,
    Step.KIND: 2,
    Step.NOTICE: 3,
    Step.CONTACT: 4,
    Step.REVIEW: 5,
    Step.SIGN: 6,
}
STEPS_TOTAL: Final = 6

STEP_KEYS: Final[Mapping[Step, tuple[str, ...]]] = MappingProxyType(
    {
        Step.WHO: ("for", "enrollment"),
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
        Step.REVIEW: REVIEW_KEYS,
        Step.SIGN: SIGN_KEYS,
    }
)
