"""Single values: exact in, exact out, and a sentence for what cannot be read."""

from datetime import date, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tongban.doors.gateway import scalars
from tongban.doors.gateway.scalars import Extension, WireDay, WireFen, WirePrice, WireQuantity, WireSwitch, WireTime
from tongban.infra.clock import CHINA_TIME


@pytest.mark.parametrize(
    ("sent", "fen"),
    [("12.50", 1250), ("12.5", 1250), ("12", 1200), ("0", 0), ("-3.07", -307), ("1.0E7", 10**9), ("0.100000", 10)],
)
def test_an_amount_is_read_to_the_fen_however_it_is_written(sent: str, fen: int) -> None:
    assert scalars.read_scalar(WireFen, sent) == fen


@pytest.mark.parametrize("sent", ["12.345", "1e30", "abc", "NaN", "Infinity", "1,234.50", "999999999999999", "１２"])
def test_what_is_no_amount_is_refused_with_a_sentence(sent: str) -> None:
    if sent == "１２":
        # Full-width digits are digits to Python, and to people.
        assert scalars.read_scalar(WireFen, sent) == 1200
        return
    with pytest.raises(ValueError, match=r"不是数字|小数超过|太大"):
        scalars.read_scalar(WireFen, sent)


@given(st.integers(-(10**16) + 1, 10**16 - 1))
def test_an_amount_survives_the_way_out_and_in_again(fen: int) -> None:
    written = bytes(scalars.amount(fen)).decode()
    assert scalars.read_scalar(WireFen, written) == fen
    assert written.partition(".")[2].isdigit()
    assert len(written.partition(".")[2]) == 2


@given(st.integers(0, 10**15))
def test_prices_and_quantities_keep_their_decimals(value: int) -> None:
    assert scalars.read_scalar(WirePrice, bytes(scalars.price(value)).decode()) == value
    assert scalars.read_scalar(WireQuantity, bytes(scalars.quantity(value)).decode()) == value


def test_answers_write_zero_without_a_sign_and_rates_with_four_decimals() -> None:
    assert bytes(scalars.amount(-0)) == b"0.00"
    assert bytes(scalars.ratio(6000)) == b"0.6000"
    assert bytes(scalars.amount(-5)) == b"-0.05"


@pytest.mark.parametrize(
    "sent",
    ["2026-11-22", "2026-11-22 00:14:04", "20261122", "2026/11/22", "2026-11-22T08:00", "2026-11-22 08:00:01.5",
     "20261122001404"],
)  # fmt: skip
def test_a_day_is_read_from_dates_and_from_times(sent: str) -> None:
    assert scalars.read_scalar(WireDay, sent) == date(2026, 11, 22)


def test_a_bare_date_is_midnight_in_china() -> None:
    assert scalars.read_scalar(WireTime, "2026-11-22") == datetime(2026, 11, 22, tzinfo=CHINA_TIME)


@pytest.mark.parametrize("sent", ["2026-02-30", "昨天", "0001-01-01", "2026-11-22 25:00:00", "22.11.2026"])
def test_an_impossible_day_is_refused(sent: str) -> None:
    with pytest.raises(ValueError, match=r"日期|日历|年份"):
        scalars.read_scalar(WireDay, sent)


def test_a_switch_knows_the_spellings_in_use() -> None:
    assert [scalars.read_scalar(WireSwitch, text) for text in ("0", "1", "00", "01")] == [0, 1, 0, 1]
    with pytest.raises(ValueError, match="0 或 1"):
        scalars.read_scalar(WireSwitch, "2")


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ('{"IPT_TYPE":"2","TRUM_FLAG":0}', {"IPT_TYPE": "2", "TRUM_FLAG": "0"}),
        ('{"ipt_type":"2","x":{"y":1},"z":null}', {"IPT_TYPE": "2"}),
        ({"ipt_type": "2"}, {"IPT_TYPE": "2"}),
        ("术后复查", {}),
        ("[1]", {}),
    ],
)
def test_an_extension_is_read_in_every_spelling(sent: object, read: dict[str, str]) -> None:
    assert scalars.read_scalar(Extension, sent) == Extension(read)


def test_a_broken_extension_is_not_taken_for_an_empty_one() -> None:
    with pytest.raises(ValueError, match="急诊"):
        scalars.read_scalar(Extension, '{"IPT_TYPE":"2"')


def test_amounts_leave_as_json_numbers() -> None:
    assert msgspec.json.encode({"medfee_sumamt": scalars.amount(1250)}) == b'{"medfee_sumamt":12.50}'
