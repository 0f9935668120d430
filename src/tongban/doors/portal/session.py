"""Who is signed in. The browser holds a random id, the database a hash of it; nothing is written for visitors.

An id is only ever made here, at sign-in, and never taken over from a browser. A session ends 30 minutes after the
last page and 12 hours after signing in.
"""

import secrets
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
from litestar import Response
from litestar.datastructures import Cookie

from tongban import notices
from tongban.doors.http import Request, cookie, is_secure
from tongban.doors.portal.consent import consent_text
from tongban.infra import session as store
from tongban.infra.db import Db, Pool

IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=12)
_RENEW_AFTER = timedelta(minutes=1)


class SignedIn(msgspec.Struct, frozen=True):
    """The person as pages know them: nothing in clear that a page does not show."""

    person_id: int
    name: str
    masked_id: str
    birth_date: date
    pool_code: str  # of the enrollment in force, empty without one
    agency_phone: str  # the insured city's own line, empty when none is known
    agency_name: str
    signed_in_at: datetime
    consented_to: str = ""  # the version of the text, empty before

    @property
    def has_consented(self) -> bool:
        """To the words that are asked today: changed words are asked anew, in sessions under way too."""
        return self.consented_to == consent_text().version


def signed_in(request: Request) -> SignedIn | None:
    """Who is signed in, once `load` has run."""
    found: SignedIn | None = request.scope["state"].get("signed_in")
    return found


def unread_notices(request: Request) -> int:
    """How many messages wait for whoever is signed in; counted for pages only, not for forms that come in."""
    found: int = request.scope["state"].get("unread", 0)
    return found


async def load(request: Request) -> None:
    """Read the session the cookie leads to, if any, and push its end out, at most once a minute."""
    if not (session_id := cookie(request, _cookie_name(request))):
        return
    pool: Pool = request.app.state.pool
    now: datetime = request.app.state.clock()
    async with pool.acquire() as db:
        if (stored := await store.read(db, session_id, now)) is None:
            return
        try:
            person = msgspec.json.decode(stored.data, type=SignedIn)
        except msgspec.DecodeError:
            return  # written by another version: signing in again is the cure
        if now >= person.signed_in_at + ABSOLUTE:
            return
        until = _until(person, now)
        if until - stored.until >= _RENEW_AFTER:
            await store.renew(db, session_id, until)
        if person.has_consented and request.method == "GET":
            request.scope["state"]["unread"] = await notices.unread(db, person.person_id)
    request.scope["state"]["signed_in"] = person


async def begin(request: Request, db: Db, response: Response[Any], person: SignedIn) -> None:
    """Sign `person` in under a fresh id, whatever the browser held before, and let `response` carry it."""
    now: datetime = request.app.state.clock()
    await _forget(request, db)
    await store.remove_ended(db, now)
    session_id = secrets.token_urlsafe(32)
    until = _until(person, now)
    await store.write(db, session_id, msgspec.json.encode(person), until, person_id=person.person_id)
    request.scope["state"]["signed_in"] = person
    response.set_cookie(_cookie(request, session_id))


async def end_all(request: Request, db: Db, response: Response[Any]) -> None:
    """Sign the person out on every phone."""
    if (person := signed_in(request)) is not None:
        await store.remove_all_of(db, person.person_id)
    await end(request, db, response)


async def end(request: Request, db: Db, response: Response[Any]) -> None:
    await _forget(request, db)
    request.scope["state"]["signed_in"] = None
    # With the same attributes: a browser that knows the cookie as secure takes no other word for it.
    response.set_cookie(_cookie(request, "", max_age=0))


def session_id_of(request: Request) -> str:
    """What the browser holds, whether it leads to a session or not; "" when it holds nothing."""
    return cookie(request, _cookie_name(request))


async def _forget(request: Request, db: Db) -> None:
    if session_id := cookie(request, _cookie_name(request)):
        await store.remove(db, session_id)


def _until(person: SignedIn, now: datetime) -> datetime:
    return min(now + IDLE, person.signed_in_at + ABSOLUTE)


def _cookie(request: Request, session_id: str, *, max_age: int | None = None) -> Cookie:
    # Lax, not strict: strict would keep it back when an identity provider sends the person here.
    return Cookie(
        key=_cookie_name(request),
        value=session_id,
        max_age=max_age,
        path="/",
        httponly=True,
        samesite="lax",
        secure=is_secure(request),
    )


def _cookie_name(request: Request) -> str:
    return "__Host-session" if is_secure(request) else "session"
