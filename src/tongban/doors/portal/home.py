"""The first page: what is unfinished, what can be done, what can be looked up."""

from litestar import Response, get

from tongban.doors.http import Request
from tongban.doors.portal.page import page
from tongban.infra.db import Db


@get("/", opt={"who": "anyone"})
async def home(request: Request, db: Db) -> Response[bytes]:
    return page(request, "home.html", is_old=False, line="", drafts=[])


@get("/health", opt={"who": "public"}, media_type="text/plain")
async def health(db: Db) -> str:
    """For balancers: the process answers and reaches its database."""
    await db.fetchval("select 1")
    return "ok"


route_handlers = [home, health]
