"""All pooling regions in memory: a few hundred rows that every page and every message asks for."""

import unicodedata
from collections.abc import Iterable, Mapping

from tongban.directory.errors import UnknownRegion
from tongban.directory.model import FilingLevel, Province, Region


class Regions:
    """The pooling regions of the country, indexed by code, by province and by how people type their names.

    `divisions` leads from the code of any division (county, city, province) to its pool; `counties` are pairs of a
    county's name and its pool, so that somebody who types a county still finds the city to file to.
    """

    def __init__(
        self, regions: Iterable[Region], divisions: Mapping[str, str], counties: Iterable[tuple[str, str]] = ()
    ) -> None:
        self._by_code = {region.pool_code: region for region in regions}
        self._pool_of_division = dict(divisions)
        self._by_province: dict[str, list[Region]] = {}
        for region in self._by_code.values():
            self._by_province.setdefault(region.province_code, []).append(region)
        self._keys = {region.pool_code: _search_keys(region) for region in self._by_code.values()}
        self._counties = [(name, pool) for name, pool in counties if pool in self._by_code]

    def __len__(self) -> int:
        return len(self._by_code)

    def get(self, pool_code: str) -> Region | None:
        return self._by_code.get(pool_code)

    def require(self, pool_code: str) -> Region:
        """Raises UnknownRegion for a code that names no pooling region."""
        if (region := self._by_code.get(pool_code)) is None:
            raise UnknownRegion(f"没有找到编码是 {pool_code[:12]} 的统筹区，请重新选择地区")
        return region

    def all(self) -> list[Region]:
        return list(self._by_code.values())

    def provinces(self) -> list[Province]:
        """Every province with a place to file to, in the order of the codes; 兵团 is one of its own, after 新疆."""
        found = []
        for code, regions in sorted(self._by_province.items()):
            if to_file := [region for region in regions if region.can_file_to]:
                single = to_file[0] if to_file[0].filing_level is FilingLevel.PROVINCE else None
                found.append(Province(code, to_file[0].province_name, single))
        return found

    def of_province(self, province_code: str, *, can_file_to: bool = True) -> list[Region]:
        """Its pooling regions in the order of the codes; with `can_file_to=False` also those that only insure."""
        return [region for region in self._by_province.get(province_code, []) if region.can_file_to or not can_file_to]

    def chosen(self, pool_code: str, province_code: str) -> str:
        """The pool that a picker's two fields mean: the one named, else the province where that is all there is to
        choose; "" where a city is still to be chosen."""
        found = next((each for each in self.provinces() if each.code == province_code), None)
        return pool_code or (found.single_pool.pool_code if found is not None and found.single_pool else "")

    def find(self, text: str, *, limit: int = 20, can_file_to: bool = True) -> list[Region]:
        """The regions `text` may mean, the likeliest first: 汉字, pinyin, initials, or a county's name.

        ``太原``, ``taiyuan``, ``taiy``, ``ty`` and ``清徐`` all find 太原市; a province's name finds all of its cities.
        """
        wanted = _normalized(text)
        if not wanted:
            return []
        ranks: dict[str, int] = {}
        for code, keys in self._keys.items():
            if (rank := _rank(wanted, keys)) is not None:
                ranks[code] = rank
        if not wanted.isascii() and len(wanted) > 1:
            for name, pool_code in self._counties:
                if name.startswith(wanted):
                    ranks.setdefault(pool_code, _RANK_COUNTY)
        hits = (self._by_code[code] for code in sorted(ranks, key=lambda code: (ranks[code], code)))
        return [region for region in hits if region.can_file_to or not can_file_to][:limit]

    def pool_of(self, admdvs: str) -> Region | None:
        """See `pool_of` of this package."""
        code = admdvs.strip()
        if code in self._by_code:
            return self._by_code[code]
        if known := self._pool_of_division.get(code):
            return self._by_code.get(known)
        if len(code) != 6 or not code.isdigit():
            return None
        # A county newer than our list, or a local code such as 140199 for a city's own unit: its city, then its
        # province, may be pools. What belongs to a province of several pools without naming one stays unknown.
        for wider in (code[:4] + "00", code[:2] + "0000"):
            if (found := self._by_code.get(self._pool_of_division.get(wider, wider))) is not None:
                return found
        return None


def pool_of(regions: Regions, admdvs: str) -> Region | None:
    """The pooling region that a region code on the wire belongs to, or None when it names none.

    A code may name a county, a city, a province that is one pool, or the pool itself. A province of several pools
    (``140000``) names no pool.
    """
    return regions.pool_of(admdvs)


_RANK_COUNTY = 6


def _rank(wanted: str, keys: "tuple[str, str, str, str, str]") -> int | None:
    name, full_name, pinyin, initials, pinyin_u = keys
    if wanted.isascii():
        if wanted in (pinyin, pinyin_u):
            return 0
        if wanted == initials:
            return 1
        if pinyin.startswith(wanted) or pinyin_u.startswith(wanted):
            return 2
        return 4 if initials.startswith(wanted) else None
    if wanted == name:
        return 0
    if name.startswith(wanted):
        return 1
    if wanted in name:
        return 3
    return 5 if wanted in full_name else None


def _search_keys(region: Region) -> tuple[str, str, str, str, str]:
    # 吕梁 is lvliang on a keyboard, but luliang to many hands.
    return (
        _normalized(region.name),
        _normalized(region.full_name),
        region.pinyin,
        region.initials,
        region.pinyin.replace("lv", "lu").replace("nv", "nu"),
    )


def _normalized(text: str) -> str:
    """Full-width to half-width, no spaces, marks or case; ``Lü'liang`` → ``lvliang``."""
    folded = unicodedata.normalize("NFKC", text).lower().replace("ü", "v")
    return "".join(character for character in folded if character.isalnum())
