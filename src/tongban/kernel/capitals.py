"""Amounts in capital characters 大写金额, as on bank bills, and read back again.

The rules are those for filling in bills (支付结算办法, annex 正确填写票据和结算凭证的基本规定): one 零 for zeros that
are skipped between two digits, one for a missing 角 before 分; 整 after a whole number of yuan, none after 角 or 分.
Where the rules leave 零 to the writer (万 or 元 place zero, the next place not), none is written.
"""

import re
from typing import Final

from tongban.kernel.money import AMOUNT_MAX_FEN, Fen

_DIGITS: Final = "零壹贰叁肆伍陆柒捌玖"
_PLACES: Final = ("", "拾", "佰", "仟")
_CAPITALS: Final = re.compile(
    r"(?:(?P<whole>[零壹贰叁肆伍陆柒捌玖拾佰仟万亿]+)元)?零?(?:(?P<jiao>[壹贰叁肆伍陆柒捌玖])角)?"
    r"零?(?:(?P<fen>[壹贰叁肆伍陆柒捌玖])分)?(?P<even>整)?"
)


def capitals(fen: Fen) -> str:
    """``12345`` → ``"壹佰贰拾叁元肆角伍分"``, ``0`` → ``"零元整"``.

    Raises ValueError for a negative amount (bills have none) and for one above `AMOUNT_MAX_FEN`.
    """
    if not 0 <= fen <= AMOUNT_MAX_FEN:
        raise ValueError("only an amount from 0 to the largest one is written in capitals")
    yuan, small = divmod(fen, 100)
    jiao, cents = divmod(small, 10)
    text = f"{_whole(yuan)}元" if yuan or not small else ""
    if not small:
        return text + "整"
    if jiao:
        text += f"{_DIGITS[jiao]}角"
    elif text:
        text += "零"
    return text + (f"{_DIGITS[cents]}分" if cents else "")


def fen_from_capitals(text: str) -> Fen:
    """The amount that `text` says. Raises ValueError for anything that `capitals` would not have written."""
    match = _CAPITALS.fullmatch(text)
    if match is None:
        raise ValueError("not an amount in capital characters")
    fen = 100 * _number(match["whole"] or "") + 10 * _digit(match["jiao"]) + _digit(match["fen"])
    if fen > AMOUNT_MAX_FEN or capitals(fen) != text:
        raise ValueError("not an amount as it is written in capital characters")
    return fen


def _whole(number: int) -> str:
    """A whole number; it may be 0."""
    if number < 10_000:
        return _below_ten_thousand(number)
    size, name = (100_000_000, "亿") if number >= 100_000_000 else (10_000, "万")
    high, low = divmod(number, size)
    text = _whole(high) + name
    if low == 0:
        return text
    return text + ("零" if low < size // 10 else "") + _whole(low)


def _below_ten_thousand(number: int) -> str:
    text, is_skipping = "", False
    for place, digit in zip(reversed(_PLACES), f"{number:04d}", strict=True):
        if digit == "0":
            is_skipping = True
            continue
        text += ("零" if is_skipping and text else "") + _DIGITS[int(digit)] + place
        is_skipping = False
    return text or _DIGITS[0]


def _number(text: str) -> int:
    """What a whole number says. Whether it is written as it should be is for the caller to see."""
    for name, size in (("亿", 100_000_000), ("万", 10_000), ("仟", 1_000), ("佰", 100), ("拾", 10)):
        high, found, low = text.rpartition(name)
        if found:
            return _number(high) * size + _number(low)
    return _digit(text.replace("零", "") or None)


def _digit(text: str | None) -> int:
    if text is None:
        return 0
    if len(text) != 1:
        raise ValueError("digits without their places are no amount")
    return _DIGITS.index(text)
