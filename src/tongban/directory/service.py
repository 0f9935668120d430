"""Questions to the directory."""

from collections.abc import Sequence

from tongban.directory import store
from tongban.directory.model import (
    AgencyPhone,
    CatalogItem,
    CatalogKind,
    ChronicDisease,
    Institution,
    InstitutionKind,
    OpenRegion,
)
from tongban.directory.regions import Regions
from tongban.infra.db import Db
from tongban.kernel.vocabulary import CareKind

PAGE_LIMIT_MAX = 100
SHANXI = "140000"
_DEMO_LEVELS = ("01", "02")  # 三级特等 and 三级甲等


async def all_regions(db: Db) -> Regions:
    """Every pooling region, to be kept for the life of the process: it changes only with a new load."""
    divisions = await store.divisions(db)
    return Regions(
        await store.regions(db),
        {code: pool for code, _, _, pool in divisions},
        [(name, pool) for _, name, level, pool in divisions if level == "county"],
    )


async def county_codes(db: Db, pool_code: str) -> list[str]:
    """The counties and districts of a pool that have a number of their own in the national standard."""
    return await store.county_codes(db, pool_code)


async def institution(db: Db, code: str) -> Institution | None:
    return await store.institution(db, code)


async def institution_names(db: Db, codes: list[str]) -> dict[str, str]:
    """Code → name of those that are known, in one query."""
    return await store.institution_names(db, codes)


async def search_institutions(
    db: Db,
    pool_code: str,
    text: str = "",
    care: CareKind | None = None,
    limit: int = 20,
    after: str = "",
    *,
    kind: InstitutionKind | None = None,
    levels: Sequence[str] = (),
) -> list[Institution]:
    """Institutions of a pool whose name holds `text`, the highest level first.

    With `care`, only those known to settle that care directly; `levels` are codes of HOSPITAL_LEVELS, empty for any.
    `after` is the code of the last one already shown; an unknown one gives an empty page.
    """
    pattern = f"%{_escaped(text.strip())}%" if text.strip() else None
    return await store.institutions(db, pool_code, pattern, care, kind, levels, min(limit, PAGE_LIMIT_MAX), after)


async def connect_for_demo(owner_db: Db) -> int:
    """Take every hospital of 山西 and the best ones elsewhere for connected, marked as the demo's word.

    Being in a public list does not make a hospital designated, so nothing but the demo sets these marks. Returns how
    many changed.
    """
    return await store.connect_institutions(owner_db, SHANXI, _DEMO_LEVELS, "demo")


async def open_regions(db: Db) -> list[OpenRegion]:
    """The pooling regions where at least one institution is connected."""
    return await store.open_regions(db)


async def catalog_items(db: Db, region_province: str, codes: Sequence[str]) -> dict[str, CatalogItem]:
    """By code, each item as the treating province lists it, else as the nation does; unknown codes are absent."""
    return {item.item_code: item for item in await store.catalog_items(db, region_province, codes)}


async def search_catalog(
    db: Db, region_province: str, text: str, kind: CatalogKind | None = None, limit: int = 20, after: str = ""
) -> list[CatalogItem]:
    """Items whose name holds `text` or whose code begins with it, in the order of the codes; empty text finds none.

    The province's own entry of an item takes the place of the nation's. `after` is the last code already shown.
    """
    wanted = _escaped(text.strip())
    if not wanted:
        return []
    return await store.search_catalog(
        db, region_province, f"%{wanted}%", f"{wanted.upper()}%", kind, min(limit, PAGE_LIMIT_MAX), after
    )


async def agency_phones(db: Db, pool_code: str) -> list[AgencyPhone]:
    """The consultation phones of a region, in the order in which the agency printed them."""
    return await store.agency_phones(db, pool_code)


async def phones_of(db: Db, pool_codes: Sequence[str]) -> dict[str, list[AgencyPhone]]:
    """The same for several regions in one query; those without a phone are absent."""
    found: dict[str, list[AgencyPhone]] = {}
    for phone in await store.phones_of(db, pool_codes):
        found.setdefault(phone.pool_code, []).append(phone)
    return found


async def catalog_regions(db: Db) -> list[str]:
    """Which provinces have a catalogue of their own, NATION among them."""
    return await store.catalog_regions(db)


async def chronic_diseases(db: Db, *, cross_province_only: bool = False) -> list[ChronicDisease]:
    return await store.chronic_diseases(db, cross_province_only=cross_province_only)


def _escaped(text: str) -> str:
    """`text` so that LIKE takes it as it stands."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
