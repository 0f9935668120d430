"""我办过的事: the list of filings, one filing with its history, its receipt, and cancelling it."""

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from tongban import drafts
from tongban.doors.http import Request, RouteDb, see_other
from tongban.doors.portal.filing.words import draft_rows, place_zh, scopes_zh, until_zh
from tongban.doors.portal.forms import Problem, problems_of, read_form
from tongban.doors.portal.looks import looked_at
from tongban.doors.portal.page import current_person, page, today
from tongban.filing import (
    FLOW,
    ChangeRefused,
    Filing,
    FilingDetail,
    FilingStatus,
    FilingWay,
    cancel_filing,
    get_filing,
    list_filings,
    may_cancel,
    signature_holds,
)
from tongban.infra.clock import in_china
from tongban.infra.db import Db
from tongban.kernel.dates import zh_date
from tongban.kernel.errors import NotFound
from tongban.law import Permission
from tongban.people import get_person, names_of

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


def _rows(request: Request, detail: FilingDetail, insured_name: str) -> list[tuple[str, str]]:
    filing, regions = detail.filing, request.app.state.regions
    rows = [
        ("编号", filing.number),
        ("参保人", insured_name),
        ("医保", f"{filing.insurance_type.zh}（{filing.category.zh}）"),
        ("参保地", place_zh(regions.get(filing.insured_pool), filing.insured_pool)),
        ("就医地", _place(request, filing)),
        ("备案类型", filing.kind.zh),
        ("管哪些", scopes_zh(filing.scopes)),
        ("起止日期", dates_zh(filing)),
        ("办理方式", filing.way.zh),
        ("办理时间", _moment(filing.filed_at)),
        ("联系人", filing.contact_name),
        ("手机号", detail.contact_phone),
        ("联系地址", detail.contact_address),
    ]
    if detail.residence_address:
        rows.append(("当地住址", detail.residence_address))
    if filing.closed_at:
        rows.append(("取消时间", _moment(filing.closed_at)))
    if filing.close_reason:
        rows.append(("取消原因", filing.close_reason))
    return rows


def _moment(at: Any) -> str:
    local = in_china(at)
    return f"{zh_date(local.date())} {local:%H:%M}"


@get("/filing/records/{number:str}", opt={"who": "person"})
async def record(request: Request, db: RouteDb, number: FromPath[str]) -> Response[bytes]:
    detail = await _detail(request, db, number)
    filing, viewer = detail.filing, current_person(request)
    insured = await get_person(db, request.app.state.vault, filing.person_id)
    actors = {f"person:{viewer.person_id}": "您本人", f"person:{filing.person_id}": insured.name}
    line = [
        (
            event.zh,
            _moment(event.at),
            "，".join(
                filter(
                    None,
                    (
                        f"{actors.get(event.actor, '经办人员')}在{_CHANNEL_ZH.get(event.channel, '窗口')}办理",
                        f"原因：{event.note}" if event.note else "",
                    ),
                )
            ),
            True,
        )
        for event in detail.events
    ]
    if filing.status is FilingStatus.ACTIVE and today(request) < filing.valid_from:
        line.append(("开始生效", zh_date(filing.valid_from), "从这天起，去看病能直接结算", False))
    if filing.status is FilingStatus.ACTIVE and filing.valid_to and today(request) <= filing.valid_to:
        line.append(("到期", zh_date(filing.valid_to), "还要用的，到期前再办一次", False))
    may_cancel_today = may_cancel(request.app.state.pack, filing, viewer.person_id, today(request))
    return page(
        request,
        "filing/record.html",
        filing=filing,
        detail=detail,
        place=_place(request, filing),
        rows=_rows(request, detail, insured.name),
        line=line,
        status=200,
        status_zh=filing.status_zh(today(request)),
        tag=_tag(filing, request),
        can_cancel=filing.status is not FilingStatus.CLOSED and may_cancel_today.outcome is Permission.ALLOWED,
        may_cancel=may_cancel_today,
        is_closed=filing.status is FilingStatus.CLOSED,
        holds=signature_holds(detail),
        decision=detail.decision,
        just_closed=request.query_params.get("closed") == "1",
    )


@get("/filing/records/{number:str}/receipt", opt={"who": "person"})
async def receipt(request: Request, db: RouteDb, number: FromPath[str]) -> Response[bytes]:
    """To keep, print or photograph: everything a hospital's office may ask for on one page."""
    detail = await _detail(request, db, number)
    insured = await get_person(db, request.app.state.vault, detail.filing.person_id)
    rows = _rows(request, detail, insured.name)
    return page(
        request,
        "filing/receipt.html",
        filing=detail.filing,
        detail=detail,
        rows=[*rows[:2], ("证件号码", insured.masked_id), *rows[2:]],
        status_zh=detail.filing.status_zh(today(request)),
        signed_at=_moment(detail.signed.signed_at) if detail.signed else "",
        printed_on=zh_date(today(request)),
    )


@get("/filing/records/{number:str}/signature.png", opt={"who": "person"})
async def signature_picture(request: Request, db: RouteDb, number: FromPath[str]) -> Response[bytes]:
    detail = await _detail(request, db, number)
    if detail.signed is None or detail.signed.picture_png is None:
        raise NotFound("这个备案没有手写签名")
    return Response(detail.signed.picture_png, media_type="image/png")


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


route_handlers = [records, record, receipt, signature_picture, ask_cancel, cancel]
