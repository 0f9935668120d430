"""The words of direct settlement 直接结算: a visit, its charge lines, what is asked, what was paid and by whom.

Money is integer fen. Quantities are ten-thousandths (`_e4`), unit prices millionths of a yuan (`_e6`), as the wire
carries them. Names of the wire itself stop at the gateway.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

from tongban.account import Fund, critical_illness_fund, pooled_fund
from tongban.kernel.identifiers import ENCOUNTER, SETTLEMENT, OutsideNumber
from tongban.kernel.money import BasisPoints, Fen
from tongban.kernel.vocabulary import (
    CareKind,
    CatalogClass,
    Confidence,
    DeliveryKind,
    InsuranceType,
    PersonnelCategory,
    Word,
)
from tongban.law import BillShares
from tongban.mutual_aid import AidUse


class EncounterState(Word):
    """`SETTLED`: at least one settlement of it is in force."""

    OPEN = "open", "未结算"
    SETTLED = "settled", "已结算"
    VOIDED = "voided", "已撤销"


class SettlementState(Word):
    SETTLED = "settled", "已结算"
    CANCELLED = "cancelled", "已撤销"


class SettlementWay(Word):
    """`MANUAL`: the person had paid in full and the agency pays them back; 中心报销 as against 联网结算."""

    DIRECT = "direct", "直接结算"
    MANUAL = "manual", "手工报销"


class MessageKind(Word):
    """What a hospital's message did. `UNKNOWN`: it was withdrawn before it ever arrived."""

    OPEN = "open", "登记就诊"
    SETTLE = "settle", "结算"
    CANCEL = "cancel", "撤销结算"
    UNKNOWN = "unknown", "没有收到"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """`order_no` names it within the visit: sent again it is replaced, or dropped when `is_valid` is false."""

    order_no: int
    code: str
    name: str
    kind: str = "1"
    is_main: bool = False
    is_valid: bool = True


class Delivery(NamedTuple):
    """How a child was born, as the hospital says it. `kind` None: `code` names none that a quota is known for."""

    code: str
    kind: DeliveryKind | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenEncounter:
    """A registration or an admission as the hospital sends it.

    `insured_region` is any region code (county, city or pool) of the insured region; empty: what the records say.
    `has_third_party` must be known when `is_trauma`. `is_birth`: a stay for giving birth, or a visit on the way to it;
    `delivery` of a stay may be told later. `details` is kept as sent (doctor, department, credential kind …)
    and must hold no personal numbers. `request_hash` tells a repeated message from another one under its id.
    """

    person_id: int
    institution_code: str
    care_kind: CareKind
    hospital_serial: str
    insurance_type: InsuranceType
    admitted_on: date
    message_id: str
    transaction_code: str
    request_hash: bytes
    insured_region: str = ""
    care_type: str = ""
    is_emergency: bool = False
    is_referral_mark: bool = False
    is_trauma: bool = False
    has_third_party: bool | None = None
    is_birth: bool = False
    delivery: Delivery | None = None
    diagnoses: tuple[Diagnosis, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitDescription:
    """What becomes known of an open visit later. None leaves a mark as it is; diagnoses are merged by `order_no`."""

    care_type: str | None = None
    care_kind: CareKind | None = None
    is_emergency: bool | None = None
    is_referral_mark: bool | None = None
    is_trauma: bool | None = None
    has_third_party: bool | None = None
    is_birth: bool | None = None
    diagnoses: tuple[Diagnosis, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Encounter:
    """A visit or a stay. `is_pooling_suspended`: the employer is in arrears, only the personal account pays.

    `delivery` None: the hospital has not said (yet) how the child was born. `is_claim`: no hospital registered it; the
    agency wrote it down to reimburse it, and no hospital may touch it.
    """

    person_id: int
    encounter_serial: int
    institution_code: str
    care_kind: CareKind
    care_type: str
    hospital_serial: str
    insurance_type: InsuranceType
    insured_pool: str
    treatment_pool: str
    admitted_on: date
    discharged_on: date | None
    is_emergency: bool
    is_referral_mark: bool
    is_trauma: bool
    has_third_party: bool | None
    is_birth: bool
    delivery: Delivery | None
    diagnoses: tuple[Diagnosis, ...]
    details: Mapping[str, Any]
    state: EncounterState
    version: int
    opened_at: datetime
    is_claim: bool = False
    is_pooling_suspended: bool = False
    is_repeat: bool = False

    @property
    def disease_code(self) -> str:
        """Of care for a chronic disease, as the hospital sent it; empty while it has not."""
        return str(self.details.get("disease_code", ""))

    @property
    def number(self) -> str:
        return str(OutsideNumber(ENCOUNTER, self.person_id, self.encounter_serial))


@dataclass(frozen=True, slots=True, kw_only=True)
class LineUpload:
    """One charge line as the hospital sends it; a return has a negative quantity and total and names its original.

    `batch` ties outpatient lines to one settlement and is empty for stays. `approval`: "0" not needed, "1" given,
    "2" refused by the hospital's own review.
    """

    line_serial: str
    item_code: str
    happened_on: date
    quantity_e4: int
    unit_price_e6: int
    total_fen: Fen
    batch: str = ""
    hospital_item_code: str = ""
    approval: str = "0"
    returns_line: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeLine:
    """A charge line split by the treating region's catalogue; the four parts add up to `total_fen`."""

    line_serial: str
    batch: str
    item_code: str
    hospital_item_code: str
    item_name: str
    happened_on: date
    quantity_e4: int
    unit_price_e6: int
    total_fen: Fen
    catalog_class: CatalogClass
    preselfpay_bp: BasisPoints
    price_cap_e6: int | None
    self_funded_fen: Fen
    over_price_cap_fen: Fen
    preselfpay_fen: Fen
    in_scope_fen: Fen
    charge_kind: str
    is_restricted: bool
    approval: str
    returns_line: str | None
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedAmounts:
    """The four parts as the hospital saw them in the preview, or the five it holds in the bill; None: not sent."""

    self_funded_fen: Fen | None = None
    over_price_cap_fen: Fen | None = None
    preselfpay_fen: Fen | None = None
    in_scope_fen: Fen | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleRequest:
    """`total_fen` is the bill as the hospital added it up; `use_account` lets the own account pay the own part, and
    after it those of relatives who have authorised the person.

    For a preview the message fields may be empty.
    """

    person_id: int
    encounter_serial: int
    institution_code: str
    insurance_type: InsuranceType
    total_fen: Fen
    use_account: bool
    settled_on: date
    batch: str = ""
    discharged_on: date | None = None
    expected: ExpectedAmounts | None = None
    message_id: str = ""
    transaction_code: str = ""
    request_hash: bytes = b""


class MutualAidShare(NamedTuple):
    """What one relative's personal account paid of a bill, under which authorisation."""

    giver_id: int
    grant_serial: int
    paid_fen: Fen


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """Who pays what of one bill. From a preview `settlement_serial` and `settled_at` are None.

    `in_scope_fen + self_funded_fen + over_price_cap_fen + preselfpay_fen` and
    `fund_payment_fen + person_share_fen` both equal `total_fen`. `balance_after_fen` is the personal account's after
    this settlement; None when the person has none. `assessment` is the law's record: case, breakdown, what was used.
    `mutual_aid_fen` is what relatives' accounts pay, each as in `mutual_aid`.
    `filing_serial` is the filing that served the person best, None when none was needed or none served better.
    """

    person_id: int
    encounter_serial: int
    settlement_serial: int | None
    batch: str
    institution_code: str
    care_kind: CareKind
    insurance_type: InsuranceType
    category: PersonnelCategory
    insured_pool: str
    treatment_pool: str
    filing_serial: int | None
    settled_on: date
    settled_at: datetime | None
    total_fen: Fen
    self_funded_fen: Fen
    over_price_cap_fen: Fen
    preselfpay_fen: Fen
    in_scope_fen: Fen
    deductible_fen: Fen
    rate_bp: BasisPoints
    pooled_fund_fen: Fen
    critical_illness_fen: Fen
    medical_assistance_fen: Fen
    account_fen: Fen
    mutual_aid_fen: Fen
    mutual_aid: tuple[MutualAidShare, ...]
    cash_fen: Fen
    balance_after_fen: Fen | None
    confidence: Confidence
    policy_version: str
    assessment: Mapping[str, Any]
    message_id: str
    way: SettlementWay = SettlementWay.DIRECT
    is_repeat: bool = False

    @property
    def number(self) -> str | None:
        """The settlement number; None for a preview."""
        return _settlement_number(self.person_id, self.settlement_serial)

    @property
    def encounter_number(self) -> str:
        return str(OutsideNumber(ENCOUNTER, self.person_id, self.encounter_serial))

    @property
    def fund_payment_fen(self) -> Fen:
        """All funds together; the personal account is the person's own money and not among them."""
        return self.pooled_fund_fen + self.critical_illness_fen + self.medical_assistance_fen

    @property
    def person_share_fen(self) -> Fen:
        return self.account_fen + self.mutual_aid_fen + self.cash_fen

    @property
    def paid_by_funds(self) -> dict[Fund, Fen]:
        """What each fund of the insured pool pays, nothing included."""
        return {
            pooled_fund(self.insurance_type): self.pooled_fund_fen,
            critical_illness_fund(self.insurance_type): self.critical_illness_fen,
            Fund.MEDICAL_ASSISTANCE: self.medical_assistance_fen,
        }

    @property
    def aid_uses(self) -> tuple[AidUse, ...]:
        """What each relative whose account paid is told of."""
        return tuple(
            AidUse(giver_id, grant_serial, self.person_id, paid_fen, self.care_kind, self.number or "")
            for giver_id, grant_serial, paid_fen in self.mutual_aid
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementRecord(Settled):
    """A settlement as kept, with what became of it and the dates of its visit."""

    state: SettlementState
    cancelled_at: datetime | None
    cancellation_serial: int | None
    benefit_year: int
    transaction_code: str
    admitted_on: date
    discharged_on: date | None
    care_type: str
    hospital_serial: str

    @property
    def cancellation_number(self) -> str | None:
        return _settlement_number(self.person_id, self.cancellation_serial)


class SettlementChange(NamedTuple):
    """As much of a settlement as telling its person takes."""

    person_id: int
    settlement_serial: int
    institution_code: str
    state: SettlementState
    at: datetime

    @property
    def number(self) -> str:
        return str(OutsideNumber(SETTLEMENT, self.person_id, self.settlement_serial))


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelRequest:
    """撤销: undo a settlement whose number is known. `encounter_serial` is compared when given; a settlement made in
    another `way` is not found."""

    person_id: int
    settlement_serial: int
    institution_code: str
    message_id: str
    transaction_code: str
    request_hash: bytes
    encounter_serial: int | None = None
    way: SettlementWay = SettlementWay.DIRECT


@dataclass(frozen=True, slots=True, kw_only=True)
class LaterChange:
    """A settlement in force as it was settled, and as it would be had the cancelled ones before it never been.

    It keeps its amounts: this is for whoever has to decide whether it should be cancelled and settled again. `would_be`
    is None where the law then gives no answer; `undetermined` says why. `cancelled_serial` is the settlement whose
    cancellation this was written down with; None when it was computed just now.
    """

    person_id: int
    settlement_serial: int
    institution_code: str
    care_kind: CareKind
    benefit_year: int
    insurance_type: InsuranceType
    settled_on: date
    settled: BillShares
    would_be: BillShares | None
    undetermined: str
    cancelled_serial: int | None = None

    @property
    def number(self) -> str:
        return str(OutsideNumber(SETTLEMENT, self.person_id, self.settlement_serial))

    @property
    def cancelled_number(self) -> str | None:
        return _settlement_number(self.person_id, self.cancelled_serial)

    @property
    def differs(self) -> bool:
        return self.settled != self.would_be

    @property
    def person_share_change_fen(self) -> Fen | None:
        """How much more (negative: less) the person would pay; None where the law gives no answer."""
        return None if self.would_be is None else self.would_be.person_share_fen - self.settled.person_share_fen


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled:
    """`settlement` is the undone one, its amounts as they were (positive). `balance_after_fen`: the account's now.

    `later_changes`: settlements of the same year that counted on this one's totals and would have come out differently
    without it. They are left alone; what would have changed is written down with the cancellation.
    """

    settlement: SettlementRecord
    cancellation_serial: int
    cancelled_at: datetime
    balance_after_fen: Fen | None
    later_changes: tuple[LaterChange, ...]
    is_repeat: bool = False

    @property
    def number(self) -> str:
        """The number of the cancelling settlement, new, never the one it undoes."""
        return str(OutsideNumber(SETTLEMENT, self.settlement.person_id, self.cancellation_serial))

    @property
    def later_numbers(self) -> tuple[str, ...]:
        return tuple(change.number for change in self.later_changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReverseRequest:
    """冲正: withdraw a message whose outcome is unknown. Code and id are the ORIGINAL message's."""

    person_id: int
    institution_code: str
    transaction_code: str
    message_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reversed:
    """`undone` says what the message had done: UNKNOWN when it never arrived; should it arrive late, it is refused."""

    undone: MessageKind
    reversed_at: datetime
    cancelled: Cancelled | None = None
    encounter_serial: int | None = None
    is_repeat: bool = False


def _settlement_number(person_id: int, serial: int | None) -> str | None:
    return None if serial is None else str(OutsideNumber(SETTLEMENT, person_id, serial))
