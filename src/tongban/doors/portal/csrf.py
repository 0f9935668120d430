"""A form must come from a page of ours.

The browser holds a random secret in a cookie, signed by us; each form carries the same secret under a fresh mask.
The mask makes the page differ every time, so compressing it tells nothing about the secret.
"""

import base64
import binascii
import hashlib
import hmac
import secrets

from litestar.datastructures import Cookie

from tongban.doors.http import Request, cookie, is_secure
from tongban.doors.portal.forms import read_form
from tongban.kernel.errors import NotAllowed

FIELD = "csrf"
HEADER = "x-csrf"
_SECRET_BYTES = 18


class FormNotOurs(NotAllowed):
    """The form has no valid token: another site sent it, or the browser keeps no cookies."""

    code = "form_not_ours"


async def check(request: Request) -> None:
    """Raises FormNotOurs."""
    check_token(request, (await read_form(request)).get(FIELD, ""))


def check_token(request: Request, sent_token: str) -> None:
    """For bodies that are no plain form: `sent_token` came with it in a header or a part. Raises FormNotOurs."""
    secret = _secret_in_cookie(request)
    sent = _unmask(sent_token)
    from_elsewhere = request.headers.get("sec-fetch-site", "") == "cross-site"
    if secret is None or sent is None or from_elsewhere or not hmac.compare_digest(secret, sent):
        raise FormNotOurs("这一页放得太久，或者不是从本站打开的。请返回上一页，刷新后再提交一次")


def token(request: Request) -> str:
    """The value for this page's forms. Asking for it makes sure that `cookie_to_set` has the secret."""
    secret = _secret_in_cookie(request)
    if secret is None:
        secret = request.scope["state"].get("csrf_new")
        if secret is None:
            secret = request.scope["state"]["csrf_new"] = secrets.token_bytes(_SECRET_BYTES)
    mask = secrets.token_bytes(_SECRET_BYTES)
    return _encode(mask + bytes(a ^ b for a, b in zip(mask, secret, strict=True)))


def cookie_to_set(request: Request) -> Cookie | None:
    """The cookie that goes with a `token` made for a browser that had none."""
    secret: bytes | None = request.scope["state"].get("csrf_new")
    if secret is None:
        return None
    return Cookie(
        key=_cookie_name(request),
        value=f"{_encode(secret)}.{_encode(_signature(request, secret))}",
        path="/",
        httponly=True,
        samesite="lax",
        secure=is_secure(request),
    )


def _secret_in_cookie(request: Request) -> bytes | None:
    text, _, signature = cookie(request, _cookie_name(request)).partition(".")
    secret, given = _decode(text), _decode(signature)
    if secret is None or given is None or len(secret) != _SECRET_BYTES:
        return None
    return secret if hmac.compare_digest(given, _signature(request, secret)) else None


def _unmask(text: str) -> bytes | None:
    both = _decode(text)
    if both is None or len(both) != 2 * _SECRET_BYTES:
        return None
    return bytes(a ^ b for a, b in zip(both[:_SECRET_BYTES], both[_SECRET_BYTES:], strict=True))


def _signature(request: Request, secret: bytes) -> bytes:
    key: bytes = request.app.state.settings.secrets.csrf_key
    return hmac.new(key, b"csrf\0" + secret, hashlib.sha256).digest()[:18]


def _cookie_name(request: Request) -> str:
    # A browser takes a __Host- cookie from nobody but this very host, over TLS: a sub-domain cannot plant one.
    return "__Host-csrf" if is_secure(request) else "csrf"


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes | None:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True) if text else None
    except (binascii.Error, ValueError):
        return None
