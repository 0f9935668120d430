"""One outpatient visit for a recognised chronic disease (门诊慢特病), or for drugs under the 两病 scheme."""

from typing import NamedTuple

from tongban.kernel.money import share_half_up
from tongban.law.rules.outpatient import NO_LIMIT

GOVERNING_DATE = "R-1"  # the reading that says whether the day of settling or the day of care governs


class ChronicTerms(NamedTuple):
    """The law for one disease on one day, resolved to integers (fen, basis points).

    Deductible and ceiling are those of one disease in one benefit year. The ceiling may be NO_LIMIT.
    """

    deductible_fen: int
    rate_bp: int
    adjustment_bp: int
    ceiling_fen: int


class ChronicBill(NamedTuple):
    """The amounts of one visit and what the year holds for the same disease before it, in fen."""

    total_fen: int
    self_funded_fen: int
    over_price_cap_fen: int
    preselfpay_fen: int
    in_scope_fen: int
    pooled_before_fen: int
    deductible_before_fen: int


class ChronicBreakdown(NamedTuple):
    """Every intermediate amount, in the order of the working."""

    status: int
    total_fen: int
    self_funded_fen: int
    over_price_cap_fen: int
    preselfpay_fen: int
    in_scope_fen: int
    deductible_standard_fen: int
    deductible_before_fen: int
    deductible_due_fen: int
    deductible_fen: int
    above_fen: int
    rate_bp: int
    adjustment_bp: int
    final_rate_bp: int
    computed_fen: int
    ceiling_fen: int
    pooled_before_fen: int
    room_fen: int
    pooled_fund_fen: int
    critical_illness_fen: int
    medical_assistance_fen: int
    person_share_fen: int


def chronic(bill: ChronicBill, terms: ChronicTerms) -> ChronicBreakdown:
    """Who pays what of one visit. Amounts in fen, rounded half up where a rate is applied; shares add up to the total.

    Governing date: R-1, as for a stay (the day of settling, unless the pool reads it as the day of care).

    Order of the articles: what is left of the disease's deductible of the year → what lies above → rate plus
    percentage points → room under the disease's ceiling of the year → the person. No text says that critical-illness
    insurance counts what then stays with the person, so it does not.
    """
    deductible_due_fen = max(terms.deductible_fen - bill.deductible_before_fen, 0)
    deductible_fen = min(deductible_due_fen, bill.in_scope_fen)
    above_fen = bill.in_scope_fen - deductible_fen

    final_rate_bp = min(max(terms.rate_bp + terms.adjustment_bp, 0), 10_000)
    computed_fen = share_half_up(above_fen, final_rate_bp)
    # Where the texts set no limit there is room for whatever is due.
    room_fen = computed_fen
    if terms.ceiling_fen != NO_LIMIT:
        room_fen = max(terms.ceiling_fen - bill.pooled_before_fen, 0)
    pooled_fund_fen = min(computed_fen, room_fen)

    return ChronicBreakdown(
        0,
        bill.total_fen,
        bill.self_funded_fen,
        bill.over_price_cap_fen,
        bill.preselfpay_fen,
        bill.in_scope_fen,
        terms.deductible_fen,
        bill.deductible_before_fen,
        deductible_due_fen,
        deductible_fen,
        above_fen,
        terms.rate_bp,
        terms.adjustment_bp,
        final_rate_bp,
        computed_fen,
        terms.ceiling_fen,
        bill.pooled_before_fen,
        room_fen,
        pooled_fund_fen,
        0,
        0,
        bill.total_fen - pooled_fund_fen,
    )
