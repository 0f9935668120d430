"""查一查: whom to call, which hospitals settle directly, which places are open, what a drug or an item is listed as.

All of it is public, in the address, and the same for everybody; who is signed in finds the own city first.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from litestar import Response, get

from tongban.directory import (
    LEVEL_CLASSES,
    NATION,
    CatalogKind,
    InstitutionKind,
    OpenRegion,
    Province,
    Region,
    Regions,
    agency_phones,
    catalog_regions,
    open_regions,
    phones_of,
    search_catalog,
    search_institutions,
)
from tongban.doors.http import Request, RouteDb
from tongban.doors.portal.page import HOTLINE, public_page
from tongban.doors.portal.session import signed_in
from tongban.infra.db import Db
from tongban.kernel.vocabulary import CareKind

HOME_PROVINCE = "140000"
_PAGE_LENGTH = 20
_CARE = {"inpatient": CareKind.INPATIENT, "outpatient": CareKind.OUTPATIENT, "pharmacy": CareKind.PHARMACY}
_TEXT_LENGTH_MAX = 40
# One character fits thousands of names and finds nothing that was meant.
_ITEM_TEXT_LENGTH_MIN = 2


@get("/look-up", opt={"who": "anyone"})
async def look_up(request: Request) -> Response[Any]:
    """Everything that can be looked up, on one page."""
    return public_page(request, "look_up/index.html")


@get("/contact", opt={"who": "anyone"})
async def contact(request: Request, db: RouteDb) -> Response[Any]:
    """The consultation phones of the province's cities, the person's own first."""
    regions: Regions = request.app.state.regions
    person = signed_in(request)
    own = person.pool_code if person else ""
    listed = regions.of_province(HOME_PROVINCE, can_file_to=False)
    phones = await phones_of(db, [region.pool_code for region in listed])
    lines = [(region, phones[region.pool_code]) for region in listed if region.pool_code in phones]
    lines.sort(key=lambda line: line[0].pool_code != own)
    return public_page(request, "contact.html", lines=lines, own=own)


@get("/hospitals", opt={"who": "anyone"})
async def hospitals(request: Request, db: RouteDb) -> Response[Any]:
    """Institutions of one place. The place is typed (汉字, pinyin, initials) or chosen; all in the address."""
    regions: Regions = request.app.state.regions
    asked = asked_of(request, "place", "area", "name", "care", "level", "after")
    area, choices = place_meant(regions, asked["place"], asked["area"])
    person = signed_in(request)
    if area is None and not asked["place"] and person is not None:
        area = regions.get(person.pool_code)
    found = []
    if area is not None:
        found = await search_institutions(
            db,
            area.pool_code,
            asked["name"],
            _CARE.get(asked["care"]),
            _PAGE_LENGTH + 1,
            asked["after"],
            kind=InstitutionKind.PHARMACY if asked["care"] == "pharmacy" else None,
            levels=LEVEL_CLASSES[asked["level"]][1] if asked["level"] in LEVEL_CLASSES else (),
        )
    return public_page(
        request,
        "hospitals.html",
        area=area,
        choices=choices,
        found=found[:_PAGE_LENGTH],
        has_more=len(found) > _PAGE_LENGTH,
        values=asked | {"place": asked["place"] or (area.name if area else "")},
        narrowed=bool(asked["name"] or asked["level"] or asked["care"]),
        was_asked=bool(asked["place"] or asked["area"] or area),
        levels=[(key, zh) for key, (zh, _) in LEVEL_CLASSES.items()],
        area_phone=await phone_of(db, area.pool_code) if area and not found else HOTLINE,
    )


class _OpenPlace(NamedTuple):
    region: Region
    open: OpenRegion


@get("/regions", opt={"who": "anyone"})
async def open_places(request: Request, db: RouteDb) -> Response[Any]:
    """The provinces with connected institutions; with ``province`` in the address its cities, each leading to them."""
    regions: Regions = request.app.state.regions
    chosen = asked_of(request, "province")["province"]
    by_province: dict[str, list[_OpenPlace]] = {}
    for found in await open_regions(db):
        if (region := regions.get(found.pool_code)) is not None:
            by_province.setdefault(region.province_code, []).append(_OpenPlace(region, found))
    known = regions.provinces()
    return public_page(
        request,
        "look_up/regions.html",
        provinces=[(province, len(by_province[province.code])) for province in known if province.code in by_province],
        province=next((province for province in known if province.code == chosen), None),
        places=by_province.get(chosen, []),
    )


@get("/items", opt={"who": "anyone"})
async def items(request: Request, db: RouteDb) -> Response[Any]:
    """Drugs, services and consumables by name or code, as a province lists them."""
    regions: Regions = request.app.state.regions
    asked = asked_of(request, "q", "kind", "where", "after")
    listed = await catalog_regions(db)
    provinces = [province for province in regions.provinces() if province.code in listed]
    where = asked["where"] if asked["where"] in listed else HOME_PROVINCE
    is_short = 0 < len(asked["q"]) < _ITEM_TEXT_LENGTH_MIN
    kind = CatalogKind(asked["kind"]) if asked["kind"] in set(CatalogKind) else None
    found = [] if is_short else await search_catalog(db, where, asked["q"], kind, _PAGE_LENGTH + 1, asked["after"])
    return public_page(
        request,
        "look_up/items.html",
        values=asked | {"where": where},
        is_short=is_short,
        found=found[:_PAGE_LENGTH],
        has_more=len(found) > _PAGE_LENGTH,
        kinds=[(each.value, each.zh) for each in CatalogKind],
        wheres=_wheres(provinces),
        names={NATION: "全国"} | {province.code: province.name for province in provinces},
        price=_price_text,
        home_phone=await phone_of(db, signed_in_pool(request)),
    )


def _price_text(microyuan: int) -> str:
    """Millionths of a yuan as people write a price: ``1_250_000`` → ``"1.25"``, ``500`` → ``"0.0005"``."""
    whole, rest = divmod(microyuan, 1_000_000)
    places = f"{rest:06d}".rstrip("0").ljust(2, "0")
    return f"{whole:,}.{places}"


def _wheres(provinces: Sequence[Province]) -> list[tuple[str, str]]:
    """The home province first, whether it has a list of its own or uses the nation's."""
    others = [(province.code, province.name) for province in provinces if province.code != HOME_PROVINCE]
    return [(HOME_PROVINCE, "山西省"), *others]


async def phone_of(db: Db, pool_code: str, default: str = HOTLINE) -> str:
    """The first consultation phone of a region: whom to call about its rules."""
    phones = await agency_phones(db, pool_code) if pool_code else []
    return phones[0].phone if phones else default


def signed_in_pool(request: Request) -> str:
    """Where the person is insured; "" for visitors."""
    person = signed_in(request)
    return person.pool_code if person else ""


def place_meant(regions: Regions, typed: str, code: str) -> tuple[Region | None, list[Region]]:
    """The region meant, or those it may mean."""
    if code and (region := regions.get(code)) is not None and typed in ("", region.name):
        return region, []
    found = regions.find(typed)
    if len(found) == 1 or (found and typed == found[0].name):
        return found[0], []
    return None, found


def asked_of(request: Request, *names: str) -> dict[str, str]:
    """What stands in the address, without what no search needs."""
    return {name: request.query_params.get(name, "").replace("\0", "").strip()[:_TEXT_LENGTH_MAX] for name in names}


route_handlers = [look_up, contact, hospitals, open_places, items]
