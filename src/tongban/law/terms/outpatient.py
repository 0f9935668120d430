"""The terms of an ordinary outpatient visit."""

from datetime import date

from tongban.kernel.vocabulary import InsuranceType, Locality, PersonnelCategory, PriceClass
from tongban.law.model import BenefitPath, Undetermined
from tongban.law.pack import Pack
from tongban.law.rules.outpatient import OutpatientTerms
from tongban.law.terms.lookup import Lookup, Resolved


def outpatient_terms(
    pack: Pack,
    pool: str,
    insurance_type: InsuranceType,
    category: PersonnelCategory,
    locality: Locality,
    path: BenefitPath,
    price_class: PriceClass,
    day: date,
) -> Resolved[OutpatientTerms] | Undetermined:
    """The terms of an ordinary outpatient visit under the law of `day`."""
    look = Lookup(pack, pool, day)
    deductible = look.take("deductible", "outpatient_deductible", insurance_type, price_class)
    annual = look.take("deductible_annual", "outpatient_deductible_annual", insurance_type)
    rate = look.take("rate", "outpatient_rate", insurance_type, category, price_class)
    what = f"{locality.zh}门诊按“{path.zh}”报多少"
    adjustment = look.move("adjustment", "outpatient_adjustment", what, insurance_type, locality, path)
    visit = look.take("visit_ceiling", "outpatient_visit_ceiling", insurance_type)
    ceiling = look.take("ceiling", "outpatient_ceiling", insurance_type, category)
    return look.resolved(insurance_type, OutpatientTerms(deductible, annual, rate, adjustment, visit, ceiling))
