"""Cancel a filing: only while nothing has been settled at its place."""

from dataclasses import replace
from datetime import datetime

from tongban.filing import store
from tongban.filing.errors import FilingNotFound, SettledHere
from tongban.filing.model import Filing, FilingStatus
from tongban.infra import audit
from tongban.infra.db import Db

REASON_LENGTH_MAX = 200


async def cancel_filing(
    db: Db, *, person_id: int, filing_serial: int, actor_id: int, reason: str, channel: str, now: datetime
) -> Filing:
    """The closed filing; closing it again changes nothing. By the insured person or whoever filed it.

    Settlement stamps the row under the lock taken here: either the stamp comes first and this refuses, or this comes
    first and the stamp finds nothing. Raises FilingNotFound (also for strangers) and SettledHere.
    """
    async with db.transaction():
        filing = await store.filing(db, person_id, filing_serial, lock=True)
        if filing is None or actor_id not in (filing.person_id, filing.filed_by):
            raise FilingNotFound("没有找到这个备案，请从“我办过的事”里打开")
        if filing.status is FilingStatus.CLOSED:
            return filing
        if filing.settlements_here > 0:
            raise SettledHere(
                f"这个备案已经在当地结算过 {filing.settlements_here} 次，不能取消了。有疑问请打参保地的电话"
            )
        reason = reason.strip()[:REASON_LENGTH_MAX]
        actor = f"person:{actor_id}"
        await store.close(db, person_id, filing_serial, now=now, closed_by=actor_id, reason=reason)
        await store.add_event(
            db, person_id, filing_serial, at=now, what="closed", actor=actor, channel=channel, note=reason
        )
        await audit.record(
            db,
            now=now,
            actor=actor,
            channel=channel,
            action="filing.cancelled",
            person_id=person_id,
            subject=filing.number,
        )
    return replace(filing, status=FilingStatus.CLOSED, closed_at=now, close_reason=reason)
