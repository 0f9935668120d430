"""The worker itself: what is due is done, what fails is tried again and kept, what runs is finished."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from notices_kit import LI, NOW, add_person, provider, tell
from tongban.doors.worker import CHORES, HANDLERS, Context, Ids, run
from tongban.doors.worker.chores import purge_job_log, purge_sessions, remind
from tongban.doors.worker.run import DatabaseGone
from tongban.drafts import start
from tongban.infra import session
from tongban.infra.clock import system_clock
from tongban.infra.crypto import Vault
from tongban.infra.db import Connection, Db, Pool, connected
from tongban.infra.jobs import enqueue
from tongban.notices import inbox
from tongban.settings import Settings

PROGRAM = Path(sys.executable).with_name("tongban")


@pytest.fixture
async def person(owner_db: Connection, settings: Settings) -> None:
    """Somebody with a phone, sealed with the keys the worker will have."""
    await add_person(owner_db, Vault.from_settings(settings))


async def queue(db: Db) -> list[Any]:
    return await db.fetch("select entrypoint, status, attempts, execute_after from jobs.pgqueuer order by id")


def always_day(settings: Settings) -> Settings:
    """Tests run at any hour."""
    return replace(settings, messages=replace(settings.messages, quiet_from=0, quiet_to=0))


@pytest.mark.usefixtures("person")
async def test_once_does_what_is_due_and_ends(db: Db, settings: Settings) -> None:
    await tell(db)
    await run(always_day(settings), once=True)
    assert await queue(db) == []
    (line,) = (settings.var_dir / "outbox" / "sms.jsonl").read_text().splitlines()
    row = await db.fetchrow("select state, provider_id, ref from notices.delivery")
    assert (row["state"], json.loads(line)["ref"]) == ("sent", str(row["ref"]))


@pytest.mark.parametrize("purges", [False, True])
async def test_every_chore_runs_on_an_empty_database_and_again(db: Db, settings: Settings, purges: bool) -> None:
    for _ in range(2):
        await run(replace(settings, purges_materials=purges), once=True)
    assert await queue(db) == []
    done = await db.fetch(
        "select entrypoint from jobs.pgqueuer_log where status = 'successful' group by 1 having count(*) = 2"
    )
    assert {row["entrypoint"] for row in done} == {chore.name for chore in CHORES}
    assert {chore.name for chore in CHORES} <= set(HANDLERS)


async def test_what_is_for_later_is_left(db: Db, settings: Settings) -> None:
    done: list[Ids] = []

    async def do(context: Context, ids: Ids) -> None:
        done.append(ids)

    await enqueue(db, "test.now", {"n": 1})
    await enqueue(db, "test.now", {"n": 2}, not_before=system_clock() + timedelta(hours=1))
    await run(settings, once=True, handlers={"test.now": do})
    assert done == [{"n": 1}]
    assert [row["status"] for row in await queue(db)] == ["queued"]


async def test_a_handler_may_ask_to_be_called_again(db: Db, settings: Settings) -> None:
    async def later(context: Context, ids: Ids) -> datetime:
        return context.clock() + timedelta(hours=2)

    await enqueue(db, "test.later", {})
    await run(settings, once=True, handlers={"test.later": later})
    (row,) = await queue(db)
    assert row["status"] == "queued"
    assert timedelta(minutes=119) < row["execute_after"] - system_clock() < timedelta(minutes=121)


async def test_a_job_that_fails_is_tried_again_then_kept_and_its_log_quotes_no_row(db: Db, settings: Settings) -> None:
    secret = "140105195503070018"

    async def fails(context: Context, ids: Ids) -> None:
        raise ValueError(f"Key (id_number)=({secret}) already exists")

    await enqueue(db, "test.fails", {})
    waits = []
    for _ in range(10):
        await run(settings, once=True, handlers={"test.fails": fails})
        (row,) = await queue(db)
        waits.append(row["execute_after"] - system_clock())
        await db.execute("update jobs.pgqueuer set execute_after = now() where status = 'queued'")
    assert row["status"] == "failed"
    assert timedelta(seconds=3) < waits[0] < waits[1] < waits[2] < timedelta(minutes=1)
    logged = await db.fetch("select traceback::text from jobs.pgqueuer_log where traceback is not null")
    assert logged
    assert all(secret not in row["traceback"] for row in logged)
    assert any("ValueError at test_notices_worker.py" in row["traceback"] for row in logged)


async def test_a_job_that_hangs_or_fails_keeps_no_other_from_being_done(
    db: Db, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules[DatabaseGone.__module__], "_JOB_SECONDS_MAX", 1.0)
    done = 0

    async def hangs(context: Context, ids: Ids) -> None:
        await asyncio.sleep(600)

    async def fails(context: Context, ids: Ids) -> None:
        raise ZeroDivisionError

    async def does(context: Context, ids: Ids) -> None:
        nonlocal done
        done += 1

    for _ in range(10):  # more than are done at once
        await enqueue(db, "test.hangs", {})
        await enqueue(db, "test.fails", {})
    for _ in range(20):
        await enqueue(db, "test.does", {})
    handlers = {"test.hangs": hangs, "test.fails": fails, "test.does": does}
    await asyncio.wait_for(run(settings, once=True, handlers=handlers), 60)
    assert done == 20
    assert {row["status"] for row in await queue(db)} == {"queued"}  # to be tried again later


def chores_done(database_url: str, name: str) -> int:
    """How often a chore was done, asked from a thread that has no event loop."""

    async def ask() -> int:
        async with connected(database_url) as db:
            found: int = await db.fetchval(
                "select count(*) from jobs.pgqueuer_log where entrypoint = $1 and status = 'successful'", name
            )
            return found

    return asyncio.run(ask())


@pytest.mark.faults
def test_a_chore_missed_while_no_worker_ran_is_done_once_by_two_that_start(settings: Settings) -> None:
    url = str(settings.database_url)

    async def missed() -> None:
        async with connected(url) as db:
            for chore in CHORES:
                await db.execute(
                    """insert into jobs.pgqueuer_schedules (expression, entrypoint, next_run)
                       values ($1, $2, now() - interval '3 hours')""",
                    chore.when,
                    chore.name,
                )

    asyncio.run(missed())
    environ = {**os.environ, **settings.for_workers(), "TONGBAN_MESSENGER": "off"}
    workers = [subprocess.Popen([str(PROGRAM), "work"], env=environ) for _ in range(2)]
    try:
        for name in ("chores.reminders", "chores.materials", "chores.job_log"):
            wait_until(lambda name=name: chores_done(url, name) > 0)  # type: ignore[misc]
    finally:
        for worker in workers:
            worker.send_signal(signal.SIGTERM)
        ended = [worker.wait(20) for worker in workers]
    assert ended == [0, 0]
    assert [chores_done(url, name) for name in ("chores.reminders", "chores.materials", "chores.job_log")] == [1, 1, 1]


async def test_without_its_database_it_ends_with_a_sentence(settings: Settings) -> None:
    with pytest.raises(DatabaseGone, match="数据库断开"):
        await run(replace(settings, database_url="postgresql://nobody@127.0.0.1:9/none"))


async def test_drafts_about_to_be_thrown_away_are_told_once(
    db: Db, settings: Settings, pool: Pool, vault: Vault
) -> None:
    now = [NOW]
    context = Context(settings, pool, vault, lambda: now[0], {})
    await start(db, vault, person_id=LI, flow="filing", now=NOW)
    for days in range(31):
        now[0] = NOW + timedelta(days=days)
        await remind(context, {})
    (told,) = await inbox(db, LI)
    assert "草稿快到期" in told.title
    assert "2026年12月22日" in told.body


async def test_sessions_and_logs_that_are_over_go(db: Db, settings: Settings, pool: Pool, vault: Vault) -> None:
    context = Context(settings, pool, vault, lambda: NOW, {})
    await session.write(db, "over", b"1", NOW - timedelta(seconds=1))
    await session.write(db, "on", b"1", NOW + timedelta(minutes=1))
    await purge_sessions(context, {})
    assert await db.fetchval("select count(*) from infra.session") == 1
    for days in (29, 31):
        await db.execute(
            """insert into jobs.pgqueuer_log (created, job_id, status, priority, entrypoint)
               values ($1, 1, 'queued', 0, 'x')""",
            NOW - timedelta(days=days),
        )
    await purge_job_log(context, {})
    assert await db.fetchval("select count(*) from jobs.pgqueuer_log") == 1


def wait_until(condition: Callable[[], bool], seconds: float = 40.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


@pytest.mark.usefixtures("person")
async def test_asked_to_stop_it_finishes_what_it_does(db: Db, settings: Settings) -> None:
    await tell(db)
    with provider() as there:
        there.seconds = 2.0
        process = subprocess.Popen([str(PROGRAM), "work"], env=environ_of(settings, there.url, there.key))
        try:
            wait_until(lambda: bool(there.asked))
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
        finally:
            process.kill()
            process.wait()
    assert (await db.fetchval("select state from notices.delivery")) == "sent"
    assert len(there.asked) == 1
    assert await queue(db) == []


def environ_of(settings: Settings, url: str, key: str) -> dict[str, str]:
    return {
        **os.environ,
        **settings.for_workers(),
        "TONGBAN_MESSENGER": "http",
        "TONGBAN_SMS_URL": url,
        "TONGBAN_SMS_KEY": key,
        "TONGBAN_QUIET_FROM": "0",
        "TONGBAN_QUIET_TO": "0",
    }
