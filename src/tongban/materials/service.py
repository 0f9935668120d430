"""Use cases on materials: put a picture away, look at it, hand it in, use it again."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from tongban.infra import audit
from tongban.infra.clock import day_of
from tongban.infra.crypto import NotOpened, Vault
from tongban.infra.db import Db
from tongban.infra.files import FileMissing, Files, FilesUnavailable
from tongban.kernel.errors import Conflict
from tongban.kernel.identifiers import MATERIAL, InvalidNumber, OutsideNumber, parse_outside_number
from tongban.materials import store
from tongban.materials.cleaning import Picture, clean
from tongban.materials.errors import MaterialDamaged, MaterialNotFound, NotStored
from tongban.materials.model import MEDIA_TYPE, Material, MaterialKind
from tongban.materials.objects import open_page, sealed_pages
from tongban.materials.proposals import ask_to_read
from tongban.materials.rules import KEEP_MONTHS_MIN, keep_until

THUMB: Final = 0  # the page number of the small picture
_LOOSE_MAX = 200
_USABLE_AGAIN_DAYS = 730


class TooManyPictures(Conflict):
    code = "too_many_pictures"


async def accept(
    db: Db,
    vault: Vault,
    files: Files,
    *,
    person_id: int,
    uploaded_by: int,
    kind: MaterialKind,
    body: bytes,
    claimed_type: str = "",
    now: datetime,
) -> Material:
    """Clean what was sent and put it away. `person_id` is whose paper it is, `uploaded_by` who took the picture.

    The same picture of the same kind from the same sender is the same material; whatever its kind, one person's same
    content is one object in the store. `claimed_type` is not believed: what a file is, its content says. Doors that
    must not hold a connection while a picture is cleaned call `clean` and `keep` themselves. Raises PictureRefused.
    """
    return await keep(
        db, vault, files, await clean(body), person_id=person_id, uploaded_by=uploaded_by, kind=kind, now=now
    )


async def keep(
    db: Db,
    vault: Vault,
    files: Files,
    picture: Picture,
    *,
    person_id: int,
    uploaded_by: int,
    kind: MaterialKind,
    now: datetime,
) -> Material:
    """Put a cleaned picture away. Raises TooManyPictures for somebody who keeps sending and never hands anything in,
    NotStored when the store is away; nothing is half done then."""
    async with db.transaction():
        await store.begin_putting(db)
        await store.lock_person(db, person_id)
        known = await store.same_picture(
            db, person_id=person_id, kind=kind, sha256=picture.sha256, uploaded_by=uploaded_by
        )
        if known is None and await store.loose_count(db, uploaded_by, person_id) >= _LOOSE_MAX:
            raise TooManyPictures("您传的照片太多了，还没有提交。请先把手上这件事办完，再传新的")
        # Written anew also when it is known: an object that was lost or damaged is mended by sending it again.
        try:
            for name, sealed in sealed_pages(vault, person_id, picture):
                await files.put(name, sealed)
        except FilesUnavailable:
            raise NotStored from None
        if known is not None:
            await store.want_again(db, known, now)
            return known
        material = await store.insert(
            db,
            person_id=person_id,
            kind=kind,
            sha256=picture.sha256,
            pages_sha256=picture.pages_sha256,
            size=sum(map(len, picture.pages)),
            uploaded_by=uploaded_by,
            now=now,
        )
        await ask_to_read(db, material)
        return material


async def read(
    db: Db, vault: Vault, files: Files, *, viewer_id: int, number: str, page: int = 1, now: datetime
) -> tuple[bytes, str]:
    """One page (from 1; THUMB for the small picture) and its media type; the look is logged.

    Seen by the owner of the paper, and by who took the picture while it lies in a draft of theirs or in a matter that
    is not closed. Raises MaterialNotFound for anybody else as for no material, MaterialDamaged when the store fails.
    """
    material = await find(db, viewer_id=viewer_id, number=number, now=now)
    if not THUMB <= page <= material.pages:
        raise MaterialNotFound
    content = await _content(vault, files, material, page)
    await _log_look(db, material, page, actor=f"person:{viewer_id}", channel="portal", now=now)
    return content, MEDIA_TYPE


async def read_for_review(
    db: Db, vault: Vault, files: Files, *, operator: str, number: str, page: int = 1, now: datetime
) -> tuple[bytes, str]:
    """The agency's look at a page of what was handed in to it; logged under the operator's name."""
    owner, serial = _parsed(number)
    material = await store.by_serial(db, owner, serial)
    if material is None or material.keep_until is None or not THUMB <= page <= material.pages:
        raise MaterialNotFound
    content = await _content(vault, files, material, page)
    await _log_look(db, material, page, actor=f"operator:{operator}", channel="review", now=now)
    return content, MEDIA_TYPE


async def find(db: Db, *, viewer_id: int, number: str, now: datetime) -> Material:
    """What is known of a material, if the viewer may see it. Raises MaterialNotFound otherwise."""
    owner, serial = _parsed(number)
    material = await store.visible(db, viewer_id, owner, serial, day_of(now))
    if material is None:
        raise MaterialNotFound
    return material


async def find_all(db: Db, *, viewer_id: int, numbers: Sequence[str], now: datetime) -> list[Material]:
    """`find` for each, in the order of `numbers`."""
    return [await find(db, viewer_id=viewer_id, number=number, now=now) for number in numbers]


async def attach(
    db: Db,
    *,
    person_id: int,
    numbers: Sequence[str],
    subject: str,
    months: int = KEEP_MONTHS_MIN,
    now: datetime,
) -> None:
    """These materials were handed in with `subject`, the number of a matter of `person_id`; inside that use case's
    transaction. A proxy's own paper keeps its owner.

    From now on they are kept for `months` (`rules.months_to_keep`), never less than two years; `close` counts anew.
    Raises MaterialNotFound for a number that leads to nothing.
    """
    until = keep_until(day_of(now), months)
    async with db.transaction():
        for number in numbers:
            owner, serial = _parsed(number)
            if not await store.attach(
                db, person_id=person_id, subject=subject, owner_id=owner, serial=serial, until=until, now=now
            ):
                raise MaterialNotFound


async def close(db: Db, *, person_id: int, subject: str, months: int = KEEP_MONTHS_MIN, now: datetime) -> None:
    """The matter is closed: its retention begins now, and who took the pictures for another sees them no more."""
    async with db.transaction():
        await store.close(db, person_id=person_id, subject=subject, until=keep_until(day_of(now), months), now=now)


async def of_subject(db: Db, person_id: int, subject: str) -> list[Material]:
    """What was handed in with a matter of that person, oldest first. The caller has checked who asks."""
    return await store.attached_to(db, person_id, subject)


async def usable_again(
    db: Db, person_id: int, kinds: Sequence[MaterialKind], *, viewer_id: int | None = None, now: datetime
) -> list[Material]:
    """Pictures of that person's papers which were handed in during the last two years, newest first, so that a later
    matter need not ask for them again. For another person as viewer: only those they took themselves."""
    since = now - timedelta(days=_USABLE_AGAIN_DAYS)
    return await store.handed_in_before(db, person_id, kinds, person_id if viewer_id is None else viewer_id, since)


async def _content(vault: Vault, files: Files, material: Material, page: int) -> bytes:
    try:
        return await open_page(vault, files, material, page)
    except (FileMissing, FilesUnavailable, NotOpened):
        raise MaterialDamaged from None


async def _log_look(db: Db, material: Material, page: int, *, actor: str, channel: str, now: datetime) -> None:
    await audit.record(
        db,
        now=now,
        actor=actor,
        channel=channel,
        action="material.viewed",
        person_id=material.person_id,
        subject=material.number,
        detail={"page": page},
    )


def _parsed(number: str) -> tuple[int, int]:
    try:
        parsed: OutsideNumber = parse_outside_number(number, MATERIAL)
    except InvalidNumber:
        raise MaterialNotFound from None
    return parsed.person_id, parsed.serial
