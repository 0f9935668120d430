"""A draft: what somebody typed, step by step, right or wrong, in any flow.

Each step owns its keys, so two windows on one draft never overwrite each other's steps; whatever was typed stays,
even when it was refused.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from tongban.kernel.identifiers import MATERIAL, parse_outside_number

KEEP_DAYS: Final = 30
_VALUE_LENGTH_MAX: Final = 500
# Strokes of a handwritten name; one more than they may have, so that the signature's own rule can say so.
_LONG_VALUES: Final = {"sign": 200_001}


@dataclass(frozen=True, slots=True)
class StepAnswers:
    """`version` is the draft's version that wrote this step; `is_submitted` False: kept for later, not handed in."""

    values: Mapping[str, str]
    version: int
    is_submitted: bool


_NOTHING: Final = StepAnswers(MappingProxyType({}), 0, is_submitted=False)


@dataclass(frozen=True, slots=True)
class Draft:
    """`person_id` types it, `for_person_id` is whose matter it is; `outcome` is the number of what it became, once
    it was handed in.

    `papers` says which material lies in which slot of the flow's photo pages. Both `steps` and `papers` are empty
    once there is an outcome, which keeps what it needs of them.
    """

    person_id: int
    draft_id: UUID
    flow: str
    for_person_id: int
    steps: Mapping[str, StepAnswers]
    papers: Mapping[str, str]
    submit_token: UUID
    outcome: str
    version: int
    created_at: datetime
    updated_at: datetime
    expires_on: date
    was_merged: bool = field(default=False, compare=False)

    @property
    def is_untouched(self) -> bool:
        """Whether nothing was typed since it was started."""
        return self.updated_at == self.created_at

    def values(self, step: str) -> Mapping[str, str]:
        return self.steps.get(step, _NOTHING).values

    def value(self, step: str, key: str) -> str:
        return self.values(step).get(key, "")

    def is_submitted(self, step: str) -> bool:
        """Whether the step was handed in (and so has its problems shown), not only kept for later."""
        return self.steps.get(step, _NOTHING).is_submitted

    def with_step(
        self, step: str, keys: Sequence[str], values: Mapping[str, str], *, seen_version: int | None, is_submitted: bool
    ) -> "Draft":
        """The draft after `step` was saved from a page that showed version `seen_version` (None: not known).

        Only `keys` are kept, and only those of `step` change: what another window saved in other steps stays.
        `was_merged` says that the page was older than the draft.
        """
        kept = {key: values.get(key, "")[: _LONG_VALUES.get(key, _VALUE_LENGTH_MAX)] for key in keys}
        version = self.version + 1
        saved = StepAnswers(MappingProxyType(kept), version, is_submitted)
        return replace(
            self,
            steps=MappingProxyType({**self.steps, str(step): saved}),
            version=version,
            was_merged=seen_version is not None and seen_version < self.version,
        )

    def of_person(self, for_person_id: int) -> "Draft":
        """The draft as that person's matter. Papers of another whom it was for leave it; the typist's own stay."""
        gone = {self.for_person_id} - {for_person_id, self.person_id}
        papers = {
            slot: number
            for slot, number in self.papers.items()
            if not gone or parse_outside_number(number, MATERIAL).person_id not in gone
        }
        return replace(self, for_person_id=for_person_id, papers=MappingProxyType(papers))

    def with_paper(self, slot: str, material_number: str | None) -> "Draft":
        """The draft with that material in `slot`, or with nothing in it.

        The version stays: a picture sent while a page is open must not make that page an old one.
        """
        papers = {name: number for name, number in self.papers.items() if name != slot}
        if material_number is not None:
            papers[slot] = material_number
        return replace(self, papers=MappingProxyType(papers))


def steps_to_json(steps: Mapping[str, StepAnswers]) -> str:
    """What is sealed into the draft's row."""
    content: dict[str, Any] = {
        step: {"values": dict(a.values), "version": a.version, "is_submitted": a.is_submitted}
        for step, a in steps.items()
    }
    return json.dumps(content, ensure_ascii=False)


def steps_from_json(text: str) -> Mapping[str, StepAnswers]:
    content: dict[str, Any] = json.loads(text)
    return MappingProxyType(
        {
            step: StepAnswers(MappingProxyType(a["values"]), a["version"], is_submitted=a["is_submitted"])
            for step, a in content.items()
        }
    )
