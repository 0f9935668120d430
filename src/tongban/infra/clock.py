"""The one place that knows what time it is. Rules and use cases are given `now`; only doors ask a clock."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import TypeAlias

from tongban.kernel.dates import zh_date

Clock: TypeAlias = Callable[[], datetime]

# China has one time zone and no summer time, so a fixed offset is exact and needs no time-zone files on the machine.
CHINA_TIME = timezone(timedelta(hours=8), "Asia/Shanghai")


def system_clock() -> datetime:
    """Now, as an aware datetime."""
    return datetime.now(UTC)


def day_of(now: datetime) -> date:
    """The calendar day people in China write at the moment `now` (aware)."""
    return in_china(now).date()


def in_china(now: datetime) -> datetime:
    """The same moment on a Chinese clock. Raises ValueError for a naive datetime, whose moment nobody knows."""
    if now.tzinfo is None:
        raise ValueError("a naive datetime names no moment")
    return now.astimezone(CHINA_TIME)


def zh_moment(at: datetime) -> str:
    """2026年11月20日 08:05, on a Chinese clock."""
    local = in_china(at)
    return f"{zh_date(local.date())} {local:%H:%M}"
