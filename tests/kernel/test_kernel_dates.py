"""Dates as people write them, and periods whose last day counts."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tongban.kernel.dates import InvalidDate, add_months, age_on, last_day_of, parse_date, zh_date

days = st.dates(min_value=date(1900, 1, 1), max_value=date(2200, 12, 31))


@pytest.mark.parametrize(
    "text",
    ["2026-11-20", "2026/11/20", "2026.11.20", "20261120", "2026年11月20日", "2026年11月20", " 2026 年 11 月 20 日 "],
)
def test_every_way_of_writing_a_day_is_read(text: str) -> None:
    assert parse_date(text) == date(2026, 11, 20)


def test_single_digits_are_read() -> None:
    assert parse_date("2026-1-2") == parse_date("2026年1月2日") == date(2026, 1, 2)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "请填"),
        ("2026-02-30", "日历上没有"),
        ("2025-02-29", "日历上没有"),
        ("2026-13-01", "日历上没有"),
        ("20-11-2026", "看不懂"),
        ("2026-11", "看不懂"),
        ("明天", "看不懂"),
        ("2026-11/20", "看不懂"),
    ],
)
def test_a_wrong_date_is_refused_with_the_value_seen(text: str, says: str) -> None:
    with pytest.raises(InvalidDate, match=says) as refused:
        parse_date(text, field="start", label="开始日期")
    assert refused.value.field == "start"
    assert "开始日期" in refused.value.sentence
    assert text in refused.value.sentence


@given(days)
def test_the_chinese_form_reads_back(day: date) -> None:
    assert parse_date(zh_date(day)) == day


@pytest.mark.parametrize(
    ("start", "months", "later"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
        (date(2026, 12, 15), 1, date(2027, 1, 15)),
        (date(2026, 1, 15), -1, date(2025, 12, 15)),
        (date(2026, 3, 31), -1, date(2026, 2, 28)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
    ],
)
def test_months_later_is_the_same_day_or_the_last_of_the_month(start: date, months: int, later: date) -> None:
    assert add_months(start, months) == later


@given(days, st.integers(min_value=1, max_value=240))
def test_a_period_ends_the_day_before_the_next_one_begins(start: date, months: int) -> None:
    assert last_day_of(start, months) + timedelta(days=1) == add_months(start, months)


def test_six_months_from_the_fifteenth_end_on_the_fourteenth() -> None:
    assert last_day_of(date(2026, 1, 15), 6) == date(2026, 7, 14)


def test_people_grow_older_on_their_birthday_and_not_before() -> None:
    born = date(1962, 3, 8)
    assert age_on(born, date(2026, 3, 7)) == 63
    assert age_on(born, date(2026, 3, 8)) == 64


def test_who_was_born_on_29_february_grows_older_on_1_march_of_other_years() -> None:
    born = date(2004, 2, 29)
    assert age_on(born, date(2026, 2, 28)) == 21
    assert age_on(born, date(2026, 3, 1)) == 22
