"""Writing down a change of an application: into its timeline, into the audit log, and to whom it matters."""

from datetime import datetime
from typing import Any

from tongban import notices
from tongban.chronic import store
from tongban.chronic.model import Application, EventKind
from tongban.infra import audit
from tongban.infra.db import Db
from tongban.notices import NoticeKind


async def tell(
    db: Db,
    application: Application,
    what: EventKind,
    *,
    actor: str,
    channel: str,
    now: datetime,
    title: str,
    body: str,
    note: str = "",
    detail: dict[str, Any] | None = None,
) -> None:
    """Inside the transaction of the change; the caller holds the person's row.

    `note` stands in the timeline, `title` and `body` in a message to the insured person and to whoever applied for
    them. Messages name no disease: others look at the phone too.
    """
    person_id, number = application.person_id, application.number
    await store.add_event(
        db, person_id, application.application_serial, at=now, what=what, actor=actor, channel=channel, note=note
    )
    await audit.record(
        db,
        now=now,
        actor=actor,
        channel=channel,
        action=f"chronic.{what.value}",
        person_id=person_id,
        subject=number,
        detail={"purpose": application.purpose.value, **(detail or {})},
    )
    for reader in dict.fromkeys((person_id, application.applied_by)):
        await notices.post(
            db,
            person_id=reader,
            kind=NoticeKind.CHRONIC,
            subject=number,
            title=title,
            body=body,
            link=f"/chronic/applications/{number}",
            now=now,
        )
