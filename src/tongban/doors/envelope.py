"""Around everything that answers over HTTP: security headers and one log line, also for what no route handles.

A framework's middleware does not run for unknown paths, refused methods and refused bodies; a plain wrapper does.
"""

import time
from typing import TYPE_CHECKING

import structlog
from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType

if TYPE_CHECKING:
    from litestar.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-frame-options": "DENY",
    # What a page shows belongs to one person; only hashed assets say otherwise for themselves.
    "cache-control": "no-store",
}
_TLS_HEADERS = {"strict-transport-security": "max-age=31536000; includeSubDomains"}
_BUSY = "系统正在忙，请过几分钟再试，或拨打 12393。".encode()

log = structlog.get_logger("tongban.access")


class Envelope:
    """An ASGI application around another."""

    def __init__(self, app: "ASGIApp") -> None:
        self._app = app

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        http = scope
        began = time.perf_counter()
        status = 0

        async def send_sealed(message: "Message") -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableScopeHeaders.from_message(message)
                wanted = _HEADERS | _TLS_HEADERS if http["scheme"] == "https" else _HEADERS
                for name, value in wanted.items():
                    if name not in headers:
                        headers[name] = value
            await send(message)

        try:
            await self._app(scope, receive, send_sealed)
        except Exception as error:
            log.error("unanswered", kind=type(error).__name__)
            if status == 0:
                await send_sealed(
                    {
                        "type": "http.response.start",
                        "status": 500,
                        "headers": [(b"content-type", b"text/plain; charset=utf-8")],
                    }
                )
                await send_sealed({"type": "http.response.body", "body": _BUSY, "more_body": False})
            else:
                raise
        finally:
            # The pattern of the path, not the path: numbers in it lead to people. The query string never.
            pattern = http.get("path_template") or ("" if status == 404 else http["path"])
            log.info(
                "request",
                method=http["method"],
                path=pattern,
                status=status,
                ms=round((time.perf_counter() - began) * 1000, 1),
            )
