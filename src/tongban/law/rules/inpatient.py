"""One stay. Interpreted for one bill, compiled for millions (`tongban.law.compiled`): there is no second version."""

from typing import NamedTuple

from tongban.kernel.money import share_half_up

GOVERNING_DATE = "R-1"  # the reading that says whether the day of settling or the day of admission governs

NO_SCHEME = -1  # a term that does not exist for this insurance, such as critical-illness insurance of employees

COMPUTED = 0
CEILING_PASSED = 1  # more is due than the basic ceiling leaves, and no source says what the next scheme then pays


class InpatientTerms(NamedTuple):
    """The law for one kind of stay on one day, resolved to integers (fen, basis points).

    `second_stay_bp` and `later_stay_bp` say how much of the deductible the second and every later stay of the year
    still owes. `critical_is_banded`: 1 if the second rate of critical-illness insurance takes over where the first
    ends, 0 if it is applied once more to what the person still bears after the first.
    """

    deductible_fen: int
    second_stay_bp: int
    later_stay_bp: int
    rate_bp: int
    adjustment_bp: int
    ceiling_fen: int
    critical_threshold_fen: int
    critical_rate_bp: int
    critical_second_threshold_fen: int
    critical_second_rate_bp: int
    critical_is_banded: int
    critical_ceiling_fen: int


class InpatientBill(NamedTuple):
    """The amounts of one stay and the year's totals before it, in fen. None is negative; the parts add up."""

    total_fen: int
    self_funded_fen: int
    over_price_cap_fen: int
    preselfpay_fen: int
    in_scope_fen: int
    stays_before: int
    pooled_before_fen: int
    borne_before_fen: int
    critical_illness_before_fen: int


class InpatientBreakdown(NamedTuple):
    """Every intermediate amount, in the order of the working."""

    status: int
    total_fen: int
    self_funded_fen: int
    over_price_cap_fen: int
    preselfpay_fen: int
    in_scope_fen: int
    stay_number: int
    deductible_standard_fen: int
    deductible_share_bp: int
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
    borne_fen: int
    borne_year_fen: int
    critical_first_base_fen: int
    critical_first_fen: int
    critical_second_base_fen: int
    critical_second_fen: int
    critical_year_fen: int
    critical_before_fen: int
    critical_room_fen: int
    critical_illness_fen: int
    medical_assistance_fen: int
    person_share_fen: int


def inpatient(bill: InpatientBill, terms: InpatientTerms) -> InpatientBreakdown:
    """Who pays what of one stay. Fen, rounded half up where a rate is applied; the shares add up to the total.

    Governing date: R-1 (the day of settling, unless the pool reads it as the day of admission; the caller resolves
    `terms` for it). Whether a filing is valid is judged on the admission date, before this rule is asked. The yearly
    ceiling is that of the year of settlement.

    Order of the articles: deductible (less for later stays of the year) → what lies above → rate plus percentage
    points, never multiplied → room under the yearly ceiling → critical-illness insurance on what the person has borne
    in the year so far, less what it already paid → the person. Medical assistance stays 0: no source gives its figures.
    """
    deductible_share_bp = 10_000
    if bill.stays_before == 1:
        deductible_share_bp = terms.second_stay_bp
    elif bill.stays_before > 1:
        deductible_share_bp = terms.later_stay_bp
    deductible_due_fen = share_half_up(terms.deductible_fen, deductible_share_bp)
    deductible_fen = min(deductible_due_fen, bill.in_scope_fen)
    above_fen = bill.in_scope_fen - deductible_fen

    final_rate_bp = min(max(terms.rate_bp + terms.adjustment_bp, 0), 10_000)
    computed_fen = share_half_up(above_fen, final_rate_bp)
    room_fen = max(terms.ceiling_fen - bill.pooled_before_fen, 0)
    pooled_fund_fen = min(computed_fen, room_fen)

    borne_fen = bill.in_scope_fen - pooled_fund_fen
    borne_year_fen = bill.borne_before_fen + borne_fen
    status = COMPUTED
    critical_first_base_fen = 0
    critical_first_fen = 0
    critical_second_base_fen = 0
    critical_second_fen = 0
    critical_year_fen = 0
    critical_room_fen = 0
    critical_illness_fen = 0
    if terms.critical_threshold_fen == NO_SCHEME:
        if computed_fen > room_fen:
            status = CEILING_PASSED
    else:
        first_to_fen = borne_year_fen
        if terms.critical_is_banded == 1:
            first_to_fen = min(borne_year_fen, terms.critical_second_threshold_fen)
        critical_first_base_fen = max(first_to_fen - terms.critical_threshold_fen, 0)
        critical_first_fen = share_half_up(critical_first_base_fen, terms.critical_rate_bp)
        second_to_fen = borne_year_fen
        if terms.critical_is_banded == 0:
            second_to_fen = borne_year_fen - critical_first_fen
        critical_second_base_fen = max(second_to_fen - terms.critical_second_threshold_fen, 0)
        critical_second_fen = share_half_up(critical_second_base_fen, terms.critical_second_rate_bp)
        critical_year_fen = critical_first_fen + critical_second_fen
        critical_room_fen = max(terms.critical_ceiling_fen - bill.critical_illness_before_fen, 0)
        # Never more than this stay left to be borne: earlier stays are settled and stay as they are.
        due_now_fen = max(critical_year_fen - bill.critical_illness_before_fen, 0)
        critical_illness_fen = min(due_now_fen, critical_room_fen, borne_fen)

    return InpatientBreakdown(
        status,
        bill.total_fen,
        bill.self_funded_fen,
        bill.over_price_cap_fen,
        bill.preselfpay_fen,
        bill.in_scope_fen,
        bill.stays_before + 1,
        terms.deductible_fen,
        deductible_share_bp,
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
        borne_fen,
        borne_year_fen,
        critical_first_base_fen,
        critical_first_fen,
        critical_second_base_fen,
        critical_second_fen,
        critical_year_fen,
        bill.critical_illness_before_fen,
        critical_room_fen,
        critical_illness_fen,
        0,
        bill.total_fen - pooled_fund_fen - critical_illness_fen,
    )
