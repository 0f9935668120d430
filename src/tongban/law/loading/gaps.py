"""Declared gaps: what a region looked for and did not find. Where it has an answer after all, the gap is a fault."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from tongban.law.loading.kinds import TOLD_OF_A_KIND
from tongban.law.loading.parts import Parts, read_span
from tongban.law.loading.reading import Faults, Node
from tongban.law.loading.timeline import Holding
from tongban.law.pack import DatedList, DatedValue, DeclaredGap
from tongban.law.parameters import KEY_WORDS
from tongban.law.tables import TABLES, UNDETERMINED

GAP_KINDS = ("parameter", "list", "table", "filing_kinds", "topic")
Key = tuple[str, ...]


def gap_label(item: Mapping[str, Any], number: int) -> str:
    subject = next((item[kind] for kind in GAP_KINDS if kind in item), f"第 {number} 条")
    return f"没有查到的 {'、'.join(map(str, subject)) if isinstance(subject, list) else subject}"


def read_gap(node: Node, region: str, parts: Parts) -> None:
    """One gap, which may name several subjects of a kind; a key of `when` that one of them lacks is a fault."""
    named = [kind for kind in GAP_KINDS if kind in node]
    if len(named) != 1:
        node.fault(f"{'、'.join(GAP_KINDS)} 里要写一个，也只能写一个")
    subjects = node.texts(named[0]) if len(named) == 1 else ()
    if named and not subjects:
        node.fault(f"{named[0]} 下面什么也没写")
    since, until = read_span(node, date.min)
    why = node.text("why")
    node.day("checked_on", default=date.min)
    when = node.raw("when")
    node.done()
    for subject in subjects:
        conditions = _conditions(named[0], subject, when, node, parts)
        gap = DeclaredGap(region, named[0], subject, conditions, since, until, why)
        parts.gaps.append((gap, node.where))


def _conditions(kind: str, subject: str, when: object, node: Node, parts: Parts) -> Mapping[str, tuple[str, ...]]:
    inputs = _inputs(kind, subject, parts)
    if inputs is None:
        node.fault(f"没有 {kind} {subject}")
        return {}
    child = Node({} if when is None else when, f"{node.where}: when", node.faults)
    conditions = {name: child.texts(name, words=words) for name, words in inputs.items() if name in child}
    for name in [name for name, words in conditions.items() if not words]:
        child.fault(f"{name} 下面什么也没写")
    child.done()
    return conditions


def _inputs(kind: str, subject: str, parts: Parts) -> Mapping[str, tuple[str, ...]] | None:
    """What the `when` of a gap may name, with the words of each; None for a subject that does not exist."""
    if kind == "topic":
        return {}
    if kind == "table":
        return TABLES[subject].inputs if subject in TABLES else None
    if kind == "filing_kinds":
        return {"filing_kind": KEY_WORDS["filing_kind"]} if subject in TOLD_OF_A_KIND else None
    definitions = parts.definitions if kind == "parameter" else parts.list_definitions
    definition = definitions.get(subject)
    return None if definition is None else {name: KEY_WORDS[name] for name in definition.keys}


def check_gaps(
    parts: Parts,
    values: Mapping[tuple[str, str, Key], tuple[DatedValue, ...]],
    lists: Mapping[tuple[str, str, Key], tuple[DatedList, ...]],
    faults: Faults,
) -> None:
    """Notes a fault for every gap in a region that, on some day of it, has an answer under every reading."""
    answers = _answers(parts, values, lists)
    for gap, where in parts.gaps:
        names = tuple(_inputs(gap.kind, gap.subject, parts) or ())
        for key, entries in answers.get((gap.region, gap.kind, gap.subject), ()):
            if gap.covers(names, key) and (day := _answered_on(gap, entries, parts)):
                at = "、".join(key) or gap.subject
                faults.add(where, f"写了没有查到，可这个地方{at} {day} 有规定")
                break


def _answers(
    parts: Parts,
    values: Mapping[tuple[str, str, Key], tuple[DatedValue, ...]],
    lists: Mapping[tuple[str, str, Key], tuple[DatedList, ...]],
) -> Mapping[tuple[str, str, str], list[tuple[Key, Iterable[Holding]]]]:
    """Every answer under (region, kind of subject, subject), key by key; an undetermined row is none."""
    made: dict[tuple[str, str, str], list[tuple[Key, Iterable[Holding]]]] = {}
    for (region, name, key), entries in values.items():
        made.setdefault((region, "parameter", name), []).append((key, entries))
    for (region, name, key), members in lists.items():
        made.setdefault((region, "list", name), []).append((key, members))
    for (region, name, place, combination), rows in parts.rows.items():
        told = [row for row in rows if row.outcome != UNDETERMINED]
        if told and place == "":
            made.setdefault((region, "table", name), []).append((combination, told))
    for (region, kind, thing), texts in parts.kinds.items():
        made.setdefault((region, "filing_kinds", thing), []).append(((kind,), [text for text, _ in texts]))
    return made


def _answered_on(gap: DeclaredGap, entries: Iterable[Holding], parts: Parts) -> date | None:
    """The first day of the gap on which an entry holds whatever is read; None if there is none.

    Where only some readings of a contradiction have an entry, the gap speaks of the others.
    """
    meeting = [entry for entry in entries if entry.since <= gap.until and gap.since <= entry.until]
    days = [max(entry.since, gap.since) for entry in meeting if _is_under_every_reading(entry, meeting, parts)]
    return min(days, default=None)


def _is_under_every_reading(entry: Holding, entries: Iterable[Holding], parts: Parts) -> bool:
    record = parts.conflicts.get(entry.conflict)
    if not entry.reading or record is None:
        return True
    written = {other.reading for other in entries if other.conflict == entry.conflict}
    return {reading.id for reading in record.readings} <= written
