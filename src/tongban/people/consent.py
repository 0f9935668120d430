"""Agreeing that one's insurance data is looked up: to which words, when, and taking it back."""

from datetime import datetime

from tongban.infra import audit
from tongban.infra.db import Db
from tongban.people import store
from tongban.people.model import GivenConsent


async def consent_given(db: Db, person_id: int, version: str) -> bool:
    """Whether a consent to that version of the text is in force."""
    return await store.has_consent(db, person_id, version)


async def give_consent(db: Db, person_id: int, version: str, text: str, now: datetime, channel: str) -> None:
    """Keep that the person agreed to `text`, known as `version`; as long as it is in force the first time counts."""
    async with db.transaction():
        if await store.add_consent(db, person_id, version, text, now, channel):
            await audit.record(
                db,
                now=now,
                actor=f"person:{person_id}",
                channel=channel,
                action="people.consent_given",
                person_id=person_id,
                subject=version,
            )


async def withdraw_consent(db: Db, person_id: int, now: datetime, channel: str) -> None:
    """Take back every consent in force. What was done before stays done; nothing more is shown without a new one."""
    async with db.transaction():
        for version in await store.withdraw_consents(db, person_id, now):
            await audit.record(
                db,
                now=now,
                actor=f"person:{person_id}",
                channel=channel,
                action="people.consent_withdrawn",
                person_id=person_id,
                subject=version,
            )


async def consents_of(db: Db, person_id: int) -> list[GivenConsent]:
    """Every consent of the person, oldest first, withdrawn ones too."""
    return await store.consents_of(db, person_id)
