"""The terms of a stay."""

from datetime import date

from tongban.kernel.vocabulary import InsuranceType, Locality, PersonnelCategory, PriceClass
from tongban.law.model import BenefitPath, Undetermined
from tongban.law.pack import Pack, worst
from tongban.law.rules.inpatient import NO_SCHEME, InpatientTerms
from tongban.law.terms.lookup import Lookup, Resolved


def inpatient_terms(
    pack: Pack,
    pool: str,
    insurance_type: InsuranceType,
    category: PersonnelCategory,
    locality: Locality,
    path: BenefitPath,
    price_class: PriceClass,
    day: date,
) -> Resolved[InpatientTerms] | Undetermined:
    """The terms of a stay under the law of `day`.

    Where a region gives a deductible or a rate for the very path, it stands as it is; else the deductible is the
    class's, and the class's base rate is moved by the path's percentage points. None of them is ever assumed.
    """
    look = Lookup(pack, pool, day)
    deductible = _deductible(look, insurance_type, locality, path, price_class)
    rate, adjustment = _rate(look, insurance_type, category, locality, path, price_class)
    ceiling = look.take("ceiling", "inpatient_ceiling", insurance_type)
    critical = (NO_SCHEME, 0, 0, 0, 0, 0)
    # Critical-illness insurance is the residents' scheme. Employees have a large-expense subsidy instead, whose figures
    # no source gives: the rule says so when a stay reaches it.
    if insurance_type is InsuranceType.RESIDENT:
        critical = (
            look.take("critical_threshold", "critical_illness_threshold", insurance_type),
            look.take("critical_rate", "critical_illness_rate", insurance_type),
            look.take("critical_second_threshold", "critical_illness_second_threshold", insurance_type),
            look.take("critical_second_rate", "critical_illness_second_rate", insurance_type),
            look.take("critical_is_banded", "critical_illness_is_banded", insurance_type),
            look.take("critical_ceiling", "critical_illness_ceiling", insurance_type),
        )
    first = dict(look.used)
    look.take("second_stay", "inpatient_repeat_deductible", insurance_type, "second")
    look.take("later_stay", "inpatient_repeat_deductible", insurance_type, "later")
    if look.missing:
        return look.undetermined(insurance_type)
    second, later = look.used["second_stay"], look.used["later_stay"]
    used = (first, first | {"second_stay": second}, first | {"later_stay": later})
    return Resolved(
        InpatientTerms(deductible, second.value, later.value, rate, adjustment, ceiling, *critical),
        used,
        tuple(worst([value.confidence for value in each.values()]) for each in used),
    )


def _deductible(
    look: Lookup, insurance_type: InsuranceType, locality: Locality, path: BenefitPath, price_class: PriceClass
) -> int:
    own = look.find("inpatient_path_deductible", insurance_type, locality, path, price_class)
    if own is not None:
        look.used["deductible"] = own
        return own.value
    return look.take("deductible", "inpatient_deductible", insurance_type, price_class)


def _rate(
    look: Lookup,
    insurance_type: InsuranceType,
    category: PersonnelCategory,
    locality: Locality,
    path: BenefitPath,
    price_class: PriceClass,
) -> tuple[int, int]:
    own = look.find("inpatient_path_rate", insurance_type, category, locality, path, price_class)
    if own is not None:
        look.used["rate"] = own
        return own.value, 0
    rate = look.take("rate", "inpatient_rate", insurance_type, category, price_class)
    what = f"{locality.zh}住院按“{path.zh}”报多少"
    return rate, look.move("adjustment", "inpatient_adjustment", what, insurance_type, locality, path)
