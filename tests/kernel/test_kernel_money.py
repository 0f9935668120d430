"""Money is whole fen; what cannot be said in fen is refused, never rounded silently."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tongban.kernel.money import (
    AMOUNT_MAX_FEN,
    FULL_RATE_BP,
    fen_from_yuan,
    percent,
    points,
    share_half_up,
    yuan,
    yuan_plain,
)

amounts = st.integers(min_value=0, max_value=AMOUNT_MAX_FEN)
rates = st.integers(min_value=0, max_value=FULL_RATE_BP)


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("0", 0),
        ("12", 1200),
        ("12.5", 1250),
        ("12.50", 1250),
        ("12.500000", 1250),
        ("0.01", 1),
        ("1,234.50", 123450),
        ("1，234.5", 123450),
        ("-3", -300),
        (" 7.07 ", 707),
        ("１２.５", 1250),  # as typed with a Chinese keyboard left in full width
        ("99999999999999.99", AMOUNT_MAX_FEN),
    ],
)
def test_yuan_as_people_and_machines_write_it_becomes_fen(text: str, fen: int) -> None:
    assert fen_from_yuan(text) == fen


@pytest.mark.parametrize(
    "text", ["", "1.005", "1e3", "一百", ".5", "5.", "1.2.3", "--1", "nan", "100000000000000", "0x10", "1 2"]
)
def test_what_is_no_exact_amount_of_fen_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an amount"):
        fen_from_yuan(text)


@pytest.mark.parametrize(
    ("amount_fen", "rate_bp", "share_fen"),
    [
        (10_000, 6_000, 6_000),
        (1, 4_999, 0),  # 0.4999 fen
        (1, 5_000, 1),  # half a fen goes up
        (333, 8_550, 285),  # 284.715
        (0, 8_000, 0),
        (12_345, 0, 0),
        (12_345, FULL_RATE_BP, 12_345),
    ],
)
def test_a_share_is_rounded_half_up_to_the_fen(amount_fen: int, rate_bp: int, share_fen: int) -> None:
    assert share_half_up(amount_fen, rate_bp) == share_fen


@given(amounts, rates)
def test_a_share_and_the_rest_never_leave_the_amount(amount_fen: int, rate_bp: int) -> None:
    share = share_half_up(amount_fen, rate_bp)
    assert 0 <= share <= amount_fen
    assert abs(share * 10_000 - amount_fen * rate_bp) <= 5_000


@given(st.integers(min_value=-AMOUNT_MAX_FEN, max_value=AMOUNT_MAX_FEN))
def test_plain_yuan_reads_back_as_the_same_fen(fen: int) -> None:
    assert fen_from_yuan(yuan_plain(fen)) == fen


sizes = st.integers(0, 16).flatmap(lambda digits: st.integers(-(10**digits), 10**digits))


@given(sizes)
def test_yuan_for_people_is_plain_yuan_with_commas(fen: int) -> None:
    sign = "−" if fen < 0 else ""
    assert yuan(fen) == f"{sign}{abs(fen) // 100:,}.{yuan_plain(fen)[-2:]}"


@pytest.mark.parametrize(
    ("fen", "for_people", "for_machines"),
    [
        (123450, "1,234.50", "1234.50"),
        (-123450, "−1,234.50", "-1234.50"),
        (5, "0.05", "0.05"),
        (-5, "−0.05", "-0.05"),
        (0, "0.00", "0.00"),
        (100_000_000, "1,000,000.00", "1000000.00"),
    ],
)
def test_amounts_are_written_for_people_and_for_machines(fen: int, for_people: str, for_machines: str) -> None:
    assert (yuan(fen), yuan_plain(fen)) == (for_people, for_machines)


@pytest.mark.parametrize(
    ("rate_bp", "text"),
    [(6000, "60%"), (8550, "85.5%"), (8555, "85.55%"), (5, "0.05%"), (0, "0%"), (-500, "−5%"), (10_000, "100%")],
)
def test_rates_are_written_without_idle_zeros(rate_bp: int, text: str) -> None:
    assert percent(rate_bp) == text


def test_an_adjustment_is_said_in_points_without_its_sign() -> None:
    assert points(-550) == points(550) == "5.5"
