"""Use cases on drafts: begin, keep every step, take up again, hand in once."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from uuid import UUID, uuid4

from tongban.directory import Regions
from tongban.filing import store
from tongban.filing.draft import KEEP_DAYS, Draft, Step
from tongban.filing.errors import DraftNotFound
from tongban.filing.model import Filing
from tongban.filing.open import open_filing
from tongban.filing.reading import Facts, Reading, freeze_start, read_draft
from tongban.filing.texts import Texts, load_texts
from tongban.infra.clock import day_of
from tongban.infra.crypto import Vault
from tongban.infra.db import Db
from tongban.kernel.errors import Invalid
from tongban.law import Pack
from tongban.people import enrollments, get_person


async def start_draft(
    db: Db, vault: Vault, *, person_id: int, now: datetime, known: Mapping[Step, Mapping[str, str]] | None = None
) -> Draft:
    """A new draft of that person for themselves, kept for thirty days after its last change.

    `known` preselects answers, such as what the person said when asking whether a filing is needed; they count as
    typed, not as confirmed.
    """
    today = day_of(now)
    draft = Draft(
        person_id=person_id,
        draft_id=uuid4(),
        for_person_id=person_id,
        steps=MappingProxyType({}),
        submit_token=uuid4(),
        filing_serial=None,
        version=1,
        created_at=now,
        updated_at=now,
        expires_on=today + timedelta(days=KEEP_DAYS),
    )
    for step, values in (known or {}).items():
        draft = draft.with_step(step, values, seen_version=None, is_submitted=False)
    async with db.transaction():
        await store.delete_expired_drafts(db, today, person_id)
        await store.insert_draft(db, vault, draft)
    return draft


async def load_draft(db: Db, vault: Vault, *, person_id: int, draft_id: UUID, now: datetime) -> Draft:
    """Raises DraftNotFound when that person has no such draft, or has it no more."""
    if (draft := await store.draft(db, vault, person_id, draft_id, day_of(now))) is None:
        raise _not_found()
    return draft


async def drafts_of(db: Db, vault: Vault, *, person_id: int, now: datetime) -> list[Draft]:
    """What the person began and did not finish, last touched first."""
    return await store.open_drafts(db, vault, person_id, day_of(now))


async def save_step(
    db: Db,
    vault: Vault,
    *,
    person_id: int,
    draft_id: UUID,
    step: Step,
    values: Mapping[str, str],
    seen_version: int | None,
    is_submitted: bool,
    now: datetime,
) -> Draft:
    """Keep what was typed in one step, right or wrong; keys of other steps in `values` are not looked at.

    `seen_version` is the draft's version that the page showed (None: not known). The draft that comes back says in
    `was_merged` whether another window had changed it since. A draft that became a filing comes back unchanged.
    `is_submitted` False: kept for later, nothing to complain about yet. Raises DraftNotFound.
    """
    today = day_of(now)
    if step is Step.CONTACT:
        values = freeze_start(values, today)
    async with db.transaction():
        draft = await store.draft(db, vault, person_id, draft_id, today, lock=True)
        if draft is None:
            raise _not_found()
        if draft.filing_serial is not None:
            return draft
        saved = replace(
            draft.with_step(step, values, seen_version=seen_version, is_submitted=is_submitted),
            updated_at=now,
            expires_on=today + timedelta(days=KEEP_DAYS),
        )
        await store.update_draft(db, vault, saved)
    return saved


async def discard_draft(db: Db, *, person_id: int, draft_id: UUID) -> None:
    """Throw a draft away; one that became a filing, or is gone, stays as it is."""
    await store.delete_draft(db, person_id, draft_id)


async def purge_expired_drafts(db: Db, *, now: datetime) -> int:
    """Housekeeping over all persons: how many drafts had passed their last day."""
    return await store.delete_expired_drafts(db, day_of(now))


async def read(
    db: Db, vault: Vault, pack: Pack, regions: Regions, draft: Draft, *, now: datetime, texts: Texts | None = None
) -> tuple[Reading, Facts]:
    """What the draft amounts to today, and the facts that was judged by."""
    today = day_of(now)
    signer = await get_person(db, vault, draft.person_id)
    facts = Facts(
        today=today,
        pack=pack,
        regions=regions,
        texts=texts or load_texts(),
        enrollments=tuple(await enrollments(db, draft.for_person_id, today)),
        signer_name=signer.name,
    )
    return read_draft(draft, facts), facts


async def submit_draft(
    db: Db,
    vault: Vault,
    pack: Pack,
    regions: Regions,
    *,
    person_id: int,
    draft_id: UUID,
    channel: str,
    now: datetime,
    texts: Texts | None = None,
) -> Filing:
    """Make the one filing that comes out of a draft; handing it in again gives the same filing.

    Raises DraftNotFound, Invalid with the problems of the first step that has any, and all that `open_filing` raises.
    """
    async with db.transaction():
        # The draft's row is held until the filing stands: a second tap waits here and then finds it.
        draft = await store.draft(db, vault, person_id, draft_id, day_of(now), lock=True)
        if draft is None:
            raise _not_found()
        if draft.filing_serial is not None:
            done = await store.filing(db, draft.for_person_id, draft.filing_serial)
            if done is None:
                raise _not_found()
            return done
        reading, _ = await read(db, vault, pack, regions, draft, now=now, texts=texts)
        if reading.answers is None or reading.signature is None:
            raise Invalid(reading.problems_of(reading.next_step))
        filing = await open_filing(
            db,
            vault,
            pack,
            regions,
            person_id=draft.for_person_id,
            filed_by=draft.person_id,
            answers=reading.answers,
            signature=reading.signature,
            submit_token=draft.submit_token,
            channel=channel,
            now=now,
            texts=texts,
        )
        await store.finish_draft(db, vault, draft, filing.filing_serial, now)
    return filing


def _not_found() -> DraftNotFound:
    return DraftNotFound("没有找到这份草稿。草稿只留 30 天，请重新办一次")
