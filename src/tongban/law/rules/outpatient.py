"""One ordinary outpatient visit."""

from typing import NamedTuple

from tongban.kernel.money import share_half_up

GOVERNING_DATE = "R-1"  # the reading that says whether the day of settling or the day of care governs

NO_LIMIT = -2  # the texts set no such limit; different from a limit nobody knows, which never reaches the rule


class OutpatientTerms(NamedTuple):
    """The law for one kind of visit on one day, resolved to integers (fen, basis points)."""

    deductible_fen: int
    deductible_annual_fen: int
    rate_bp: int
    adjustment_bp: int
    visit_ceiling_fen: int
    ceiling_fen: int


class OutpatientBill(NamedTuple):
    total_fen: int
    self_funded_fen: int
    over_price_cap_fen: int
    preselfpay_fen: int
    in_scope_fen: int
    pooled_before_fen: int
    deductible_before_fen: int


class OutpatientBreakdown(NamedTuple):
    """Every intermediate amount, in the order of the working. A limit that does not exist is NO_LIMIT."""

    status: int
    total_fen: int
    self_funded_fen: int
    over_price_cap_fen: int
    preselfpay_fen: int
    in_scope_fen: int
    deductible_standard_fen: int
    deductible_annual_fen: int
    deductible_before_fen: int
    deductible_due_fen: int
    deductible_fen: int
    above_fen: int
    rate_bp: int
    adjustment_bp: int
    final_rate_bp: int
    computed_fen: int
    visit_ceiling_fen: int
    ceiling_fen: int
    pooled_before_fen: int
    room_fen: int
    pooled_fund_fen: int
    critical_illness_fen: int
    medical_assistance_fen: int
    person_share_fen: int


def outpatient(bill: OutpatientBill, terms: OutpatientTerms) -> OutpatientBreakdown:
    """Who pays what of one visit. Amounts in fen, rounded half up where a rate is applied; shares add up to the total.

    Governing date: R-1, as for a stay (the day of settling, unless the pool reads it as the day of care).

    Order: deductible per visit, none once the year's deductibles have reached their limit → rate plus percentage
    points → limit per visit → room under the year's limit → the person. What stays with the person is not counted by
    critical-illness insurance, which speaks of stays.
    """
    deductible_due_fen = terms.deductible_fen
    if terms.deductible_annual_fen != NO_LIMIT:
        deductible_due_fen = min(deductible_due_fen, max(terms.deductible_annual_fen - bill.deductible_before_fen, 0))
    deductible_fen = min(deductible_due_fen, bill.in_scope_fen)
    above_fen = bill.in_scope_fen - deductible_fen

    final_rate_bp = min(max(terms.rate_bp + terms.adjustment_bp, 0), 10_000)
    computed_fen = share_half_up(above_fen, final_rate_bp)
    room_fen = max(terms.ceiling_fen - bill.pooled_before_fen, 0)
    pooled_fund_fen = min(computed_fen, room_fen)
    if terms.visit_ceiling_fen != NO_LIMIT:
        pooled_fund_fen = min(pooled_fund_fen, terms.visit_ceiling_fen)

    return OutpatientBreakdown(
        0,
        bill.total_fen,
        bill.self_funded_fen,
        bill.over_price_cap_fen,
        bill.preselfpay_fen,
        bill.in_scope_fen,
        terms.deductible_fen,
        terms.deductible_annual_fen,
        bill.deductible_before_fen,
        deductible_due_fen,
        deductible_fen,
        above_fen,
        terms.rate_bp,
        terms.adjustment_bp,
        final_rate_bp,
        computed_fen,
        terms.visit_ceiling_fen,
        terms.ceiling_fen,
        bill.pooled_before_fen,
        room_fen,
        pooled_fund_fen,
        0,
        0,
        bill.total_fen - pooled_fund_fen,
    )
