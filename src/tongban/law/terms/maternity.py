"""The terms of a stay for giving birth."""

from datetime import date

from tongban.kernel.vocabulary import DeliveryKind, InstitutionLevel, InsuranceType, Locality
from tongban.law.model import BenefitPath, Undetermined
from tongban.law.pack import Pack
from tongban.law.rules.maternity import MaternityTerms
from tongban.law.terms.lookup import Lookup, Resolved


def maternity_terms(
    pack: Pack,
    pool: str,
    insurance_type: InsuranceType,
    locality: Locality,
    path: BenefitPath,
    delivery: DeliveryKind,
    institution_level: InstitutionLevel,
    day: date,
) -> Resolved[MaternityTerms] | Undetermined:
    """The quota under the law of `day`. A quota for home says nothing of care elsewhere: each way has its own value."""
    look = Lookup(pack, pool, day)
    quota = look.take("quota", "maternity_quota", insurance_type, locality, path, delivery, institution_level)
    return look.resolved(insurance_type, MaternityTerms(quota))
