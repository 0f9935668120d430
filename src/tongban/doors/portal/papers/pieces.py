"""A picture is sent in pieces by a script, and goes on where the line broke."""

from typing import Any

import msgspec
import structlog
from litestar import Response, get, put
from litestar.exceptions import HTTPException
from litestar.params import FromPath

from tongban import materials
from tongban.doors.http import Request, RouteDb
from tongban.doors.portal.papers.place import Place, place_of
from tongban.doors.portal.papers.sending import keep_picture, not_too_often
from tongban.infra.db import Pool
from tongban.kernel.errors import Refusal
from tongban.materials import PIECE_BYTES_MAX, Announced, PictureRefused, UploadOutOfStep

log = structlog.get_logger("tongban.papers")


def _answer_program(request: Request, error: Exception) -> Response[bytes]:
    """The script shows `sentence` beside the slot, or goes on at `at`."""
    if isinstance(error, UploadOutOfStep):
        return _json({"at": error.bytes_here}, error.status)
    if isinstance(error, Refusal):
        return _json({"sentence": error.sentence}, error.status)
    if isinstance(error, HTTPException) and error.status_code < 500:
        return _json({"sentence": "这张照片没有传好，请重新选一次照片"}, error.status_code)
    log.error("piece_failed", kind=type(error).__name__)
    return _json({"sentence": "系统正在忙，照片还没有传完"}, 503)


def _json(content: object, status: int = 200) -> Response[bytes]:
    return Response(msgspec.json.encode(content), status_code=status, media_type="application/json")


_FOR_PROGRAMS: dict[type[Exception] | int, Any] = {Exception: _answer_program}


@get("/papers/{draft_id:str}/{name:str}/piece", opt={"who": "person"}, exception_handlers=_FOR_PROGRAMS)
async def arrived(request: Request, db: RouteDb, draft_id: FromPath[str], name: FromPath[str]) -> Response[bytes]:
    """``{"at": bytes that are here}``: where to go on."""
    what = _announced(request, await place_of(request, db, draft_id, name))
    return _json({"at": await materials.arrived(db, what, now=request.app.state.clock())})


@put(
    "/papers/{draft_id:str}/{name:str}/piece",
    opt={"who": "person", "body": "picture"},
    request_max_body_size=PIECE_BYTES_MAX,
    exception_handlers=_FOR_PROGRAMS,
)
async def piece(request: Request, draft_id: FromPath[str], name: FromPath[str]) -> Response[bytes]:
    """The bytes from `at` on. Once all are here, an empty body ends it: ``{"done": true}``."""
    state = request.app.state
    pool: Pool = state.pool
    body, at = await request.body(), request.query_params.get("at", "")
    if not at.isascii() or not at.isdigit() or len(at) > 12:
        raise materials.UploadWrong("这张照片没有传好，请重新选一次照片")
    # In no transaction: what arrived wrong is thrown away, and stays thrown away when that is then told.
    async with pool.acquire() as db:
        place = await place_of(request, db, draft_id, name)
        what = _announced(request, place)
        if body:
            now = state.clock()
            return _json(
                {"at": await materials.take_piece(db, state.vault, what, starts_at=int(at), content=body, now=now)}
            )
        whole = await materials.whole(db, state.vault, what, now=state.clock())
    await not_too_often(request, place)
    try:
        await keep_picture(request, place, whole)
    except PictureRefused:
        await _forget(pool, what)
        raise
    # For whatever else went wrong the sender need not send again, only say again that this was all.
    await _forget(pool, what)
    return _json({"done": True})


async def _forget(pool: Pool, what: Announced) -> None:
    async with pool.acquire() as db:
        await materials.forget(db, what)


def _announced(request: Request, place: Place) -> Announced:
    query = request.query_params
    return materials.announced(
        place.person_id, place.draft_id, place.name, query.get("sha256", ""), query.get("size", "")
    )
