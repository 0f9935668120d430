"""What the files have yielded so far, and what several kinds of entry have in common: sources, dates, standing."""

from datetime import date
from typing import NamedTuple

from tongban.kernel.vocabulary import Confidence
from tongban.law.loading.reading import Node
from tongban.law.pack import (
    FOREVER,
    ConflictRecord,
    DatedList,
    DatedValue,
    DeclaredGap,
    KindText,
    ListDefinition,
    ParameterDefinition,
    Row,
    Scope,
    Source,
    SourceRef,
    StepText,
)

CONFIDENCES = tuple(str(mark) for mark in Confidence)


class Standing(NamedTuple):
    """What an entry stands on: its sources, how well it is known, the contradiction it belongs to and the reading
    under which it holds (both empty if there is none)."""

    sources: tuple[SourceRef, ...]
    confidence: Confidence
    conflict: str
    reading: str


class Parts:
    """What the files have yielded so far. `refs`, `chosen` and `marks` are checked against the register at the end.

    An archived text was whole for the program of its day. What rules have since learnt to ask it cannot say: they find
    no value and no row there, and that is no fault of the text.
    """

    def __init__(self, *, is_archived: bool = False) -> None:
        self.is_archived = is_archived
        self.sources: dict[str, Source] = {}
        self.conflicts: dict[str, ConflictRecord] = {}
        self.scopes: dict[str, Scope] = {}
        self.definitions: dict[str, ParameterDefinition] = {}
        self.explanations: dict[str, tuple[StepText, ...]] = {}
        self.list_definitions: dict[str, ListDefinition] = {}
        self.values: dict[tuple[str, str, tuple[str, ...]], list[tuple[DatedValue, str]]] = {}
        self.lists: dict[tuple[str, str, tuple[str, ...]], list[tuple[DatedList, str]]] = {}
        self.gaps: list[tuple[DeclaredGap, str]] = []
        self.rows: dict[tuple[str, str, str, tuple[str, ...]], list[Row]] = {}
        self.kinds: dict[tuple[str, str, str], list[tuple[KindText, str]]] = {}
        self.tables: dict[tuple[str, str], str] = {}
        self.refs: list[tuple[str, SourceRef]] = []
        self.chosen: list[tuple[str, str, str]] = []
        self.marks: list[tuple[str, Confidence, tuple[SourceRef, ...]]] = []


def read_refs(node: Node, parts: Parts) -> tuple[SourceRef, ...]:
    """The sources a value, row or reading names; checked against the register once all files are read."""
    refs = []
    for child in node.children("sources", lambda item, _: f"来源 {item.get('id')}"):
        ref = SourceRef(child.text("id"), child.text("article", default=""))
        child.done()
        refs.append(ref)
        parts.refs.append((node.where, ref))
    return tuple(refs)


def read_span(node: Node, earliest: date | None = None) -> tuple[date, date]:
    """From–to, both days included; without `to` until a later value takes over."""
    since = node.day("from", default=earliest) or date.max
    until = node.day("to", default=FOREVER) or FOREVER
    if since != date.max and until < since:
        node.fault(f"到 {until} 止，比 {since} 起还早")
    return since, until


def read_standing(node: Node, parts: Parts, *, is_open: bool = False) -> Standing:
    """Sources, confidence, conflict and reading of a dated entry.

    Only what is illustrative may stand without a source. An open question (`is_open`) claims nothing: it needs neither.
    """
    refs = read_refs(node, parts)
    default = "illustrative" if is_open else None
    mark = Confidence(node.one_of("confidence", CONFIDENCES, default=default) or "illustrative")
    conflict = node.text("conflict", default="")
    reading = node.text("reading", default="")
    node.text("note", default="")
    node.day("checked_on", default=date.min)
    if not refs and mark is not Confidence.ILLUSTRATIVE:
        node.fault(f"标了 {mark.value}，却没有写来源")
    parts.marks.append((node.where, mark, refs))
    if conflict:
        parts.chosen.append((node.where, conflict, reading))
    elif reading:
        node.fault("写了 reading，却没有写是哪个 conflict")
    return Standing(refs, mark, conflict, reading)
