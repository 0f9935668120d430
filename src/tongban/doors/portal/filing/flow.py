"""The six steps of a filing: what each page shows, and the declaration that makes a flow of them."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any, TypeAlias

from litestar import Response

from tongban.advice import notices
from tongban.directory import Region
from tongban.doors.http import Request
from tongban.doors.portal import steps
from tongban.doors.portal.filing import proxy
from tongban.doors.portal.filing.proxy import relation_zh
from tongban.doors.portal.filing.words import KIND, place_zh, until_zh
from tongban.doors.portal.looks import looked_at
from tongban.doors.portal.page import page
from tongban.doors.portal.places import phone_of
from tongban.doors.portal.steps import Flow, Help, Kept, Run, Who, photos_step, review_step, sign_step
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
    is_for_other,
    is_long_term,
    is_typed,
    last_address,
    proof_zh,
    read,
    submit_draft,
)
from tongban.infra.db import Db
from tongban.kernel.dates import zh_date
from tongban.kernel.errors import Refusal
from tongban.kernel.vocabulary import FilingKind
from tongban.law import Conduct, Decision, DualBenefit, PapersState, Penalty, dual_benefit, kinds_offered, penalty

_FREQUENT_PLACES = 6

FilingRun: TypeAlias = Run[Reading]


# --- what each page shows ---------------------------------------------------------------------------------------------


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


async def _keep_place(flow: FilingRun, form: dict[str, str]) -> Kept:
    """Of a province that is filed to as a whole the province says enough."""
    area = flow.reading.facts.regions.chosen(form.get("area", ""), form.get("area_province", ""))
    return Kept(form | {"area": area})


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
    if not values.get("contact"):
        signer = reading.facts.signer
        address = await last_address(flow.db, flow.state.vault, viewer_id=signer.person_id)
        values = {"contact": signer.name, "tel": reading.proxy_phone or signer.phone, "addr": address} | values
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
        "asks_admission": terms.must_start_before_admission,
        "stages": _STAGES,
        **await _said(flow, terms.conflicts),
    }


_STAGES = (
    ("no", "还没有"),
    ("yes", "定了哪天住"),
    ("in", "正在住院"),
    ("out", "出院了，还没结算"),
    ("paid", "出院了，自己付了钱"),
)


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
            ("给谁办", _whose_rows(flow, insured)),
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
        "proofs_url": flow.url(Step.PROOFS),
        "proofs_count": sum(1 for slot in answers.papers if slot.startswith("proof_")),
        "replaces": answers.replaces,
    }


def _whose_rows(flow: FilingRun, insured: str) -> list[tuple[str, str, str]]:
    facts, answers = flow.reading.facts, flow.reading.answers
    assert answers is not None
    pool = place_zh(facts.regions.get(answers.insured_pool))
    if answers.relation is None:
        return [("姓名", flow.person.name, ""), ("医保", insured, flow.change(Step.WHO)), ("参保地", pool, "")]
    pictures = sum(1 for slot in answers.papers if not slot.startswith("proof_"))
    return [
        ("参保人", facts.insured.name, flow.change(Step.WHO)),
        ("身份证号", facts.insured.masked_id, ""),
        ("医保", insured, flow.change(Step.PROXY)),
        ("参保地", pool, ""),
        ("代办人", flow.person.name, ""),
        ("是代办人的", relation_zh(answers.relation, facts.insured), flow.change(Step.WHO)),
        ("代办人手机号", answers.proxy_phone, flow.change(Step.PROXY, "proxy_tel")),
        ("证件照片", f"{pictures} 张", flow.change(Step.PHOTOS)),
    ]


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
    line = _who_line(flow) if flow.reading.enrollment else ""
    if is_for_other(flow.draft):
        insured = flow.reading.facts.insured
        relation = relation_zh(flow.reading.relation, insured)
        return Who(insured.name, line, relation, is_self=False, edit=flow.url(Step.WHO))
    return Who(flow.person.name, line, edit=flow.url(Step.WHO)) if line else None


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
    number = detail.filing.number
    await looked_at(flow.request, flow.db, "filing.viewed", person_id=detail.filing.person_id, subject=number)
    region = flow.reading.facts.regions.get(detail.filing.treatment_pool)
    return page(
        flow.request,
        "filing/done.html",
        filing=detail.filing,
        place=place_zh(region, detail.filing.treatment_pool),
        city=region.name if region else "",
        until=until_zh(detail.filing.valid_to, detail.filing.stays_max),
        at_home=_at_home(flow, detail.filing),
        insured=flow.reading.facts.insured.name if detail.filing.is_by_proxy else "",
        kin_url=flow.url("kin") if await proxy.may_become_kin(flow, detail.filing) else "",
        is_bound=flow.request.query_params.get("bound") == "1",
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
        _step(Step.WHO, proxy.who_page, before_save=proxy.keep_who),
        _step(Step.PERSON, proxy.person_page, before_save=proxy.keep_person, applies=is_typed),
        _step(Step.PROXY, proxy.proxy_page, applies=is_for_other),
        sign_step(
            Step.RELATION.number,
            lambda flow: flow.reading.relation_commitment,
            slug=Step.RELATION,
            zh=Step.RELATION.zh,
            template="filing/relation.html",
            bound_to=lambda flow: flow.reading.relation_hash,
            page=proxy.relation_page,
            applies=is_for_other,
        ),
        _step(Step.PHOTOS, proxy.photos_page, applies=is_for_other, before_save=steps.keep_again(proxy.identity_slots)),
        _step(Step.PLACE, _place_page, go_anchor="area-legend", before_save=_keep_place),
        _step(Step.KIND, _kind_page),
        _step(Step.NOTICE, _notice_page, before_save=_keep_notice),
        _step(Step.CONTACT, _contact_page, before_save=_keep_contact),
        photos_step(
            Step.PROOFS,
            Step.PROOFS.zh,
            Step.PROOFS.number,
            proxy.proofs_of,
            template="filing/proofs.html",
            is_side=True,
        ),
        review_step(Step.REVIEW.number, _review_page, template="filing/review.html"),
        sign_step(Step.SIGN.number, lambda flow: flow.reading.commitment, template="filing/sign.html"),
    ),
)

route_handlers = steps.routes(FILING)
