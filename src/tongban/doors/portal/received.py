"""A picture in the body of a request: read only for people who are signed in, from a page of ours, in bounded memory.

A form without scripts sends ``multipart/form-data`` with the token first and one file; a script sends raw pieces with
the token in a header. Read here and not through the framework, which parses before anybody asks who sends.
"""

from typing import Final, NamedTuple

import anyio
import multipart  # type: ignore[import-untyped]

from tongban.doors.http import Request
from tongban.doors.portal import csrf
from tongban.doors.portal.forms import FormUnreadable
from tongban.infra.turns import Turns
from tongban.materials import PictureRefused
from tongban.materials.pictures import BYTES_MAX

# What is too big is still read to its end, up to here, and thrown away: a browser shows the answer only when it could
# send everything. Beyond, the connection is refused.
BODY_BYTES_MAX: Final = 40 * 1024 * 1024
_PARTS_MAX = 8
_FIELD_BYTES_MAX = 4096
# So many whole pictures are held in memory at once by each web process; the others wait unread.
_TURNS: Final = Turns("bodies_at_once", 12)
_SECONDS_MAX = 300


class Received(NamedTuple):
    """The file of a form, and the type its browser gave it."""

    body: bytes
    claimed_type: str


async def check(request: Request) -> None:
    """The guard's part for routes with ``opt={"body": "picture"}``; `read` returns what was read here.

    Raises FormNotOurs, FormUnreadable, PictureRefused for a file that is too big.
    """
    if (token := request.headers.get(csrf.HEADER)) is not None:
        csrf.check_token(request, token)
        return
    with anyio.fail_after(_SECONDS_MAX):
        async with _TURNS.take():
            request.scope["state"]["received"] = await _read_multipart(request)


def read(request: Request) -> Received | PictureRefused:
    """The file that came with the form, or why it was not taken."""
    found: Received | PictureRefused | None = request.scope["state"].get("received")
    if found is None:
        raise FormUnreadable("这一页的内容没有读出来，请返回上一页再试一次")
    return found


async def _read_multipart(request: Request) -> Received | PictureRefused:
    kind, options = multipart.parse_options_header(request.headers.get("content-type", ""))
    unreadable = FormUnreadable("这张照片没有传完，请返回上一页再传一次")
    if kind != "multipart/form-data" or not options.get("boundary"):
        csrf.check_token(request, "")
        raise unreadable
    reading = _Reading(request)
    parser = multipart.PushMultipartParser(options["boundary"], max_segment_count=_PARTS_MAX)
    try:
        async for chunk in request.stream():
            for event in parser.parse(chunk):
                reading.take(event)
        parser.close()
    except multipart.MultipartError:
        raise unreadable from None
    return reading.done()


class _Reading:
    """The parts of one form as they come: the token has to be right before a byte of the file is kept."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._is_ours = False
        self._part: multipart.MultipartSegment | None = None
        self._content = bytearray()
        self._bytes = 0
        self._file: Received | PictureRefused | None = None

    def take(self, event: "multipart.MultipartSegment | bytearray | None") -> None:
        if isinstance(event, multipart.MultipartSegment):
            self._part, self._content, self._bytes = event, bytearray(), 0
            if event.filename is not None and not self._is_ours:
                csrf.check_token(self._request, "")
        elif event is None:
            self._end_part()
        else:
            self._bytes += len(event)
            assert self._part is not None
            if self._bytes <= (_FIELD_BYTES_MAX if self._part.filename is None else BYTES_MAX):
                self._content += event

    def done(self) -> Received | PictureRefused:
        if not self._is_ours:
            csrf.check_token(self._request, "")
        return self._file or PictureRefused("nothing_chosen")

    def _end_part(self) -> None:
        assert self._part is not None
        if self._part.filename is None:
            if self._part.name == csrf.FIELD:
                csrf.check_token(self._request, self._content.decode("ascii", "replace"))
                self._is_ours = True
        elif self._bytes > BYTES_MAX:
            self._file = PictureRefused("too_many_bytes", mb=f"{self._bytes / 1024 / 1024:.1f}")
        elif self._part.filename:  # without one, no file was chosen
            self._file = Received(bytes(self._content), self._part.content_type or "")
