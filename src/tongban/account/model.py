"""The double-entry ledger: what an account of it means, and what a posting says.

A posting is a plus (the account receives) or a minus (it pays); an entry is one event and its postings add up to zero.
What each account means, and why care away from home needs four of them, is told in `docs/concepts/settlement.md`.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from tongban.kernel.money import Fen
from tongban.kernel.vocabulary import InsuranceType, Word


class EntryKind(Word):
    OPENING = "opening", "期初余额"
    SETTLEMENT = "settlement", "结算"
    CANCELLATION = "cancellation", "撤销结算"
    PREMIUM = "premium", "缴费"
    CONTRIBUTION = "contribution", "划入"
    MUTUAL_AID = "mutual_aid", "帮家人付"
    MUTUAL_AID_RETURN = "mutual_aid_return", "帮家人付的退回"
    PREMIUM_RETURN = "premium_return", "缴费退回"
    PAYOUT = "payout", "打款"
    PAYOUT_RETURN = "payout_return", "打款退回"


class Fund(Word):
    """The funds of a pool that pay care."""

    EMPLOYEE_POOLED = "employee_pooled", "职工医保统筹基金"
    RESIDENT_POOLED = "resident_pooled", "居民医保统筹基金"
    LARGE_EXPENSE = "large_expense", "职工大额医疗费用补助"
    CRITICAL_ILLNESS = "critical_illness", "居民大病保险"
    MEDICAL_ASSISTANCE = "medical_assistance", "医疗救助"


def pooled_fund(insurance_type: InsuranceType) -> Fund:
    return Fund.EMPLOYEE_POOLED if insurance_type is InsuranceType.EMPLOYEE else Fund.RESIDENT_POOLED


def critical_illness_fund(insurance_type: InsuranceType) -> Fund:
    """Residents have critical-illness insurance, employees the large-expense subsidy in its place."""
    return Fund.LARGE_EXPENSE if insurance_type is InsuranceType.EMPLOYEE else Fund.CRITICAL_ILLNESS


# Where opening balances come from: the books kept before this ledger began.
OPENING_ACCOUNT = "opening"


def institution_account(institution_code: str) -> str:
    """What a hospital or pharmacy is to receive; never holds the cash it took at its own counter."""
    return f"institution:{institution_code}"


def pool_account(pool_code: str, fund: Fund) -> str:
    return f"pool:{pool_code}:{fund}"


def personal_account(person_id: int) -> str:
    return f"personal:{person_id}"


def advance_account(treatment_pool: str, insured_pool: str) -> str:
    """Minus: what the treating region has laid out for people of the insured region."""
    return f"advance:{treatment_pool}:{insured_pool}"


def receivable_account(treatment_pool: str, insured_pool: str) -> str:
    """Plus: what the insured region's funds have set aside for the treating region and not yet transferred."""
    return f"receivable:{treatment_pool}:{insured_pool}"


def payout_account(claim_number: str) -> str:
    """What a person is to be paid for care they paid in full themselves, until the bank has paid it out."""
    return f"payout:{claim_number}"


def bank_account(pool_code: str) -> str:
    """Plus: what the bank has paid out for this pool."""
    return f"bank:{pool_code}"


def aid_account(receiver_pool: str, giver_pool: str) -> str:
    """Between a giver's entry (plus) and the receiver's (minus), both insured in one pool: always back to zero.

    Across pools it is two accounts, as for care elsewhere: see the next two.
    """
    assert receiver_pool == giver_pool
    return f"aid:{giver_pool}"


def aid_advance_account(receiver_pool: str, giver_pool: str) -> str:
    """Minus: what the receiver's region has laid out for a relative's personal account in the giver's region."""
    return f"aid_advance:{receiver_pool}:{giver_pool}"


def aid_receivable_account(receiver_pool: str, giver_pool: str) -> str:
    """Plus: what personal accounts of the giver's region have paid and that region has not yet transferred."""
    return f"aid_receivable:{receiver_pool}:{giver_pool}"


def premium_account(pool_code: str) -> str:
    """Plus: premiums of a pool's residents on their way to the tax office, which collects them."""
    return f"premium:{pool_code}"


class Posting(NamedTuple):
    ledger_account: str
    amount_fen: Fen


class Balance(NamedTuple):
    """`version` moves with every change, so that a payment computed from an older balance is not written.

    `reserved_fen` is the part of the balance that is set apart for relatives.
    """

    balance_fen: Fen
    version: int
    reserved_fen: Fen = 0

    @property
    def spendable_fen(self) -> Fen:
        """What the holder can spend."""
        return self.balance_fen - self.reserved_fen


class AidPaid(NamedTuple):
    """What one relative's personal account pays of a bill. The relative is insured in `giver_pool`."""

    giver_id: int
    giver_pool: str
    amount_fen: Fen


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """`reference` is the number of what happened (a settlement number); `corrects_entry_id` the entry it takes back."""

    entry_id: int
    what: EntryKind
    reference: str
    corrects_entry_id: int | None
    happened_at: datetime
    postings: tuple[Posting, ...]
