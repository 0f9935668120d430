"""What a person may look up: applications made by or for them, and what they are recognised for."""

from datetime import date
from typing import Literal

from tongban.chronic import store
from tongban.chronic.errors import ApplicationNotFound, CertificationNotFound
from tongban.chronic.model import Application, ApplicationEvent, Certification
from tongban.directory import chronic_diseases
from tongban.infra.db import Db
from tongban.kernel.identifiers import CHRONIC, InvalidNumber, parse_outside_number
from tongban.materials import Material, of_subject


async def names(db: Db) -> store.Names:
    """Code → name of the diseases that are none of the law's words."""
    return store.names_of(await chronic_diseases(db))


async def applications_of(db: Db, viewer_id: int, whose: Literal["self", "others"] = "self") -> list[Application]:
    """Those for the viewer, by whomever they were made, or those the viewer made for others. Newest first."""
    known = await names(db)
    if whose == "self":
        return await store.applications_for(db, viewer_id, known)
    return await store.applications_by(db, viewer_id, known)


async def application_seen_by(db: Db, viewer_id: int, number: str) -> Application:
    """Raises ApplicationNotFound for one that is neither the viewer's nor made by the viewer, as for none."""
    found = await find_application(db, number)
    if found is None or viewer_id not in (found.person_id, found.applied_by):
        raise ApplicationNotFound
    return found


async def find_application(db: Db, number: str) -> Application | None:
    """By number alone: the caller checks who asks."""
    try:
        parsed = parse_outside_number(number, CHRONIC)
    except InvalidNumber:
        return None
    return await store.application(db, parsed.person_id, parsed.serial, await names(db))


async def timeline(db: Db, application: Application) -> list[ApplicationEvent]:
    """Oldest first. The caller has checked who asks."""
    return await store.events(db, application.person_id, application.application_serial)


async def papers_of(db: Db, application: Application) -> list[Material]:
    """What was handed in with it. The caller has checked who asks."""
    return await of_subject(db, application.person_id, application.number)


async def certifications_of(db: Db, person_id: int, on: date | None = None) -> list[Certification]:
    """What the person is recognised for on the day, or (None) ever was; the newest first."""
    return await store.certifications(db, person_id, on, await names(db))


async def certification_of(db: Db, person_id: int, serial: int) -> Certification:
    """Raises CertificationNotFound."""
    for found in await certifications_of(db, person_id):
        if found.certification_serial == serial:
            return found
    raise CertificationNotFound
