"""Finding things by the words people use, and what official words mean. Nothing typed is stored."""

from litestar import Response, get

from tongban.doors.http import Request
from tongban.doors.portal.glossary import glossary
from tongban.doors.portal.page import page

_TEXT_LENGTH_MAX = 40


@get("/search", opt={"who": "anyone"})
async def search(request: Request) -> Response[bytes]:
    """Entrances and terms for the words in the address; every entrance when nothing was asked or found."""
    asked = request.query_params.get("q", "").strip()[:_TEXT_LENGTH_MAX]
    words = glossary()
    entrances, terms = words.find(asked)
    return page(
        request,
        "search.html",
        asked=asked,
        entrances=entrances,
        terms=terms,
        every=words.entrances,
        values={"q": asked},
    )


@get("/words", opt={"who": "anyone"})
async def terms(request: Request) -> Response[bytes]:
    """Every term; each carries its key as an anchor, so that other pages can lead to it."""
    return page(request, "words.html", terms=glossary().terms)


route_handlers = [search, terms]
