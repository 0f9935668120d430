"""The words of a filing 备案: what is answered, what is signed, what is kept."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from tongban.kernel.identifiers import FILING, OutsideNumber
from tongban.kernel.vocabulary import CareKind, FilingKind, InsuranceType, PersonnelCategory, Situation, Word
from tongban.signing import SignedText

# The numbers a scope has in the database, where a set of them stands in an exclusion constraint. Never renumber.
SCOPE_NUMBER: Mapping[CareKind, int] = MappingProxyType(
    {CareKind.INPATIENT: 1, CareKind.OUTPATIENT: 2, CareKind.CHRONIC: 3}
)
_SCOPE_OF_NUMBER = {number: care for care, number in SCOPE_NUMBER.items()}


def scope_numbers(scopes: Iterable[CareKind]) -> list[int]:
    """Sorted. Pharmacy purchases from the personal account are never filed and have no number."""
    return sorted(SCOPE_NUMBER[care] for care in scopes if care in SCOPE_NUMBER)


def scopes_of_numbers(numbers: Iterable[int]) -> frozenset[CareKind]:
    return frozenset(_SCOPE_OF_NUMBER[number] for number in numbers)


class FilingStatus(Word):
    ACTIVE = "active", "已备案"
    MATERIALS_DUE = "materials_due", "要补材料"
    CLOSED = "closed", "已关闭"


class FilingWay(Word):
    """Who entered it."""

    SELF = "self", "自助开通"
    WINDOW = "window", "窗口办理"
    HOSPITAL = "hospital", "医院办理"


@dataclass(frozen=True, slots=True)
class FilingAnswers:
    """Everything the person confirms, checked for form but not yet against records and law.

    `ends_on` None: open-ended. `admitted_on`: the day of the stay or visit, where the person knows it.
    `residence_address` is where a long-term resident lives; empty for temporary kinds. `notice_version` and
    `commitment_version` name the texts the person says to have read and agreed to.
    """

    insurance_type: InsuranceType
    category: PersonnelCategory
    insured_pool: str
    treatment_pool: str
    kind: FilingKind
    starts_on: date
    ends_on: date | None
    admitted_on: date | None
    contact_name: str
    contact_phone: str
    contact_address: str
    residence_address: str
    notice_version: str
    commitment_version: str

    @property
    def is_long_term(self) -> bool:
        return is_long_term(self.kind)

    def signed_for(self, person_id: int, signer_id: int) -> dict[str, Any]:
        """All of it as plain JSON values, with whom it is about and who signs. Another shape voids old signatures."""
        values = {name: value.isoformat() if isinstance(value, date) else value for name, value in asdict(self).items()}
        return {"person_id": person_id, "signer_id": signer_id, **values}


# Kept sealed in columns of their own, never in the archive's plain JSON.
SEALED_ANSWERS = ("contact_phone", "contact_address", "residence_address")


def is_long_term(kind: FilingKind) -> bool:
    return kind.situation is Situation.LONG_TERM


@dataclass(frozen=True, slots=True)
class Filing:
    """A filing as kept. Without the contact's phone and addresses: those are in `FilingDetail`.

    `stays_max` None: any number of stays; else it is used up once that many settlements rest on it.
    """

    person_id: int
    filing_serial: int
    kind: FilingKind
    scopes: frozenset[CareKind]
    treatment_pool: str
    insured_pool: str
    insurance_type: InsuranceType
    category: PersonnelCategory
    valid_from: date
    valid_to: date | None
    stays_max: int | None
    status: FilingStatus
    channel: str
    way: FilingWay
    filed_by: int
    relation: str
    contact_name: str
    policy_version: str
    filed_at: datetime
    closed_at: datetime | None
    close_reason: str
    settlements_here: int

    @property
    def number(self) -> str:
        """What the outside calls it: carries the person, so that no look-up has to search."""
        return str(OutsideNumber(FILING, self.person_id, self.filing_serial))

    def status_zh(self, today: date) -> str:
        """The status word, with the note in brackets where there is one: 已备案（未到开始日）."""
        note = self.note_zh(today)
        return f"{self.status.zh}（{note}）" if note else self.status.zh

    def note_zh(self, today: date) -> str:
        """未到开始日, 已到期, 已用完 or nothing."""
        if self.status is FilingStatus.CLOSED:
            return ""
        if self.is_used_up:
            return "已用完"
        if today < self.valid_from:
            return "未到开始日"
        return "已到期" if self.valid_to is not None and today > self.valid_to else ""

    @property
    def is_used_up(self) -> bool:
        return self.stays_max is not None and self.settlements_here >= self.stays_max

    def is_in_force(self, day: date) -> bool:
        return (
            self.status is not FilingStatus.CLOSED
            and not self.is_used_up
            and self.valid_from <= day
            and (self.valid_to is None or day <= self.valid_to)
        )


@dataclass(frozen=True, slots=True)
class FilingEvent:
    event_no: int
    at: datetime
    what: str  # filed, closed
    actor: str
    channel: str
    note: str

    @property
    def zh(self) -> str:
        return {"filed": "备案办好了", "closed": "备案取消了"}.get(self.what, self.what)


@dataclass(frozen=True, slots=True)
class FilingDetail:
    """All of it, decrypted, for the insured person, the signer and nobody else."""

    filing: Filing
    contact_phone: str
    contact_address: str
    residence_address: str
    answers: Mapping[str, Any]
    decision: Mapping[str, Any]
    events: tuple[FilingEvent, ...]
    signed: SignedText | None
