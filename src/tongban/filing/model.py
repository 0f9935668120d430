"""The words of a filing 备案: what is answered, what is signed, what is kept."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from tongban.kernel.identifiers import FILING, OutsideNumber
from tongban.kernel.vocabulary import CareKind, FilingKind, InsuranceType, PersonnelCategory, Relation, Situation, Word
from tongban.law import CareStage
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
    `commitment_version` name the texts the person says to have read and agreed to. `relation` is what the insured
    person is to the proxy who files (None: the insured person files), `proxy_phone` the proxy's own. `papers` holds the
    sha256 (hex) of each picture by its slot. `replaces` is the number of the filing that this one takes the place of;
    `stage` says how far the care has come when it is filed.
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
    relation: Relation | None = None
    proxy_phone: str = ""
    papers: Mapping[str, str] = field(default_factory=dict)
    replaces: str = ""
    stage: CareStage = CareStage.BEFORE_ADMISSION

    @property
    def is_long_term(self) -> bool:
        return is_long_term(self.kind)

    def signed_for(self, person_id: int, signer_id: int) -> dict[str, Any]:
        """All of it as plain JSON values, with whom it is about and who signs. Another shape voids old signatures."""
        values = {name: value.isoformat() if isinstance(value, date) else value for name, value in asdict(self).items()}
        return {"person_id": person_id, "signer_id": signer_id, **values}


# Kept sealed in columns of their own, never in the archive's plain JSON.
SEALED_ANSWERS = ("contact_phone", "contact_address", "residence_address", "proxy_phone")


def relation_signed_for(person_id: int, signer_id: int, relation: str, proxy_phone: str) -> dict[str, Any]:
    """What a proxy's first signature stands under, besides its text."""
    return {"person_id": person_id, "signer_id": signer_id, "relation": str(relation), "proxy_phone": proxy_phone}


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
    relation: Relation | None
    contact_name: str
    policy_version: str
    filed_at: datetime
    closed_at: datetime | None
    close_reason: str
    settlements_here: int
    replaces_serial: int | None = None
    replaced_by_serial: int | None = None

    @property
    def is_by_proxy(self) -> bool:
        return self.filed_by != self.person_id

    @property
    def replaces(self) -> str:
        """Number of the filing that this one took the place of, if any."""
        return self._sibling(self.replaces_serial)

    @property
    def replaced_by(self) -> str:
        """Number of the filing that took this one's place, if any."""
        return self._sibling(self.replaced_by_serial)

    def _sibling(self, serial: int | None) -> str:
        return "" if serial is None else str(OutsideNumber(FILING, self.person_id, serial))

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
    what: str  # filed, closed, changed
    actor: str
    channel: str
    note: str

    @property
    def zh(self) -> str:
        return _EVENTS.get(self.what, self.what)


_EVENTS = {"filed": "备案办好了", "closed": "备案取消了", "changed": "备案改了，换成了新的"}


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
    proxy_phone: str
    signatures: tuple[SignedText, ...]
    referral: "Referral | None" = None

    @property
    def signed(self) -> SignedText | None:
        """The signature under the filing itself; None for what a hospital or a window entered."""
        return self.signatures[-1] if self.signatures else None

    @property
    def relation_signed(self) -> SignedText | None:
        """The proxy's first signature, that the relation is true."""
        return self.signatures[0] if self.filing.is_by_proxy and len(self.signatures) > 1 else None


@dataclass(frozen=True, slots=True)
class Referral:
    """What the sending hospital says 转诊. Institutions by code; `entered_by` is ``institution:<code>`` or
    ``operator:<name>``."""

    from_institution: str
    to_institution: str
    diagnosis: str
    reason: str
    doctor: str
    entered_by: str
