"""Run jobs until asked to stop, or until nothing that is due is left.

The queue library picks jobs, keeps those that run alive with a heartbeat, and picks them again when the heartbeat
stops: that is how a job of a killed worker is done after all. It has connections of its own, because ours read JSON
as objects and its do not.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

import asyncpg
import httpx
import structlog
from pgqueuer import PgQueuer
from pgqueuer.adapters.drivers.asyncpg import AsyncpgPoolDriver
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment, QueryQueueBuilder, QuerySchedulerBuilder
from pgqueuer.domain.settings import DBSettings
from pgqueuer.errors import RetryRequested
from pgqueuer.models import Job, Schedule
from pgqueuer.queries import Queries

from tongban.doors.worker.context import Context, Handler
from tongban.doors.worker.registry import CHORES, HANDLERS
from tongban.infra import jobs
from tongban.infra.clock import Clock, system_clock
from tongban.infra.crypto import Vault
from tongban.infra.db import Pool, create_pool
from tongban.kernel.errors import Refusal
from tongban.notices import messengers_for
from tongban.settings import Settings

_log = structlog.get_logger("tongban.worker")

_SCHEMA = "jobs"
_AT_ONCE = 8
_BATCH = 4
# A job whose worker has not been heard of for so long is given to another.
HEARTBEAT_TIMEOUT = timedelta(seconds=12)
_LOOK_AGAIN = timedelta(seconds=10)
_TRIES_MAX = 10
_WAIT_FIRST, _WAIT_MAX = timedelta(seconds=5), timedelta(minutes=30)
_JOB_SECONDS_MAX = 3600.0
_ONCE_LOOK_SECONDS = 0.2


class DatabaseGone(Refusal):
    """Whoever started the worker starts it again, and by then the database may be back."""

    code = "database_gone"


class JobFailed(Exception):
    """Stands in the queue's log instead of what went wrong, whose text may hold what a row held."""


async def run(
    settings: Settings, *, once: bool = False, clock: Clock = system_clock, handlers: Mapping[str, Handler] = HANDLERS
) -> None:
    """Until SIGTERM or SIGINT, finishing what runs; with `once`, until nothing is due of what `handlers` can do, all
    chores among it. Raises NoDatabase, DatabaseGone.
    """
    try:
        await _work(settings, once, clock, handlers)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise DatabaseGone(f"后台停了，数据库断开：{type(error).__name__}。请等数据库回来再启动") from None


async def _work(settings: Settings, once: bool, clock: Clock, handlers: Mapping[str, Handler]) -> None:
    url = settings.require_database_url()
    pool = await create_pool(url, size_max=_AT_ONCE)
    queue_pool = await asyncpg.create_pool(
        url, min_size=1, max_size=3, server_settings={"application_name": "tongban-worker"}
    )
    async with httpx.AsyncClient() as http:
        try:
            context = Context(
                settings, pool, Vault.from_settings(settings), clock, messengers_for(settings, http, clock)
            )
            worker = _worker(queue_pool, context, handlers)
            _stop_in_order(worker)
            if once:
                async with pool.acquire() as db:
                    for chore in CHORES:
                        if chore.name in handlers:
                            await jobs.enqueue(db, chore.name, {}, once=chore.name)
                stopping = asyncio.create_task(_stop_when_done(worker, pool, list(handlers)))
                await _run(worker)
                await stopping
            else:
                _schedule(worker, context)
                await _run(worker)
        finally:
            await queue_pool.close()
            await pool.close()


async def _run(worker: PgQueuer) -> None:
    await worker.run(
        dequeue_timeout=_LOOK_AGAIN,
        batch_size=_BATCH,
        max_concurrent_tasks=_AT_ONCE,
        heartbeat_timeout=HEARTBEAT_TIMEOUT,
    )


def _worker(queue_pool: "asyncpg.Pool[asyncpg.Record]", context: Context, handlers: Mapping[str, Handler]) -> PgQueuer:
    driver = AsyncpgPoolDriver(queue_pool)
    names = DBSettings(db_schema=_SCHEMA)
    queries = Queries(
        driver,
        qbe=QueryBuilderEnvironment(names),
        qbq=QueryQueueBuilder(names),
        qbs=QuerySchedulerBuilder(names),
    )
    worker = PgQueuer(driver, queries=queries)
    for name, handler in handlers.items():
        # A job that fails for good is kept for somebody to look at, not thrown away.
        worker.entrypoint(name, on_failure="hold")(_doing(context, handler))
    return worker


def _doing(context: Context, handler: Handler) -> Callable[[Job], Awaitable[None]]:
    async def do(job: Job) -> None:
        try:
            # One that hangs would hold its place for good, and eight of them everybody's.
            async with asyncio.timeout(_JOB_SECONDS_MAX):
                again = await handler(context, jobs.read_ids(job.payload))
        except Exception as error:
            # Names of things only: the text of a database error quotes rows.
            _log.warning("job failed", job=job.entrypoint, job_id=job.id, tries=job.attempts + 1, error=_kind_of(error))
            if job.attempts + 1 >= _TRIES_MAX:
                raise JobFailed(_kind_of(error)) from None
            wait = min(_WAIT_FIRST * 3**job.attempts, _WAIT_MAX)
            raise RetryRequested(delay=wait, reason=_kind_of(error)) from None
        if again is not None:
            raise RetryRequested(delay=_until(again, context.clock()), reason="later")

    return do


def _kind_of(error: BaseException) -> str:
    """``IntegrityError at service.py:42``: where it broke, without what was in the variables."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f"{place.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{place.tb_lineno}" if place else "?"
    return f"{type(error).__name__} at {where}"


def _until(moment: datetime, now: datetime) -> timedelta:
    return max(moment - now, timedelta(seconds=1))


def _schedule(worker: PgQueuer, context: Context) -> None:
    """Cron lines leave jobs: a chore is tried again like everything else, and once however many workers there are. When
    the next time is, stands in the database: what was due while no worker ran is done when one starts."""
    for chore in CHORES:

        async def due(schedule: Schedule) -> None:
            async with context.pool.acquire() as db:
                await jobs.enqueue(db, schedule.entrypoint, {}, once=schedule.entrypoint)

        worker.schedule(chore.name, chore.when)(due)


def _stop_in_order(worker: PgQueuer) -> None:
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, worker.shutdown.set)


async def _stop_when_done(worker: PgQueuer, pool: Pool, names: list[str]) -> None:
    """Ends when nothing is due or running. What waits for a later moment is left to the next time."""
    while not worker.shutdown.is_set():
        async with pool.acquire() as db:
            left = await jobs.due_or_running(db, names)
        if not left:
            worker.shutdown.set()
            return
        await asyncio.sleep(_ONCE_LOOK_SECONDS)
