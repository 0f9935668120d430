"""The agency's side: take, ask for more, recognise, refuse. Every look at a person's data is written down.

An operator names the pools they work for; an application of another pool is not found. Two operators queue at the
person's row, and the second one is told what the first has done.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

import asyncpg

from tongban import materials
from tongban.agency import CHANNEL, SENTENCE_MAX, Operator, in_scope, log_case_look, log_queue_look, told
from tongban.chronic import rules, store
from tongban.chronic.apply import note, require_open
from tongban.chronic.errors import (
    AlreadyApplied,
    CertificationNotFound,
    DecisionRefused,
    NotAccepted,
    WaitsForMaterials,
)
from tongban.chronic.model import (
    Application,
    ApplicationEvent,
    ApplicationState,
    Certification,
    EventKind,
    Purpose,
    RefusalReason,
    Wanted,
)
from tongban.chronic.reading import institution_problems
from tongban.chronic.records import certification_of, find_application, names, papers_of, timeline
from tongban.directory import chronic_diseases, institution
from tongban.infra import audit
from tongban.infra.clock import day_of
from tongban.infra.crypto import Vault
from tongban.infra.db import Db
from tongban.infra.files import Files
from tongban.kernel.dates import zh_date
from tongban.kernel.errors import Invalid
from tongban.kernel.identifiers import mask_name, mask_phone
from tongban.law import Pack
from tongban.materials import Material, MaterialKind
from tongban.people import Person, enrollments, get_person, names_of


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One line of the queue. `days_left` None: no source gives the agency a time; negative: late."""

    application: Application
    masked_name: str
    waited_days: int
    days_left: int | None


class Compared(NamedTuple):
    """A field as it was handed in beside what the record says today."""

    label: str
    told: str
    record: str

    @property
    def is_same(self) -> bool:
        return self.told == self.record


@dataclass(frozen=True, slots=True)
class Case:
    """Everything an operator sees. Personal numbers are masked."""

    application: Application
    masked_id: str
    name: str
    proxy_name: str
    fields: tuple[Compared, ...]
    institution_names: tuple[tuple[str, str], ...]
    papers: tuple[Material, ...]
    papers_asked: rules.PapersAsked
    certifications: tuple[Certification, ...]
    events: tuple[ApplicationEvent, ...]
    days_left: int | None


@dataclass(frozen=True, slots=True)
class Decision:
    """What an operator recognises. `codes` None: every disease applied for; `institutions` None: those applied for.
    `valid_to` None: as the law says, or until further notice."""

    codes: tuple[str, ...] | None = None
    institutions: tuple[str, ...] | None = None
    valid_from: date | None = None
    valid_to: date | None = None


async def queue(db: Db, operator: Operator, *, now: datetime, limit: int = 100) -> list[QueueRow]:
    """What waits, the most urgent first. Names are masked; that the queue was looked at is logged all the same."""
    today = day_of(now)
    found = await store.queue(db, sorted(operator.pools), await names(db), limit)
    known = await names_of(db, [each.person_id for each in found])
    await log_queue_look(db, operator, "chronic", shown=len(found), now=now)
    return [
        QueueRow(
            each,
            mask_name(known.get(each.person_id, "？")),
            (today - day_of(each.applied_at)).days,
            _days_left(each, today),
        )
        for each in found
    ]


async def show(
    db: Db, vault: Vault, pack: Pack, operator: Operator, number: str, *, reason: str, now: datetime
) -> Case:
    """The whole application; the look is logged with the reason given. Raises CaseNotFound."""
    application = await _in_scope(db, operator, number)
    async with db.transaction():
        await log_case_look(
            db, operator, "chronic", person_id=application.person_id, number=application.number, reason=reason, now=now
        )
        person = await get_person(db, vault, application.person_id)
        proxy = await get_person(db, vault, application.applied_by)
        phone = await store.contact_phone(db, vault, application.person_id, application.application_serial)
        hospitals = []
        for code in application.institutions:
            found = await institution(db, code)
            hospitals.append((code, found.name if found else "不在名录里"))
        today = day_of(now)
        return Case(
            application=application,
            masked_id=person.masked_id,
            name=person.name,
            proxy_name=proxy.name if proxy.person_id != person.person_id else "",
            fields=await _compared(db, application, person, proxy, phone, today),
            institution_names=tuple(hospitals),
            papers=tuple(await papers_of(db, application)),
            papers_asked=rules.papers_asked(pack, application.insured_pool, today),
            certifications=tuple(await store.certifications(db, application.person_id, None, await names(db))),
            events=tuple(await timeline(db, application)),
            days_left=_days_left(application, today),
        )


async def _compared(
    db: Db, application: Application, person: Person, proxy: Person, phone: str, today: date
) -> tuple[Compared, ...]:
    now_enrolled = [
        each for each in await enrollments(db, person.person_id, today) if each.pool_code == application.insured_pool
    ]
    enrolled = next((each for each in now_enrolled if each.insurance_type is application.insurance_type), None)
    none = "现在没有"
    return (
        Compared("险种", application.insurance_type.zh, enrolled.insurance_type.zh if enrolled else none),
        Compared("人员类别", application.category.zh, enrolled.category.zh if enrolled else none),
        Compared("参保地", application.insured_pool, enrolled.pool_code if enrolled else none),
        Compared("缴费", "正常缴费", enrolled.payment_state.zh if enrolled else none),
        Compared("联系人", application.contact_name, proxy.name),
        Compared("手机号", mask_phone(phone), mask_phone(proxy.phone)),
    )


async def photo(
    db: Db, vault: Vault, files: Files, operator: Operator, number: str, material: str, *, page: int, now: datetime
) -> tuple[bytes, str]:
    """One page of a picture that was handed in with the application, and its media type; the look is logged.

    Raises CaseNotFound, MaterialNotFound.
    """
    application = await _in_scope(db, operator, number)
    if material not in {each.number for each in await papers_of(db, application)}:
        raise materials.MaterialNotFound
    return await materials.read_for_review(
        db, vault, files, operator=operator.name, number=material, page=page, now=now
    )


async def accept(db: Db, operator: Operator, number: str, *, now: datetime) -> Application:
    """Take it; taking one's own again changes nothing. Raises NotAccepted when a colleague has it."""
    async with db.transaction():
        application = await _locked(db, operator, number)
        require_open(application)
        if application.accepted_by == operator.name:
            return application
        if application.accepted_by:
            raise NotAccepted(f"申请 {application.number} 已经由{application.accepted_by}受理，请找他交接")
        await store.accept(db, application.person_id, application.application_serial, operator.name, now)
        await note(
            db,
            application,
            EventKind.ACCEPTED,
            actor=operator.actor,
            channel=CHANNEL,
            now=now,
            title="慢特病申请开始审核",
            body="经办人员已经受理，有结果会告诉您。",
        )
        return await _again(db, application)


async def ask(
    db: Db, operator: Operator, number: str, *, kinds: Sequence[MaterialKind], sentence: str, now: datetime
) -> Application:
    """Ask the citizen for these papers; `sentence` is what they read. Raises NothingSaid."""
    if not kinds:
        raise DecisionRefused("请写要补哪几样材料", field="material")
    said = told(sentence, "要补什么、为什么")
    async with db.transaction():
        application = await _taken(db, operator, number)
        wanted = tuple(dict.fromkeys(kinds))
        await store.ask(db, application.person_id, application.application_serial, wanted, said)
        papers = "、".join(kind.zh for kind in wanted)
        await note(
            db,
            application,
            EventKind.ASKED,
            actor=operator.actor,
            channel=CHANNEL,
            now=now,
            told=f"{papers}：{said}",
            detail={"kinds": [kind.value for kind in wanted]},
            title="慢特病申请要补材料",
            body=f"请补：{papers}。{said}",
        )
        return await _again(db, application)


async def approve(
    db: Db, pack: Pack, operator: Operator, number: str, decision: Decision, *, now: datetime
) -> list[Certification]:
    """Recognise, change institutions or renew, as was applied for; returns the certifications as they are now.

    Raises DecisionRefused, Invalid (institutions), AlreadyApplied when a disease is recognised for those days already.
    """
    today = day_of(now)
    if decision.valid_to is not None and decision.valid_to < (decision.valid_from or today):
        raise DecisionRefused("到期日早于开始日，请改对", field="to")
    try:
        async with db.transaction():
            application = await _taken(db, operator, number)
            chosen = decision.institutions if decision.institutions is not None else application.institutions
            await _require_institutions(db, pack, application, chosen, today)
            if application.purpose is Purpose.CHANGE_INSTITUTIONS:
                serials = [await _change(db, application, chosen, decision, today)]
                recognised = tuple(each.wanted for each in application.diseases)
            else:
                recognised = await _recognised(db, pack, application, decision.codes, today)
                serials = await _certify(db, pack, application, recognised, chosen, decision, operator, today, now)
            person_id, serial = application.person_id, application.application_serial
            await store.mark_diseases(db, person_id, serial, [each.key for each in recognised])
            await store.decide(db, person_id, serial, ApplicationState.RECOGNISED, decided_by=operator.name, now=now)
            await materials.close(
                db,
                person_id=person_id,
                subject=application.number,
                months=materials.months_to_keep(pack, application.insured_pool, today),
                now=now,
            )
            await note(
                db,
                application,
                EventKind.RECOGNISED,
                actor=operator.actor,
                channel=CHANNEL,
                now=now,
                told="、".join(each.zh for each in recognised),
                detail={"certifications": serials, "institutions": list(chosen)},
                title=f"慢特病{application.purpose.zh}已经通过",
                body="点开看从哪天起有效、在哪些医院能用。",
            )
    except asyncpg.ExclusionViolationError:
        raise AlreadyApplied("这些日子里这个病已经有认定，请先用 end 结束原来的，或者改开始日") from None
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
        raise DecisionRefused("至少要认定一种病；一种都不认定，请用 refuse 并写明原因", field="disease")
    for each in named:
        if each.key not in applied:
            raise DecisionRefused(
                f"申请里没有“{each.zh}”（{each.code}），申请的是{application.diseases_zh}", field="disease"
            )
    if len({each.key for each in named}) < len(named):
        raise DecisionRefused("同一种病写了两次，请只写一个编码", field="disease")
    return tuple(named)


async def _certify(
    db: Db,
    pack: Pack,
    application: Application,
    recognised: Sequence[Wanted],
    institutions: Sequence[str],
    decision: Decision,
    operator: Operator,
    today: date,
    now: datetime,
) -> list[int]:
    first_day = decision.valid_from or today
    if application.purpose is Purpose.RENEW and decision.valid_from is None:
        first_day = await _day_after(db, application, today)
    serials = []
    for each in recognised:
        until = rules.validity(pack, application.insured_pool, each.disease, first_day, decision.valid_to, today)
        serial = await store.take_serial(db, application.person_id)
        await store.insert_certification(
            db,
            application,
            each,
            serial=serial,
            valid_from=first_day,
            valid_to=until.valid_to,
            basis=until.basis,
            decided_by=operator.name,
            now=now,
        )
        await store.designate(db, application.person_id, serial, institutions, first_day, until.valid_to)
        serials.append(serial)
    return serials


async def _day_after(db: Db, application: Application, today: date) -> date:
    """A renewal goes on where the old one ends, or begins today when that is past."""
    assert application.certification_serial is not None
    old = await certification_of(db, application.person_id, application.certification_serial)
    if old.valid_to is None:
        raise DecisionRefused("原来的认定没有到期的日子，不用续期；请用 refuse 说明", field="from")
    return max(old.valid_to + timedelta(days=1), today)


async def _change(
    db: Db, application: Application, institutions: Sequence[str], decision: Decision, today: date
) -> int:
    assert application.certification_serial is not None
    known = await certification_of(db, application.person_id, application.certification_serial)
    since = decision.valid_from or today
    if not known.is_in_force(since):
        raise DecisionRefused(f"{zh_date(since)}这条认定不在有效期里，不能改医院", field="from")
    await store.designate(db, application.person_id, known.certification_serial, institutions, since, known.valid_to)
    return known.certification_serial


async def refuse(
    db: Db, operator: Operator, number: str, *, reason: RefusalReason, sentence: str, now: datetime
) -> Application:
    """Not recognised, with a reason and a sentence the citizen reads. Raises NothingSaid."""
    said = told(sentence, "为什么不通过")
    async with db.transaction():
        application = await _taken(db, operator, number)
        person_id, serial = application.person_id, application.application_serial
        await store.mark_diseases(db, person_id, serial, [])
        await store.decide(
            db,
            person_id,
            serial,
            ApplicationState.REFUSED,
            decided_by=operator.name,
            now=now,
            reason_code=reason.value,
            reason=said,
        )
        await materials.close(db, person_id=person_id, subject=application.number, now=now)
        await note(
            db,
            application,
            EventKind.REFUSED,
            actor=operator.actor,
            channel=CHANNEL,
            now=now,
            told=f"{reason.zh}。{said}",
            detail={"reason": reason.value},
            title=f"慢特病{application.purpose.zh}没有通过",
            body=f"{said}不同意的，可以打参保地的电话，也可以补齐材料再申请。",
        )
        return await _again(db, application)


async def end_certification(
    db: Db, operator: Operator, number: str, serial: int, *, last_day: date, reason: str, now: datetime
) -> Certification:
    """Let a certification that came from application `number` end earlier, for example because its holder is insured
    elsewhere from then on. Raises CertificationNotFound, DecisionRefused."""
    if len(reason.strip()) < 4:
        raise DecisionRefused("请写为什么提前结束", field="reason")
    async with db.transaction():
        application = await _locked(db, operator, number)
        known = await certification_of(db, application.person_id, serial)
        if known.application_serial != application.application_serial:
            raise CertificationNotFound
        if last_day < known.valid_from or (known.valid_to is not None and last_day > known.valid_to):
            raise DecisionRefused("最后一天要在这条认定的有效期里，请改对", field="on")
        await store.designate(db, application.person_id, serial, (), last_day + timedelta(days=1), None)
        await store.end_certification(
            db, application.person_id, serial, last_day, operator.name, reason.strip()[:SENTENCE_MAX]
        )
        await audit.record(
            db,
            now=now,
            actor=operator.actor,
            channel=CHANNEL,
            action="chronic.ended",
            person_id=application.person_id,
            subject=application.number,
            detail={"certification": serial, "last_day": last_day.isoformat(), "reason": reason[:SENTENCE_MAX]},
        )
    return await certification_of(db, application.person_id, serial)


# --- scope and turn --------------------------------------------------------------------------------------------------


async def _in_scope(db: Db, operator: Operator, number: str) -> Application:
    return in_scope(operator, await find_application(db, number))


async def _locked(db: Db, operator: Operator, number: str) -> Application:
    application = await _in_scope(db, operator, number)
    await store.lock_person(db, application.person_id)
    return await _again(db, application)


async def _taken(db: Db, operator: Operator, number: str) -> Application:
    """Locked, undecided, this operator's, and the agency's turn."""
    application = await _locked(db, operator, number)
    require_open(application)
    if application.state is ApplicationState.MATERIALS_DUE:
        raise WaitsForMaterials(f"申请 {application.number} 正在等申请人补材料，补来了才能接着办")
    if not application.accepted_by:
        raise NotAccepted(f"申请 {application.number} 还没有人受理，请先 accept")
    if application.accepted_by != operator.name:
        raise NotAccepted(f"申请 {application.number} 由{application.accepted_by}受理，请找他交接")
    return application


async def _again(db: Db, application: Application) -> Application:
    found = await store.application(db, application.person_id, application.application_serial, await names(db))
    assert found is not None, "an application is never deleted"
    return found


def _days_left(application: Application, today: date) -> int | None:
    """The time stands still while the citizen has to add something."""
    if application.due_on is None or application.state is not ApplicationState.IN_REVIEW:
        return None
    return (application.due_on - today).days
