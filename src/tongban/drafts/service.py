"""Use cases on drafts: begin, keep every step, take up again, hand in once, throw away."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple
from uuid import UUID, uuid4

from tongban.drafts import store
from tongban.drafts.errors import DraftNotFound
from tongban.drafts.model import KEEP_DAYS, Draft
from tongban.infra.clock import day_of
from tongban.infra.crypto import Vault
from tongban.infra.db import Db


class DraftEnd(NamedTuple):
    """As much of a draft as a reminder needs; nothing of what was typed."""

    person_id: int
    draft_id: UUID
    flow: str
    expires_on: date


async def start(
    db: Db,
    vault: Vault,
    *,
    person_id: int,
    flow: str,
    for_person_id: int | None = None,
    known: Mapping[str, Mapping[str, str]] | None = None,
    now: datetime,
) -> Draft:
    """A new draft of that person, for themselves unless told otherwise, kept for thirty days after its last change.

    `known` preselects answers per step, such as what the person said on the way in; they count as typed, not as
    confirmed.
    """
    today = day_of(now)
    draft = Draft(
        person_id=person_id,
        draft_id=uuid4(),
        flow=flow,
        for_person_id=for_person_id or person_id,
        steps=MappingProxyType({}),
        papers=MappingProxyType({}),
        submit_token=uuid4(),
        outcome="",
        version=1,
        created_at=now,
        updated_at=now,
        expires_on=today + timedelta(days=KEEP_DAYS),
    )
    for step, values in (known or {}).items():
        draft = draft.with_step(step, list(values), values, seen_version=None, is_submitted=False)
    async with db.transaction():
        await store.delete_expired(db, today, person_id)
        await store.insert(db, vault, draft)
    return draft


async def load(
    db: Db, vault: Vault, *, person_id: int, draft_id: UUID, flow: str | None = None, now: datetime
) -> Draft:
    """Raises DraftNotFound when that person has no such draft (of that flow), or has it no more."""
    draft = await store.draft(db, vault, person_id, draft_id, day_of(now))
    if draft is None or flow not in (None, draft.flow):
        raise _not_found()
    return draft


async def drafts_of(db: Db, vault: Vault, *, person_id: int, flow: str | None = None, now: datetime) -> list[Draft]:
    """What the person began and did not finish, in one flow or in all, last touched first."""
    return await store.unfinished(db, vault, person_id, flow, day_of(now))


async def save_step(
    db: Db,
    vault: Vault,
    *,
    person_id: int,
    draft_id: UUID,
    step: str,
    keys: Sequence[str],
    values: Mapping[str, str],
    seen_version: int | None,
    is_submitted: bool,
    for_person_id: int | None = None,
    now: datetime,
) -> Draft:
    """Keep what was typed in one step, right or wrong; of `values` only the step's own `keys` are looked at.

    `seen_version` is the draft's version that the page showed (None: not known). The draft that comes back says in
    `was_merged` whether another window had changed it since. A draft that was handed in comes back unchanged.
    `is_submitted` False: kept for later, nothing to complain about yet. `for_person_id`: whose matter it is from now
    on (None: as before); papers of whom it was until then leave the draft. Raises DraftNotFound.
    """
    today = day_of(now)
    async with db.transaction():
        draft = await store.draft(db, vault, person_id, draft_id, today, lock=True)
        if draft is None:
            raise _not_found()
        if draft.outcome:
            return draft
        saved = replace(
            draft.of_person(for_person_id or draft.for_person_id).with_step(
                step, keys, values, seen_version=seen_version, is_submitted=is_submitted
            ),
            updated_at=now,
            expires_on=today + timedelta(days=KEEP_DAYS),
        )
        await store.update(db, vault, saved)
    return saved


async def save_paper(
    db: Db, vault: Vault, *, person_id: int, draft_id: UUID, slot: str, material_number: str | None, now: datetime
) -> Draft:
    """Put a material into a slot, or (None) take it out. A draft that was handed in comes back unchanged.

    Whether the material may be used by that person is the caller's to have checked. Raises DraftNotFound.
    """
    today = day_of(now)
    async with db.transaction():
        draft = await store.draft(db, vault, person_id, draft_id, today, lock=True)
        if draft is None:
            raise _not_found()
        if draft.outcome:
            return draft
        saved = replace(
            draft.with_paper(slot, material_number), updated_at=now, expires_on=today + timedelta(days=KEEP_DAYS)
        )
        await store.update(db, vault, saved)
    return saved


@asynccontextmanager
async def handing_in(db: Db, vault: Vault, *, person_id: int, draft_id: UUID, now: datetime) -> AsyncIterator[Draft]:
    """A transaction that holds the draft's row: a second tap waits here, then finds `outcome` and only looks it up.

        async with handing_in(…) as draft:
            if draft.outcome:
                return await what_it_became(draft.outcome)
            …write…
            await finish(db, draft, number, now)

    Raises DraftNotFound.
    """
    async with db.transaction():
        draft = await store.draft(db, vault, person_id, draft_id, day_of(now), lock=True)
        if draft is None:
            raise _not_found()
        yield draft


async def finish(db: Db, draft: Draft, outcome: str, now: datetime) -> None:
    """The draft became `outcome`, which keeps the answers: what was typed is emptied. Inside `handing_in`."""
    if not await store.finish(db, draft.person_id, draft.draft_id, outcome, now):
        raise _not_found()


async def discard(db: Db, *, person_id: int, draft_id: UUID) -> None:
    """Throw a draft away; one that was handed in, or is gone, stays as it is."""
    await store.delete(db, person_id, draft_id)


async def purge_expired(db: Db, *, now: datetime) -> int:
    """Housekeeping over all persons: how many drafts had passed their last day."""
    return await store.delete_expired(db, day_of(now))


async def drafts_ending(db: Db, *, until: date, now: datetime) -> list[DraftEnd]:
    """Over all persons: what was not handed in and has its last day from today up to `until`."""
    return [DraftEnd(**row) for row in await store.ending(db, day_of(now), until)]


def _not_found() -> DraftNotFound:
    return DraftNotFound(f"没有找到这份草稿。草稿只留 {KEEP_DAYS} 天，请重新办一次")
