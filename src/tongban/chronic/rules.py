"""What law and records decide about recognition. Pure: no SQL, no clock."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from tongban import law
from tongban.chronic.errors import DiseaseRefused, ProxyRefused
from tongban.chronic.model import SCHEME_CODES, Certification, Disease, ValidityBasis, Wanted
from tongban.directory import ChronicDisease as CatalogDisease
from tongban.kernel.dates import add_working_days, last_day_of, zh_date
from tongban.kernel.errors import Refusal
from tongban.kernel.vocabulary import ChronicDisease, InsuranceType, MedicationScheme, Relation
from tongban.law import Act, Pack, Paper, ServiceItem, Way

# What one application can hold, whatever the law allows.
DISEASES_MAX, INSTITUTIONS_MAX = 10, 20


@dataclass(frozen=True, slots=True)
class Choices:
    """What can be applied for: those that settle across provinces, the residents' drug schemes (none for employees),
    and every other disease a code is known of. Which of the others the insured pool recognises, nobody says."""

    listed: tuple[Wanted, ...]
    schemes: tuple[Wanted, ...]
    local: tuple[Wanted, ...]

    def all(self) -> tuple[Wanted, ...]:
        return (*self.listed, *self.schemes, *self.local)

    def find(self, code: str) -> Wanted | None:
        return next((each for each in self.all() if each.code == code), None)


def choices(
    pack: Pack, insured_pool: str, insurance_type: InsuranceType, catalog: Sequence[CatalogDisease], on: date
) -> Choices:
    """`catalog` are the codes of the directory. A disease of the ten stands under the first code of its list; its
    narrower codes are not offered, since nobody but a doctor knows which it is."""
    listed = {code: disease for disease in ChronicDisease if (code := _head_code(pack, insured_pool, disease, on))}
    known = (*(each for each in catalog if law.listed_disease(pack, insured_pool, each.code, on) is None),)
    schemes = tuple(MedicationScheme) if insurance_type is InsuranceType.RESIDENT else ()
    return Choices(
        tuple(Wanted(disease, code, disease.zh) for code, disease in listed.items()),
        tuple(Wanted(scheme, SCHEME_CODES[scheme], scheme.zh) for scheme in schemes),
        tuple(Wanted(ChronicDisease.LOCAL, each.code, each.name) for each in known),
    )


def _head_code(pack: Pack, insured_pool: str, disease: ChronicDisease, on: date) -> str:
    used = pack.members(insured_pool, "chronic_cross_province", (disease,), on)
    return used.members[0] if used is not None and used.members else ""


def wanted_of(pack: Pack, insured_pool: str, code: str, catalog: Sequence[CatalogDisease], on: date) -> Wanted:
    """What an operator names by its code, which may be a narrower one. Raises DiseaseRefused for an unknown code."""
    scheme = next((scheme for scheme, of_scheme in SCHEME_CODES.items() if of_scheme == code), None)
    if scheme is not None:
        return Wanted(scheme, code, scheme.zh)
    disease = law.listed_disease(pack, insured_pool, code, on)
    name = next((each.name for each in catalog if each.code == code), None)
    if disease is not None:
        is_head = code == _head_code(pack, insured_pool, disease, on)
        return Wanted(disease, code, disease.zh if is_head or name is None else name)
    if name is None:
        raise DiseaseRefused(f"没有病种编码 {code[:20]}，请核对编码", field="disease")
    return Wanted(ChronicDisease.LOCAL, code, name)


def certified_under(
    certifications: Iterable[Certification], insured_pool: str, insurance_type: InsuranceType
) -> list[Certification]:
    """Those that count for this insurance."""
    return [each for each in certifications if each.is_under(insured_pool, insurance_type)]


def disease_problems(
    wanted: Sequence[Wanted], certifications: Sequence[Certification], open_keys: Iterable[str], today: date
) -> list[Refusal]:
    """What stands against applying for these under an insurance with these `certifications`: recognised already, or
    being applied for. Whether a drugs scheme goes beside its own disease no source says: that is the reviewer's."""
    problems: list[Refusal] = []
    if not wanted:
        problems.append(DiseaseRefused("请选要认定的病，可以选几种", field="disease"))
    if len(wanted) > DISEASES_MAX:
        problems.append(DiseaseRefused(f"一次最多选 {DISEASES_MAX} 种，您选了 {len(wanted)} 种", field="disease"))
    in_force = {each.wanted.key: each for each in certifications if each.valid_to is None or each.valid_to >= today}
    pending = set(open_keys)
    for each in wanted:
        known = in_force.get(each.key)
        if known is not None:
            until = f"，有效到{zh_date(known.valid_to)}" if known.valid_to else ""
            problems.append(DiseaseRefused(f"“{each.zh}”已经认定过{until}，不用再申请", field="disease"))
        elif each.key in pending:
            problems.append(DiseaseRefused(f"“{each.zh}”已经在申请了，请等结果", field="disease"))
    return problems


def may_apply_for(pack: Pack, insured_pool: str, relation: Relation, on: date) -> None:
    """Raises ProxyRefused where the insured pool does not let relatives apply, or nobody says that it does."""
    decision = law.may_act_for(pack, insured_pool, Act.RECOGNISE, relation, on)
    if decision.outcome is not law.Permission.ALLOWED:
        raise ProxyRefused(decision.sentence, field="for")


class PapersAsked(NamedTuple):
    """`papers` are demanded where the law lists them. Where it does not (`undetermined` says so), they are only what is
    often asked for, and none is demanded."""

    papers: tuple[Paper, ...]
    undetermined: law.Undetermined | None


_OFTEN_ASKED = (Paper.DIAGNOSIS_CERTIFICATE, Paper.EXAM_REPORT, Paper.DISCHARGE_RECORD)


def papers_asked(pack: Pack, insured_pool: str, on: date) -> PapersAsked:
    found = law.recognition_papers(pack, insured_pool, Way.ONLINE, on)
    if isinstance(found, law.Undetermined):
        return PapersAsked(_OFTEN_ASKED, found)
    return PapersAsked(found.members, None)


def due_on(pack: Pack, insured_pool: str, complete_on: date) -> date | None:
    """The last day of the agency's time, counted from the day on which nothing was missing; None: no source."""
    days = law.handling_days(pack, insured_pool, ServiceItem.CHRONIC, complete_on)
    return None if isinstance(days, law.Undetermined) else add_working_days(complete_on, days.value)


class Validity(NamedTuple):
    valid_to: date | None
    basis: ValidityBasis


def validity(
    pack: Pack, insured_pool: str, disease: Disease, valid_from: date, told: date | None, on: date
) -> Validity:
    """Until when a recognition holds: as the operator says, else as the law does, else until further notice."""
    if told is not None:
        return Validity(told, ValidityBasis.OPERATOR)
    months = law.recognition_months(pack, insured_pool, disease, on)
    if isinstance(months, law.Undetermined):
        return Validity(None, ValidityBasis.UNKNOWN)
    if months.value == law.OPEN_ENDED:
        return Validity(None, ValidityBasis.POLICY)
    return Validity(last_day_of(valid_from, months.value), ValidityBasis.POLICY)
