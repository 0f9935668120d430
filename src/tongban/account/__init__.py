"""The personal account and the double-entry ledger that explains every fen of it."""

from tongban.account.errors import AccountExists
from tongban.account.fragments import (
    CORRECTION_CTE,
    CORRECTION_POSTING_CTE,
    CREDIT_CTE,
    DEBIT_CTE,
    ENTRY_CTE,
    LOCK_SQL,
    POSTING_CTE,
)
from tongban.account.model import (
    OPENING_ACCOUNT,
    Balance,
    EntryKind,
    Fund,
    LedgerEntry,
    Posting,
    advance_account,
    critical_illness_fund,
    institution_account,
    personal_account,
    pool_account,
    pooled_fund,
    receivable_account,
)
from tongban.account.rules import care_postings
from tongban.account.service import balance, ledger_of, load_opening_balances, open_account

__all__ = [
    "balance",
    "open_account",
    "load_opening_balances",
    "ledger_of",
    "care_postings",
    "Balance",
    "LedgerEntry",
    "Posting",
    "EntryKind",
    "Fund",
    "pooled_fund",
    "critical_illness_fund",
    "institution_account",
    "pool_account",
    "personal_account",
    "advance_account",
    "receivable_account",
    "OPENING_ACCOUNT",
    "ENTRY_CTE",
    "POSTING_CTE",
    "CORRECTION_CTE",
    "CORRECTION_POSTING_CTE",
    "DEBIT_CTE",
    "CREDIT_CTE",
    "LOCK_SQL",
    "AccountExists",
]
