"""我办过的事: the list of filings, one filing with its history, its receipt, and cancelling it."""

from typing import Any, NamedTuple, TypeAlias

from litestar import Response, get, post
from litestar.params import FromPath

from tongban import drafts
from tongban.advice import Insured
from tongban.directory import institution_names
from tongban.doors.http import Request, RouteDb, see_other
from tongban.doors.portal.estimate_link import asking
from tongban.doors.portal.filing.flow import FILING
from tongban.doors.portal.filing.proxy import relation_zh
from tongban.doors.portal.filing.words import draft_rows, place_zh, scopes_zh, until_zh
from tongban.doors.portal.forms import Problem, problems_of, read_form
from tongban.doors.portal.looks import looked_at
from tongban.doors.portal.page import current_person, page, today
from tongban.doors.portal.places import phone_of
from tongban.doors.portal.steps import begin
from tongban.filing import (
    FLOW,
    ChangeRefused,
    Filing,
    FilingDetail,
    FilingStatus,
    FilingWay,
    cancel_filing,
    get_filing,
    known_of,
    list_filings,
    locality_of,
    may_cancel,
    may_change,
    signature_holds,
)
from tongban.infra.clock import zh_moment
from tongban.infra.db import Db
from tongban.kernel.dates import zh_date
from tongban.kernel.errors import NotFound
from tongban.kernel.vocabulary import CareKind, FilingKind
from tongban.law import Permission
from tongban.materials import MaterialNotFound, find, of_subject
from tongban.notices import told_about
from tongban.people import Person, enrollments, get_person, names_of

_CHANNEL_ZH = {"portal": "网上", "gateway": "医院系统", "cli": "经办", "window": "窗口"}


@get("/filing/records", opt={"who": "person"})
async def records(request: Request, db: RouteDb) -> Response[bytes]:
    person, state = current_person(request), request.app.state
    asked_way = request.query_params.get("way", "")
    way = FilingWay(asked_way) if asked_way in set(FilingWay) else None
    for_others = request.query_params.get("whose") == "others"
    filings = await list_filings(db, viewer_id=person.person_id, whose="others" if for_others else "self", way=way)
    begun = (
        []
        if for_others
        else await drafts.drafts_of(db, state.vault, person_id=person.person_id, flow=FLOW, now=state.clock())
    )
    names = await names_of(db, [filing.person_id for filing in filings]) if for_others else {}
    # The numbers carry whose filings they are.
    seen = " ".join(filing.number for filing in filings)
    await looked_at(request, db, "filings.listed", person_id=person.person_id, subject=seen)
    return page(
        request,
        "filing/records.html",
        cards=[_card(request, filing, names.get(filing.person_id, "")) for filing in filings],
        drafts=draft_rows(state.regions, begun) if way is None else [],
        for_others=for_others,
        ways=[("", "全部"), *((str(w), w.zh) for w in FilingWay)],
        way=asked_way if way else "",
    )


def _card(request: Request, filing: Filing, name: str) -> dict[str, Any]:
    day = today(request)
    return {
        "url": f"/filing/records/{filing.number}",
        "place": _place(request, filing),
        "kind": filing.kind.zh,
        "dates": dates_zh(filing),
        "way": filing.way.zh,
        "name": name,
        "status": filing.status_zh(day),
        "tag": _tag(filing, request),
    }


def dates_zh(filing: Filing) -> str:
    """2026年11月22日起，长期有效."""
    until = until_zh(filing.valid_to, filing.stays_max)
    is_day = filing.valid_to is not None and filing.stays_max is None
    return f"{zh_date(filing.valid_from)} 起，{'到 ' if is_day else ''}{until}"


def _tag(filing: Filing, request: Request) -> str:
    """The colour beside the status word, which says the same in words."""
    if filing.status is FilingStatus.MATERIALS_DUE:
        return "bad"
    return "ok" if filing.is_in_force(today(request)) else ""


def _place(request: Request, filing: Filing) -> str:
    return place_zh(request.app.state.regions.get(filing.treatment_pool), filing.treatment_pool)


async def _detail(request: Request, db: Db, number: str) -> FilingDetail:
    """Raises NotFound for a filing that is not the viewer's to see."""
    viewer = current_person(request).person_id
    detail = await get_filing(db, request.app.state.vault, viewer_id=viewer, number=number)
    await looked_at(request, db, "filing.viewed", person_id=detail.filing.person_id, subject=detail.filing.number)
    return detail


def _rows(request: Request, detail: FilingDetail, insured: Person, proxy_name: str = "") -> list[tuple[str, str]]:
    filing, regions = detail.filing, request.app.state.regions
    rows = [
        ("编号", filing.number),
        ("参保人", insured.name),
        ("医保", f"{filing.insurance_type.zh}（{filing.category.zh}）"),
        ("参保地", place_zh(regions.get(filing.insured_pool), filing.insured_pool)),
        ("就医地", _place(request, filing)),
        ("备案类型", filing.kind.zh),
        ("管哪些", scopes_zh(filing.scopes)),
        ("起止日期", dates_zh(filing)),
        ("办理方式", filing.way.zh),
        ("办理时间", zh_moment(filing.filed_at)),
        ("联系人", filing.contact_name),
        ("手机号", detail.contact_phone),
    ]
    if detail.contact_address:
        rows.append(("联系地址", detail.contact_address))
    if detail.residence_address:
        rows.append(("当地住址", detail.residence_address))
    if filing.relation is not None:
        is_what = relation_zh(filing.relation, insured)
        rows[2:2] = [("代办人", proxy_name), ("是代办人的", is_what), ("代办人手机号", detail.proxy_phone)]
    if filing.closed_at:
        rows.append(("取消时间", zh_moment(filing.closed_at)))
    if filing.close_reason:
        rows.append(("取消原因", filing.close_reason))
    return rows


@get("/filing/records/{number:str}", opt={"who": "person"})
async def record(request: Request, db: RouteDb, number: FromPath[str]) -> Response[bytes]:
    detail = await _detail(request, db, number)
    filing, viewer, pack = detail.filing, current_person(request), request.app.state.pack
    insured = await get_person(db, request.app.state.vault, filing.person_id)
    names = await names_of(db, [filing.filed_by])
    proxy_name = names.get(filing.filed_by, "")
    is_closed = filing.status is FilingStatus.CLOSED
    cancelling = may_cancel(pack, filing, viewer.person_id, today(request))
    changing = may_change(pack, filing, viewer.person_id, today(request))
    is_others = viewer.person_id != filing.person_id
    return page(
        request,
        "filing/record.html",
        filing=filing,
        detail=detail,
        place=_place(request, filing),
        rows=_rows(request, detail, insured, proxy_name),
        line=await _line(request, db, detail, {filing.person_id: insured.name, filing.filed_by: proxy_name}),
        status=200,
        status_zh=filing.status_zh(today(request)),
        tag=_tag(filing, request),
        can_cancel=not is_closed and cancelling.outcome is Permission.ALLOWED,
        can_change=not is_closed and filing.kind is not FilingKind.REFERRAL and changing.outcome is Permission.ALLOWED,
        may_cancel=cancelling,
        ask_phone=await phone_of(db, filing.insured_pool),
        is_closed=is_closed,
        is_others=is_others,
        insured_name=insured.name,
        by_proxy=proxy_name if filing.is_by_proxy and not is_others and not is_closed else "",
        referral=await _referral(db, detail),
        materials=await _materials(request, db, filing),
        told=await _told(db, filing, viewer.person_id, {filing.person_id: insured.name, filing.filed_by: proxy_name}),
        estimate_url=_estimate(request, filing, is_others=is_others),
        holds=signature_holds(detail),
        decision=detail.decision,
        just_closed=request.query_params.get("closed") == "1",
    )


_Line: TypeAlias = list[tuple[str, str, str, bool]]


async def _line(request: Request, db: Db, detail: FilingDetail, names: dict[int, str]) -> _Line:
    """Who did what when, and what comes next."""
    filing, viewer = detail.filing, current_person(request)
    actors = {f"person:{person_id}": name for person_id, name in names.items()}
    actors[f"person:{viewer.person_id}"] = "您"
    codes = [event.actor.partition(":")[2] for event in detail.events if event.actor.startswith("institution:")]
    actors |= {f"institution:{code}": name for code, name in (await institution_names(db, codes)).items()}
    line = []
    for event in detail.events:
        by = f"{actors.get(event.actor, '经办人员')}在{_CHANNEL_ZH.get(event.channel, '窗口')}办理"
        line.append((event.zh, zh_moment(event.at), "，".join(filter(None, (by, event.note))), True))
    day = today(request)
    if filing.status is FilingStatus.ACTIVE and day < filing.valid_from:
        line.append(("开始生效", zh_date(filing.valid_from), "从这天起，去看病能直接结算", False))
    if filing.status is FilingStatus.ACTIVE and filing.valid_to and day <= filing.valid_to:
        line.append(("到期", zh_date(filing.valid_to), "还要用的，到期前再办一次", False))
    return line


def _estimate(request: Request, filing: Filing, *, is_others: bool) -> str:
    """What a stay under this filing would leave to pay, with what the filing says filled in; "" for a place that the
    directory no longer knows."""
    regions = request.app.state.regions
    region = regions.get(filing.treatment_pool)
    if region is None:
        return ""
    where = locality_of(regions, filing.insured_pool, region)
    insured = Insured(filing.insured_pool, filing.insurance_type, filing.category) if is_others else None
    return asking(where, CareKind.INPATIENT, filing.kind.situation, insured=insured)


async def _told(db: Db, filing: Filing, viewer_id: int, names: dict[int, str]) -> _Line:
    """Whom we told what, and when."""
    told = await told_about(db, filing.number, person_ids=list(names))
    names = names | {viewer_id: "您"}
    return [(each.title, zh_moment(each.created_at), f"告诉了{names[each.person_id]}", True) for each in told]


async def _referral(db: Db, detail: FilingDetail) -> list[tuple[str, str]]:
    """What the hospital wrote, as the patient may read it."""
    said = detail.referral
    if said is None:
        return []
    names = await institution_names(db, [said.from_institution, said.to_institution])
    return [
        ("转出的医院", names.get(said.from_institution, said.from_institution)),
        ("接收的医院", names.get(said.to_institution, said.to_institution)),
        ("诊断", said.diagnosis),
        ("为什么转", said.reason),
        ("医生", said.doctor),
    ]


class _Shown(NamedTuple):
    """A picture in the list of materials. `url` is empty for one the viewer may not open."""

    zh: str
    url: str


async def _materials(request: Request, db: Db, filing: Filing) -> list[_Shown]:
    viewer, shown = current_person(request).person_id, []
    for each in await of_subject(db, filing.person_id, filing.number):
        try:
            await find(db, viewer_id=viewer, number=each.number, now=request.app.state.clock())
        except MaterialNotFound:
            shown.append(_Shown(each.kind.zh, ""))
        else:
            shown.append(_Shown(each.kind.zh, f"/papers/look/{each.number}/1"))
    return shown


@post("/filing/records/{number:str}/change", opt={"who": "person"})
async def change(request: Request, db: RouteDb, number: FromPath[str]) -> Response[Any]:
    """A draft with everything as it stands, that takes the filing's place once it is signed."""
    detail = await _detail(request, db, number)
    filing, day = detail.filing, today(request)
    viewer = current_person(request).person_id
    decision = may_change(request.app.state.pack, filing, viewer, day)
    if filing.status is FilingStatus.CLOSED or filing.kind is FilingKind.REFERRAL:
        return see_other(f"/filing/records/{filing.number}")
    if decision.outcome is not Permission.ALLOWED:
        raise ChangeRefused(decision.sentence)
    valid = await enrollments(db, filing.person_id, day)
    mine = (filing.insurance_type, filing.category, filing.insured_pool)
    enrollment = next((each for each in valid if (each.insurance_type, each.category, each.pool_code) == mine), None)
    known = known_of(
        detail, viewer_id=viewer, enrollment_no=enrollment.enrollment_no if enrollment else None, today=day
    )
    return see_other(await begin(FILING, request, db, for_person_id=filing.person_id, known=known))


@get("/filing/records/{number:str}/signature.png", opt={"who": "person"})
async def signature_picture(request: Request, db: RouteDb, number: FromPath[str]) -> Response[bytes]:
    detail = await _detail(request, db, number)
    if detail.signed is None or detail.signed.picture_png is None:
        raise NotFound("这个备案没有手写签名")
    return Response(detail.signed.picture_png, media_type="image/png")


@get("/filing/records/{number:str}/relation.png", opt={"who": "person"})
async def relation_picture(request: Request, db: RouteDb, number: FromPath[str]) -> Response[bytes]:
    """The proxy's first signature."""
    detail = await _detail(request, db, number)
    if detail.relation_signed is None or detail.relation_signed.picture_png is None:
        raise NotFound("这个备案没有手写签名")
    return Response(detail.relation_signed.picture_png, media_type="image/png")


@get("/filing/records/{number:str}/cancel", opt={"who": "person"})
async def ask_cancel(request: Request, db: RouteDb, number: FromPath[str]) -> Response[Any]:
    detail = await _detail(request, db, number)
    if detail.filing.status is FilingStatus.CLOSED:
        return see_other(f"/filing/records/{detail.filing.number}")
    return _cancel_page(request, detail)


@post("/filing/records/{number:str}/cancel", opt={"who": "person"})
async def cancel(request: Request, db: RouteDb, number: FromPath[str]) -> Response[Any]:
    form = await read_form(request)
    detail = await _detail(request, db, number)
    try:
        await cancel_filing(
            db,
            request.app.state.pack,
            person_id=detail.filing.person_id,
            filing_serial=detail.filing.filing_serial,
            actor_id=current_person(request).person_id,
            reason=form.get("reason", ""),
            channel="portal",
            now=request.app.state.clock(),
        )
    except ChangeRefused as refusal:
        return _cancel_page(
            request, await _detail(request, db, number), form, problems_of(refusal), status=refusal.status
        )
    return see_other(f"/filing/records/{detail.filing.number}?closed=1")


def _cancel_page(
    request: Request,
    detail: FilingDetail,
    values: dict[str, str] | None = None,
    problems: list[Problem] | None = None,
    *,
    status: int = 200,
) -> Response[bytes]:
    viewer = current_person(request).person_id
    decision = may_cancel(request.app.state.pack, detail.filing, viewer, today(request))
    return page(
        request,
        "filing/cancel.html",
        status=status,
        filing=detail.filing,
        place=_place(request, detail.filing),
        dates=dates_zh(detail.filing),
        may_cancel=decision,
        is_refused=decision.outcome is not Permission.ALLOWED,
        values=values or {},
        problems=problems or [],
    )


route_handlers = [records, record, signature_picture, relation_picture, change, ask_cancel, cancel]
