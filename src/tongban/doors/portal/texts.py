"""Pages that are only text: how personal data is used."""

from typing import Any

from litestar import Response, get

from tongban.doors.http import Request
from tongban.doors.portal.page import page


@get("/privacy", opt={"who": "anyone"})
async def privacy(request: Request) -> Response[Any]:
    return page(request, "texts/privacy.html")


route_handlers = [privacy]
