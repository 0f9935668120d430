"""Every look of an operator at other people's data is written down."""

from datetime import datetime

from tongban.agency.model import CHANNEL, Operator
from tongban.infra import audit
from tongban.infra.db import Db

_REASON_MAX = 200


async def log_queue_look(db: Db, operator: Operator, matter: str, *, shown: int, now: datetime) -> None:
    """The operator was shown the queue of a matter (``chronic``, ``claim``), `shown` cases long."""
    await audit.record(
        db,
        now=now,
        actor=operator.actor,
        channel=CHANNEL,
        action=f"{matter}.queue_viewed",
        person_id=None,
        detail={"pools": sorted(operator.pools), "shown": shown},
    )


async def log_case_look(
    db: Db, operator: Operator, matter: str, *, person_id: int, number: str, reason: str = "", now: datetime
) -> None:
    """The operator was shown all of the case `number` of this person; `reason` is why, in their words."""
    await audit.record(
        db,
        now=now,
        actor=operator.actor,
        channel=CHANNEL,
        action=f"{matter}.viewed",
        person_id=person_id,
        subject=number,
        detail={"reason": reason[:_REASON_MAX]} if reason else None,
    )
