"""From the law's answers to documents: the same fields, as JSON can hold them."""

from collections.abc import Iterable, Mapping, Set
from dataclasses import fields, is_dataclass
from datetime import date
from typing import Any, NamedTuple, get_args, get_origin, get_type_hints

import msgspec

from tongban.doors.documents.reading import Reader
from tongban.doors.documents.shape import without_null, words_in
from tongban.kernel.errors import Invalid, Refusal
from tongban.kernel.vocabulary import Confidence
from tongban.law import (
    WITHOUT_SOURCE,
    Assessment,
    FilingDecision,
    FilingOutcome,
    Pack,
    SourceLine,
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
            None if breakdown is None else _twin_of(type(breakdown)).of(breakdown),
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


def document(value: object) -> Any:
    """Any value of the law as JSON holds it: words as texts, tuples as lists, records as objects."""
    if value is None or isinstance(value, str | int | date):
        return value
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return _twin_of(type(value)).of(value)
    if isinstance(value, tuple | list):
        return [document(each) for each in value]
    if isinstance(value, Mapping):
        return {str(key): document(each) for key, each in value.items()}
    if isinstance(value, Set):
        return sorted(document(each) for each in value)
    if is_dataclass(value):
        return {field.name: document(getattr(value, field.name)) for field in fields(value)}
    raise TypeError(f"no document holds a {type(value).__name__}")


class _Twin:
    """The struct that JSON writes as an object where it would write the NamedTuple itself as a list."""

    def __init__(self, made: Any) -> None:
        hints = get_type_hints(made)
        self._struct = msgspec.defstruct(made.__name__, [(name, Any) for name in made._fields], frozen=True, gc=False)
        # Only these fields hold something JSON would not write as it should.
        self._nested = tuple(place for place, name in enumerate(made._fields) if not _is_plain(hints[name]))

    def of(self, value: Iterable[Any]) -> msgspec.Struct:
        if not self._nested:
            return self._struct(*value)
        values = list(value)
        for place in self._nested:
            values[place] = document(values[place])
        return self._struct(*values)


_TWINS: dict[type[Any], _Twin] = {}


def _twin_of(made: type[Any]) -> _Twin:
    twin = _TWINS.get(made)
    if twin is None:
        twin = _TWINS[made] = _Twin(made)
    return twin


def _is_plain(hint: Any) -> bool:
    inner, _ = without_null(hint)
    if get_origin(inner) is tuple:
        return all(_is_plain(each) for each in get_args(inner) if each is not Ellipsis)
    return bool(words_in(inner)) or inner in (str, int, bool, date)


def problem_document(refusal: Refusal) -> dict[str, Any]:
    """``{code, sentence, field}`` of what is wrong first, and under `also` of everything else that is."""
    first, *rest = refusal.problems if isinstance(refusal, Invalid) else [refusal]
    return _problem(first) | ({"also": [_problem(each) for each in rest]} if rest else {})


def _problem(refusal: Refusal) -> dict[str, Any]:
    return {"code": refusal.code, "sentence": refusal.sentence, "field": refusal.field}
