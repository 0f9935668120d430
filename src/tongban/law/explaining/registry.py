"""What there is to tell: per rule its amounts, the slots of the values it uses, and the words of its cases.

A new rule is entered in `CASES`, `FIELDS` and `SLOTS`; its steps are then written in explanations.yaml.
"""

from collections.abc import Mapping
from datetime import date

from tongban.kernel.vocabulary import InsuranceType, Locality, PersonnelCategory, PriceClass, Word
from tongban.law.model import BenefitPath, Case, InpatientCase, OutpatientCase
from tongban.law.rules.inpatient import InpatientBreakdown
from tongban.law.rules.outpatient import OutpatientBreakdown

CASE_WORDS: Mapping[str, type[Word]] = {
    "insurance_type": InsuranceType,
    "category": PersonnelCategory,
    "locality": Locality,
    "path": BenefitPath,
    "price_class": PriceClass,
}

CASES: Mapping[str, type[Case]] = {"inpatient": InpatientCase, "outpatient": OutpatientCase}

# What makes two bills of the same kind, besides the used values: all of a case but its days and numbers.
KIND_WORDS: Mapping[str, tuple[str, ...]] = {
    rule: tuple(name for name, each in case.__annotations__.items() if each not in (int, date))
    for rule, case in CASES.items()
}

FIELDS: Mapping[str, tuple[str, ...]] = {
    "inpatient": InpatientBreakdown._fields,
    "outpatient": OutpatientBreakdown._fields,
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
}
