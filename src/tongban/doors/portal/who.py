"""Who may call a route. Every route says so in ``opt={"who": …}``; one guard on the whole application enforces it.

public       no session is read: assets, health
anyone       visitors and signed-in people
signed_in    signed in, consent not asked: the consent page itself, signing out
person       signed in and agreed to the data query: everything that shows a person's data
institution  the gateway, which checks the signature of every message itself

A route with ``opt={"body": "picture"}`` takes more than a form: nothing of its body is read before the person is known.
"""

from typing import Any, Final

import litestar
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from tongban.doors.http import Request
from tongban.doors.portal import csrf, held, received, session
from tongban.doors.portal.csrf import FormNotOurs
from tongban.doors.portal.forms import read_form
from tongban.kernel.errors import NotAllowed

WHO: Final = frozenset({"public", "anyone", "signed_in", "person", "institution"})
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class SignInNeeded(NotAllowed):
    code = "sign_in_needed"
    status = 401


class ConsentNeeded(NotAllowed):
    code = "consent_needed"


class FormIsHeld(NotAllowed):
    """The form came too late and is kept; `because` says what is missing."""

    code = "form_held"

    def __init__(self, because: NotAllowed) -> None:
        super().__init__(because.sentence)
        self.because = because


class FormOfAnother(NotAllowed):
    code = "form_of_another"


class RouteIsClosed(NotAllowed):
    """A route that does not say who may call it is open to nobody."""

    code = "route_closed"


async def who_may_call(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """The guard: reads the session, checks that a form is ours, lets in whom the route names.

    Raises SignInNeeded, ConsentNeeded, FormNotOurs, FormIsHeld, FormOfAnother or RouteIsClosed.
    """
    who = handler.opt.get("who")
    if who in ("public", "institution"):
        return
    if who not in WHO or not isinstance(connection, litestar.Request):
        raise RouteIsClosed("这一页还没有开放")
    if connection.method not in _SAFE_METHODS and handler.opt.get("body") != "picture":
        await read_form(connection)  # before anything that can fail, so that what was typed can be sent again
    await session.load(connection)
    if handler.opt.get("body") == "picture":
        _let_in(connection, who)
        await received.check(connection)
        return
    if connection.method in _SAFE_METHODS:
        _let_in(connection, who)
        return
    try:
        await csrf.check(connection)
        _let_in(connection, who)
    except (FormNotOurs, SignInNeeded, ConsentNeeded) as refusal:
        if who != "person" or csrf.is_from_elsewhere(connection) or not await held.keep(connection):
            raise
        raise FormIsHeld(refusal) from None
    if who != "anyone" and not handler.opt.get("form_of_anybody"):
        await _check_owner(connection)
    await held.is_sent_again(connection)


async def _check_owner(request: Request) -> None:
    """Raises FormOfAnother: two people share a phone, and the page was made for the one who used it before."""
    owner = csrf.owner_of(request, (await read_form(request)).get(csrf.FIELD, ""))
    person = session.signed_in(request)
    if owner is not None and person is not None and owner != person.person_id:
        raise FormOfAnother("这一页是别人登录时打开的，没有提交。请回首页，用您自己的名字重新办")


def _let_in(request: Request, who: str) -> None:
    person = session.signed_in(request)
    if who in ("signed_in", "person") and person is None:
        raise SignInNeeded("请先登录")
    if who == "person" and person is not None and not person.has_consented:
        raise ConsentNeeded("请先同意查询医保信息")
