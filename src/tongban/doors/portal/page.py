"""Making a page: templates, what every page knows, and the person it is for.

For a page builder::

    @get("/filing/new", opt={"who": "person"})
    async def new_filing(request: Request, db: Db) -> Response[bytes]:
        person = current_person(request)
        return page(request, "filing/new.html", drafts=…)

`opt["who"]` states who may call and is enforced by `doors.portal.who`. A form's handler reads
`await read_form(request)` and, when a use case refuses, shows the page again: ``page(request, "x.html", status=422,
problems=problems_of(refusal), values=form)``. Every ``<form method="post">`` holds ``{{ csrf }}``.
"""

import gzip
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Response
from litestar.exceptions import LitestarException
from markupsafe import Markup

from tongban.doors.http import Request, here
from tongban.doors.portal import csrf
from tongban.doors.portal.assets import accepts_gzip
from tongban.doors.portal.glossary import glossary
from tongban.doors.portal.prefs import Prefs
from tongban.doors.portal.session import SignedIn, signed_in, unread_notices
from tongban.infra.clock import day_of
from tongban.kernel.contact import phone_numbers
from tongban.kernel.dates import zh_date
from tongban.kernel.identifiers import mask_name, mask_phone
from tongban.kernel.money import percent, yuan

# The open API's page looks like the others and lies with its door.
_TEMPLATES = [Path(__file__).parents[1] / door / "templates" for door in ("portal", "api")]
HOTLINE = "12393"

__all__ = ["SignedIn", "current_person", "page", "render", "today"]


def page(request: Request, template: str, status: int = 200, **context: Any) -> Response[bytes]:
    """The rendered page. Besides `context` templates know:

    `person` (SignedIn or None), `prefs`, `csrf` (the hidden field), `phone` and `phone_name` (whom to call), `here`
    (path and query, for coming back), `today`, `is_demo`, `unread` (messages not opened); and `problems` and `values`,
    empty unless given.
    """
    html = render(request, template, **context).encode()
    response = Response(html, status_code=status, media_type="text/html")
    if accepts_gzip(request):
        response = Response(
            gzip.compress(html, 6, mtime=0),
            status_code=status,
            media_type="text/html",
            headers={"content-encoding": "gzip", "vary": "accept-encoding"},
        )
    if (cookie := csrf.cookie_to_set(request)) is not None:
        response.set_cookie(cookie)
    if request.query_params.get("elder") in ("0", "1"):
        response.set_cookie(Prefs.from_request(request).cookie(request))
    return response


def public_page(request: Request, template: str, status: int = 200, **context: Any) -> Response[bytes]:
    """A page that is the same for every visitor: going back to it may show what the browser kept. With somebody
    signed in it names them, so nothing is kept."""
    response = page(request, template, status, **context)
    if signed_in(request) is None:
        response.headers["cache-control"] = "private, no-cache"
    return response


def render(request: Request, template: str, **context: Any) -> str:
    """The page as text."""
    person = signed_in(request)
    known = {
        "person": person,
        "prefs": Prefs.from_request(request),
        "csrf": Markup('<input type="hidden" name="{}" value="{}">').format(csrf.FIELD, csrf.token(request)),
        "phone": person.agency_phone if person and person.agency_phone else HOTLINE,
        "phone_name": person.agency_name if person and person.agency_phone else "全国医保服务热线",
        "here": here(request),
        "today": today(request),
        "is_demo": request.app.state.settings.is_demo,
        "unread": unread_notices(request),
        "problems": (),
        "values": {},
        "asset": request.app.state.assets.url,
    }
    return _environment().get_template(template).render(known | context)


def current_person(request: Request) -> SignedIn:
    """Who is signed in, on a route that says ``who="person"`` or ``who="signed_in"``."""
    person = signed_in(request)
    if person is None:
        raise LitestarException("current_person on a route that anyone may call")
    return person


def today(request: Request) -> date:
    """The day in China, from the application's clock."""
    return day_of(request.app.state.clock())


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        auto_reload=False,
    )
    words = {
        "zh_date": zh_date,
        "yuan": yuan,
        "yuan_words": yuan_words,
        "percent": percent,
        "mask_name": mask_name,
        "mask_phone": mask_phone,
        "phone_numbers": phone_numbers,
    }
    environment.filters.update(words)
    environment.globals.update(words)
    environment.globals["word_of"] = glossary().term
    environment.globals["m"] = environment.get_template("_m.html").module
    return environment


def yuan_words(fen: int) -> str:
    """From ten thousand yuan up, the amount as people say it: ``1235000`` → ``"约 1.24 万元"``; below that "".

    Exact amounts lose the "about": ``1230000`` → ``"1.23 万元"``.
    """
    if fen < 1_000_000:
        return ""
    hundredths, rest = divmod(fen, 10_000)
    if rest * 2 >= 10_000:
        hundredths += 1
    text = f"{hundredths // 100:,}.{hundredths % 100:02d}".rstrip("0").rstrip(".")
    return f"{'约 ' if rest else ''}{text} 万元"
