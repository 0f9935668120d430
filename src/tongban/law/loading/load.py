"""The policy folder → `Pack`. Every fault is found before anything is refused, and nothing is loaded in part."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from tongban.law.errors import PolicyError
from tongban.law.explaining.texts import parse_explanations
from tongban.law.loading.checks import check_references
from tongban.law.loading.kinds import read_kind
from tongban.law.loading.parts import Parts, read_refs
from tongban.law.loading.reading import Faults, Node, read_yaml
from tongban.law.loading.register import read_conflicts, read_definitions, read_scope, read_sources
from tongban.law.loading.rows import read_table
from tongban.law.loading.timeline import in_order
from tongban.law.loading.values import read_value
from tongban.law.pack import FOREVER, DatedValue, Pack

_COMMON = ("sources", "conflicts", "parameters", "explanations")
_LOCAL = ("values", "tables", "filing_kinds")


def load_pack(directory: Path) -> Pack:
    """Parses and checks every policy file under `directory`; `cases/` folders are for the tests.

    Raises PolicyError with all problems: unreadable file, unknown key, missing source or date, overlapping dates, a
    decision table with a hole or an overlap.
    """
    faults = Faults()
    documents = {
        name: read_yaml(path, name, faults)
        for path in sorted(directory.rglob("*.yaml"))
        if "cases" not in (name := path.relative_to(directory).as_posix()).split("/")
    }
    if not documents:
        raise PolicyError([f"{directory} 里没有政策文件"])
    parts = Parts()
    regions = _read_scopes(documents, parts, faults)
    for name in sorted(documents, key=lambda name: (name.count("/"), name)):
        if not name.endswith("/scope.yaml"):
            _read_document(Node(documents[name], name, faults), regions.get(_folder(name)), parts)
    check_references(parts, faults)
    values = {key: in_order(entries, key[1], key[2], faults) for key, entries in parts.values.items()}
    if faults.problems:
        raise PolicyError(faults.problems)
    canonical = json.dumps(documents, sort_keys=True, ensure_ascii=False, default=str)
    return Pack(
        version=hashlib.sha256(canonical.encode()).hexdigest()[:16],
        sources=parts.sources,
        conflicts=parts.conflicts,
        scopes=parts.scopes,
        definitions=parts.definitions,
        values=values,
        rows={key: tuple(rows) for key, rows in parts.rows.items()},
        kinds={key: tuple(sorted(texts, key=lambda text: text.since)) for key, texts in parts.kinds.items()},
        explanations=parts.explanations,
        boundaries=_boundaries(_spans(parts, values.values())),
    )


def _folder(name: str) -> str:
    return name.rpartition("/")[0]


def _read_scopes(documents: dict[str, dict[str, Any]], parts: Parts, faults: Faults) -> dict[str, str]:
    """The region code of every folder that names one in its scope.yaml."""
    return {
        _folder(name): read_scope(Node(document, name, faults), parts)
        for name, document in documents.items()
        if name.endswith("/scope.yaml")
    }


def _read_document(node: Node, region: str | None, parts: Parts) -> None:
    """A file of law. `region` is None for the files at the top, which hold no law of a region."""
    if any(key in node for key in _LOCAL) and region is None:
        node.fault("这个文件夹没有 scope.yaml，不知道是哪个地方的政策")
        return
    for key in node.data:
        if key not in (*_COMMON, *_LOCAL):
            node.fault(f"不认识的键 {key}")
    if "sources" in node:
        read_sources(node.child("sources"), parts)
    if "conflicts" in node:
        read_conflicts(node, parts)
    if "parameters" in node:
        read_definitions(node.child("parameters"), parts)
    if "explanations" in node:
        parts.explanations = parse_explanations(node.child("explanations"), lambda child: read_refs(child, parts))
    if region is not None:
        for child in node.children("values", lambda item, _: f"{item.get('parameter')} {item.get('from')}"):
            read_value(child, region, parts)
        for child in node.children("tables", lambda item, _: f"表 {item.get('table')} {item.get('from')}"):
            read_table(child, region, parts)
        for child in node.children("filing_kinds", lambda item, _: f"{item.get('kind')} {item.get('from')}"):
            read_kind(child, region, parts)


def _spans(parts: Parts, values: Iterable[tuple[DatedValue, ...]]) -> Iterator[tuple[date, date]]:
    for entries in values:
        yield from ((entry.since, entry.until) for entry in entries)
    for rows in parts.rows.values():
        yield from ((row.since, row.until) for row in rows)
    for texts in parts.kinds.values():
        yield from ((text.since, text.until) for text in texts)


def _boundaries(spans: Iterator[tuple[date, date]]) -> tuple[date, ...]:
    """The days on which some entry begins or is over, in order."""
    days = {day for since, until in spans for day in (since, until + timedelta(1) if until != FOREVER else since)}
    return tuple(sorted(days))
