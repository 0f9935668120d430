"""Filing for treatment elsewhere: who must, for which kinds, on which terms, until when, and what may be changed."""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from tongban.kernel.vocabulary import (
    CareKind,
    Confidence,
    FilingKind,
    InsuranceType,
    Locality,
    PersonnelCategory,
    Situation,
)
from tongban.law.decisions.answer import Listed, answer, conflicts_of, lines_of, listed, stated, yes_no
from tongban.law.errors import FilingTermsUnknown
from tongban.law.model import (
    Decision,
    FilingDecision,
    FilingOutcome,
    FilingQuestion,
    FilingTerms,
    SourceLine,
    Undetermined,
    UsedValue,
)
from tongban.law.pack import OPEN_ENDED, Pack, worst
from tongban.law.rules.outpatient import NO_LIMIT
from tongban.law.words import (
    Applicant,
    CareStage,
    DualBenefit,
    EmergencyStanding,
    FilingAct,
    FilingActor,
    LateFiling,
    Paper,
    PapersState,
    Permission,
    PlaceLevel,
    Way,
)


def decide_filing(pack: Pack, question: FilingQuestion) -> FilingDecision:
    """Whether this care has to be filed first. UNDETERMINED where no source speaks, with whom to ask."""
    inputs = (question.insurance_type, question.locality, question.situation, question.care)
    pool, place = question.insured_pool, question.treatment_pool
    return answer(pack, "filing", FilingOutcome, pool, inputs, question.on, place)


def kinds_offered(
    pack: Pack, insured_pool: str, insurance_type: InsuranceType, category: PersonnelCategory | None, on: date
) -> tuple[FilingKind, ...]:
    """The kinds of filing a pool takes from such a person, in the order of `FilingKind`; none where no source says.

    Without a category, those that somebody with this insurance may file.
    """
    categories = (category,) if category is not None else tuple(PersonnelCategory)
    offered = {
        member
        for each in categories
        if (used := pack.members(insured_pool, "filing_kinds_offered", (insurance_type, each), on)) is not None
        for member in used.members
    }
    return tuple(kind for kind in FilingKind if kind in offered)


def filing_terms(pack: Pack, insured_pool: str, kind: FilingKind, locality: Locality, on: date) -> FilingTerms:
    """On which terms a kind is filed: months, stays, dates, papers, which care it covers.

    Raises FilingTermsUnknown where no source says, for instance for a place that needs no filing at all.
    """
    months = pack.value(insured_pool, "filing_months_valid", (kind, locality), on)
    stays = pack.value(insured_pool, "filing_stays_max", (kind, locality), on)
    whole = pack.value(insured_pool, "filing_serves_whole_stay", (), on)
    backdate = pack.value(insured_pool, "filing_backdate_days", (kind,), on)
    precedes = pack.value(insured_pool, "filing_start_precedes_admission", (kind,), on)
    texts = pack.kind_texts(insured_pool, kind, on)
    definition = next((text for text in texts if text.definition is not None), None)
    scopes = next((text for text in texts if text.scopes is not None), None)
    materials = next((text for text in texts if text.materials is not None), None)
    if not (months and stays and whole and backdate and precedes and definition and scopes and materials):
        raise FilingTermsUnknown(
            f"没有查到“{kind.zh}”在{locality.zh}怎么备案。请问{pack.agency(insured_pool)}。", field="kind"
        )
    values, told = (months, stays, whole, backdate, precedes), (definition, scopes, materials)
    lines = [*lines_of(pack, values)]
    lines += [line for text in told for line in pack.source_lines(text.sources, text.confidence, text.since)]
    return FilingTerms(
        kind=kind,
        months_valid=None if months.value == OPEN_ENDED else months.value,
        stays_max=None if stays.value == NO_LIMIT else stays.value,
        serves_whole_stay=whole.value == 1,
        backdate_days_max=backdate.value,
        must_start_before_admission=precedes.value == 1,
        materials=materials.materials or (),
        scopes=scopes.scopes or frozenset(),
        definition=definition.definition or "",
        sources=tuple(dict.fromkeys(lines)),
        confidence=worst([entry.confidence for entry in (*values, *told)]),
        conflicts=tuple(dict.fromkeys(entry.conflict for entry in (*values, *told) if entry.conflict)),
    )


class PlaceAnswer(NamedTuple):
    """How exactly a filing names a place, and where that stands."""

    level: PlaceLevel
    sources: tuple[SourceLine, ...]
    confidence: Confidence
    conflict: str


def place_level(pack: Pack, insured_pool: str, treatment_province: str, on: date) -> PlaceAnswer | Undetermined:
    """Whether one files to the whole province or to one of its cities. 兵团 has a province code of its own."""
    places = listed(pack, insured_pool, "province_level_places", str, (), on)
    if isinstance(places, Undetermined):
        return places
    level = PlaceLevel.PROVINCE if treatment_province in places.members else PlaceLevel.CITY
    return PlaceAnswer(level, places.sources, places.confidence, places.conflict)


@dataclass(frozen=True, slots=True)
class LateFilingQuestion:
    """Somebody wants to file while the care has come as far as `stage`."""

    insured_pool: str
    stage: CareStage
    locality: Locality
    situation: Situation
    on: date
    treatment_pool: str = ""


def decide_late_filing(pack: Pack, question: LateFilingQuestion) -> Decision[LateFiling]:
    """Whether a filing made now still serves the stay."""
    inputs = (question.stage, question.locality, question.situation)
    pool, place = question.insured_pool, question.treatment_pool
    return answer(pack, "late_filing", LateFiling, pool, inputs, question.on, place)


@dataclass(frozen=True, slots=True)
class FilingChangeQuestion:
    """`is_settled_here`: something has been settled at the filed place while the filing was in force."""

    insured_pool: str
    act: FilingAct
    is_settled_here: bool
    actor: FilingActor
    on: date


def decide_filing_change(pack: Pack, question: FilingChangeQuestion) -> Decision[Permission]:
    """Whether a filing may be cancelled, changed or extended."""
    inputs = (question.act, yes_no(question.is_settled_here), question.actor)
    return answer(pack, "filing_change", Permission, question.insured_pool, inputs, question.on)


@dataclass(frozen=True, slots=True)
class EmergencyQuestion:
    """`care` is a stay or an outpatient visit; `is_marked`: the hospital has uploaded its emergency mark."""

    insured_pool: str
    insurance_type: InsuranceType
    locality: Locality
    care: CareKind
    is_marked: bool
    on: date


def emergency_standing(pack: Pack, question: EmergencyQuestion) -> Decision[EmergencyStanding]:
    """What an emergency counts as. Raises ValueError for care that knows no emergency."""
    if question.care not in (CareKind.INPATIENT, CareKind.OUTPATIENT):
        raise ValueError(f"no emergency at {question.care}")
    inputs = (question.insurance_type, question.locality, question.care, yes_no(question.is_marked))
    return answer(pack, "emergency", EmergencyStanding, question.insured_pool, inputs, question.on)


def dual_benefit(pack: Pack, insured_pool: str, papers: PapersState, on: date) -> Decision[DualBenefit]:
    """Whether a long-term filing leaves the benefits at home as they were, from the first day or once papers came."""
    return answer(pack, "dual_benefit", DualBenefit, insured_pool, (papers,), on)


def filing_papers(
    pack: Pack, insured_pool: str, way: Way, applicant: Applicant, on: date
) -> Listed[Paper] | Undetermined:
    """What every filing asks for, whatever its kind; the kind's own papers are in its terms."""
    return listed(pack, insured_pool, "filing_papers", Paper, (way, applicant), on)


class PapersRule(NamedTuple):
    """`must_be_shown`: with the filing. `may_follow`: may be handed in later; None where papers are not handed in."""

    must_be_shown: bool
    may_follow: bool | None
    sources: tuple[SourceLine, ...]
    conflicts: tuple[str, ...]


def papers_rule(pack: Pack, insured_pool: str, way: Way, on: date) -> PapersRule | Undetermined:
    """Whether the papers of the kind are shown when one files, and whether missing ones may follow (容缺后补)."""
    shown = stated(pack, insured_pool, "filing_needs_papers", (way,), on)
    if isinstance(shown, Undetermined):
        return shown
    follow = pack.value(insured_pool, "filing_papers_may_follow", (way,), on)
    used: tuple[UsedValue, ...] = (shown,) if follow is None else (shown, follow)
    may_follow = None if follow is None else follow.value == 1
    return PapersRule(shown.value == 1, may_follow, lines_of(pack, used), conflicts_of(used))


def archive_months(pack: Pack, insured_pool: str, on: date) -> UsedValue | Undetermined:
    """How long the forms of a filing are kept at least."""
    return stated(pack, insured_pool, "filing_archive_months", (), on)
