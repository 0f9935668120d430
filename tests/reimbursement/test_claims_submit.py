"""From what is typed to a claim: what is refused, what voids a signature, and handing in once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from settlement_kit import BEIJING_HOSPITAL, DATONG_HOSPITAL, TAIYUAN_HOSPITAL, Hospital, Insured, line

from claims_kit import GOOD_CARD, Desk, Registry
from tongban import drafts, notices, reimbursement, signing
from tongban.infra.db import Connection, Pool
from tongban.kernel.errors import Invalid, Refusal
from tongban.kernel.vocabulary import InsuranceType
from tongban.materials import MaterialKind, of_subject
from tongban.reimbursement import (
    Claim,
    ClaimNotFound,
    ClaimState,
    InvoiceUsed,
    StayClaimed,
    StaySettledAlready,
    Step,
    store,
)

# What is typed, and the field the sentence belongs to.
WRONG: dict[str, tuple[dict[str, str], str, str]] = {
    "short phone": ({"phone": "1380000"}, "phone", "您填了 7 位"),
    "not admitted yet": ({"admitted": "2026-11-30", "discharged": "2026-12-01"}, "admitted", "还没到"),
    "out before in": ({"discharged": "2026-11-09"}, "discharged", "还早"),
    "no such day": ({"admitted": "2026-02-30"}, "admitted", "日历上没有"),
    "nothing": ({"total": "0"}, "total", "大于 0"),
    "negative": ({"total": "-5"}, "total", "大于 0"),
    "huge": ({"total": "9" * 17}, "total", "看不懂"),
    "words": ({"total": "一万"}, "total", "看不懂"),
    "another's fault": ({"injury": "liable"}, "injury", "医保不付"),
    "unclear whose fault": ({"injury": "unclear"}, "injury", "说不清"),
    "no reason told": ({"injury": ""}, "injury", "受伤"),
    "before the insurance": ({"admitted": "2019-03-01", "discharged": "2019-03-05"}, "admitted", "参保记录"),
    "at home": ({"hospital": TAIYUAN_HOSPITAL}, "", "窗口"),
    "other province": ({"hospital": BEIJING_HOSPITAL}, "", "窗口"),
    "unknown hospital": ({"hospital": "H0"}, "hospital", "请选"),
    "invoices do not add up": ({"amount_1": "9999.99"}, "amount_1", "少 0.01 元"),
    "invoice of tomorrow": ({"date_1": "2026-11-23"}, "date_1", "还没到"),
    "invoice before the stay": ({"date_1": "2026-11-09"}, "date_1", "比入院还早"),
    "no invoice number": ({"number_1": ""}, "number_1", "号码"),
    "the same invoice twice": (
        {"amount_1": "5000", "number_2": "1400005678", "date_2": "2026-11-18", "amount_2": "5000"},
        "number_2",
        "号码一样",
    ),
    "card digit wrong": ({"card": GOOD_CARD[:-1] + str((int(GOOD_CARD[-1]) + 1) % 10)}, "card", "有一位不对"),
    "card too short": ({"card": "62220212"}, "card", "您填了 8 位"),
    "no bank": ({"bank": ""}, "bank", "银行名称"),
}


@pytest.mark.parametrize("name", WRONG)
async def test_what_is_wrong_is_said_beside_its_field(desk: Desk, father: int, name: str) -> None:
    changes, field, said = WRONG[name]
    reading = await desk.read(father, await desk.begin(father, **changes))
    found = next(problems for step in Step if (problems := reading.problems_of(step)))
    assert [(problem.field, said in problem.sentence) for problem in found[:1]] == [(field, True)], found[0].sentence
    assert reading.answers_hash is None


@pytest.mark.parametrize("slot", ["invoice", "fee_list", "discharge_record"])
async def test_a_missing_picture_is_asked_for(desk: Desk, father: int, slot: str) -> None:
    reading = await desk.read(father, await desk.begin(father, without=(slot,)))
    assert [problem.field for problem in reading.problems_of(Step.PHOTOS)] == [slot]


async def test_a_good_claim_is_kept_whole(desk: Desk, db: Connection, father: int) -> None:
    claim = await desk.claim(father)
    assert (claim.state, claim.total_fen, claim.due_on) == (ClaimState.REVIEWING, 1_000_000, date(2026, 12, 18))
    found = await reimbursement.get_claim(db, desk.vault, viewer_id=father, number=claim.number)
    assert found.card.number == GOOD_CARD
    assert [invoice.number for invoice in found.invoices] == ["1400005678"]
    assert found.decision["route"]["row"] == "CR-02"
    (signed,) = await signing.signatures_of(db, father, claim.number)
    assert "人民币（大写）壹万元整" in signed.text
    assert len(await of_subject(db, father, claim.number)) == 3
    stored = await db.fetchrow("select * from reimbursement.claim")
    assert GOOD_CARD not in str(dict(stored))
    assert [notice.title for notice in await notices.inbox(db, father)] == ["医疗费报销：已提交"]


async def test_for_a_parent_both_are_told_and_both_may_look(
    desk: Desk, db: Connection, father: int, daughter: int, stranger: int
) -> None:
    claim = await desk.claim(daughter, father)
    assert (claim.person_id, claim.applied_by, claim.relation) == (father, daughter, "parent")
    (signed,) = await signing.signatures_of(db, father, claim.number)
    assert (signed.signer_id, "的女儿" in signed.text) == (daughter, True)
    for viewer in (father, daughter):
        assert await notices.unread(db, viewer) == 1
        await reimbursement.get_claim(db, desk.vault, viewer_id=viewer, number=claim.number)
    assert [each.number for each in await reimbursement.claims_of(db, daughter, whose="others")] == [claim.number]
    assert await reimbursement.claims_of(db, daughter) == []
    for viewer, number in ((stranger, claim.number), (father, "R1"), (father, "B" + claim.number[1:])):
        with pytest.raises(ClaimNotFound):
            await reimbursement.get_claim(db, desk.vault, viewer_id=viewer, number=number)


async def test_applying_needs_a_medical_code_of_ones_own(desk: Desk, registry: Registry, father: int) -> None:
    """That of the patient does not matter: the old are often claimed for because they have none."""
    son = await registry.add("王小风", born=1992, code_state="inactive")
    (problem,) = (await desk.read(son, await desk.begin(son, father))).problems_of(Step.WHO)
    assert "激活" in problem.sentence
    mother = await registry.add("李大娘", code_state="inactive")
    assert (await desk.claim(father, mother, relation="spouse")).state is ClaimState.REVIEWING


async def test_only_family_may_claim(desk: Desk, father: int, stranger: int) -> None:
    reading = await desk.read(stranger, await desk.begin(stranger, father, relation="other"))
    (problem,) = reading.problems_of(Step.WHO)
    assert "家人" in problem.sentence


async def test_a_settled_stay_is_shown_and_not_claimed(desk: Desk, hospital: Hospital, father: int) -> None:
    datong = hospital.at(DATONG_HOSPITAL)
    encounter = await datong.admit(_insured(father))
    await datong.upload(encounter, line(500_000))
    settled = await datong.settle(datong.bill(encounter, 500_000))
    reading = await desk.read(father, await desk.begin(father))
    (problem,) = reading.problems_of(Step.STAY)
    assert isinstance(problem, StaySettledAlready)
    assert problem.number == settled.number


def _insured(person_id: int) -> Insured:
    return Insured(person_id, InsuranceType.RESIDENT)


# -- signing ---------------------------------------------------------------------------------------------------------


VOIDING = {
    "phone": "13900000002",
    "total": "10000.01",
    "admitted": "2026-11-11",
    "care": "maternity_inpatient",
    "number_1": "1400005679",
    "bank": "农业银行太原分行",
}


@pytest.mark.parametrize("name", VOIDING)
async def test_any_change_after_signing_voids_the_signature(desk: Desk, father: int, name: str) -> None:
    draft_id = await desk.begin(father)
    await desk.sign(father, draft_id)
    changes = {name: VOIDING[name]}
    if name == "total":
        changes["amount_1"] = VOIDING[name]
    for step, values in desk.values(**changes).items():
        await desk.save(father, draft_id, step, values)
    with pytest.raises(Invalid, match="核对"):
        await desk.submit(father, draft_id)


async def test_another_picture_voids_the_signature(desk: Desk, father: int) -> None:
    draft_id = await desk.begin(father)
    await desk.sign(father, draft_id)
    await desk.put_picture(father, draft_id, "invoice", MaterialKind.INVOICE, whose=father)
    with pytest.raises(Invalid, match="核对"):
        await desk.submit(father, draft_id)


async def test_a_tampered_draft_leads_nowhere(desk: Desk, db: Connection, father: int, stranger: int) -> None:
    """Somebody else's draft, and somebody else's picture put into one's own."""
    draft_id = await desk.begin(father)
    await desk.sign(father, draft_id)
    with pytest.raises(drafts.DraftNotFound):
        await desk.submit(stranger, draft_id)
    others = await desk.picture(MaterialKind.INVOICE, whose=stranger, by=stranger)
    await drafts.save_paper(
        db, desk.vault, person_id=father, draft_id=draft_id, slot="invoice", material_number=others, now=desk.now
    )
    with pytest.raises(Refusal) as refused:
        await desk.submit(father, draft_id)
    assert refused.value.status == 404


# -- once ------------------------------------------------------------------------------------------------------------


async def test_handed_in_twice_is_one_claim(desk: Desk, father: int) -> None:
    draft_id = await desk.begin(father)
    await desk.sign(father, draft_id)
    first = await desk.submit(father, draft_id)
    assert (await desk.submit(father, draft_id)).number == first.number


async def test_two_taps_at_once_are_one_claim(desk: Desk, pool: Pool, db: Connection, father: int) -> None:
    draft_id = await desk.begin(father)
    await desk.sign(father, draft_id)

    async def tap() -> str:
        async with pool.acquire() as connection:
            return (await desk.on(connection).submit(father, draft_id)).number

    assert len(set(await asyncio.gather(*(tap() for _ in range(6))))) == 1
    assert await db.fetchval("select count(*) from reimbursement.claim") == 1


async def test_the_same_stay_from_two_phones(
    desk: Desk, pool: Pool, db: Connection, father: int, daughter: int
) -> None:
    """The father and the daughter claim it at the same moment, each with an invoice of their own."""
    own = await desk.begin(father)
    for_him = await desk.begin(daughter, father, number_1="1400009999")
    await desk.sign(father, own)
    await desk.sign(daughter, for_him)

    async def tap(person_id: int, draft_id: Any) -> Any:
        async with pool.acquire() as connection:
            return await desk.on(connection).submit(person_id, draft_id)

    outcomes = await asyncio.gather(tap(father, own), tap(daughter, for_him), return_exceptions=True)
    # Refused by the constraint, or, having come a moment later, by what it then reads.
    refused = [outcome for outcome in outcomes if isinstance(outcome, StayClaimed | Invalid)]
    assert len(refused) == 1, outcomes
    assert await db.fetchval("select count(*) from reimbursement.claim") == 1


async def test_overlapping_days_are_the_same_stay(desk: Desk, father: int) -> None:
    await desk.claim(father)
    reading = await desk.read(father, await desk.begin(father, admitted="2026-11-01", discharged="2026-11-11"))
    assert "已经申请过" in reading.problems_of(Step.STAY)[0].sentence
    # The day of discharge may be the next stay's day of admission.
    before = {"admitted": "2026-11-01", "discharged": "2026-11-10", "number_1": "1400000001", "date_1": "2026-11-10"}
    assert (await desk.claim(father, **before)).state is ClaimState.REVIEWING


async def test_an_invoice_is_claimed_once_in_the_province(desk: Desk, registry: Registry, father: int) -> None:
    claim = await desk.claim(father)
    other = await registry.add("钱七", pool_code="140400")
    with pytest.raises(InvoiceUsed, match="5678"):
        await desk.claim(other, number_1="14-0000-5678")
    await reimbursement.withdraw(desk.db, viewer_id=father, number=claim.number, channel="portal", now=desk.now)
    assert (await desk.claim(other, number_1="１４００００５６７８")).state is ClaimState.REVIEWING


async def test_the_same_number_of_another_year_is_another_invoice(desk: Desk, registry: Registry, father: int) -> None:
    await desk.claim(father)
    other = await registry.add("钱八")
    last_year = {"admitted": "2025-11-03", "discharged": "2025-11-10", "date_1": "2025-11-10"}
    assert (await desk.claim(other, **last_year)).state is ClaimState.REVIEWING


async def test_one_invoice_from_two_people_at_once(desk: Desk, pool: Pool, registry: Registry) -> None:
    people = [await registry.add(f"孙{number}") for number in range(4)]
    ready = []
    for person in people:
        draft_id = await desk.begin(person)
        await desk.sign(person, draft_id)
        ready.append((person, draft_id))

    async def tap(person: int, draft_id: Any) -> Any:
        async with pool.acquire() as connection:
            return await desk.on(connection).submit(person, draft_id)

    outcomes = await asyncio.gather(*(tap(*each) for each in ready), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Claim"] + ["InvoiceUsed"] * 3


async def test_withdrawn_it_may_be_claimed_again(desk: Desk, father: int, stranger: int) -> None:
    claim = await desk.claim(father)
    with pytest.raises(ClaimNotFound):
        await reimbursement.withdraw(desk.db, viewer_id=stranger, number=claim.number, channel="portal", now=desk.now)
    for _ in range(2):
        gone = await reimbursement.withdraw(
            desk.db, viewer_id=father, number=claim.number, channel="portal", now=desk.now
        )
        assert gone.state is ClaimState.WITHDRAWN
    assert (await desk.claim(father)).number != claim.number


async def test_many_at_once_for_one_stay_are_one_claim(desk: Desk, pool: Pool, father: int, daughter: int) -> None:
    """Many drafts of one stay handed in at the same moment: one claim, and everybody else is told why not."""
    ready = []
    for number in range(4):
        person = (father, daughter)[number % 2]
        draft_id = await desk.begin(person, father, number_1=f"140000000{number}")
        await desk.sign(person, draft_id)
        ready.append((person, draft_id))

    async def tap(person: int, draft_id: Any) -> Any:
        async with pool.acquire() as connection:
            return await desk.on(connection).submit(person, draft_id)

    outcomes = await asyncio.gather(*(tap(*each) for each in ready), return_exceptions=True)
    assert sorted(type(outcome) is Claim for outcome in outcomes) == [False] * 3 + [True], outcomes
    assert all(isinstance(outcome, StayClaimed | Invalid | Claim) for outcome in outcomes), outcomes


# -- what the database keeps by itself -------------------------------------------------------------------------------


@asynccontextmanager
async def rolled_back(db: Connection) -> AsyncIterator[None]:
    transaction = db.transaction()
    await transaction.start()
    try:
        yield
    finally:
        await transaction.rollback()


async def test_rows_for_one_stay_written_at_once_never_wait_for_each_other(desk: Desk, pool: Pool, father: int) -> None:
    """Straight into the table, where the constraint alone decides: a race that used to end in a deadlock."""
    claim = await desk.claim(father)
    await reimbursement.withdraw(desk.db, viewer_id=father, number=claim.number, channel="portal", now=desk.now)
    reading = await desk.read(father, await desk.begin(father))
    assert reading.answers is not None
    answers = reading.answers

    async def writes(round_no: int) -> bool:
        async with pool.acquire() as db, rolled_back(db):
            made = await store.insert_claim(
                db,
                desk.vault,
                answers,
                person_id=father,
                applied_by=father,
                decision={},
                policy_version="",
                submit_token=uuid4(),
                channel="portal",
                due_on=None,
                now=desk.now,
            )
            return made is not None

    for round_no in range(40):
        outcomes = await asyncio.gather(*(writes(round_no) for _ in range(12)))
        assert any(outcomes)


async def test_what_was_signed_is_never_changed(desk: Desk, db: Connection, father: int) -> None:
    claim = await desk.claim(father)
    for column in ("total_fen", "admitted_on", "institution_code", "answers", "applied_by", "insured_pool"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await db.execute(f"update reimbursement.claim set {column} = {column}")
    for table in ("claim", "invoice", "event"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await db.execute(f"delete from reimbursement.{table}")
    # Not even by a row more: what is computed on is what was invoiced.
    with pytest.raises(asyncpg.CheckViolationError, match="do not add up"):
        await db.execute(
            "insert into reimbursement.invoice values ($1, $2, 2, '1400009999', '2026-11-18', 1)",
            claim.person_id,
            claim.claim_serial,
        )
