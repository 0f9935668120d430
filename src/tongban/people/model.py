"""Who people are to Tongban: identity, insurance, credentials, family."""

from dataclasses import dataclass, field
from datetime import date, datetime

from tongban.kernel.identifiers import mask_id_number, mask_name
from tongban.kernel.money import Fen
from tongban.kernel.vocabulary import InsuranceType, PersonnelCategory, Relation, Word


@dataclass(frozen=True, slots=True)
class Person:
    """A person with the personal numbers in clear: keep it short-lived, never log it, show only the masked ones."""

    person_id: int
    name: str
    is_male: bool
    birth_date: date
    id_number: str = field(repr=False)
    phone: str = field(repr=False)  # empty when none is known

    @property
    def masked_id(self) -> str:
        return mask_id_number(self.id_number)

    @property
    def masked_name(self) -> str:
        return mask_name(self.name)


class PaymentState(Word):
    PAID = "paid", "正常缴费"
    ARREARS = "arrears", "单位欠费"
    STOPPED = "stopped", "已停保"


@dataclass(frozen=True, slots=True)
class Enrollment:
    """One enrollment record: who insures the person, as what, from when until when."""

    person_id: int
    enrollment_no: int
    insurance_type: InsuranceType
    category: PersonnelCategory
    pool_code: str
    valid_from: date
    valid_to: date | None  # the last day counts; None: until further notice
    payment_state: PaymentState
    employer_name: str


class CredentialKind(Word):
    MEDICAL_CODE = "medical_code", "医保码"
    CARD = "card", "社会保障卡"


class MedicalCodeState(Word):
    ACTIVE = "active", "已激活"
    INACTIVE = "inactive", "未激活"
    LOST = "lost", "已挂失"
    NONE = "none", "没有医保码"


class CardState(Word):
    ACTIVE = "active", "正常"
    INACTIVE = "inactive", "未激活"
    LOST = "lost", "已挂失"
    NONE = "none", "没有社保卡"


@dataclass(frozen=True, slots=True)
class Kin:
    """`relation` says what `kin_id` is to the person asked about."""

    kin_id: int
    name: str
    is_male: bool
    masked_id: str
    relation: Relation
    bound_at: datetime

    @property
    def relation_zh(self) -> str:
        """What one calls them: 母亲."""
        return self.relation.said_of(is_male=self.is_male)

    @property
    def masked_name(self) -> str:
        return mask_name(self.name)


@dataclass(frozen=True, slots=True)
class GivenConsent:
    """To which text, when, where, and when it was taken back (None: in force)."""

    text_version: str
    agreed_at: datetime
    channel: str
    withdrawn_at: datetime | None


@dataclass(frozen=True, slots=True)
class DemoEnrollment:
    """An enrollment of a made-up person; its number is its place in the person's list, from 1."""

    insurance_type: InsuranceType
    category: PersonnelCategory
    pool_code: str
    valid_from: date
    valid_to: date | None = None
    payment_state: PaymentState = PaymentState.PAID
    employer_name: str = ""


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """A made-up person with everything the demo writes about them."""

    person_id: int
    name: str
    is_male: bool
    birth_date: date
    id_number: str
    phone: str
    card_number: str
    enrollments: tuple[DemoEnrollment, ...]
    account_fen: Fen | None = None  # None: no personal account
    card_state: str = "active"
    code_state: str = "active"
    kin: tuple[tuple[int, Relation], ...] = ()  # what the other person is to this one


@dataclass(frozen=True, slots=True)
class DemoResident:
    """One of the few made-up residents whom the demo's sign-in page offers, with what a hospital would be shown."""

    key: str
    person_id: int
    name: str
    story: str
    id_number: str
    card_number: str
    medical_code: str  # empty while not activated
