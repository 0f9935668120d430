"""Three questions — where, why, what kind of care — and what somebody has to know before they travel."""

from collections.abc import Iterable
from datetime import timedelta

from tongban import law
from tongban.advice.estimate import COMPARABLE, estimate, typical_bill
from tongban.advice.model import Access, Advice, Effect, FiledBy, KindAdvice, Notice, Option, Place, Question
from tongban.advice.ways import Trip, Way, trip, way
from tongban.directory import FilingLevel, Regions
from tongban.kernel.dates import last_day_of
from tongban.kernel.vocabulary import CareKind, Locality, Situation
from tongban.law import FilingTerms, Pack
from tongban.law.report import conflict_notice

_FILED_BY = {
    Access.OPEN: FiledBy.NOBODY,
    Access.FILE_FIRST: FiledBy.SELF,
    Access.HOSPITAL_FILES: FiledBy.HOSPITAL,
    Access.HOSPITAL_RECORDS: FiledBy.HOSPITAL,
    Access.HOSPITAL_MARKS: FiledBy.HOSPITAL,
    Access.UNKNOWN: FiledBy.UNKNOWN,
}
_DEMANDS = (Access.FILE_FIRST, Access.HOSPITAL_FILES)
_LEFT = {
    Access.FILE_FIRST: "不备案",
    Access.HOSPITAL_FILES: "没有转诊备案",
    Access.HOSPITAL_RECORDS: "医院没有录转诊",
    Access.HOSPITAL_MARKS: "医院没有标急诊",
}


def advise(pack: Pack, regions: Regions, question: Question) -> Advice:
    """Raises PlaceUnknown for a place that cannot be filed to, PlaceNotGiven when none is said."""
    going = trip(regions, question.insured, question.destination, question.care, question.on)
    mine = way(pack, going, question.situation)
    plain = mine if question.situation is Situation.OWN_CHOICE else way(pack, going, Situation.OWN_CHOICE)
    kinds = tuple(_kind_advice(terms, going, mine) for terms in mine.kinds if _is_offered(mine))
    ask = pack.agency(question.insured.pool_code)
    named = (mine.decision.conflict, *(conflict for kind in kinds for conflict in kind.terms.conflicts))
    return Advice(
        question=question,
        locality=going.locality,
        decision=mine.decision,
        filed_by=_FILED_BY[mine.access],
        kinds=kinds,
        place=_place(regions, going),
        if_not=_if_not(mine, plain, question.care),
        effect=_effect(pack, regions, question, going, mine, plain),
        notices=notices(pack, question.insured.pool_code, named),
        ask=ask,
        must_ask=mine.access is Access.UNKNOWN or (mine.access is Access.FILE_FIRST and not kinds),
    )


def notices(pack: Pack, pool_code: str, conflicts: Iterable[str]) -> tuple[Notice, ...]:
    """The plain sentences about each contradiction, once each; ids that are empty are none."""
    named = [conflict for conflict in dict.fromkeys(conflicts) if conflict]
    return tuple(Notice(conflict, conflict_notice(pack, pool_code, conflict)) for conflict in named)


def _is_offered(mine: Way) -> bool:
    """Whether filing is open to a person in this situation: demanded, already done, or left to them."""
    if mine.access in (*_DEMANDS, Access.HOSPITAL_RECORDS) or mine.is_filed:
        return True
    return mine.situation is Situation.OWN_CHOICE and mine.decision.outcome is law.FilingOutcome.DEEMED


def _kind_advice(terms: FilingTerms, going: Trip, mine: Way) -> KindAdvice:
    months = terms.months_valid
    return KindAdvice(
        kind=terms.kind,
        is_required=mine.access in _DEMANDS,
        is_filed=terms.kind in going.insured.filed,
        terms=terms,
        earliest_start=going.on - timedelta(days=terms.backdate_days_max),
        valid_to=None if months is None else last_day_of(going.on, months),
    )


def _place(regions: Regions, going: Trip) -> Place:
    if going.region is not None:
        return Place(going.region, going.region.filing_level, ())
    if going.locality is not Locality.CROSS_PROVINCE:
        return Place(None, FilingLevel.CITY, ())
    whole = [province.single_pool.name for province in regions.provinces() if province.single_pool is not None]
    return Place(None, None, tuple(whole))


def _otherwise(mine: Way, plain: Way) -> Way | None:
    """The way of somebody who leaves what they are advised to do, where it ends in a settlement at all."""
    if mine.access not in _LEFT or mine.situation is Situation.OWN_CHOICE:
        return None
    if mine.situation is Situation.EMERGENCY and mine.access is Access.FILE_FIRST:
        return None  # the mark alone, unfiled, is what this reading refuses
    return plain if plain.access is Access.OPEN else None


def _if_not(mine: Way, plain: Way, care: CareKind) -> str:
    if mine.access not in _LEFT:
        return ""
    if _otherwise(mine, plain) is None:
        return f"{_LEFT[mine.access]}，就不能直接结算。要先自己付钱，再回参保地报。"
    lesser = "没有转诊" if care is CareKind.INPATIENT else "临时外出"
    return f"{_LEFT[mine.access]}，就按{lesser}算。"


def _effect(pack: Pack, regions: Regions, question: Question, going: Trip, mine: Way, plain: Way) -> Effect | None:
    """None at home, for care that is not paid by stay or visit, and where no bill to speak about is known."""
    if question.care not in COMPARABLE or going.locality is Locality.SAME_POOL:
        return None
    insured = question.insured
    typical = typical_bill(
        pack, insured.pool_code, insured.insurance_type, question.care, question.there_class, question.on
    )
    if typical is None:
        return None
    compared = estimate(
        pack,
        regions,
        typical.bill,
        insured,
        question.destination,
        home_class=question.home_class,
        there_class=question.there_class,
        on=question.on,
    )
    as_advised = compared.option_of(question.situation)
    left = _otherwise(mine, plain)
    otherwise: Option | None = compared.option_of(left.situation) if left is not None else None
    return Effect(typical, compared, as_advised, None if otherwise is as_advised else otherwise)
