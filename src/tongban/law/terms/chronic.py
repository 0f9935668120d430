"""The terms of a visit for a chronic disease, or for drugs under the 两病 scheme."""

from datetime import date

from tongban.kernel.vocabulary import ChronicDisease, InsuranceType, Locality, MedicationScheme, PersonnelCategory
from tongban.law.model import BenefitPath, Undetermined
from tongban.law.pack import Pack
from tongban.law.rules.chronic import ChronicTerms
from tongban.law.terms.lookup import Lookup, Resolved


def chronic_terms(
    pack: Pack,
    pool: str,
    insurance_type: InsuranceType,
    category: PersonnelCategory,
    locality: Locality,
    path: BenefitPath,
    disease: ChronicDisease | MedicationScheme,
    day: date,
) -> Resolved[ChronicTerms] | Undetermined:
    """The terms of a visit for `disease` under the law of `day`."""
    look = Lookup(pack, pool, day)
    deductible = look.take("deductible", "chronic_deductible", insurance_type, disease)
    rate = look.take("rate", "chronic_rate", insurance_type, category, disease)
    what = f"{locality.zh}门诊慢特病按“{path.zh}”报多少"
    adjustment = look.move("adjustment", "chronic_adjustment", what, insurance_type, locality, path)
    ceiling = look.take("ceiling", "chronic_ceiling", insurance_type, disease)
    return look.resolved(insurance_type, ChronicTerms(deductible, rate, adjustment, ceiling))
