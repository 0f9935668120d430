"""Drafts of any flow: kept apart by person and flow, papers in their slots, handed in once."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tongban.drafts import (
    DraftNotFound,
    discard,
    drafts_of,
    finish,
    handing_in,
    load,
    purge_expired,
    save_paper,
    save_step,
    start,
)
from tongban.infra.crypto import Vault
from tongban.infra.db import Connection, connected
from tongban.kernel.identifiers import MATERIAL, OutsideNumber

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
ME, SOMEBODY, MOTHER = 200_000_000_000_001, 200_000_000_000_002, 200_000_000_000_003
KEYS = ("disease", "tel")


async def _save(db: Connection, vault: Vault, draft: Any, **more: Any) -> Any:
    arguments: dict[str, Any] = {
        "person_id": draft.person_id,
        "draft_id": draft.draft_id,
        "step": "disease",
        "keys": KEYS,
        "values": {"disease": "高血压", "tel": "13800000001", "stray": "x"},
        "seen_version": None,
        "is_submitted": True,
        "now": NOW,
    }
    return await save_step(db, vault, **(arguments | more))


async def test_only_the_keys_of_the_step_are_kept(db: Connection, vault: Vault) -> None:
    draft = await start(db, vault, person_id=ME, flow="chronic", known={"who": {"for": "self"}}, now=NOW)
    saved = await _save(db, vault, draft)
    assert dict(saved.values("disease")) == {"disease": "高血压", "tel": "13800000001"}
    assert saved.is_submitted("disease")
    assert saved.value("who", "for") == "self"
    assert not saved.is_submitted("who")
    assert await load(db, vault, person_id=ME, draft_id=draft.draft_id, now=NOW) == saved


async def test_a_draft_is_found_by_its_own_person_and_flow_alone(db: Connection, vault: Vault) -> None:
    draft = await start(db, vault, person_id=ME, flow="chronic", now=NOW)
    for wrong in ({"person_id": SOMEBODY}, {"person_id": ME, "flow": "filing"}):
        with pytest.raises(DraftNotFound):
            await load(db, vault, draft_id=draft.draft_id, now=NOW, **wrong)  # type: ignore[arg-type]
    with pytest.raises(DraftNotFound):
        await _save(db, vault, draft, person_id=SOMEBODY)
    with pytest.raises(DraftNotFound):
        await save_paper(
            db, vault, person_id=SOMEBODY, draft_id=draft.draft_id, slot="a", material_number="M1", now=NOW
        )
    with pytest.raises(DraftNotFound):
        async with handing_in(db, vault, person_id=SOMEBODY, draft_id=draft.draft_id, now=NOW):
            pass
    await discard(db, person_id=SOMEBODY, draft_id=draft.draft_id)
    assert [d.draft_id for d in await drafts_of(db, vault, person_id=ME, now=NOW)] == [draft.draft_id]
    assert await drafts_of(db, vault, person_id=ME, flow="filing", now=NOW) == []


async def test_what_was_typed_is_sealed(db: Connection, owner_db: Connection, vault: Vault) -> None:
    await _save(db, vault, await start(db, vault, person_id=ME, flow="chronic", now=NOW))
    sealed = bytes(await owner_db.fetchval("select content_enc from drafts.draft"))
    assert b"13800000001" not in sealed
    assert "高血压".encode() not in sealed


async def test_a_picture_makes_no_open_page_an_old_one(db: Connection, vault: Vault) -> None:
    draft = await start(db, vault, person_id=ME, flow="chronic", now=NOW)
    common: dict[str, Any] = {"person_id": ME, "draft_id": draft.draft_id, "now": NOW}
    with_paper = await save_paper(db, vault, slot="own_front", material_number="M7", **common)
    assert dict(with_paper.papers) == {"own_front": "M7"}
    assert not (await _save(db, vault, draft, seen_version=draft.version)).was_merged
    again = await save_paper(db, vault, slot="own_front", material_number="M8", **common)
    assert again.papers["own_front"] == "M8"
    assert (await save_paper(db, vault, slot="own_front", material_number=None, **common)).papers == {}


async def test_whose_matter_it_is_may_be_said_on_the_way(db: Connection, vault: Vault) -> None:
    draft = await start(db, vault, person_id=ME, flow="filing", now=NOW)
    assert draft.for_person_id == ME
    assert (await _save(db, vault, draft, for_person_id=MOTHER)).for_person_id == MOTHER
    assert (await _save(db, vault, draft)).for_person_id == MOTHER


async def test_papers_of_whom_it_was_for_leave_with_them(db: Connection, vault: Vault) -> None:
    draft = await start(db, vault, person_id=ME, flow="filing", for_person_id=MOTHER, now=NOW)
    common: dict[str, Any] = {"person_id": ME, "draft_id": draft.draft_id, "now": NOW}
    papers = {"mine": str(OutsideNumber(MATERIAL, ME, 1)), "hers": str(OutsideNumber(MATERIAL, MOTHER, 1))}
    for slot, number in papers.items():
        await save_paper(db, vault, slot=slot, material_number=number, **common)
    assert (await _save(db, vault, draft, for_person_id=MOTHER)).papers == papers
    saved = await _save(db, vault, draft, for_person_id=SOMEBODY)
    assert saved.papers == {"mine": papers["mine"]}
    assert (await load(db, vault, **common)).papers == saved.papers


async def test_handed_in_once_even_by_two_at_the_same_time(db: Connection, vault: Vault, database_url: str) -> None:
    draft = await start(db, vault, person_id=ME, flow="chronic", now=NOW)
    await _save(db, vault, draft)
    await save_paper(db, vault, person_id=ME, draft_id=draft.draft_id, slot="a", material_number="M1", now=NOW)
    made = []

    async def hand_in(number: str) -> str:
        async with (
            connected(database_url) as own,
            handing_in(own, vault, person_id=ME, draft_id=draft.draft_id, now=NOW) as held,
        ):
            if held.outcome:
                return held.outcome
            await asyncio.sleep(0.05)
            made.append(number)
            await finish(own, held, number, NOW)
            return number

    outcomes = await asyncio.gather(*(hand_in(f"C{n}") for n in range(4)))
    assert len(made) == 1
    assert set(outcomes) == set(made)
    done = await load(db, vault, person_id=ME, draft_id=draft.draft_id, now=NOW)
    assert (done.outcome, done.steps, done.papers) == (made[0], {}, {})
    # From now on it is what it became: nothing typed, put in or thrown away changes it.
    assert (await _save(db, vault, draft)).steps == {}
    late = await save_paper(db, vault, person_id=ME, draft_id=draft.draft_id, slot="a", material_number="M2", now=NOW)
    assert late.papers == {}
    await discard(db, person_id=ME, draft_id=draft.draft_id)
    assert (await load(db, vault, person_id=ME, draft_id=draft.draft_id, now=NOW)).outcome == made[0]
    assert await drafts_of(db, vault, person_id=ME, now=NOW) == []


async def test_a_refused_matter_leaves_the_draft_open(db: Connection, vault: Vault) -> None:
    draft = await start(db, vault, person_id=ME, flow="chronic", now=NOW)

    async def hand_in_and_fail() -> None:
        async with handing_in(db, vault, person_id=ME, draft_id=draft.draft_id, now=NOW) as held:
            await finish(db, held, "C1", NOW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await hand_in_and_fail()
    assert (await load(db, vault, person_id=ME, draft_id=draft.draft_id, now=NOW)).outcome == ""


async def test_the_purge_takes_what_has_passed_its_last_day(db: Connection, vault: Vault) -> None:
    await start(db, vault, person_id=ME, flow="chronic", now=NOW)
    await start(db, vault, person_id=SOMEBODY, flow="filing", now=NOW + timedelta(days=1))
    assert await purge_expired(db, now=NOW + timedelta(days=30)) == 0
    assert await purge_expired(db, now=NOW + timedelta(days=31)) == 1
    assert len(await drafts_of(db, vault, person_id=SOMEBODY, now=NOW + timedelta(days=31))) == 1
