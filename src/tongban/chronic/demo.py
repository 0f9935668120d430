"""What the demo shows of recognition: an elder recognised for one disease and waiting for another."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from tongban.chronic import store, store_certifications
from tongban.chronic.model import (
    Answers,
    ApplicationState,
    EventKind,
    Purpose,
    ValidityBasis,
    Wanted,
)
from tongban.chronic.records import names
from tongban.infra.clock import day_of
from tongban.infra.crypto import Vault
from tongban.infra.db import Db
from tongban.kernel.vocabulary import ChronicDisease, MedicationScheme
from tongban.people import DemoPerson

_RECOGNISED: Final = Wanted(MedicationScheme.HYPERTENSION, "LB0001", MedicationScheme.HYPERTENSION.zh)
_WAITING: Final = Wanted(ChronicDisease.CORONARY_HEART_DISEASE, "M04600", ChronicDisease.CORONARY_HEART_DISEASE.zh)
_OPERATOR: Final = "演示经办"
_RECOGNISED_DAYS_AGO, _WAITING_DAYS_AGO = 60, 3


async def load_demo_recognitions(
    owner_db: Db, vault: Vault, person: DemoPerson, institution_code: str, *, now: datetime
) -> bool:
    """Write both for a made-up person who has none yet; False when there is something already."""
    if await store.applications_for(owner_db, person.person_id, {}):
        return False
    async with owner_db.transaction():
        before = now - timedelta(days=_RECOGNISED_DAYS_AGO)
        serial = await _apply(owner_db, vault, person, _RECOGNISED, institution_code, before)
        await store.accept(owner_db, person.person_id, serial, _OPERATOR, before)
        application = await store.application(owner_db, person.person_id, serial, await names(owner_db))
        assert application is not None
        certification = await store.take_serial(owner_db, person.person_id)
        await store_certifications.insert_certification(
            owner_db,
            application,
            _RECOGNISED,
            serial=certification,
            valid_from=day_of(before),
            valid_to=None,
            basis=ValidityBasis.UNKNOWN,
            decided_by=_OPERATOR,
            now=before,
        )
        await store_certifications.designate(
            owner_db, person.person_id, certification, [institution_code], day_of(before), None
        )
        await store.mark_diseases(owner_db, person.person_id, serial, [_RECOGNISED.key])
        await store.decide(
            owner_db, person.person_id, serial, ApplicationState.RECOGNISED, decided_by=_OPERATOR, now=before
        )
        for what in (EventKind.ACCEPTED, EventKind.RECOGNISED):
            await _note(owner_db, person, serial, what, f"operator:{_OPERATOR}", before)
        await _apply(owner_db, vault, person, _WAITING, institution_code, now - timedelta(days=_WAITING_DAYS_AGO))
    return True


async def _apply(db: Db, vault: Vault, person: DemoPerson, wanted: Wanted, institution_code: str, at: datetime) -> int:
    enrolled = person.enrollments[0]
    serial = await store.take_serial(db, person.person_id)
    answers = Answers(
        purpose=Purpose.RECOGNISE,
        insurance_type=enrolled.insurance_type,
        category=enrolled.category,
        insured_pool=enrolled.pool_code,
        wanted=(wanted,),
        institutions=(institution_code,),
        contact_name=person.name,
        contact_phone=person.phone,
        papers={},
        papers_sha256={},
    )
    await store.insert_application(
        db,
        vault,
        answers,
        person_id=person.person_id,
        serial=serial,
        applied_by=person.person_id,
        policy_version="",
        submit_token=UUID(int=serial),
        due_on=None,
        channel="portal",
        now=at,
    )
    await _note(db, person, serial, EventKind.APPLIED, f"person:{person.person_id}", at)
    return serial


async def _note(db: Db, person: DemoPerson, serial: int, what: EventKind, actor: str, at: datetime) -> None:
    channel = "portal" if actor.startswith("person:") else "review"
    await store.add_event(db, person.person_id, serial, at=at, what=what, actor=actor, channel=channel)
