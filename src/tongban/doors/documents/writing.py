"""From the law's answers to documents: the same fields, as JSON can hold them."""

from collections.abc import Iterable, Mapping, Set
from dataclasses import fields, is_dataclass
from datetime import date
from typing import Any, NamedTuple

import msgspec

from tongban.doors.documents.reading import Reader
from tongban.kernel.errors import Invalid, Refusal
from tongban.kernel.vocabulary import Confidence
from tongban.law import (
    BREAKDOWN_TYPES,
    WITHOUT_SOURCE,
    Assessment,
    Breakdown,
    FilingDecision,
    FilingOutcome,
    Pack,
    SourceLine,
    Step,
    Undetermined,
    UsedValue,
    assess,
    decide_filing,
    steps,
)


class DecisionDocument(NamedTuple):
    """What `decide` answers: a FilingDecision and the version of the law it was made under."""

    version: str
    outcome: FilingOutcome
    sentence: str
    row_id: str
    sources: tuple[SourceLine, ...]
    confidence: Confidence
    conflict: str
    ask: str


class AssessmentDocument(msgspec.Struct, frozen=True, gc=False):
    """What `compute` answers. Exactly one of `breakdown` and `undetermined` is set; `steps` only when asked for."""

    version: str
    rule: str
    breakdown: Any
    undetermined: Undetermined | None
    confidence: Confidence
    conflicts: tuple[str, ...]
    without_source: tuple[str, ...]
    steps: Any = msgspec.UNSET


class Answers:
    """Documents in, documents out, under one pack. Each call raises the refusals of `Reader`."""

    def __init__(self, pack: Pack) -> None:
        self.pack = pack
        self.reader = Reader(pack)
        # The values used are shared by all bills of a kind, so their contradictions are listed once a kind.
        self._conflicts: dict[int, tuple[Mapping[str, UsedValue], tuple[str, ...]]] = {}

    def decide(self, text: bytes) -> Any:
        decision = decide_filing(self.pack, self.reader.question(text))
        return document(decision_document(self.pack, decision))

    def compute(self, text: bytes, *, explain: bool = False) -> AssessmentDocument:
        return self.assessment(assess(self.pack, self.reader.case(text)), explain=explain)

    def assessment(self, made: Assessment, *, explain: bool = False) -> AssessmentDocument:
        breakdown = made.breakdown
        return AssessmentDocument(
            made.version,
            made.rule,
            None if breakdown is None else _BREAKDOWNS[type(breakdown)](*breakdown),
            made.undetermined,
            made.confidence,
            self._conflicts_of(made.used),
            () if breakdown is None else WITHOUT_SOURCE,
            document(steps(self.pack, made.record())) if explain else msgspec.UNSET,
        )

    def _conflicts_of(self, used: Mapping[str, UsedValue]) -> tuple[str, ...]:
        known = self._conflicts.get(id(used))
        if known is None or known[0] is not used:
            found = tuple(dict.fromkeys(value.conflict for value in used.values() if value.conflict))
            if len(self._conflicts) >= _KINDS_MAX:
                self._conflicts.clear()
            known = self._conflicts[id(used)] = (used, found)
        return known[1]


_KINDS_MAX = 10_000


def decision_document(pack: Pack, decision: FilingDecision) -> DecisionDocument:
    return DecisionDocument(pack.version, *(getattr(decision, field.name) for field in fields(decision)))


def step_documents(told: Iterable[Step]) -> list[Any]:
    return [document(step) for step in told]


# The twins of the breakdowns that JSON writes as objects, not as lists.
_BREAKDOWNS: Mapping[type[Breakdown], type[msgspec.Struct]] = {
    kind: msgspec.defstruct(kind.__name__, [(name, int) for name in kind._fields], frozen=True, gc=False)
    for kind in BREAKDOWN_TYPES.values()
}


def document(value: object) -> Any:
    """Any value of the law as plain JSON: words as texts, tuples as lists, records as objects."""
    if value is None or isinstance(value, str | int | date):
        return value
    if isinstance(value, Mapping):
        return {str(key): document(each) for key, each in value.items()}
    if isinstance(value, Set):
        return sorted(document(each) for each in value)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return {name: document(each) for name, each in zip(value._fields, value, strict=True)}
    if isinstance(value, tuple | list):
        return [document(each) for each in value]
    if is_dataclass(value):
        return {field.name: document(getattr(value, field.name)) for field in fields(value)}
    raise TypeError(f"no document holds a {type(value).__name__}")


def problem_document(refusal: Refusal) -> dict[str, Any]:
    """``{code, sentence, field}`` of what is wrong first, and under `also` of everything else that is."""
    first, *rest = refusal.problems if isinstance(refusal, Invalid) else [refusal]
    return _problem(first) | ({"also": [_problem(each) for each in rest]} if rest else {})


def _problem(refusal: Refusal) -> dict[str, Any]:
    return {"code": refusal.code, "sentence": refusal.sentence, "field": refusal.field}
