"""我的报销: the list, one claim with its progress, why it came so, and the receipt."""

from datetime import date
from typing import Any

from litestar import Response, get
from litestar.params import FromPath

from tongban import drafts
from tongban.advice import notices
from tongban.doors.http import Request, RouteDb
from tongban.doors.portal.looks import looked_at
from tongban.doors.portal.page import current_person, page, today
from tongban.doors.portal.places import phone_of
from tongban.doors.portal.proofs import Form, Paper, paper_answer, signature_of
from tongban.doors.portal.reimbursement.flow import whose_zh
from tongban.doors.portal.reimbursement.words import TAG, link_of, period, seen
from tongban.infra.clock import day_of, zh_moment
from tongban.infra.db import Db
from tongban.kernel.capitals import capitals
from tongban.kernel.dates import zh_date
from tongban.kernel.errors import NotFound
from tongban.kernel.money import yuan
from tongban.law import Pack
from tongban.people import names_of
from tongban.reimbursement import (
    FLOW,
    SAID,
    Claim,
    ClaimDetail,
    ClaimState,
    EventKind,
    claims_of,
    papers_of,
    settlement_of,
    slots_of,
)
from tongban.settlement import explain
from tongban.signing import signatures_of

_NEXT = {
    ClaimState.REVIEWING: "审核",
    ClaimState.PAPERS_DUE: "等您补材料",
    ClaimState.COMPUTED: "打款",
    ClaimState.RETURNED: "等您换一张银行卡",
}


@get("/reimbursement/records", opt={"who": "person"})
async def records(request: Request, db: RouteDb) -> Response[Any]:
    person, state = current_person(request), request.app.state
    for_others = request.query_params.get("whose") == "others"
    claims = await claims_of(db, person.person_id, whose="others" if for_others else "self")
    begun = await drafts.drafts_of(db, state.vault, person_id=person.person_id, flow=FLOW, now=state.clock())
    begun = [draft for draft in begun if (draft.for_person_id != person.person_id) == for_others]
    names = await names_of(db, [claim.person_id for claim in claims]) if for_others else {}
    shown = " ".join(claim.number for claim in claims)
    await looked_at(request, db, "claims.listed", person_id=person.person_id, subject=shown)
    return page(
        request,
        "reimbursement/records.html",
        for_others=for_others,
        begun=[(str(draft.draft_id), await whose_zh(db, draft), draft.expires_on) for draft in begun],
        cards=[
            {
                "url": link_of(claim),
                "name": names.get(claim.person_id, ""),
                "hospital": claim.institution_name,
                "period": period(claim),
                "amount": yuan(claim.total_fen),
                "payout": yuan(claim.payout_fen) if claim.payout_fen is not None else "",
                "status": claim.state.zh,
                "tag": TAG[claim.state],
            }
            for claim in claims
        ],
    )


@get("/reimbursement/records/{number:str}", opt={"who": "person"})
async def record(request: Request, db: RouteDb, number: FromPath[str]) -> Response[Any]:
    detail = await seen(request, db, number)
    claim = detail.claim
    signed = await signatures_of(db, claim.person_id, claim.number)
    slots, _ = slots_of(
        request.app.state.pack, claim.insured_pool, is_for_self=claim.is_for_self, on=day_of(request.app.state.clock())
    )
    return page(
        request,
        "reimbursement/record.html",
        claim=claim,
        tag=TAG[claim.state],
        line=_timeline(request, detail),
        rows=await _rows(request, db, detail),
        asked=[slot.zh for slot in slots if slot.slot in claim.asked_slots],
        decision=detail.decision,
        papers=await papers_of(
            db, viewer_id=current_person(request).person_id, claim=claim, now=request.app.state.clock()
        ),
        signed=signed[0] if signed else None,
        base=link_of(claim),
        is_own=claim.person_id == current_person(request).person_id,
        can_withdraw=claim.is_open,
        was_withdrawn=request.query_params.get("withdrawn") == "1",
    )


@get("/reimbursement/records/{number:str}/why", opt={"who": "person"})
async def why(request: Request, db: RouteDb, number: FromPath[str]) -> Response[Any]:
    """How the amount was computed, for the patient and for whoever applied."""
    detail = await seen(request, db, number)
    claim = detail.claim
    settled = await settlement_of(db, claim)
    if settled is None:
        raise NotFound("这份申请还没有核算，算好了会告诉您")
    pack: Pack = request.app.state.pack
    explanation = explain(pack, settled)
    return page(
        request,
        "reimbursement/why.html",
        claim=claim,
        record=settled,
        explanation=explanation,
        is_official=explanation.confidence == "official",
        period=period(claim),
        said=notices(pack, claim.insured_pool, [step.conflict for step in explanation.steps]),
        ask=pack.agency(claim.insured_pool),
        ask_phone=await phone_of(db, claim.insured_pool),
        back_link=link_of(claim),
    )


@get("/reimbursement/records/{number:str}/receipt.pdf", opt={"who": "person"})
async def receipt_to_print(request: Request, db: RouteDb, number: FromPath[str]) -> Response[Any]:
    return await _receipt(request, db, number, "pdf")


@get("/reimbursement/records/{number:str}/receipt.png", opt={"who": "person"})
async def receipt_to_keep(request: Request, db: RouteDb, number: FromPath[str]) -> Response[Any]:
    return await _receipt(request, db, number, "png")


async def _receipt(request: Request, db: Db, number: str, form: Form) -> Response[Any]:
    """受理回执, to print or to keep in the phone."""
    detail = await seen(request, db, number)
    claim = detail.claim
    rows = [(label, value) for label, value in await _rows(request, db, detail) if label != "受理号"]
    signed = await signatures_of(db, claim.person_id, claim.number)
    paper = Paper(
        title="医疗费报销受理回执",
        number=claim.number,
        rows=rows,
        notes=["钱打到填写的银行卡，办理结果以经办机构核算为准。"],
        status=claim.state.zh,
        is_good=claim.state not in (ClaimState.REFUSED, ClaimState.WITHDRAWN),
        signatures=[signature_of(each, zh_moment(each.signed_at)) for each in signed],
    )
    return await paper_answer(request, paper, form)


async def _rows(request: Request, db: Db, detail: ClaimDetail) -> list[tuple[str, str]]:
    claim = detail.claim
    names = await names_of(db, [claim.person_id, claim.applied_by])
    rows = [("受理号", claim.number), ("看病的人", names.get(claim.person_id, ""))]
    if claim.relation is not None:
        rows.append(("代办人", names.get(claim.applied_by, "")))
    rows += [
        ("医院", claim.institution_name),
        ("住院", period(claim)),
        ("总费用", f"{yuan(claim.total_fen)} 元"),
        ("大写", capitals(claim.total_fen)),
        *(("发票", f"{invoice.number}，{yuan(invoice.amount_fen)} 元") for invoice in detail.invoices),
        ("打到", f"{detail.card.name}，{detail.card.bank}，{detail.card.masked}"),
    ]
    if claim.payout_fen is not None:
        rows.append(("能报", f"{yuan(claim.payout_fen)} 元"))
    return rows


def _by_when(claim: Claim, day: date) -> str:
    """By when the agency decides, as far as it is its turn."""
    if claim.state is not ClaimState.REVIEWING:
        return ""
    if claim.due_on is None:
        return "要几天没有查到规定，请打电话问"
    if claim.due_on < day:
        return f"原来预计 {zh_date(claim.due_on)} 前办好，已经晚了。请打电话催一下"
    return f"预计 {zh_date(claim.due_on)} 前办好"


def _timeline(request: Request, detail: ClaimDetail) -> list[tuple[str, str, str, bool]]:
    """What happened, who did it, and what comes next, by when."""
    claim, viewer = detail.claim, current_person(request).person_id
    who = {f"person:{claim.person_id}": "看病的人办的", f"person:{claim.applied_by}": "代办人办的"}
    who[f"person:{viewer}"] = "您办的"
    line = []
    for event in detail.events:
        if event.what in (EventKind.ORDERED, EventKind.PAID):
            by = "银行" if event.what is EventKind.PAID else "经办机构"
        else:
            by = who.get(event.actor, "经办机构")
        said = event.note if event.what in SAID else ""
        line.append((event.what.zh, zh_moment(event.at), f"{by}。{said}" if said else by, True))
    if claim.state in _NEXT:
        line.append((f"下一步：{_NEXT[claim.state]}", _by_when(claim, today(request)), "", False))
    return line


route_handlers = [records, record, why, receipt_to_print, receipt_to_keep]
