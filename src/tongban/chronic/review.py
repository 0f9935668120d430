"""The agency's side: look, take, ask for more, refuse. Every look at a person's data is written down.

An operator works for insured pools; an application of another pool is not found. Two operators at once queue at the
person's row, and the second is told what the first has done. What recognising brings about is in `recognise`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from tongban import materials
from tongban.agency import CHANNEL, Operator, log_case_look, log_queue_look, told
from tongban.chronic import rules, store
from tongban.chronic.errors import DecisionRefused, NotAccepted
from tongban.chronic.model import (
    Application,
    ApplicationEvent,
    ApplicationState,
    Certification,
    EventKind,
    RefusalReason,
)
from tongban.chronic.records import certifications_of, names, papers_of, read_again, timeline
from tongban.chronic.scope import locked_for, require_open, seen_by, taken_by
from tongban.chronic.telling import tell
from tongban.directory import institution_names
from tongban.infra import audit
from tongban.infra.clock import day_of
from tongban.infra.crypto import Vault
from tongban.infra.db import Db
from tongban.infra.files import Files
from tongban.kernel.identifiers import mask_name, mask_phone
from tongban.law import Pack
from tongban.materials import Material, MaterialKind
from tongban.people import PaymentState, Person, enrollments, get_person, names_of


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One line of the queue. `days_left` None: no source gives the agency a time; negative: late."""

    application: Application
    masked_name: str
    waited_days: int
    days_left: int | None


class Compared(NamedTuple):
    """A field as it was handed in, or has to be, beside what the record says today. What is masked was compared in
    full."""

    label: str
    told: str
    record: str
    is_same: bool


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
    application = await seen_by(db, operator, number)
    async with db.transaction():
        await log_case_look(
            db, operator, "chronic", person_id=application.person_id, number=application.number, reason=reason, now=now
        )
        person = await get_person(db, vault, application.person_id)
        proxy = await get_person(db, vault, application.applied_by)
        phone = await store.contact_phone(db, vault, application.person_id, application.application_serial)
        hospitals = await institution_names(db, list(application.institutions))
        today = day_of(now)
        return Case(
            application=application,
            masked_id=person.masked_id,
            name=person.name,
            proxy_name=proxy.name if proxy.person_id != person.person_id else "",
            fields=await _compared(db, application, person, proxy, phone, today),
            institution_names=tuple((code, hospitals.get(code, "不在名录里")) for code in application.institutions),
            papers=tuple(await papers_of(db, application)),
            papers_asked=rules.papers_asked(pack, application.insured_pool, today),
            certifications=tuple(
                rules.certified_under(
                    await certifications_of(db, application.person_id),
                    application.insured_pool,
                    application.insurance_type,
                )
            ),
            events=tuple(await timeline(db, application)),
            days_left=_days_left(application, today),
        )


async def _compared(
    db: Db, application: Application, person: Person, proxy: Person, phone: str, today: date
) -> tuple[Compared, ...]:
    enrolled = next(
        (
            each
            for each in await enrollments(db, person.person_id, today)
            if (each.pool_code, each.insurance_type) == (application.insured_pool, application.insurance_type)
        ),
        None,
    )
    none = "现在没有"

    def same(label: str, told: str, record: str) -> Compared:
        return Compared(label, told, record, told == record)

    return (
        same("险种", application.insurance_type.zh, enrolled.insurance_type.zh if enrolled else none),
        same("人员类别", application.category.zh, enrolled.category.zh if enrolled else none),
        same("参保地", application.insured_pool, enrolled.pool_code if enrolled else none),
        same("缴费", PaymentState.PAID.zh, enrolled.payment_state.zh if enrolled else none),
        same("联系人", application.contact_name, proxy.name),
        Compared("手机号", mask_phone(phone), mask_phone(proxy.phone), phone == proxy.phone),
    )


async def photo(
    db: Db, vault: Vault, files: Files, operator: Operator, number: str, material: str, *, page: int, now: datetime
) -> tuple[bytes, str]:
    """One page of a picture that was handed in with the application, and its media type; the look is logged.

    Raises CaseNotFound, MaterialNotFound.
    """
    application = await seen_by(db, operator, number)
    if material not in {each.number for each in await papers_of(db, application)}:
        raise materials.MaterialNotFound
    return await materials.read_for_review(
        db, vault, files, operator=operator.name, number=material, page=page, now=now
    )


async def accept(db: Db, operator: Operator, number: str, *, take_over: bool = False, now: datetime) -> Application:
    """Take it; taking one's own again changes nothing. `take_over`: from a colleague, who may be away.

    Raises CaseNotFound, AlreadyDecided, ApplicationWithdrawn, NotAccepted when a colleague has it.
    """
    async with db.transaction():
        application = await locked_for(db, operator, number)
        require_open(application)
        before = application.accepted_by
        if before == operator.name:
            return application
        if before and not take_over:
            raise NotAccepted(f"申请 {application.number} 已经由{before}受理，请找他交接，或者您接手")
        await store.accept(db, application.person_id, application.application_serial, operator.name, now)
        if before:  # nothing has changed for the citizen, who is not told twice
            await audit.record(
                db,
                now=now,
                actor=operator.actor,
                channel=CHANNEL,
                action="chronic.taken_over",
                person_id=application.person_id,
                subject=application.number,
                detail={"from": before},
            )
        else:
            await tell(
                db,
                application,
                EventKind.ACCEPTED,
                actor=operator.actor,
                channel=CHANNEL,
                now=now,
                title="慢特病申请开始审核",
                body="经办人员已经受理，有结果会告诉您。",
            )
        return await read_again(db, application)


async def ask(
    db: Db, operator: Operator, number: str, *, kinds: Sequence[MaterialKind], sentence: str, now: datetime
) -> Application:
    """Ask the citizen for these papers; `sentence` is what they read. Raises NothingSaid."""
    if not kinds:
        raise DecisionRefused("请写要补哪几样材料", field="material")
    said = told(sentence, "要补什么、为什么")
    async with db.transaction():
        application = await taken_by(db, operator, number)
        wanted = tuple(dict.fromkeys(kinds))
        await store.ask(db, application.person_id, application.application_serial, wanted, said)
        papers = "、".join(kind.zh for kind in wanted)
        await tell(
            db,
            application,
            EventKind.ASKED,
            actor=operator.actor,
            channel=CHANNEL,
            now=now,
            note=f"{papers}：{said}",
            detail={"kinds": [kind.value for kind in wanted]},
            title="慢特病申请要补材料",
            body=f"请补：{papers}。{said}",
        )
        return await read_again(db, application)


async def refuse(
    db: Db, operator: Operator, number: str, *, reason: RefusalReason, sentence: str, now: datetime
) -> Application:
    """Not recognised, with a reason and a sentence the citizen reads. Raises NothingSaid."""
    said = told(sentence, "为什么不通过")
    async with db.transaction():
        application = await taken_by(db, operator, number)
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
        await tell(
            db,
            application,
            EventKind.REFUSED,
            actor=operator.actor,
            channel=CHANNEL,
            now=now,
            note=f"{reason.zh}。{said}",
            detail={"reason": reason.value},
            title=f"慢特病{application.purpose.zh}没有通过",
            body=f"{said}不同意的，可以打参保地的电话，也可以补齐材料再申请。",
        )
        return await read_again(db, application)


def _days_left(application: Application, today: date) -> int | None:
    """The time stands still while the citizen has to add something."""
    if application.due_on is None or application.state is not ApplicationState.IN_REVIEW:
        return None
    return (application.due_on - today).days
