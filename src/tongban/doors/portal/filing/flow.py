"""The six steps. Every step has its own address; what is posted is saved first and judged afterwards, so that nothing
typed is lost, and a good answer leads on with a redirect."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from tongban import drafts
from tongban.advice import notices
from tongban.directory import Region
from tongban.doors.http import Request, RouteDb, see_other
from tongban.doors.portal.filing.words import KIND, place_zh, until_zh
from tongban.doors.portal.forms import Problem, problems_of, read_form
from tongban.doors.portal.page import SignedIn, current_person, page
from tongban.doors.portal.places import phone_of
from tongban.drafts import Draft, DraftNotFound
from tongban.filing import (
    FLOW,
    FOR_OTHER,
    STEPS_TOTAL,
    Facts,
    Filing,
    FilingOverlaps,
    HospitalFilesIt,
    Reading,
    Step,
    decide_kind,
    freeze_start,
    get_filing,
    is_long_term,
    proof_zh,
    read,
    submit_draft,
)
from tongban.infra.db import Db
from tongban.kernel.dates import zh_date
from tongban.kernel.errors import Invalid, Refusal
from tongban.kernel.vocabulary import FilingKind
from tongban.law import Conduct, Decision, DualBenefit, PapersState, Penalty, dual_benefit, kinds_offered, penalty
from tongban.people import Enrollment, MedicalCodeState, get_person, medical_code_state

_SIGNATURE_BODY_BYTES_MAX = 1024 * 1024
_FREQUENT_PLACES = 6
_ORDER = list(Step)


@dataclass(slots=True)
class Flow:
    """One draft as a page sees it."""

    request: Request
    db: Db
    person: SignedIn
    draft: Draft
    reading: Reading
    facts: Facts

    def url(self, step: Step | str) -> str:
        return f"/filing/{self.draft.draft_id}/{step}"

    @property
    def comes_from_review(self) -> bool:
        return self.request.query_params.get("from") == Step.REVIEW

    def place(self) -> str:
        return place_zh(self.reading.region)


async def _open(request: Request, db: Db, draft_id: str) -> Flow:
    """Raises DraftNotFound for a draft that is not the signed-in person's."""
    person, state = current_person(request), request.app.state
    try:
        wanted = UUID(draft_id)
    except ValueError:
        raise DraftNotFound("没有找到这份草稿，请从“异地就医备案”重新办") from None
    draft = await drafts.load(
        db, state.vault, person_id=person.person_id, draft_id=wanted, flow=FLOW, now=state.clock()
    )
    return await _read(request, db, person, draft)


async def _read(request: Request, db: Db, person: SignedIn, draft: Draft) -> Flow:
    state = request.app.state
    reading, facts = await read(db, state.vault, state.pack, state.regions, draft, now=state.clock())
    return Flow(request, db, person, draft, reading, facts)


# --- what each page shows ---------------------------------------------------------------------------------------------


async def _who_page(flow: Flow) -> dict[str, Any]:
    def place(enrollment: Enrollment) -> str:
        return place_zh(flow.facts.regions.get(enrollment.pool_code), enrollment.pool_code)

    known = next(iter(flow.facts.enrollments), None)
    code = await medical_code_state(flow.db, flow.draft.for_person_id)
    return {
        "enrollments": [
            (str(e.enrollment_no), f"{e.insurance_type.zh}（{e.category.zh}）", f"{place(e)}参保")
            for e in flow.facts.enrollments
        ],
        "known": known,
        "known_place": place(known) if known else "",
        "has_code": code is MedicalCodeState.ACTIVE,
        "code_state": code.zh,
    }


async def _place_page(flow: Flow) -> dict[str, Any]:
    regions, draft = flow.facts.regions, flow.draft
    own = flow.reading.enrollment.pool_code if flow.reading.enrollment else ""
    usual = [
        region
        for code in flow.facts.texts.frequent_places
        if code != own and (region := regions.get(code)) is not None and region.can_file_to
    ][:_FREQUENT_PLACES]
    picked = regions.get(draft.value(Step.PLACE, "area"))
    province = draft.value(Step.PLACE, "area_province")
    if not province and picked is not None and picked not in usual:
        province = picked.province_code
    cities = [region for region in regions.of_province(province) if region.pool_code != own]
    return {
        "usual": usual,
        "provinces": regions.provinces(),
        "province": province,
        "cities": cities,
        "picked": place_zh(picked) if picked else "",
        "regions_url": flow.request.app.state.assets.url("regions.json"),
    }


async def _kind_page(flow: Flow) -> dict[str, Any]:
    """The kinds that can be filed for this place, and why the others cannot."""
    reading, options, hospital, refusals = flow.reading, [], "", []
    conflicts: list[str] = []
    region, enrollment, where = reading.region, reading.enrollment, reading.locality
    offered: tuple[FilingKind, ...] = ()
    if region is not None and enrollment is not None and where is not None:
        offered = kinds_offered(
            flow.facts.pack, enrollment.pool_code, enrollment.insurance_type, enrollment.category, flow.facts.today
        )
    for kind in offered:
        assert region is not None
        assert enrollment is not None
        assert where is not None
        try:
            decision = decide_kind(
                flow.facts.pack,
                insured_pool=enrollment.pool_code,
                insurance_type=enrollment.insurance_type,
                category=enrollment.category,
                treatment_pool=region.pool_code,
                where=where,
                kind=kind,
                today=flow.facts.today,
            )
        except HospitalFilesIt as refusal:
            hospital = refusal.sentence
        except Refusal as refusal:
            refusals.append((kind.zh, refusal.sentence))
        else:
            proof = proof_zh(decision.terms.materials)
            options.append((kind.value, KIND[kind], kind.zh, decision.terms.definition, proof))
            conflicts += [made.conflict for _, made in decision.decisions]
    return {"options": options, "hospital": hospital, "refusals": refusals, **await _said(flow, conflicts)}


async def _said(flow: Flow, conflicts: Iterable[str]) -> dict[str, Any]:
    """The contradictions between sources that a page's choices rest on, and whom to ask about them."""
    pack, enrollment = flow.facts.pack, flow.reading.enrollment
    pool_code = enrollment.pool_code if enrollment else ""
    return {
        "said": notices(pack, pool_code, conflicts),
        "ask": pack.agency(pool_code),
        "ask_phone": await phone_of(flow.db, pool_code),
    }


async def _notice_page(flow: Flow) -> dict[str, Any]:
    notice = flow.reading.notice
    is_read = notice is not None and flow.draft.value(Step.NOTICE, "notice_read") == notice.version
    return {
        "notice": notice,
        "whole": flow.facts.texts.whole_notice(),
        "penalties": [
            (conduct.zh, told)
            for conduct in _PUNISHED
            if (told := _penalty(flow, conduct)).outcome is not Penalty.UNDETERMINED
        ],
        "values": {"notice_read": "1" if is_read else ""},
    }


_PUNISHED = (Conduct.MISUSES_CREDENTIAL, Conduct.DEFRAUDS)


def _penalty(flow: Flow, conduct: Conduct) -> Decision[Penalty]:
    """What false statements lead to, in the law's own row: the notice itself may be an agency's text."""
    pool = flow.reading.enrollment.pool_code if flow.reading.enrollment else ""
    return penalty(flow.facts.pack, pool, conduct, flow.facts.today)


async def _contact_page(flow: Flow) -> dict[str, Any]:
    values, reading, today = dict(flow.draft.values(Step.CONTACT)), flow.reading, flow.facts.today
    if not values:
        person = await get_person(flow.db, flow.request.app.state.vault, flow.draft.person_id)
        values = {"contact": person.name, "tel": person.phone}
    for name, day in (("today", today), ("tomorrow", today + timedelta(days=1))):
        if values.get("start") == day.isoformat():
            values |= {"start_choice": name, "start": ""}
    assert reading.decision is not None
    terms = reading.decision.terms
    return {
        "values": values,
        "terms": terms,
        "is_long_term": is_long_term(terms.kind),
        "earliest": today - timedelta(days=terms.backdate_days_max),
        "tomorrow": today + timedelta(days=1),
        "open_end": terms.months_valid is None and terms.stays_max is None,
        **await _said(flow, terms.conflicts),
    }


async def _review_page(flow: Flow) -> dict[str, Any]:
    answers = flow.reading.answers
    assert answers is not None
    enrollment = flow.reading.enrollment
    assert enrollment is not None

    def change(step: Step, field: str = "") -> str:
        return f"{flow.url(step)}?from=review{'#' + field if field else ''}"

    insured = f"{answers.insurance_type.zh}（{answers.category.zh}）"
    terms = flow.reading.decision.terms if flow.reading.decision else None
    until = until_zh(answers.ends_on, terms.stays_max if terms else None)
    dates = [("从哪天开始", zh_date(answers.starts_on), change(Step.CONTACT, "start"))]
    if answers.admitted_on:
        dates.append(("住院那天", zh_date(answers.admitted_on), change(Step.CONTACT, "admitted")))
    dates.append(("到哪天结束", until, change(Step.CONTACT, "end" if answers.is_long_term else "start")))
    contact = [
        ("联系人", answers.contact_name, change(Step.CONTACT, "contact")),
        ("手机号", answers.contact_phone, change(Step.CONTACT, "tel")),
        ("联系地址", answers.contact_address, change(Step.CONTACT, "addr")),
    ]
    if answers.residence_address:
        contact.insert(0, ("当地住址", answers.residence_address, change(Step.CONTACT, "residence")))
    materials = terms.materials if terms else ()
    return {
        "cards": [
            (
                "给谁办",
                [
                    ("姓名", flow.person.name, ""),
                    ("医保", insured, change(Step.WHO)),
                    ("参保地", place_zh(flow.facts.regions.get(answers.insured_pool)), ""),
                ],
            ),
            (
                "去哪里看病",
                [
                    ("就医地", flow.place(), change(Step.PLACE)),
                    ("备案类型", answers.kind.zh, change(Step.KIND)),
                    *dates,
                ],
            ),
            ("怎么联系您", contact),
        ],
        "materials": materials,
        "answers_hash": flow.reading.answers_hash.hex() if flow.reading.answers_hash else "",
    }


async def _sign_page(flow: Flow) -> dict[str, Any]:
    assert flow.reading.answers_hash is not None
    bound_to = flow.reading.answers_hash.hex()
    values = flow.draft.values(Step.SIGN)
    # A name written under other answers is not shown again: it no longer signs anything.
    if values.get("signed_hash") != bound_to:
        values = {}
    return {"values": values, "answers_hash": bound_to, "commitment": flow.reading.commitment}


_PAGES: Mapping[Step, Callable[[Flow], Any]] = {
    Step.WHO: _who_page,
    Step.PLACE: _place_page,
    Step.KIND: _kind_page,
    Step.NOTICE: _notice_page,
    Step.CONTACT: _contact_page,
    Step.REVIEW: _review_page,
    Step.SIGN: _sign_page,
}


async def _show(
    flow: Flow, step: Step, *, status: int = 200, problems: Sequence[Problem] = (), **more: Any
) -> Response[bytes]:
    at = _ORDER.index(step)
    before = flow.url(_ORDER[at - 1]) if at else "/filing"
    enrollment = flow.reading.enrollment
    context = {
        "draft": flow.draft,
        "step": step,
        "steps_total": STEPS_TOTAL,
        "action": flow.url(step) + ("?from=review" if flow.comes_from_review else ""),
        "back": flow.url(Step.REVIEW) if flow.comes_from_review else before,
        "back_text": "回到核对" if flow.comes_from_review else "上一步",
        "problems": problems,
        "values": flow.draft.values(step),
        "who_name": flow.person.name,
        "who_line": _who_line(flow) if enrollment else "",
        "who_edit": flow.url(Step.WHO),
        "place": flow.place(),
        "kind": flow.reading.kind,
        "was_merged": flow.request.query_params.get("merged") == "1",
        "is_overlap": False,
        "overlap_url": "",
    }
    return page(flow.request, f"filing/{step}.html", status=status, **(context | await _PAGES[step](flow) | more))


def _who_line(flow: Flow) -> str:
    enrollment = flow.reading.enrollment
    assert enrollment is not None
    pool: Region | None = flow.facts.regions.get(enrollment.pool_code)
    return f"{enrollment.insurance_type.zh} · {enrollment.category.zh} · {pool.name if pool else ''}参保"


# --- routes -----------------------------------------------------------------------------------------------------------


@get("/filing/{draft_id:str}", opt={"who": "person"})
async def resume(request: Request, db: RouteDb, draft_id: FromPath[str]) -> Response[Any]:
    """Where the person left off."""
    flow = await _open(request, db, draft_id)
    if flow.draft.outcome:
        return see_other(flow.url("done"))
    return see_other(flow.url(flow.reading.next_step))


@get("/filing/{draft_id:str}/{step:str}", opt={"who": "person"})
async def show_step(request: Request, db: RouteDb, draft_id: FromPath[str], step: FromPath[str]) -> Response[Any]:
    flow = await _open(request, db, draft_id)
    wanted = _step(step)
    if flow.draft.outcome:
        return see_other(flow.url("done"))
    if not flow.reading.is_reachable(wanted):
        return see_other(flow.url(flow.reading.next_step))
    problems = _problems(flow, wanted) if flow.draft.is_submitted(wanted) else []
    return await _show(flow, wanted, problems=problems)


@post("/filing/{draft_id:str}/{step:str}", opt={"who": "person"}, request_max_body_size=_SIGNATURE_BODY_BYTES_MAX)
async def save(request: Request, db: RouteDb, draft_id: FromPath[str], step: FromPath[str]) -> Response[Any]:
    """Keep what was typed, then say what is wrong with it or lead on."""
    form = await read_form(request)
    wanted = _step(step)
    flow = await _open(request, db, draft_id)
    if flow.draft.outcome:
        return see_other(flow.url("done"))
    seen = form.get("version", "")
    is_submitted = "save" not in form and "go" not in form
    if wanted is Step.NOTICE:  # ticked under exactly the text that was shown
        form["notice_read"] = form.get("notice_version", "") if form.get("notice_read") else ""
    if wanted is Step.CONTACT:
        form = freeze_start(form, flow.facts.today)
    draft = await drafts.save_step(
        db,
        request.app.state.vault,
        person_id=flow.person.person_id,
        draft_id=flow.draft.draft_id,
        step=wanted,
        keys=wanted.keys,
        values=form,
        seen_version=int(seen) if seen.isdecimal() and len(seen) < 9 else None,
        is_submitted=is_submitted,
        now=request.app.state.clock(),
    )
    flow = await _read(request, db, flow.person, draft)
    if draft.outcome:
        return see_other(flow.url("done"))
    if "go" in form:  # 看这个省的城市, without JavaScript
        return see_other(f"{flow.url(wanted)}{'?from=review' if flow.comes_from_review else ''}#area-legend")
    if "save" in form:
        return see_other(flow.url("saved"))
    if wanted is Step.WHO and form.get("for") == FOR_OTHER:
        return see_other(f"/filing/for-family?draft={draft.draft_id}")
    if not flow.reading.is_reachable(wanted):  # something before it was changed in another window
        return see_other(f"{flow.url(flow.reading.next_step)}?merged=1")
    if problems := _problems(flow, wanted):
        return await _show(flow, wanted, status=422, problems=problems)
    if wanted is Step.SIGN:
        return await _submit(flow)
    return see_other(_onwards(flow, wanted))


def _onwards(flow: Flow, step: Step) -> str:
    next_step = _ORDER[_ORDER.index(step) + 1]
    came_from_review = flow.comes_from_review
    if came_from_review and flow.reading.is_reachable(Step.REVIEW):
        next_step = Step.REVIEW
    elif came_from_review:  # the change asks for more, such as another notice to be read
        next_step = flow.reading.next_step
    query = [
        "from=review" if came_from_review and next_step is not Step.REVIEW else "",
        "merged=1" if flow.draft.was_merged else "",
    ]
    return flow.url(next_step) + ("?" + "&".join(filter(None, query)) if any(query) else "")


async def _submit(flow: Flow) -> Response[Any]:
    state = flow.request.app.state
    try:
        await submit_draft(
            flow.db,
            state.vault,
            state.pack,
            state.regions,
            person_id=flow.person.person_id,
            draft_id=flow.draft.draft_id,
            channel="portal",
            now=state.clock(),
        )
    except FilingOverlaps as overlap:
        return await _show(
            flow,
            Step.SIGN,
            status=overlap.status,
            problems=[Problem("", overlap.sentence)],
            is_overlap=True,
            overlap_url=f"/filing/records/{overlap.existing.number}",
        )
    except Invalid as invalid:
        return await _show(flow, Step.SIGN, status=invalid.status, problems=problems_of(invalid))
    except Refusal as refusal:
        return await _show(flow, Step.SIGN, status=refusal.status, problems=[Problem("", refusal.sentence)])
    return see_other(flow.url("done"))


@get("/filing/{draft_id:str}/done", opt={"who": "person"})
async def done(request: Request, db: RouteDb, draft_id: FromPath[str]) -> Response[Any]:
    """The result page: the same however often it is asked for."""
    flow = await _open(request, db, draft_id)
    if not flow.draft.outcome:
        return see_other(flow.url(flow.reading.next_step))
    detail = await get_filing(db, request.app.state.vault, viewer_id=flow.person.person_id, number=flow.draft.outcome)
    region = flow.facts.regions.get(detail.filing.treatment_pool)
    return page(
        request,
        "filing/done.html",
        filing=detail.filing,
        place=place_zh(region, detail.filing.treatment_pool),
        city=region.name if region else "",
        until=until_zh(detail.filing.valid_to, detail.filing.stays_max),
        at_home=_at_home(flow, detail.filing),
    )


def _at_home(flow: Flow, filing: Filing) -> str:
    """What a long-term filing leaves of the benefits at home; nothing to say of a temporary one."""
    if not is_long_term(filing.kind):
        return ""
    found = dual_benefit(flow.facts.pack, filing.insured_pool, PapersState.PROMISED, flow.facts.today)
    return "回参保地看病，也照常能用。" if found.outcome is DualBenefit.BOTH_PLACES else found.sentence


@get("/filing/{draft_id:str}/saved", opt={"who": "person"})
async def saved(request: Request, db: RouteDb, draft_id: FromPath[str]) -> Response[Any]:
    flow = await _open(request, db, draft_id)
    if flow.draft.outcome:
        return see_other(flow.url("done"))
    return page(request, "filing/saved.html", draft=flow.draft, step=flow.reading.next_step, steps_total=STEPS_TOTAL)


@post("/filing/{draft_id:str}/discard", opt={"who": "person"})
async def discard(request: Request, db: RouteDb, draft_id: FromPath[str]) -> Response[Any]:
    flow = await _open(request, db, draft_id)
    await drafts.discard(db, person_id=flow.person.person_id, draft_id=flow.draft.draft_id)
    return see_other("/filing")


def _problems(flow: Flow, step: Step) -> list[Problem]:
    return [Problem(refusal.field or "", refusal.sentence) for refusal in flow.reading.problems_of(step)]


def _step(slug: str) -> Step:
    try:
        return Step(slug)
    except ValueError:
        raise DraftNotFound("没有这一步，请从“异地就医备案”重新进入") from None


route_handlers = [resume, show_step, save, done, saved, discard]
