"""Pages that are only text: how personal data is used, and what can be done where Tongban does not go yet."""

from typing import Any

from litestar import Response, get

from tongban.directory import chronic_diseases
from tongban.doors.http import Request, RouteDb
from tongban.doors.portal.page import page


@get("/privacy", opt={"who": "anyone"})
async def privacy(request: Request) -> Response[Any]:
    return page(request, "texts/privacy.html")


@get("/chronic", opt={"who": "anyone"})
async def chronic(request: Request, db: RouteDb) -> Response[Any]:
    diseases = await chronic_diseases(db, cross_province_only=True)
    names = list(dict.fromkeys(disease.cross_province_disease for disease in diseases))
    return page(request, "texts/chronic.html", names=names)


@get("/family-account", opt={"who": "anyone"})
async def family_account(request: Request) -> Response[Any]:
    return page(request, "texts/family_account.html")


route_handlers = [privacy, chronic, family_account]
