"""The six steps of a filing: what each page shows, and the declaration that makes a flow of them."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any, TypeAlias

from litestar import Response

from tongban.advice import notices
from tongban.directory import Region
from tongban.doors.http import Request
from tongban.doors.portal import steps
from tongban.doors.portal.filing.words import KIND, place_zh, until_zh
from tongban.doors.portal.page import page
from tongban.doors.portal.places import phone_of
from tongban.doors.portal.steps import Flow, Help, Kept, Run, Who, review_step, sign_step
from tongban.drafts import Draft
from tongban.filing import (
    FLOW,
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
from tongban.kernel.errors import Refusal
from tongban.kernel.vocabulary import FilingKind
from tongban.law import Conduct, Decision, DualBenefit, PapersState, Penalty, dual_benefit, kinds_offered, penalty
from tongban.people import Enrollment, MedicalCodeState, get_person, medical_code_state

_FREQUENT_PLACES = 6

FilingRun: TypeAlias = Run[Reading]


# --- what each page shows ---------------------------------------------------------------------------------------------


async def _who_page(flow: FilingRun) -> dict[str, Any]:
    def place(enrollment: Enrollment) -> str:
        return place_zh(flow.reading.facts.regions.get(enrollment.pool_code), enrollment.pool_code)

    known = next(iter(flow.reading.facts.enrollments), None)
    code = await medical_code_state(flow.db, flow.draft.for_person_id)
    return {
        "enrollments": [
            (str(e.enrollment_no), f"{e.insurance_type.zh}（{e.category.zh}）", f"{place(e)}参保")
            for e in flow.reading.facts.enrollments
        ],
        "known": known,
        "known_place": place(known) if known else "",
        "has_code": code is MedicalCodeState.ACTIVE,
        "code_state": code.zh,
    }


async def _place_page(flow: FilingRun) -> dict[str, Any]:
    regions, draft = flow.reading.facts.regions, flow.draft
    own = flow.reading.enrollment.pool_code if flow.reading.enrollment else ""
    usual = [
        region
        for code in flow.reading.facts.texts.frequent_places
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


async def _kind_page(flow: FilingRun) -> dict[str, Any]:
    """The kinds that can be filed for this place, and why the others cannot."""
    reading, options, hospital, refusals = flow.reading, [], "", []
    conflicts: list[str] = []
    region, enrollment, where = reading.region, reading.enrollment, reading.locality
    offered: tuple[FilingKind, ...] = ()
    if region is not None and enrollment is not None and where is not None:
        offered = kinds_offered(
            flow.reading.facts.pack,
            enrollment.pool_code,
            enrollment.insurance_type,
            enrollment.category,
            flow.reading.facts.today,
        )
    for kind in offered:
        assert region is not None
        assert enrollment is not None
        assert where is not None
        try:
            decision = decide_kind(
                flow.reading.facts.pack,
                insured_pool=enrollment.pool_code,
                insurance_type=enrollment.insurance_type,
                category=enrollment.category,
                treatment_pool=region.pool_code,
                where=where,
                kind=kind,
                today=flow.reading.facts.today,
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


async def _said(flow: FilingRun, conflicts: Iterable[str]) -> dict[str, Any]:
    """The contradictions between sources that a page's choices rest on, and whom to ask about them."""
    pack, enrollment = flow.reading.facts.pack, flow.reading.enrollment
    pool_code = enrollment.pool_code if enrollment else ""
    return {
        "said": notices(pack, pool_code, conflicts),
        "ask": pack.agency(pool_code),
        "ask_phone": await phone_of(flow.db, pool_code),
    }


async def _notice_page(flow: FilingRun) -> dict[str, Any]:
    notice = flow.reading.notice
    is_read = notice is not None and flow.draft.value(Step.NOTICE, "notice_read") == notice.version
    return {
        "notice": notice,
        "whole": flow.reading.facts.texts.whole_notice(),
        "penalties": [
            (conduct.zh, told)
            for conduct in _PUNISHED
            if (told := _penalty(flow, conduct)).outcome is not Penalty.UNDETERMINED
        ],
        "values": {"notice_read": "1" if is_read else ""},
    }


_PUNISHED = (Conduct.MISUSES_CREDENTIAL, Conduct.DEFRAUDS)


def _penalty(flow: FilingRun, conduct: Conduct) -> Decision[Penalty]:
    """What false statements lead to, in the law's own row: the notice itself may be an agency's text."""
    pool = flow.reading.enrollment.pool_code if flow.reading.enrollment else ""
    return penalty(flow.reading.facts.pack, pool, conduct, flow.reading.facts.today)


async def _contact_page(flow: FilingRun) -> dict[str, Any]:
    values, reading, today = dict(flow.draft.values(Step.CONTACT)), flow.reading, flow.reading.facts.today
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


async def _review_page(flow: FilingRun) -> dict[str, Any]:
    answers = flow.reading.answers
    assert answers is not None
    enrollment = flow.reading.enrollment
    assert enrollment is not None

    change = flow.change
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
                    ("参保地", place_zh(flow.reading.facts.regions.get(answers.insured_pool)), ""),
                ],
            ),
            (
                "去哪里看病",
                [
                    ("就医地", _place(flow), change(Step.PLACE)),
                    ("备案类型", answers.kind.zh, change(Step.KIND)),
                    *dates,
                ],
            ),
            ("怎么联系您", contact),
        ],
        "materials": materials,
    }


def _place(flow: FilingRun) -> str:
    return place_zh(flow.reading.region)


def _who_line(flow: FilingRun) -> str:
    enrollment = flow.reading.enrollment
    assert enrollment is not None
    pool: Region | None = flow.reading.facts.regions.get(enrollment.pool_code)
    return f"{enrollment.insurance_type.zh} · {enrollment.category.zh} · {pool.name if pool else ''}参保"


# --- the flow ---------------------------------------------------------------------------------------------------------


async def _read(request: Request, db: Db, draft: Draft) -> Reading:
    state = request.app.state
    return await read(db, state.vault, state.pack, state.regions, draft, now=state.clock())


async def _shared(flow: FilingRun) -> Mapping[str, Any]:
    return {"place": _place(flow), "kind": flow.reading.kind}


def _who(flow: FilingRun) -> Who | None:
    if flow.reading.enrollment is None:
        return None
    return Who(flow.person.name, _who_line(flow), edit=flow.url(Step.WHO))


async def _keep_notice(flow: FilingRun, form: dict[str, str]) -> Kept:
    """Ticked under exactly the text that was shown."""
    return Kept(form | {"notice_read": form.get("notice_version", "") if form.get("notice_read") else ""})


async def _keep_contact(flow: FilingRun, form: dict[str, str]) -> Kept:
    return Kept(freeze_start(form, flow.today))


async def _submit(flow: FilingRun) -> None:
    await submit_draft(
        flow.db,
        flow.state.vault,
        flow.state.pack,
        flow.state.regions,
        person_id=flow.person.person_id,
        draft_id=flow.draft.draft_id,
        channel="portal",
        now=flow.now,
    )


def _help_after(flow: FilingRun, refusal: Refusal) -> Help | None:
    if not isinstance(refusal, FilingOverlaps):
        return None
    url = f"/filing/records/{refusal.existing.number}"
    return Help("没有重复备案，原来那个还在。", "看看原来的备案", url)


async def _done(flow: FilingRun) -> Response[Any]:
    detail = await get_filing(flow.db, flow.state.vault, viewer_id=flow.person.person_id, number=flow.draft.outcome)
    region = flow.reading.facts.regions.get(detail.filing.treatment_pool)
    return page(
        flow.request,
        "filing/done.html",
        filing=detail.filing,
        place=place_zh(region, detail.filing.treatment_pool),
        city=region.name if region else "",
        until=until_zh(detail.filing.valid_to, detail.filing.stays_max),
        at_home=_at_home(flow, detail.filing),
    )


def _at_home(flow: FilingRun, filing: Filing) -> str:
    """What a long-term filing leaves of the benefits at home; nothing to say of a temporary one."""
    if not is_long_term(filing.kind):
        return ""
    found = dual_benefit(flow.reading.facts.pack, filing.insured_pool, PapersState.PROMISED, flow.reading.facts.today)
    return "回参保地看病，也照常能用。" if found.outcome is DualBenefit.BOTH_PLACES else found.sentence


def _about(flow: FilingRun) -> str:
    return f"去{flow.reading.region.name}" if flow.reading.region else ""


def _step(step: Step, page: Callable[[FilingRun], Awaitable[Mapping[str, Any]]], **more: Any) -> steps.Step[Reading]:
    return steps.Step(step, step.zh, step.number, step.keys, page, **more)


FILING: Flow[Reading] = Flow(
    slug="filing",
    name=FLOW,
    title="异地就医备案",
    start_url="/filing",
    read=_read,
    submit=_submit,
    done=_done,
    who=_who,
    shared=_shared,
    about=_about,
    help_after=_help_after,
    steps=(
        _step(Step.WHO, _who_page),
        _step(Step.PLACE, _place_page, go_anchor="area-legend"),
        _step(Step.KIND, _kind_page),
        _step(Step.NOTICE, _notice_page, before_save=_keep_notice),
        _step(Step.CONTACT, _contact_page, before_save=_keep_contact),
        review_step(Step.REVIEW.number, _review_page, template="filing/review.html"),
        sign_step(Step.SIGN.number, lambda flow: flow.reading.commitment),
    ),
)

route_handlers = steps.routes(FILING)
