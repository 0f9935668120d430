"""Dated values of parameters: a nested table under its keys, every number a whole one of its unit."""

from collections.abc import Iterator

from tongban.law.loading.parts import Parts, read_span, read_standing
from tongban.law.loading.reading import Node
from tongban.law.pack import DatedValue, ParameterDefinition
from tongban.law.parameters import ALWAYS_LIMITED, KEY_WORDS, SPECIALS


def read_value(node: Node, region: str, parts: Parts) -> None:
    name = node.text("parameter")
    since, until = read_span(node)
    standing = read_standing(node, parts)
    table = node.raw("table")
    node.done()
    definition = parts.definitions.get(name)
    if definition is None:
        node.fault(f"parameters.yaml 里没有参数 {name}")
        return
    for key, raw in flatten(table, definition.keys, node):
        value = _number(raw, definition, key, node)
        if value is not None:
            entry = DatedValue(
                value, since, until, standing.confidence, standing.sources, standing.conflict, standing.reading
            )
            parts.values.setdefault((region, name, key), []).append((entry, node.where))


def flatten(
    table: object, keys: tuple[str, ...], node: Node, above: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], object]]:
    """Every key of a nested table with what stands under it; `any` alone at a level stands for all its words."""
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
            yield from flatten(below, keys[1:], node, (*above, str(each)))


def _number(raw: object, definition: ParameterDefinition, key: tuple[str, ...], node: Node) -> int | None:
    unit = definition.unit
    at = "、".join(key) or "table"
    if isinstance(raw, str) and (unit, raw) in SPECIALS:
        if definition.name in ALWAYS_LIMITED:
            node.fault(f"{at} 写了 {raw}，这个数要写多少元")
        return SPECIALS[unit, raw]
    if unit == "flag":
        if isinstance(raw, bool):
            return int(raw)
        node.fault(f"{at} 只能是 true 或 false，现在是 {raw!r}")
        return None
    if isinstance(raw, bool) or not isinstance(raw, int):
        node.fault(f"{at} 要写成整数（单位 {unit}），现在是 {raw!r}")
        return None
    lowest, highest = _bounds(definition)
    if not lowest <= raw <= highest:
        node.fault(f"{at} 写了 {raw}，超出 {lowest} 到 {highest}")
        return None
    return raw


def _bounds(definition: ParameterDefinition) -> tuple[int, int]:
    """Only points that are added to a rate may be negative."""
    if definition.unit == "bp":
        return (-10_000 if definition.name.endswith("_adjustment") else 0), 10_000
    return 0, 24 if definition.unit == "hour" else 10**15
