"""Chronic and special diseases away from home: which codes count, and whether a visit settles directly."""

from dataclasses import dataclass
from datetime import date

from tongban.kernel.vocabulary import ChronicDisease, Locality, MedicationScheme, Situation
from tongban.law.decisions.answer import Listed, answer, listed, stated, yes_no
from tongban.law.model import Decision, Undetermined, UsedValue
from tongban.law.pack import Pack
from tongban.law.words import ChronicSettlement, Paper, Way


def listed_disease(pack: Pack, insured_pool: str, code: str, on: date) -> ChronicDisease | None:
    """The disease settled across provinces that a national code stands for on the day; None for any other code.

    Codes are listed one by one: a code that only begins like a listed one is another disease.
    """
    for disease in ChronicDisease:
        used = pack.members(insured_pool, "chronic_cross_province", (disease,), on)
        if used is not None and code in used.members:
            return disease
    return None


def is_same_disease(pack: Pack, insured_pool: str, recognised_code: str, sent_code: str, on: date) -> bool:
    """Whether care under `sent_code` is care for what was recognised under `recognised_code`.

    The same code is. Across provinces hospitals send the code of the whole disease, the first of its list, where a
    narrower one was recognised, or the other way round. Two narrower codes are two diseases.
    """
    if recognised_code == sent_code:
        return True
    for disease in ChronicDisease:
        used = pack.members(insured_pool, "chronic_cross_province", (disease,), on)
        if used is not None and recognised_code in used.members and sent_code in used.members:
            return used.members[0] in (recognised_code, sent_code)
    return False


def recognition_papers(pack: Pack, insured_pool: str, way: Way, on: date) -> Listed[Paper] | Undetermined:
    """What an application for recognition is handed in with."""
    return listed(pack, insured_pool, "chronic_papers", Paper, (way,), on)


def recognition_months(
    pack: Pack, insured_pool: str, disease: ChronicDisease | MedicationScheme, on: date
) -> UsedValue | Undetermined:
    """How many months a recognition holds; `OPEN_ENDED`: until further notice."""
    return stated(pack, insured_pool, "chronic_months_valid", (disease,), on)


def recognition_institutions_max(pack: Pack, insured_pool: str, on: date) -> UsedValue | Undetermined:
    """How many institutions a recognised person chooses; `NO_LIMIT`: any number."""
    return stated(pack, insured_pool, "chronic_institutions_max", (), on)


def is_bound_to_institutions(pack: Pack, insured_pool: str, where: Locality, on: date) -> UsedValue | Undetermined:
    """Whether care there settles only at the chosen institutions: value 1 or 0."""
    return stated(pack, insured_pool, "chronic_is_bound_to_institutions", (where,), on)


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
