"""What can only be checked when all files are read: every source, conflict and reading that is named must exist."""

from tongban.law.assess import GOVERNING_DAY
from tongban.law.loading.parts import Parts
from tongban.law.loading.reading import Faults
from tongban.law.pack import NATION, ParameterDefinition, worst
from tongban.law.parameters import PARAMETERS


def check_references(parts: Parts, faults: Faults) -> None:
    _check_definitions(parts, faults)
    _check_sources(parts, faults)
    _check_choices(parts, faults)
    for where, conflict, reading in parts.chosen:
        record = parts.conflicts.get(conflict)
        if record is None:
            faults.add(where, f"冲突 {conflict} 没有登记在 conflicts.yaml")
        elif reading and reading not in {each.id for each in record.readings}:
            faults.add(where, f"冲突 {conflict} 没有“{reading}”这种读法")
        elif reading and record.is_settled:
            faults.add(where, f"冲突 {conflict} 已经定了，只有“{record.default}”一种读法，不能再换")
    if NATION not in parts.scopes:
        faults.add("national/scope.yaml", "没有全国的 scope.yaml")


def _check_definitions(parts: Parts, faults: Faults) -> None:
    for name, keys in PARAMETERS.items():
        if name in parts.definitions:
            continue
        if parts.is_archived:
            parts.definitions[name] = ParameterDefinition(name, name, "count", keys)
        else:
            faults.add("parameters.yaml", f"缺少参数 {name}")


def _check_sources(parts: Parts, faults: Faults) -> None:
    for where, ref in parts.refs:
        if ref.id not in parts.sources:
            faults.add(where, f"来源 {ref.id} 没有登记在 sources.yaml")
    for where, mark, refs in parts.marks:
        known = [parts.sources[ref.id].confidence for ref in refs if ref.id in parts.sources]
        if known and all(worst((mark, each)) is not mark for each in known):
            faults.add(where, f"标了 {mark.value}，写的来源没有一个有这么可靠")


def _check_choices(parts: Parts, faults: Faults) -> None:
    """A region's choice must change something: at least one entry holds under some reading only."""
    switched = {entry.conflict for entries in parts.values.values() for entry, _ in entries if entry.reading}
    switched |= {entry.conflict for entries in parts.lists.values() for entry, _ in entries if entry.reading}
    switched |= {text.conflict for texts in parts.kinds.values() for text, _ in texts if text.reading}
    switched |= {row.conflict for rows in parts.rows.values() for row in rows if row.reading}
    for scope in parts.scopes.values():
        for conflict in scope.choices:
            if conflict not in switched | {GOVERNING_DAY}:
                faults.add(f"{scope.zh} 的 scope.yaml", f"选了冲突 {conflict} 的读法，可没有一个数或一行随它变")
