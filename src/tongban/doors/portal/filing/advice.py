"""Is a filing needed at all? Three questions, one answer, and what to have ready. Nothing is stored."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post

from tongban.doors.http import Request, RouteDb, see_other
from tongban.doors.portal.filing.words import CARE, COUNTER, KIND, TRIP, WHY, draft_rows
from tongban.doors.portal.forms import Problem, read_form
from tongban.doors.portal.page import current_person, page, today
from tongban.doors.portal.session import SignedIn, signed_in
from tongban.filing import Draft, Step, discard_draft, drafts_of, proof_zh, start_draft
from tongban.infra.db import Db
from tongban.kernel.vocabulary import CareKind, FilingKind, InsuranceType, Locality, Situation
from tongban.law import (
    FilingOutcome,
    FilingQuestion,
    FilingTerms,
    FilingTermsUnknown,
    Pack,
    decide_filing,
    filing_terms,
)
from tongban.people import Enrollment, enrollments

# Visitors are answered by the province's rules; a city may add to them, and the page says so.
_PROVINCE = "140000"
_LONG_TERM_KINDS = (FilingKind.SETTLED_RETIREE, FilingKind.LONG_TERM_RESIDENT, FilingKind.POSTED_WORKER)


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

    insurance_type, where, situation = InsuranceType(insurance), Locality(trip), Situation(why)
    pool = next((e.pool_code for e in known if e.insurance_type is insurance_type), _PROVINCE)
    pack: Pack = request.app.state.pack
    day = today(request)
    decision = decide_filing(pack, FilingQuestion(pool, insurance_type, where, situation, CareKind(care), day))
    kinds = _LONG_TERM_KINDS if situation is Situation.LONG_TERM else ()
    return page(
        request,
        "filing/advice.html",
        decision=decision,
        outcome=decision.outcome,
        outcomes=FilingOutcome,
        where=where,
        situation=situation,
        counter=COUNTER[CareKind(care)],
        said=[
            ("医保", insurance_type.zh),
            ("去哪里", TRIP[where]),
            ("看什么", CARE[CareKind(care)]),
            ("为什么", WHY[situation][0]),
        ],
        kinds=[(KIND[kind], kind.zh, *_terms(pack, pool, kind, where, day)) for kind in kinds],
        can_file_anyway=situation is Situation.OWN_CHOICE and CareKind(care) is CareKind.INPATIENT,
        is_provincial=pool == _PROVINCE,
        query=f"trip={trip}&care={care}&why={why}&insurance={insurance}",
        why=why,
    )


def _terms(pack: Pack, pool: str, kind: FilingKind, where: Locality, day: Any) -> tuple[str, str]:
    try:
        terms: FilingTerms = filing_terms(pack, pool, kind, where, day)
    except FilingTermsUnknown:
        return "", ""
    return terms.definition, proof_zh(terms.materials)


async def _enrollments(request: Request, db: Db) -> list[Enrollment]:
    """Of whoever is signed in and has agreed to be asked after; nobody's else."""
    person: SignedIn | None = signed_in(request)
    if person is None or not person.has_consented:
        return []
    return await enrollments(db, person.person_id, today(request))


async def _ask(request: Request, db: Db, typed: dict[str, str], problems: Any, *, status: int = 200) -> Response[bytes]:
    known = await _enrollments(request, db)
    drafts: list[Draft] = []
    person = signed_in(request)
    if person is not None and person.has_consented:
        state = request.app.state
        drafts = await drafts_of(db, state.vault, person_id=person.person_id, now=state.clock())
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
        drafts=draft_rows(request.app.state.regions, drafts),
    )


@post("/filing/start", opt={"who": "person"})
async def start(request: Request, db: RouteDb) -> Response[Any]:
    """A draft with what was said already, then its first page."""
    form = await read_form(request)
    person, state = current_person(request), request.app.state
    known: dict[Step, dict[str, str]] = {}
    if form.get("why") == Situation.OWN_CHOICE:
        known[Step.KIND] = {"kind": FilingKind.UNREFERRED}
    for untouched in await drafts_of(db, state.vault, person_id=person.person_id, now=state.clock()):
        if untouched.updated_at == untouched.created_at:  # opened before and left again: not worth a second one
            await discard_draft(db, person_id=person.person_id, draft_id=untouched.draft_id)
    draft = await start_draft(db, state.vault, person_id=person.person_id, now=state.clock(), known=known)
    return see_other(f"/filing/{draft.draft_id}/{Step.WHO}")


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
