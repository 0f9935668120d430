"""What a reviewer reads from the papers of a stay that was paid in full by the person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from tongban.kernel.money import Fen
from tongban.kernel.vocabulary import InsuranceType
from tongban.settlement.model import Delivery, LineUpload
from tongban.settlement.rules import Split


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfPaidStay:
    """A stay that was paid in full by the person, as the agency's reviewer has read it from the papers.

    `charges`: the four sums, or single lines with catalogue codes, which the treating region's catalogue splits.
    `claim_number` goes into the ledger; `attempt` tells computations of one claim apart.
    """

    person_id: int
    claim_number: str
    attempt: int
    institution_code: str
    insurance_type: InsuranceType
    admitted_on: date
    discharged_on: date
    total_fen: Fen
    charges: Split | Sequence[LineUpload]
    is_emergency: bool = False
    is_trauma: bool = False
    has_third_party: bool | None = None
    is_birth: bool = False
    delivery: Delivery | None = None
