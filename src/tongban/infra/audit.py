"""Who looked at, or changed, whose data. The rows can only be added to: the web role may not change or delete them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tongban.infra.db import Db


async def record(
    db: Db,
    *,
    now: datetime,
    actor: str,
    channel: str,
    action: str,
    person_id: int | None,
    subject: str = "",
    detail: Mapping[str, Any] | None = None,
) -> None:
    """One line of the log, inside the caller's transaction: what was not done is not logged, and the other way round.

    `actor` is ``person:<id>``, ``institution:<code>`` or ``operator:<name>``; `action` reads as an event
    (``filing.opened``); `subject` is the number of the row concerned. `detail` holds no personal numbers.
    """
    await db.execute(
        """insert into infra.audit (at, actor, channel, action, person_id, subject, detail)
           values ($1, $2, $3, $4, $5, $6, $7)""",
        now,
        actor,
        channel,
        action,
        person_id,
        subject,
        dict(detail or {}),
    )
