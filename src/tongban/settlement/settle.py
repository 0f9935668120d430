"""预结算 and 结算: the same computation; one writes it down.

Two round trips: one read of everything the law needs, one statement that writes all of it or nothing.
"""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import asyncpg

from tongban import mutual_aid
from tongban.account import AidPaid, Posting, care_postings
from tongban.directory import Regions
from tongban.infra.clock import day_of
from tongban.infra.db import Db
from tongban.kernel.identifiers import SETTLEMENT, OutsideNumber
from tongban.kernel.money import AMOUNT_MAX_FEN, Fen, yuan
from tongban.kernel.vocabulary import CareKind, PersonnelCategory
from tongban.law import Pack, SharedExpense
from tongban.mutual_aid import Draw
from tongban.settlement import store_records, store_settle, store_undo
from tongban.settlement.archive import keep_version
from tongban.settlement.attempt import with_one_retry
from tongban.settlement.benefit import Verdict, judge
from tongban.settlement.errors import (
    AlreadySettled,
    AmountMismatch,
    Busy,
    DateRefused,
    EncounterClosed,
    EnrollmentRefused,
    PaymentStopped,
    SettlementCancelled,
    StayReimbursed,
)
from tongban.settlement.messages import require_same_message
from tongban.settlement.model import (
    EncounterState,
    MutualAidShare,
    Settled,
    SettlementState,
    SettlementWay,
    SettleRequest,
)
from tongban.settlement.rules import Split, account_share
from tongban.settlement.store_settle import Bill
from tongban.settlement.visits import (
    encounter_not_found,
    is_benefit_suspended,
    require_discharge_in_order,
    require_payable_injury,
)


async def preview(db: Db, pack: Pack, regions: Regions, request: SettleRequest, *, now: datetime) -> Settled:
    """预结算: who would pay what, with nothing written and no number drawn. Refused for what settling would refuse."""
    bill = await store_settle.read_bill(db, request, _benefit_year(request), pack.version, draw_serial=False)
    if bill is None or bill.encounter.is_claim:
        raise encounter_not_found()
    category = _require_settleable(bill, request, day_of(now))
    verdict = judge(pack, regions, bill, category, request.settled_on)
    draws = _draws(pack, bill, request, verdict, only=None)
    return settled_from(bill, request, verdict, category, draws, settled_at=None)


async def settle(db: Db, pack: Pack, regions: Regions, request: SettleRequest, *, now: datetime) -> Settled:
    """结算: pay the bill once.

    The same message again is answered as the first time (`is_repeat`); other contents under its id, a message already
    reversed and a bill already settled are refused. So is a bill whose total (or any echoed amount) is not what the
    uploaded lines add up to, and one the law cannot decide: then nothing is written. `db` must be in no transaction.
    """

    locked_givers: frozenset[int] | None = None

    async def lock() -> None:
        nonlocal locked_givers
        locked_givers = await store_settle.givers_of(db, request.person_id) if request.use_account else frozenset()
        await store_settle.lock_for_settling(
            db,
            request.person_id,
            request.encounter_serial,
            _benefit_year(request),
            request.insurance_type,
            tuple(locked_givers),
        )

    async def attempt() -> Settled:
        return await _settle_once(db, pack, regions, request, now, only_givers=locked_givers)

    try:
        return await with_one_retry(db, lock, attempt)
    except asyncpg.ExclusionViolationError:
        # The agency was faster by a moment, and its payment stands.
        raise _stay_reimbursed() from None
    except Busy:
        # The second attempt lost to the very same message, or to its reversal: that one's outcome is the answer.
        answer = await _answer_given(db, request)
        if answer is None:
            raise
        return answer


async def _settle_once(
    db: Db,
    pack: Pack,
    regions: Regions,
    request: SettleRequest,
    now: datetime,
    *,
    only_givers: frozenset[int] | None,
) -> Settled:
    """`only_givers`: whose accounts are locked already. Somebody who has begun to give since is left alone, since locks
    are taken in one order; None: nothing is locked yet."""
    benefit_year = _benefit_year(request)
    bill = await store_settle.read_bill(db, request, benefit_year, pack.version, draw_serial=True)
    if bill is None or bill.encounter.is_claim:
        raise encounter_not_found()
    if bill.message_state is not None:
        return await _first_answer(db, request, bill.message_state, bill.message_hash, bill.message_settlement)
    category = _require_settleable(bill, request, day_of(now))
    verdict = judge(pack, regions, bill, category, request.settled_on)
    draws = _draws(pack, bill, request, verdict, only=only_givers)
    settled = settled_from(bill, request, verdict, category, draws, settled_at=now)
    if not bill.is_version_kept:
        await keep_version(db, pack, now=now)
    async with _told_together(db, draws):
        await store_settle.write_settlement(
            db,
            bill,
            settled,
            benefit_year=benefit_year,
            year_delta=verdict.year_delta,
            discharged_on=request.discharged_on,
            postings=_postings(settled, draws),
            draws=draws,
            transaction_code=request.transaction_code,
            request_hash=request.request_hash,
        )
        for use in settled.aid_uses:
            await mutual_aid.tell_used(db, use, now=now)
    return settled


def _told_together(db: Db, draws: Sequence[Draw]) -> AbstractAsyncContextManager[Any]:
    """One statement writes a settlement. Only where relatives pay, who are told of it, does that take a transaction."""
    return db.transaction() if draws else nullcontext()


async def _answer_given(db: Db, request: SettleRequest) -> Settled | None:
    message = await store_undo.known_message(db, request)
    if message is None:
        return None
    return await _first_answer(db, request, message.state, message.request_hash, message.settlement_serial)


async def _first_answer(
    db: Db, request: SettleRequest, state: str, known_hash: bytes | None, serial: int | None
) -> Settled:
    require_same_message(state, known_hash, request.request_hash)
    assert serial is not None, "a settle message that is done has settled something"
    record = await store_records.settlement(db, request.person_id, serial)
    assert record is not None
    if record.state is SettlementState.CANCELLED:
        raise SettlementCancelled(f"这条报文办的结算 {record.number} 已经撤销；要重新结算请换一个新的报文号")
    return replace(record, is_repeat=True)


def _benefit_year(request: SettleRequest) -> int:
    """The year whose ceiling counts is that of the settlement."""
    return request.settled_on.year


def _require_settleable(bill: Bill, request: SettleRequest, today: date) -> PersonnelCategory:
    """Everything that forbids settling before the law is asked; returns the personnel category the records hold."""
    encounter = bill.encounter
    if encounter.state is EncounterState.VOIDED:
        raise EncounterClosed("这次就诊已经撤销，不能结算；要继续请重新登记")
    if bill.live_settlement is not None:
        number = str(OutsideNumber(SETTLEMENT, request.person_id, bill.live_settlement))
        raise AlreadySettled(f"这次就诊已经结算过，结算号 {number}；要改请先撤销那一笔", number=number)
    if bill.reimbursed_settlement is not None:
        raise _stay_reimbursed()
    if request.insurance_type is not encounter.insurance_type:
        raise EnrollmentRefused(
            f"险种对不上：登记时是{encounter.insurance_type.zh}，这次是{request.insurance_type.zh}，请核对后再结算"
        )
    require_payable_injury(is_trauma=encounter.is_trauma, has_third_party=encounter.has_third_party)
    _check_dates(request, encounter.admitted_on, today)
    _check_amounts(bill.split, request)
    if bill.category is None or bill.enrolled_pool != encounter.insured_pool:
        raise EnrollmentRefused(
            f"{encounter.admitted_on} 这一天的{encounter.insurance_type.zh}参保记录变了，和登记时不一样；"
            "请撤销登记后重新办理，或请本人联系参保地经办机构"
        )
    if is_benefit_suspended(bill.payment_state, encounter.insurance_type):
        raise PaymentStopped("缴费已中断，现在不能直接结算；请先付费、留好票据，补缴后问参保地能不能报销")
    return bill.category


def _stay_reimbursed() -> StayReimbursed:
    return StayReimbursed(
        "这次住院已经由参保地手工报销过，不能再直接结算，没有扣任何钱；"
        "日期登记错了请改对入院、出院日期，报销有错请本人联系参保地经办机构"
    )


def _check_dates(request: SettleRequest, admitted_on: date, today: date) -> None:
    if not admitted_on <= request.settled_on <= today:
        raise DateRefused(
            f"结算日期 {request.settled_on} 不对：应该在就诊日期 {admitted_on} 和今天 {today} 之间，请改对后再发"
        )
    require_discharge_in_order(admitted_on, request.discharged_on, today)


def _check_amounts(lines: Split, request: SettleRequest) -> None:
    if not 0 <= request.total_fen <= AMOUNT_MAX_FEN or request.total_fen != lines.total_fen:
        raise AmountMismatch(
            f"医疗费总额对不上：报文里是 {yuan(request.total_fen)} 元，上传的明细合计 {yuan(lines.total_fen)} 元；"
            "请补传或撤销明细后再结算"
        )
    if request.expected is None:
        return
    for label, sent, ours in (
        ("全自费", request.expected.self_funded_fen, lines.self_funded_fen),
        ("超限价", request.expected.over_price_cap_fen, lines.over_price_cap_fen),
        ("先行自付", request.expected.preselfpay_fen, lines.preselfpay_fen),
        ("符合政策范围", request.expected.in_scope_fen, lines.in_scope_fen),
    ):
        if sent is not None and sent != ours:
            raise AmountMismatch(
                f"{label}金额对不上：报文里是 {yuan(sent)} 元，按就医地目录算是 {yuan(ours)} 元；"
                "请重新预结算，用新的金额再结算"
            )


def _own_account_fen(bill: Bill, request: SettleRequest, verdict: Verdict) -> Fen:
    return account_share(
        verdict.person_share_fen,
        use_account=request.use_account,
        insurance=bill.encounter.insurance_type,
        spendable_fen=None if bill.balance_fen is None else bill.balance_fen - bill.reserved_fen,
    )


def _draws(
    pack: Pack, bill: Bill, request: SettleRequest, verdict: Verdict, *, only: frozenset[int] | None
) -> tuple[Draw, ...]:
    """What relatives pay of what the own account leaves."""
    if not request.use_account or not bill.offers:
        return ()
    encounter = bill.encounter
    return mutual_aid.share_out(
        pack,
        [offer for offer in bill.offers if only is None or offer.giver_id in only],
        wanted_fen=verdict.person_share_fen - _own_account_fen(bill, request, verdict),
        receiver_pool=encounter.insured_pool,
        receiver_payment_state=bill.payment_state,
        expense=SharedExpense.PHARMACY if encounter.care_kind is CareKind.PHARMACY else SharedExpense.CARE,
        on=request.settled_on,
    )


def settled_from(
    bill: Bill,
    request: SettleRequest,
    verdict: Verdict,
    category: PersonnelCategory,
    draws: Sequence[Draw] = (),
    *,
    settled_at: datetime | None,
    way: SettlementWay = SettlementWay.DIRECT,
) -> Settled:
    """The whole answer, its sums checked before anything is written."""
    encounter, split = bill.encounter, bill.split
    account_fen = _own_account_fen(bill, request, verdict)
    mutual_aid_fen = sum(draw.amount_fen for draw in draws)
    settled = Settled(
        person_id=request.person_id,
        encounter_serial=request.encounter_serial,
        settlement_serial=bill.new_serial,
        batch=request.batch,
        institution_code=encounter.institution_code,
        care_kind=encounter.care_kind,
        insurance_type=encounter.insurance_type,
        category=category,
        insured_pool=encounter.insured_pool,
        treatment_pool=encounter.treatment_pool,
        filing_serial=verdict.filing_serial,
        settled_on=request.settled_on,
        settled_at=settled_at,
        total_fen=split.total_fen,
        self_funded_fen=split.self_funded_fen,
        over_price_cap_fen=split.over_price_cap_fen,
        preselfpay_fen=split.preselfpay_fen,
        in_scope_fen=split.in_scope_fen,
        deductible_fen=verdict.deductible_fen,
        rate_bp=verdict.rate_bp,
        pooled_fund_fen=verdict.pooled_fund_fen,
        critical_illness_fen=verdict.critical_illness_fen,
        medical_assistance_fen=verdict.medical_assistance_fen,
        account_fen=account_fen,
        mutual_aid_fen=mutual_aid_fen,
        mutual_aid=tuple(
            MutualAidShare(draw.offer.giver_id, draw.offer.grant_serial, draw.amount_fen) for draw in draws
        ),
        cash_fen=verdict.person_share_fen - account_fen - mutual_aid_fen,
        balance_after_fen=None if bill.balance_fen is None else bill.balance_fen - account_fen,
        confidence=verdict.confidence,
        policy_version=verdict.record["version"],
        assessment=verdict.record,
        message_id=request.message_id,
        way=way,
    )
    _assert_adds_up(settled)
    return settled


def _assert_adds_up(settled: Settled) -> None:
    """A bill that does not add up is our fault, never the hospital's: stop before money moves."""
    shares: tuple[Fen, ...] = (
        settled.pooled_fund_fen,
        settled.critical_illness_fen,
        settled.medical_assistance_fen,
        settled.account_fen,
        settled.mutual_aid_fen,
        settled.cash_fen,
    )
    if min(shares) < 0 or sum(shares) != settled.total_fen:
        raise ArithmeticError("the shares of a settlement do not add up to its total")


def _postings(settled: Settled, draws: Sequence[Draw] = ()) -> tuple[Posting, ...]:
    return care_postings(
        person_id=settled.person_id,
        institution_code=settled.institution_code,
        insured_pool=settled.insured_pool,
        treatment_pool=settled.treatment_pool,
        paid_fen=settled.paid_by_funds,
        account_fen=settled.account_fen,
        aids=[AidPaid(draw.offer.giver_id, draw.offer.giver_pool, draw.amount_fen) for draw in draws],
    )
