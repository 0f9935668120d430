"""The words of recognising chronic and special diseases 门诊慢特病认定."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeAlias

from tongban.kernel.identifiers import CHRONIC, OutsideNumber
from tongban.kernel.vocabulary import ChronicDisease, InsuranceType, MedicationScheme, PersonnelCategory, Relation, Word
from tongban.materials import MaterialKind

Disease: TypeAlias = ChronicDisease | MedicationScheme

# No national code was seen for the residents' drugs scheme. These are ours; 5301 tells them to hospitals.
SCHEME_CODES: Final[Mapping[MedicationScheme, str]] = MappingProxyType(
    {
        MedicationScheme.HYPERTENSION: "LB0001",
        MedicationScheme.TYPE_1_DIABETES: "LB0002",
        MedicationScheme.OTHER_DIABETES: "LB0003",
    }
)


def disease_of(word: str) -> Disease:
    """Raises ValueError for no such word."""
    return MedicationScheme(word) if word in tuple(MedicationScheme) else ChronicDisease(word)


class Wanted(NamedTuple):
    """A disease as it is applied for. `zh` is its name as a person reads it."""

    disease: Disease
    code: str
    zh: str

    @property
    def key(self) -> str:
        """What may be recognised once at a time: one of the ten as a whole, any other by its code."""
        return self.code if self.disease is ChronicDisease.LOCAL else self.disease.value


class Purpose(Word):
    RECOGNISE = "recognise", "认定"
    CHANGE_INSTITUTIONS = "change_institutions", "改医院"
    RENEW = "renew", "续期"


class ApplicationState(Word):
    IN_REVIEW = "in_review", "审核中"
    MATERIALS_DUE = "materials_due", "要补材料"
    RECOGNISED = "recognised", "已认定"
    REFUSED = "refused", "未通过"
    WITHDRAWN = "withdrawn", "已撤回"

    @property
    def is_final(self) -> bool:
        return self in (ApplicationState.RECOGNISED, ApplicationState.REFUSED, ApplicationState.WITHDRAWN)


class EventKind(Word):
    APPLIED = "applied", "提交申请"
    ACCEPTED = "accepted", "经办受理"
    ASKED = "asked", "请您补材料"
    SUPPLIED = "supplied", "补了材料"
    RECOGNISED = "recognised", "认定通过"
    REFUSED = "refused", "没有通过"
    WITHDRAWN = "withdrawn", "撤回申请"
    ENDED = "ended", "认定提前结束"


class RefusalReason(Word):
    BELOW_STANDARD = "below_standard", "病情没有达到参保地的认定标准"
    PAPERS_DO_NOT_PROVE = "papers_do_not_prove", "材料证明不了这个病"
    NOT_OF_THIS_POOL = "not_of_this_pool", "参保地不认定这个病种"
    NOT_INSURED_HERE = "not_insured_here", "现在不在这里参保"
    ALREADY_RECOGNISED = "already_recognised", "已经认定过"
    PAPERS_NOT_GENUINE = "papers_not_genuine", "材料不真实"


class ValidityBasis(Word):
    """Where a certification's last day comes from."""

    POLICY = "policy", "参保地的规定"
    OPERATOR = "operator", "经办认定时写的"
    UNKNOWN = "unknown", "没有查到期限"


@dataclass(frozen=True, slots=True)
class Answers:
    """Everything the person confirms, checked for form but not yet against records and law.

    `institutions` may be empty; for a change or renewal `certification_serial` is the one it is about. `papers` are
    slot → material number, `papers_sha256` slot → content, which is what the signature stands for.
    """

    purpose: Purpose
    insurance_type: InsuranceType
    category: PersonnelCategory
    insured_pool: str
    wanted: tuple[Wanted, ...]
    institutions: tuple[str, ...]
    contact_name: str
    contact_phone: str
    papers: Mapping[str, str]
    papers_sha256: Mapping[str, str]
    relation: Relation | None = None
    certification_serial: int | None = None

    def record(self, person_id: int, signer_id: int) -> dict[str, Any]:
        """Everything that is signed for, as JSON."""
        return {
            "person_id": person_id,
            "signer_id": signer_id,
            "purpose": self.purpose.value,
            "insurance_type": self.insurance_type.value,
            "category": self.category.value,
            "insured_pool": self.insured_pool,
            "diseases": [[each.disease.value, each.code] for each in self.wanted],
            "institutions": list(self.institutions),
            "contact_name": self.contact_name,
            "contact_phone": self.contact_phone,
            "papers": dict(self.papers_sha256),
            "relation": self.relation.value if self.relation else "",
            "certification": self.certification_serial,
        }


class AppliedDisease(NamedTuple):
    """`is_recognised` None: nothing was decided of it."""

    wanted: Wanted
    is_recognised: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """办件. `due_on` None: no source gives the agency a time. `asked_kinds` and `asked_sentence` only while materials
    are due; `reason` and `reason_code` of a refusal."""

    person_id: int
    application_serial: int
    purpose: Purpose
    certification_serial: int | None
    insured_pool: str
    insurance_type: InsuranceType
    category: PersonnelCategory
    diseases: tuple[AppliedDisease, ...]
    institutions: tuple[str, ...]
    state: ApplicationState
    version: int
    channel: str
    applied_by: int
    relation: Relation | None
    contact_name: str
    policy_version: str
    applied_at: datetime
    due_on: date | None
    asked_kinds: tuple[MaterialKind, ...]
    asked_sentence: str
    accepted_by: str
    accepted_at: datetime | None
    decided_by: str
    decided_at: datetime | None
    reason_code: str
    reason: str

    @property
    def number(self) -> str:
        return str(OutsideNumber(CHRONIC, self.person_id, self.application_serial))

    @property
    def diseases_zh(self) -> str:
        return "、".join(each.wanted.zh for each in self.diseases)


@dataclass(frozen=True, slots=True)
class ApplicationEvent:
    event_no: int
    at: datetime
    what: EventKind
    actor: str
    channel: str
    note: str


class Designation(NamedTuple):
    """An institution at which a certification counts, from – to (the last day counts; None: until further notice)."""

    institution_code: str
    valid_from: date
    valid_to: date | None

    def is_in_force(self, on: date) -> bool:
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certification:
    """认定. `valid_to` None: until further notice; `valid_to_basis` says where the last day, or its absence, comes
    from."""

    person_id: int
    certification_serial: int
    application_serial: int
    insured_pool: str
    insurance_type: InsuranceType
    wanted: Wanted
    valid_from: date
    valid_to: date | None
    valid_to_basis: ValidityBasis
    decided_by: str
    decided_at: datetime
    ended_by: str
    end_reason: str
    designations: tuple[Designation, ...]

    @property
    def application_number(self) -> str:
        return str(OutsideNumber(CHRONIC, self.person_id, self.application_serial))

    def is_in_force(self, on: date) -> bool:
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)

    def is_under(self, insured_pool: str, insurance_type: InsuranceType) -> bool:
        """Whether it counts for care that this insurance pays: whoever moves to another is recognised there anew."""
        return (self.insured_pool, self.insurance_type) == (insured_pool, insurance_type)

    def institutions_on(self, on: date) -> tuple[str, ...]:
        return tuple(each.institution_code for each in self.designations if each.is_in_force(on))

    def note_zh(self, today: date) -> str:
        """What the word 已认定 does not say; empty while it counts."""
        if self.valid_from > today:
            return "还没到开始的日子"
        return "" if self.is_in_force(today) else "已到期"
