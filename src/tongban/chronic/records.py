"""Applications in the hands of those they belong to, the insured person and whoever applied for them; and what a person
is recognised for. They see it, add the pictures that are asked for, and take it back while it is not decided."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final, Literal

from tongban import materials
from tongban.chronic import rules, store, store_certifications
from tongban.chronic.errors import (
    AlreadyDecided,
    ApplicationNotFound,
    CertificationNotFound,
    NothingAsked,
    PaperMissing,
)
from tongban.chronic.model import Application, ApplicationEvent, ApplicationState, Certification, EventKind
from tongban.chronic.telling import tell
from tongban.directory import chronic_diseases
from tongban.infra.clock import day_of
from tongban.infra.db import Db
from tongban.kernel.errors import Invalid
from tongban.kernel.identifiers import CHRONIC, InvalidNumber, parse_outside_number
from tongban.law import Pack
from tongban.materials import Material, of_subject

_REASON_MAX: Final = 200


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
    return await store_certifications.certifications(db, person_id, on, await names(db))


async def certification_of(db: Db, person_id: int, serial: int) -> Certification:
    """Raises CertificationNotFound."""
    for found in await certifications_of(db, person_id):
        if found.certification_serial == serial:
            return found
    raise CertificationNotFound


async def supply_materials(
    db: Db,
    pack: Pack,
    *,
    viewer_id: int,
    number: str,
    papers: Sequence[str],
    channel: str,
    now: datetime,
) -> Application:
    """What was asked for: `papers` are the numbers of the new pictures. The agency's time counts anew; what was handed
    in before stays.

    The same again, once it is in review, changes nothing. Raises ApplicationNotFound, NothingAsked, MaterialNotFound
    for a picture that is not the viewer's to hand in, and Invalid with a PaperMissing for each kind that is missing.
    """
    async with db.transaction():
        application = await _locked(db, viewer_id, number)
        if application.state is not ApplicationState.MATERIALS_DUE:
            handed_in = {each.number for each in await of_subject(db, application.person_id, number)}
            if papers and handed_in.issuperset(papers):
                return application
            raise NothingAsked("这个申请现在不用补材料，请看进度")
        handed_in_kinds = {
            each.kind for each in await materials.find_all(db, viewer_id=viewer_id, numbers=papers, now=now)
        }
        if missing := [kind for kind in application.asked_kinds if kind not in handed_in_kinds]:
            raise Invalid([PaperMissing(f"还没有{kind.zh}的照片，请拍一张", field=kind.value) for kind in missing])
        today = day_of(now)
        await materials.attach(
            db,
            person_id=application.person_id,
            numbers=papers,
            subject=application.number,
            months=materials.months_to_keep(pack, application.insured_pool, today),
            now=now,
        )
        await store.supply(
            db,
            application.person_id,
            application.application_serial,
            rules.due_on(pack, application.insured_pool, today),
        )
        await tell(
            db,
            application,
            EventKind.SUPPLIED,
            actor=f"person:{viewer_id}",
            channel=channel,
            now=now,
            note=f"{len(papers)} 张照片",
            title="补的材料已经收到",
            body="参保地经办机构会接着审核。",
        )
        return await read_again(db, application)


async def withdraw(db: Db, *, viewer_id: int, number: str, reason: str, channel: str, now: datetime) -> Application:
    """Take an undecided application back; twice is once. Raises ApplicationNotFound, AlreadyDecided."""
    async with db.transaction():
        application = await _locked(db, viewer_id, number)
        if application.state is ApplicationState.WITHDRAWN:
            return application
        if application.state.is_final:
            raise AlreadyDecided("这个申请已经有结果了，不能撤回。不同意结果的，请打参保地的电话")
        actor = f"person:{viewer_id}"
        await store.decide(
            db,
            application.person_id,
            application.application_serial,
            ApplicationState.WITHDRAWN,
            decided_by=actor,
            now=now,
            reason=reason.strip()[:_REASON_MAX],
        )
        await materials.close(db, person_id=application.person_id, subject=application.number, now=now)
        await tell(
            db,
            application,
            EventKind.WITHDRAWN,
            actor=actor,
            channel=channel,
            now=now,
            note=reason.strip()[:_REASON_MAX],
            title="慢特病申请已经撤回",
            body="要再申请，随时可以重新办。",
        )
        return await read_again(db, application)


async def _locked(db: Db, viewer_id: int, number: str) -> Application:
    """The application, with the person's row held. Raises ApplicationNotFound for anybody else's."""
    application = await application_seen_by(db, viewer_id, number)
    await store.lock_person(db, application.person_id)
    return await read_again(db, application)


async def read_again(db: Db, application: Application) -> Application:
    """As it stands now, for whoever has come to hold the person's row or has just changed it."""
    found = await store.application(db, application.person_id, application.application_serial, await names(db))
    assert found is not None, "an application is never deleted"
    return found
