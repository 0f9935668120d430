"""The law: dated parameters and decision tables from YAML, pure rules on integers, and the reason for every amount.

No clock, no database; the only IO is `load_pack` reading the policy folder.
"""

from tongban.law.assess import (
    GOVERNING_DATES,
    assess,
    assess_account_only,
    assess_chronic,
    assess_inpatient,
    assess_maternity,
    assess_outpatient,
    case_from_record,
    recompute,
)
from tongban.law.decide import (
    benefit_path,
    decide_filing,
    filing_terms,
    locality,
    pooled_benefit_in_arrears,
    price_class,
)
from tongban.law.errors import CaseRefused, FilingTermsUnknown, PolicyError
from tongban.law.explain import steps
from tongban.law.in_force import InForce, first_day, in_force
from tongban.law.loading.load import load_pack, pack_of
from tongban.law.model import (
    CASE_TYPES,
    WITHOUT_SOURCE,
    AccountOnlyCase,
    AccountReason,
    Assessment,
    BenefitPath,
    Breakdown,
    Case,
    ChronicCase,
    FilingDecision,
    FilingOutcome,
    FilingQuestion,
    FilingTerms,
    InpatientCase,
    Material,
    MaternityCase,
    OutpatientCase,
    SourceLine,
    Step,
    Undetermined,
    UsedValue,
)
from tongban.law.pack import Pack, UsedList
from tongban.law.rules.account_only import AccountOnlyBreakdown
from tongban.law.rules.chronic import ChronicBreakdown
from tongban.law.rules.inpatient import InpatientBreakdown
from tongban.law.rules.maternity import MaternityBreakdown
from tongban.law.rules.outpatient import NO_LIMIT, OutpatientBreakdown
from tongban.law.year import (
    BillShares,
    Rederived,
    YearTotals,
    added_by,
    inpatient_after,
    outpatient_after,
    rederive_year,
)

__all__ = [
    "load_pack",
    "pack_of",
    "Pack",
    "UsedList",
    "PolicyError",
    "decide_filing",
    "pooled_benefit_in_arrears",
    "FilingQuestion",
    "FilingDecision",
    "FilingOutcome",
    "filing_terms",
    "FilingTerms",
    "FilingTermsUnknown",
    "Material",
    "locality",
    "price_class",
    "benefit_path",
    "BenefitPath",
    "assess_inpatient",
    "InpatientCase",
    "InpatientBreakdown",
    "assess_outpatient",
    "OutpatientCase",
    "OutpatientBreakdown",
    "NO_LIMIT",
    "assess_chronic",
    "ChronicCase",
    "ChronicBreakdown",
    "assess_maternity",
    "MaternityCase",
    "MaternityBreakdown",
    "assess_account_only",
    "AccountOnlyCase",
    "AccountReason",
    "AccountOnlyBreakdown",
    "assess",
    "CASE_TYPES",
    "CaseRefused",
    "GOVERNING_DATES",
    "Assessment",
    "Breakdown",
    "Case",
    "Undetermined",
    "UsedValue",
    "WITHOUT_SOURCE",
    "in_force",
    "InForce",
    "first_day",
    "steps",
    "Step",
    "SourceLine",
    "recompute",
    "case_from_record",
    "rederive_year",
    "Rederived",
    "BillShares",
    "YearTotals",
    "added_by",
    "inpatient_after",
    "outpatient_after",
]
