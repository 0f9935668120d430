"""Work for later: what a use case leaves for the worker, in the same transaction as what it did.

A job is a name and some numbers of rows. It holds no personal data: whoever runs it reads the rows again, and may find
that there is nothing left to do. It runs at least once, so whatever it does must bear being done twice.
"""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from tongban.infra.db import Db

# What pgqueuer's own `enqueue` writes. Web processes post jobs without loading the library that runs them (20 MB, most
# of a second at the start); a test holds both to the same row.
_ENQUEUE = """
with posted as (
  insert into jobs.pgqueuer (priority, entrypoint, payload, execute_after, dedupe_key, status)
  values (0, $1, $2, coalesce($3::timestamptz, now()), nullif($4, ''), 'queued')
  on conflict (dedupe_key) where status in ('queued', 'picked') and dedupe_key is not null do nothing
  returning id, entrypoint, priority
), logged as (
  insert into jobs.pgqueuer_log (job_id, status, entrypoint, priority)
  select id, 'queued', entrypoint, priority from posted
)
select id from posted
"""


async def enqueue(
    db: Db, name: str, ids: Mapping[str, str | int], *, once: str = "", not_before: datetime | None = None
) -> bool:
    """Leave a job for the worker inside the caller's transaction: rolled back, there is no job.

    `name` is one of the worker's handlers, `ids` the numbers it needs, never names, texts or personal numbers. With
    `once`, a job of that key that still waits or runs makes this one unnecessary; False is returned then. `not_before`
    None: as soon as the transaction has committed.
    """
    job_id = await db.fetchval(_ENQUEUE, name, msgspec.json.encode(dict(ids)), not_before, once)
    return job_id is not None


def read_ids(payload: bytes | None) -> dict[str, str | int]:
    """The numbers a job was given."""
    return msgspec.json.decode(payload or b"{}", type=dict[str, str | int])


async def due_or_running(db: Db, names: list[str]) -> int:
    """How many jobs of these names wait for nothing but a worker, or have one."""
    count: int = await db.fetchval(
        """select count(*) from jobs.pgqueuer
           where entrypoint = any ($1) and (status = 'queued' and execute_after <= now() or status = 'picked')""",
        names,
    )
    return count


async def purge_log(db: Db, before: datetime) -> None:
    """Forget what ran before that moment: the queue library writes down every step of every job."""
    await db.execute("delete from jobs.pgqueuer_log where created < $1", before)
    await db.execute("delete from jobs.pgqueuer_statistics where created < $1", before)
