"""这家医院能直接结算这个病吗: what the law says of the disease there, and which hospitals may be asked."""

from datetime import date
from typing import Any

from litestar import Response, get

from tongban import law
from tongban.chronic import Wanted, choices
from tongban.directory import Region, Regions, chronic_diseases, search_institutions
from tongban.doors.http import Request, RouteDb
from tongban.doors.portal.filing.words import place_zh
from tongban.doors.portal.page import page, today
from tongban.doors.portal.places import HOME_PROVINCE, asked_of, phone_of, place_meant
from tongban.doors.portal.session import signed_in
from tongban.kernel.vocabulary import CareKind, InsuranceType, Locality, PersonnelCategory, Situation
from tongban.law import Pack

_SHOWN = 20
# By whose rules it is told to somebody who is not signed in, and the page says so: the capital's.
_DEFAULT_POOL = "140100"
_WHO = (
    (InsuranceType.RESIDENT, PersonnelCategory.ADULT),
    (InsuranceType.EMPLOYEE, PersonnelCategory.ACTIVE),
)
_TRIAL_FEN = 100_00


@get("/chronic/where", opt={"who": "anyone"})
async def where(request: Request, db: RouteDb) -> Response[Any]:
    regions: Regions = request.app.state.regions
    person, pack, day = signed_in(request), request.app.state.pack, today(request)
    asked = asked_of(request, "disease", "place", "area", "name")
    insured_pool = person.pool_code if person is not None and person.pool_code else _DEFAULT_POOL
    catalog = await chronic_diseases(db)
    # A resident is offered everything there is to choose, the drug schemes too.
    offered = choices(pack, insured_pool, InsuranceType.RESIDENT, catalog, day)
    wanted = offered.find(asked["disease"])
    area, several = place_meant(regions, asked["place"], asked["area"])
    decision, found, unknown = None, [], ""
    if wanted is not None and area is not None:
        decision = law.chronic_settlement(
            pack,
            law.ChronicQuestion(
                insured_pool,
                _locality(regions, insured_pool, area),
                Situation.OWN_CHOICE,
                wanted.code,
                is_recognised=True,
                is_filed=False,
                on=day,
            ),
        )
        place = _locality(regions, insured_pool, area)
        unknown = _amount_unknown(pack, insured_pool, place, wanted, area, day)
        found = await search_institutions(db, area.pool_code, asked["name"], CareKind.CHRONIC, _SHOWN)
    return page(
        request,
        "chronic/where.html",
        values=asked | {"place": asked["place"] or (area.name if area else "")},
        options=[(each.code, each.zh) for each in offered.all()],
        wanted=wanted,
        area=area,
        supposed="" if person is not None and person.pool_code else place_zh(regions.get(insured_pool), insured_pool),
        several=several,
        was_asked=bool(asked["disease"] or asked["place"] or asked["area"]),
        decision=decision,
        outcome=decision.outcome if decision else "",
        unknown=unknown,
        found=found,
        is_demo_data=any(each.connection_source == "demo" for each in found),
        ask=pack.agency(insured_pool),
        ask_phone=await phone_of(db, area.pool_code if area and area.province_code == HOME_PROVINCE else insured_pool),
    )


def _amount_unknown(pack: Pack, insured_pool: str, place: Locality, wanted: Wanted, area: Region, on: date) -> str:
    """Why no amount can be worked out there for anybody, so that no hospital can settle it; empty when one can."""
    reasons = []
    for insurance, category in _WHO:
        path = law.benefit_path(
            pack, insured_pool, insurance, place, None, False, False, on, treatment_pool=area.pool_code
        )
        if isinstance(path, law.Undetermined):
            reasons.append(path.reason)
            continue
        given = (insured_pool, insurance, category, place, path, wanted.disease, on, on)
        found = law.assess_chronic(pack, law.ChronicCase(*given, _TRIAL_FEN, 0, 0, 0, _TRIAL_FEN))
        if found.undetermined is None:
            return ""
        reasons.append(found.undetermined.reason)
    return reasons[0]


def _locality(regions: Regions, insured_pool: str, area: Region) -> Locality:
    insured = regions.get(insured_pool)
    province = insured.province_code if insured else HOME_PROVINCE
    return law.locality(insured_pool, area.pool_code, province, area.province_code)


route_handlers = [where]
