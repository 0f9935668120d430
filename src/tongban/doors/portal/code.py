"""The medical code 医保码: its state, and what to do while it does not work."""

from typing import Any

from litestar import Response, get, post

from tongban.doors.http import Request, RouteDb, see_other
from tongban.doors.portal.page import current_person, page
from tongban.kernel.errors import NotAllowed
from tongban.people import activate_medical_code, medical_code_state


class ActivateElsewhere(NotAllowed):
    """Outside the demo codes are activated where they are issued."""

    code = "activate_elsewhere"


@get("/code", opt={"who": "person"})
async def code_page(request: Request, db: RouteDb) -> Response[Any]:
    return page(request, "code.html", state=await medical_code_state(db, current_person(request).person_id))


@post("/code/activate", opt={"who": "person"})
async def activate(request: Request, db: RouteDb) -> Response[Any]:
    if not request.app.state.settings.is_demo:
        raise ActivateElsewhere("医保码要在微信、支付宝或国家医保服务平台里激活，激活后回到这里")
    state = request.app.state
    await activate_medical_code(db, state.vault, current_person(request).person_id, state.clock(), channel="portal")
    return see_other("/code")


route_handlers = [code_page, activate]
