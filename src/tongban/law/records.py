"""Stored records read fast and strictly: millions are read when everything ever settled is computed again."""

from collections.abc import Callable, Mapping
from functools import cache
from types import UnionType
from typing import Any, Final, NamedTuple, Union, get_args, get_type_hints

import msgspec
from msgspec.structs import astuple

from tongban.kernel.vocabulary import Confidence
from tongban.law.model import BREAKDOWN_TYPES, CASE_TYPES, Breakdown, Case


class RecordUnreadable(ValueError):
    """The text is no record of a rule this program knows, or lacks a field of it. The message says which."""


class StoredRecord(NamedTuple):
    """What `Assessment.record()` wrote, without the values it used."""

    rule: str
    version: str
    case: Case
    breakdown: Breakdown | None
    confidence: Confidence


def read_record(text: str | bytes) -> StoredRecord:
    """The record in a JSON text. What it says of the values used is skipped. Raises RecordUnreadable."""
    try:
        found = _decoder().decode(text)
        rule, make_case, make_breakdown = _MAKERS[type(found)]
        breakdown = None if found.breakdown is None else make_breakdown(astuple(found.breakdown))
        return StoredRecord(rule, found.version, make_case(astuple(found.case)), breakdown, found.confidence)
    except (msgspec.DecodeError, KeyError) as error:
        raise RecordUnreadable(str(error)) from None


_Maker = Callable[[tuple[Any, ...]], Any]
_MAKERS: Final[dict[type, tuple[str, _Maker, _Maker]]] = {}


@cache
def _decoder() -> "msgspec.json.Decoder[Any]":
    """Of a record of any rule, told apart by its field `rule`."""
    kinds = []
    for rule, case_type in CASE_TYPES.items():
        breakdown_type = BREAKDOWN_TYPES[rule]
        kind = msgspec.defstruct(
            f"{case_type.__name__}Record",
            [
                ("version", str),
                ("case", _struct(case_type, case_type._field_defaults)),
                ("breakdown", _struct(breakdown_type, {}) | None),
                ("confidence", Confidence),
            ],
            tag=rule,
            tag_field="rule",
            gc=False,
        )
        _MAKERS[kind] = (rule, _case_maker(case_type), breakdown_type._make)
        kinds.append(kind)
    return msgspec.json.Decoder(Union[tuple(kinds)])  # noqa: UP007


def _struct(kind: type[Case] | type[Breakdown], defaults: Mapping[str, Any]) -> Any:
    """The same fields with the same types; a word of one of several vocabularies is read as text first."""
    fields: list[Any] = []
    for name, hint in _hints(kind).items():
        read_as = str if isinstance(hint, UnionType) else hint
        fields.append((name, read_as, defaults[name]) if name in defaults else (name, read_as))
    return msgspec.defstruct(kind.__name__, fields, forbid_unknown_fields=True, gc=False)


def _case_maker(case_type: type[Case]) -> _Maker:
    words = {
        at: {str(word): word for vocabulary in get_args(hint) for word in vocabulary}
        for at, hint in enumerate(_hints(case_type).values())
        if isinstance(hint, UnionType)
    }
    if not words:
        return case_type._make

    def make(values: tuple[Any, ...]) -> Case:
        return case_type._make(words[at][value] if at in words else value for at, value in enumerate(values))

    return make


def _hints(kind: type[Case] | type[Breakdown]) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {name: hints[name] for name in kind._fields}
