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


class Posting(NamedTuple):
    ledger_account: str
    amount_fen: Fen


class Balance(NamedTuple):
    """`version` moves with every change, so that a payment computed from an older balance is not written."""

    balance_fen: Fen
    version: int


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """`reference` is the number of what happened (a settlement number); `corrects_entry_id` the entry it takes back."""

    entry_id: int
    what: EntryKind
    reference: str
    corrects_entry_id: int | None
    happened_at: datetime
    postings: tuple[Posting, ...]
