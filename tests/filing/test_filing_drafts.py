"""Drafts: nothing typed is lost, two windows do not overwrite each other, one filing comes out."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID, uuid4

import pytest
from filing_kit import NAME_IN_STROKES, NOW, SHIJIAZHUANG, TANGSHAN, TODAY, Desk, Registry, Resident
from hypothesis import given, settings
from hypothesis import strategies as st

from tongban.directory import Regions
from tongban.drafts import Draft, DraftNotFound, discard, drafts_of, load, purge_expired, save_step, start
from tongban.filing import (
    FLOW,
    Facts,
    Filing,
    FilingOverlaps,
    Reading,
    Step,
    freeze_start,
    load_texts,
    read,
    read_draft,
    submit_draft,
)
from tongban.filing.model import relation_signed_for
from tongban.infra.clock import day_of
from tongban.infra.crypto import Vault
from tongban.infra.db import Connection, Db, connected
from tongban.kernel.errors import Invalid
from tongban.kernel.vocabulary import FilingKind, InsuranceType, Locality, PersonnelCategory
from tongban.law import Pack
from tongban.people import Enrollment, PaymentState, Person
from tongban.signing import answers_hash

NOTICE = load_texts().notice(FilingKind.LONG_TERM_RESIDENT, Locality.CROSS_PROVINCE)
TYPED: dict[Step, dict[str, str]] = {
    Step.WHO: {"for": "self", "enrollment": "1"},
    Step.PLACE: {"area": SHIJIAZHUANG},
    Step.KIND: {"kind": "long_term_resident"},
    Step.NOTICE: {"notice_read": NOTICE.version},
    Step.CONTACT: {
        "start_choice": "tomorrow",
        "residence": "长安区中山东路 126 号",
        "contact": " 王秀兰 ",
        "tel": "138 0000 0001",
        "addr": "太原市小店区体育路 8 号",
    },
}


class Clerk:
    """Fills in drafts as pages would."""

    def __init__(self, db: Db, vault: Vault, desk: Desk, who: Resident) -> None:
        self.db, self.vault, self.desk, self.who = db, vault, desk, who

    async def save(
        self,
        draft: Draft,
        step: Step,
        values: Mapping[str, str] | None = None,
        *,
        seen: int | None = None,
        now: datetime = NOW,
        is_submitted: bool = True,
        db: Db | None = None,
    ) -> Draft:
        return await save_step(
            db or self.db,
            self.vault,
            person_id=self.who.person_id,
            draft_id=draft.draft_id,
            step=step,
            keys=step.keys,
            values=freeze_start(TYPED[step] if values is None else values, day_of(now)),
            seen_version=seen,
            is_submitted=is_submitted,
            now=now,
        )

    async def reading(self, draft: Draft, *, now: datetime = NOW) -> Reading:
        return await read(self.db, self.vault, self.desk.pack, self.desk.regions, draft, now=now)

    async def fill(self, draft: Draft, *, until: Step = Step.SIGN, now: datetime = NOW) -> Draft:
        for step in TYPED:
            draft = await self.save(draft, step, now=now)
            if step is until:
                return draft
        return await self.confirm_and_sign(draft, now=now)

    async def confirm_and_sign(self, draft: Draft, *, now: datetime = NOW) -> Draft:
        seen = (await self.reading(draft, now=now)).answers_hash
        assert seen is not None
        draft = await self.save(draft, Step.REVIEW, {"confirmed": seen.hex()}, now=now)
        values = {"agree": "1", "sign": NAME_IN_STROKES, "signed_hash": seen.hex()}
        return await self.save(draft, Step.SIGN, values, now=now)

    async def submit(self, draft_id: UUID, *, now: datetime = NOW, db: Db | None = None) -> Filing:
        return await submit_draft(
            db or self.db,
            self.vault,
            self.desk.pack,
            self.desk.regions,
            person_id=self.who.person_id,
            draft_id=draft_id,
            channel="portal",
            now=now,
        )


@pytest.fixture
def clerk(db: Connection, vault: Vault, desk: Desk, retiree: Resident) -> Clerk:
    return Clerk(db, vault, desk, retiree)


@pytest.fixture
async def draft(clerk: Clerk) -> Draft:
    return await start(clerk.db, clerk.vault, person_id=clerk.who.person_id, flow=FLOW, now=NOW)


async def test_a_draft_becomes_a_filing(clerk: Clerk, draft: Draft) -> None:
    await clerk.fill(draft)
    filing = await clerk.submit(draft.draft_id)
    assert filing.treatment_pool == SHIJIAZHUANG
    assert filing.valid_from == TODAY + timedelta(days=1)
    assert filing.contact_name == "王秀兰"


async def test_it_is_taken_up_again_where_it_was_left(clerk: Clerk, draft: Draft, database_url: str) -> None:
    await clerk.fill(draft, until=Step.KIND)
    async with connected(database_url) as later:  # another process, another day
        found = await load(
            later, clerk.vault, person_id=clerk.who.person_id, draft_id=draft.draft_id, now=NOW + timedelta(days=29)
        )
    assert found.value(Step.PLACE, "area") == SHIJIAZHUANG
    assert (await clerk.reading(found)).next_step is Step.NOTICE


async def test_thirty_days_and_no_longer(clerk: Clerk, draft: Draft) -> None:
    last_day, after = NOW + timedelta(days=30), NOW + timedelta(days=31)
    arguments: dict[str, Any] = {"person_id": clerk.who.person_id, "draft_id": draft.draft_id}
    assert await load(clerk.db, clerk.vault, now=last_day, **arguments)
    assert len(await drafts_of(clerk.db, clerk.vault, person_id=clerk.who.person_id, now=last_day)) == 1
    with pytest.raises(DraftNotFound, match="30 天"):
        await load(clerk.db, clerk.vault, now=after, **arguments)
    assert await drafts_of(clerk.db, clerk.vault, person_id=clerk.who.person_id, now=after) == []
    assert await purge_expired(clerk.db, now=last_day) == 0
    assert await purge_expired(clerk.db, now=after) == 1


async def test_every_save_starts_the_thirty_days_anew(clerk: Clerk, draft: Draft) -> None:
    later = NOW + timedelta(days=20)
    saved = await clerk.save(draft, Step.WHO, now=later)
    assert saved.expires_on == day_of(later) + timedelta(days=30)


async def test_what_was_typed_is_sealed(clerk: Clerk, draft: Draft, owner_db: Connection) -> None:
    await clerk.save(draft, Step.CONTACT)
    row = await owner_db.fetchrow("select content_enc from drafts.draft")
    assert "体育路".encode() not in bytes(row["content_enc"])


async def test_wrong_values_are_kept_with_their_problems(clerk: Clerk, draft: Draft) -> None:
    await clerk.fill(draft, until=Step.NOTICE)
    wrong = {**TYPED[Step.CONTACT], "tel": "1380351", "start_choice": "date", "start": "2026年13月1日"}
    saved = await clerk.save(draft, Step.CONTACT, wrong)
    assert saved.value(Step.CONTACT, "tel") == "1380351"
    assert saved.value(Step.CONTACT, "start") == "2026年13月1日"
    reading = await clerk.reading(saved)
    assert [problem.field for problem in reading.problems_of(Step.CONTACT)] == ["start", "tel"]
    assert reading.next_step is Step.CONTACT


async def test_saved_for_later_is_not_complained_about(clerk: Clerk, draft: Draft) -> None:
    saved = await clerk.save(draft, Step.CONTACT, {"tel": "138"}, is_submitted=False)
    assert not saved.is_submitted(Step.CONTACT)
    assert saved.value(Step.CONTACT, "tel") == "138"


async def test_tomorrow_means_the_day_it_was_said(clerk: Clerk, draft: Draft) -> None:
    await clerk.fill(draft, until=Step.CONTACT)
    later = NOW + timedelta(days=3)
    found = await load(clerk.db, clerk.vault, person_id=clerk.who.person_id, draft_id=draft.draft_id, now=later)
    period = (await clerk.reading(found, now=later)).period
    assert period is not None
    assert period.starts_on == TODAY + timedelta(days=1)


async def test_two_windows_do_not_overwrite_each_others_steps(clerk: Clerk, draft: Draft) -> None:
    first_window = second_window = draft.version
    await clerk.save(draft, Step.WHO, seen=first_window)
    merged = await clerk.save(draft, Step.PLACE, seen=second_window)
    assert merged.was_merged
    assert merged.value(Step.WHO, "for") == "self"
    assert merged.value(Step.PLACE, "area") == SHIJIAZHUANG
    assert not (await clerk.save(draft, Step.KIND, seen=merged.version)).was_merged


async def test_a_signature_from_a_window_with_older_answers_is_void(clerk: Clerk, draft: Draft) -> None:
    """One window signs for 石家庄 while the other has changed the place to 唐山."""
    ready = await clerk.fill(draft)
    await clerk.save(ready, Step.PLACE, {"area": TANGSHAN})
    with pytest.raises(Invalid, match="核对"):
        await clerk.submit(draft.draft_id)
    seen = (
        await clerk.reading(
            await load(clerk.db, clerk.vault, person_id=clerk.who.person_id, draft_id=draft.draft_id, now=NOW)
        )
    ).answers_hash
    assert seen is not None
    await clerk.save(draft, Step.REVIEW, {"confirmed": seen.hex()})
    with pytest.raises(Invalid, match="作废"):
        await clerk.submit(draft.draft_id)


async def test_another_kind_asks_for_its_notice_to_be_read(clerk: Clerk, draft: Draft) -> None:
    await clerk.fill(draft, until=Step.CONTACT)
    changed = await clerk.save(draft, Step.KIND, {"kind": "unreferred"})
    reading = await clerk.reading(changed)
    assert reading.next_step is Step.NOTICE
    assert "再看一遍" in reading.problems_of(Step.NOTICE)[0].sentence


async def test_handing_in_twice_gives_one_filing(clerk: Clerk, draft: Draft) -> None:
    await clerk.fill(draft)
    first = await clerk.submit(draft.draft_id)
    assert await clerk.submit(draft.draft_id) == first
    assert await clerk.db.fetchval("select count(*) from filing.filing") == 1
    # Typing on after the filing was made changes nothing.
    late = await clerk.save(draft, Step.PLACE, {"area": TANGSHAN})
    assert late.outcome == first.number
    assert late.steps == {}
    assert await drafts_of(clerk.db, clerk.vault, person_id=clerk.who.person_id, now=NOW) == []


async def test_an_unfinished_draft_is_not_handed_in(clerk: Clerk, draft: Draft) -> None:
    await clerk.fill(draft, until=Step.KIND)
    with pytest.raises(Invalid, match="告知书"):
        await clerk.submit(draft.draft_id)


async def test_a_refused_draft_stays_as_it_is(clerk: Clerk, draft: Draft) -> None:
    await clerk.desk.file(clerk.db, clerk.who, starts_on=TODAY + timedelta(days=1))
    await clerk.fill(draft)
    with pytest.raises(FilingOverlaps):
        await clerk.submit(draft.draft_id)
    kept = await load(clerk.db, clerk.vault, person_id=clerk.who.person_id, draft_id=draft.draft_id, now=NOW)
    assert kept.outcome == ""
    assert kept.value(Step.SIGN, "sign") == NAME_IN_STROKES


async def test_a_draft_belongs_to_who_typed_it(clerk: Clerk, draft: Draft, registry: Registry) -> None:
    stranger = await registry.add("别人")
    other = Clerk(clerk.db, clerk.vault, clerk.desk, stranger)
    with pytest.raises(DraftNotFound):
        await other.save(draft, Step.WHO)
    with pytest.raises(DraftNotFound):
        await other.submit(draft.draft_id)
    with pytest.raises(DraftNotFound):
        await load(clerk.db, clerk.vault, person_id=stranger.person_id, draft_id=draft.draft_id, now=NOW)


async def test_thrown_away_is_gone_but_a_filing_stays(clerk: Clerk, draft: Draft) -> None:
    await discard(clerk.db, person_id=clerk.who.person_id, draft_id=draft.draft_id)
    with pytest.raises(DraftNotFound):
        await clerk.submit(draft.draft_id)
    done = await start(clerk.db, clerk.vault, person_id=clerk.who.person_id, flow=FLOW, now=NOW)
    await clerk.fill(done)
    filing = await clerk.submit(done.draft_id)
    await discard(clerk.db, person_id=clerk.who.person_id, draft_id=done.draft_id)
    assert await clerk.submit(done.draft_id) == filing


# --- any order ---


def _facts(pack: Pack, regions: Regions) -> Facts:
    enrollment = Enrollment(
        200_000_000_000_001,
        1,
        InsuranceType.EMPLOYEE,
        PersonnelCategory.RETIRED,
        "140100",
        date(2020, 1, 1),
        None,
        PaymentState.PAID,
        "",
    )
    who = Person(200_000_000_000_001, "王秀兰", False, date(1955, 1, 1), "140105195501010015", "13800000001")
    return Facts(TODAY, pack, regions, load_texts(), (enrollment,), who, who, has_code=True, papers={})


def _empty_draft() -> Draft:
    return Draft(
        person_id=200_000_000_000_001,
        draft_id=uuid4(),
        for_person_id=200_000_000_000_001,
        flow=FLOW,
        papers=MappingProxyType({}),
        steps=MappingProxyType({}),
        submit_token=uuid4(),
        outcome="",
        version=1,
        created_at=NOW,
        updated_at=NOW,
        expires_on=TODAY,
    )


def _saved(order: list[tuple[Step, Mapping[str, str]]]) -> Draft:
    draft = _empty_draft()
    for step, values in order:
        draft = draft.with_step(step, step.keys, values, seen_version=None, is_submitted=True)
    return draft


FOR_MOTHER: dict[Step, dict[str, str]] = {
    Step.WHO: {"for": "other"},
    Step.PERSON: {"name": "李静", "id_number": "1401**********0460", "relation": "parent"},
    Step.PROXY: {"proxy_tel": "139 0000 0002"},
    Step.PLACE: {"area": SHIJIAZHUANG},
    Step.KIND: {"kind": "long_term_resident"},
    Step.NOTICE: {"notice_read": NOTICE.version},
    Step.CONTACT: TYPED[Step.CONTACT],
}


def _facts_for_mother(pack: Pack, regions: Regions) -> Facts:
    facts = _facts(pack, regions)
    mother = replace(facts.signer, person_id=200_000_000_000_002, name="李静")
    pictures = {"proxy_front": "aa", "proxy_back": "bb", "insured_register": "cc", "stray": "dd"}
    return replace(facts, insured=mother, papers=pictures)


def _for_mother(order: list[tuple[Step, Mapping[str, str]]], papers: Mapping[str, str]) -> Draft:
    numbers = MappingProxyType({slot: f"M{slot}" for slot in papers})
    return replace(_saved(order), for_person_id=200_000_000_000_002, papers=numbers)


JUNK = st.sampled_from(["", "140100", "long_term_resident", "referral", "今天", "2026-11-31", "x" * 600, "other"])
KEYS = ["for", "enrollment", "area", "kind", "notice_read", "start", "start_choice", "tel", "agree", "sign", "version"]
BEFORE = st.lists(
    st.tuples(st.sampled_from(list(Step)), st.dictionaries(st.sampled_from(KEYS), JUNK, max_size=4)), max_size=6
)


@settings(max_examples=60, deadline=None)
@given(before=BEFORE, order=st.permutations(list(TYPED.items())))
def test_the_order_of_the_steps_never_matters(
    pack: Pack, regions: Regions, before: list[tuple[Step, dict[str, str]]], order: list[tuple[Step, dict[str, str]]]
) -> None:
    """Whatever was typed before, in whatever order the right values come last: the same answers, the same hash."""
    facts = _facts(pack, regions)
    straight = read_draft(_saved(list(TYPED.items())), facts)
    wandering = read_draft(_saved([*before, *order]), facts)
    assert straight.answers is not None
    assert wandering.answers == straight.answers
    assert wandering.answers_hash == straight.answers_hash


@settings(max_examples=60, deadline=None)
@given(before=BEFORE, order=st.permutations(list(FOR_MOTHER.items())))
def test_for_another_too_the_order_never_matters(
    pack: Pack, regions: Regions, before: list[tuple[Step, dict[str, str]]], order: list[tuple[Step, dict[str, str]]]
) -> None:
    """Both signatures are asked for under the same hash, whatever was typed before and in which order."""
    facts = _facts_for_mother(pack, regions)
    signed = answers_hash_of_relation(facts)
    last: list[tuple[Step, Mapping[str, str]]] = [
        (Step.RELATION, {"agree": "1", "typed": "王秀兰", "signed_hash": signed.hex()})
    ]
    straight = read_draft(_for_mother([*FOR_MOTHER.items(), *last], facts.papers), facts)
    wandering = read_draft(_for_mother([*before, *order, *last], facts.papers), facts)
    assert straight.answers is not None
    assert wandering.answers == straight.answers
    assert (wandering.relation_hash, wandering.answers_hash) == (signed, straight.answers_hash)
    assert dict(straight.answers.papers) == {"insured_register": "cc", "proxy_back": "bb", "proxy_front": "aa"}
    # And the other way round: the same mistakes are the same refusals.
    assert problems(read_draft(_for_mother(before, facts.papers), facts)) == problems(
        read_draft(_for_mother(list(dict(before).items()), facts.papers), facts)
    )


def problems(reading: Reading) -> dict[str, list[str]]:
    return {step: [problem.sentence for problem in found] for step, found in reading.problems.items()}


def answers_hash_of_relation(facts: Facts) -> bytes:
    text = facts.texts.relation(insured="李静", signer="王秀兰", relation="母亲")
    bound = relation_signed_for(200_000_000_000_002, 200_000_000_000_001, "parent", "13900000002")
    return answers_hash(text, bound)


@settings(max_examples=60, deadline=None)
@given(before=BEFORE)
def test_reading_any_draft_gives_problems_and_never_breaks(
    pack: Pack, regions: Regions, before: list[tuple[Step, dict[str, str]]]
) -> None:
    reading = read_draft(_saved(before), _facts(pack, regions))
    assert reading.signature is None
    for problems in reading.problems.values():
        assert all(problem.sentence for problem in problems)
    assert reading.problems_of(reading.next_step)


def test_a_step_never_takes_another_steps_keys() -> None:
    draft = _saved([(Step.WHO, {"for": "self", "tel": "13800000001", "area": SHIJIAZHUANG})])
    assert set(draft.values(Step.WHO)) == {"for", "enrollment", "relation"}
    assert draft.value(Step.PLACE, "area") == ""
    assert replace(draft, version=9).values(Step.WHO) == draft.values(Step.WHO)
