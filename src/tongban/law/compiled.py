"""The same rules at the second speed: whole populations, person by person, with the year's totals carried along.

The only module that imports the compiler. Batch tools import it; a web process never does.
"""

from types import FunctionType
from typing import Any, NamedTuple

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from tongban.kernel.money import share_half_up
from tongban.law.model import Undetermined
from tongban.law.rules import inpatient as rule
from tongban.law.rules.inpatient import InpatientBill, InpatientBreakdown, InpatientTerms
from tongban.law.terms import Resolved

Int64s = NDArray[np.int64]

UNDETERMINED = -1  # in every amount of a stay for which the law has no terms
_TERMS = len(InpatientTerms._fields)


def _compile(function: FunctionType) -> Any:
    """The rule's own code, with the rounding it calls compiled too: no second version of either."""
    names = {**function.__globals__, "share_half_up": njit(inline="always")(share_half_up)}
    same_code = FunctionType(function.__code__, names, function.__name__, function.__defaults__)
    return njit(inline="always")(same_code)


assert isinstance(rule.inpatient, FunctionType)
_inpatient = _compile(rule.inpatient)


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


@njit(parallel=True, error_model="numpy")
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
        stays = 0
        pooled_before = 0
        borne_before = 0
        critical_before = 0
        for i in range(start[p], start[p + 1]):
            t = terms_row[i]
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
            if row.rate_bp == UNDETERMINED:
                pooled[i] = critical[i] = person[i] = UNDETERMINED
                continue
            b = _inpatient(
                InpatientBill(
                    total[i],
                    self_funded[i],
                    over_cap[i],
                    preselfpay[i],
                    in_scope[i],
                    stays,
                    pooled_before,
                    borne_before,
                    critical_before,
                ),
                row,
            )
            if b.status != rule.COMPUTED:
                pooled[i] = critical[i] = person[i] = UNDETERMINED
                continue
            pooled[i] = b.pooled_fund_fen
            critical[i] = b.critical_illness_fen
            person[i] = b.person_share_fen
            stays += 1
            pooled_before += b.pooled_fund_fen
            borne_before += b.borne_fen
            critical_before += b.critical_illness_fen


class Shares(NamedTuple):
    """What each payer pays of each stay, in fen; UNDETERMINED in all three where the law gives no answer."""

    pooled_fund_fen: Int64s
    critical_illness_fen: Int64s
    person_share_fen: Int64s


def inpatient_by_person(stays: Stays, terms: Int64s, into: Shares | None = None) -> Shares:
    """The rule over all stays; persons in parallel, each person's stays in order. `into` saves allocating the result.

    A stay without an answer adds nothing to the year: it was not settled.
    """
    count = len(stays.terms_row)
    shares = into or Shares(*(np.empty(count, np.int64) for _ in Shares._fields))
    _by_person(*stays, terms, *shares)
    return shares


_breakdown_of = njit(lambda bill, terms: _inpatient(bill, terms))


def inpatient_compiled(bill: InpatientBill, terms: InpatientTerms) -> InpatientBreakdown:
    """One bill through the compiled rule, every intermediate amount included: for comparing it with the interpreted."""
    return InpatientBreakdown(*(int(amount) for amount in _breakdown_of(bill, terms)))
