"""Advice and comparisons for other channels: three questions before travelling, and one bill by every way there is."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any, NamedTuple

from litestar import Response, post

from tongban.advice import (
    Access,
    Advice,
    Bill,
    Destination,
    Estimate,
    FiledBy,
    Insured,
    Option,
    Question,
    YearSoFar,
    advise,
    estimate,
)
from tongban.directory import FilingLevel, Regions
from tongban.doors.api import law
from tongban.doors.api.operations import BASE
from tongban.doors.documents import Form, document
from tongban.doors.http import Request
from tongban.kernel.errors import Refusal
from tongban.kernel.vocabulary import (
    CareKind,
    Confidence,
    FilingKind,
    InsuranceType,
    Locality,
    PersonnelCategory,
    PriceClass,
    Situation,
)
from tongban.law import BenefitPath, FilingOutcome, Material, Pack, SourceLine, Undetermined
from tongban.law.errors import FieldMissing


class AdviceQuestion(NamedTuple):
    """The three questions, who is insured where, and on which day. Of the two that say where, one is enough."""

    insured_pool: str
    insurance_type: InsuranceType
    situation: Situation
    care: CareKind
    on: date
    treatment_pool: str = ""
    locality: Locality | None = None
    category: PersonnelCategory | None = None
    home_class: PriceClass = PriceClass.CLASS_1
    there_class: PriceClass = PriceClass.CLASS_1


class EstimateQuestion(NamedTuple):
    """One bill to compare. What is in scope is what the other parts leave of the total."""

    insured_pool: str
    insurance_type: InsuranceType
    care: CareKind
    on: date
    total_fen: int
    treatment_pool: str = ""
    locality: Locality | None = None
    category: PersonnelCategory | None = None
    home_class: PriceClass = PriceClass.CLASS_1
    there_class: PriceClass = PriceClass.CLASS_1
    self_funded_fen: int = 0
    over_price_cap_fen: int = 0
    preselfpay_fen: int = 0
    stays_before: int = 0
    pooled_before_fen: int = 0
    borne_before_fen: int = 0
    critical_illness_before_fen: int = 0
    deductible_before_fen: int = 0


class KindLine(NamedTuple):
    """A kind of filing that serves. `months_valid` None: until further notice."""

    filing_kind: FilingKind
    is_required: bool
    months_valid: int | None
    earliest_start: date
    valid_to: date | None
    materials: tuple[Material, ...]
    sources: tuple[SourceLine, ...]
    confidence: Confidence


class OptionLine(NamedTuple):
    """One way of having a bill settled. Amounts are None where no source says."""

    locality: Locality
    situations: tuple[Situation, ...]
    path: BenefitPath | None
    access: Access
    person_share_fen: int | None
    fund_fen: int | None
    difference_fen: int | None
    undetermined: Undetermined | None
    confidence: Confidence
    conflicts: tuple[str, ...]


class AdviceDocument(NamedTuple):
    """`saving_fen`: how much less one pays on `typical_bill_zh` by doing as advised; None where it is not known."""

    version: str
    locality: Locality
    outcome: FilingOutcome
    sentence: str
    filed_by: FiledBy
    filing_kinds: tuple[KindLine, ...]
    filing_place: str
    filing_level: FilingLevel | None
    if_not: str
    typical_bill_zh: str
    saving_fen: int | None
    notices: tuple[str, ...]
    sources: tuple[SourceLine, ...]
    confidence: Confidence
    ask: str
    must_ask: bool


class EstimateDocument(NamedTuple):
    """Staying at home first; ways that come to exactly the same are one option."""

    version: str
    locality: Locality
    options: tuple[OptionLine, ...]


ADVICE_FORM = Form(AdviceQuestion)
ESTIMATE_FORM = Form(EstimateQuestion)
# What the use cases call by another name than the documents do.
_FIELDS = {"destination": "treatment_pool", "total": "total_fen", "self_funded": "self_funded_fen"}


@post(f"{BASE}/advise", **law.POST)
async def advise_route(request: Request) -> Response[bytes]:
    law.query(request)
    return law.answer(document(told_advice(request, await request.body())))


@post(f"{BASE}/estimate", **law.POST)
async def estimate_route(request: Request) -> Response[bytes]:
    law.query(request)
    return law.answer(document(told_estimate(request, await request.body())))


def told_advice(request: Request, text: bytes) -> AdviceDocument:
    """Raises DocumentMalformed, Invalid, FieldMissing or PlaceUnknown."""
    asked: AdviceQuestion = ADVICE_FORM.read(text)
    law.answers(request).reader.check(asked)
    return advice_document(request.app.state.pack, request.app.state.regions, asked)


def told_estimate(request: Request, text: bytes) -> EstimateDocument:
    """Raises DocumentMalformed, Invalid, FieldMissing, PlaceUnknown, BillRefused or NothingToCompare."""
    asked: EstimateQuestion = ESTIMATE_FORM.read(text)
    law.answers(request).reader.check(asked)
    return estimate_document(request.app.state.pack, request.app.state.regions, asked)


def advice_document(pack: Pack, regions: Regions, asked: AdviceQuestion) -> AdviceDocument:
    """Raises PlaceUnknown or FieldMissing."""
    insured = Insured(asked.insured_pool, asked.insurance_type, asked.category)
    question = Question(
        insured, _destination(asked), asked.situation, asked.care, asked.on, asked.home_class, asked.there_class
    )
    with _fields_renamed():
        return _told(pack, advise(pack, regions, question))


def estimate_document(pack: Pack, regions: Regions, asked: EstimateQuestion) -> EstimateDocument:
    """Raises BillRefused, NothingToCompare, PlaceUnknown or FieldMissing."""
    bill = Bill(asked.care, asked.total_fen, asked.self_funded_fen, asked.over_price_cap_fen, asked.preselfpay_fen)
    is_stay = asked.care is CareKind.INPATIENT
    year = YearSoFar(
        inpatient_stays=asked.stays_before,
        inpatient_pooled_fen=asked.pooled_before_fen if is_stay else 0,
        in_scope_borne_fen=asked.borne_before_fen,
        critical_illness_fen=asked.critical_illness_before_fen,
        outpatient_pooled_fen=0 if is_stay else asked.pooled_before_fen,
        outpatient_deductible_fen=asked.deductible_before_fen,
    )
    insured, going = Insured(asked.insured_pool, asked.insurance_type, asked.category, year), _destination(asked)
    with _fields_renamed():
        made: Estimate = estimate(
            pack,
            regions,
            bill,
            insured,
            going,
            home_class=asked.home_class,
            there_class=asked.there_class,
            on=asked.on,
        )
    return EstimateDocument(pack.version, made.locality, tuple(_option(option) for option in made.options))


def _destination(asked: AdviceQuestion | EstimateQuestion) -> Destination:
    if not asked.treatment_pool and asked.locality is None:
        raise FieldMissing("treatment_pool（就医地）和 locality（在哪里看病）至少写一个", field="treatment_pool")
    return Destination(asked.treatment_pool, None if asked.treatment_pool else asked.locality)


@contextmanager
def _fields_renamed() -> Iterator[None]:
    try:
        yield
    except Refusal as refusal:
        refusal.field = _FIELDS.get(refusal.field or "", refusal.field)
        raise


def _told(pack: Pack, made: Advice) -> AdviceDocument:
    decision, effect = made.decision, made.effect
    return AdviceDocument(
        version=pack.version,
        locality=made.locality,
        outcome=decision.outcome,
        sentence=decision.sentence,
        filed_by=made.filed_by,
        filing_kinds=tuple(
            KindLine(
                each.kind,
                each.is_required,
                each.terms.months_valid,
                each.earliest_start,
                each.valid_to,
                each.terms.materials,
                each.terms.sources,
                each.terms.confidence,
            )
            for each in made.kinds
        ),
        filing_place=made.place.region.full_name if made.place.region else "",
        filing_level=made.place.level,
        if_not=made.if_not,
        typical_bill_zh=effect.typical.zh if effect else "",
        saving_fen=effect.saving_fen if effect else None,
        notices=tuple(notice.text for notice in made.notices),
        sources=decision.sources,
        confidence=decision.confidence,
        ask=made.ask,
        must_ask=made.must_ask,
    )


def _option(option: Option) -> OptionLine:
    return OptionLine(
        option.locality,
        option.situations,
        option.path,
        option.access,
        option.own_share_fen,
        option.fund_fen,
        option.difference_fen,
        option.undetermined,
        option.confidence,
        option.conflicts,
    )


route_handlers: list[Any] = [advise_route, estimate_route]
