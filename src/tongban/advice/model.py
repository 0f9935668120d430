"""The words of advice: what somebody asks before travelling, and what they are told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from tongban.directory import FilingLevel, Region
from tongban.kernel.money import Fen
from tongban.kernel.vocabulary import (
    CareKind,
    Confidence,
    FilingKind,
    InsuranceType,
    Locality,
    PersonnelCategory,
    PriceClass,
    Situation,
    Word,
)
from tongban.law import Assessment, BenefitPath, FilingDecision, FilingTerms, SourceLine, Undetermined


class FiledBy(Word):
    """Who has something to do so that the care counts as filed."""

    SELF = "self", "自己办"
    HOSPITAL = "hospital", "医院办"
    NOBODY = "nobody", "不用办"
    UNKNOWN = "unknown", "要问参保地"


class Access(Word):
    """What stands between a person and one way of being settled."""

    OPEN = "open", "不用先办什么"
    FILE_FIRST = "file_first", "要先备案"
    HOSPITAL_FILES = "hospital_files", "要医院办转诊备案"
    HOSPITAL_RECORDS = "hospital_records", "要医院录转诊"
    HOSPITAL_MARKS = "hospital_marks", "要医院标急诊"
    UNKNOWN = "unknown", "要问参保地"


class YearSoFar(NamedTuple):
    """What the benefit year holds before the bill in question; all zero for a first bill."""

    inpatient_stays: int = 0
    inpatient_pooled_fen: Fen = 0
    in_scope_borne_fen: Fen = 0
    critical_illness_fen: Fen = 0
    outpatient_pooled_fen: Fen = 0
    outpatient_deductible_fen: Fen = 0


@dataclass(frozen=True, slots=True)
class Insured:
    """Whose law applies. `pool_code` may be a province's: then only what holds in all of it is known. `category` None:
    not said, then only what holds for every category is known.

    `filed` are the kinds of the person's filings in force for the place in question.
    """

    pool_code: str
    insurance_type: InsuranceType
    category: PersonnelCategory | None = None
    year: YearSoFar = field(default_factory=YearSoFar)
    filed: frozenset[FilingKind] = frozenset()


@dataclass(frozen=True, slots=True)
class Destination:
    """Where the care is to be given: a pooling region, or only how far away it is."""

    pool_code: str = ""
    locality: Locality | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """Where, why, what kind of care, on which day. The classes of the hospitals at home and there decide what the
    typical bill comes to; left alone, both are of the highest class."""

    insured: Insured
    destination: Destination
    situation: Situation
    care: CareKind
    on: date
    home_class: PriceClass = PriceClass.CLASS_1
    there_class: PriceClass = PriceClass.CLASS_1


@dataclass(frozen=True, slots=True)
class Bill:
    """One stay or visit. The catalogue of the place of treatment takes its part first: `in_scope_fen` is the rest."""

    care: CareKind
    total_fen: Fen
    self_funded_fen: Fen = 0
    over_price_cap_fen: Fen = 0
    preselfpay_fen: Fen = 0

    @property
    def in_scope_fen(self) -> Fen:
        return self.total_fen - self.self_funded_fen - self.over_price_cap_fen - self.preselfpay_fen


@dataclass(frozen=True, slots=True)
class TypicalBill:
    """A bill to speak about when none is known: all of it within the catalogue. `zh` says which one it is."""

    bill: Bill
    zh: str
    sources: tuple[SourceLine, ...]
    confidence: Confidence


@dataclass(frozen=True, slots=True)
class Place:
    """What a filing names as its place. Without a region only the rule can be told: `level` is None where it depends
    on the place, and `provincial` names those that are filed as a whole."""

    region: Region | None
    level: FilingLevel | None
    provincial: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KindAdvice:
    """A kind of filing that serves here. `valid_to`: the last day when it begins today; None: until further notice.

    `earliest_start`: how far back the start may lie while a stay is still open.
    """

    kind: FilingKind
    is_required: bool
    is_filed: bool
    terms: FilingTerms
    earliest_start: date
    valid_to: date | None


@dataclass(frozen=True, slots=True)
class Option:
    """One way of having the bill settled, and what it leaves to pay.

    `situations` are those settled in this way, the plainest last; empty for staying at home. Exactly one of
    `undetermined` and `assessment.breakdown` is set. `difference_fen`: own share less that of staying at home.
    """

    locality: Locality
    situations: tuple[Situation, ...]
    path: BenefitPath | None
    access: Access
    kinds: tuple[FilingKind, ...]
    is_filed: bool
    decision: FilingDecision | None
    assessment: Assessment | None
    undetermined: Undetermined | None
    difference_fen: Fen | None = None

    @property
    def is_home(self) -> bool:
        return not self.situations

    @property
    def own_share_fen(self) -> Fen | None:
        """What the person pays; None where no source says."""
        known = self.assessment
        return None if known is None or known.breakdown is None else known.breakdown.person_share_fen

    @property
    def fund_fen(self) -> Fen | None:
        """What pooled fund, critical-illness insurance and medical assistance pay together."""
        known = self.assessment
        return None if known is None or known.breakdown is None else known.case.total_fen - (self.own_share_fen or 0)

    @property
    def confidence(self) -> Confidence:
        return self.assessment.confidence if self.assessment is not None else Confidence.ILLUSTRATIVE

    @property
    def conflicts(self) -> tuple[str, ...]:
        """The contradictions between sources that the amount rests on."""
        if self.assessment is None:
            return ()
        return tuple(dict.fromkeys(used.conflict for used in self.assessment.used.values() if used.conflict))

    @property
    def record(self) -> Mapping[str, Any] | None:
        """For `law.steps`: the working of the amount."""
        return None if self.assessment is None else self.assessment.record()


@dataclass(frozen=True, slots=True)
class Estimate:
    """The same bill by every way that makes sense, staying at home first."""

    bill: Bill
    locality: Locality
    options: tuple[Option, ...]

    @property
    def home(self) -> Option:
        return self.options[0]

    def option_of(self, situation: Situation) -> Option:
        """The way in which this situation is settled. Raises KeyError for one that was not compared."""
        for option in self.options:
            if situation in option.situations:
                return option
        raise KeyError(situation)


@dataclass(frozen=True, slots=True)
class Effect:
    """What the answer changes in yuan, on a bill to speak about.

    `as_advised` is the way the advice leads to; `otherwise` what happens to somebody who leaves it, None where there
    is nothing to leave.
    """

    typical: TypicalBill
    estimate: Estimate
    as_advised: Option
    otherwise: Option | None

    @property
    def saving_fen(self) -> Fen | None:
        """How much less one pays by doing as advised; None where either amount is not known."""
        if self.otherwise is None:
            return None
        mine, theirs = self.as_advised.own_share_fen, self.otherwise.own_share_fen
        return None if mine is None or theirs is None else theirs - mine


@dataclass(frozen=True, slots=True)
class Notice:
    """A contradiction between sources that the answer rests on, in plain sentences."""

    conflict: str
    text: str


@dataclass(frozen=True, slots=True)
class Advice:
    """`kinds` are what can be filed here; empty where nothing can or need be. `if_not` says what happens to somebody
    who leaves it; empty where there is nothing to leave. `ask` is the agency that knows more, `must_ask` whether only
    it can answer."""

    question: Question
    locality: Locality
    decision: FilingDecision
    filed_by: FiledBy
    kinds: tuple[KindAdvice, ...]
    place: Place
    if_not: str
    effect: Effect | None
    notices: tuple[Notice, ...]
    ask: str
    must_ask: bool
