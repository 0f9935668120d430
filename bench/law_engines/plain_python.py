"""The same arithmetic in plain Python, as one would write it for this rule alone: no dates, no sources, no reasons."""

import importlib.util
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from law_engines.claims import Claims
from law_engines.engine import Answer, Engine, from_rows
from tongban.law.rules.inpatient import InpatientBill, InpatientTerms

_REFERENCE = Path(__file__).parents[2] / "tests" / "law" / "law_reference.py"

Row = tuple[int, ...]


def fund(t: Row, total: int, in_scope: int, stays: int, pooled: int, borne: int, critical: int) -> Row:
    """What the pooled fund pays, in fen."""
    due = t[0] if stays == 0 else (t[0] * (t[1] if stays == 1 else t[2]) + 5000) // 10000
    above = in_scope - min(due, in_scope)
    computed = (above * min(max(t[3] + t[4], 0), 10000) + 5000) // 10000
    return (min(computed, max(t[5] - pooled, 0)),)


def shares(t: Row, total: int, in_scope: int, stays: int, pooled: int, borne: int, critical: int) -> Row:
    """What the pooled fund, critical-illness insurance and the person pay, in fen."""
    (paid,) = fund(t, total, in_scope, stays, pooled, borne, critical)
    own = in_scope - paid
    year = borne + own
    first_to = min(year, t[8]) if t[10] else year
    first = (max(first_to - t[6], 0) * t[7] + 5000) // 10000
    second_to = year if t[10] else year - first
    second = (max(second_to - t[8], 0) * t[9] + 5000) // 10000
    extra = min(max(first + second - critical, 0), max(t[11] - critical, 0), own)
    return paid, extra, total - paid - extra


def integers(claims: Claims) -> list[Engine]:
    terms = [tuple(each) for each in claims.law.terms]
    columns = [claims.stays.total_fen, claims.stays.in_scope_fen, *claims.before]
    numbers = np.stack(columns, axis=1).tolist()
    rows = [(terms[row], *each) for row, each in zip(claims.stays.terms_row.tolist(), numbers, strict=True)]
    return [
        Engine("plain Python, int", claims, lambda: [shares(*row) for row in rows], from_rows),
        Engine("plain Python, int, fund only", claims, lambda: [fund(*row) for row in rows], from_rows),
    ]


def decimals(claims: Claims) -> Engine:
    """The independent second computation of the tests: the judge of all others."""
    stay = _reference().stay
    laws: list[dict[str, int]] = [InpatientTerms._asdict(each) for each in claims.law.terms]
    numbers = np.stack([*claims.stays[2:], *claims.before], axis=1).tolist()
    bills = [InpatientBill(*each)._asdict() for each in numbers]
    pairs = [(bill, laws[row]) for bill, row in zip(bills, claims.stays.terms_row.tolist(), strict=True)]
    return Engine(
        "plain Python, Decimal (judge)", claims, lambda: [stay(*pair) for pair in pairs], _fen, must_be_right=True
    )


def _reference() -> Any:
    spec = importlib.util.spec_from_file_location("law_reference", _REFERENCE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _fen(made: list[dict[str, Decimal | None]]) -> Answer:
    def fen(amount: Decimal | None) -> int:
        return -1 if amount is None else int(amount * 100)

    return from_rows((fen(each["pooled"]), fen(each["critical"]), fen(each["person"])) for each in made)
