"""The law: dated parameters and decision tables from YAML, pure rules on integers, and the reason for every amount.

No clock, no database; the only IO is `load_pack` reading the policy folder.
"""

from tongban.law.errors import FilingTermsUnknown, PolicyError
from tongban.law.model import (
    Assessment,
    BenefitPath,
    Breakdown,
    Case,
    FilingDecision,
    FilingOutcome,
    FilingQuestion,
    FilingTerms,
    InpatientCase,
    Material,
    OutpatientCase,
    SourceLine,
    Step,
    Undetermined,
    UsedValue,
)
from tongban.law.rules.inpatient import InpatientBreakdown
from tongban.law.rules.outpatient import OutpatientBreakdown

__all__ = [
    "Assessment",
    "BenefitPath",
    "Breakdown",
    "Case",
    "FilingDecision",
    "FilingOutcome",
    "FilingQuestion",
    "FilingTerms",
    "FilingTermsUnknown",
    "InpatientBreakdown",
    "InpatientCase",
    "Material",
    "OutpatientBreakdown",
    "OutpatientCase",
    "PolicyError",
    "SourceLine",
    "Step",
    "Undetermined",
    "UsedValue",
]
