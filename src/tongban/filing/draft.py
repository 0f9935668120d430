"""A draft: what somebody typed, step by step, right or wrong.

Each step owns its keys, so two windows on one draft never overwrite each other's steps; whatever was typed stays,
even when it was refused.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from tongban.kernel.vocabulary import Word

KEEP_DAYS: Final = 30
_VALUE_LENGTH_MAX: Final = 500
_LONG_VALUES: Final = {"sign": 200_001}  # one more than a signature may have, so that its own rule can say so


class Step(Word):
    """The pages of the flow, in their order. Two of them share number 2, so that the count stays at six."""

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
        Step.REVIEW: ("confirmed",),
        Step.SIGN: ("agree", "sign", "typed", "signed_hash"),
    }
)


@dataclass(frozen=True, slots=True)
class StepAnswers:
    """`version` is the draft's version that wrote this step; `is_submitted` False: kept for later, not handed in."""

    values: Mapping[str, str]
    version: int
    is_submitted: bool


_NOTHING: Final = StepAnswers(MappingProxyType({}), 0, is_submitted=False)


@dataclass(frozen=True, slots=True)
class Draft:
    """`person_id` types it, `for_person_id` is to be filed for; `filing_serial` is set once it became a filing."""

    person_id: int
    draft_id: UUID
    for_person_id: int
    steps: Mapping[Step, StepAnswers]
    submit_token: UUID
    filing_serial: int | None
    version: int
    created_at: datetime
    updated_at: datetime
    expires_on: date
    was_merged: bool = field(default=False, compare=False)

    def values(self, step: Step) -> Mapping[str, str]:
        return self.steps.get(step, _NOTHING).values

    def value(self, step: Step, key: str) -> str:
        return self.values(step).get(key, "")

    def is_submitted(self, step: Step) -> bool:
        """Whether the step was handed in (and so has its problems shown), not only kept for later."""
        return self.steps.get(step, _NOTHING).is_submitted

    def with_step(
        self, step: Step, values: Mapping[str, str], *, seen_version: int | None, is_submitted: bool
    ) -> "Draft":
        """The draft after `step` was saved from a page that showed version `seen_version` (None: not known).

        Only the keys of `step` change: what another window saved in other steps stays. `was_merged` says that the
        page was older than the draft.
        """
        kept = {key: values.get(key, "")[: _LONG_VALUES.get(key, _VALUE_LENGTH_MAX)] for key in STEP_KEYS[step]}
        version = self.version + 1
        saved = StepAnswers(MappingProxyType(kept), version, is_submitted)
        return replace(
            self,
            steps=MappingProxyType({**self.steps, step: saved}),
            version=version,
            was_merged=seen_version is not None and seen_version < self.version,
        )


def steps_to_json(steps: Mapping[Step, StepAnswers]) -> str:
    """What is sealed into the draft's row."""
    content: dict[str, Any] = {
        step.value: {"values": dict(a.values), "version": a.version, "is_submitted": a.is_submitted}
        for step, a in steps.items()
    }
    return json.dumps(content, ensure_ascii=False)


def steps_from_json(text: str) -> Mapping[Step, StepAnswers]:
    content: dict[str, Any] = json.loads(text)
    return MappingProxyType(
        {
            Step(name): StepAnswers(MappingProxyType(a["values"]), a["version"], is_submitted=a["is_submitted"])
            for name, a in content.items()
        }
    )
