"""What is done by the clock. Each may be done again at any time: it finds nothing left to do, or says the same once."""

from datetime import datetime, timedelta

import structlog

from tongban import drafts, materials, mutual_aid, notices
from tongban.directory import Regions, all_regions, institution_names
from tongban.doors.worker.context import Context, Ids
from tongban.filing import DueFiling, filings_ending, filings_starting
from tongban.infra import jobs, session
from tongban.infra.clock import day_of, in_china
from tongban.infra.db import Db
from tongban.infra.files import files_from
from tongban.kernel.dates import zh_date
from tongban.notices import NoticeKind, look_through, looked_through, post
from tongban.settlement import SettlementChange, SettlementState, changes_between

_log = structlog.get_logger("tongban.worker")

# Before a filing ends, and before a draft is thrown away.
_FILING_DAYS_BEFORE = (14, 3)
_DRAFT_DAYS_BEFORE = 3
_KEEP_JOB_LOG = timedelta(days=30)
# A settlement carries the moment its message came; it may be committed some time after that.
_SETTLEMENTS = "settlements"
_LATE_COMMITS = timedelta(minutes=5)
_ROWS_AT_ONCE = 500


async def purge_sessions(context: Context, ids: Ids) -> None:
    async with context.pool.acquire() as db:
        await session.remove_ended(db, context.clock())


async def purge_drafts(context: Context, ids: Ids) -> None:
    async with context.pool.acquire() as db:
        await drafts.purge_expired(db, now=context.clock())


async def purge_materials(context: Context, ids: Ids) -> None:
    """Pictures that were kept long enough: counted, and deleted only where the installation says so."""
    now, files = context.clock(), files_from(context.settings)
    await materials.tidy(files, now=now)
    async with context.pool.acquire() as db:
        if not context.settings.purges_materials:
            _log.info("materials due", count=len(await materials.due(db, now=now)))
            return
        purged = await materials.purge(db, context.vault, files, actor="worker", now=now)
        _log.info("materials purged", count=purged.materials, objects=purged.objects)


async def end_lapsed_sharing(context: Context, ids: Ids) -> None:
    """What was set apart for a relative is free again once one of the two is no longer insured."""
    async with context.pool.acquire() as db:
        await mutual_aid.end_lapsed(db, context.pack, now=context.clock())


async def send_premiums(context: Context, ids: Ids) -> None:
    """Premiums the tax office has not answered for are told to it again."""
    tax_office = mutual_aid.tax_office_for(context.settings, context.clock)
    if tax_office is not None:
        async with context.pool.acquire() as db:
            await mutual_aid.send_premiums(db, tax_office, now=context.clock())


async def resume_deliveries(context: Context, ids: Ids) -> None:
    """Messages whose job is gone go out after all."""
    async with context.pool.acquire() as db:
        if resumed := await notices.resume_deliveries(db, now=context.clock()):
            _log.warning("deliveries resumed", count=resumed)


async def purge_job_log(context: Context, ids: Ids) -> None:
    async with context.pool.acquire() as db:
        await jobs.purge_log(db, context.clock() - _KEEP_JOB_LOG)


async def remind(context: Context, ids: Ids) -> None:
    """What ends or begins soon, each said once per day named."""
    now = context.clock()
    async with context.pool.acquire() as db:
        regions = await all_regions(db)
        for days in _FILING_DAYS_BEFORE:
            await _remind_of_ends(db, regions, days, now)
        for start in await filings_starting(db, day_of(now) + timedelta(days=1), now=now):
            await _remind(
                db,
                start,
                f"去{_place(regions, start)}的备案明天生效",
                "从明天起，去那里的定点医院看病能直接结算。记得带医保码或社保卡。",
                f"filing.starting {start.number}",
                now,
            )
        for draft in await drafts.drafts_ending(db, until=day_of(now) + timedelta(days=_DRAFT_DAYS_BEFORE), now=now):
            await post(
                db,
                person_id=draft.person_id,
                kind=NoticeKind.REMINDER,
                subject="",
                title="有一件事没办完，草稿快到期了",
                body=f"草稿保留到 {zh_date(draft.expires_on)}。过了这天要重新填。",
                link="/",
                now=now,
                once=f"draft.ending {draft.draft_id} {draft.expires_on}",
            )


async def _remind_of_ends(db: Db, regions: Regions, days: int, now: datetime) -> None:
    today = day_of(now)
    # Each reminder has three days to be said in: a worker that slept over its day says it on the next.
    for end in await filings_ending(
        db, after=today + timedelta(days=days - 3), until=today + timedelta(days=days), now=now
    ):
        assert end.valid_to is not None
        await _remind(
            db,
            end,
            f"去{_place(regions, end)}的备案快到期了",
            f"备案到 {zh_date(end.valid_to)} 为止。还要在那里看病的，到期前再办一次。",
            f"filing.ending {end.number} {days}",
            now,
        )


async def _remind(db: Db, due: DueFiling, title: str, body: str, once: str, now: datetime) -> None:
    """The insured person and, where somebody else filed, that one too."""
    for person_id in dict.fromkeys((due.person_id, due.filed_by)):
        await post(
            db,
            person_id=person_id,
            kind=NoticeKind.REMINDER,
            subject=due.number,
            title=title,
            body=body,
            link=f"/filing/records/{due.number}",
            now=now,
            once=once,
        )


def _place(regions: Regions, due: DueFiling) -> str:
    region = regions.get(due.treatment_pool)
    return region.name if region else "外地"


async def tell_settlements(context: Context, ids: Ids) -> None:
    """Tell people what hospitals settled or cancelled since the last time; the settling itself does not wait for it."""
    now = context.clock()
    async with context.pool.acquire() as db:
        since = (await looked_through(db, _SETTLEMENTS) or now) - _LATE_COMMITS
        after = (0, 0)
        while changes := await changes_between(db, since, now, after=after, limit=_ROWS_AT_ONCE):
            names = await institution_names(db, [change.institution_code for change in changes])
            async with db.transaction():
                for change in changes:
                    await _tell_settlement(db, change, names.get(change.institution_code, "定点医药机构"))
            after = (changes[-1].person_id, changes[-1].settlement_serial)
        await look_through(db, _SETTLEMENTS, now)


async def _tell_settlement(db: Db, change: SettlementChange, institution: str) -> None:
    is_cancelled = change.state is SettlementState.CANCELLED
    moment = in_china(change.at)
    when = f"{moment.month}月{moment.day}日 {moment:%H:%M}"
    await post(
        db,
        person_id=change.person_id,
        kind=NoticeKind.SETTLEMENT,
        subject=change.number,
        title=f"{institution}{'撤销' if is_cancelled else '结算'}了一笔",
        body=f"{when} 撤销的，用过的钱和额度都退回来了。"
        if is_cancelled
        else f"{when} 结算的。点开看花了多少、怎么算的。",
        link=f"/costs/{change.number}",
        now=change.at,
        once=f"settlement.{change.state.value} {change.number}",
    )
