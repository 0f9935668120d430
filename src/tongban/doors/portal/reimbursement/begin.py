"""Before anything is typed: whether this can be claimed here at all, and if not, where."""

from typing import Any

from litestar import Response, get, post

from tongban import drafts
from tongban.directory import Regions
from tongban.doors.http import Request, RouteDb, see_other
from tongban.doors.portal.forms import Problem
from tongban.doors.portal.page import page, today
from tongban.doors.portal.places import HOME_PROVINCE, phone_of
from tongban.doors.portal.reimbursement.flow import CLAIM, whose_zh
from tongban.doors.portal.session import signed_in
from tongban.doors.portal.steps import begin
from tongban.kernel.vocabulary import Locality
from tongban.law import Applicant, ClaimCare, ClaimRoute, Pack, Paper, Undetermined, Way, claim_papers
from tongban.reimbursement import FLOW, Step, due_on, route

_CARES = {
    ClaimCare.INPATIENT: "住院",
    ClaimCare.MATERNITY_INPATIENT: "生孩子住院",
    ClaimCare.OUTPATIENT: "看门诊",
    ClaimCare.CHRONIC: "慢特病门诊",
    ClaimCare.PHARMACY: "药店买药",
}
_PLACES = {
    Locality.IN_PROVINCE: "省内别的市",
    Locality.SAME_POOL: "参保的那个市",
    Locality.CROSS_PROVINCE: "外省",
}
_PAID = {"self": "全部是自己付的", "settled": "出院时医院已经报过了"}
_CLAIM_PAPERS = (Paper.CLAIM_COMMITMENT, Paper.CLAIM_PROXY_COMMITMENT)


@get("/reimbursement", opt={"who": "anyone"})
async def questions(request: Request, db: RouteDb) -> Response[Any]:
    person, state = signed_in(request), request.app.state
    begun = []
    if person is not None:
        kept = await drafts.drafts_of(db, state.vault, person_id=person.person_id, flow=FLOW, now=state.clock())
        begun = [(str(draft.draft_id), await whose_zh(db, draft), draft.expires_on) for draft in kept]
    return _questions(request, begun=begun)


def _questions(
    request: Request, *, begun: list[Any] | None = None, problems: list[Problem] | None = None, status: int = 200
) -> Response[Any]:
    return page(
        request,
        "reimbursement/questions.html",
        status=status,
        cares=list(_CARES.items()),
        places=list(_PLACES.items()),
        paid=list(_PAID.items()),
        begun=begun or [],
        problems=problems or [],
        values=dict(request.query_params),
    )


@get("/reimbursement/check", opt={"who": "anyone"})
async def check(request: Request, db: RouteDb) -> Response[Any]:
    """The law's answer to the three questions; all of it in the address, so that it can be passed on."""
    asked = request.query_params
    problems = [
        Problem(name, sentence)
        for name, words, sentence in (
            ("care", _CARES, "请选看的是什么"),
            ("place", _PLACES, "请选在哪里看的"),
            ("paid", _PAID, "请选钱是怎么付的"),
        )
        if asked.get(name) not in set(words)
    ]
    if problems:
        return _questions(request, problems=problems, status=422)
    pack: Pack = request.app.state.pack
    person = signed_in(request)
    pool = person.pool_code if person and person.pool_code else _any_pool(request.app.state.regions)
    care, where, on = ClaimCare(asked["care"]), Locality(asked["place"]), today(request)
    decision = route(pack, pool, care, where, on, paid_in_full=asked["paid"] == "self")
    is_online = decision.outcome is ClaimRoute.ONLINE
    papers = claim_papers(pack, pool, Way.ONLINE if is_online else Way.WINDOW, Applicant.SELF, on)
    due, days = due_on(pack, pool, on)
    return page(
        request,
        "reimbursement/check.html",
        decision=decision,
        is_online=is_online,
        is_settled=decision.outcome is ClaimRoute.NOT_PAYABLE,
        is_window=decision.outcome is ClaimRoute.WINDOW,
        care=care,
        papers=[]
        if isinstance(papers, Undetermined)
        else [paper.zh for paper in papers.members if paper not in _CLAIM_PAPERS],
        papers_conflict="" if isinstance(papers, Undetermined) else papers.conflict,
        due=due,
        days=None if isinstance(days, Undetermined) else days.value,
        is_days_official=not isinstance(days, Undetermined) and days.confidence == "official",
        ask=pack.agency(pool),
        ask_phone=await phone_of(db, pool),
    )


def _any_pool(regions: Regions) -> str:
    """Whose rules are told to somebody who has not signed in: the province's, asked for in the name of any city."""
    return regions.of_province(HOME_PROVINCE)[0].pool_code


@post("/reimbursement/start", opt={"who": "person"})
async def start(request: Request, db: RouteDb) -> Response[Any]:
    asked = request.query_params.get("care", "")
    known: dict[str, dict[str, str]] = {Step.STAY: {"care": asked}} if asked in set(ClaimCare) else {}
    return see_other(await begin(CLAIM, request, db, known=known))


route_handlers = [questions, check, start]
