"""How pages look: elder mode, text size, light or dark; and keeping a session awake while somebody types."""

from typing import Any

from litestar import Response, get, post

from tongban.doors.http import Request, local_path, see_other
from tongban.doors.portal.forms import read_form
from tongban.doors.portal.page import page
from tongban.doors.portal.prefs import Prefs


@get("/prefs", opt={"who": "anyone"})
async def look(request: Request) -> Response[bytes]:
    return page(request, "look.html", next=local_path(request.query_params.get("next")))


@post("/prefs", opt={"who": "anyone"})
async def change_look(request: Request) -> Response[Any]:
    """The 长辈版 button of every page and the form of the page above. Leads back to where the person was."""
    form = await read_form(request)
    response = see_other(local_path(form.get("next")))
    response.set_cookie(Prefs.from_request(request).changed(form).cookie(request))
    return response


@get("/still-here", opt={"who": "anyone"}, status_code=204)
async def still_here() -> None:
    """Asking for any page keeps a session; this one is for the script, and shows nothing."""


route_handlers = [look, change_look, still_here]
