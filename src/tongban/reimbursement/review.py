"""The agency's side: look, accept, ask for more, refuse with a reason, compute by the law, take back.

Every look is logged, every decision is told to the patient and to whoever applied. Two reviewers at once: the second
waits for the first and then finds a claim that is no longer where it was.
"""

from collections.abc import Sequence
from datetime import datetime

from tongban.agency import CHANNEL, CaseNotFound, Operator, log_case_look, log_queue_look, told
from tongban.directory import Regions
from tongban.infra.clock import day_of
from tongban.infra.crypto import Vault
from tongban.infra.db import Db
from tongban.law import ClaimCare, Pack
from tongban.materials import close
from tongban.reimbursement import rules, store, store_payments
from tongban.reimbursement.errors import ClaimClosed, FindingWrong
from tongban.reimbursement.model import (
    Claim,
    ClaimDetail,
    ClaimState,
    EventKind,
    Finding,
    RefuseCode,
)
from tongban.reimbursement.records import settlement_of
from tongban.reimbursement.scope import locked_for, seen_by
from tongban.reimbursement.telling import tell
from tongban.settlement import (
    Busy,
    SelfPaidStay,
    Settled,
    SettlementWay,
    StaySettled,
    cancel_reimbursement,
    reimburse,
    settled_stay,
)

QUEUE_MAX = 200
_UNPAID = (ClaimState.COMPUTED, ClaimState.NOTHING_DUE, ClaimState.RETURNED)
_WAITING = (ClaimState.REVIEWING, ClaimState.COMPUTED, ClaimState.RETURNED)


async def queue(
    db: Db, *, operator: Operator, states: Sequence[ClaimState] = _WAITING, limit: int = 50, now: datetime
) -> list[Claim]:
    """What waits for the operator's pools, the one due first on top."""
    found = await store.queue(db, sorted(operator.pools), states, min(limit, QUEUE_MAX))
    await log_queue_look(db, operator, "claim", shown=len(found), now=now)
    return found


async def look(db: Db, vault: Vault, *, operator: Operator, number: str, now: datetime) -> ClaimDetail:
    """Everything of one claim. Raises CaseNotFound."""
    claim = await seen_by(db, operator, number)
    found = await store.detail(db, vault, claim.person_id, claim.claim_serial)
    if found is None:
        raise CaseNotFound
    await log_case_look(db, operator, "claim", person_id=claim.person_id, number=claim.number, now=now)
    return found


async def accept(db: Db, *, operator: Operator, number: str, now: datetime) -> Claim:
    """Take a claim in hand. Twice is once."""
    async with db.transaction():
        claim = await _open_claim(db, operator, number)
        return await _accepted(db, claim, operator, now)


async def ask(
    db: Db, pack: Pack, *, operator: Operator, number: str, slots: Sequence[str], sentence: str, now: datetime
) -> Claim:
    """Ask for pictures: which, and in a sentence to the person why."""
    async with db.transaction():
        claim = await _open_claim(db, operator, number)
        known, _ = rules.slots_of(pack, claim.insured_pool, is_for_self=claim.is_for_self, on=day_of(now))
        names = [slot.slot for slot in known]
        wrong = [slot for slot in slots if slot not in names]
        if wrong or not slots:
            raise FindingWrong(f"要补哪些材料，只能从 {'、'.join(names)} 里选", field="slots")
        said = told(sentence, "要补什么、为什么")
        claim = await _accepted(db, claim, operator, now)
        claim = await store.change(
            db, claim, state=ClaimState.PAPERS_DUE, asked_slots=list(dict.fromkeys(slots)), said=said
        )
        await tell(db, claim, EventKind.ASKED, actor=operator.actor, channel=CHANNEL, now=now, note=said)
    return claim


async def refuse(db: Db, *, operator: Operator, number: str, code: RefuseCode, sentence: str, now: datetime) -> Claim:
    """Refuse with a reason from the list and a sentence to the person. The invoices are free again."""
    async with db.transaction():
        claim = await _open_claim(db, operator, number)
        return await _refused(db, claim, code, told(sentence, "为什么不通过"), operator, now)


async def preview(
    db: Db, pack: Pack, regions: Regions, *, operator: Operator, number: str, finding: Finding, now: datetime
) -> Settled:
    """What the claim would come to: computed as `compute` does and rolled back. Raises what `compute` raises."""
    try:
        async with db.transaction():
            claim = await _open_claim(db, operator, number)
            raise _OnlyLooking(await reimburse(db, pack, regions, _stay(claim, finding), now=now))
    except _OnlyLooking as looked:
        return looked.settled


class _OnlyLooking(Exception):
    """Takes back what was written to look at it."""

    def __init__(self, settled: Settled) -> None:
        super().__init__()
        self.settled = settled


async def compute(
    db: Db, pack: Pack, regions: Regions, *, operator: Operator, number: str, finding: Finding, now: datetime
) -> Claim:
    """Compute a claim by the law and owe the person what comes out, all in one transaction.

    A stay that was settled at the hospital meanwhile ends the claim: it comes back refused, with that as its reason.
    Raises CaseNotFound, ClaimClosed, FindingWrong, and everything else that `settlement.reimburse`
    refuses; then nothing is written. `db` must be in no transaction.
    """
    try:
        async with db.transaction():
            claim = await _accepted(db, await _open_claim(db, operator, number), operator, now)
            settled = await reimburse(db, pack, regions, _stay(claim, finding), now=now)
            claim = await store.change(
                db,
                claim,
                state=ClaimState.COMPUTED if settled.fund_payment_fen else ClaimState.NOTHING_DUE,
                asked_slots=[],
                said="",
                attempts=claim.attempts + 1,
                settlement_serial=settled.settlement_serial,
                payout_fen=settled.fund_payment_fen,
                computed_by=operator.name,
            )
            await tell(
                db, claim, EventKind.COMPUTED, actor=operator.actor, channel=CHANNEL, now=now, note=settled.number or ""
            )
            if claim.state is ClaimState.NOTHING_DUE:
                await close(db, person_id=claim.person_id, subject=claim.number, now=now)
            return claim
    except StaySettled:
        return await _settled_meanwhile(db, operator, number, now)


async def take_back(db: Db, pack: Pack, *, operator: Operator, number: str, reason: str, now: datetime) -> Claim:
    """Undo a computation on which nothing was paid, so that it can be made again. `db` must be in no transaction."""
    said = told(reason, "为什么撤回核算")
    claim = await seen_by(db, operator, number)
    record = await settlement_of(db, claim)
    async with db.transaction():
        claim = await locked_for(db, operator, number)
        live = await store_payments.live_payment(db, claim.person_id, claim.claim_serial)
        if claim.state not in _UNPAID or live is not None or record is None:
            raise ClaimClosed(f"这份申请{claim.state.zh}，不能撤回核算；付出去的钱要先由银行退回")
        if record.settlement_serial != claim.settlement_serial:
            raise ClaimClosed("这份申请刚刚重新核算过，请再看一下")
        await cancel_reimbursement(db, pack, record, claim_number=claim.number, now=now)
        claim = await store.change(
            db, claim, state=ClaimState.REVIEWING, settlement_serial=None, payout_fen=None, computed_by=""
        )
        await tell(db, claim, EventKind.TAKEN_BACK, actor=operator.actor, channel=CHANNEL, now=now, note=said)
    return claim


async def _open_claim(db: Db, operator: Operator, number: str) -> Claim:
    """One that is still to be decided, held until the transaction ends."""
    claim = await locked_for(db, operator, number)
    if not claim.is_open:
        raise ClaimClosed(f"这份申请{claim.state.zh}，不用再审")
    return claim


async def _accepted(db: Db, claim: Claim, operator: Operator, now: datetime) -> Claim:
    if claim.accepted_at is not None:
        return claim
    claim = await store.change(db, claim, accepted_at=now)
    await tell(db, claim, EventKind.ACCEPTED, actor=operator.actor, channel=CHANNEL, now=now)
    return claim


async def _refused(db: Db, claim: Claim, code: RefuseCode, said: str, operator: Operator, now: datetime) -> Claim:
    claim = await store.change(
        db,
        claim,
        state=ClaimState.REFUSED,
        refuse_code=code,
        said=said,
        asked_slots=[],
        accepted_at=claim.accepted_at or now,
    )
    await store.free_invoices(db, claim)
    await tell(db, claim, EventKind.REFUSED, actor=operator.actor, channel=CHANNEL, now=now, note=said)
    await close(db, person_id=claim.person_id, subject=claim.number, now=now)
    return claim


async def _settled_meanwhile(db: Db, operator: Operator, number: str, now: datetime) -> Claim:
    async with db.transaction():
        claim = await _open_claim(db, operator, number)
        stay = (claim.person_id, claim.institution_code, claim.admitted_on, claim.discharged_on)
        settled = await settled_stay(db, *stay)
        if settled is None:
            raise Busy("这次住院的结算刚刚变了，什么都没有写。请再核算一次")
        how = "报销过了" if settled.way is SettlementWay.MANUAL else "在医院直接结算了"
        said = f"这次住院已经{how}，不能再报一次。"
        return await _refused(db, claim, RefuseCode.SETTLED_DIRECTLY, said, operator, now)


def _stay(claim: Claim, finding: Finding) -> SelfPaidStay:
    is_birth = claim.care is ClaimCare.MATERNITY_INPATIENT
    if finding.delivery is not None and not is_birth:
        raise FindingWrong("这份申请不是生育住院，不用填分娩方式", field="delivery")
    return SelfPaidStay(
        person_id=claim.person_id,
        claim_number=claim.number,
        attempt=claim.attempts + 1,
        institution_code=claim.institution_code,
        insurance_type=claim.insurance_type,
        admitted_on=claim.admitted_on,
        discharged_on=claim.discharged_on,
        total_fen=claim.total_fen,
        charges=finding.charges,
        is_emergency=finding.is_emergency,
        is_trauma=claim.is_injury,
        has_third_party=False if claim.is_injury else None,
        is_birth=is_birth,
        delivery=finding.delivery,
    )
