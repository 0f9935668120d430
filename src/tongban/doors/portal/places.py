"""Whom to call, and which hospitals settle directly."""

from typing import Any

from litestar import Response, get

from tongban.directory import Region, Regions, agency_phones, search_institutions
from tongban.doors.http import Request, RouteDb
from tongban.doors.portal.page import HOTLINE, page
from tongban.doors.portal.session import signed_in
from tongban.infra.db import Db
from tongban.kernel.vocabulary import CareKind

HOME_PROVINCE = "140000"
_PAGE_LENGTH = 20
_CARE = {"inpatient": CareKind.INPATIENT, "outpatient": CareKind.OUTPATIENT}
_TEXT_LENGTH_MAX = 40


@get("/contact", opt={"who": "anyone"})
async def contact(request: Request, db: RouteDb) -> Response[Any]:
    """The consultation phones of the province's cities, the person's own first."""
    regions: Regions = request.app.state.regions
    person = signed_in(request)
    own = person.pool_code if person else ""
    lines = [
        (region, phones)
        for region in regions.of_province(HOME_PROVINCE, can_file_to=False)
        if (phones := await agency_phones(db, region.pool_code))
    ]
    lines.sort(key=lambda line: line[0].pool_code != own)
    return page(request, "contact.html", lines=lines, own=own)


@get("/hospitals", opt={"who": "anyone"})
async def hospitals(request: Request, db: RouteDb) -> Response[Any]:
    """Hospitals of one place by name. The place is typed (汉字, pinyin, initials) or chosen; all in the address."""
    regions: Regions = request.app.state.regions
    asked = {
        name: request.query_params.get(name, "").strip()[:_TEXT_LENGTH_MAX]
        for name in ("place", "area", "name", "care", "after")
    }
    area, choices = place_meant(regions, asked["place"], asked["area"])
    person = signed_in(request)
    if area is None and not asked["place"] and person is not None:
        area = regions.get(person.pool_code)
    found = []
    if area is not None:
        found = await search_institutions(
            db, area.pool_code, asked["name"], _CARE.get(asked["care"]), _PAGE_LENGTH + 1, asked["after"]
        )
    values = asked | {"place": asked["place"] or (area.name if area else "")}
    return page(
        request,
        "hospitals.html",
        area=area,
        choices=choices,
        found=found[:_PAGE_LENGTH],
        has_more=len(found) > _PAGE_LENGTH,
        values=values,
        was_asked=bool(asked["place"] or asked["area"] or area),
    )


async def phone_of(db: Db, pool_code: str, default: str = HOTLINE) -> str:
    """The first consultation phone of a region: whom to call about its rules."""
    phones = await agency_phones(db, pool_code)
    return phones[0].phone if phones else default


def place_meant(regions: Regions, typed: str, code: str) -> tuple[Region | None, list[Region]]:
    """The region meant, or those it may mean."""
    if code and (region := regions.get(code)) is not None and typed in ("", region.name):
        return region, []
    found = regions.find(typed)
    if len(found) == 1 or (found and typed == found[0].name):
        return found[0], []
    return None, found


route_handlers = [contact, hospitals]
