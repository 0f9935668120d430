"""Cancel a filing, while the insured pool's rules allow it."""

from dataclasses import replace
from datetime import date, datetime

from tongban.filing import store
from tongban.filing.errors import ChangeRefused, FilingNotFound, SettledHere
from tongban.filing.model import Filing, FilingStatus
from tongban.filing.tell import tell_closed
from tongban.infra import audit
from tongban.infra.clock import day_of
from tongban.infra.db import Db
from tongban.law import (
    Decision,
    FilingAct,
    FilingActor,
    FilingChangeQuestion,
    Pack,
    Permission,
    decide_filing_change,
)
from tongban.materials import close as close_papers
from tongban.materials import months_to_keep

REASON_LENGTH_MAX = 200


def may_cancel(pack: Pack, filing: Filing, actor_id: int, on: date) -> Decision[Permission]:
    """What the law says of cancelling; whether the filing stands at all is not asked."""
    is_settled_here = filing.settlements_here > 0
    return decide_filing_change(
        pack,
        FilingChangeQuestion(filing.insured_pool, FilingAct.CANCEL, is_settled_here, actor_of(filing, actor_id), on),
    )


def actor_of(filing: Filing, actor_id: int) -> FilingActor:
    """What that person is to the filing."""
    known = {filing.filed_by: FilingActor.PROXY, filing.person_id: FilingActor.INSURED_PERSON}
    return known.get(actor_id, FilingActor.STRANGER)


async def cancel_filing(
    db: Db, pack: Pack, *, person_id: int, filing_serial: int, actor_id: int, reason: str, channel: str, now: datetime
) -> Filing:
    """The closed filing; closing it again changes nothing. By the insured person or whoever filed it.

    Settlement stamps the row under the lock taken here: either the stamp comes first and this sees it, or this comes
    first and the stamp finds nothing. Raises FilingNotFound (also for strangers), SettledHere where a settlement at
    its place stands in the way, ChangeRefused where the law forbids or says nothing.
    """
    async with db.transaction():
        filing = await store.filing(db, person_id, filing_serial, lock=True)
        if filing is None or actor_id not in (filing.person_id, filing.filed_by):
            raise FilingNotFound("没有找到这个备案，请从“我办过的事”里打开")
        if filing.status is FilingStatus.CLOSED:
            return filing
        decision = may_cancel(pack, filing, actor_id, day_of(now))
        if decision.outcome is not Permission.ALLOWED:
            refused_as = SettledHere if filing.settlements_here > 0 else ChangeRefused
            raise refused_as(decision.sentence)
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
        await tell_closed(db, filing, actor_id, now=now)
        months = months_to_keep(pack, filing.insured_pool, day_of(now))
        await close_papers(db, person_id=person_id, subject=filing.number, months=months, now=now)
    return replace(filing, status=FilingStatus.CLOSED, closed_at=now, close_reason=reason)
