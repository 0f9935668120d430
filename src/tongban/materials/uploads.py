"""A picture that arrives in pieces, so that a line that breaks costs one piece and not the picture.

Who sends says first how long the whole is and what its SHA-256 is. Pieces follow one another; where to go on is asked
with `arrived`. Each piece is sealed for its place, and the whole has to have the hash that was announced.
"""

import hashlib
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from tongban.infra.crypto import Vault
from tongban.infra.db import Db
from tongban.materials import store_uploads as store
from tongban.materials.errors import PictureRefused, UploadOutOfStep, UploadWrong
from tongban.materials.model import Announced
from tongban.materials.pictures import BYTES_MAX

PIECE_BYTES_MAX: Final = 256 * 1024
_KEEP = timedelta(days=2)
_AT_ONCE_MAX = 8


def announced(person_id: int, draft_id: UUID, slot: str, sha256: str, bytes_total: str) -> Announced:
    """Raises UploadWrong for what makes no sense, PictureRefused for a picture that is too big or empty."""
    is_hash = len(sha256) == 64 and all(character in "0123456789abcdef" for character in sha256)
    if not is_hash or not bytes_total.isascii() or not bytes_total.isdigit() or len(bytes_total) > 12:
        raise UploadWrong("这张照片没有传好，请重新选一次照片")
    size = int(bytes_total)
    if size == 0:
        raise PictureRefused("empty")
    if size > BYTES_MAX:
        raise PictureRefused("too_many_bytes", mb=f"{size / 1024 / 1024:.1f}")
    return Announced(person_id, draft_id, slot, sha256, size)


async def arrived(db: Db, what: Announced, *, now: datetime) -> int:
    """How many bytes of it are here already; 0 for one that is new."""
    return await store.bytes_here(db, what, now)


async def take_piece(db: Db, vault: Vault, what: Announced, *, starts_at: int, content: bytes, now: datetime) -> int:
    """Put a piece away; returns how many bytes are here now. Whoever sends too many pictures at once loses the oldest.

    Raises UploadOutOfStep where the piece does not follow what is here, UploadWrong for a piece that cannot be.
    """
    wrong = UploadWrong("这张照片没有传好，请重新选一次照片")
    if not 0 < len(content) <= PIECE_BYTES_MAX or starts_at + len(content) > what.bytes_total:
        raise wrong
    async with db.transaction():
        await store.remove_expired(db, now, what.person_id)
        await store.give_way(db, what, _AT_ONCE_MAX - 1)
        here = await store.begin(db, what, now, now + _KEEP)
        if here is None:
            raise wrong
        if starts_at != here:
            raise UploadOutOfStep(here)
        await store.add_piece(db, what, starts_at, vault.seal(content, _context(what, starts_at)), len(content))
    return here + len(content)


async def whole(db: Db, vault: Vault, what: Announced, *, now: datetime) -> bytes:
    """The picture, once all of it is here. Raises UploadOutOfStep before, UploadWrong when it is not what was announced
    (then it is thrown away and has to be sent again)."""
    here = await store.bytes_here(db, what, now)
    if here != what.bytes_total:
        raise UploadOutOfStep(here)
    pieces = await store.pieces(db, what)
    body = b"".join(vault.open_bytes(sealed, _context(what, starts_at)) for starts_at, sealed in pieces)
    if hashlib.sha256(body).hexdigest() != what.sha256:
        await forget(db, what)
        raise UploadWrong("照片在路上坏了，请再传一次")
    return body


async def forget(db: Db, what: Announced) -> None:
    """What has arrived is kept as a picture, or not wanted any more."""
    await store.remove(db, what)


async def remove_expired_uploads(db: Db, *, now: datetime) -> int:
    """Housekeeping over all persons: how many were never finished."""
    return await store.remove_expired(db, now)


def _context(what: Announced, starts_at: int) -> str:
    return f"material.piece:{what.person_id}:{what.draft_id}:{what.slot}:{what.sha256}:{starts_at}"
