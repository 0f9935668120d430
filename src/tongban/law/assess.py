"""Cases in, assessments out: terms from the cache, the rule on integers, and the way back from a stored record."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from tongban.kernel.vocabulary import Confidence, InsuranceType, Locality, PersonnelCategory, PriceClass
from tongban.law.model import Assessment, BenefitPath, InpatientCase, OutpatientCase, Undetermined
from tongban.law.pack import Pack
from tongban.law.rules.inpatient import CEILING_PASSED, InpatientBill, InpatientTerms, inpatient
from tongban.law.rules.outpatient import OutpatientBill, OutpatientTerms, outpatient
from tongban.law.terms import Resolved, inpatient_terms, outpatient_terms

# Which day's law governs is nowhere written; the reading is recorded under this id in conflicts.yaml.
GOVERNING_DAY = "R-1"
_SETTLEMENT_DAY = "settlement_day"
_NOTHING_USED: Mapping[str, Any] = {}

InpatientResult = Resolved[InpatientTerms] | Undetermined
OutpatientResult = Resolved[OutpatientTerms] | Undetermined


def law_day(pack: Pack, pool: str, care_day: date, settled_on: date) -> date:
    """The day whose law governs a settlement: that of settling, unless the pool reads it as the day of care."""
    key = (GOVERNING_DAY, pool)
    by_settlement = pack.terms_cache.get(key)
    if by_settlement is None:
        by_settlement = pack.terms_cache[key] = pack.chosen(pool, GOVERNING_DAY) == _SETTLEMENT_DAY
    return settled_on if by_settlement else care_day


def _check_amounts(
    case: InpatientCase | OutpatientCase, parts: tuple[int, int, int, int], rest: tuple[int, ...]
) -> None:
    """Raises ValueError when an amount is negative or the parts do not add up: the caller's fault, not a person's."""
    if min(parts) < 0 or min(rest) < 0 or sum(parts) != case.total_fen:
        raise ValueError("the amounts of a case must not be negative and must add up to the total")


def assess_inpatient(pack: Pack, case: InpatientCase) -> Assessment:
    """Who pays what of one stay, under the law in force on the day `law_day` names.

    `case.path` was decided before, from the filing that is valid on the admission date. Undetermined when a source is
    missing, also when a stay passes the ceiling into a scheme whose figures nobody gives.
    """
    (pool, insurance_type, category, locality, path, price_class, admitted_on, settled_on) = case[:8]
    _check_amounts(case, case[9:13], case[13:])
    day = law_day(pack, pool, admitted_on, settled_on)
    key = ("inpatient", pool, insurance_type, category, locality, path, price_class, pack.epoch(day))
    resolved: InpatientResult | None = pack.terms_cache.get(key)
    if resolved is None:
        resolved = inpatient_terms(pack, pool, insurance_type, category, locality, path, price_class, day)
        pack.terms_cache[key] = resolved
    if isinstance(resolved, Undetermined):
        return Assessment("inpatient", pack.version, case, resolved, None, Confidence.ILLUSTRATIVE, _NOTHING_USED)
    breakdown = inpatient(InpatientBill(*case[8:]), resolved.terms)
    stays = min(case.stays_before, 2)
    if breakdown.status == CEILING_PASSED:
        beyond = Undetermined(
            reason=f"{pack.scope_name(pool)}{insurance_type.zh}：今年已超过基本医保最多报的数。"
            "超过的部分怎么接着报，没有查到规定，所以不给数。",
            missing=("职工大额医疗费用补助",),
            ask=pack.agency(pool),
        )
        return Assessment("inpatient", pack.version, case, beyond, None, Confidence.ILLUSTRATIVE, resolved.used[stays])
    return Assessment(
        "inpatient", pack.version, case, None, breakdown, resolved.confidence[stays], resolved.used[stays]
    )


def assess_outpatient(pack: Pack, case: OutpatientCase) -> Assessment:
    """Who pays what of one ordinary outpatient visit, under the law in force on the day `law_day` names."""
    (pool, insurance_type, category, locality, path, price_class, visited_on, settled_on) = case[:8]
    _check_amounts(case, case[9:13], case[13:])
    day = law_day(pack, pool, visited_on, settled_on)
    key = ("outpatient", pool, insurance_type, category, locality, path, price_class, pack.epoch(day))
    resolved: OutpatientResult | None = pack.terms_cache.get(key)
    if resolved is None:
        resolved = outpatient_terms(pack, pool, insurance_type, category, locality, path, price_class, day)
        pack.terms_cache[key] = resolved
    if isinstance(resolved, Undetermined):
        return Assessment("outpatient", pack.version, case, resolved, None, Confidence.ILLUSTRATIVE, _NOTHING_USED)
    breakdown = outpatient(OutpatientBill(*case[8:]), resolved.terms)
    return Assessment("outpatient", pack.version, case, None, breakdown, resolved.confidence[0], resolved.used[0])


_CASE_WORDS = {
    "insurance_type": InsuranceType,
    "category": PersonnelCategory,
    "locality": Locality,
    "path": BenefitPath,
    "price_class": PriceClass,
}


def case_from_record(record: Mapping[str, Any]) -> InpatientCase | OutpatientCase:
    """The case a record was made from."""
    made: dict[str, Any] = {}
    for name, value in record["case"].items():
        if name in _CASE_WORDS:
            made[name] = _CASE_WORDS[name](value)
        elif name.endswith("_on"):
            made[name] = date.fromisoformat(value)
        else:
            made[name] = value
    return InpatientCase(**made) if record["rule"] == "inpatient" else OutpatientCase(**made)


def recompute(pack: Pack, record: Mapping[str, Any]) -> Assessment:
    """The same case under `pack`. With the version the record names, the breakdown is the same to the fen; with a later
    one it should be too, because law is superseded by date and never edited."""
    case = case_from_record(record)
    return assess_inpatient(pack, case) if isinstance(case, InpatientCase) else assess_outpatient(pack, case)
