"""Chronic and special diseases away from home: which codes count, and whether a visit settles directly."""

from dataclasses import dataclass
from datetime import date

from tongban.kernel.vocabulary import ChronicDisease, Locality, Situation
from tongban.law.decisions.answer import answer, yes_no
from tongban.law.model import Decision
from tongban.law.pack import Pack
from tongban.law.words import ChronicSettlement


def listed_disease(pack: Pack, insured_pool: str, code: str, on: date) -> ChronicDisease | None:
    """The disease settled across provinces that a national code stands for on the day; None for any other code.

    Codes are listed one by one: a code that only begins like a listed one is another disease.
    """
    for disease in ChronicDisease:
        used = pack.members(insured_pool, "chronic_cross_province", (disease,), on)
        if used is not None and code in used.members:
            return disease
    return None


@dataclass(frozen=True, slots=True)
class ChronicQuestion:
    """`is_recognised`: certified and registered at the insured place. `is_filed`: a filing covers chronic disease at
    the place on the day."""

    insured_pool: str
    locality: Locality
    situation: Situation
    disease_code: str
    is_recognised: bool
    is_filed: bool
    on: date


def chronic_settlement(pack: Pack, question: ChronicQuestion) -> Decision[ChronicSettlement]:
    """Whether a visit for the disease settles directly there, and what is missing if it does not."""
    is_listed = listed_disease(pack, question.insured_pool, question.disease_code, question.on) is not None
    inputs = (
        question.locality,
        question.situation,
        yes_no(question.is_recognised),
        yes_no(is_listed),
        yes_no(question.is_filed),
    )
    return answer(pack, "chronic_settlement", ChronicSettlement, question.insured_pool, inputs, question.on)
