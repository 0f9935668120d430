"""What a draft is read with, and what it amounts to so far."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from tongban.directory import Institution, Regions
from tongban.kernel.errors import Refusal
from tongban.kernel.money import Fen
from tongban.kernel.vocabulary import Locality, Relation
from tongban.law import (
    ClaimCare,
    ClaimRoute,
    Decision,
    InjuryDecision,
    Listed,
    Pack,
    Paper,
    Permission,
    Undetermined,
)
from tongban.materials import Material
from tongban.people import Enrollment, Person
from tongban.reimbursement import rules
from tongban.reimbursement.model import BankCard, ClaimAnswers, Invoice
from tongban.reimbursement.texts import Texts
from tongban.settlement import SettlementRecord
from tongban.signing import Commitment, Signature


@dataclass(frozen=True, slots=True)
class Facts:
    """What records, law and texts say on the day: all that reading a draft depends on besides the draft.

    `enrollments`: the patient's on the day of admission; today's while that is not known. `settled`: what has been paid
    of the stay already. `papers`: by slot of the draft.
    """

    today: date
    pack: Pack
    regions: Regions
    texts: Texts
    applicant: Person
    patient: Person
    enrollments: Sequence[Enrollment]
    institution: Institution | None
    settled: SettlementRecord | None
    is_claimed: bool
    papers: Mapping[str, Material]
    lacks_code: bool  # applying online needs an activated medical code, and whoever applies has none


@dataclass(slots=True)
class Reading:
    """What is known so far; None: not yet, or not validly, answered. `problems` are in page order per step."""

    facts: Facts
    problems: dict[str, list[Refusal]] = field(default_factory=dict)
    relation: Relation | None = None
    phone: str = ""
    permission: Decision[Permission] | None = None
    care: ClaimCare | None = None
    admitted_on: date | None = None
    discharged_on: date | None = None
    total_fen: Fen | None = None
    is_injury: bool = False
    enrollment: Enrollment | None = None
    where: Locality | None = None
    route: Decision[ClaimRoute] | None = None
    injury: Decision[InjuryDecision] | None = None
    slots: tuple[rules.PaperSlot, ...] = ()
    papers_list: Listed[Paper] | Undetermined | None = None
    invoices: tuple[Invoice, ...] = ()
    card: BankCard | None = None
    commitment: Commitment | None = None
    answers: ClaimAnswers | None = None
    answers_hash: bytes | None = None
    signature: Signature | None = None

    def problems_of(self, step: str) -> list[Refusal]:
        return self.problems.get(step, [])

    @property
    def is_for_self(self) -> bool:
        return self.facts.patient.person_id == self.facts.applicant.person_id

    @property
    def decision(self) -> dict[str, object]:
        """The law's answers by name, as they are kept with the claim."""
        found = {
            "route": self.route,
            "act": self.permission,
            "injury": self.injury,
            "papers": self.papers_list,
        }
        return {name: decision for name, decision in found.items() if decision is not None}
