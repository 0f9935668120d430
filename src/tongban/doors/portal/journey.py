"""One thing 就医费用报销一件事: what happens in the family, who, where and when said once, and one page of progress."""

from datetime import date
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from litestar import Response, get, post
from litestar.params import FromPath

from tongban import journeys
from tongban.advice import Advice, Insured
from tongban.directory import Region, Regions
from tongban.doors.http import Request, RouteDb, see_other
from tongban.doors.portal.drafts import FLOWS
from tongban.doors.portal.estimate_link import asking
from tongban.doors.portal.filing import said
from tongban.doors.portal.filing.words import KIND, WHY, place_zh
from tongban.doors.portal.forms import Problem, problems_of, read_form
from tongban.doors.portal.looks import looked_at
from tongban.doors.portal.page import current_person, page, today
from tongban.doors.portal.places import phone_of
from tongban.filing import load_texts, proof_zh
from tongban.infra.db import Db
from tongban.journeys import Journey, LifeEvent, Part, PartKind, PartState, life_event, life_events
from tongban.kernel.dates import parse_date, zh_date
from tongban.kernel.errors import Refusal
from tongban.kernel.vocabulary import Situation
from tongban.people import Enrollment, Kin, enrollments, get_person, kin_of, names_of

_FREQUENT_PLACES = 6
_SELF = "self"
# What the button of a part says, by what is to be done.
_DO = {
    PartKind.RECOGNITION: "去申请认定",
    PartKind.FILING: "去备案",
    PartKind.MUTUAL_AID: "去开通共济",
    PartKind.CLAIM: "去报销",
}
_TAG = {
    PartState.DONE: "ok",
    PartState.NOT_NEEDED: "ok",
    PartState.TO_DO: "go",
    PartState.BEGUN: "go",
    PartState.ASK: "go",
    PartState.BY_HOSPITAL: "go",
}


class Card(NamedTuple):
    """A journey under way, as the first page and the list show it. `line` says where it goes and from when."""

    title: str
    line: str
    href: str
    settled: int
    total: int
    next_zh: str
    is_open: bool


@get("/journey", opt={"who": "anyone"})
async def events(request: Request) -> Response[Any]:
    """What may happen in a family. Nothing is stored yet, so nobody has to be signed in."""
    return page(request, "journey/events.html", events=life_events(), whose=_whose(request))


@get("/journey/new", opt={"who": "person"})
async def new(request: Request, db: RouteDb) -> Response[Any]:
    """Who, where, when, and why where the event leaves it open."""
    event = life_event(request.query_params.get("event", ""))
    if event is None:
        return see_other("/journey")
    form = await _form(request, db, event)
    return _new_page(request, form, {"for": _whom_first(request, form), "open_token": str(uuid4())}, ())


@post("/journey/new", opt={"who": "person"})
async def create(request: Request, db: RouteDb) -> Response[Any]:
    typed = await read_form(request)
    event = life_event(typed.get("event", ""))
    if event is None:
        return see_other("/journey")
    form = await _form(request, db, event)
    typed["area"] = request.app.state.regions.chosen(typed.get("area", ""), typed.get("area_province", ""))
    if typed.get("go") == "province":  # the button that stands in for the script
        return _new_page(request, form, typed, ())
    person, state = current_person(request), request.app.state
    problems: list[Problem] = []
    insured_id = form.person_id(typed.get("for", ""))
    held = await enrollments(db, insured_id, today(request)) if insured_id is not None else []
    enrollment = _chosen(held, typed.get("enrollment", ""))
    if insured_id is None:
        problems.append(Problem("for", "请选给谁办"))
    elif enrollment is None:
        no_record = "没有查到参保记录，请打参保地的电话问一下"
        problems.append(Problem("enrollment", "请选按哪份医保办") if held else Problem("for", no_record))
    why = typed.get("why", "") if len(event.why) > 1 else str(event.why[0])
    if why not in {str(each) for each in event.why}:
        problems.append(Problem("why", "请选为什么去那里看"))
    if not typed["area"]:
        problems.append(Problem("area", "请选要去看病的地方"))
    starts_on = _day(typed, today(request), problems)
    if problems or enrollment is None or starts_on is None:
        return _new_page(request, form, typed, problems, held=held, status=422)
    try:
        journey = await journeys.open_journey(
            db,
            state.regions,
            event=event.key,
            enrollment=enrollment,
            opened_by=person.person_id,
            situation=Situation(why),
            treatment_pool=typed["area"],
            starts_on=starts_on,
            open_token=_token(typed.get("open_token", "")),
            channel="portal",
            now=state.clock(),
        )
    except Refusal as refusal:
        return _new_page(request, form, typed, problems_of(refusal), held=held, status=refusal.status)
    return see_other(f"/journey/{journey.number}")


@get("/journey/{number:str}", opt={"who": "person"})
async def journey_page(request: Request, db: RouteDb, number: FromPath[str]) -> Response[Any]:
    """How every errand stands. Raises JourneyNotFound for somebody else's as for none."""
    person, state = current_person(request), request.app.state
    journey = await journeys.get_journey(db, viewer_id=person.person_id, number=number)
    await looked_at(request, db, "journey.viewed", person_id=journey.person_id, subject=number)
    found = await journeys.progress_of(
        db, state.vault, state.pack, state.regions, journey, viewer_id=person.person_id, now=state.clock()
    )
    insured_person = await get_person(db, state.vault, journey.person_id)
    names = await names_of(db, [journey.opened_by])
    is_own = person.person_id == journey.person_id
    region: Region | None = state.regions.get(journey.treatment_pool)
    insured = next(
        (
            e
            for e in await enrollments(db, journey.person_id, today(request))
            if e.enrollment_no == journey.enrollment_no
        ),
        None,
    )
    event = life_event(journey.event)
    return page(
        request,
        "journey/journey.html",
        journey=journey,
        event=event,
        title=event.title if event else "这件事",
        found=found,
        rows=[
            _row(part, journey, today(request), is_next=part is found.next_part, is_own=is_own) for part in found.parts
        ],
        is_own=is_own,
        name=insured_person.name,
        relation=journey.relation.said_of(is_male=insured_person.is_male) if journey.relation and not is_own else "",
        helper=names.get(journey.opened_by, ""),
        place=place_zh(region, journey.treatment_pool),
        why=WHY[journey.situation][0],
        insurance=_insurance_line(state.regions, insured) if insured else "没有查到参保记录",
        ask_phone=await phone_of(db, insured.pool_code) if insured else "",
        money=_money(found.advice),
        estimate_url=_estimate_url(journey, found.advice, insured, is_own=is_own),
        papers=[(KIND.get(kind, kind.zh), kind.zh, asked, proof_zh(asked)) for kind, asked in found.papers],
    )


@post("/journey/{number:str}/{part:str}", opt={"who": "person"})
async def take_up(request: Request, db: RouteDb, number: FromPath[str], part: FromPath[str]) -> Response[Any]:
    """Begin an errand, or go on with it, in its own pages and with what is known already."""
    person, state = current_person(request), request.app.state
    journey = await journeys.get_journey(db, viewer_id=person.person_id, number=number)
    if part not in set(PartKind):
        return see_other(f"/journey/{number}")
    draft = await journeys.begin_errand(
        db,
        state.vault,
        state.pack,
        state.regions,
        journey,
        PartKind(part),
        viewer_id=person.person_id,
        now=state.clock(),
    )
    return see_other(f"/{FLOWS[draft.flow].slug}/{draft.draft_id}")


@get("/journey/{number:str}/end", opt={"who": "person"})
async def ask_to_end(request: Request, db: RouteDb, number: FromPath[str]) -> Response[Any]:
    """A page of its own instead of a dialogue."""
    journey = await journeys.get_journey(db, viewer_id=current_person(request).person_id, number=number)
    event = life_event(journey.event)
    return page(request, "journey/end.html", journey=journey, title=event.title if event else "这件事")


@post("/journey/{number:str}/end", opt={"who": "person"})
async def end(request: Request, db: RouteDb, number: FromPath[str]) -> Response[Any]:
    person, state = current_person(request), request.app.state
    journey = await journeys.get_journey(db, viewer_id=person.person_id, number=number)
    await journeys.close_journey(db, journey, actor_id=person.person_id, channel="portal", now=state.clock())
    return see_other(f"/journey/{number}")


async def cards(request: Request, db: Db, person_id: int, *, limit: int = 2) -> list[Card]:
    """The journeys under way that the person sees on the first page."""
    state = request.app.state
    shown = [journey for journey in await journeys.journeys_of(db, person_id) if journey.is_open][:limit]
    names = await names_of(db, [journey.person_id for journey in shown]) if shown else {}
    made = []
    for journey in shown:
        found = await journeys.progress_of(
            db, state.vault, state.pack, state.regions, journey, viewer_id=person_id, now=state.clock()
        )
        event = life_event(journey.event)
        whose = "" if journey.person_id == person_id else f"{names.get(journey.person_id, '')}："
        place = place_zh(state.regions.get(journey.treatment_pool), journey.treatment_pool)
        made.append(
            Card(
                title=f"{whose}{event.title if event else '这件事'}",
                line=f"{place} · {zh_date(journey.starts_on)}起",
                href=f"/journey/{journey.number}",
                settled=found.settled_count,
                total=len(found.parts),
                next_zh=_DO.get(found.next_part.kind, found.next_part.kind.zh) if found.next_part else "",
                is_open=journey.is_open,
            )
        )
    return made


# -- the form ----------------------------------------------------------------------------------------------------------


class Form(NamedTuple):
    """What the page needs besides what was typed. Relatives are named by their place in the list, not by a number."""

    event: LifeEvent
    own_id: int
    own_name: str
    kin: list[Kin]

    def person_id(self, chosen: str) -> int | None:
        """Whose matter it is; None for a choice that is none."""
        if chosen == _SELF:
            return self.own_id
        place = int(chosen) if chosen.isascii() and chosen.isdigit() and len(chosen) < 4 else 0
        return self.kin[place - 1].kin_id if 0 < place <= len(self.kin) else None


async def _form(request: Request, db: Db, event: LifeEvent) -> Form:
    person = current_person(request)
    return Form(event, person.person_id, person.name, await kin_of(db, request.app.state.vault, person.person_id))


def _new_page(
    request: Request,
    form: Form,
    values: dict[str, str],
    problems: Any,
    *,
    held: list[Enrollment] | None = None,
    status: int = 200,
) -> Response[Any]:
    regions: Regions = request.app.state.regions
    own_pool = current_person(request).pool_code
    usual = [
        region
        for code in load_texts().frequent_places
        if code != own_pool and (region := regions.get(code)) is not None and region.can_file_to
    ][:_FREQUENT_PLACES]
    picked = regions.get(values.get("area", ""))
    province = values.get("area_province", "")
    if not province and picked is not None and picked not in usual:
        province = picked.province_code
    people = [(_SELF, f"我自己（{form.own_name}）")]
    people += [(str(place), f"{kin.name}（{kin.relation_zh}）") for place, kin in enumerate(form.kin, 1)]
    return page(
        request,
        "journey/new.html",
        status=status,
        event=form.event,
        values=values,
        problems=problems,
        people=people,
        whys=[(str(why), *WHY[why]) for why in form.event.why] if len(form.event.why) > 1 else [],
        insurances=[(str(e.enrollment_no), _insurance_line(regions, e)) for e in held or []]
        if len(held or ()) > 1
        else [],
        usual=usual,
        provinces=regions.provinces(),
        province=province,
        cities=regions.of_province(province),
        regions_url=request.app.state.assets.url("regions.json"),
    )


def _insurance_line(regions: Regions, enrollment: Enrollment) -> str:
    region = regions.get(enrollment.pool_code)
    return f"{enrollment.insurance_type.zh} · {region.name if region else enrollment.pool_code}"


def _chosen(held: list[Enrollment], number: str) -> Enrollment | None:
    if len(held) == 1:
        return held[0]
    return next((enrollment for enrollment in held if str(enrollment.enrollment_no) == number), None)


def _day(typed: dict[str, str], on: date, problems: list[Problem]) -> date | None:
    if typed.get("start_choice", "today") == "today":
        return on
    try:
        return parse_date(typed.get("start", ""), field="start", label="日子")
    except Refusal as refusal:
        problems.extend(problems_of(refusal))
        return None


def _token(text: str) -> UUID:
    """Of the form; a page that carries none counts as new."""
    try:
        return UUID(text)
    except ValueError:
        return uuid4()


def _whose(request: Request) -> str:
    return "family" if request.query_params.get("whose") == "family" else ""


def _whom_first(request: Request, form: Form) -> str:
    """Who is chosen already: whoever helps comes for a relative, and whoever has just bound one for that one."""
    if not form.kin:
        return _SELF
    if request.query_params.get("whose") == "newest":
        return str(len(form.kin))
    return "1" if _whose(request) else _SELF


def _estimate_url(journey: Journey, advice: Advice | None, insured: Enrollment | None, *, is_own: bool) -> str:
    """What the journey's care will cost, with everything that was said for the journey filled in."""
    if advice is None or insured is None:
        return "/estimate"
    return asking(
        advice.locality,
        journey.care,
        journey.situation,
        insured=None if is_own else Insured(insured.pool_code, insured.insurance_type, insured.category),
        enrollment_no=insured.enrollment_no,
    )


def _money(advice: Advice | None) -> said.Money | None:
    """What doing as advised changes in yuan; None where nothing changes or no source says."""
    if advice is None or advice.effect is None or not advice.effect.saving_fen:
        return None
    return said.money(advice, is_provincial=False)


def _row(part: Part, journey: Journey, on: date, *, is_next: bool, is_own: bool) -> dict[str, Any]:
    """One errand on the page. `action` is the button's text where it is dealt with in pages of ours."""
    takes_action = part.state in (PartState.TO_DO, PartState.BEGUN, PartState.OPTIONAL)
    may_claim = part.kind is PartKind.CLAIM and part.state is PartState.LATER and part.may_still
    action = _DO.get(part.kind, "") if journey.is_open and (takes_action or may_claim) else ""
    if part.draft:
        action = "接着办"
    if part.number and part.state is PartState.BEGUN:
        action = ""
    if part.kind is PartKind.MUTUAL_AID and not part.may_still:
        action = ""  # somebody else's to do, on their own phone
    if part.kind is PartKind.FILING and part.may_still and journey.is_open:
        action = "接着办" if part.draft else "还是先备个案"
    return {
        "kind": part.kind,
        "name": part.kind.zh,
        "state": part.state,
        "tag": _TAG.get(part.state, ""),
        "why": part.why,
        "by": _by_zh(part.by, on) if part.by and part.is_open else "",
        "action": action,
        "more": "/reimbursement"
        if part.kind is PartKind.CLAIM and part.state is PartState.LATER and not action
        else "",
        "is_next": is_next,
        "href": _record_url(part, is_own=is_own),
    }


def _by_zh(day: date, on: date) -> str:
    return "最好今天就办" if day <= on else f"{zh_date(day)}以前办好"


def _record_url(part: Part, *, is_own: bool) -> str:
    """Where the record lies that the part has become."""
    if not part.number:
        return ""
    if part.kind is PartKind.MUTUAL_AID and is_own:
        return "/family-account/received"
    where = {
        PartKind.FILING: "/filing/records",
        PartKind.SETTLEMENT: "/costs",
        PartKind.CLAIM: "/reimbursement/records" if part.number.startswith("R") else "/costs",
        PartKind.RECOGNITION: "/chronic/applications",
        PartKind.MUTUAL_AID: "/family-account/given",
    }
    return f"{where[part.kind]}/{part.number}"


route_handlers = [events, new, create, journey_page, ask_to_end, end, take_up]
