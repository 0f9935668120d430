"""zen-engine: a decision table for what class and way decide, expressions for the amounts. Its numbers are decimals.

The claims are handed over as dicts, one call each, as a service would; `trace` is the engine's own account of what it
evaluated.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import zen

from law_engines.claims import BY_CLASS, BY_WAY, CLASSES, Claims, Law
from law_engines.engine import Answer, Engine, from_rows

# Terms that are the same for all stays stand in the expressions as numbers: {braces} are filled in once.
_FUND = {
    "share_bp": "stays_before == 0 ? 10000 : (stays_before == 1 ? {second_stay_bp} : {later_stay_bp})",
    "due": "floor((deductible_fen * $.share_bp + 5000) / 10000)",
    "above": "in_scope_fen - min([$.due, in_scope_fen])",
    "final_rate_bp": "min([max([rate_bp + adjustment_bp, 0]), 10000])",
    "computed": "floor(($.above * $.final_rate_bp + 5000) / 10000)",
    "pooled": "min([$.computed, max([{ceiling_fen} - pooled_before_fen, 0])])",
}
_SHARES = {
    **_FUND,
    "own": "in_scope_fen - $.pooled",
    "year": "borne_before_fen + $.own",
    "first_to": "{critical_is_banded} == 1 ? min([$.year, {critical_second_threshold_fen}]) : $.year",
    "first_base": "max([$.first_to - {critical_threshold_fen}, 0])",
    "first": "floor(($.first_base * {critical_rate_bp} + 5000) / 10000)",
    "second_to": "{critical_is_banded} == 1 ? $.year : $.year - $.first",
    "second_base": "max([$.second_to - {critical_second_threshold_fen}, 0])",
    "second": "floor(($.second_base * {critical_second_rate_bp} + 5000) / 10000)",
    "room": "max([{critical_ceiling_fen} - critical_before_fen, 0])",
    "critical": "min([max([$.first + $.second - critical_before_fen, 0]), $.room, $.own])",
    "person": "total_fen - $.pooled - $.critical",
}


def engines(claims: Claims) -> list[Engine]:
    contexts = _contexts(claims)
    models = {"shares": _model(claims.law, _SHARES), "fund": _model(claims.law, _FUND)}
    # Held by a loader, a model is compiled once; a decision made from text costs several times as much to evaluate.
    engine = zen.ZenEngine({"loader": {"type": "static", "content": models}})

    def evaluate(key: str, trace: bool) -> list[Any]:
        options: zen.DecisionEvaluateOptions = {"trace": trace}
        return [engine.evaluate(key, context, options) for context in contexts]

    return [
        Engine("zen-engine", claims, lambda: evaluate("shares", False), _read_shares),
        Engine("zen-engine, with trace", claims, lambda: evaluate("shares", True), _read_shares),
        Engine("zen-engine, fund only", claims, lambda: evaluate("fund", False), _read_fund),
    ]


def _read_shares(made: list[dict[str, Any]]) -> Answer:
    return from_rows((_fen(each, "pooled"), _fen(each, "critical"), _fen(each, "person")) for each in made)


def _read_fund(made: list[dict[str, Any]]) -> Answer:
    return from_rows((_fen(each, "pooled"),) for each in made)


def _fen(made: dict[str, Any], name: str) -> int:
    amount: float = made["result"][name]
    return round(amount)


def _contexts(claims: Claims) -> list[dict[str, Any]]:
    names = (
        "stays_before",
        "pooled_before_fen",
        "borne_before_fen",
        "critical_before_fen",
        "total_fen",
        "in_scope_fen",
    )
    columns = [*claims.before, claims.stays.total_fen, claims.stays.in_scope_fen]
    amounts = zip(*[column.tolist() for column in columns], strict=True)
    kinds = [{"way": str(way), "price_class": str(place)} for way in claims.law.ways for place in CLASSES]
    return [
        {**kinds[row], **dict(zip(names, each, strict=True))}
        for row, each in zip(claims.stays.terms_row.tolist(), amounts, strict=True)
    ]


def _model(law: Law, expressions: dict[str, str]) -> dict[str, Any]:
    nodes = [
        _node("bill", "inputNode", {}),
        _table(BY_CLASS, "price_class", [str(place) for place in CLASSES], law.by_class),
        _table(BY_WAY, "way", [str(way) for way in law.ways], law.by_way),
        _expressions(law, expressions),
        _node("answer", "outputNode", {}),
    ]
    edges = [
        {"id": f"{before['id']} {after['id']}", "sourceId": before["id"], "targetId": after["id"], "type": "edge"}
        for before, after in pairwise(nodes)
    ]
    return {"nodes": nodes, "edges": edges}


def _node(name: str, kind: str, content: dict[str, Any]) -> dict[str, Any]:
    return {"id": name, "name": name, "type": kind, "position": {"x": 0, "y": 0}, "content": content}


def _table(fields: tuple[str, ...], key: str, words: list[str], values: Callable[[str], list[int]]) -> dict[str, Any]:
    """A decision table: the word in the first column, the terms it decides in the others."""
    columns = {field: values(field) for field in fields}
    rules = [
        {"_id": word, key: f'"{word}"', **{field: str(column[number]) for field, column in columns.items()}}
        for number, word in enumerate(words)
    ]
    content = {
        "hitPolicy": "first",
        "passThrough": True,
        "inputs": [{"id": key, "name": key, "field": key}],
        "outputs": [{"id": field, "name": field, "field": field} for field in fields],
        "rules": rules,
    }
    return _node(f"by {key}", "decisionTableNode", content)


def _expressions(law: Law, expressions: dict[str, str]) -> dict[str, Any]:
    terms = law.terms[0]._asdict()
    made = [{"id": key, "key": key, "value": text.format(**terms)} for key, text in expressions.items()]
    return _node("amounts", "expressionNode", {"expressions": made})
