"""A picture is sent with a form, taken out, used again, looked at."""

from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath

from tongban import drafts, materials
from tongban.doors.http import Request, RouteDb
from tongban.doors.portal import received
from tongban.doors.portal.forms import read_form
from tongban.doors.portal.page import current_person
from tongban.doors.portal.papers.place import Place, back, place_of
from tongban.doors.portal.papers.slots import usable_again
from tongban.infra import rate
from tongban.infra.db import Db, Pool
from tongban.infra.turns import Turns
from tongban.kernel.errors import Refusal
from tongban.materials import MaterialNotFound

_PER_MINUTE = 60
# A connection is held while a picture is put away: a store that hangs must leave some for everybody else.
_PUTTING_AWAY: Final = Turns("pictures_put_away", 3)


@post(
    "/papers/{draft_id:str}/{name:str}",
    opt={"who": "person", "body": "picture"},
    request_max_body_size=received.BODY_BYTES_MAX,
)
async def send(request: Request, draft_id: FromPath[str], name: FromPath[str]) -> Response[Any]:
    """A whole picture from a form. No connection is held while it is cleaned."""
    pool: Pool = request.app.state.pool
    async with pool.acquire() as db:
        place = await place_of(request, db, draft_id, name)
    try:
        await not_too_often(request, place)
        sent = received.read(request)
        if isinstance(sent, Refusal):
            raise sent
        await keep_picture(request, place, sent.body)
    except Refusal as refusal:
        return back(request, place, refusal)
    return back(request, place)


async def keep_picture(request: Request, place: Place, body: bytes) -> None:
    """Clean the picture and put it into its slot. Raises PictureRefused, TooManyPictures."""
    state = request.app.state
    picture = await materials.clean(body)
    pool: Pool = state.pool
    async with _PUTTING_AWAY.take(), pool.acquire() as db, db.transaction():
        material = await materials.keep(
            db,
            state.vault,
            state.files,
            picture,
            person_id=place.declared.whose,
            uploaded_by=place.person_id,
            kind=place.declared.kind,
            now=state.clock(),
        )
        await _put_into_slot(request, db, place, material.number)


async def _put_into_slot(request: Request, db: Db, place: Place, number: str | None) -> None:
    state = request.app.state
    await drafts.save_paper(
        db,
        state.vault,
        person_id=place.person_id,
        draft_id=place.draft_id,
        slot=place.name,
        material_number=number,
        now=state.clock(),
    )


@post("/papers/{draft_id:str}/{name:str}/remove", opt={"who": "person"})
async def remove(request: Request, db: RouteDb, draft_id: FromPath[str], name: FromPath[str]) -> Response[Any]:
    """Take the picture out of its slot. It is purged later, unless something else holds it."""
    place = await place_of(request, db, draft_id, name)
    await _put_into_slot(request, db, place, None)
    return back(request, place)


@post("/papers/{draft_id:str}/{name:str}/again", opt={"who": "person"})
async def again(request: Request, db: RouteDb, draft_id: FromPath[str], name: FromPath[str]) -> Response[Any]:
    """Use a picture that was handed in before. Raises MaterialNotFound for any number that was not offered."""
    place, state = await place_of(request, db, draft_id, name), request.app.state
    number = (await read_form(request)).get("number", "")
    offered = await usable_again(db, place.declared, viewer_id=place.person_id, now=state.clock())
    if number not in {material.number for material in offered}:
        raise MaterialNotFound
    await _put_into_slot(request, db, place, number)
    return back(request, place)


async def not_too_often(request: Request, place: Place) -> None:
    pool: Pool = request.app.state.pool
    key = f"picture:{request.app.state.vault.index(str(place.person_id), 'rate').hex()[:24]}"
    async with pool.acquire() as db:
        await rate.limit(db, key, now=request.app.state.clock(), per_minute=_PER_MINUTE)


@get("/papers/look/{number:str}/{shown:str}", opt={"who": "person"})
async def look(request: Request, db: RouteDb, number: FromPath[str], shown: FromPath[str]) -> Response[bytes]:
    """A page of a picture, 0 for the small one; the look is logged. Raises MaterialNotFound for somebody else's."""
    if not shown.isascii() or not shown.isdigit() or len(shown) > 3:
        raise MaterialNotFound
    state = request.app.state
    content, media_type = await materials.read(
        db,
        state.vault,
        state.files,
        viewer_id=current_person(request).person_id,
        number=number,
        page=int(shown),
        now=state.clock(),
    )
    return Response(content, media_type=media_type, headers={"content-disposition": "inline"})
