"""撤销: undo a settlement whose number is known, whole, once, and without touching any other."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime

from tongban import mutual_aid
from tongban.infra.db import Db
from tongban.kernel.money import Fen
from tongban.kernel.vocabulary import CareKind
from tongban.law import Pack, YearTotals
from tongban.settlement import store_undo, store_year
from tongban.settlement.attempt import with_one_retry
from tongban.settlement.errors import SettlementNotFound
from tongban.settlement.later import changes_without
from tongban.settlement.messages import REVERSED, require_same_message
from tongban.settlement.model import (
    Cancelled,
    CancelRequest,
    EncounterState,
    LaterChange,
    SettlementState,
    SettlementWay,
)
from tongban.settlement.store_undo import CancelFacts


async def cancel(db: Db, pack: Pack, request: CancelRequest, *, now: datetime) -> Cancelled:
    """Take a settlement back: year totals, personal account, filing marks, ledger, and the visit is open again.

    Later settlements of the same year keep their amounts; which of them would have come out differently, and how, is
    written down in the same transaction (`later_changes`), computed by the law each of them was settled under.

    Asked again, by the same message or by another, the first cancellation is the answer (`is_repeat`) and nothing more
    happens. Raises SettlementNotFound for another institution's number as for none. `db` must be in no transaction.
    """
    return await undo(db, pack, request, is_reversal=False, now=now)


async def undo(db: Db, pack: Pack, request: CancelRequest, *, is_reversal: bool, now: datetime) -> Cancelled:
    """Cancel, or (`is_reversal`) withdraw the settle message itself: then `request` carries that message's own key."""

    async def attempt() -> Cancelled:
        return await _undo_once(db, pack, request, is_reversal=is_reversal, now=now)

    return await with_one_retry(
        db, lambda: store_undo.lock_for_cancelling(db, request.person_id, request.settlement_serial), attempt
    )


async def _undo_once(db: Db, pack: Pack, request: CancelRequest, *, is_reversal: bool, now: datetime) -> Cancelled:
    facts = await store_undo.read_cancel(db, request)
    if facts is None or request.encounter_serial not in (None, facts.record.encounter_serial):
        raise SettlementNotFound("没有找到这笔结算，请核对结算号和就诊号")
    if not is_reversal and facts.message_state is not None:
        require_same_message(facts.message_state, facts.message_hash, request.request_hash)
    if facts.record.state is SettlementState.CANCELLED:
        return await _as_before(db, facts, request, is_reversal=is_reversal, now=now)
    later: Sequence[LaterChange] = ()
    # A disease's year is not among the totals of the delta: it stands in the record.
    if facts.has_later and (facts.year_delta != YearTotals() or facts.record.care_kind is CareKind.CHRONIC):
        later = await changes_without(db, pack, facts.record)
    async with db.transaction() if facts.record.mutual_aid else nullcontext():
        serial, balance_fen = await store_undo.write_cancellation(
            db,
            facts,
            request,
            later,
            encounter_state=_state_after(facts),
            is_reversal=is_reversal,
            now=now,
        )
        for use in facts.record.aid_uses:
            await mutual_aid.tell_returned(db, use, now=now)
    return _cancelled(facts, serial, now, balance_fen, later, is_repeat=False)


def _state_after(facts: CancelFacts) -> EncounterState:
    """A visit is open again, but for what other batches settled; a stay written down for a claim goes with it."""
    if facts.record.way is SettlementWay.MANUAL:
        return EncounterState.VOIDED
    return EncounterState.SETTLED if facts.has_other_batches else EncounterState.OPEN


async def _as_before(
    db: Db, facts: CancelFacts, request: CancelRequest, *, is_reversal: bool, now: datetime
) -> Cancelled:
    """Cancelled earlier. What is new is at most the message that asks for it."""
    if is_reversal and facts.message_state != REVERSED:
        await store_undo.reverse_message(db, request, now)
    if not is_reversal and facts.message_state is None:
        await store_undo.note_cancel_message(db, request, facts.record.encounter_serial, now)
    serial, cancelled_at = facts.record.cancellation_serial, facts.record.cancelled_at
    assert serial is not None
    assert cancelled_at is not None
    later = await store_year.changes_by(db, request.person_id, request.settlement_serial)
    return _cancelled(facts, serial, cancelled_at, facts.balance_after_cancel_fen, later, is_repeat=True)


def _cancelled(
    facts: CancelFacts,
    serial: int,
    cancelled_at: datetime,
    balance_fen: Fen | None,
    later: Sequence[LaterChange],
    *,
    is_repeat: bool,
) -> Cancelled:
    return Cancelled(
        settlement=replace(
            facts.record, state=SettlementState.CANCELLED, cancelled_at=cancelled_at, cancellation_serial=serial
        ),
        cancellation_serial=serial,
        cancelled_at=cancelled_at,
        balance_after_fen=balance_fen,
        later_changes=tuple(later),
        is_repeat=is_repeat,
    )
