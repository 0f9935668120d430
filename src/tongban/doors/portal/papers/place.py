"""What a form says of the slot it fills, as a sealed token, and the page it leads back to.

Made for one person, one draft and one slot, so the routes need to know no flow and believe nothing a browser says.
"""

import base64
import binascii
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit
from uuid import UUID

import msgspec
from litestar import Response

from tongban import drafts
from tongban.doors.http import Request, here, see_other
from tongban.doors.portal.page import current_person
from tongban.drafts import Draft, DraftNotFound
from tongban.infra.crypto import NotOpened
from tongban.infra.db import Db
from tongban.kernel.errors import Refusal
from tongban.materials import MaterialKind

_SAID, _SLOT = "said", "paper"  # what a refusal without scripts leaves in the page's address
_SAID_LENGTH_MAX = 1000


class Declared(msgspec.Struct, frozen=True):
    """What the page's builder said of a slot."""

    kind: MaterialKind
    whose: int
    back: str
    anchor: str


def sealed_slot(request: Request, draft: Draft, name: str, declared: Declared) -> str:
    return _seal(request, draft.draft_id, f"slot:{name}", msgspec.json.encode(declared))


def declared_of(request: Request, draft_id: UUID, name: str) -> Declared:
    """Raises DraftNotFound for a form that was not made for this person, this draft and this slot."""
    opened = _open(request, draft_id, f"slot:{name}", request.query_params.get("t", ""))
    if not opened:
        raise DraftNotFound("没有找到这一页，请返回上一页，刷新后再传")
    return msgspec.json.decode(opened, type=Declared)


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


@dataclass(frozen=True, slots=True)
class Place:
    """Where a picture is to go: a slot of a draft of the person who is signed in."""

    person_id: int
    draft_id: UUID
    name: str
    declared: Declared


async def place_of(request: Request, db: Db, draft_id: str, name: str) -> Place:
    """Raises DraftNotFound for a draft that is not the signed-in person's, as for none."""
    person_id = current_person(request).person_id
    try:
        wanted = UUID(draft_id)
    except ValueError:
        raise DraftNotFound("没有找到这一页，请返回上一页，刷新后再传") from None
    declared = declared_of(request, wanted, name)
    state = request.app.state
    draft = await drafts.load(db, state.vault, person_id=person_id, draft_id=wanted, now=state.clock())
    if draft.outcome:
        raise DraftNotFound("这件事已经提交了，不能再换照片")
    if declared.whose not in (draft.person_id, draft.for_person_id):
        raise DraftNotFound("这件事换了人办，照片没有收下。请返回上一页，刷新后再传")
    return Place(person_id, wanted, name, declared)


def page_and_said(request: Request, draft: Draft) -> tuple[str, tuple[str, str] | None]:
    """The address of the page being shown without what a refusal left in it, and that refusal: slot and sentence."""
    parts = urlsplit(here(request))
    query = parse_qsl(parts.query)
    kept = [(name, value) for name, value in query if name not in (_SAID, _SLOT)]
    address = f"{parts.path}?{urlencode(kept)}" if kept else parts.path
    given = dict(query)
    sentence = _open(request, draft.draft_id, f"said:{given.get(_SLOT, '')}", given.get(_SAID, "")[:_SAID_LENGTH_MAX])
    return address, (given[_SLOT], sentence.decode()) if sentence else None


def back(request: Request, place: Place, refusal: Refusal | None = None) -> Response[Any]:
    """To the page the slot is on, with what was wrong."""
    address = place.declared.back
    if refusal is not None:
        said = _seal(request, place.draft_id, f"said:{place.name}", refusal.sentence.encode())
        address += ("&" if "?" in address else "?") + urlencode({_SLOT: place.name, _SAID: said})
    return see_other(f"{address}#{quote(place.declared.anchor)}")
