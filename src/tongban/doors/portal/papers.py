"""Photos of papers on any flow's page: slots to fill, each picture sent on its own POST and kept at once.

For a page builder, in a step of a flow::

    photos = await photo_slots(request, db, draft, [Slot("id_front", MaterialKind.ID_CARD_FRONT, is_needed=True)])
    return page(request, "x/papers.html", photos=photos, problems=[*photos.problems, *missing(draft, slots)])

and in its template, **outside** of the step's own form::

    {% import "_papers.html" as papers %}
    {{ papers.slots(photos) }}

What a slot is (kind, whose paper, where to go back to) travels in its form as a sealed token made for this person, this
draft and this slot, so the routes here need to know no flow and believe nothing a browser says. A picture that was kept
lies in ``draft.papers[slot]``; further pictures of a slot with `many` in ``slot.2``, ``slot.3`` …
(`tongban.materials.in_slot` gives their numbers in order).
"""

import base64
import binascii
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlencode, urlsplit
from uuid import UUID

import msgspec
import structlog
from litestar import Response, get, post, put
from litestar.exceptions import HTTPException
from litestar.params import FromPath
from markupsafe import Markup

from tongban import drafts, materials
from tongban.doors.http import Request, RouteDb, here, see_other
from tongban.doors.portal import csrf, received
from tongban.doors.portal.forms import Problem, read_form
from tongban.doors.portal.page import current_person
from tongban.drafts import Draft, DraftNotFound
from tongban.infra import rate
from tongban.infra.clock import day_of
from tongban.infra.crypto import NotOpened
from tongban.infra.db import Db, Pool
from tongban.kernel.errors import Refusal
from tongban.materials import (
    PIECE_BYTES_MAX,
    SAMPLES,
    THUMB,
    Announced,
    Material,
    MaterialKind,
    MaterialNotFound,
    UploadOutOfStep,
    in_slot,
)

_PER_MINUTE = 60
_SAID, _SLOT = "said", "paper"  # what a refusal without scripts leaves in the page's address
_SAID_LENGTH_MAX = 1000
_CARDS: Final = frozenset(
    {
        MaterialKind.ID_CARD_FRONT,
        MaterialKind.ID_CARD_BACK,
        MaterialKind.PROXY_ID_FRONT,
        MaterialKind.PROXY_ID_BACK,
        MaterialKind.RESIDENCE_PERMIT,
    }
)

# Papers that say who somebody is: a picture of one serves every matter, whichever kind it was handed in as.
_ID_FRONT = (MaterialKind.ID_CARD_FRONT, MaterialKind.PROXY_ID_FRONT)
_ID_BACK = (MaterialKind.ID_CARD_BACK, MaterialKind.PROXY_ID_BACK)
_OWN_PAGE = (MaterialKind.HOUSEHOLD_REGISTER_OWN, MaterialKind.PROXY_HOUSEHOLD_REGISTER)
_SAME_PAPER: Final = {kind: same for same in (_ID_FRONT, _ID_BACK, _OWN_PAGE) for kind in same}

log = structlog.get_logger("tongban.papers")


# --- what a page shows ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Slot:
    """A place for a picture on a page. `slot` is its name in ``draft.papers`` (small letters and underscores).

    `zh` and `hint` default to the kind's own words. `whose` is the person whose paper it is, by default the one the
    draft is for. `many`: how many pictures it takes.
    """

    slot: str
    kind: MaterialKind
    zh: str = ""
    hint: str = ""
    is_needed: bool = False
    whose: int | None = None
    many: int = 1

    @property
    def title(self) -> str:
        return self.zh or self.kind.zh


@dataclass(frozen=True, slots=True)
class PictureView:
    """A picture that lies in a slot. `action` takes its successor (重拍), `remove` takes it out."""

    number: str
    pages: int
    action: str
    remove: str
    field: str


@dataclass(frozen=True, slots=True)
class SlotView:
    """`action` takes the next picture, "" when the slot is full; `again` offers pictures handed in before."""

    slot: str
    title: str
    hint: str
    is_needed: bool
    is_many: bool
    is_card: bool
    accept: str
    field: str
    pictures: tuple[PictureView, ...]
    action: str
    again_action: str
    again: tuple[tuple[str, date], ...]  # number and day
    problem: str
    says_who: bool  # an identity paper, the same one in every matter

    @property
    def is_filled_again(self) -> bool:
        """Whether `use_again` fills it: identity papers alone, for an invoice of another stay would be a wrong one."""
        return self.is_needed and self.says_who and not self.pictures and bool(self.again)


@dataclass(frozen=True, slots=True)
class Photos:
    """All slots of a page, and what went wrong with the last picture that was sent without scripts."""

    slots: tuple[SlotView, ...]
    problems: tuple[Problem, ...]
    csrf: Markup

    @property
    def again_count(self) -> int:
        """How many pictures handed in before `use_again` would take."""
        return sum(slot.is_filled_again for slot in self.slots)

    @property
    def is_all_again(self) -> bool:
        """Whether nothing that is needed would be missing after `use_again`."""
        return all(slot.pictures or slot.is_filled_again for slot in self.slots if slot.is_needed)


def missing(draft: Draft, slots: Sequence[Slot]) -> list[Problem]:
    """What the person still has to add, in page order; for the step's own judgement."""
    return [
        Problem(slot.slot, f"还没有{slot.title}的照片，请拍一张")
        for slot in slots
        if slot.is_needed and not in_slot(draft.papers, slot.slot)
    ]


async def photo_slots(
    request: Request, db: Db, draft: Draft, slots: Sequence[Slot], *, back: str | None = None
) -> Photos:
    """What `papers.slots` shows. `back`: the page to come back to, by default the one being shown."""
    page_shown, said = _page_and_said(request, draft)
    views = [await _view(request, db, draft, slot, back or page_shown, said) for slot in slots]
    problems = tuple(Problem(view.slot, view.problem) for view in views if view.problem)
    return Photos(tuple(views), problems, _csrf_field(request))


async def _view(
    request: Request, db: Db, draft: Draft, slot: Slot, back: str, said: tuple[str, str] | None
) -> SlotView:
    person_id, now = current_person(request).person_id, request.app.state.clock()
    declared = _Declared(slot.kind, slot.whose or draft.for_person_id, back, slot.slot)

    def action(name: str, verb: str = "") -> str:
        return f"/papers/{draft.draft_id}/{name}{verb}?t={_sealed(request, draft, name, declared)}"

    pictures, taken, names = [], set(), set()
    for name, number in _names_in(draft, slot.slot):
        try:
            found = await materials.find(db, viewer_id=person_id, number=number, now=now)
        except MaterialNotFound:
            continue  # purged meanwhile: the slot is empty again
        if found.person_id != declared.whose:
            continue  # put in while the draft was for another person
        taken.add(found.sha256)
        names.add(name)
        pictures.append(PictureView(number, found.pages, action(name), action(name, "/remove"), f"{name}-retake"))
    free = _free_name(slot, names)
    again = await _usable_again(db, declared, viewer_id=person_id, now=now) if free else []
    return SlotView(
        slot=slot.slot,
        title=slot.title,
        hint=slot.hint or SAMPLES[slot.kind],
        is_needed=slot.is_needed,
        is_many=slot.many > 1,
        is_card=slot.kind in _CARDS,
        # Some phones offer no camera once a second type is named, so cards, which are never PDF, ask for pictures only.
        accept="image/*" if slot.kind in _CARDS else "image/*,application/pdf",
        field=f"{free or slot.slot}-file",
        pictures=tuple(pictures),
        action=action(free) if free else "",
        again_action=action(free, "/again") if free else "",
        again=tuple((known.number, day_of(known.uploaded_at)) for known in again if known.sha256 not in taken)[:1],
        problem=said[1] if said is not None and _stem(said[0]) == slot.slot else "",
        says_who=slot.kind in _SAME_PAPER,
    )


async def use_again(request: Request, db: Db, draft: Draft, slots: Sequence[Slot]) -> None:
    """Put into every empty slot that needs an identity paper the latest picture of it that was handed in before."""
    state = request.app.state
    for slot in slots:
        view = await _view(request, db, draft, slot, "", None)
        if view.is_filled_again:
            await drafts.save_paper(
                db,
                state.vault,
                person_id=draft.person_id,
                draft_id=draft.draft_id,
                slot=slot.slot,
                material_number=view.again[0][0],
                now=state.clock(),
            )


async def _usable_again(db: Db, declared: "_Declared", *, viewer_id: int, now: datetime) -> list[Material]:
    kinds = _SAME_PAPER.get(declared.kind, (declared.kind,))
    return await materials.usable_again(db, declared.whose, kinds, viewer_id=viewer_id, now=now)


def _names_in(draft: Draft, slot: str) -> list[tuple[str, str]]:
    """Names and numbers in a slot, in order."""
    wanted = in_slot(draft.papers, slot)
    by_number = {number: name for name, number in draft.papers.items() if _stem(name) == slot}
    return [(by_number[number], number) for number in wanted]


def _free_name(slot: Slot, taken: Collection[str]) -> str:
    """The name under which the next picture of the slot is kept; "" when it is full."""
    for count in range(1, slot.many + 1):
        if (name := slot.slot if count == 1 else f"{slot.slot}.{count}") not in taken:
            return name
    return ""


def _stem(name: str) -> str:
    return name.partition(".")[0]


def _csrf_field(request: Request) -> Markup:
    return Markup('<input type="hidden" name="{}" value="{}">').format(csrf.FIELD, csrf.token(request))


def _page_and_said(request: Request, draft: Draft) -> tuple[str, tuple[str, str] | None]:
    """The address of the page being shown without what a refusal left in it, and that refusal: slot and sentence."""
    parts = urlsplit(here(request))
    query = parse_qsl(parts.query)
    kept = [(name, value) for name, value in query if name not in (_SAID, _SLOT)]
    address = f"{parts.path}?{urlencode(kept)}" if kept else parts.path
    given = dict(query)
    sentence = _open(request, draft.draft_id, f"said:{given.get(_SLOT, '')}", given.get(_SAID, "")[:_SAID_LENGTH_MAX])
    return address, (given[_SLOT], sentence.decode()) if sentence else None


# --- what a form says of its slot -------------------------------------------------------------------------------------


class _Declared(msgspec.Struct, frozen=True):
    """What the page's builder said of a slot."""

    kind: MaterialKind
    whose: int
    back: str
    anchor: str


def _sealed(request: Request, draft: Draft, name: str, declared: _Declared) -> str:
    return _seal(request, draft.draft_id, f"slot:{name}", msgspec.json.encode(declared))


def _declared(request: Request, draft_id: UUID, name: str) -> _Declared:
    """Raises DraftNotFound for a form that was not made for this person, this draft and this slot."""
    opened = _open(request, draft_id, f"slot:{name}", request.query_params.get("t", ""))
    if not opened:
        raise DraftNotFound("没有找到这一页，请返回上一页，刷新后再传")
    return msgspec.json.decode(opened, type=_Declared)


def _seal(request: Request, draft_id: UUID, what: str, content: bytes) -> str:
    sealed = request.app.state.vault.seal(content, _context(request, draft_id, what))
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


def _open(request: Request, draft_id: UUID, what: str, text: str) -> bytes:
    """What `_seal` sealed for the same person, draft and use; nothing for anything else."""
    try:
        sealed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        content: bytes = request.app.state.vault.open_bytes(sealed, _context(request, draft_id, what))
    except (binascii.Error, ValueError, NotOpened):
        return b""
    return content


def _context(request: Request, draft_id: UUID, what: str) -> str:
    return f"paper:{current_person(request).person_id}:{draft_id}:{what}"


# --- a picture is sent ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a picture is to go: a slot of a draft of the person who is signed in."""

    person_id: int
    draft_id: UUID
    name: str
    declared: _Declared


async def _place(request: Request, db: Db, draft_id: str, name: str) -> _Place:
    """Raises DraftNotFound for a draft that is not the signed-in person's, as for none."""
    person_id = current_person(request).person_id
    try:
        wanted = UUID(draft_id)
    except ValueError:
        raise DraftNotFound("没有找到这一页，请返回上一页，刷新后再传") from None
    declared = _declared(request, wanted, name)
    state = request.app.state
    draft = await drafts.load(db, state.vault, person_id=person_id, draft_id=wanted, now=state.clock())
    if draft.outcome:
        raise DraftNotFound("这件事已经提交了，不能再换照片")
    if declared.whose not in (draft.person_id, draft.for_person_id):
        raise DraftNotFound("这件事换了人办，照片没有收下。请返回上一页，刷新后再传")
    return _Place(person_id, wanted, name, declared)


@post(
    "/papers/{draft_id:str}/{name:str}",
    opt={"who": "person", "body": "picture"},
    request_max_body_size=received.BODY_BYTES_MAX,
)
async def send(request: Request, draft_id: FromPath[str], name: FromPath[str]) -> Response[Any]:
    """A whole picture from a form. No connection is held while it is cleaned."""
    pool: Pool = request.app.state.pool
    async with pool.acquire() as db:
        place = await _place(request, db, draft_id, name)
    try:
        await _not_too_often(request, place)
        sent = received.read(request)
        if isinstance(sent, Refusal):
            raise sent
        await _keep(request, place, sent.body)
    except Refusal as refusal:
        return _back(request, place, refusal)
    return _back(request, place)


async def _keep(request: Request, place: _Place, body: bytes) -> None:
    """Clean the picture and put it into its slot. Raises PictureRefused, TooManyPictures."""
    state = request.app.state
    picture = await materials.clean(body)
    pool: Pool = state.pool
    async with pool.acquire() as db, db.transaction():
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


async def _put_into_slot(request: Request, db: Db, place: _Place, number: str | None) -> None:
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
    place = await _place(request, db, draft_id, name)
    await _put_into_slot(request, db, place, None)
    return _back(request, place)


@post("/papers/{draft_id:str}/{name:str}/again", opt={"who": "person"})
async def again(request: Request, db: RouteDb, draft_id: FromPath[str], name: FromPath[str]) -> Response[Any]:
    """Use a picture that was handed in before. Raises MaterialNotFound for any number that was not offered."""
    place, state = await _place(request, db, draft_id, name), request.app.state
    number = (await read_form(request)).get("number", "")
    offered = await _usable_again(db, place.declared, viewer_id=place.person_id, now=state.clock())
    if number not in {material.number for material in offered}:
        raise MaterialNotFound
    await _put_into_slot(request, db, place, number)
    return _back(request, place)


def _back(request: Request, place: _Place, refusal: Refusal | None = None) -> Response[Any]:
    """To the page the slot is on, with what was wrong."""
    address = place.declared.back
    if refusal is not None:
        said = _seal(request, place.draft_id, f"said:{place.name}", refusal.sentence.encode())
        address += ("&" if "?" in address else "?") + urlencode({_SLOT: place.name, _SAID: said})
    return see_other(f"{address}#{quote(place.declared.anchor)}")


async def _not_too_often(request: Request, place: _Place) -> None:
    pool: Pool = request.app.state.pool
    key = f"picture:{request.app.state.vault.index(str(place.person_id), 'rate').hex()[:24]}"
    async with pool.acquire() as db:
        await rate.limit(db, key, now=request.app.state.clock(), per_minute=_PER_MINUTE)


# --- a picture is sent in pieces --------------------------------------------------------------------------------------


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
    what = _announced(request, await _place(request, db, draft_id, name))
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
        place = await _place(request, db, draft_id, name)
        what = _announced(request, place)
        if body:
            now = state.clock()
            return _json(
                {"at": await materials.take_piece(db, state.vault, what, starts_at=int(at), content=body, now=now)}
            )
        whole = await materials.whole(db, state.vault, what, now=state.clock())
    await _not_too_often(request, place)
    try:
        await _keep(request, place, whole)
    finally:
        async with pool.acquire() as db:
            await materials.forget(db, what)
    return _json({"done": True})


def _announced(request: Request, place: _Place) -> Announced:
    query = request.query_params
    return materials.announced(
        place.person_id, place.draft_id, place.name, query.get("sha256", ""), query.get("size", "")
    )


# --- a picture is looked at -------------------------------------------------------------------------------------------


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


route_handlers = [send, remove, again, arrived, piece, look]

__all__ = [
    "THUMB",
    "Photos",
    "PictureView",
    "Slot",
    "SlotView",
    "missing",
    "photo_slots",
    "route_handlers",
    "use_again",
]
