"""Jobs are left inside the caller's transaction, in the queue library's own form."""

from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment, QueryQueueBuilder
from pgqueuer.domain.settings import DBSettings
from pgqueuer.queries import Queries

from tongban.infra.db import Db
from tongban.infra.jobs import enqueue, read_ids


async def jobs(db: Db) -> list[Any]:
    return await db.fetch("select * from jobs.pgqueuer order by id")


async def test_a_job_is_a_name_and_numbers(db: Db) -> None:
    assert await enqueue(db, "papers.read", {"person_id": 100000000000017, "serial": "M7"})
    (job,) = await jobs(db)
    assert (job["entrypoint"], job["status"], job["attempts"]) == ("papers.read", "queued", 0)
    assert read_ids(job["payload"]) == {"person_id": 100000000000017, "serial": "M7"}


async def test_rolled_back_there_is_no_job(db: Db) -> None:
    async def change_fails() -> None:
        async with db.transaction():
            await enqueue(db, "papers.read", {})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await change_fails()
    assert await jobs(db) == []


async def test_the_same_key_waits_once_and_leaves_the_transaction_whole(db: Db) -> None:
    async with db.transaction():
        assert await enqueue(db, "papers.read", {"n": 1}, once="papers 1")
        assert not await enqueue(db, "papers.read", {"n": 1}, once="papers 1")
        assert await enqueue(db, "papers.read", {"n": 2})
        assert await enqueue(db, "papers.read", {"n": 2})
    assert len(await jobs(db)) == 3


async def test_a_job_for_later_keeps_its_moment(db: Db) -> None:
    moment = datetime(2027, 1, 5, 7, 0, tzinfo=UTC)
    await enqueue(db, "papers.read", {}, not_before=moment)
    assert (await jobs(db))[0]["execute_after"] == moment


async def test_the_row_is_the_one_the_library_would_have_written(db: Db, database_url: str) -> None:
    await enqueue(db, "papers.read", {"n": 1}, once="ours")
    plain = await asyncpg.connect(database_url)
    try:
        schema = DBSettings(db_schema="jobs")
        queries = Queries(AsyncpgDriver(plain), qbe=QueryBuilderEnvironment(schema), qbq=QueryQueueBuilder(schema))
        await queries.enqueue("papers.read", b'{"n":1}', dedupe_key="theirs")
    finally:
        await plain.close()
    ours, theirs = ({**row} for row in await jobs(db))
    differs = {"id", "created", "updated", "heartbeat", "execute_after", "dedupe_key", "headers"}
    assert {key: ours[key] for key in ours.keys() - differs} == {key: theirs[key] for key in theirs.keys() - differs}
    logged = await db.fetch("select status, priority, entrypoint, aggregated from jobs.pgqueuer_log")
    assert logged[0] == logged[1]
