"""Amounts in capitals: written as bank bills want them, and read back to the same fen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tongban.kernel.capitals import capitals, fen_from_capitals
from tongban.kernel.money import AMOUNT_MAX_FEN

# Worked out by hand. The first ones are the shapes the rules for bills give as examples.
BY_HAND = {
    "1409.50": "壹仟肆佰零玖元伍角",
    "6007.14": "陆仟零柒元壹角肆分",
    "1680.32": "壹仟陆佰捌拾元叁角贰分",
    "107000.53": "壹拾万柒仟元伍角叁分",
    "16409.02": "壹万陆仟肆佰零玖元零贰分",
    "325.04": "叁佰贰拾伍元零肆分",
    "123.45": "壹佰贰拾叁元肆角伍分",
    "0": "零元整",
    "0.01": "壹分",
    "0.10": "壹角",
    "0.35": "叁角伍分",
    "1": "壹元整",
    "10.00": "壹拾元整",
    "15": "壹拾伍元整",
    "20.05": "贰拾元零伍分",
    "100": "壹佰元整",
    "101": "壹佰零壹元整",
    "110": "壹佰壹拾元整",
    "1000": "壹仟元整",
    "1001": "壹仟零壹元整",
    "1010": "壹仟零壹拾元整",
    "9999.99": "玖仟玖佰玖拾玖元玖角玖分",
    "10000": "壹万元整",
    "10001": "壹万零壹元整",
    "10010": "壹万零壹拾元整",
    "10100": "壹万零壹佰元整",
    "11000": "壹万壹仟元整",
    "99999.99": "玖万玖仟玖佰玖拾玖元玖角玖分",
    "100000": "壹拾万元整",
    "100000.01": "壹拾万元零壹分",
    "100001": "壹拾万零壹元整",
    "100001.10": "壹拾万零壹元壹角",
    "1000000": "壹佰万元整",
    "10000000.05": "壹仟万元零伍分",
    "10203040": "壹仟零贰拾万叁仟零肆拾元整",
    "20000300": "贰仟万零叁佰元整",
    "100000000": "壹亿元整",
    "100000001": "壹亿零壹元整",
    "100010000": "壹亿零壹万元整",
    "110000000": "壹亿壹仟万元整",
    "1000000000000": "壹万亿元整",
    "1000100000000": "壹万零壹亿元整",
}


@pytest.mark.parametrize(("figures", "words"), BY_HAND.items())
def test_written_as_worked_out_by_hand(figures: str, words: str) -> None:
    whole, _, part = figures.partition(".")
    fen = int(whole) * 100 + int((part or "0").ljust(2, "0"))
    assert capitals(fen) == words
    assert fen_from_capitals(words) == fen


@pytest.mark.parametrize("fen", [-1, -12345, AMOUNT_MAX_FEN + 1])
def test_no_bill_has_such_an_amount(fen: int) -> None:
    with pytest.raises(ValueError, match="capitals"):
        capitals(fen)


@given(st.one_of(st.integers(0, AMOUNT_MAX_FEN), st.integers(0, 2_000_000), st.integers(0, 14).map(lambda n: 10**n)))
def test_read_back_to_the_same_fen(fen: int) -> None:
    assert fen_from_capitals(capitals(fen)) == fen


@given(st.integers(0, AMOUNT_MAX_FEN))
def test_never_two_zeros_in_a_row_and_one_end(fen: int) -> None:
    words = capitals(fen)
    assert "零零" not in words
    assert not words.startswith("零元") or fen == 0
    assert words.endswith("整") == (fen % 100 == 0)
    assert words[-1] in "整角分"


_WRONG = """
整 元整 壹 壹元 拾元整 壹拾元零整 壹佰贰元整 壹壹元整 壹元伍角整 一百元整
壹万零零壹元整 壹角贰角 零元伍角 玖佰万亿元整 负壹元整
"""


@pytest.mark.parametrize("text", ["", "壹元整 ", *_WRONG.split()])
def test_anything_else_is_no_amount(text: str) -> None:
    with pytest.raises(ValueError, match="amount"):
        fen_from_capitals(text)
