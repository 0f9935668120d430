"""Signing in and out, and the consent asked before anything is shown.

A real installation sends people to its identity provider. The demo shows its made-up residents instead, and does so
only while the setting says that this is a demo.
"""

from typing import Any
from urllib.parse import quote

import msgspec
from litestar import Response, get, post
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie
from litestar.exceptions import NotFoundException
from litestar.handlers import BaseRouteHandler

from tongban.directory import agency_phones
from tongban.doors.http import Request, RouteDb, cookie, is_secure, limit_by_address, local_path, see_other
from tongban.doors.portal import held, session
from tongban.doors.portal.consent import consent_text
from tongban.doors.portal.forms import Problem, read_form
from tongban.doors.portal.oidc import PENDING_SECONDS, RETURN_PATH, OidcClient, seal, unseal
from tongban.doors.portal.page import current_person, page, today
from tongban.doors.portal.session import SignedIn, signed_in
from tongban.infra import audit
from tongban.infra.clock import day_of
from tongban.infra.db import Db, Pool
from tongban.kernel.errors import NotAllowed, NotFound
from tongban.notices import bind_wechat
from tongban.people import (
    Person,
    consent_given,
    consents_of,
    demo_residents,
    enrollments,
    find_by_id_number,
    get_person,
    give_consent,
    withdraw_consent,
)

_PER_MINUTE_MAX = 60  # per address; many phones share one


class TlsNeeded(NotAllowed):
    code = "tls_needed"


@get("/sign-in", opt={"who": "anyone"})
async def sign_in_page(request: Request, db: RouteDb) -> Response[Any]:
    next_path = local_path(request.query_params.get("next"))
    if signed_in(request) is not None:
        return see_other(next_path)
    if _is_demo(request):
        residents = await demo_residents(db, request.app.state.vault)
        return page(request, "sign_in_demo.html", residents=residents, next=next_path)
    is_open = request.app.state.settings.identity_provider is not None
    return page(request, "sign_in.html", next=next_path, is_open=is_open, failed="")


async def limit_tries(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """A guard: raises TooOften."""
    await limit_by_address(connection, "sign_in", _PER_MINUTE_MAX)


@post("/sign-in", opt={"who": "anyone"}, guards=[limit_tries])
async def choose_demo_resident(request: Request, db: RouteDb) -> Response[Any]:
    if not _is_demo(request):
        raise NotFoundException
    form = await read_form(request)
    residents = await demo_residents(db, request.app.state.vault)
    chosen = next((r for r in residents if r.key == form.get("resident")), None)
    if chosen is None:
        problems = [Problem("", "没有这位演示居民，请从下面选一位")]
        next_path = local_path(form.get("next"))
        return page(request, "sign_in_demo.html", 422, residents=residents, next=next_path, problems=problems)
    person = await get_person(db, request.app.state.vault, chosen.person_id)
    return await _welcome(request, db, person, local_path(form.get("next")), how="demo")


@get("/sign-in/start", opt={"who": "anyone"})
async def start(request: Request) -> Response[Any]:
    """Off to the identity provider. A link, not a form: the page's policy lets no form lead away from here."""
    client = _client(request)
    now = request.app.state.clock()
    address, pending = await client.start(local_path(request.query_params.get("next")), now)
    response = see_other(address)
    response.set_cookie(_pending_cookie(request, seal(pending, request.app.state.settings.secrets.session_key)))
    return response


@get(RETURN_PATH, opt={"who": "anyone"}, guards=[limit_tries])
async def come_back(request: Request) -> Response[Any]:
    """Back from the identity provider. No connection is held while we ask it."""
    client = _client(request)
    now = request.app.state.clock()
    key = request.app.state.settings.secrets.session_key
    pending = unseal(cookie(request, _pending_name(request)), key, now)
    identity = await client.finish(pending, dict(request.query_params), now)
    pool: Pool = request.app.state.pool
    async with pool.acquire() as db, db.transaction():
        person = await find_by_id_number(db, request.app.state.vault, identity.id_number)
        if person is None:
            raise NotFound("没有查到您在山西的参保记录。请打参保地的电话核对，或者带身份证到窗口")
        response = await _welcome(request, db, person, pending.next_path, how="oidc")
        # Nothing more than the sign-in needs is kept of somebody who has not consented yet.
        if identity.wechat_openid and await consent_given(db, person.person_id, consent_text().version):
            await bind_wechat(
                db, request.app.state.vault, person_id=person.person_id, openid=identity.wechat_openid, now=now
            )
    response.set_cookie(_pending_cookie(request, ""))
    return response


@post("/sign-out", opt={"who": "signed_in", "form_of_anybody": True})
async def sign_out(request: Request, db: RouteDb) -> Response[Any]:
    """On this phone; with ``everywhere`` in the form on every other one too."""
    response = see_other("/")
    if (await read_form(request)).get("everywhere") == "1":
        await _note(request, db, current_person(request).person_id, "portal.signed_out_everywhere")
        await session.end_all(request, db, response)
    else:
        await session.end(request, db, response)
    return response


@get("/consent", opt={"who": "signed_in"})
async def consent_page(request: Request) -> Response[Any]:
    next_path = local_path(request.query_params.get("next"))
    if current_person(request).has_consented:
        return see_other(next_path)
    return page(request, "consent.html", next=next_path, text=consent_text())


@post("/consent", opt={"who": "signed_in"})
async def consent(request: Request, db: RouteDb) -> Response[Any]:
    form = await read_form(request)
    next_path = local_path(form.get("next"))
    person = current_person(request)
    if form.get("agree") != "1":
        problems = [Problem("agree", "同意才能往下办：请在“我同意”前打勾")]
        return page(request, "consent.html", 422, next=next_path, text=consent_text(), problems=problems)
    text = consent_text()
    words = "\n".join([text.title, text.text])
    await give_consent(db, person.person_id, text.version, words, request.app.state.clock(), "portal")
    response = see_other(next_path)
    await session.begin(request, db, response, msgspec.structs.replace(person, consented_to=text.version))
    return response


@get("/consent/withdraw", opt={"who": "person"})
async def withdraw_page(request: Request, db: RouteDb) -> Response[Any]:
    given = await consents_of(db, current_person(request).person_id)
    in_force = [(day_of(each.agreed_at), each.text_version) for each in given if each.withdrawn_at is None]
    return page(request, "consent_withdraw.html", given=in_force)


@post("/consent/withdraw", opt={"who": "person"})
async def withdraw(request: Request, db: RouteDb) -> Response[Any]:
    """From the next request on nothing is shown, on this phone and on every other."""
    await withdraw_consent(db, current_person(request).person_id, request.app.state.clock(), "portal")
    response = see_other("/consent/withdrawn")
    await session.end_all(request, db, response)
    return response


@get("/consent/withdrawn", opt={"who": "anyone"})
async def withdrawn_page(request: Request) -> Response[Any]:
    return page(request, "consent_withdrawn.html")


async def _welcome(request: Request, db: Db, person: Person, next_path: str, *, how: str) -> Response[Any]:
    """A fresh session for `person`, then on to where they wanted to go, by way of the consent when it is missing."""
    now = request.app.state.clock()
    current = await enrollments(db, person.person_id, today(request))
    pool_code = current[0].pool_code if current else ""
    phones = await agency_phones(db, pool_code) if pool_code else []
    region = request.app.state.regions.get(pool_code)
    version = consent_text().version
    has_consented = await consent_given(db, person.person_id, version)
    if await held.waiting(request, db, person.person_id) is not None:
        next_path = held.PATH
    response = see_other(next_path if has_consented else f"/consent?next={quote(next_path, safe='')}")
    await session.begin(
        request,
        db,
        response,
        SignedIn(
            person_id=person.person_id,
            name=person.name,
            masked_id=person.masked_id,
            birth_date=person.birth_date,
            pool_code=pool_code,
            agency_phone=phones[0].phone if phones else "",
            agency_name=f"{region.name}医保电话" if region else "",
            signed_in_at=now,
            consented_to=version if has_consented else "",
        ),
    )
    await _note(request, db, person.person_id, "portal.signed_in", how=how)
    return response


async def _note(request: Request, db: Db, person_id: int, action: str, **detail: str) -> None:
    await audit.record(
        db,
        now=request.app.state.clock(),
        actor=f"person:{person_id}",
        channel="portal",
        action=action,
        person_id=person_id,
        detail=detail,
    )


def _is_demo(request: Request) -> bool:
    is_demo: bool = request.app.state.settings.is_demo
    return is_demo


def _client(request: Request) -> OidcClient:
    """Raises NotFoundException where there is no provider, TlsNeeded where the way there is not private."""
    client: OidcClient | None = request.app.state.oidc
    if client is None:
        raise NotFoundException
    if not is_secure(request):
        raise TlsNeeded("登录要走加密的网址（https）。请从“山西医保”公众号重新进入")
    return client


def _pending_cookie(request: Request, value: str) -> Cookie:
    return Cookie(
        key=_pending_name(request),
        value=value,
        max_age=PENDING_SECONDS if value else 0,
        path="/",
        httponly=True,
        samesite="lax",
        secure=is_secure(request),
    )


def _pending_name(request: Request) -> str:
    return "__Host-pending" if is_secure(request) else "pending"


route_handlers = [
    sign_in_page,
    choose_demo_resident,
    start,
    come_back,
    sign_out,
    consent_page,
    consent,
    withdraw_page,
    withdraw,
    withdrawn_page,
]
