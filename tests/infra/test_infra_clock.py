"""The day is the day in China, wherever the machine stands."""

from datetime import UTC, date, datetime

import pytest

from tongban.infra.clock import day_of, in_china, system_clock, zh_moment


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 11, 20, 15, 59, 59, tzinfo=UTC), date(2026, 11, 20)),
        (datetime(2026, 11, 20, 16, 0, tzinfo=UTC), date(2026, 11, 21)),
        (datetime(2026, 12, 31, 16, 0, tzinfo=UTC), date(2027, 1, 1)),
    ],
)
def test_midnight_is_chinas(moment: datetime, day: date) -> None:
    assert day_of(moment) == day
    assert in_china(moment) == moment


def test_a_naive_moment_is_refused() -> None:
    with pytest.raises(ValueError, match="naive"):
        day_of(datetime(2026, 11, 20, 12, 0))  # noqa: DTZ001


def test_the_clock_is_aware() -> None:
    assert system_clock().tzinfo is not None


def test_a_moment_is_said_on_a_chinese_clock() -> None:
    assert zh_moment(datetime(2026, 11, 20, 16, 5, tzinfo=UTC)) == "2026年11月21日 00:05"
