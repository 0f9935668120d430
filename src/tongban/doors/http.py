"""What every HTTP door shares: the typed request, where a page may lead back to, and redirects."""

from typing import Any, TypeAlias
from urllib.parse import urlsplit

import litestar
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency
from litestar.response import Redirect

from tongban.infra import rate
from tongban.infra.db import Db, Pool

Request: TypeAlias = litestar.Request[Any, Any, Any]
# What a route asks for: a connection in a transaction of its own, rolled back when the route raises.
RouteDb: TypeAlias = NamedDependency[Db]

PATH_LENGTH_MAX = 600


def local_path(text: str | None, default: str = "/") -> str:
    """`text` if it leads to a page of ours, else `default`: a link someone else made must not lead away from here."""
    if not text or not text.startswith("/") or len(text) > PATH_LENGTH_MAX:
        return default
    # Browsers take a backslash for a slash and drop tabs and newlines: "/\t/evil" would leave.
    if "\\" in text or any(ord(character) <= 32 for character in text):
        return default
    parts = urlsplit(text)
    return text if not parts.scheme and not parts.netloc else default


def here(request: Request) -> str:
    """Path and query of the page being shown."""
    query: str = request.scope["query_string"].decode("latin-1")
    path = request.url.path
    return f"{path}?{query}" if query else path


def see_other(path: str) -> Redirect:
    """303: the browser asks for `path` with GET, whatever it sent here."""
    return Redirect(path, status_code=303)


async def limit_by_address(connection: ASGIConnection[Any, Any, Any, Any], what: str, per_minute: int) -> None:
    """Count one try of `what` from the caller's address. Raises TooOften.

    The address is counted under a keyed hash, on a connection of its own: a try that fails stays counted.
    """
    state = connection.app.state
    address = connection.client.host if connection.client else ""
    key = f"{what}:{state.vault.index(address, 'rate').hex()[:24]}"
    pool: Pool = state.pool
    async with pool.acquire() as db:
        await rate.limit(db, key, now=state.clock(), per_minute=per_minute)


def is_secure(request: Request) -> bool:
    """Whether the person's browser came over TLS, as the server or a trusted proxy in front of it says."""
    return request.scope["scheme"] == "https"


def cookie(request: Request, name: str) -> str:
    """One cookie's value, "" when there is none.

    Read here and not through the framework, which keeps the last thousand cookie headers in memory and hands out
    one shared dict.
    """
    for part in request.headers.get("cookie", "").split(";"):
        key, _, value = part.strip().partition("=")
        if key == name:
            return value
    return ""
