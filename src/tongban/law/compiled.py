"""The same rules at the second speed: whole populations, person by person, with the year's totals carried along.

The only module of the law that imports the compiler. Batch tools import it; a web process never does.
"""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from types import FunctionType
from typing import Any, NamedTuple

import numpy as np
from numba import config, njit, prange
from numpy.typing import NDArray

from tongban.kernel import money
from tongban.kernel.money import share_half_up
from tongban.law.model import Undetermined
from tongban.law.rules import inpatient as inpatient_module
from tongban.law.rules import outpatient as outpatient_module
from tongban.law.rules.inpatient import COMPUTED, InpatientBill, InpatientBreakdown, InpatientTerms, inpatient
from tongban.law.rules.outpatient import OutpatientBill, OutpatientBreakdown, OutpatientTerms, outpatient
from tongban.law.terms import Resolved

Int64s = NDArray[np.int64]

UNDETERMINED = -1  # in every amount of a claim for which the law has no answer
_TERMS = len(InpatientTerms._fields)
_RATE = InpatientTerms._fields.index("rate_bp")
# What kind of terms a row for `settle_claim` holds: its last column.
INPATIENT, OUTPATIENT, NO_TERMS = 0, 1, -1
TERMS_WIDTH = _TERMS + 1

# How a claim ended.
DECIDED = 0
NOT_DECIDED_BY_RULE = 1  # there are terms, but the rule says that no source tells how to go on
HAS_NO_TERMS = 2

# `_stay` and `_visit` below read a row field by field.
assert len(InpatientTerms._fields) == 12
assert len(OutpatientTerms._fields) == 6


def _compile(function: object) -> Any:
    """The rule's own code, with the rounding it calls compiled too: no second version of either."""
    assert isinstance(function, FunctionType)
    names = {**function.__globals__, "share_half_up": njit(inline="always")(share_half_up)}
    same_code = FunctionType(function.__code__, names, function.__name__, function.__defaults__)
    return njit(inline="always")(same_code)


def remembered(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """`njit` for a function that calls the rules; what was compiled is kept for the next run.

    The compiler would look at the function's own file only and go on using old machine code after a rule was changed.
    So the folder it keeps things in is named by the content of every file that has a part in it.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        assert isinstance(function, FunctionType)
        files = {module.__file__ for module in (money, inpatient_module, outpatient_module)}
        files |= {__file__, function.__code__.co_filename}
        texts = [Path(file).read_bytes() for file in sorted(file for file in files if file)]
        folder = _cache_folder() / hashlib.sha256(b"\0".join(texts)).hexdigest()[:16]
        dispatcher: Any = njit(**options)(function)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            return dispatcher  # Nowhere to keep it: compiled anew in every run.
        settings: Any = config
        before, settings.CACHE_DIR = settings.CACHE_DIR, str(folder)
        try:
            dispatcher.enable_caching()
        finally:
            settings.CACHE_DIR = before
        return dispatcher

    return decorate


def _cache_folder() -> Path:
    given = os.environ.get("XDG_CACHE_HOME")
    return (Path(given) if given else Path("~/.cache").expanduser()) / "tongban" / "compiled"


_inpatient = _compile(inpatient)
_outpatient = _compile(outpatient)


class Year(NamedTuple):
    """What one person's benefit year under one insurance holds so far; every later claim of the year depends on it."""

    stays: int
    pooled_fen: int
    borne_fen: int
    critical_illness_fen: int
    outpatient_pooled_fen: int
    outpatient_deductible_fen: int


NEW_YEAR = Year(0, 0, 0, 0, 0, 0)


class Stays(NamedTuple):
    """Columns of the stays of a benefit year, ordered by person and, within a person, by date of settlement.

    `start[p]:start[p + 1]` are person p's stays; `terms_row` points into the matrix of terms. Amounts are int64 fen.
    """

    start: Int64s
    terms_row: Int64s
    total_fen: Int64s
    self_funded_fen: Int64s
    over_price_cap_fen: Int64s
    preselfpay_fen: Int64s
    in_scope_fen: Int64s


def terms_matrix(resolved: list[Resolved[InpatientTerms] | Undetermined]) -> Int64s:
    """One row of integers per kind of stay; a row of UNDETERMINED where the law gives no terms."""
    rows = [[UNDETERMINED] * _TERMS if isinstance(each, Undetermined) else list(each.terms) for each in resolved]
    return np.array(rows, dtype=np.int64).reshape(len(rows), _TERMS)


def claim_terms(resolved: Resolved[InpatientTerms] | Resolved[OutpatientTerms] | Undetermined) -> list[int]:
    """A row for `settle_claim`: the terms' integers, padding, and last what kind of terms they are."""
    if isinstance(resolved, Undetermined):
        return [UNDETERMINED] * _TERMS + [NO_TERMS]
    kind = INPATIENT if isinstance(resolved.terms, InpatientTerms) else OUTPATIENT
    return [*resolved.terms, *[0] * (_TERMS - len(resolved.terms)), kind]


@njit(inline="always")
def _stay(
    terms: Int64s, t: int, year: Year, total: int, self_funded: int, over_cap: int, preselfpay: int, in_scope: int
) -> tuple[InpatientBreakdown, Year]:
    """A stay under the terms of row `t`, and the year after it, as `tongban.law.year` has it: a bill of nothing is no
    stay, and a stay without an answer was not settled and adds nothing."""
    # Element by element: a view of the row would be counted, atomically, for every stay.
    row = InpatientTerms(
        terms[t, 0],
        terms[t, 1],
        terms[t, 2],
        terms[t, 3],
        terms[t, 4],
        terms[t, 5],
        terms[t, 6],
        terms[t, 7],
        terms[t, 8],
        terms[t, 9],
        terms[t, 10],
        terms[t, 11],
    )
    bill = InpatientBill(
        total,
        self_funded,
        over_cap,
        preselfpay,
        in_scope,
        year.stays,
        year.pooled_fen,
        year.borne_fen,
        year.critical_illness_fen,
    )
    b = _inpatient(bill, row)
    after = year
    if b.status == COMPUTED:
        after = Year(
            year.stays + (1 if total > 0 else 0),
            year.pooled_fen + b.pooled_fund_fen,
            year.borne_fen + b.borne_fen,
            year.critical_illness_fen + b.critical_illness_fen,
            year.outpatient_pooled_fen,
            year.outpatient_deductible_fen,
        )
    return b, after


@njit(inline="always")
def _visit(
    terms: Int64s, t: int, year: Year, total: int, self_funded: int, over_cap: int, preselfpay: int, in_scope: int
) -> tuple[OutpatientBreakdown, Year]:
    row = OutpatientTerms(terms[t, 0], terms[t, 1], terms[t, 2], terms[t, 3], terms[t, 4], terms[t, 5])
    bill = OutpatientBill(
        total,
        self_funded,
        over_cap,
        preselfpay,
        in_scope,
        year.outpatient_pooled_fen,
        year.outpatient_deductible_fen,
    )
    b = _outpatient(bill, row)
    after = Year(
        year.stays,
        year.pooled_fen,
        year.borne_fen,
        year.critical_illness_fen,
        year.outpatient_pooled_fen + b.pooled_fund_fen,
        year.outpatient_deductible_fen + b.deductible_fen,
    )
    return b, after


@njit(inline="always")
def settle_claim(
    terms: Int64s, t: int, year: Year, total: int, self_funded: int, over_cap: int, preselfpay: int, in_scope: int
) -> tuple[int, int, int, int, Year]:
    """Any claim under the terms of row `t`: how it ended, pooled fund, critical illness, person (fen), and the year
    after it. For compiled callers; the amounts are UNDETERMINED unless it is DECIDED."""
    kind = terms[t, _TERMS]
    if kind == INPATIENT:
        b, after = _stay(terms, t, year, total, self_funded, over_cap, preselfpay, in_scope)
        if b.status == COMPUTED:
            return DECIDED, b.pooled_fund_fen, b.critical_illness_fen, b.person_share_fen, after
        return NOT_DECIDED_BY_RULE, UNDETERMINED, UNDETERMINED, UNDETERMINED, year
    if kind == OUTPATIENT:
        v, after = _visit(terms, t, year, total, self_funded, over_cap, preselfpay, in_scope)
        return DECIDED, v.pooled_fund_fen, v.critical_illness_fen, v.person_share_fen, after
    return HAS_NO_TERMS, UNDETERMINED, UNDETERMINED, UNDETERMINED, year


@remembered(parallel=True, error_model="numpy")
def _by_person(
    start: Int64s,
    terms_row: Int64s,
    total: Int64s,
    self_funded: Int64s,
    over_cap: Int64s,
    preselfpay: Int64s,
    in_scope: Int64s,
    terms: Int64s,
    pooled: Int64s,
    critical: Int64s,
    person: Int64s,
) -> None:
    for p in prange(len(start) - 1):
        year = NEW_YEAR
        for place in range(start[p], start[p + 1]):
            # Unsigned: else each of a score of accesses would first ask whether the index counts from the end.
            i = np.uint64(place)
            t: Any = np.uint64(terms_row[i])
            if terms[t, _RATE] != UNDETERMINED:
                b, year = _stay(terms, t, year, total[i], self_funded[i], over_cap[i], preselfpay[i], in_scope[i])
                if b.status == COMPUTED:
                    pooled[i] = b.pooled_fund_fen
                    critical[i] = b.critical_illness_fen
                    person[i] = b.person_share_fen
                    continue
            pooled[i] = critical[i] = person[i] = UNDETERMINED


class Shares(NamedTuple):
    """What each payer pays of each stay, in fen; UNDETERMINED in all three where the law gives no answer."""

    pooled_fund_fen: Int64s
    critical_illness_fen: Int64s
    person_share_fen: Int64s


def inpatient_by_person(stays: Stays, terms: Int64s, into: Shares | None = None) -> Shares:
    """The rule over all stays; persons in parallel, each person's stays in order. `into` saves allocating the result.

    A stay without an answer adds nothing to the year: it was not settled. Visits and years one after the other are the
    business of `settle_claim`.
    """
    count = len(stays.terms_row)
    shares = into or Shares(*(np.empty(count, np.int64) for _ in Shares._fields))
    _by_person(*stays, terms, *shares)
    return shares


_breakdown_of = njit(lambda bill, terms: _inpatient(bill, terms))


def inpatient_compiled(bill: InpatientBill, terms: InpatientTerms) -> InpatientBreakdown:
    """One bill through the compiled rule, every intermediate amount included: for comparing it with the interpreted."""
    return InpatientBreakdown(*(int(amount) for amount in _breakdown_of(bill, terms)))


_visit_breakdown_of = njit(lambda bill, terms: _outpatient(bill, terms))


def outpatient_compiled(bill: OutpatientBill, terms: OutpatientTerms) -> OutpatientBreakdown:
    """One visit through the compiled rule, likewise."""
    return OutpatientBreakdown(*(int(amount) for amount in _visit_breakdown_of(bill, terms)))
