"""Addresses of the estimate: for what was said elsewhere already, for sending, and for a bill like this one.

An address holds choices only, so that it can be kept or sent: no name, no number of a person.
"""

from collections.abc import Mapping
from urllib.parse import urlencode

from tongban.advice import COMPARABLE, Insured
from tongban.doors.portal.filing.words import CARE, TRIP, WHY
from tongban.kernel.money import yuan
from tongban.kernel.vocabulary import CareKind, InsuranceType, Locality, PersonnelCategory, PriceClass, Situation
from tongban.settlement import SettlementRecord

PATH = "/estimate"
INSURED: dict[str, tuple[str, InsuranceType, PersonnelCategory | None]] = {
    "active": ("在职职工", InsuranceType.EMPLOYEE, PersonnelCategory.ACTIVE),
    "retired": ("退休职工", InsuranceType.EMPLOYEE, PersonnelCategory.RETIRED),
    "resident": ("居民", InsuranceType.RESIDENT, None),
}
CARES = {str(care): CARE[care] for care in COMPARABLE}
# The ways in which one may go, as an address and the form name them; staying at home is one more in an address.
WAYS = {
    str(why): WHY[why] for why in (Situation.OWN_CHOICE, Situation.REFERRAL, Situation.LONG_TERM, Situation.EMERGENCY)
}
# What the link for sending may hold, and nothing else.
SHARED = ("insured", "pool", "trip", "care", "way", "home", "there", "total", "self_funded", "preselfpay")
# What the form begins with, and an estimate of which nobody has said it.
USUAL_CLASS = PriceClass.CLASS_1
_FOR_ANYBODY = {"whose": "other"}


def asking(
    where: Locality, care: CareKind, way: Situation, *, insured: Insured | None = None, enrollment_no: int | None = None
) -> str:
    """The estimate for what was said elsewhere, so that nobody says it twice; where care of that kind is not estimated,
    the form with the rest filled in.

    `insured`: somebody else's insurance; without it whoever is signed in asks for themselves, by the enrollment named.
    """
    asked = {"trip": str(where), "care": str(care), "way": str(way)}
    asked |= {"home": str(USUAL_CLASS), "there": str(USUAL_CLASS)}
    if insured is not None:
        asked |= _insurance(insured) | _FOR_ANYBODY
    elif enrollment_no is not None:
        asked |= {"enrollment": str(enrollment_no)}
    if str(care) not in CARES or where not in TRIP:
        return f"{PATH}?{urlencode(asked | {'care': str(CareKind.INPATIENT), 'change': '1'})}"
    return f"{PATH}?{urlencode(asked)}"


def for_anybody(typed: Mapping[str, str], insured: Insured) -> str:
    """The same question for whoever opens the address: the insurance in place of the person, without their year."""
    kept = {name: value for name, value in (dict(typed) | _insurance(insured)).items() if name in SHARED and value}
    return f"{PATH}?{urlencode(kept | _FOR_ANYBODY)}"


def same_question(record: SettlementRecord) -> str:
    """The address that asks for a bill like this one, for anybody: kind, way, hospital's class and amounts, no name, no
    hospital, no day. Empty for bills that are not estimated: of the person's own place, births, chronic diseases."""
    case = record.assessment.get("case", {})
    care, where = record.care_kind, case.get("locality", "")
    if record.assessment.get("rule") != str(care) or str(care) not in CARES or where not in TRIP:
        return ""
    price_class = str(case.get("price_class", USUAL_CLASS))
    asked = {
        "trip": where,
        "care": str(care),
        "way": case.get("path", "") if case.get("path", "") in WAYS else str(Situation.OWN_CHOICE),
        "home": price_class,
        "there": price_class,
        "total": yuan(record.total_fen).replace(",", ""),
        "self_funded": yuan(record.self_funded_fen + record.over_price_cap_fen).replace(",", ""),
        "preselfpay": yuan(record.preselfpay_fen).replace(",", ""),
    }
    return for_anybody(asked, Insured(record.insured_pool, record.insurance_type, record.category))


def _insurance(insured: Insured) -> dict[str, str]:
    if insured.insurance_type is InsuranceType.RESIDENT:
        key = "resident"
    else:
        key = "retired" if insured.category is PersonnelCategory.RETIRED else "active"
    return {"insured": key, "pool": insured.pool_code}
