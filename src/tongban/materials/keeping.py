"""What is kept long enough goes, nothing younger; and what is kept is there, whole and ours.

Deleting is held three times: the query takes only what is due, the database refuses a younger row whatever it is asked
(by its own clock), and what had to stay is counted before and after.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from tongban.infra import audit
from tongban.infra.clock import day_of
from tongban.infra.crypto import NotOpened, Vault
from tongban.infra.db import Db
from tongban.infra.files import FileMissing, Files
from tongban.kernel.errors import Refusal
from tongban.materials import store_keeping as store
from tongban.materials.model import Due
from tongban.materials.objects import object_names, open_page
from tongban.materials.rules import LOOSE_DAYS
from tongban.materials.store import hold_putting

# An object is written before its row: a young one without a row may be on its way.
_STRAY_AFTER: Final = timedelta(days=1)
_STRAYS_AT_ONCE: Final = 100


class PurgeWrong(Refusal):
    """Something that has to be kept was gone after a purge. It cannot happen; if it does, nobody may miss it."""

    code = "purge_wrong"


class Purged(NamedTuple):
    """`staying` is how many materials still in their retention were there before, and are there after."""

    materials: int
    objects: int
    staying: int


class Fault(NamedTuple):
    """One thing a check found. `number` is the material's, or the name of an object that belongs to none."""

    number: str
    sentence: str


async def due(db: Db, *, now: datetime) -> list[Due]:
    """What a purge at `now` would take, oldest first."""
    return await store.due(db, day_of(now), now - timedelta(days=LOOSE_DAYS))


async def purge(db: Db, vault: Vault, files: Files, *, actor: str, now: datetime) -> Purged:
    """Delete what is due, person by person, each in a transaction that holds their pictures. Call it outside of one.

    An object goes only when no material left of that person has the same content. Stopped half-way, it goes on next
    time. Raises PurgeWrong if something that had to stay is gone.
    """
    today, loose_before = day_of(now), now - timedelta(days=LOOSE_DAYS)
    staying = await store.staying(db, today, now)
    gone, objects = 0, 0
    for person_id in dict.fromkeys(found.person_id for found in await due(db, now=now)):
        async with db.transaction():
            taken, kept = await store.take_due(db, person_id, today, loose_before)
            names = {name for material in taken for name in object_names(vault, material)}
            names -= {name for material in kept for name in object_names(vault, material)}
            # Before the rows are committed as gone: stopped here, the rows come back and the next purge ends it.
            for name in names:
                await files.delete(name)
            for material in taken:
                await audit.record(
                    db,
                    now=now,
                    actor=actor,
                    channel="cli" if actor.startswith("operator:") else "worker",
                    action="material.purged",
                    person_id=person_id,
                    subject=material.number,
                    detail={"kept_until": material.keep_until.isoformat() if material.keep_until else None},
                )
        gone, objects = gone + len(taken), objects + len(names)
    left = await store.staying(db, today, now)
    if left < staying:
        raise PurgeWrong(f"清理前有 {staying} 份材料必须留着，清理后只剩 {left} 份。请立刻停用清理，并从备份核对")
    return Purged(gone, objects, staying)


async def check(db: Db, vault: Vault, files: Files) -> AsyncIterator[Fault]:
    """Every page of every material: it is there, opens, and is what its row says."""
    async for material in store.every(db):
        for page in range(material.pages + 1):
            try:
                await open_page(vault, files, material, page)
            except FileMissing:
                yield Fault(material.number, f"第 {page} 页不在存储里" if page else "小图不在存储里")
            except NotOpened:
                yield Fault(material.number, f"第 {page} 页被改过，或者不是用这里的密钥封的" if page else "小图被改过")


async def strays(db: Db, vault: Vault, files: Files, *, now: datetime) -> list[str]:
    """Names of objects that belong to no material and are older than a day."""
    known = {name async for material in store.every(db) for name in object_names(vault, material)}
    return [
        found.name
        async for found in files.everything()
        if found.name not in known and found.modified_at < now - _STRAY_AFTER
    ]


async def remove_strays(db: Db, vault: Vault, files: Files, names: Sequence[str], *, since: datetime) -> int:
    """Remove what `strays` found at `since`; returns how many. Call it outside of a transaction.

    Somebody may have sent the same picture again since then, which puts the same object there anew: nobody puts
    anything away while a part of them is removed, and what was sent meanwhile stays.
    """
    gone = 0
    for at in range(0, len(names), _STRAYS_AT_ONCE):
        async with db.transaction():
            await hold_putting(db)
            # The clocks of two machines may differ.
            fresh = await store.put_away_since(db, since - _STRAY_AFTER)
            wanted = {name for material in fresh for name in object_names(vault, material)}
            for name in names[at : at + _STRAYS_AT_ONCE]:
                if name not in wanted:
                    await files.delete(name)
                    gone += 1
    return gone


async def tidy(files: Files, *, now: datetime) -> int:
    """Remove what processes that died left half written in the store; returns how many there were."""
    return await files.tidy(now - _STRAY_AFTER)


async def count(db: Db) -> int:
    """How many materials are kept."""
    return await store.count(db)
