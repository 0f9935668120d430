"""Money is integer fen, rates are integer basis points (1 bp = 0.01 %); there is no float in this product."""

import re
from functools import lru_cache
from typing import TypeAlias

Fen: TypeAlias = int
BasisPoints: TypeAlias = int

FULL_RATE_BP: BasisPoints = 10_000
# The wire carries N(16,2): fourteen digits of yuan. Anything longer is a slip of the keyboard or an attack.
AMOUNT_MAX_FEN: Fen = 10**16 - 1

# A page or a reason writes dozens of amounts, and looking two or three digits up is twice as fast as formatting them.
_CENTS = tuple(f".{part:02d}" for part in range(100))
_THOUSANDTHS = tuple(f",{part:03d}" for part in range(1_000))

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
    if fen < 0:
        return f"−{yuan(-fen)}"
    whole, cents = fen // 100, _CENTS[fen % 100]
    if whole < 1_000:
        return f"{whole}{cents}"
    if whole < 1_000_000:
        return f"{whole // 1_000}{_THOUSANDTHS[whole % 1_000]}{cents}"
    return f"{whole:,}{cents}"


def yuan_plain(fen: Fen) -> str:
    """``-123450`` → ``"-1234.50"``, for machines."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02d}"


@lru_cache(maxsize=1_000)
def percent(rate_bp: BasisPoints) -> str:
    """``6000`` → ``"60%"``, ``8550`` → ``"85.5%"``."""
    sign = "−" if rate_bp < 0 else ""
    whole, rest = divmod(abs(rate_bp), 100)
    return f"{sign}{whole}{f'.{rest:02d}'.rstrip('0') if rest else ''}%"


@lru_cache(maxsize=1_000)
def points(rate_bp: BasisPoints) -> str:
    """``-500`` → ``"5"``: the size of an adjustment in percentage points, without its sign."""
    return percent(abs(rate_bp)).removesuffix("%")
