"""The policy folder → `Pack`. Every fault is found before anything is refused, and nothing is loaded in part."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from tongban.kernel.vocabulary import (
    CareKind,
    Confidence,
    FilingKind,
)
from tongban.law.assess import GOVERNING_DAY
from tongban.law.errors import PolicyError
from tongban.law.explaining.texts import parse_explanations
from tongban.law.model import Material
from tongban.law.pack import (
    FOREVER,
    NATION,
    ConflictRecord,
    DatedValue,
    KindText,
    Pack,
    ParameterDefinition,
    Reading,
    Row,
    Scope,
    Source,
    SourceRef,
    StepText,
    worst,
)
from tongban.law.parameters import KEY_WORDS, PARAMETERS, SPECIALS, UNITS
from tongban.law.reading import Faults, Node, read_yaml
from tongban.law.tables import TABLES, UNDETERMINED, expand, prove

_CONFIDENCES = tuple(str(mark) for mark in Confidence)


class _Parts:
    """What the files have yielded so far."""

    def __init__(self) -> None:
        self.sources: dict[str, Source] = {}
        self.conflicts: dict[str, ConflictRecord] = {}
        self.scopes: dict[str, Scope] = {}
        self.definitions: dict[str, ParameterDefinition] = {}
        self.explanations: dict[str, tuple[StepText, ...]] = {}
        self.values: dict[tuple[str, str, tuple[str, ...]], list[tuple[DatedValue, str]]] = {}
        self.rows: dict[tuple[str, str, str, tuple[str, ...]], list[Row]] = {}
        self.kinds: dict[tuple[str, str], list[KindText]] = {}
        self.tables: dict[tuple[str, str], str] = {}
        self.refs: list[tuple[str, SourceRef]] = []
        self.chosen: list[tuple[str, str, str]] = []
        self.marks: list[tuple[str, Confidence, tuple[SourceRef, ...]]] = []


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
    parts = _Parts()
    regions = _read_scopes(documents, parts, faults)
    for name in sorted(documents, key=lambda name: (name.count("/"), name)):
        _read_document(Node(documents[name], name, faults), _region_of(name, regions), parts)
    _check_references(parts, faults)
    values = {key: tuple(_in_order(entries, key, parts, faults)) for key, entries in parts.values.items()}
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
        boundaries=_boundaries(parts, values),
    )


def _boundaries(
    parts: _Parts, values: Mapping[tuple[str, str, tuple[str, ...]], tuple[DatedValue, ...]]
) -> tuple[date, ...]:
    spans: list[tuple[date, date]] = [(value.since, value.until) for entries in values.values() for value in entries]
    spans += [(row.since, row.until) for rows in parts.rows.values() for row in rows]
    spans += [(text.since, text.until) for texts in parts.kinds.values() for text in texts]
    days = {since for since, _ in spans} | {until + timedelta(1) for _, until in spans if until != FOREVER}
    return tuple(sorted(days))


# -- scopes ---------------------------------------------------------------------------------------------------------


def _folder(name: str) -> str:
    return name.rpartition("/")[0]


def _read_scopes(documents: dict[str, dict[str, Any]], parts: _Parts, faults: Faults) -> dict[str, str]:
    """The region code of every folder that names one in its scope.yaml."""
    regions: dict[str, str] = {}
    for name, document in documents.items():
        if not name.endswith("/scope.yaml"):
            continue
        node = Node(document, name, faults)
        region = node.text("region")
        level = node.one_of("level", ("nation", "province", "pool"))
        choices = node.child("choices") if "choices" in node else None
        scope = Scope(
            region=region,
            level=level,
            zh=node.text("zh"),
            agency=node.text("agency"),
            choices={key: choices.text(key) for key in choices.data} if choices else {},
        )
        node.done()
        if region in parts.scopes:
            node.fault(f"地区 {region} 已经有一个 scope.yaml 了")
        if level == "nation" and region != NATION:
            node.fault(f"全国的地区码是 {NATION}，现在是 {region}")
        parts.scopes[region] = scope
        parts.chosen += [(name, conflict, reading) for conflict, reading in scope.choices.items()]
        regions[_folder(name)] = region
    return regions


def _region_of(name: str, regions: dict[str, str]) -> str | None:
    """The region a file speaks for; None for the files at the top, which hold no law of a region."""
    return regions.get(_folder(name))


# -- documents ------------------------------------------------------------------------------------------------------

_COMMON = ("sources", "conflicts", "parameters", "explanations")
_LOCAL = ("values", "tables", "filing_kinds")


def _read_document(node: Node, region: str | None, parts: _Parts) -> None:
    if node.where.endswith("/scope.yaml"):
        return
    if any(key in node for key in _LOCAL) and region is None:
        node.fault("这个文件夹没有 scope.yaml，不知道是哪个地方的政策")
        return
    for key in node.data:
        if key not in (*_COMMON, *_LOCAL):
            node.fault(f"不认识的键 {key}")
    if "sources" in node:
        _read_sources(node.child("sources"), parts)
    if "conflicts" in node:
        _read_conflicts(node, parts)
    if "parameters" in node:
        _read_definitions(node.child("parameters"), parts)
    if "explanations" in node:
        parts.explanations = parse_explanations(node.child("explanations"), lambda child: _refs(child, parts))
    if region is not None:
        for child in node.children("values", lambda item, _: f"{item.get('parameter')} {item.get('from')}"):
            _read_value(child, region, parts)
        for child in node.children("tables", lambda item, _: f"表 {item.get('table')} {item.get('from')}"):
            _read_table(child, region, parts)
        for child in node.children("filing_kinds", lambda item, _: f"{item.get('kind')} {item.get('from')}"):
            _read_kind(child, region, parts)


def _read_sources(node: Node, parts: _Parts) -> None:
    for source_id in node.data:
        child = node.child(source_id)
        parts.sources[source_id] = Source(
            id=source_id,
            title=child.text("title"),
            issuer=child.text("issuer"),
            issued_on=child.day("date") if "date" in child else None,
            url=child.text("url", default=""),
            confidence=Confidence(child.one_of("confidence", _CONFIDENCES) or "illustrative"),
            note=child.text("note", default=""),
        )
        child.done()


def _read_conflicts(node: Node, parts: _Parts) -> None:
    for child in node.children("conflicts", lambda item, _: f"冲突 {item.get('id')}"):
        readings = []
        for reading in child.children("readings", lambda item, _: f"读法 {item.get('id')}"):
            readings.append(Reading(reading.text("id"), reading.text("zh"), _refs(reading, parts)))
            reading.done()
        record = ConflictRecord(
            id=child.text("id"),
            zh=child.text("zh"),
            readings=tuple(readings),
            default=child.text("default"),
            why=child.text("why"),
            owner=child.text("owner"),
            review_on=child.must_day("review_on"),
        )
        child.done()
        if len(readings) < 2:
            child.fault("至少要写两种读法")
        if record.default not in {reading.id for reading in readings}:
            child.fault(f"default 写了“{record.default}”，读法里没有")
        if record.id in parts.conflicts:
            child.fault("这个编号已经用过")
        parts.conflicts[record.id] = record


def _read_definitions(node: Node, parts: _Parts) -> None:
    for name in node.data:
        child = node.child(name)
        definition = ParameterDefinition(
            name, child.text("zh"), child.one_of("unit", UNITS), child.texts("keys", words=tuple(KEY_WORDS))
        )
        child.done()
        parts.definitions[name] = definition
        if name not in PARAMETERS:
            child.fault("没有一条规则用到这个参数")
        elif PARAMETERS[name] != definition.keys:
            child.fault(f"keys 要写成 {list(PARAMETERS[name])}")
    for name in PARAMETERS:
        if name not in node.data:
            node.fault(f"缺少参数 {name}")


def _refs(node: Node, parts: _Parts) -> tuple[SourceRef, ...]:
    """The sources a value, row or reading names; checked against the register once all files are read."""
    refs = []
    for child in node.children("sources", lambda item, _: f"来源 {item.get('id')}"):
        ref = SourceRef(child.text("id"), child.text("article", default=""))
        child.done()
        refs.append(ref)
        parts.refs.append((node.where, ref))
    return tuple(refs)


def _span(node: Node, earliest: date | None = None) -> tuple[date, date]:
    """From–to, both days included; without `to` until a later value takes over."""
    since = node.day("from", default=earliest) or date.max
    until = node.day("to", default=FOREVER) or FOREVER
    if since != date.max and until < since:
        node.fault(f"到 {until} 止，比 {since} 起还早")
    return since, until


def _standing(
    node: Node, parts: _Parts, *, is_open: bool = False
) -> tuple[tuple[SourceRef, ...], Confidence, str, str]:
    """Sources, confidence, conflict and reading of a dated entry.

    Only what is illustrative may stand without a source. An open question (`is_open`) claims nothing: it needs neither.
    """
    refs = _refs(node, parts)
    default = "illustrative" if is_open else None
    mark = Confidence(node.one_of("confidence", _CONFIDENCES, default=default) or "illustrative")
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
    return refs, mark, conflict, reading


# -- parameters -----------------------------------------------------------------------------------------------------


def _read_value(node: Node, region: str, parts: _Parts) -> None:
    name = node.text("parameter")
    since, until = _span(node)
    refs, mark, conflict, reading = _standing(node, parts)
    table = node.raw("table")
    node.done()
    definition = parts.definitions.get(name)
    if definition is None:
        node.fault(f"parameters.yaml 里没有参数 {name}")
        return
    for key, raw in _flatten(table, definition.keys, node, ()):
        value = _number(raw, definition.unit, key, node)
        if value is not None:
            entry = DatedValue(value, since, until, mark, refs, conflict, reading)
            parts.values.setdefault((region, name, key), []).append((entry, node.where))


def _flatten(
    table: object, keys: tuple[str, ...], node: Node, above: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], object]]:
    """Every key of a nested table with its value; `any` alone at a level stands for all words of that level."""
    if not keys:
        yield above, table
        return
    if not isinstance(table, dict) or not table:
        node.fault(f"{'、'.join(above) or 'table'} 下面要按 {keys[0]} 分开写")
        return
    if "any" in table and len(table) > 1:
        node.fault(f"{'、'.join(above) or 'table'} 下面写了 any，就不能再写别的")
        return
    for word, below in table.items():
        if word != "any" and word not in KEY_WORDS[keys[0]]:
            node.fault(f"“{word}”不是 {keys[0]}，只能是 {'、'.join(KEY_WORDS[keys[0]])}")
            continue
        for each in KEY_WORDS[keys[0]] if word == "any" else (word,):
            yield from _flatten(below, keys[1:], node, (*above, str(each)))


def _number(raw: object, unit: str, key: tuple[str, ...], node: Node) -> int | None:
    at = "、".join(key) or "table"
    if isinstance(raw, str) and (unit, raw) in SPECIALS:
        return SPECIALS[unit, raw]
    if unit == "flag":
        if isinstance(raw, bool):
            return int(raw)
        node.fault(f"{at} 只能是 true 或 false，现在是 {raw!r}")
        return None
    if isinstance(raw, bool) or not isinstance(raw, int):
        node.fault(f"{at} 要写成整数（单位 {unit}），现在是 {raw!r}")
        return None
    lowest, highest = (-10_000, 10_000) if unit == "bp" else (0, 10**15)
    if not lowest <= raw <= highest:
        node.fault(f"{at} 写了 {raw}，超出 {lowest} 到 {highest}")
        return None
    return raw


def _in_order(
    entries: list[tuple[DatedValue, str]], key: tuple[str, str, tuple[str, ...]], parts: _Parts, faults: Faults
) -> Iterator[DatedValue]:
    """The entries of one key, each ending the day before the next of the same reading begins; overlaps are faults."""
    entries = sorted(entries, key=lambda item: item[0].since)
    closed: list[tuple[DatedValue, str]] = []
    for entry, where in entries:
        later = [
            other.since
            for other, _ in entries
            if other.since > entry.since and (other.conflict, other.reading) == (entry.conflict, entry.reading)
        ]
        until = min(later) - timedelta(1) if later and entry.until == FOREVER else entry.until
        ended = DatedValue(
            entry.value, entry.since, until, entry.confidence, entry.sources, entry.conflict, entry.reading
        )
        closed.append((ended, where))
    for number, (entry, where) in enumerate(closed):
        for other, elsewhere in closed[:number]:
            readings = {entry.reading, other.reading}
            apart = entry.conflict == other.conflict and len(readings) == 2 and "" not in readings
            if not apart and entry.since <= other.until and other.since <= entry.until:
                at = "、".join(key[2]) or key[1]
                faults.add(where, f"{at} 的日期和另一条重叠：{entry.since} 起与 {other.since} 起（{elsewhere}）")
    yield from (entry for entry, _ in closed)


# -- tables ---------------------------------------------------------------------------------------------------------


def _read_table(node: Node, region: str, parts: _Parts) -> None:
    name = node.one_of("table", tuple(TABLES))
    since = node.must_day("from")
    overrides = node.flag("overrides_wider_region", default=False)
    definition = TABLES.get(name)
    rows: list[Row] = []
    ids: set[str] = set()
    for child in node.children("rows", lambda item, _: f"行 {item.get('id')}"):
        row = _read_row(child, name, since, parts)
        if row.id in ids:
            child.fault("这个行号写了两次")
        ids.add(row.id)
        rows.append(row)
    node.text("zh", default="")
    node.done()
    if definition is None:
        return
    if (region, name) in parts.tables:
        node.fault(f"这个地方的表 {name} 已经写在 {parts.tables[region, name]}")
        return
    parts.tables[region, name] = node.where
    readings = {key: frozenset(reading.id for reading in record.readings) for key, record in parts.conflicts.items()}
    for problem in prove(definition, rows, readings, must_be_total=not overrides, since=since):
        node.fault(problem)
    for row in rows:
        for place in row.treatment_pools or ("",):
            for combination in expand(definition, row):
                parts.rows.setdefault((region, name, place, combination), []).append(row)


def _read_row(node: Node, table: str, since: date, parts: _Parts) -> Row:
    definition = TABLES.get(table)
    inputs = definition.inputs if definition else {}
    outcomes = definition.outcomes if definition else frozenset[str]()
    when = node.child("when") if "when" in node else Node({}, node.where, node.faults)
    conditions = {name: when.texts(name, words=words) for name, words in inputs.items() if name in when}
    for name in [name for name, words in conditions.items() if not words]:
        when.fault(f"{name} 下面什么也没写")
    places = when.texts("treatment_pool")
    when.done()
    first, last = _span(node, since)
    outcome = node.one_of("outcome", outcomes)
    row_id = node.text("id")
    sentence = node.text("sentence")
    if "{" in sentence.replace("{ask}", ""):
        node.fault("sentence 里只能用 {ask}，代表该问的经办机构")
    refs, mark, conflict, reading = _standing(node, parts, is_open=outcome == UNDETERMINED)
    node.done()
    return Row(row_id, conditions, places, first, last, outcome, sentence, refs, mark, conflict, reading)


# -- kinds of filing ------------------------------------------------------------------------------------------------


_TOLD_OF_A_KIND = ("definition", "scopes", "materials")


def _read_kind(node: Node, region: str, parts: _Parts) -> None:
    kind = node.one_of("kind", tuple(FilingKind))
    since, until = _span(node)
    refs, mark, conflict, _ = _standing(node, parts)
    materials = None
    if "materials" in node:
        materials = tuple(_materials(node))
    scopes = frozenset(map(CareKind, node.texts("scopes", words=tuple(CareKind)))) if "scopes" in node else None
    text = KindText(
        since, until, node.text("definition") if "definition" in node else None, scopes, materials, refs, mark, conflict
    )
    node.done()
    others = parts.kinds.setdefault((region, kind), [])
    for other in others:
        both = [name for name in _TOLD_OF_A_KIND if None not in (getattr(text, name), getattr(other, name))]
        if both and since <= other.until and other.since <= until:
            node.fault(f"{'、'.join(both)} 的日期和另一条重叠：{since} 起与 {other.since} 起")
    others.append(text)


def _materials(node: Node) -> Iterator[Material]:
    for child in node.children("materials", lambda item, _: f"材料 {item.get('code')}"):
        yield Material(child.text("code"), child.text("zh"), child.text("sentence"), child.text("one_of", default=""))
        child.done()


# -- cross-checks ---------------------------------------------------------------------------------------------------


def _check_references(parts: _Parts, faults: Faults) -> None:
    for where, ref in parts.refs:
        if ref.id not in parts.sources:
            faults.add(where, f"来源 {ref.id} 没有登记在 sources.yaml")
    for where, mark, refs in parts.marks:
        known = [parts.sources[ref.id].confidence for ref in refs if ref.id in parts.sources]
        if known and all(worst((mark, each)) is not mark for each in known):
            faults.add(where, f"标了 {mark.value}，写的来源没有一个有这么可靠")
    switched = {entry.conflict for entries in parts.values.values() for entry, _ in entries if entry.reading}
    switched |= {row.conflict for rows in parts.rows.values() for row in rows if row.reading}
    for scope in parts.scopes.values():
        for conflict in scope.choices:
            if conflict not in switched | {GOVERNING_DAY}:
                faults.add(f"{scope.zh} 的 scope.yaml", f"选了冲突 {conflict} 的读法，可没有一个数或一行随它变")
    for where, conflict, reading in parts.chosen:
        record = parts.conflicts.get(conflict)
        if record is None:
            faults.add(where, f"冲突 {conflict} 没有登记在 conflicts.yaml")
        elif reading and reading not in {each.id for each in record.readings}:
            faults.add(where, f"冲突 {conflict} 没有“{reading}”这种读法")
    if NATION not in parts.scopes:
        faults.add("national/scope.yaml", "没有全国的 scope.yaml")
