"""The same arithmetic over columns, int64, with the year's totals given: what one can do without carrying them."""

import numpy as np

from law_engines.claims import Claims
from law_engines.engine import Answer, Engine
from tongban.law.compiled import Int64s


def _share(amounts: Int64s, rates: Int64s) -> Int64s:
    return (amounts * rates + 5000) // 10000


def engines(claims: Claims) -> list[Engine]:
    total, in_scope, rows = claims.stays.total_fen, claims.stays.in_scope_fen, claims.stays.terms_row
    terms = np.ascontiguousarray(claims.terms.T)
    before = claims.before

    def fund() -> Answer:
        t = [column[rows] for column in terms[:6]]
        part = np.where(before.stays == 0, 10000, np.where(before.stays == 1, t[1], t[2]))
        above = in_scope - np.minimum(_share(t[0], part), in_scope)
        computed = _share(above, np.clip(t[3] + t[4], 0, 10000))
        return (np.minimum(computed, np.maximum(t[5] - before.pooled_fen, 0)),)

    def shares() -> Answer:
        (paid,) = fund()
        line, rate, line2, rate2, is_banded, ceiling = (column[rows] for column in terms[6:])
        own = in_scope - paid
        year = before.borne_fen + own
        first = _share(np.maximum(np.where(is_banded == 1, np.minimum(year, line2), year) - line, 0), rate)
        second = _share(np.maximum(np.where(is_banded == 1, year, year - first) - line2, 0), rate2)
        due = np.maximum(first + second - before.critical_illness_fen, 0)
        extra = np.minimum(np.minimum(due, np.maximum(ceiling - before.critical_illness_fen, 0)), own)
        return paid, extra, total - paid - extra

    return [Engine("NumPy, int64", claims, shares), Engine("NumPy, int64, fund only", claims, fund)]
