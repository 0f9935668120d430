"""冲正: withdraw a message whose outcome the hospital does not know, by its message id alone.

The row of `settlement.message` decides. Found done: what it did is undone. Not found: a row is left that refuses the
original, should it arrive late. Both insert the same key, so there is no moment between looking and writing.
"""

from datetime import datetime

from tongban.infra.db import Db
from tongban.law import Pack
from tongban.settlement import store_undo
from tongban.settlement.attempt import with_one_retry
from tongban.settlement.cancel import undo
from tongban.settlement.errors import ReversalRefused
from tongban.settlement.messages import REVERSED
from tongban.settlement.model import CancelRequest, EncounterState, MessageKind, Reversed, ReverseRequest
from tongban.settlement.store_undo import KnownMessage


async def reverse(db: Db, pack: Pack, request: ReverseRequest, *, now: datetime) -> Reversed:
    """A settlement is cancelled, an admission voided if nothing rests on it, an unknown message refused for good.

    Asked again it answers as before (`is_repeat`). Raises ReversalRefused for an admission that has charge lines or a
    settlement, and for a message that itself cancelled something. `db` must be in no transaction.
    """
    message = await store_undo.known_message(db, request)
    if message is None:
        if await store_undo.leave_tombstone(db, request, now):
            return Reversed(undone=MessageKind.UNKNOWN, reversed_at=now)
        # The original was written between the two statements, and is there to be undone.
        message = await store_undo.known_message(db, request)
        assert message is not None
    if message.state == REVERSED:
        assert message.reversed_at is not None
        return Reversed(
            undone=message.kind,
            reversed_at=message.reversed_at,
            encounter_serial=message.encounter_serial,
            is_repeat=True,
        )
    if message.kind is MessageKind.SETTLE:
        return await _reverse_settlement(db, pack, request, message, now)
    if message.kind is MessageKind.OPEN:
        return await _reverse_opening(db, request, message, now)
    raise ReversalRefused("撤销结算的报文不能冲正；如果还要结算，请用新的报文号重新结算")


async def _reverse_settlement(
    db: Db, pack: Pack, request: ReverseRequest, message: KnownMessage, now: datetime
) -> Reversed:
    assert message.settlement_serial is not None
    assert message.request_hash is not None
    cancelled = await undo(
        db,
        pack,
        CancelRequest(
            person_id=request.person_id,
            settlement_serial=message.settlement_serial,
            institution_code=request.institution_code,
            message_id=request.message_id,
            transaction_code=request.transaction_code,
            request_hash=message.request_hash,
        ),
        is_reversal=True,
        now=now,
    )
    return Reversed(
        undone=MessageKind.SETTLE,
        reversed_at=now,
        cancelled=cancelled,
        encounter_serial=message.encounter_serial,
        is_repeat=cancelled.is_repeat,
    )


async def _reverse_opening(db: Db, request: ReverseRequest, message: KnownMessage, now: datetime) -> Reversed:
    serial = message.encounter_serial
    assert serial is not None

    async def attempt() -> Reversed:
        encounter, has_lines, has_other_openings = await store_undo.read_opening(db, request, serial)
        if encounter.state is EncounterState.VOIDED or has_other_openings:
            # Voided already, or another message of the hospital has opened the same visit and still stands.
            await store_undo.reverse_message(db, request, now)
        elif encounter.state is EncounterState.SETTLED or has_lines:
            raise ReversalRefused("这次就诊已经有费用明细或结算，不能只冲正登记；请先撤销结算和明细，再撤销登记")
        else:
            await store_undo.reverse_opening(db, request, encounter, now)
        return Reversed(undone=MessageKind.OPEN, reversed_at=now, encounter_serial=serial)

    return await with_one_retry(db, lambda: store_undo.lock_opening(db, request.person_id, serial), attempt)
