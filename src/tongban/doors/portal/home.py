"""The first page: what is unfinished, what can be done, what can be looked up."""

from typing import Any

from litestar import Response, get

from tongban.directory import Regions
from tongban.doors.http import Request, RouteDb, see_other
from tongban.doors.portal.drafts import Begun, unfinished
from tongban.doors.portal.journey import cards
from tongban.doors.portal.page import page, today
from tongban.doors.portal.session import SignedIn, signed_in
from tongban.infra.db import Db
from tongban.kernel.dates import age_on
from tongban.people import MedicalCodeState, enrollments, kin_of, medical_code_state

_ELDER_AGE = 60


@get("/", opt={"who": "anyone"})
async def home(request: Request, db: RouteDb) -> Response[Any]:
    """With ``whose=family`` in the address the same page for somebody who helps their family."""
    person = signed_in(request)
    is_family = request.query_params.get("whose") == "family"
    more = "?whose=family" if is_family else ""
    if person is None:
        return page(
            request,
            "home.html",
            is_family=is_family,
            more=more,
            lines=[],
            begun=Begun((), 0),
            kin=[],
            journeys=[],
            is_old=False,
        )
    if not person.has_consented:
        return see_other("/consent?next=/")
    code_state = await medical_code_state(db, person.person_id)
    return page(
        request,
        "home.html",
        is_family=is_family,
        more=more,
        lines=await _insurance_lines(request, db, person),
        code_zh=code_state.zh if code_state is MedicalCodeState.NONE else f"医保码{code_state.zh}",
        code_works=code_state is MedicalCodeState.ACTIVE,
        begun=await unfinished(request, db, person),
        kin=await kin_of(db, request.app.state.vault, person.person_id) if is_family else [],
        journeys=await cards(request, db, person.person_id),
        is_old=age_on(person.birth_date, today(request)) >= _ELDER_AGE,
    )


@get("/health", opt={"who": "public"}, media_type="text/plain")
async def health(db: RouteDb) -> str:
    """For balancers: the process answers and reaches its database."""
    await db.fetchval("select 1")
    return "ok"


async def _insurance_lines(request: Request, db: Db, person: SignedIn) -> list[str]:
    """``居民医保 · 太原市`` for each enrollment in force, with the payment state where something is wrong."""
    regions: Regions = request.app.state.regions
    lines = []
    for enrollment in await enrollments(db, person.person_id, today(request)):
        region = regions.get(enrollment.pool_code)
        parts = [enrollment.insurance_type.zh, region.name if region else enrollment.pool_code]
        if enrollment.payment_state != "paid":
            parts.append(enrollment.payment_state.zh)
        lines.append(" · ".join(parts))
    return lines


route_handlers = [home, health]
