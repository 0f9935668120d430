"""The agency recognises: certifies diseases, changes institutions, renews, and lets a certification end early."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import asyncpg

from tongban import materials
from tongban.agency import CHANNEL, Operator, told
from tongban.chronic import rules, store, store_certifications
from tongban.chronic.errors import AlreadyApplied, CertificationNotFound, DecisionRefused
from tongban.chronic.model import Application, ApplicationState, Certification, EventKind, Purpose, Wanted
from tongban.chronic.reading import institution_problems
from tongban.chronic.records import certification_of
from tongban.chronic.scope import locked_for, taken_by
from tongban.chronic.telling import tell
from tongban.directory import chronic_diseases, institution
from tongban.infra.clock import day_of
from tongban.infra.db import Db
from tongban.kernel.dates import zh_date
from tongban.kernel.errors import Invalid
from tongban.law import Pack


@dataclass(frozen=True, slots=True)
class Decision:
    """What an operator recognises. None: for `codes` every disease applied for, for `institutions` those applied for,
    for `valid_from` today or the day after the certification that is renewed, for `valid_to` as the law says or until
    further notice. A change of institutions has neither `codes` nor `valid_to`."""

    codes: tuple[str, ...] | None = None
    institutions: tuple[str, ...] | None = None
    valid_from: date | None = None
    valid_to: date | None = None


async def approve(
    db: Db, pack: Pack, operator: Operator, number: str, decision: Decision, *, now: datetime
) -> list[Certification]:
    """Recognise, change institutions or renew, as was applied for; returns the certifications as they are now.

    Raises what `scope.taken_by` raises, DecisionRefused, Invalid (institutions), AlreadyApplied when a disease is
    recognised for those days already.
    """
    today = day_of(now)
    try:
        async with db.transaction():
            application = await taken_by(db, operator, number)
            person_id, serial = application.person_id, application.application_serial
            chosen = application.institutions if decision.institutions is None else decision.institutions
            chosen = tuple(dict.fromkeys(chosen))
            await _require_institutions(db, pack, application, chosen, today)
            if application.purpose is Purpose.CHANGE_INSTITUTIONS:
                recognised = tuple(each.wanted for each in application.diseases)
                serials = [await _change(db, application, chosen, decision, today)]
            else:
                recognised = await _recognised(db, pack, application, decision.codes, today)
                first_day = await _first_day(db, application, decision, today)
                serials = [
                    await _certify(db, pack, application, each, chosen, first_day, decision.valid_to, operator, now)
                    for each in recognised
                ]
            await store.mark_diseases(db, person_id, serial, [each.key for each in recognised])
            await store.decide(db, person_id, serial, ApplicationState.RECOGNISED, decided_by=operator.name, now=now)
            await materials.close(
                db,
                person_id=person_id,
                subject=application.number,
                months=materials.months_to_keep(pack, application.insured_pool, today),
                now=now,
            )
            await tell(
                db,
                application,
                EventKind.RECOGNISED,
                actor=operator.actor,
                channel=CHANNEL,
                now=now,
                note="、".join(each.zh for each in recognised),
                detail={"certifications": serials, "institutions": list(chosen)},
                title=f"慢特病{application.purpose.zh}已经通过",
                body="点开看从哪天起有效、在哪些医院能用。",
            )
    except asyncpg.ExclusionViolationError as error:
        if error.constraint_name != "certification_once":
            raise
        raise AlreadyApplied("这些日子里这个病已经有认定，请先让原来的提前结束，或者改开始日") from None
    return [await certification_of(db, person_id, each) for each in serials]


async def _require_institutions(
    db: Db, pack: Pack, application: Application, chosen: Sequence[str], today: date
) -> None:
    found = {code: await institution(db, code) for code in chosen}
    known = {code: each for code, each in found.items() if each is not None}
    if problems := institution_problems(pack, application.insured_pool, chosen, known, today):
        raise Invalid(problems)


async def _recognised(
    db: Db, pack: Pack, application: Application, codes: tuple[str, ...] | None, today: date
) -> tuple[Wanted, ...]:
    """What is recognised of what was applied for. The operator may say a narrower code of the same disease."""
    applied = {each.wanted.key: each.wanted for each in application.diseases}
    if codes is None:
        return tuple(applied.values())
    catalog = await chronic_diseases(db)
    named = [rules.wanted_of(pack, application.insured_pool, code, catalog, today) for code in codes]
    if not named:
        raise DecisionRefused("至少要认定一种病；一种都不认定的，请按不予认定办，写明原因", field="disease")
    for each in named:
        if each.key not in applied:
            raise DecisionRefused(
                f"申请里没有“{each.zh}”（{each.code}），申请的是{application.diseases_zh}", field="disease"
            )
    if len({each.key for each in named}) < len(named):
        raise DecisionRefused("同一种病写了两次，请只写一个编码", field="disease")
    return tuple(named)


async def _first_day(db: Db, application: Application, decision: Decision, today: date) -> date:
    """As the operator says, else today; a renewal goes on where the old one ends, unless that is past."""
    first_day = decision.valid_from or today
    if application.purpose is Purpose.RENEW and decision.valid_from is None:
        assert application.certification_serial is not None
        old = await certification_of(db, application.person_id, application.certification_serial)
        if old.valid_to is None:
            raise DecisionRefused("原来的认定没有到期的日子，不用续期；请按不予认定办，写明原因", field="from")
        first_day = max(old.valid_to + timedelta(days=1), today)
    if decision.valid_to is not None and decision.valid_to < first_day:
        raise DecisionRefused(f"到期日早于开始日 {zh_date(first_day)}，请改对", field="to")
    return first_day


async def _certify(
    db: Db,
    pack: Pack,
    application: Application,
    disease: Wanted,
    institutions: Sequence[str],
    first_day: date,
    valid_to: date | None,
    operator: Operator,
    now: datetime,
) -> int:
    """One certification; returns its serial."""
    until = rules.validity(pack, application.insured_pool, disease.disease, first_day, valid_to, day_of(now))
    serial = await store.take_serial(db, application.person_id)
    await store_certifications.insert_certification(
        db,
        application,
        disease,
        serial=serial,
        valid_from=first_day,
        valid_to=until.valid_to,
        basis=until.basis,
        decided_by=operator.name,
        now=now,
    )
    await store_certifications.designate(db, application.person_id, serial, institutions, first_day, until.valid_to)
    return serial


async def _change(
    db: Db, application: Application, institutions: Sequence[str], decision: Decision, today: date
) -> int:
    """Other institutions from a day on; returns the serial of the certification they are for."""
    if decision.codes is not None or decision.valid_to is not None:
        raise DecisionRefused("改医院的申请只定医院和从哪天起，不改病种和到期日，请去掉", field="to")
    assert application.certification_serial is not None
    known = await certification_of(db, application.person_id, application.certification_serial)
    since = decision.valid_from or today
    if not known.is_in_force(since):
        raise DecisionRefused(f"{zh_date(since)}这条认定不在有效期里，不能改医院", field="from")
    await store_certifications.designate(
        db, application.person_id, known.certification_serial, institutions, since, known.valid_to
    )
    return known.certification_serial


async def end_certification(
    db: Db, operator: Operator, number: str, serial: int, *, last_day: date, reason: str, now: datetime
) -> Certification:
    """Let a certification that came from application `number` end earlier, for example because its holder is insured
    elsewhere from then on. `reason` is told to them.

    Raises CaseNotFound, CertificationNotFound, NothingSaid, DecisionRefused.
    """
    said = told(reason, "为什么提前结束", field="reason")
    async with db.transaction():
        application = await locked_for(db, operator, number)
        known = await certification_of(db, application.person_id, serial)
        if known.application_serial != application.application_serial:
            raise CertificationNotFound
        if last_day < known.valid_from or (known.valid_to is not None and last_day > known.valid_to):
            raise DecisionRefused("最后一天要在这条认定的有效期里，请改对", field="on")
        await store_certifications.designate(db, application.person_id, serial, (), last_day + timedelta(days=1), None)
        await store_certifications.end_certification(db, application.person_id, serial, last_day, operator.name, said)
        await tell(
            db,
            application,
            EventKind.ENDED,
            actor=operator.actor,
            channel=CHANNEL,
            now=now,
            note=f"{known.wanted.zh}，{zh_date(last_day)}是最后一天。{said}",
            detail={"certification": serial, "last_day": last_day.isoformat(), "reason": said},
            title="慢特病认定提前结束",
            body=f"{zh_date(last_day)}是最后一天。原因：{said}不同意的，可以打参保地的电话。",
        )
    return await certification_of(db, application.person_id, serial)
