"""One stay for giving birth: a fixed quota instead of deductible and rate."""

from typing import NamedTuple

GOVERNING_DATE = "R-1"  # the reading that says whether the day of settling or the day of admission governs

_IN_FULL_BP = 10_000


class MaternityTerms(NamedTuple):
    """The quota in fen for one kind of delivery at one level of hospital (一级 to 三级, not the price class)."""

    quota_fen: int


class MaternityBill(NamedTuple):
    """The amounts of one stay, in fen, and what the fund has already paid of the same quota (check-ups before)."""

    total_fen: int
    self_funded_fen: int
    over_price_cap_fen: int
    preselfpay_fen: int
    in_scope_fen: int
    quota_used_before_fen: int


class MaternityBreakdown(NamedTuple):
    """Every intermediate amount, in the order of the working. There is no deductible, and the rate is 100 %."""

    status: int
    total_fen: int
    self_funded_fen: int
    over_price_cap_fen: int
    preselfpay_fen: int
    in_scope_fen: int
    deductible_fen: int
    rate_bp: int
    adjustment_bp: int
    final_rate_bp: int
    computed_fen: int
    quota_fen: int
    quota_used_before_fen: int
    room_fen: int
    pooled_fund_fen: int
    critical_illness_fen: int
    medical_assistance_fen: int
    person_share_fen: int


def maternity(bill: MaternityBill, terms: MaternityTerms) -> MaternityBreakdown:
    """Who pays what of a stay for giving birth. Amounts in fen; the shares add up to the total.

    Governing date: R-1, as for any stay (the day of settling, unless the pool reads it as the day of admission).

    Order: what is in scope, in full → what is left of the quota → the person. The fund pays at most the quota and never
    more than is in scope. No text says that the quota counts towards the ceiling of stays or that critical-illness
    insurance takes over beyond it, so neither is assumed.
    """
    room_fen = max(terms.quota_fen - bill.quota_used_before_fen, 0)
    pooled_fund_fen = min(bill.in_scope_fen, room_fen)
    return MaternityBreakdown(
        0,
        bill.total_fen,
        bill.self_funded_fen,
        bill.over_price_cap_fen,
        bill.preselfpay_fen,
        bill.in_scope_fen,
        0,
        _IN_FULL_BP,
        0,
        _IN_FULL_BP,
        bill.in_scope_fen,
        terms.quota_fen,
        bill.quota_used_before_fen,
        room_fen,
        pooled_fund_fen,
        0,
        0,
        bill.total_fen - pooled_fund_fen,
    )
