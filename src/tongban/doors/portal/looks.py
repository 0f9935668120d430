"""Every look at a person's data through the pages leaves a line in the log."""

from tongban.doors.http import Request
from tongban.doors.portal.page import current_person
from tongban.infra import audit
from tongban.infra.db import Db


async def looked_at(request: Request, db: Db, action: str, *, person_id: int, subject: str = "") -> None:
    """The person signed in saw data of `person_id`; `action` reads as an event (``settlement.viewed``)."""
    await audit.record(
        db,
        now=request.app.state.clock(),
        actor=f"person:{current_person(request).person_id}",
        channel="portal",
        action=action,
        person_id=person_id,
        subject=subject,
    )
