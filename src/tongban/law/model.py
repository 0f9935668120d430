"""The words of the law's front door: questions, decisions, cases, assessments and the steps that explain them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar, get_args

from tongban.kernel.vocabulary import (
    CareKind,
    ChronicDisease,
    Confidence,
    DeliveryKind,
    FilingKind,
    InstitutionLevel,
    InsuranceType,
    Locality,
    MedicationScheme,
    PersonnelCategory,
    PriceClass,
    Situation,
    Word,
)
from tongban.law.frozen import ReadOnly, UsedRecord
from tongban.law.rules.account_only import AccountOnlyBreakdown
from tongban.law.rules.chronic import ChronicBreakdown
from tongban.law.rules.inpatient import InpatientBreakdown
from tongban.law.rules.maternity import MaternityBreakdown
from tongban.law.rules.outpatient import OutpatientBreakdown


class FilingOutcome(Word):
    """What the decision table answers to "must this be filed first?"."""

    NOT_NEEDED = "not_needed", "不用备案"
    DEEMED = "deemed", "视同已备案"
    MUST_FILE = "must_file", "要先备案"
    HOSPITAL_FILES = "hospital_files", "由医院办转诊备案"
    UNDETERMINED = "undetermined", "没有查到规定"


class BenefitPath(Word):
    """By which way a bill is settled: the key of rates and adjustments."""

    HOME = "home", "按参保地待遇"
    LONG_TERM = "long_term", "长期居住备案"
    REFERRAL = "referral", "转诊"
    EMERGENCY = "emergency", "急诊抢救"
    OWN_CHOICE = "own_choice", "没有转诊"


class AccountReason(Word):
    """Why the funds pay nothing and only the personal account may."""

    PHARMACY = "pharmacy", "药店购药"
    ARREARS = "arrears", "欠缴"


class SourceLine(NamedTuple):
    """One source as a page shows it. `since` is the first day the value is in force; None for a table row
    without a date of its own."""

    title: str
    article: str
    url: str
    confidence: Confidence
    since: date | None


@dataclass(frozen=True, slots=True)
class Undetermined:
    """No source says: why (a plain sentence), which parameters are missing, and whose agency to ask."""

    reason: str
    missing: tuple[str, ...]
    ask: str


@dataclass(frozen=True, slots=True)
class FilingQuestion:
    """`treatment_pool` is optional: a few places have a rule of their own (忻州 to 太原)."""

    insured_pool: str
    insurance_type: InsuranceType
    locality: Locality
    situation: Situation
    care: CareKind
    on: date
    treatment_pool: str = ""


Outcome = TypeVar("Outcome", bound=str)


@dataclass(frozen=True, slots=True)
class Decision(Generic[Outcome]):
    """What a row of a decision table answers.

    `conflict` is the id of the recorded contradiction whose chosen reading picked the row; empty if there is none.
    `ask` names the agency to ask when the outcome is undetermined.
    """

    outcome: Outcome
    sentence: str
    row_id: str
    sources: tuple[SourceLine, ...]
    confidence: Confidence
    conflict: str
    ask: str


FilingDecision: TypeAlias = Decision[FilingOutcome]


@dataclass(frozen=True, slots=True)
class Material:
    """A paper to have ready. Materials with the same non-empty `one_of` are alternatives: any one of them will do."""

    code: str
    zh: str
    sentence: str
    one_of: str


@dataclass(frozen=True, slots=True)
class FilingTerms:
    """`months_valid` None: open-ended. `stays_max` None: any number of stays. `serves_whole_stay`: also when the last
    day comes while the person is in hospital. `backdate_days_max`: how far before the day of filing the start may lie
    while the stay is still open. `conflicts` names the readings behind the terms."""

    kind: FilingKind
    months_valid: int | None
    stays_max: int | None
    serves_whole_stay: bool
    backdate_days_max: int
    must_start_before_admission: bool
    materials: tuple[Material, ...]
    scopes: frozenset[CareKind]
    definition: str
    sources: tuple[SourceLine, ...]
    confidence: Confidence
    conflicts: tuple[str, ...]


class InpatientCase(NamedTuple):
    """One stay as the law sees it, amounts in fen; the five amounts add up to the total.

    The four `…_before` fields are the benefit year's totals before this stay: stays, pooled-fund payments, in-scope
    cost borne by the person, critical-illness payments.
    """

    insured_pool: str
    insurance_type: InsuranceType
    category: PersonnelCategory
    locality: Locality
    path: BenefitPath
    price_class: PriceClass
    admitted_on: date
    settled_on: date
    total_fen: int
    self_funded_fen: int
    over_price_cap_fen: int
    preselfpay_fen: int
    in_scope_fen: int
    stays_before: int = 0
    pooled_before_fen: int = 0
    borne_before_fen: int = 0
    critical_illness_before_fen: int = 0


class OutpatientCase(NamedTuple):
    """One visit. `pooled_before_fen` and `deductible_before_fen` are the benefit year's outpatient totals before it."""

    insured_pool: str
    insurance_type: InsuranceType
    category: PersonnelCategory
    locality: Locality
    path: BenefitPath
    price_class: PriceClass
    visited_on: date
    settled_on: date
    total_fen: int
    self_funded_fen: int
    over_price_cap_fen: int
    preselfpay_fen: int
    in_scope_fen: int
    pooled_before_fen: int = 0
    deductible_before_fen: int = 0


class ChronicCase(NamedTuple):
    """One visit for a recognised chronic disease, or for drugs under the 两病 scheme.

    `pooled_before_fen` and `deductible_before_fen` are the benefit year's totals before it of this disease alone.
    """

    insured_pool: str
    insurance_type: InsuranceType
    category: PersonnelCategory
    locality: Locality
    path: BenefitPath
    disease: ChronicDisease | MedicationScheme
    visited_on: date
    settled_on: date
    total_fen: int
    self_funded_fen: int
    over_price_cap_fen: int
    preselfpay_fen: int
    in_scope_fen: int
    pooled_before_fen: int = 0
    deductible_before_fen: int = 0


class MaternityCase(NamedTuple):
    """One stay for giving birth. `quota_used_before_fen`: what the fund has already paid of the same quota."""

    insured_pool: str
    insurance_type: InsuranceType
    category: PersonnelCategory
    locality: Locality
    path: BenefitPath
    delivery: DeliveryKind
    institution_level: InstitutionLevel
    admitted_on: date
    settled_on: date
    total_fen: int
    self_funded_fen: int
    over_price_cap_fen: int
    preselfpay_fen: int
    in_scope_fen: int
    quota_used_before_fen: int = 0


class AccountOnlyCase(NamedTuple):
    """One bill that the funds pay nothing of. Records made before `locality` was kept are read as care at home."""

    reason: AccountReason
    insured_pool: str
    insurance_type: InsuranceType
    category: PersonnelCategory
    visited_on: date
    settled_on: date
    total_fen: int
    self_funded_fen: int
    over_price_cap_fen: int
    preselfpay_fen: int
    in_scope_fen: int
    locality: Locality = Locality.SAME_POOL
    treatment_pool: str = ""


# The fields of a case that hold a word, and the vocabularies the word may come from.
CASE_WORDS: Mapping[str, tuple[type[Word], ...]] = {
    "insurance_type": (InsuranceType,),
    "category": (PersonnelCategory,),
    "locality": (Locality,),
    "path": (BenefitPath,),
    "price_class": (PriceClass,),
    "disease": (ChronicDisease, MedicationScheme),
    "delivery": (DeliveryKind,),
    "institution_level": (InstitutionLevel,),
    "reason": (AccountReason,),
}

Case: TypeAlias = InpatientCase | OutpatientCase | ChronicCase | MaternityCase | AccountOnlyCase
Breakdown: TypeAlias = (
    InpatientBreakdown | OutpatientBreakdown | ChronicBreakdown | MaternityBreakdown | AccountOnlyBreakdown
)

# By the name of the rule: the same name stands in records, case files and explanations.
CASE_TYPES: Mapping[str, type[Case]] = {
    "inpatient": InpatientCase,
    "outpatient": OutpatientCase,
    "chronic": ChronicCase,
    "maternity": MaternityCase,
    "account_only": AccountOnlyCase,
}
BREAKDOWN_TYPES: Mapping[str, type[Breakdown]] = {
    "inpatient": InpatientBreakdown,
    "outpatient": OutpatientBreakdown,
    "chronic": ChronicBreakdown,
    "maternity": MaternityBreakdown,
    "account_only": AccountOnlyBreakdown,
}


# Amounts that are 0 because no source gives their figures, not because nothing is due. A record says so.
WITHOUT_SOURCE = ("medical_assistance_fen",)


class UsedValue(NamedTuple):
    """A parameter's value as it was used: enough to explain the amount later without looking the law up again.

    `sources` are pairs of source id and article; `conflict` the id of the reading that chose this value, if any.
    """

    parameter: str
    value: int
    since: date
    confidence: Confidence
    sources: tuple[tuple[str, str], ...]
    conflict: str

    def record(self) -> dict[str, Any]:
        return {
            "parameter": self.parameter,
            "value": self.value,
            "since": self.since.isoformat(),
            "confidence": str(self.confidence),
            "sources": [list(pair) for pair in self.sources],
            "conflict": self.conflict,
        }


class Used(dict[str, UsedValue]):
    """The values a kind of bill uses, by slot. All bills of the kind share them, and the form they are stored in."""

    @cached_property
    def record(self) -> UsedRecord:
        return UsedRecord({slot: ReadOnly(used.record()) for slot, used in self.items()})


@lru_cache(maxsize=10_000)
def _text(value: date | str) -> str:
    """A word or a day as it is stored. Millions of bills share a few hundred of them."""
    return value.isoformat() if isinstance(value, date) else str(value)


# The fields of each kind of case that are not numbers.
_TEXTS: Mapping[type, tuple[str, ...]] = {
    kind: tuple(name for name, each in kind.__annotations__.items() if each is not int) for kind in get_args(Case)
}


def _case_record(case: Case) -> dict[str, Any]:
    made = dict(zip(case._fields, case, strict=True))
    for name in _TEXTS[type(case)]:
        made[name] = _text(made[name])
    return made


class Assessment(NamedTuple):
    """What the law says of one case: a breakdown, or why there is none."""

    rule: str
    version: str
    case: Case
    undetermined: Undetermined | None
    breakdown: Breakdown | None
    confidence: Confidence
    used: Mapping[str, UsedValue]

    def record(self) -> dict[str, Any]:
        """The assessment as integers and strings, to be stored as JSON: version, rule, case, breakdown, used values.

        `steps` renders the explanation from it and `recompute` repeats it, years later. The used values are shared with
        the records of all bills of the same kind and refuse to be changed; a deep copy may be.
        """
        missing, used = self.undetermined, self.used
        return {
            "version": self.version,
            "rule": self.rule,
            "case": _case_record(self.case),
            "breakdown": None if self.breakdown is None else self.breakdown._asdict(),
            "undetermined": None
            if missing is None
            else {"reason": missing.reason, "missing": list(missing.missing), "ask": missing.ask},
            "without_source": list(WITHOUT_SOURCE),
            "confidence": str(self.confidence),
            "used": (used if isinstance(used, Used) else Used(used)).record,
        }


class Step(NamedTuple):
    """One line of the working. `effect` is base, minus, plus, result or note; a note has no amount.

    `question` is what the person would ask (empty: nothing to open), `sentence` its answer, `sources` where it stands.
    `conflict` is the id of the recorded contradiction a value of this step rests on; empty if there is none.
    """

    field: str
    label: str
    amount_text: str
    effect: str
    formula: str
    question: str
    sentence: str
    sources: tuple[SourceLine, ...]
    confidence: Confidence
    conflict: str = ""
