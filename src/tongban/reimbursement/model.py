"""The words of manual reimbursement 手工报销: what is claimed, what became of it, how it was paid."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

from tongban.kernel.identifiers import CLAIM, OutsideNumber
from tongban.kernel.money import Fen
from tongban.kernel.vocabulary import InsuranceType, PersonnelCategory, Relation, Word
from tongban.law import ClaimCare
from tongban.settlement import Delivery, LineUpload, Split

FLOW = "reimbursement"


class ClaimState(Word):
    REVIEWING = "reviewing", "审核中"
    PAPERS_DUE = "papers_due", "要补材料"
    REFUSED = "refused", "未通过"
    COMPUTED = "computed", "已核算"  # something is to be paid, or the bank is paying it
    NOTHING_DUE = "nothing_due", "没有能报的钱"
    PAID = "paid", "已付款"
    RETURNED = "returned", "付款退回"  # waits for another card
    WITHDRAWN = "withdrawn", "已撤回"


class EventKind(Word):
    SUBMITTED = "submitted", "已提交"
    ACCEPTED = "accepted", "已受理"
    ASKED = "asked", "要补材料"
    ANSWERED = "answered", "材料补交了"
    REFUSED = "refused", "未通过"
    COMPUTED = "computed", "已核算"
    TAKEN_BACK = "taken_back", "撤回核算，重新审核"
    ORDERED = "ordered", "已交银行付款"
    PAID = "paid", "已付款"
    RETURNED = "returned", "付款退回"
    CARD_CHANGED = "card_changed", "换了银行卡"
    WITHDRAWN = "withdrawn", "已撤回"


class RefuseCode(Word):
    """Why a claim is refused; the operator's sentence says it for this one."""

    SETTLED_DIRECTLY = "settled_directly", "这次住院已经直接结算"
    NOT_INSURED = "not_insured", "住院那天没有参保"
    WRONG_ROUTE = "wrong_route", "这种情况不在网上报销"
    THIRD_PARTY = "third_party", "有别人的责任，医保不付"
    PAPERS_MISSING = "papers_missing", "材料没有补齐"
    PAPERS_WRONG = "papers_wrong", "材料和填的对不上"
    INVOICE_INVALID = "invoice_invalid", "发票查验没有通过"
    NOT_COVERED = "not_covered", "费用都不在报销范围里"


class Holder(Word):
    """Whose card the money goes to."""

    PATIENT = "patient", "看病的人自己"
    GUARDIAN = "guardian", "监护人"


class PaymentState(Word):
    ORDERED = "ordered", "银行在办"
    PAID = "paid", "已到账"
    RETURNED = "returned", "退回了"


class Invoice(NamedTuple):
    number: str
    issued_on: date
    amount_fen: Fen


@dataclass(frozen=True, slots=True)
class BankCard:
    """Kept sealed. `name` is the holder's."""

    holder: Holder
    name: str
    bank: str
    number: str = field(repr=False)

    @property
    def tail(self) -> str:
        return self.number[-4:]

    @property
    def masked(self) -> str:
        return f"尾号 {self.tail}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimAnswers:
    """Everything that is claimed and signed for.

    `relation`: what the patient is to whoever applies; None for oneself. `papers`: slot of the photo page → number of
    the material; `papers_sha256` their contents, so that another picture voids the signature.
    """

    relation: Relation | None
    care: ClaimCare
    insurance_type: InsuranceType
    category: PersonnelCategory
    insured_pool: str
    treatment_pool: str
    institution_code: str
    institution_name: str
    admitted_on: date
    discharged_on: date
    total_fen: Fen
    is_injury: bool
    invoices: tuple[Invoice, ...]
    card: BankCard
    phone: str = field(repr=False)
    papers: Mapping[str, str]
    papers_sha256: Mapping[str, str]

    def signed_for(self, person_id: int, signer_id: int) -> dict[str, Any]:
        """All of it as plain JSON values, with whom it is about and who signs. Changing the shape voids old hashes."""
        return {
            "person_id": person_id,
            "signer_id": signer_id,
            **self.archived(),
            "phone": self.phone,
            "card": {
                "holder": self.card.holder.value,
                "name": self.card.name,
                "bank": self.card.bank,
                "number": self.card.number,
            },
        }

    def archived(self) -> dict[str, Any]:
        """What may lie unsealed."""
        return {
            "relation": self.relation.value if self.relation else "",
            "care": self.care.value,
            "insurance_type": self.insurance_type.value,
            "category": self.category.value,
            "insured_pool": self.insured_pool,
            "treatment_pool": self.treatment_pool,
            "institution_code": self.institution_code,
            "institution_name": self.institution_name,
            "admitted_on": self.admitted_on.isoformat(),
            "discharged_on": self.discharged_on.isoformat(),
            "total_fen": self.total_fen,
            "is_injury": self.is_injury,
            "invoices": [[each.number, each.issued_on.isoformat(), each.amount_fen] for each in self.invoices],
            "papers": dict(self.papers_sha256),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A claim as kept. `said` is the agency's sentence: what is asked for, or why not.

    `due_on` None: no source says by when it is decided. `payout_fen` and `settlement_serial`: once computed.
    """

    person_id: int
    claim_serial: int
    state: ClaimState
    version: int
    applied_by: int
    relation: Relation | None
    institution_code: str
    institution_name: str
    treatment_pool: str
    insured_pool: str
    insurance_type: InsuranceType
    category: PersonnelCategory
    care: ClaimCare
    is_injury: bool
    admitted_on: date
    discharged_on: date
    total_fen: Fen
    card_tail: str
    holder: Holder
    papers: Mapping[str, str]
    submitted_at: datetime
    due_on: date | None
    accepted_at: datetime | None
    asked_slots: tuple[str, ...]
    refuse_code: RefuseCode | None
    said: str
    attempts: int
    settlement_serial: int | None
    payout_fen: Fen | None
    computed_by: str
    policy_version: str

    @property
    def number(self) -> str:
        return str(OutsideNumber(CLAIM, self.person_id, self.claim_serial))

    @property
    def is_for_self(self) -> bool:
        return self.relation is None

    @property
    def is_open(self) -> bool:
        """Whether the agency has still to decide."""
        return self.state in (ClaimState.REVIEWING, ClaimState.PAPERS_DUE)


class ClaimEvent(NamedTuple):
    at: datetime
    what: EventKind
    actor: str
    channel: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """An order to the bank under its key."""

    payment_no: int
    order_key: str
    amount_fen: Fen
    state: PaymentState
    ordered_at: datetime
    bank_reference: str
    ended_at: datetime | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimDetail:
    claim: Claim
    invoices: tuple[Invoice, ...]
    events: tuple[ClaimEvent, ...]
    payments: tuple[Payment, ...]
    decision: Mapping[str, Any]
    answers: Mapping[str, Any]
    card: BankCard
    phone: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a reviewer read from the papers: the charges as four sums or line by line, and the marks of the record."""

    charges: Split | tuple[LineUpload, ...]
    is_emergency: bool = False
    delivery: Delivery | None = None
