"""What follows from the reference tables: which pool a place belongs to, what counts as a county, our own codes."""

import hashlib
from collections.abc import Collection, Iterable
from typing import NamedTuple

CORPS_POOL = "660000"
"""新疆生产建设兵团: a pool beside 新疆, not inside it."""
_CORPS_CITIES = "6590"  # numbered among the places that 新疆 administers directly

_SERIALS = 99_999


def pool_code_of(code: str, pools: Collection[str]) -> str | None:
    """The pooling region of a division: itself, 兵团, its city, or its province; None when none of these is a pool."""
    if code in pools:
        return code
    if code.startswith(_CORPS_CITIES):
        return CORPS_POOL if CORPS_POOL in pools else None
    return next((wider for wider in (code[:4] + "00", code[:2] + "0000") if wider in pools), None)


def is_county(county_name: str) -> bool:
    """Whether a county-level division is a county, banner or county-level city rather than a district of a city.

    林区 and 特区 are county-level units of their own in spite of the last character.
    """
    return not county_name.endswith("区") or county_name.endswith(("林区", "特区"))


class NamedPlace(NamedTuple):
    division_code: str
    name: str


def institution_codes(places: Iterable[NamedPlace], taken: Collection[str] = ()) -> dict[NamedPlace, str]:
    """A code in the national form for each institution without a known one: H, its division, five digits.

    The digits come from a hash of the name, so that a code survives new rows, another order and another selection; only
    where two names of one division meet on the same digits does the later one (by hash) move to the next free number.
    """
    ranked = sorted(set(places), key=lambda place: (place.division_code, _digest(place.name), place.name))
    used = set(taken)
    codes: dict[NamedPlace, str] = {}
    for place in ranked:
        serial = int.from_bytes(_digest(place.name)[:8], "big") % _SERIALS
        while (code := f"H{place.division_code}{serial + 1:05d}") in used:
            serial = (serial + 1) % _SERIALS
        used.add(code)
        codes[place] = code
    return codes


def _digest(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()
