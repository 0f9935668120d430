"""Paying a computed claim out, once, whatever is lost on the way.

Three steps, each of which may be the last before a process dies: the order is written here under a key; the bank is
told; its answer is written here with the ledger's entry. Whoever begins again finds the order and asks the bank under
the same key before telling it anything: a bank that has it says so, one that has not gets the same order once more.
No database transaction stays open while the bank is asked.
"""

from datetime import datetime

import asyncpg

from tongban.account import EntryKind, Posting, bank_account, payout_account, write_correction, write_entry
from tongban.agency import CHANNEL, Operator
from tongban.infra.crypto import Vault
from tongban.infra.db import Db
from tongban.kernel.money import Fen, yuan
from tongban.materials import close
from tongban.reimbursement import store, store_payments
from tongban.reimbursement.bank import Bank, BankAnswer, BankState, BankUnreachable, PaymentOrder
from tongban.reimbursement.errors import BankSilent, ClaimClosed, FindingWrong, FourEyes, NothingToPay, PaidTwice
from tongban.reimbursement.model import Claim, ClaimState, EventKind, Payment, PaymentState
from tongban.reimbursement.scope import locked_for
from tongban.reimbursement.telling import tell

_PAYABLE = (ClaimState.COMPUTED, ClaimState.RETURNED)


async def pay(
    db: Db,
    vault: Vault,
    bank: Bank,
    *,
    operator: Operator,
    number: str,
    four_eyes_fen: Fen | None = None,
    now: datetime,
) -> Claim:
    """Have the bank pay what a claim came to; paid already, it stays paid and is only looked at.

    From `four_eyes_fen` up, whoever computed the claim may not pay it. Raises CaseNotFound, ClaimClosed,
    NothingToPay, FourEyes, PaidTwice when it was meanwhile written down as paid outside, and BankSilent when the bank
    does not answer: then the same call later settles it. `db` must be in no transaction.
    """
    claim, payment, is_new = await _ordered(db, operator, number, four_eyes_fen, now)
    if payment.state is PaymentState.PAID:
        return claim
    try:
        answer = None if is_new else await bank.query(payment.order_key)
        if answer is None:
            card = await store.card_of(db, vault, claim)
            answer = await bank.order(
                PaymentOrder(
                    payment.order_key, payment.amount_fen, claim.insured_pool, card.name, card.bank, card.number
                )
            )
    except BankUnreachable:
        raise BankSilent("银行没有答复，还不知道付没付。请过一会再执行一次：会先向银行查，付过的不会再付") from None
    return await _answered(db, claim, payment, answer, actor="bank", now=now)


async def confirm_paid(
    db: Db, *, operator: Operator, number: str, reference: str, four_eyes_fen: Fen | None = None, now: datetime
) -> Claim:
    """Write down that a claim was paid outside, under the bank's own number of it, as its statement shows.

    For a payment that is under way as for none yet. Twice is once; under another number it is PaidTwice. Else raises
    as `pay` does.
    """
    if not reference.strip():
        raise FindingWrong("请写银行流水号，对账时要用", field="reference")
    claim, payment, _ = await _ordered(db, operator, number, four_eyes_fen, now)
    answer = BankAnswer(BankState.PAID, reference.strip())
    if payment.state is PaymentState.PAID:
        _require_same(payment, answer)
        return claim
    return await _answered(db, claim, payment, answer, actor=operator.actor, now=now)


async def give_back(db: Db, *, operator: Operator, number: str, reason: str, now: datetime) -> Claim:
    """The bank gave the money back: the fund owes it again, and the person is asked for another card. Twice is once."""
    if not reason.strip():
        raise FindingWrong("请写银行退回的原因，例如：户名和卡号对不上", field="reason")
    async with db.transaction():
        claim = await locked_for(db, operator, number)
        if claim.state is ClaimState.RETURNED:
            return claim
        payment = await store_payments.live_payment(db, claim.person_id, claim.claim_serial)
        if claim.state is not ClaimState.PAID or payment is None:
            raise ClaimClosed(f"这份申请{claim.state.zh}，没有能退回的付款")
        return await _returned(
            db, claim, payment, BankAnswer(BankState.RETURNED, "", reason.strip()), operator.actor, now
        )


async def _ordered(
    db: Db, operator: Operator, number: str, four_eyes_fen: Fen | None, now: datetime
) -> tuple[Claim, Payment, bool]:
    """The claim with its one live payment, made if there is none; True: just made, so the bank cannot know it."""
    async with db.transaction():
        claim = await locked_for(db, operator, number)
        payment = await store_payments.live_payment(db, claim.person_id, claim.claim_serial)
        if payment is not None:
            return claim, payment, False
        if claim.state is ClaimState.NOTHING_DUE:
            raise NothingToPay("这份申请核算下来没有能报的钱，不用付款")
        if claim.state not in _PAYABLE:
            raise ClaimClosed(f"这份申请{claim.state.zh}，不能付款；核算过的才能付")
        assert claim.payout_fen is not None
        if four_eyes_fen is not None and claim.payout_fen >= four_eyes_fen and claim.computed_by == operator.name:
            raise FourEyes(f"{yuan(four_eyes_fen)} 元以上的，要由另一位经办人员付款；这一笔是您核算的")
        try:
            payment = await store_payments.insert_order(
                db,
                claim.person_id,
                claim.claim_serial,
                claim_number=claim.number,
                amount_fen=claim.payout_fen,
                ordered_by=operator.name,
                now=now,
            )
        except asyncpg.UniqueViolationError:  # the row lock keeps others out; the key is there should anything not
            raise ClaimClosed("这份申请正在付款，请过一会再看") from None
        if claim.state is ClaimState.RETURNED:  # from now on the card stays what the bank was told
            claim = await store.change(db, claim, state=ClaimState.COMPUTED)
        await tell(db, claim, EventKind.ORDERED, actor=operator.actor, channel=CHANNEL, now=now)
    return claim, payment, True


async def _answered(db: Db, claim: Claim, payment: Payment, answer: BankAnswer, *, actor: str, now: datetime) -> Claim:
    """Write the bank's answer down, unless somebody else has done so meanwhile."""
    async with db.transaction():
        locked = await store.claim(db, claim.person_id, claim.claim_serial, lock=True)
        assert locked is not None
        live = await store_payments.live_payment(db, claim.person_id, claim.claim_serial)
        if live is None or live.payment_no != payment.payment_no or answer.state is BankState.ACCEPTED:
            return locked
        if live.state is PaymentState.PAID:
            _require_same(live, answer)
            return locked
        if answer.state is BankState.RETURNED:
            return await _returned(db, locked, live, answer, actor, now)
        await store_payments.end_payment(
            db,
            claim.person_id,
            claim.claim_serial,
            live.payment_no,
            PaymentState.PAID,
            bank_reference=answer.reference,
            reason="",
            now=now,
        )
        await write_entry(
            db,
            person_id=claim.person_id,
            what=EntryKind.PAYOUT,
            reference=live.order_key,
            postings=(
                Posting(payout_account(claim.number), -live.amount_fen),
                Posting(bank_account(claim.insured_pool), live.amount_fen),
            ),
            now=now,
        )
        paid = await store.change(db, locked, state=ClaimState.PAID)
        await tell(db, paid, EventKind.PAID, actor=actor, channel=CHANNEL, now=now, note=answer.reference)
        await close(db, person_id=paid.person_id, subject=paid.number, now=now)
    return paid


def _require_same(payment: Payment, answer: BankAnswer) -> None:
    """One payment has one number at the bank. Another number is another payment."""
    if answer.state is BankState.PAID and answer.reference != payment.bank_reference:
        raise PaidTwice(
            f"这份申请已经付过，流水号 {payment.bank_reference}；现在又有一个流水号 {answer.reference}。"
            "钱可能付了两次，请马上向银行查"
        )


async def _returned(db: Db, claim: Claim, payment: Payment, answer: BankAnswer, actor: str, now: datetime) -> Claim:
    """Inside a transaction that holds the claim's row."""
    await store_payments.end_payment(
        db,
        claim.person_id,
        claim.claim_serial,
        payment.payment_no,
        PaymentState.RETURNED,
        bank_reference=answer.reference or payment.bank_reference,
        reason=answer.reason,
        now=now,
    )
    if payment.state is PaymentState.PAID:
        await write_correction(
            db,
            person_id=claim.person_id,
            what=EntryKind.PAYOUT_RETURN,
            corrected=EntryKind.PAYOUT,
            reference=payment.order_key,
            now=now,
        )
    claim = await store.change(db, claim, state=ClaimState.RETURNED)
    said = answer.reason.rstrip("。") + "。" if answer.reason else ""
    await tell(db, claim, EventKind.RETURNED, actor=actor, channel=CHANNEL, now=now, note=said)
    return claim
