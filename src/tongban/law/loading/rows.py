"""Rows of decision tables, and the proof that each table is total on every day."""

from datetime import date

from tongban.law.loading.parts import Parts, read_span, read_standing
from tongban.law.loading.reading import Node
from tongban.law.pack import Row
from tongban.law.tables import TABLES, UNDETERMINED, TableDefinition, expand, prove


def read_table(node: Node, region: str, parts: Parts) -> None:
    name = node.one_of("table", tuple(TABLES))
    since = node.must_day("from")
    overrides = node.flag("overrides_wider_region", default=False)
    definition = TABLES.get(name)
    rows: list[Row] = []
    ids: set[str] = set()
    for child in node.children("rows", lambda item, _: f"行 {item.get('id')}"):
        row = _read_row(child, definition, since, parts)
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
    must_be_total = not overrides and not parts.is_archived
    readings = {key: frozenset(reading.id for reading in record.readings) for key, record in parts.conflicts.items()}
    for problem in prove(definition, rows, readings, must_be_total=must_be_total, since=since):
        node.fault(problem)
    _note(rows, region, name, definition, parts)


def _note(rows: list[Row], region: str, name: str, definition: TableDefinition, parts: Parts) -> None:
    for row in rows:
        for place in row.treatment_pools or ("",):
            for combination in expand(definition, row):
                parts.rows.setdefault((region, name, place, combination), []).append(row)


def _read_row(node: Node, definition: TableDefinition | None, since: date, parts: Parts) -> Row:
    inputs = definition.inputs if definition else {}
    outcomes = definition.outcomes if definition else frozenset[str]()
    when = node.child("when") if "when" in node else Node({}, node.where, node.faults)
    conditions = {name: when.texts(name, words=words) for name, words in inputs.items() if name in when}
    for name in [name for name, words in conditions.items() if not words]:
        when.fault(f"{name} 下面什么也没写")
    places = when.texts("treatment_pool")
    when.done()
    first, last = read_span(node, since)
    outcome = node.one_of("outcome", outcomes)
    row_id = node.text("id")
    sentence = node.text("sentence")
    if "{" in sentence.replace("{ask}", ""):
        node.fault("sentence 里只能用 {ask}，代表该问的经办机构")
    refs, mark, conflict, reading = read_standing(node, parts, is_open=outcome == UNDETERMINED)
    node.done()
    return Row(row_id, conditions, places, first, last, outcome, sentence, refs, mark, conflict, reading)
