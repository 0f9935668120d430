"""What a document looks like, read off the annotations of the law's own types, so that it cannot say anything else.

A case or a question is a NamedTuple or dataclass of words, days, whole numbers and codes. A `Shape` lists its fields
with kind and Chinese label; the reader, the schema and the reference pages are all made from it.
"""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import date
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from tongban.doors.documents.labels import LABELS, Label
from tongban.kernel.money import AMOUNT_MAX_FEN, FULL_RATE_BP
from tongban.kernel.vocabulary import Word

COUNT_MAX = 9_999
TEXT_LENGTH_MAX = 64
PLACE_LENGTH = 6


class Kind(Enum):
    """What a field holds, with the words in which a reference says so."""

    AMOUNT = "整数，分"
    COUNT = "整数"
    RATE = "整数，万分之一"
    FLAG = "true 或 false"
    DAY = "日期，如 2026-11-20"
    WORD = "文本，下面之一"
    POOL = "文本，统筹区的六位代码"
    PLACE = "文本，六位地区代码"
    TEXT = "文本"


_MAXIMA = {Kind.AMOUNT: AMOUNT_MAX_FEN, Kind.COUNT: COUNT_MAX, Kind.RATE: FULL_RATE_BP}


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `words` are the allowed ones of a WORD, by what is written; `maximum` bounds a number coming in."""

    name: str
    kind: Kind
    label: Label
    is_required: bool
    default: Any
    may_be_null: bool
    words: Mapping[str, Word]
    maximum: int


@dataclass(frozen=True, slots=True)
class Shape:
    """The fields of one type of the law, in its own order."""

    made: type[Any]
    fields: tuple[Field, ...]

    @property
    def by_name(self) -> Mapping[str, Field]:
        return {field.name: field for field in self.fields}


def shape_of(made: type[Any]) -> Shape:
    """The shape of a flat NamedTuple or dataclass. Raises TypeError for a field no document can hold."""
    return Shape(made, tuple(_field(name, hint, made) for name, hint in get_type_hints(made).items()))


def without_null(hint: Any) -> tuple[Any, bool]:
    """``X | None`` → (X, True); any other X → (X, False)."""
    if get_origin(hint) in (Union, UnionType):
        parts = [part for part in get_args(hint) if part is not NoneType]
        if len(parts) == 1:
            return parts[0], True
    return hint, False


def words_in(hint: Any) -> Mapping[str, Word]:
    """The words of a vocabulary, or of several: ``ChronicDisease | MedicationScheme``. Empty for anything else."""
    vocabularies = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    if not all(isinstance(each, type) and issubclass(each, Word) for each in vocabularies):
        return {}
    return {word.value: word for each in vocabularies for word in each}


def label_of(name: str) -> Label:
    return LABELS.get(name, Label(name))


def _field(name: str, hint: Any, made: type[Any]) -> Field:
    plain, may_be_null = without_null(hint)
    words = words_in(plain)
    kind = Kind.WORD if words else _kind(name, plain)
    default = _default(made, name)
    return Field(
        name=name,
        kind=kind,
        label=label_of(name),
        is_required=default is MISSING,
        default=None if default is MISSING else default,
        may_be_null=may_be_null,
        words=words,
        maximum=_MAXIMA.get(kind, 0),
    )


def _default(made: type[Any], name: str) -> Any:
    if is_dataclass(made):
        return next(field.default for field in fields(made) if field.name == name)
    known: Mapping[str, Any] = getattr(made, "_field_defaults", {})
    return known.get(name, MISSING)


def _kind(name: str, hint: Any) -> Kind:
    if isinstance(hint, type):
        if hint is bool:
            return Kind.FLAG
        if hint is int:
            return Kind.AMOUNT if name.endswith("_fen") else Kind.RATE if name.endswith("_bp") else Kind.COUNT
        if hint is date:
            return Kind.DAY
        if hint is str:
            return Kind.POOL if name == "insured_pool" else Kind.PLACE if name.endswith("_pool") else Kind.TEXT
    raise TypeError(f"{name}: no document holds {hint}")
