"""Manual reimbursement, and injuries: what is not settled at the counter."""

from dataclasses import dataclass
from datetime import date

from tongban.kernel.vocabulary import Locality
from tongban.law.decisions.answer import Listed, answer, listed, yes_no
from tongban.law.model import Decision, Undetermined
from tongban.law.pack import Pack
from tongban.law.words import Applicant, ClaimCare, ClaimRoute, InjuryDecision, PaidHow, Paper, ThirdParty, Way


@dataclass(frozen=True, slots=True)
class ClaimQuestion:
    insured_pool: str
    care: ClaimCare
    locality: Locality
    paid: PaidHow
    on: date


def claim_route(pack: Pack, question: ClaimQuestion) -> Decision[ClaimRoute]:
    """Where care that was not settled directly is claimed: online, at a window, or not at all."""
    inputs = (question.care, question.locality, question.paid)
    return answer(pack, "claim_route", ClaimRoute, question.insured_pool, inputs, question.on)


def claim_papers(
    pack: Pack, insured_pool: str, way: Way, applicant: Applicant, on: date
) -> Listed[Paper] | Undetermined:
    """What a claim is handed in with."""
    return listed(pack, insured_pool, "claim_papers", Paper, (way, applicant), on)


def injury(
    pack: Pack, insured_pool: str, third_party: ThirdParty, is_signed: bool, locality: Locality, on: date
) -> Decision[InjuryDecision]:
    """Whether an injury is settled directly. `is_signed`: the patient signed that nobody else answers for it."""
    inputs = (third_party, yes_no(is_signed), locality)
    return answer(pack, "injury", InjuryDecision, insured_pool, inputs, on)
