"""From a draft to a filing: what the draft amounts to, and handing it in once."""

from contextlib import suppress
from datetime import datetime
from uuid import UUID

from tongban import drafts
from tongban.directory import Regions
from tongban.drafts import Draft
from tongban.filing import store
from tongban.filing.errors import FilingNotFound
from tongban.filing.model import Filing
from tongban.filing.open import open_filing
from tongban.filing.proxy import owner_of
from tongban.filing.reading import Facts, Reading, papers_used, read_draft
from tongban.filing.texts import Texts, load_texts
from tongban.infra.clock import day_of
from tongban.infra.crypto import Vault
from tongban.infra.db import Db
from tongban.kernel.errors import Invalid
from tongban.kernel.identifiers import FILING, parse_outside_number
from tongban.law import Pack
from tongban.materials import Material, MaterialNotFound, find
from tongban.people import MedicalCodeState, enrollments, get_person, medical_code_state


async def read(
    db: Db, vault: Vault, pack: Pack, regions: Regions, draft: Draft, *, now: datetime, texts: Texts | None = None
) -> Reading:
    """What the draft amounts to today."""
    today = day_of(now)
    signer = await get_person(db, vault, draft.person_id)
    is_own = draft.for_person_id == draft.person_id
    facts = Facts(
        today=today,
        pack=pack,
        regions=regions,
        texts=texts or load_texts(),
        enrollments=tuple(await enrollments(db, draft.for_person_id, today)),
        signer=signer,
        insured=signer if is_own else await get_person(db, vault, draft.for_person_id),
        has_code=await medical_code_state(db, draft.for_person_id) is MedicalCodeState.ACTIVE,
        papers={slot: material.sha256 for slot, material in (await _papers(db, draft, now)).items()},
    )
    return read_draft(draft, facts)


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
    async with drafts.handing_in(db, vault, person_id=person_id, draft_id=draft_id, now=now) as draft:
        if draft.outcome:
            return await _filing_of(db, draft.outcome)
        reading = await read(db, vault, pack, regions, draft, now=now, texts=texts)
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
            relation_signature=reading.relation_signature,
            papers=papers_used(draft, {slot: draft.papers[slot] for slot in reading.facts.papers}, reading.decision),
            channel=channel,
            now=now,
            texts=texts,
        )
        await drafts.finish(db, draft, filing.number, now)
    return filing


async def _papers(db: Db, draft: Draft, now: datetime) -> dict[str, Material]:
    """The pictures of the draft by slot. One that was purged meanwhile, or shows somebody else's paper, leaves its slot
    empty."""
    found = {}
    for slot, number in draft.papers.items():
        with suppress(MaterialNotFound):
            material = await find(db, viewer_id=draft.person_id, number=number, now=now)
            if material.person_id == owner_of(slot, insured_id=draft.for_person_id, proxy_id=draft.person_id):
                found[slot] = material
    return found


async def _filing_of(db: Db, outcome: str) -> Filing:
    number = parse_outside_number(outcome, FILING)
    filing = await store.filing(db, number.person_id, number.serial)
    if filing is None:
        raise FilingNotFound("没有找到这个备案，请从“我办过的事”里打开")
    return filing
