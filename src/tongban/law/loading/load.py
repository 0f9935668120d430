"""The policy folder → `Pack`. Every fault is found before anything is refused, and nothing is loaded in part."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from tongban.law.errors import PolicyError
from tongban.law.explaining.texts import parse_explanations
from tongban.law.loading.checks import check_references
from tongban.law.loading.documents import Document, documents_of, read_folders, text_of
from tongban.law.loading.gaps import check_gaps, gap_label, read_gap
from tongban.law.loading.kinds import kinds_in_order, read_kind
from tongban.law.loading.lists import read_list, read_list_definitions
from tongban.law.loading.parts import Parts, read_refs
from tongban.law.loading.reading import Faults, Node
from tongban.law.loading.register import read_conflicts, read_definitions, read_scope, read_sources
from tongban.law.loading.rows import read_table
from tongban.law.loading.timeline import Holding, in_order
from tongban.law.loading.values import read_value
from tongban.law.pack import FOREVER, Pack

_SCOPE = "scope.yaml"

# The sections a file may have: those anywhere, and the lists of entries only a region's files may have. A region's
# entry is read by the function beside its name; the other one names it in faults.
_COMMON = ("sources", "conflicts", "parameters", "explanations", "lists")
_LOCAL: Mapping[str, tuple[Callable[[Node, str, Parts], None], Callable[[dict[str, Any], int], str]]] = {
    "values": (read_value, lambda item, _: f"{item.get('parameter')} {item.get('from')}"),
    "lists": (read_list, lambda item, _: f"名单 {item.get('list')} {item.get('from')}"),
    "tables": (read_table, lambda item, _: f"表 {item.get('table')} {item.get('from')}"),
    "filing_kinds": (read_kind, lambda item, _: f"{item.get('kind')} {item.get('from')}"),
    "gaps": (read_gap, gap_label),
}


def load_pack(directory: Path, *overlays: Path) -> Pack:
    """Parses and checks every policy file under `directory`; `cases/` folders are for the tests.

    A file of an overlay replaces the one of the same relative name, other files are added; later overlays win. What
    results is checked as one folder, so an overlay needs no scope.yaml where the base has one.
    Raises PolicyError with all problems: unreadable file, unknown key, missing source or date, overlapping dates, a
    decision table with a hole or an overlap.
    """
    faults = Faults()
    return _made(read_folders(directory, overlays, faults), Parts(), faults)


def pack_of(text: str) -> Pack:
    """The pack a stored `Pack.text` describes, with the same version.

    A text from before a rule was added still loads; that rule has no values in it. Raises PolicyError if the text is
    none of a pack, or speaks in words the program no longer knows.
    """
    return _made(documents_of(text), Parts(is_archived=True), Faults())


def _made(documents: Mapping[str, Document], parts: Parts, faults: Faults) -> Pack:
    regions = _read_scopes(documents, parts, faults)
    # What stands higher is read first: definitions before the values that need them.
    for name in sorted(documents, key=lambda name: (name.count("/"), name)):
        if _file(name) != _SCOPE:
            document = documents[name]
            _read_document(Node(document.content, document.where, faults), regions.get(_folder(name)), parts)
    check_references(parts, faults)
    values = {key: in_order(entries, key[1], key[2], faults) for key, entries in parts.values.items()}
    lists = {key: in_order(entries, key[1], key[2], faults) for key, entries in parts.lists.items()}
    kinds = kinds_in_order(parts, faults)
    check_gaps(parts, values, lists, faults)
    if faults.problems:
        raise PolicyError(faults.problems)
    text = text_of(documents)
    return Pack(
        version=hashlib.sha256(text.encode()).hexdigest()[:16],
        text=text,
        sources=parts.sources,
        conflicts=parts.conflicts,
        scopes=parts.scopes,
        definitions=parts.definitions,
        values=values,
        list_definitions=parts.list_definitions,
        lists=lists,
        gaps=tuple(gap for gap, _ in parts.gaps),
        rows={key: tuple(rows) for key, rows in parts.rows.items()},
        kinds=kinds,
        explanations=parts.explanations,
        boundaries=_boundaries(*values.values(), *lists.values(), *parts.rows.values(), *kinds.values()),
    )


def _file(name: str) -> str:
    return name.rpartition("/")[2]


def _folder(name: str) -> str:
    return name.rpartition("/")[0]


def _read_scopes(documents: Mapping[str, Document], parts: Parts, faults: Faults) -> dict[str, str]:
    """The region code of every folder that names one in its scope.yaml."""
    return {
        _folder(name): read_scope(Node(document.content, document.where, faults), parts)
        for name, document in documents.items()
        if _file(name) == _SCOPE
    }


def _read_document(node: Node, region: str | None, parts: Parts) -> None:
    """A file of law. `region` is None for the files at the top, which hold no law of a region."""
    allowed = {*_COMMON, *_LOCAL} if region else {*_COMMON}
    for key in node.data:
        if key in allowed:
            continue
        known = key in _LOCAL
        node.fault("这个文件夹没有 scope.yaml，不知道是哪个地方的政策" if known else f"不认识的键 {key}")
    _read_common(node, region, parts)
    if region is not None:
        for section, (read, label) in _LOCAL.items():
            for child in node.children(section, label):
                read(child, region, parts)


def _read_common(node: Node, region: str | None, parts: Parts) -> None:
    if "sources" in node:
        read_sources(node.child("sources"), parts)
    if "conflicts" in node:
        read_conflicts(node, parts)
    if "parameters" in node:
        read_definitions(node.child("parameters"), parts)
    if "lists" in node and region is None:
        read_list_definitions(node.child("lists"), parts)
    if "explanations" in node:
        if parts.explanations:
            node.fault("explanations 只能写在一个文件里")
        parts.explanations = parse_explanations(
            node.child("explanations"), lambda child: read_refs(child, parts), must_be_whole=not parts.is_archived
        )


def _boundaries(*groups: Iterable[Holding]) -> tuple[date, ...]:
    """The days on which some entry begins or is over, in order."""
    return tuple(sorted({day for group in groups for entry in group for day in _turns(entry)}))


def _turns(entry: Holding) -> Iterator[date]:
    yield entry.since
    if entry.until != FOREVER:
        yield entry.until + timedelta(1)
