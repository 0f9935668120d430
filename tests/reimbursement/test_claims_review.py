"""The agency's side: who may decide what and when, computed by the law, and paid once whatever happens."""

import asyncio
from collections.abc import Awaitable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from settlement_kit import DATONG_HOSPITAL, Hospital, Insured, book_of

from claims_kit import CASHIER, REVIEWER, Desk
from tongban import notices, reimbursement, settlement
from tongban.agency import CaseNotFound, NothingSaid, Operator
from tongban.infra.db import Connection, Pool
from tongban.kernel.vocabulary import InsuranceType
from tongban.law import YearTotals
from tongban.materials import MaterialKind
from tongban.reimbursement import (
    AnswerMissing,
    Claim,
    ClaimClosed,
    ClaimState,
    Finding,
    FindingWrong,
    RecordedBank,
    RefuseCode,
)
from tongban.settlement import AmountMismatch, Delivery, Settled, Split, StayReimbursed

ELSEWHERE = Operator("elsewhere", frozenset({"140200"}))


@pytest.fixture
def bank(tmp_path: Path) -> RecordedBank:
    return RecordedBank(tmp_path / "bank")


@pytest.fixture
async def claim(desk: Desk, hospital: Hospital, father: int, daughter: int) -> Claim:
    """The daughter's, for her father."""
    return await desk.claim(daughter, father)


def insured(person_id: int) -> Insured:
    return Insured(person_id, InsuranceType.RESIDENT)


async def said_to(db: Connection, person_id: int) -> list[str]:
    return [notice.title.partition("：")[2] for notice in reversed(await notices.inbox(db, person_id))]


async def pay(
    desk: Desk, bank: reimbursement.Bank, claim: Claim, operator: Operator = CASHIER, **options: Any
) -> Claim:
    return await reimbursement.pay(
        desk.db, desk.vault, bank, operator=operator, number=claim.number, now=desk.now, **options
    )


# -- deciding --------------------------------------------------------------------------------------------------------


async def test_a_claim_goes_all_the_way(
    desk: Desk, db: Connection, bank: RecordedBank, claim: Claim, father: int, daughter: int
) -> None:
    found = await reimbursement.queue(db, operator=REVIEWER, now=desk.now)
    assert [each.number for each in found] == [claim.number]
    await reimbursement.accept(db, operator=REVIEWER, number=claim.number, now=desk.now)
    await reimbursement.ask(
        db,
        desk.pack,
        operator=REVIEWER,
        number=claim.number,
        slots=["fee_list"],
        sentence="费用清单缺第二页，请重新拍全",
        now=desk.now,
    )
    draft = await reimbursement.papers_draft(db, desk.vault, viewer_id=daughter, number=claim.number, now=desk.now)
    with pytest.raises(AnswerMissing, match="费用清单"):
        await add(desk, daughter, draft.draft_id)
    await desk.put_picture(daughter, draft.draft_id, "fee_list", MaterialKind.FEE_LIST, whose=father)
    for _ in range(2):
        answered = await add(desk, daughter, draft.draft_id)
    assert answered.state is ClaimState.REVIEWING
    assert answered.papers["fee_list"] != claim.papers["fee_list"]
    computed = await desk.compute(claim)
    assert computed.state is ClaimState.COMPUTED
    assert computed.payout_fen is not None
    paid = await pay(desk, bank, claim)
    assert paid.state is ClaimState.PAID
    detail = await reimbursement.get_claim(db, desk.vault, viewer_id=father, number=claim.number)
    assert [event.what.value for event in detail.events] == [
        "submitted",
        "accepted",
        "asked",
        "answered",
        "computed",
        "ordered",
        "paid",
    ]
    expected = ["已提交", "已受理", "要补材料", "材料补交了", "已核算", "已付款"]
    assert await said_to(db, father) == await said_to(db, daughter) == expected
    book = await book_of(db, insured(father))
    assert book == {"bank:140100": computed.payout_fen, "pool:140100:resident_pooled": -computed.payout_fen}
    looks = await db.fetchval("select count(*) from infra.audit where action like 'claim%'")
    assert looks >= 8


async def add(desk: Desk, viewer_id: int, draft_id: UUID) -> Claim:
    return await reimbursement.add_papers(
        desk.db, desk.vault, desk.pack, viewer_id=viewer_id, draft_id=draft_id, channel="portal", now=desk.now
    )


async def test_an_operator_of_another_pool_neither_sees_nor_decides(desk: Desk, db: Connection, claim: Claim) -> None:
    number, now = claim.number, desk.now
    assert await reimbursement.queue(db, operator=ELSEWHERE, now=now) == []
    calls: list[Awaitable[Any]] = [
        reimbursement.look(db, desk.vault, operator=ELSEWHERE, number=number, now=now),
        reimbursement.accept(db, operator=ELSEWHERE, number=number, now=now),
        desk.compute(claim, operator=ELSEWHERE),
    ]
    for call in calls:
        with pytest.raises(CaseNotFound):
            await call
    for none in ("R1", "R123", f"{number}9"):  # said in an operator's words, and as for one of another pool
        with pytest.raises(CaseNotFound):
            await reimbursement.look(db, desk.vault, operator=REVIEWER, number=none, now=now)
        with pytest.raises(CaseNotFound):
            await reimbursement.accept(db, operator=REVIEWER, number=none, now=now)


async def test_refused_with_a_reason_and_the_invoices_are_free(
    desk: Desk, db: Connection, claim: Claim, father: int
) -> None:
    with pytest.raises(NothingSaid):
        await reimbursement.refuse(
            db, operator=REVIEWER, number=claim.number, code=RefuseCode.NOT_COVERED, sentence="不行", now=desk.now
        )
    refused = await reimbursement.refuse(
        db,
        operator=REVIEWER,
        number=claim.number,
        code=RefuseCode.INVOICE_INVALID,
        sentence="发票在财政网站上查不到，请向医院核对",
        now=desk.now,
    )
    assert (refused.state, refused.said[-1]) == (ClaimState.REFUSED, "。")
    assert (await said_to(db, father))[-1] == "未通过"
    with pytest.raises(ClaimClosed):
        await desk.compute(claim)
    assert (await desk.claim(father)).state is ClaimState.REVIEWING


async def test_looking_at_what_it_comes_to_writes_nothing(desk: Desk, db: Connection, claim: Claim) -> None:
    finding = Finding(charges=Split(0, 0, 0, 1_000_000))
    settled = await reimbursement.preview(
        db, desk.pack, desk.regions, operator=REVIEWER, number=claim.number, finding=finding, now=desk.now
    )
    assert settled.fund_payment_fen > 0
    assert settlement.explain(desk.pack, settled).steps
    assert await db.fetchval("select count(*) from settlement.settlement") == 0
    assert (await desk.compute(claim)).payout_fen == settled.fund_payment_fen


WRONG_FINDINGS = {
    "does not add up": (Finding(charges=Split(0, 0, 0, 1)), AmountMismatch),
    "no birth": (Finding(charges=Split(0, 0, 0, 1_000_000), delivery=Delivery("x", None)), FindingWrong),
}


@pytest.mark.parametrize("name", WRONG_FINDINGS)
async def test_a_wrong_finding_changes_nothing(desk: Desk, db: Connection, claim: Claim, name: str) -> None:
    finding, kind = WRONG_FINDINGS[name]
    with pytest.raises(kind):
        await desk.compute(claim, finding)
    detail = await reimbursement.look(db, desk.vault, operator=REVIEWER, number=claim.number, now=desk.now)
    assert (detail.claim.state, detail.claim.accepted_at) == (ClaimState.REVIEWING, None)


async def test_taken_back_and_computed_again(desk: Desk, db: Connection, claim: Claim, father: int) -> None:
    first = await desk.compute(claim)
    back = await reimbursement.take_back(
        db, desk.pack, operator=REVIEWER, number=claim.number, reason="自费部分录错了", now=desk.now
    )
    assert (back.state, back.settlement_serial) == (ClaimState.REVIEWING, None)
    assert await book_of(db, insured(father)) == {}
    again = await desk.compute(claim, Finding(charges=Split(100_000, 0, 0, 900_000)))
    assert (again.payout_fen or 0) < (first.payout_fen or 0)


async def test_two_reviewers_and_the_person_at_once_decide_once(
    desk: Desk, pool: Pool, db: Connection, claim: Claim, father: int
) -> None:
    async def computes() -> Any:
        async with pool.acquire() as connection:
            return await desk.on(connection).compute(claim)

    async def refuses() -> Any:
        async with pool.acquire() as connection:
            return await reimbursement.refuse(
                connection,
                operator=REVIEWER,
                number=claim.number,
                code=RefuseCode.NOT_COVERED,
                sentence="都是自费项目，不在报销范围里",
                now=desk.now,
            )

    async def withdraws() -> Any:
        async with pool.acquire() as connection:
            return await reimbursement.withdraw(
                connection, viewer_id=father, number=claim.number, channel="portal", now=desk.now
            )

    outcomes = await asyncio.gather(computes(), withdraws(), refuses(), computes(), return_exceptions=True)
    assert sum(isinstance(outcome, Claim) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, ClaimClosed) for outcome in outcomes) == 3
    assert await db.fetchval("select count(*) from settlement.settlement") <= 1


# -- the same stay once ----------------------------------------------------------------------------------------------


async def test_settled_at_the_hospital_meanwhile_ends_the_claim(
    desk: Desk, hospital: Hospital, claim: Claim, father: int
) -> None:
    datong = hospital.at(DATONG_HOSPITAL)
    await datong.settle(await datong.stay(insured(father), 500_000))
    ended = await desk.compute(claim)
    assert (ended.state, ended.refuse_code) == (ClaimState.REFUSED, RefuseCode.SETTLED_DIRECTLY)
    assert ended.payout_fen is None
    assert set(await book_of(desk.db, insured(father))) & {f"payout:{claim.number}"} == set()


@pytest.mark.parametrize("first", ["hospital", "agency"])
async def test_a_race_of_hospital_and_review_pays_once(
    desk: Desk, hospital: Hospital, pool: Pool, claim: Claim, father: int, first: str
) -> None:
    request = await hospital.at(DATONG_HOSPITAL).stay(insured(father), 500_000)

    async def settles() -> Any:
        async with pool.acquire() as connection:
            return await hospital.at(DATONG_HOSPITAL).on(connection).settle(request)

    async def computes() -> Any:
        async with pool.acquire() as connection:
            return await desk.on(connection).compute(claim)

    calls = [settles(), computes()] if first == "hospital" else [computes(), settles()]
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    settled = [outcome for outcome in outcomes if isinstance(outcome, Settled)]
    computed = [outcome for outcome in outcomes if isinstance(outcome, Claim)]
    assert len(computed) + len([o for o in outcomes if isinstance(o, StayReimbursed)]) + len(settled) == 2, outcomes
    assert [each.state for each in computed] == [ClaimState.REFUSED if settled else ClaimState.COMPUTED]
    years = await settlement.year_totals(desk.db, father, 2026)
    assert years.get(InsuranceType.RESIDENT, YearTotals()).inpatient_stays == 1
