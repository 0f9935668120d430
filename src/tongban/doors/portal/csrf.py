"""A form must come from a page of ours.

The browser holds a random secret in a cookie, signed by us together with its session: what was planted before somebody
signed in counts no more afterwards. Each page carries the same secret under a fresh mask, which makes it differ
every time, so that compressing it tells nothing about the secret.

A page made for somebody who is signed in also carries, sealed, for whom and when. So a form that comes when its session
has ended is known to be theirs and can be kept for them (`doors.portal.held`), and one made for another person never
acts for whoever uses the browser now.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
import struct

from litestar.datastructures import Cookie

from tongban.doors.http import Request, cookie, is_secure
from tongban.doors.portal.forms import read_form
from tongban.doors.portal.session import session_id_of, signed_in
from tongban.infra.crypto import NotOpened, Vault
from tongban.kernel.errors import NotAllowed

FIELD = "csrf"
HEADER = "x-csrf"
FORM_TYPE = "application/x-www-form-urlencoded"
OWNER_KNOWN_SECONDS = 24 * 60 * 60
_SECRET_BYTES = 18
_CONTEXT = "portal.form"
_MADE_FOR = struct.Struct(">QI")  # person, second


class FormNotOurs(NotAllowed):
    """The form has no valid token: another site sent it, or the browser keeps no cookies."""

    code = "form_not_ours"


async def check(request: Request) -> None:
    """Raises FormNotOurs."""
    check_token(request, (await read_form(request)).get(FIELD, ""))


def check_token(request: Request, sent_token: str) -> None:
    """For bodies that are no plain form: `sent_token` came with it in a header or a part. Raises FormNotOurs."""
    secret = _secret_in_cookie(request)
    sent = _unmask(_decode(sent_token) or b"")
    if secret is None or sent is None or is_from_elsewhere(request) or not hmac.compare_digest(secret, sent):
        raise FormNotOurs("这一页放得太久，或者不是从本站打开的。请返回上一页，刷新后再提交一次")


def is_from_elsewhere(request: Request) -> bool:
    """Whether the browser says that another site sent this; old ones say nothing."""
    return request.headers.get("sec-fetch-site", "") == "cross-site"


def token(request: Request) -> str:
    """The value for all forms of this page. Asking for it makes sure that `cookie_to_set` has the secret."""
    known: str | None = request.scope["state"].get("csrf_token")
    if known is None:
        known = request.scope["state"]["csrf_token"] = _new_token(request)
    return known


def _new_token(request: Request) -> str:
    secret = _secret_in_cookie(request)
    if secret is None:
        secret = request.scope["state"].get("csrf_new")
        if secret is None:
            secret = request.scope["state"]["csrf_new"] = secrets.token_bytes(_SECRET_BYTES)
    mask = secrets.token_bytes(_SECRET_BYTES)
    masked = mask + bytes(a ^ b for a, b in zip(mask, secret, strict=True))
    person = signed_in(request)
    return _encode(masked + _made_for(request, person.person_id) if person else masked)


def owner_of(request: Request, sent_token: str) -> int | None:
    """The person for whom the page with this token was made, within the last day; None for visitors and forgeries."""
    sealed = (_decode(sent_token) or b"")[2 * _SECRET_BYTES :]
    vault: Vault = request.app.state.vault
    try:
        person_id, made_at = _MADE_FOR.unpack(vault.open_bytes(sealed, _CONTEXT))
    except (NotOpened, struct.error):
        return None
    age_seconds = int(request.app.state.clock().timestamp()) - made_at
    return person_id if age_seconds <= OWNER_KNOWN_SECONDS else None


def _made_for(request: Request, person_id: int) -> bytes:
    vault: Vault = request.app.state.vault
    return vault.seal(_MADE_FOR.pack(person_id, int(request.app.state.clock().timestamp())), _CONTEXT)


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


def _unmask(token_bytes: bytes) -> bytes | None:
    both = token_bytes[: 2 * _SECRET_BYTES]
    if len(both) != 2 * _SECRET_BYTES:
        return None
    return bytes(a ^ b for a, b in zip(both[:_SECRET_BYTES], both[_SECRET_BYTES:], strict=True))


def _signature(request: Request, secret: bytes) -> bytes:
    key: bytes = request.app.state.settings.secrets.csrf_key
    told = b"csrf\0" + secret + session_id_of(request).encode()
    return hmac.new(key, told, hashlib.sha256).digest()[:18]


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
