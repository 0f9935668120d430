"""How often something may be tried: one row per thing and minute, counted in one statement."""

from datetime import datetime

from tongban.infra.db import Db
from tongban.kernel.errors import Refusal

_SLOT_SECONDS = 60
_KEEP_SLOTS = 60


class TooOften(Refusal):
    code = "too_often"
    status = 429


async def limit(db: Db, key: str, *, now: datetime, per_minute: int) -> None:
    """Count one try of `key`. Raises TooOften from the try after `per_minute` on, until the minute is over.

    Call it on a connection that is in no transaction: a try that fails must stay counted. `key` is kept in clear, so
    it holds no personal data.
    """
    slot = int(now.timestamp()) // _SLOT_SECONDS
    used: int = await db.fetchval(
        """insert into infra.rate (key, slot, used) values ($1, $2, 1)
           on conflict (key, slot) do update set used = infra.rate.used + 1 returning used""",
        key,
        slot,
    )
    if used == 1:
        await db.execute("delete from infra.rate where slot < $1", slot - _KEEP_SLOTS)
    if used > per_minute:
        raise TooOften("试得太快了，请过一分钟再试")
