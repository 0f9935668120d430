"""What people do to a claim that is on its way: hand in more pictures, name another card, take it back."""

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from tongban.doors.http import Request, RouteDb, see_other
from tongban.doors.portal.forms import problems_of, read_form
from tongban.doors.portal.page import current_person, page
from tongban.doors.portal.papers import photo_slots
from tongban.doors.portal.reimbursement.flow import holder_options, slot_of
from tongban.doors.portal.reimbursement.words import link_of, seen
from tongban.infra.clock import day_of
from tongban.infra.db import Db
from tongban.kernel.errors import Refusal
from tongban.people import names_of
from tongban.reimbursement import ClaimClosed, ClaimState, add_papers, change_card, papers_draft, slots_of, withdraw


@get("/reimbursement/records/{number:str}/papers", opt={"who": "person"})
async def papers(request: Request, db: RouteDb, number: FromPath[str]) -> Response[Any]:
    return await _papers(request, db, number)


@post("/reimbursement/records/{number:str}/papers", opt={"who": "person"})
async def send_papers(request: Request, db: RouteDb, number: FromPath[str]) -> Response[Any]:
    person, state = current_person(request), request.app.state
    try:
        draft = await papers_draft(db, state.vault, viewer_id=person.person_id, number=number, now=state.clock())
        claim = await add_papers(
            db,
            state.vault,
            state.pack,
            viewer_id=person.person_id,
            draft_id=draft.draft_id,
            channel="portal",
            now=state.clock(),
        )
    except ClaimClosed:  # tapped twice, or decided meanwhile: the claim's page says where it stands
        return see_other(f"/reimbursement/records/{number}")
    except Refusal as refusal:
        return await _papers(request, db, number, refusal)
    return see_other(link_of(claim))


async def _papers(request: Request, db: Db, number: str, refusal: Refusal | None = None) -> Response[Any]:
    """Only the pictures that are asked for, each beside what was said about it."""
    person, state = current_person(request), request.app.state
    claim = (await seen(request, db, number)).claim
    if claim.state is not ClaimState.PAPERS_DUE:
        return see_other(link_of(claim))
    draft = await papers_draft(db, state.vault, viewer_id=person.person_id, number=number, now=state.clock())
    slots, _ = slots_of(state.pack, claim.insured_pool, is_for_self=claim.is_for_self, on=day_of(state.clock()))
    wanted = [
        slot_of(slot, patient_id=claim.person_id, applicant_id=claim.applied_by)
        for slot in slots
        if slot.slot in claim.asked_slots
    ]
    photos = await photo_slots(request, db, draft, wanted, back=f"{link_of(claim)}/papers")
    return page(
        request,
        "reimbursement/papers.html",
        status=200 if refusal is None else refusal.status,
        claim=claim,
        photos=photos,
        problems=[*photos.problems, *(problems_of(refusal) if refusal else [])],
        base=link_of(claim),
    )


@get("/reimbursement/records/{number:str}/withdraw", opt={"who": "person"})
async def ask_withdraw(request: Request, db: RouteDb, number: FromPath[str]) -> Response[Any]:
    claim = (await seen(request, db, number)).claim
    if not claim.is_open:
        return see_other(link_of(claim))
    return page(request, "reimbursement/withdraw.html", claim=claim, base=link_of(claim))


@post("/reimbursement/records/{number:str}/withdraw", opt={"who": "person"})
async def do_withdraw(request: Request, db: RouteDb, number: FromPath[str]) -> Response[Any]:
    claim = await withdraw(
        db,
        viewer_id=current_person(request).person_id,
        number=number,
        channel="portal",
        now=request.app.state.clock(),
    )
    return see_other(f"{link_of(claim)}?withdrawn=1")


@get("/reimbursement/records/{number:str}/card", opt={"who": "person"})
async def card(request: Request, db: RouteDb, number: FromPath[str]) -> Response[Any]:
    return await _card(request, db, number, {})


@post("/reimbursement/records/{number:str}/card", opt={"who": "person"})
async def new_card(request: Request, db: RouteDb, number: FromPath[str]) -> Response[Any]:
    form = await read_form(request)
    try:
        claim = await change_card(
            db,
            request.app.state.vault,
            viewer_id=current_person(request).person_id,
            number=number,
            holder=form.get("holder", ""),
            bank=form.get("bank", ""),
            card_number=form.get("card", ""),
            channel="portal",
            now=request.app.state.clock(),
        )
    except Refusal as refusal:
        return await _card(request, db, number, form, refusal)
    return see_other(link_of(claim))


async def _card(
    request: Request, db: Db, number: str, values: dict[str, str], refusal: Refusal | None = None
) -> Response[Any]:
    claim = (await seen(request, db, number)).claim
    if claim.state is not ClaimState.RETURNED:
        return see_other(link_of(claim))
    names = await names_of(db, [claim.person_id, claim.applied_by])
    return page(
        request,
        "reimbursement/card.html",
        status=200 if refusal is None else refusal.status,
        claim=claim,
        holders=holder_options(names[claim.person_id], names[claim.applied_by]),
        values=values,
        problems=problems_of(refusal) if refusal else [],
        base=link_of(claim),
    )


route_handlers = [papers, send_papers, ask_withdraw, do_withdraw, card, new_card]
