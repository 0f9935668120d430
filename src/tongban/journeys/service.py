"""Use cases of a journey: begin it, see how far it is, take up an errand with what is known, end it."""

from datetime import date, datetime, timedelta
from uuid import UUID

from tongban import drafts, notices
from tongban.directory import Regions
from tongban.infra import audit
from tongban.infra.clock import day_of
from tongban.infra.crypto import Vault
from tongban.infra.db import Db
from tongban.journeys import rules, store
from tongban.journeys.errors import JourneyNotFound, JourneyRefused
from tongban.journeys.model import Journey, Known, PartKind, Progress
from tongban.journeys.records import FLOWS, enrollment_of, read_records
from tongban.journeys.texts import life_event
from tongban.kernel.identifiers import JOURNEY, InvalidNumber, parse_outside_number
from tongban.kernel.vocabulary import Situation
from tongban.law import Pack
from tongban.notices import NoticeKind
from tongban.people import Enrollment, names_of, relations_of

_BACK_DAYS_MAX = 366
_AHEAD_DAYS_MAX = 366


async def open_journey(
    db: Db,
    regions: Regions,
    *,
    event: str,
    enrollment: Enrollment,
    opened_by: int,
    situation: Situation,
    treatment_pool: str,
    starts_on: date,
    open_token: UUID,
    channel: str,
    now: datetime,
) -> Journey:
    """Begin a journey of the person whose `enrollment` that is; the same token again finds the same journey.

    Others than oneself have to be bound as relatives first, and are told. Raises JourneyRefused.
    """
    happening = life_event(event)
    if happening is None:
        raise JourneyRefused("请选是哪一件事", field="event")
    if situation not in happening.why:
        raise JourneyRefused("请选为什么去那里看", field="why")
    region = regions.get(treatment_pool)
    if region is None or not region.can_file_to:
        raise JourneyRefused("请选要去看病的地方", field="area")
    if region.pool_code == enrollment.pool_code:
        raise JourneyRefused(f"{region.name}就是参保的地方，在那里看病不用办", field="area")
    today = day_of(now)
    if not today - timedelta(days=_BACK_DAYS_MAX) <= starts_on <= today + timedelta(days=_AHEAD_DAYS_MAX):
        raise JourneyRefused("日子离今天太远了，请选一年以内的", field="start")
    person_id = enrollment.person_id
    relation = (await relations_of(db, opened_by)).get(person_id)
    if relation is None and opened_by != person_id:
        raise JourneyRefused("请先在“我的家人”里认这位家人", field="for")
    async with db.transaction():
        journey, is_new = await store.insert(
            db,
            person_id=person_id,
            event=event,
            care=happening.care,
            situation=situation,
            enrollment_no=enrollment.enrollment_no,
            treatment_pool=treatment_pool,
            starts_on=starts_on,
            opened_by=opened_by,
            relation=relation,
            open_token=open_token,
            now=now,
        )
        if is_new:
            await _record(db, journey, "journey.opened", actor_id=opened_by, channel=channel, now=now)
            if opened_by != person_id:
                helper = (await names_of(db, [opened_by]))[opened_by]
                await _tell(
                    db,
                    journey,
                    title="家人在帮您办一件事",
                    body=f"{helper}开始帮您办“{happening.title}”。您不同意的话，打开它就能停掉。",
                    once=f"journey.opened {journey.number}",
                    now=now,
                )
    return journey


async def journeys_of(db: Db, viewer_id: int) -> list[Journey]:
    """The viewer's own and those they opened for people who are their relatives still, open ones first."""
    found = await store.journeys_of(db, viewer_id)
    seen = {viewer_id, *await relations_of(db, viewer_id)} if found else set()
    return [journey for journey in found if journey.person_id in seen]


async def get_journey(db: Db, *, viewer_id: int, number: str) -> Journey:
    """For the insured person, and for whoever opened it as long as the two are bound as relatives: the page shows what
    holds today. Raises JourneyNotFound for anybody else's as for none."""
    try:
        outside = parse_outside_number(number, JOURNEY)
    except InvalidNumber:
        raise _not_found() from None
    journey = await store.journey(db, outside.person_id, outside.serial)
    if journey is None or viewer_id not in (journey.person_id, journey.opened_by):
        raise _not_found()
    if viewer_id != journey.person_id and journey.person_id not in await relations_of(db, viewer_id):
        raise _not_found()
    return journey


async def progress_of(
    db: Db, vault: Vault, pack: Pack, regions: Regions, journey: Journey, *, viewer_id: int, now: datetime
) -> Progress:
    """How each errand stands, read from its own records at `now`, as far as that viewer may see them."""
    event = life_event(journey.event)
    if event is None:  # an agency took the event out of its file: the journey can still be ended
        return Progress(journey, (), (), frozenset(), "参保地医保经办机构")
    records = await read_records(db, vault, journey, viewer_id=viewer_id, now=now)
    return rules.progress(pack, regions, event, journey, records)


async def begin_errand(
    db: Db,
    vault: Vault,
    pack: Pack,
    regions: Regions,
    journey: Journey,
    kind: PartKind,
    *,
    viewer_id: int,
    now: datetime,
) -> drafts.Draft:
    """The draft of that errand with everything that is known already; one that lies half done is taken up again.

    Call it in a transaction: a second tap waits there for the first and finds its draft. Raises JourneyRefused for an
    errand that is not handled by a form.
    """
    # Nobody shares an account with themselves: that errand is the relative's, who opens it on their own phone.
    is_theirs = kind is PartKind.MUTUAL_AID and viewer_id == journey.person_id
    if kind not in FLOWS or not journey.is_open or is_theirs:
        raise JourneyRefused("这一步不在这里办，请返回看看别的")
    await store.lock(db, journey.person_id)
    records = await read_records(db, vault, journey, viewer_id=viewer_id, now=now)
    if (begun := records.drafts.get(kind)) is not None:
        return begun
    return await drafts.start(
        db,
        vault,
        person_id=viewer_id,
        flow=FLOWS[kind],
        for_person_id=None if kind is PartKind.MUTUAL_AID else journey.person_id,
        known=await _known(db, pack, regions, journey, kind, viewer_id, now),
        now=now,
    )


async def _known(
    db: Db, pack: Pack, regions: Regions, journey: Journey, kind: PartKind, viewer_id: int, now: datetime
) -> Known:
    event = life_event(journey.event)
    if event is None:
        return {}
    today, enrollment = day_of(now), await enrollment_of(db, journey, now)
    found = rules.advice_of(pack, regions, journey, enrollment, today)
    return rules.known_for(kind, event, journey, regions, found, viewer_id=viewer_id, today=today)


async def close_journey(db: Db, journey: Journey, *, actor_id: int, channel: str, now: datetime) -> None:
    """End it, from either side; what was handed in stays. Ending it again changes nothing."""
    async with db.transaction():
        if not await store.close(db, journey.person_id, journey.journey_serial, actor_id, now):
            return
        await _record(db, journey, "journey.closed", actor_id=actor_id, channel=channel, now=now)


async def _record(db: Db, journey: Journey, action: str, *, actor_id: int, channel: str, now: datetime) -> None:
    await audit.record(
        db,
        now=now,
        actor=f"person:{actor_id}",
        channel=channel,
        action=action,
        person_id=journey.person_id,
        subject=journey.number,
    )


async def _tell(db: Db, journey: Journey, *, title: str, body: str, once: str, now: datetime) -> None:
    await notices.post(
        db,
        person_id=journey.person_id,
        kind=NoticeKind.JOURNEY,
        subject=journey.number,
        title=title,
        body=body,
        link=f"/journey/{journey.number}",
        now=now,
        once=once,
    )


def _not_found() -> JourneyNotFound:
    return JourneyNotFound("没有找到这件事，请从首页打开")
