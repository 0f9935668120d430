"""Is a filing needed at all? Three questions, one answer, and what to have ready. Nothing is stored."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post

from tongban import drafts
from tongban.advice import COMPARABLE, Destination, Insured, Question, advise
from tongban.doors.http import Request, RouteDb, see_other
from tongban.doors.portal.filing import said
from tongban.doors.portal.filing.flow import FILING
from tongban.doors.portal.filing.words import CARE, COUNTER, KIND, TRIP, WHY, draft_rows
from tongban.doors.portal.forms import Problem, read_form
from tongban.doors.portal.page import page, today
from tongban.doors.portal.places import HOME_PROVINCE, phone_of
from tongban.doors.portal.session import SignedIn, signed_in
from tongban.doors.portal.steps import begin
from tongban.filing import FLOW, Step, proof_zh
from tongban.infra.db import Db
from tongban.kernel.vocabulary import CareKind, FilingKind, InsuranceType, Locality, Situation
from tongban.law import FilingOutcome
from tongban.people import Enrollment, enrollments


@get("/filing", opt={"who": "anyone"})
async def questions(request: Request, db: RouteDb) -> Response[bytes]:
    return await _ask(request, db, dict(request.query_params), ())


@get("/filing/advice", opt={"who": "anyone"})
async def advice(request: Request, db: RouteDb) -> Response[bytes]:
    """The answer, at an address that can be kept or sent: it holds no name, only the three choices."""
    typed = dict(request.query_params)
    known = await _enrollments(request, db)
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
        query=f"trip={trip}&care={care}&why={why}&insurance={insurance}",
        compare_query=f"trip={trip}&care={care}&change=1" if question.care in COMPARABLE else "",
        why=why,
    )


def _insured(insurance_type: InsuranceType, enrollment: Enrollment | None) -> Insured:
    """Visitors are answered by the province's rules; a city may add to them, and the page says so."""
    if enrollment is not None:
        return Insured(enrollment.pool_code, insurance_type, enrollment.category)
    return Insured(HOME_PROVINCE, insurance_type)


async def _enrollments(request: Request, db: Db) -> list[Enrollment]:
    """Of whoever is signed in and has agreed to be asked after; nobody's else."""
    person: SignedIn | None = signed_in(request)
    if person is None or not person.has_consented:
        return []
    return await enrollments(db, person.person_id, today(request))


async def _ask(request: Request, db: Db, typed: dict[str, str], problems: Any, *, status: int = 200) -> Response[bytes]:
    known = await _enrollments(request, db)
    begun: list[drafts.Draft] = []
    person = signed_in(request)
    if person is not None and person.has_consented:
        state = request.app.state
        begun = await drafts.drafts_of(db, state.vault, person_id=person.person_id, flow=FLOW, now=state.clock())
    return page(
        request,
        "filing/questions.html",
        status=status,
        values=typed,
        problems=problems,
        asks_insurance=len({e.insurance_type for e in known}) != 1,
        trips=[(str(k), zh) for k, zh in TRIP.items()],
        cares=[(str(k), zh) for k, zh in CARE.items()],
        whys=[(str(k), zh, more) for k, (zh, more) in WHY.items()],
        insurances=[(str(k), k.zh) for k in InsuranceType],
        drafts=draft_rows(request.app.state.regions, begun),
    )


@post("/filing/start", opt={"who": "person"})
async def start(request: Request, db: RouteDb) -> Response[Any]:
    """A draft with what was said already, then its first page."""
    form = await read_form(request)
    known: dict[str, dict[str, str]] = {}
    if form.get("why") == Situation.OWN_CHOICE:
        known[Step.KIND] = {"kind": FilingKind.UNREFERRED}
    return see_other(await begin(FILING, request, db, known=known))


@get("/filing/start", opt={"who": "person"})
async def start_again(request: Request) -> Response[Any]:
    """Somebody who had to sign in on the way comes back here with GET: the questions keep no draft, so none is lost."""
    return see_other("/filing")


@get("/filing/for-family", opt={"who": "anyone"})
async def for_family(request: Request) -> Response[bytes]:
    """An honest page: what somebody who helps their family can do today."""
    try:
        draft_id = str(UUID(request.query_params.get("draft", "")))
    except ValueError:
        draft_id = ""
    return page(request, "filing/for_family.html", draft_id=draft_id)


route_handlers = [questions, advice, start, start_again, for_family]
