"""By which way care elsewhere is settled, for somebody in one situation: what must be filed, by whom, and what then
applies. The same questions to the law, in the same order, as when a hospital settles."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from tongban import law
from tongban.advice.errors import PlaceNotGiven, PlaceUnknown
from tongban.advice.model import Access, Destination, Insured
from tongban.directory import Region, Regions
from tongban.kernel.vocabulary import CareKind, FilingKind, Locality, Situation
from tongban.law import BenefitPath, FilingDecision, FilingOutcome, FilingTerms, FilingTermsUnknown, Pack, Undetermined

# As what a person in a situation files where a filing is demanded. Nobody files an emergency: where a region wants one
# filed all the same, it is filed as unreferred and carries the hospital's mark.
_FILED_AS: Final = {situation: situation for situation in Situation} | {Situation.EMERGENCY: Situation.OWN_CHOICE}
# What stands for the filing where no source says which kinds are taken: they are all settled alike.
_ANY_KIND: Final = {kind.situation: kind for kind in FilingKind}
_ACCESS = {FilingOutcome.MUST_FILE: Access.FILE_FIRST, FilingOutcome.HOSPITAL_FILES: Access.HOSPITAL_FILES}
_MARKED_BY_HOSPITAL = {Situation.REFERRAL: Access.HOSPITAL_RECORDS, Situation.EMERGENCY: Access.HOSPITAL_MARKS}


@dataclass(frozen=True, slots=True)
class Trip:
    """Where somebody goes, seen from where they are insured."""

    insured: Insured
    locality: Locality
    region: Region | None
    care: CareKind
    on: date


@dataclass(frozen=True, slots=True)
class Way:
    """`kinds` are those that serve the situation and cover the care, with their terms."""

    situation: Situation
    decision: FilingDecision
    path: BenefitPath | Undetermined
    access: Access
    kinds: tuple[FilingTerms, ...]
    is_filed: bool


def trip(regions: Regions, insured: Insured, destination: Destination, care: CareKind, on: date) -> Trip:
    """Raises PlaceUnknown for a code that is no place to go to, PlaceNotGiven when nothing is said of it."""
    if not destination.pool_code:
        if destination.locality is None:
            raise PlaceNotGiven("请选您要去哪里看病", field="destination")
        return Trip(insured, destination.locality, None, care, on)
    region = regions.get(destination.pool_code)
    if region is None or not (region.can_file_to or region.pool_code == insured.pool_code):
        raise PlaceUnknown(f"没有找到编码是 {destination.pool_code[:12]} 的地方，请重新选择", field="destination")
    own = regions.get(insured.pool_code)
    # A province's code stands for somebody who has not said in which of its cities they are insured.
    province = own.province_code if own is not None else insured.pool_code
    where = law.locality(insured.pool_code, region.pool_code, province, region.province_code)
    return Trip(insured, where, region, care, on)


def way(pack: Pack, going: Trip, situation: Situation) -> Way:
    """What the law says to somebody in `situation`: decision, path, what has to be done first."""
    insured = going.insured
    decision = decide(pack, going, situation)
    kinds = tuple(_serving(pack, going, situation))
    filed = next((terms.kind for terms in kinds if terms.kind in insured.filed), None)
    if decision.outcome is FilingOutcome.UNDETERMINED and filed is None:
        unknown = Undetermined(decision.sentence, ("要不要先备案",), decision.ask)
        return Way(situation, decision, unknown, Access.UNKNOWN, kinds, is_filed=False)
    needs_filing = decision.outcome in _ACCESS
    as_filed = filed or (_ANY_KIND[_FILED_AS[situation]] if needs_filing else None)
    path = _path(pack, going, as_filed, situation)
    if filed is not None or not needs_filing:
        marked = filed is None and _is_told_apart(pack, going, decision, path)
        access = _MARKED_BY_HOSPITAL.get(situation, Access.OPEN) if marked else Access.OPEN
    elif situation is Situation.REFERRAL:
        # Nobody refers themselves: what a referral must be filed with is the hospital's word.
        access = Access.HOSPITAL_FILES
    else:
        access = _ACCESS[decision.outcome]
    return Way(situation, decision, path, access, kinds, is_filed=filed is not None)


def _is_told_apart(pack: Pack, going: Trip, decision: FilingDecision, path: BenefitPath | Undetermined) -> bool:
    """Whether the law settles this differently from somebody who simply goes: then the hospital's mark decides."""
    plain = decide(pack, going, Situation.OWN_CHOICE)
    return plain.row_id != decision.row_id and path != _path(pack, going, None, Situation.OWN_CHOICE)


def decide(pack: Pack, going: Trip, situation: Situation) -> FilingDecision:
    return law.decide_filing(
        pack,
        law.FilingQuestion(
            going.insured.pool_code,
            going.insured.insurance_type,
            going.locality,
            situation,
            going.care,
            going.on,
            going.region.pool_code if going.region else "",
        ),
    )


def _serving(pack: Pack, going: Trip, situation: Situation) -> list[FilingTerms]:
    """The terms of the kinds that the pool takes from such a person, that fit the situation and cover the care."""
    if going.locality is Locality.SAME_POOL:
        return []
    insured, found = going.insured, []
    for kind in law.kinds_offered(pack, insured.pool_code, insured.insurance_type, insured.category, going.on):
        if kind.situation is not _FILED_AS[situation]:
            continue
        try:
            terms = law.filing_terms(pack, insured.pool_code, kind, going.locality, going.on)
        except FilingTermsUnknown:
            continue
        if going.care in terms.scopes:
            found.append(terms)
    return found


def _path(pack: Pack, going: Trip, filed: FilingKind | None, situation: Situation) -> BenefitPath | Undetermined:
    return law.benefit_path(
        pack,
        going.insured.pool_code,
        going.insured.insurance_type,
        going.locality,
        filed,
        is_emergency=situation is Situation.EMERGENCY,
        is_referred=situation is Situation.REFERRAL,
        on=going.on,
        treatment_pool=going.region.pool_code if going.region else "",
    )
