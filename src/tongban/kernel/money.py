"""Money is integer fen, rates are integer basis points (1 bp = 0.01 %); there is no float in this product."""

import re
from typing import TypeAlias

Fen: TypeAlias = int
BasisPoints: TypeAlias = int

FULL_RATE_BP: BasisPoints = 10_000
# The wire carries N(16,2): fourteen digits of yuan. Anything longer is a slip of the keyboard or an attack.
AMOUNT_MAX_FEN: Fen = 10**16 - 1

_YUAN = re.compile(r"(-?)(\d{1,14})(?:\.(\d{1,2})0*)?")


def share_half_up(amount_fen: Fen, rate_bp: BasisPoints) -> Fen:
    """`rate_bp` of a non-negative `amount_fen`, rounded half up to the fen."""
    return (amount_fen * rate_bp + 5_000) // 10_000


def fen_from_yuan(text: str) -> Fen:
    """Fen from a decimal text in yuan, such as ``"12.5"``, ``"1,234.50"`` or ``"-3"``.

    Raises ValueError for anything that is not an exact amount of fen (a third decimal, an exponent, words).
    """
    match = _YUAN.fullmatch(text.strip().replace(",", "").replace("，", ""))
    if match is None:
        raise ValueError("not an amount in yuan with at most two decimals")
    sign, whole, part = match.groups()
    fen = int(whole) * 100 + int((part or "0").ljust(2, "0"))
    return -fen if sign else fen


def yuan(fen: Fen) -> str:
    """``123450`` → ``"1,234.50"``, for people."""
    sign = "−" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100:,}.{abs(fen) % 100:02d}"


def yuan_plain(fen: Fen) -> str:
    """``-123450`` → ``"-1234.50"``, for machines."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def percent(rate_bp: BasisPoints) -> str:
    """``6000`` → ``"60%"``, ``8550`` → ``"85.5%"``."""
    sign = "−" if rate_bp < 0 else ""
    whole, rest = divmod(abs(rate_bp), 100)
    return f"{sign}{whole}{f'.{rest:02d}'.rstrip('0') if rest else ''}%"


def points(rate_bp: BasisPoints) -> str:
    """``-500`` → ``"5"``: the size of an adjustment in percentage points, without its sign."""
    return percent(abs(rate_bp)).removesuffix("%")
