"""What there is to tell: per rule its amounts, the slots of the values it uses, and the words of its cases.

A new rule is entered in `CASE_TYPES`, `FIELDS` and `SLOTS`; its steps are then written in explanations.yaml.
"""

from collections.abc import Mapping
from datetime import date

from tongban.law.model import CASE_TYPES, CASE_WORDS, AccountReason
from tongban.law.rules.account_only import AccountOnlyBreakdown
from tongban.law.rules.chronic import ChronicBreakdown
from tongban.law.rules.inpatient import InpatientBreakdown
from tongban.law.rules.maternity import MaternityBreakdown
from tongban.law.rules.outpatient import OutpatientBreakdown

# What makes two bills of the same kind, besides the used values: all of a case but its days and numbers.
KIND_WORDS: Mapping[str, tuple[str, ...]] = {
    rule: tuple(name for name, each in case.__annotations__.items() if each not in (int, date))
    for rule, case in CASE_TYPES.items()
}

FIELDS: Mapping[str, tuple[str, ...]] = {
    "inpatient": InpatientBreakdown._fields,
    "outpatient": OutpatientBreakdown._fields,
    "chronic": ChronicBreakdown._fields,
    "maternity": MaternityBreakdown._fields,
    "account_only": AccountOnlyBreakdown._fields,
}

SLOTS: Mapping[str, tuple[str, ...]] = {
    "inpatient": (
        "deductible",
        "second_stay",
        "later_stay",
        "rate",
        "adjustment",
        "ceiling",
        "critical_threshold",
        "critical_rate",
        "critical_second_threshold",
        "critical_second_rate",
        "critical_is_banded",
        "critical_ceiling",
    ),
    "outpatient": ("deductible", "deductible_annual", "rate", "adjustment", "visit_ceiling", "ceiling"),
    "chronic": ("deductible", "rate", "adjustment", "ceiling"),
    "maternity": ("quota",),
    "account_only": tuple(str(reason) for reason in AccountReason),
}


def case_words(rule: str) -> tuple[str, ...]:
    """The words of a rule's case that a text may use: a stay has a price class, a visit for a disease has none."""
    return tuple(name for name in CASE_TYPES[rule]._fields if name in CASE_WORDS)
