"""Amounts, counts and shares as the report writes them, from whole numbers alone."""

_UNITS = ((10**8, "亿元"), (10**4, "万元"))
_FEN = 100


def count(number: int) -> str:
    """``1,234,567``."""
    return f"{number:,}"


def signed_count(number: int) -> str:
    return f"{'+' if number > 0 else '−' if number < 0 else ''}{abs(number):,}"


def money(fen: int, *, signed: bool = False) -> str:
    """``12.35 亿元``, ``1,234.50 万元``, ``123.45 元``: two decimals of the largest unit that leaves a whole part."""
    size = abs(fen)
    sign = "−" if fen < 0 else "+" if signed and fen else ""
    for unit, zh in _UNITS:
        if size >= unit * _FEN:
            return f"{sign}{_two_decimals(size, unit * _FEN)} {zh}"
    return f"{sign}{_two_decimals(size, _FEN)} 元"


def ten_thousands(fen: int, *, signed: bool = False) -> str:
    """An amount in 万元 for a column that says so: ``1,234.50``."""
    sign = "−" if fen < 0 else "+" if signed and fen else ""
    return f"{sign}{_two_decimals(abs(fen), 10**4 * _FEN)}"


def share(part: int, whole: int, *, signed: bool = False) -> str:
    """``12.34%``; a dash where there is no whole, and no 0.00% where there is something."""
    if whole == 0:
        return "—"
    sign = "−" if part < 0 else "+" if signed and part else ""
    if 0 < abs(part) * 20_000 < whole:
        return f"{sign}不到 0.01%"
    return f"{sign}{_two_decimals(abs(part) * 100, whole)}%"


def _two_decimals(size: int, unit: int) -> str:
    cents = (size * 200 + unit) // (2 * unit)
    return f"{cents // 100:,}.{cents % 100:02d}"
