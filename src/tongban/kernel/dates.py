"""Dates come in as arguments; nothing here reads a clock."""

import calendar
import re
from datetime import date, timedelta

from tongban.kernel.errors import Refusal

_PATTERNS = (
    re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})"),
    re.compile(r"(\d{4})/(\d{1,2})/(\d{1,2})"),
    re.compile(r"(\d{4})\.(\d{1,2})\.(\d{1,2})"),
    re.compile(r"(\d{4})(\d{2})(\d{2})"),
    re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})日?"),
)


class InvalidDate(Refusal):
    code = "date_invalid"


def parse_date(text: str, *, field: str | None = None, label: str = "日期") -> date:
    """A date as people write it: 2026-11-20, 2026/11/20, 20261120 or 2026年11月20日."""
    compact = re.sub(r"\s", "", text)
    if not compact:
        raise InvalidDate(f"请填{label}，例如 2026-11-20", field=field)
    for pattern in _PATTERNS:
        if match := pattern.fullmatch(compact):
            try:
                return date(int(match[1]), int(match[2]), int(match[3]))
            except ValueError:
                raise InvalidDate(f"{label}“{compact[:20]}”在日历上没有，请再看一下", field=field) from None
    raise InvalidDate(f"{label}“{compact[:20]}”看不懂，请按 2026-11-20 这样填", field=field)


def zh_date(day: date) -> str:
    """2026年11月20日."""
    return f"{day.year}年{day.month}月{day.day}日"


def add_months(day: date, months: int) -> date:
    """The same day `months` later; the last of the month where that day does not exist."""
    year, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + year, month + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def last_day_of(start: date, months: int) -> date:
    """The last day of a period of `months` that begins on `start`: 2026-01-15 and 6 → 2026-07-14."""
    return add_months(start, months) - timedelta(days=1)


def age_on(born: date, day: date) -> int:
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def add_working_days(day: date, days: int) -> date:
    """The day `days` working days after `day`, Monday to Friday. Public holidays are not known here: a term that runs
    over one ends earlier than the office counts, never later."""
    while days > 0:
        day += timedelta(days=1)
        days -= day.weekday() < 5  # Saturday is 5
    return day
