"""转诊 from the patient's side: the hospital files it. Whom to ask, what to bring, how long it holds, what is there."""

from typing import Any

from litestar import Response, get

from tongban.directory import search_institutions
from tongban.doors.http import Request, RouteDb
from tongban.doors.portal.filing.words import place_zh, until_zh
from tongban.doors.portal.looks import looked_at
from tongban.doors.portal.page import page, today
from tongban.doors.portal.places import HOME_PROVINCE, phone_of
from tongban.doors.portal.session import signed_in
from tongban.filing import Filing, list_filings
from tongban.infra.db import Db
from tongban.kernel.vocabulary import CareKind, FilingKind, Locality
from tongban.law import FilingTerms, FilingTermsUnknown, filing_terms

_SHOWN_MAX = 8


@get("/filing/referral", opt={"who": "anyone"})
async def referral(request: Request, db: RouteDb) -> Response[bytes]:
    person, state = signed_in(request), request.app.state
    is_known = person is not None and person.has_consented
    pool = person.pool_code if person is not None and is_known and person.pool_code else ""
    hospitals = await search_institutions(db, pool, care=CareKind.INPATIENT, limit=_SHOWN_MAX) if pool else []
    return page(
        request,
        "filing/referral.html",
        terms=_terms(request, pool or HOME_PROVINCE),
        pool=place_zh(state.regions.get(pool)) if pool else "",
        hospitals=hospitals,
        ask_phone=await phone_of(db, pool or HOME_PROVINCE),
        records=await _records(request, db, person.person_id) if person is not None and is_known else [],
    )


def _terms(request: Request, pool: str) -> FilingTerms | None:
    """Of a referral to another province; None where no source says."""
    try:
        return filing_terms(request.app.state.pack, pool, FilingKind.REFERRAL, Locality.CROSS_PROVINCE, today(request))
    except FilingTermsUnknown:
        return None


async def _records(request: Request, db: Db, person_id: int) -> list[dict[str, Any]]:
    """The referrals a hospital or a window has entered for the person."""
    mine: list[Filing] = [f for f in await list_filings(db, viewer_id=person_id) if f.kind is FilingKind.REFERRAL]
    if mine:
        seen = " ".join(filing.number for filing in mine)
        await looked_at(request, db, "filings.listed", person_id=person_id, subject=seen)
    regions, day = request.app.state.regions, today(request)
    return [
        {
            "url": f"/filing/records/{filing.number}",
            "place": place_zh(regions.get(filing.treatment_pool), filing.treatment_pool),
            "until": until_zh(filing.valid_to, filing.stays_max),
            "status": filing.status_zh(day),
            "is_ok": filing.is_in_force(day),
        }
        for filing in mine
    ]


route_handlers = [referral]
