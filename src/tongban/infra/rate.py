"""How often something may be tried: one row per thing and minute or day, counted in one statement."""

from datetime import datetime

from tongban.infra.db import Db
from tongban.kernel.errors import Refusal

_MINUTE_SECONDS = 60
_DAY_SECONDS = 24 * 60 * 60
_KEEP_WINDOWS = 2


class TooOften(Refusal):
    code = "too_often"
    status = 429


async def limit(db: Db, key: str, *, now: datetime, per_minute: int) -> None:
    """Count one try of `key`. Raises TooOften from the try after `per_minute` on, until the minute is over.

    Call it on a connection that is in no transaction, or in one that is committed whatever happens: a try that fails
    must stay counted. `key` is kept in clear, so it holds no personal data.
    """
    if await _count(db, key, now, _MINUTE_SECONDS) > per_minute:
        raise TooOften("试得太快了，请过一分钟再试")


async def limit_per_day(db: Db, key: str, *, now: datetime, per_day: int) -> None:
    """The same by the day (of UTC). Raises TooOften."""
    if await _count(db, key, now, _DAY_SECONDS) > per_day:
        raise TooOften("今天试的次数太多了，请明天再试，或者打参保地的电话")


async def give_back(db: Db, key: str, *, now: datetime) -> None:
    """Take back one try of `key` counted by both, in the same transaction: it turned out not to be a guess.

    Counting first and giving back is what holds: who is over the limit learns nothing, not even by being right, and
    tries sent all at once wait for each other at the row.
    """
    second = int(now.timestamp())
    windows = (_MINUTE_SECONDS, _DAY_SECONDS)
    await db.execute(
        """update infra.rate set used = used - 1
           where (key, slot) in (select * from unnest($1::text[], $2::bigint[])) and used > 0""",
        [f"{window}:{key}" for window in windows],
        [second - second % window for window in windows],
    )


async def _count(db: Db, key: str, now: datetime, window_seconds: int) -> int:
    """How often `key` was tried in the window of `now`, this time included. A slot is the second its window began."""
    second = int(now.timestamp())
    used: int = await db.fetchval(
        """insert into infra.rate (key, slot, used) values ($1, $2, 1)
           on conflict (key, slot) do update set used = infra.rate.used + 1 returning used""",
        f"{window_seconds}:{key}",
        second - second % window_seconds,
    )
    if used == 1:
        await db.execute(
            "delete from infra.rate where key like $1 and slot < $2",
            f"{window_seconds}:%",
            second - _KEEP_WINDOWS * window_seconds,
        )
    return used
