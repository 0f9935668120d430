"""How each errand of a journey stands: pure, from the law and from what the records say today."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import NamedTuple

from tongban import chronic, law, mutual_aid, reimbursement
from tongban.advice import Advice, Destination, FiledBy, Insured, KindAdvice, Question, advise
from tongban.directory import Regions
from tongban.drafts import Draft
from tongban.filing import FOR_KIN, FOR_SELF, Filing, FilingStatus, Step
from tongban.infra.clock import day_of
from tongban.journeys.model import FirstDay, Journey, Known, LifeEvent, Part, PartKind, PartState, Progress
from tongban.kernel.vocabulary import CareKind, Situation
from tongban.law import FilingOutcome, Pack
from tongban.materials import MaterialKind, kind_of_code
from tongban.people import Enrollment
from tongban.settlement import SettlementRecord, SettlementState, SettlementWay


@dataclass(frozen=True, slots=True)
class Errand:
    """A matter of another capability as far as a journey looks at it: its number, how it stands, and since when."""

    number: str
    state: PartState


@dataclass(frozen=True, slots=True)
class Records:
    """What the viewer may see of the insured person's records today. `is_own`: the viewer is that person, who alone
    sees bills, claims and recognitions; a relative who helps sees the filings they made, and nothing else.

    `drafts` are the viewer's own, for this person, by errand.
    """

    today: date
    is_own: bool
    enrollment: Enrollment | None
    filings: tuple[Filing, ...] = ()
    settlements: tuple[SettlementRecord, ...] = ()
    recognitions: tuple[Errand, ...] = ()
    claims: tuple[Errand, ...] = ()
    grants: tuple[Errand, ...] = ()
    can_give: bool = False
    drafts: Mapping[PartKind, Draft] = field(default_factory=dict)
    kept_papers: frozenset[MaterialKind] = frozenset()


def progress(pack: Pack, regions: Regions, event: LifeEvent, journey: Journey, records: Records) -> Progress:
    """Every errand of the event in its order, the papers that the open ones ask to have, and whom to ask."""
    found = advice_of(pack, regions, journey, records.enrollment, records.today)
    case = _Case(pack, event, journey, records, found)
    parts = tuple(_PARTS[kind](case) for kind in event.parts)
    is_open = any(part.kind is PartKind.FILING and part.is_open for part in parts)
    papers = tuple((k.kind, k.terms.materials) for k in fitting(event, found) if k.terms.materials) if is_open else ()
    codes = {paper.code for _, asked in papers for paper in asked}
    kept = frozenset(code for code in codes if kind_of_code(code) in records.kept_papers)
    return Progress(journey, parts, papers, kept, found.ask if found else "参保地医保经办机构", found)


def fitting(event: LifeEvent, found: Advice | None) -> tuple[KindAdvice, ...]:
    """The kinds of filing that serve here and fit the event; where none of them fits, all that serve."""
    offered = found.kinds if found else ()
    return tuple(kind for kind in offered if kind.kind in event.kinds) or offered


def known_for(
    kind: PartKind,
    event: LifeEvent,
    journey: Journey,
    regions: Regions,
    found: Advice | None,
    *,
    viewer_id: int,
    today: date,
) -> Known:
    """What was said once, for the pages of an errand."""
    own = viewer_id == journey.person_id
    relation = journey.relation.value if journey.relation else ""
    if kind is PartKind.CLAIM:
        whom = {"whom": reimbursement.FOR_SELF} if own else {"whom": str(journey.person_id), "relation": relation}
        return {
            reimbursement.Step.WHO: whom,
            reimbursement.Step.HOSPITAL: {"area": journey.treatment_pool},
            reimbursement.Step.STAY: {"care": event.claim_care.value, **_admission(event, journey)},
        }
    if kind is PartKind.MUTUAL_AID:
        return {mutual_aid.WHO: {"receiver": str(journey.person_id)}}
    if kind is PartKind.RECOGNITION:
        return {"start": {"purpose": chronic.Purpose.RECOGNISE.value, "several": "", "certification": ""}}
    if kind is not PartKind.FILING:
        return {}
    return _known_for_filing(event, journey, regions, found, own=own, relation=relation, today=today)


def _admission(event: LifeEvent, journey: Journey) -> dict[str, str]:
    """The day of admission for a claim: only one that was past when it was said; a planned day may have come to
    nothing."""
    is_fact = event.first_day is FirstDay.ADMISSION and journey.starts_on < day_of(journey.opened_at)
    return {"admitted": journey.starts_on.isoformat()} if is_fact else {}


def _known_for_filing(
    event: LifeEvent,
    journey: Journey,
    regions: Regions,
    found: Advice | None,
    *,
    own: bool,
    relation: str,
    today: date,
) -> Known:
    region, enrollment = regions.get(journey.treatment_pool), {"enrollment": str(journey.enrollment_no)}
    known: dict[str, Mapping[str, str]] = {
        Step.PLACE: {"area": journey.treatment_pool, "area_province": region.province_code if region else ""},
    }
    if own:
        known[Step.WHO] = {"for": FOR_SELF, **enrollment}
    else:
        known[Step.WHO] = {"for": f"{FOR_KIN}{journey.person_id}", "relation": relation}
        known[Step.PROXY] = enrollment
    if len(kinds := fitting(event, found)) == 1:
        known[Step.KIND] = {"kind": kinds[0].kind.value}
    # Still to come: from today, so that an earlier admission is covered too. Visits begun already: from that day. Of a
    # stay only the person knows whether it lasts still, and with that the filing's first day follows from the
    # admission. Since when somebody lives there says of no day on which they were treated.
    contact = {"start_choice": "today"}
    if journey.starts_on < today:
        day = journey.starts_on.isoformat()
        if event.first_day is FirstDay.ADMISSION:
            contact |= {"admitted": day}
        elif event.first_day is FirstDay.VISITS:
            contact |= {"start_choice": "date", "start": day}
    known[Step.CONTACT] = contact
    return known


def advice_of(
    pack: Pack, regions: Regions, journey: Journey, enrollment: Enrollment | None, today: date
) -> Advice | None:
    """What the law says before the journey; None while the person is not insured."""
    if enrollment is None:
        return None
    return advise(
        pack,
        regions,
        Question(
            insured=Insured(enrollment.pool_code, enrollment.insurance_type, enrollment.category),
            destination=Destination(journey.treatment_pool),
            situation=journey.situation,
            care=journey.care,
            on=max(today, journey.starts_on),
        ),
    )


class _Case(NamedTuple):
    """All that decides how an errand stands."""

    pack: Pack
    event: LifeEvent
    journey: Journey
    records: Records
    found: Advice | None


# -- the errands -------------------------------------------------------------------------------------------------------


def _filing(case: _Case) -> Part:
    kind, journey, records, found = PartKind.FILING, case.journey, case.records, case.found
    if done := _standing(journey, records):
        until = "长期有效" if done.valid_to is None else ""
        if done.status is FilingStatus.MATERIALS_DUE:
            return Part(kind, PartState.BEGUN, "备案要补材料。补好了才算办完。", number=done.number)
        return Part(kind, PartState.DONE, f"已经备案，去那里能直接结算。{until}".strip(), number=done.number)
    if found is None:
        return Part(kind, PartState.ASK, "没有查到参保记录，请先打电话问一下。")
    said = found.decision.sentence
    if found.must_ask:
        return Part(kind, PartState.ASK, said)
    if found.decision.outcome in (FilingOutcome.NOT_NEEDED, FilingOutcome.DEEMED):
        marked = {Situation.EMERGENCY: "请医院标上“急诊”。", Situation.REFERRAL: "请医院把转诊录进系统。"}
        by_hospital = found.filed_by is FiledBy.HOSPITAL
        why = said + (marked.get(journey.situation, "") if by_hospital else "")
        draft = records.drafts.get(kind)
        return Part(
            kind,
            PartState.NOT_NEEDED,
            why,
            draft=str(draft.draft_id) if draft else "",
            may_still=bool(found.kinds) and not by_hospital,
        )
    if found.filed_by is not FiledBy.SELF:
        return Part(kind, PartState.BY_HOSPITAL, said, by=journey.starts_on)
    if (draft := records.drafts.get(kind)) is not None:
        return Part(
            kind, PartState.BEGUN, "填过的都存着，接着办就行。", draft=str(draft.draft_id), by=journey.starts_on
        )
    return Part(kind, PartState.TO_DO, said, by=journey.starts_on)


def _standing(journey: Journey, records: Records) -> Filing | None:
    """The filing that serves this care at this place on the day, or from today on."""
    days = {journey.starts_on, max(journey.starts_on, records.today)}
    for filing in records.filings:
        serves = filing.treatment_pool == journey.treatment_pool and journey.care in filing.scopes
        if serves and any(filing.is_in_force(day) for day in days):
            return filing
    return None


def _recognition(case: _Case) -> Part:
    records = case.records
    return _errand(
        PartKind.RECOGNITION,
        records,
        records.recognitions,
        PartState.TO_DO,
        {
            PartState.DONE: "参保地已经认定。去外地看门诊，按慢特病报。",
            PartState.UNDER_WAY: "参保地正在看材料，有结果会发消息。",
            PartState.BEGUN: "还差一点，补好了才能往下办。",
            PartState.TO_DO: "先由参保地认定。认定以前，只能按普通门诊报。",
            PartState.LATER: "认定的结果，由本人登录了看。",
        },
    )


def _mutual_aid(case: _Case) -> Part:
    records = case.records
    if records.grants:
        why = "家人账户里的钱已经能用，结算时自动付自己那一份。"
        return Part(PartKind.MUTUAL_AID, PartState.DONE, why, number=records.grants[0].number)
    why = "家人有职工医保的，可以把账户里的钱给您用。"
    if not records.is_own:
        why = "您账户里的钱，可以帮家人付自己那一份。"
        if not records.can_give:
            why = "有职工医保的亲人，可以把账户里的钱给家人用。"
    may_give = not records.is_own and records.can_give
    return Part(PartKind.MUTUAL_AID, PartState.OPTIONAL, why, may_still=may_give)


def _settlement(case: _Case) -> Part:
    kind, journey, records = PartKind.SETTLEMENT, case.journey, case.records
    if (bill := _bill(journey, records, SettlementWay.DIRECT)) is not None:
        return Part(kind, PartState.DONE, "医保那一份已经直接付给医院。", number=bill.number or "")
    when = "出院时" if journey.care is CareKind.INPATIENT else "看完病"
    why = f"{when}用医保码或社保卡结账，只付自己那一份。"
    return Part(kind, PartState.LATER, why if records.is_own else f"{why}结过的账，由本人登录了看。")


def _claim(case: _Case) -> Part:
    kind, journey, records = PartKind.CLAIM, case.journey, case.records
    if _bill(journey, records, SettlementWay.DIRECT) is not None:
        return Part(kind, PartState.NOT_NEEDED, "已经直接结算过，不用再报。")
    if (paid := _bill(journey, records, SettlementWay.MANUAL)) is not None:
        return Part(kind, PartState.DONE, "自己垫的钱已经报了。", number=paid.number or "")
    where, is_online = _where_to_claim(case)
    part = _errand(
        kind,
        records,
        records.claims,
        PartState.LATER,
        {
            PartState.DONE: "自己垫的钱已经报了。",
            PartState.UNDER_WAY: "材料收到了，正在审核。",
            PartState.BEGUN: "还差一点，补好了才能往下办。",
            PartState.LATER: f"能直接结算就不用办。{where}",
        },
    )
    return replace(part, may_still=is_online and part.state is PartState.LATER)


def _where_to_claim(case: _Case) -> tuple[str, bool]:
    """Online, at a window, or not known: by the law, for the event's care at its distance; and whether it is online."""
    if case.records.enrollment is None or case.found is None:
        return "自己垫了钱的，再来报。", False
    route = law.claim_route(
        case.pack,
        law.ClaimQuestion(
            case.records.enrollment.pool_code,
            case.event.claim_care,
            case.found.locality,
            law.PaidHow.IN_FULL_BY_SELF,
            case.records.today,
        ),
    )
    said = {
        law.ClaimRoute.ONLINE: "自己垫了钱的，在网上拍照报。",
        law.ClaimRoute.WINDOW: "自己垫了钱的，到参保地的窗口报。",
    }.get(route.outcome, route.sentence)
    return said, route.outcome is law.ClaimRoute.ONLINE


def _errand(
    kind: PartKind, records: Records, known: tuple[Errand, ...], first: PartState, says: Mapping[PartState, str]
) -> Part:
    """From the records of its own capability, the furthest one first; `first` is how it stands without any."""
    order = (PartState.DONE, PartState.UNDER_WAY, PartState.BEGUN)
    for state in order:
        for errand in known:
            if errand.state is state:
                return Part(kind, state, says[state], number=errand.number)
    if (draft := records.drafts.get(kind)) is not None:
        return Part(kind, PartState.BEGUN, "填过的都存着，接着办就行。", draft=str(draft.draft_id))
    if not records.is_own and first is PartState.TO_DO:
        first = PartState.LATER
    return Part(kind, first, says[first])


def _bill(journey: Journey, records: Records, way: SettlementWay) -> SettlementRecord | None:
    """The newest bill of this care at this place since the journey began, that was settled in that way."""
    since = min(journey.starts_on, day_of(journey.opened_at))
    for record in records.settlements:
        is_here = record.treatment_pool == journey.treatment_pool and record.care_kind is journey.care
        is_kept = record.state is SettlementState.SETTLED and record.way is way
        if is_here and is_kept and record.admitted_on >= since:
            return record
    return None


_PARTS: Mapping[PartKind, Callable[[_Case], Part]] = {
    PartKind.RECOGNITION: _recognition,
    PartKind.FILING: _filing,
    PartKind.MUTUAL_AID: _mutual_aid,
    PartKind.SETTLEMENT: _settlement,
    PartKind.CLAIM: _claim,
}
