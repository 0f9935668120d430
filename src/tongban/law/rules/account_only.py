"""A purchase or a bill of which the funds pay nothing: at a pharmacy, or while contributions are owed."""

from typing import NamedTuple

GOVERNING_DATE = "visited_on"  # the day of care: what is owed, and where one buys, is a fact of that day


class AccountOnlyBill(NamedTuple):
    total_fen: int
    self_funded_fen: int
    over_price_cap_fen: int
    preselfpay_fen: int
    in_scope_fen: int


class AccountOnlyBreakdown(NamedTuple):
    """The same words as every other breakdown; all that the funds would pay is 0."""

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
    room_fen: int
    pooled_fund_fen: int
    critical_illness_fen: int
    medical_assistance_fen: int
    person_share_fen: int


def account_only(bill: AccountOnlyBill) -> AccountOnlyBreakdown:
    """Everything is the person's own part, in fen; the personal account may pay it, which is not this rule's to say.

    Governing date: visited_on, the day of care, not the day of settling.
    """
    return AccountOnlyBreakdown(
        bill.total_fen,
        bill.self_funded_fen,
        bill.over_price_cap_fen,
        bill.preselfpay_fen,
        bill.in_scope_fen,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        bill.total_fen,
    )
