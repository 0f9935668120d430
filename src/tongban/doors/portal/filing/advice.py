"""Is a filing needed at all? Three questions, one answer, and what to have ready. Nothing is stored."""

from typing import Any, NamedTuple
from urllib.parse import urlencode

from litestar import Response, get, post

from tongban import drafts
from tongban.advice import COMPARABLE, Advice, Destination, Insured, Question, advise
from tongban.doors.http import Request, RouteDb, see_other
from tongban.doors.portal.estimate_link import asking
from tongban.doors.portal.filing import said
from tongban.doors.portal.filing.flow import FILING
from tongban.doors.portal.filing.words import CARE, COUNTER, KIND, TRIP, WHY, draft_rows
from tongban.doors.portal.forms import Problem, read_form
from tongban.doors.portal.looks import looked_at
from tongban.doors.portal.page import current_person, page, today
from tongban.doors.portal.places import HOME_PROVINCE, phone_of
from tongban.doors.portal.session import SignedIn, signed_in
from tongban.doors.portal.steps import begin
from tongban.filing import FLOW, FOR_KIN, FOR_OTHER, FOR_SELF, Step, proof_zh
from tongban.infra.db import Db
from tongban.kernel.vocabulary import CareKind, FilingKind, InsuranceType, Locality, Situation
from tongban.law import FilingOutcome
from tongban.people import Enrollment, enrollments, kin_by_id, kin_of


@get("/filing", opt={"who": "anyone"})
async def questions(request: Request, db: RouteDb) -> Response[bytes]:
    return await _ask(request, db, dict(request.query_params), ())


@get("/filing/advice", opt={"who": "anyone"})
async def advice(request: Request, db: RouteDb) -> Response[bytes]:
    """The answer, at an address that can be kept or sent: it holds no name, only the three choices and, of somebody
    who is signed in, whose place in their own family it is about."""
    typed = dict(request.query_params)
    whom = await _whom(request, db, typed)
    known = whom.enrollments
    problems: list[Problem] = []
    trip, care, why = typed.get("trip", ""), typed.get("care", ""), typed.get("why", "")
    insurance = typed.get("insurance", "")
    if len(types := {e.insurance_type for e in known}) == 1:
        insurance = next(iter(types)).value
    if trip not in TRIP:
        problems.append(Problem("trip", "请选您要去哪里看病"))
    if care not in CARE:
        problems.append(Problem("care", "请选去看什么"))
    if why not in WHY:
        problems.append(Problem("why", "请选为什么去那里看"))
    if insurance not in {str(kind) for kind in InsuranceType}:
        problems.append(Problem("insurance", "请选您参加的是哪种医保"))
    if problems:
        return await _ask(request, db, typed, problems, status=422)

    insurance_type = InsuranceType(insurance)
    enrollment = next((e for e in known if e.insurance_type is insurance_type), None)
    question = Question(
        insured=_insured(insurance_type, enrollment),
        destination=Destination(locality=Locality(trip)),
        situation=Situation(why),
        care=CareKind(care),
        on=today(request),
    )
    found = advise(request.app.state.pack, request.app.state.regions, question)
    return page(
        request,
        "filing/advice.html",
        advice=found,
        decision=found.decision,
        outcome=found.decision.outcome,
        outcomes=FilingOutcome,
        situation=question.situation,
        counter=COUNTER[question.care],
        asked=[
            *([whom.name] if whom.is_kin else []),
            insurance_type.zh,
            f"去{TRIP[found.locality]}",
            CARE[question.care],
            WHY[question.situation][0],
        ],
        kinds=[(KIND.get(kind.kind, kind.kind.zh), kind, proof_zh(kind.terms.materials)) for kind in found.kinds],
        ask_phone=await phone_of(db, question.insured.pool_code),
        facts=said.facts(found),
        money=said.money(found, is_provincial=enrollment is None),
        rows=said.rows(found),
        is_provincial=enrollment is None,
        query=f"trip={trip}&care={care}&why={why}&insurance={insurance}"
        + (f"&for={whom.chosen}" if whom.chosen else ""),
        whom=whom,
        compare_url=_compare_url(whom, found, enrollment) if question.care in COMPARABLE else "",
        why=why,
    )


def _compare_url(whom: "Whom", found: Advice, enrollment: Enrollment | None) -> str:
    """Other amounts and hospitals. For a relative with their insurance filled in, for visitors asking for one."""
    question = found.question
    if enrollment is None:
        return f"/estimate?{urlencode({'trip': found.locality, 'care': question.care, 'change': '1'})}"
    insured = question.insured if whom.is_kin else None
    number = None if whom.is_kin else enrollment.enrollment_no
    filled_in = asking(found.locality, question.care, question.situation, insured=insured, enrollment_no=number)
    return f"{filled_in}&change=1"


def _insured(insurance_type: InsuranceType, enrollment: Enrollment | None) -> Insured:
    """Visitors are answered by the province's rules; a city may add to them, and the page says so."""
    if enrollment is not None:
        return Insured(enrollment.pool_code, insurance_type, enrollment.category)
    return Insured(HOME_PROVINCE, insurance_type)


class Whom(NamedTuple):
    """Who is asked about. `chosen` is what the form posted: "self", a relative's place in the list, "other" or "".

    Of relatives only the insurance is looked up, and the look is logged. `begins_for`: what the filing's form says of
    whom it is for; empty for oneself.
    """

    chosen: str
    name: str
    is_kin: bool
    enrollments: list[Enrollment]
    choices: list[tuple[str, str]]
    begins_for: str = ""


_SELF, _OTHER = "self", "other"


async def _whom(request: Request, db: Db, typed: dict[str, str]) -> Whom:
    """The person signed in unless the form says otherwise; visitors are nobody, and are asked for their insurance."""
    person: SignedIn | None = signed_in(request)
    if person is None or not person.has_consented:
        return Whom("", "", is_kin=False, enrollments=[], choices=[])
    kin = await kin_of(db, request.app.state.vault, person.person_id)
    choices = [(_SELF, "我自己"), *((str(n), f"{k.name}（{k.relation_zh}）") for n, k in enumerate(kin, 1))]
    choices.append((_OTHER, "别的人"))
    chosen = typed.get("for") or ("1" if typed.get("whose") == "family" and kin else _SELF)
    if chosen == _OTHER:
        return Whom(_OTHER, "", is_kin=False, enrollments=[], choices=choices, begins_for=FOR_OTHER)
    meant = next((k for n, k in enumerate(kin, 1) if str(n) == chosen), None)
    if meant is None:
        held = await enrollments(db, person.person_id, today(request))
        return Whom(_SELF, person.name, is_kin=False, enrollments=held, choices=choices)
    await looked_at(request, db, "enrollment.viewed", person_id=meant.kin_id)
    held = await enrollments(db, meant.kin_id, today(request))
    begins_for = f"{FOR_KIN}{meant.kin_id}"
    return Whom(chosen, meant.name, is_kin=True, enrollments=held, choices=choices, begins_for=begins_for)


async def _ask(request: Request, db: Db, typed: dict[str, str], problems: Any, *, status: int = 200) -> Response[bytes]:
    whom = await _whom(request, db, typed)
    known = whom.enrollments
    begun: list[drafts.Draft] = []
    person = signed_in(request)
    if person is not None and person.has_consented:
        state = request.app.state
        begun = await drafts.drafts_of(db, state.vault, person_id=person.person_id, flow=FLOW, now=state.clock())
    return page(
        request,
        "filing/questions.html",
        status=status,
        values=typed | {"for": whom.chosen},
        problems=problems,
        people=whom.choices,
        asks_insurance=len({e.insurance_type for e in known}) != 1,
        trips=[(str(k), zh) for k, zh in TRIP.items()],
        cares=[(str(k), zh) for k, zh in CARE.items()],
        whys=[(str(k), zh, more) for k, (zh, more) in WHY.items()],
        insurances=[(str(k), k.zh) for k in InsuranceType],
        drafts=draft_rows(request.app.state.regions, begun),
    )


@post("/filing/start", opt={"who": "person"})
async def start(request: Request, db: RouteDb) -> Response[Any]:
    """A draft with what is known already, then its first open page. ``for`` says whom for, if somebody else."""
    form = await read_form(request)
    person, whom = current_person(request), form.get("for", "")
    known: dict[str, dict[str, str]] = {}
    for_person_id = None
    if form.get("why") == Situation.OWN_CHOICE:
        known[Step.KIND] = {"kind": FilingKind.UNREFERRED}
    if whom.startswith(FOR_KIN) and (kin_id := whom.removeprefix(FOR_KIN)).isdecimal() and len(kin_id) < 19:
        kin = await kin_by_id(db, request.app.state.vault, person.person_id, int(kin_id))
        for_person_id = kin.kin_id
        known[Step.WHO] = {"for": whom, "enrollment": "", "relation": kin.relation.value}
    elif whom == FOR_OTHER:
        known[Step.WHO] = {"for": FOR_OTHER, "enrollment": "", "relation": ""}
    else:
        valid = await enrollments(db, person.person_id, today(request))
        if len(valid) == 1:  # nothing to choose: it is shown above every page, where it can be changed
            known[Step.WHO] = {"for": FOR_SELF, "enrollment": str(valid[0].enrollment_no), "relation": ""}
    return see_other(await begin(FILING, request, db, for_person_id=for_person_id, known=known))


@get("/filing/start", opt={"who": "person"})
async def start_again(request: Request) -> Response[Any]:
    """Somebody who had to sign in on the way comes back here with GET: the questions keep no draft, so none is lost."""
    return see_other("/filing")


@get("/filing/for-family", opt={"who": "person"})
async def for_family(request: Request, db: RouteDb) -> Response[bytes]:
    """Whom for: the relatives bound before, or somebody else."""
    kin = await kin_of(db, request.app.state.vault, current_person(request).person_id)
    return page(request, "filing/for_family.html", kin=[(f"{FOR_KIN}{each.kin_id}", each) for each in kin])


route_handlers = [questions, advice, start, start_again, for_family]
