"""The medical code 医保码: its state, a picture for the hospital's scanner, what to do while it does not work, and
reporting a lost card."""

from typing import Any

import segno
from litestar import Response, get, post
from markupsafe import Markup

from tongban import notices
from tongban.doors.http import Request, RouteDb, see_other
from tongban.doors.portal.looks import looked_at
from tongban.doors.portal.page import current_person, page
from tongban.infra.db import Db
from tongban.kernel.errors import NotAllowed
from tongban.notices import NoticeKind
from tongban.people import (
    SHOWN_FOR,
    MedicalCodeState,
    ScanCode,
    activate_medical_code,
    card_state,
    medical_code_state,
    report_card_lost,
    show_code,
)

_SHOWN_SECONDS = int(SHOWN_FOR.total_seconds())
# A fresh picture before the old one ends, so that there is always one to scan.
_RENEW_SECONDS = _SHOWN_SECONDS * 3 // 4
_GROUP = 4


class ActivateElsewhere(NotAllowed):
    """Outside the demo codes are activated where they are issued."""

    code = "activate_elsewhere"


@get("/code", opt={"who": "person"})
async def code_page(request: Request, db: RouteDb) -> Response[Any]:
    """Opening or reloading it shows a new picture."""
    person_id = current_person(request).person_id
    state = await medical_code_state(db, person_id)
    return page(
        request,
        "code/code.html",
        state=state,
        shown=await _shown(request, db) if state is MedicalCodeState.ACTIVE else {},
        card=await card_state(db, person_id),
        renew_seconds=_RENEW_SECONDS,
        done=request.query_params.get("done", ""),
    )


@get("/code/qr", opt={"who": "person"})
async def fresh_code(request: Request, db: RouteDb) -> Response[Any]:
    """The part of the page with the picture, for the script that renews it."""
    return page(request, "code/_qr.html", **await _shown(request, db))


@post("/code/activate", opt={"who": "person"})
async def activate(request: Request, db: RouteDb) -> Response[Any]:
    if not request.app.state.settings.is_demo:
        raise ActivateElsewhere("医保码要在微信、支付宝或国家医保服务平台里激活，激活后回到这里")
    state = request.app.state
    await activate_medical_code(db, state.vault, current_person(request).person_id, state.clock(), channel="portal")
    return see_other("/code")


@get("/code/card-lost", opt={"who": "person"})
async def card_lost_page(request: Request, db: RouteDb) -> Response[Any]:
    person_id = current_person(request).person_id
    return page(
        request,
        "code/card_lost.html",
        card=await card_state(db, person_id),
        code_works=await medical_code_state(db, person_id) is MedicalCodeState.ACTIVE,
    )


@post("/code/card-lost", opt={"who": "person"})
async def card_lost(request: Request, db: RouteDb) -> Response[Any]:
    person_id, now = current_person(request).person_id, request.app.state.clock()
    if await report_card_lost(db, person_id, now):
        await notices.post(
            db,
            person_id=person_id,
            kind=NoticeKind.ACCOUNT,
            subject="",
            title="您的社保卡已经挂失",
            body="这张卡不能再用来看病结算。医保码照常能用。不是您挂失的，请马上打参保地的电话。",
            link="/code",
            now=now,
        )
    return see_other("/code?done=card-lost")


async def _shown(request: Request, db: Db) -> dict[str, Any]:
    person_id = current_person(request).person_id
    code = await show_code(db, request.app.state.vault, person_id, request.app.state.clock())
    await looked_at(request, db, "people.code_shown", person_id=person_id)
    return {"qr": _picture(code), "groups": _groups(code.number), "seconds": _SHOWN_SECONDS}


def _picture(code: ScanCode) -> Markup:
    """Black on white whatever the page's colours: scanners read nothing else."""
    drawn = segno.make(code.number, error="m", micro=False).svg_inline(
        border=4, dark="#000", light="#fff", omitsize=True, svgclass="qr", lineclass=None
    )
    return Markup(drawn.replace("<svg ", '<svg role="img" aria-label="医保码的二维码" ', 1))  # noqa: S704 - drawn from digits


def _groups(number: str) -> list[str]:
    """``"12345678"`` → ``["1234", "5678"]``: for reading aloud when the scanner does not work."""
    return [number[at : at + _GROUP] for at in range(0, len(number), _GROUP)]


route_handlers = [code_page, fresh_code, activate, card_lost_page, card_lost]
