"""From dated parameters to the integers a rule needs, or to the plain reason why there are none."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar

from tongban.kernel.vocabulary import Confidence, InsuranceType, Locality, PersonnelCategory, PriceClass
from tongban.law.model import BenefitPath, Undetermined, Used, UsedValue
from tongban.law.pack import Pack, worst
from tongban.law.rules.inpatient import NO_SCHEME, InpatientTerms
from tongban.law.rules.outpatient import OutpatientTerms

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Resolved(Generic[T]):
    """Terms ready for the rule. `used` and `confidence` are listed per number of earlier stays in the year (none, one,
    more), because a first stay does not use the values for later ones."""

    terms: T
    used: tuple[Mapping[str, UsedValue], ...]
    confidence: tuple[Confidence, ...]

    def __post_init__(self) -> None:
        # So that the records of all bills under these terms share one written form.
        object.__setattr__(self, "used", tuple(Used(each) for each in self.used))


class _Lookup:
    """Looks values up for one key and remembers what was used and what is missing."""

    def __init__(self, pack: Pack, pool: str, day: date) -> None:
        self.pack, self.pool, self.day = pack, pool, day
        self.used: dict[str, UsedValue] = {}
        self.missing: list[str] = []

    def find(self, parameter: str, *key: str) -> UsedValue | None:
        return self.pack.value(self.pool, parameter, key, self.day)

    def take(self, slot: str, parameter: str, *key: str) -> int:
        """The value, noted under `slot`; a missing one is noted by its Chinese name and stands as 0, never used."""
        value = self.find(parameter, *key)
        if value is None:
            self.lacks(self.pack.definitions[parameter].zh)
            return 0
        self.used[slot] = value
        return value.value

    def lacks(self, what: str) -> None:
        if what not in self.missing:
            self.missing.append(what)

    def undetermined(self, insurance_type: InsuranceType) -> Undetermined:
        about = f"{self.pack.scope_name(self.pool)}{insurance_type.zh}"
        what = "、".join(self.missing[:2]) + (f"等 {len(self.missing)} 项" if len(self.missing) > 2 else "")
        return Undetermined(
            reason=f"没有查到{about}的{what}。缺了就算不准，所以不给数。",
            missing=tuple(self.missing),
            ask=self.pack.agency(self.pool),
        )


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

    Where a region gives a rate for the very path, it stands as it is; else the base rate of the class is moved by the
    path's percentage points. Neither is ever assumed.
    """
    look = _Lookup(pack, pool, day)
    deductible = look.take("deductible", "inpatient_deductible", insurance_type, price_class)
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


def _rate(
    look: _Lookup,
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
    adjustment = look.find("inpatient_adjustment", insurance_type, locality, path)
    if adjustment is None:
        look.lacks(f"{locality.zh}住院按“{path.zh}”报多少")
        return rate, 0
    look.used["adjustment"] = adjustment
    return rate, adjustment.value


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
    look = _Lookup(pack, pool, day)
    deductible = look.take("deductible", "outpatient_deductible", insurance_type, price_class)
    annual = look.take("deductible_annual", "outpatient_deductible_annual", insurance_type)
    rate = look.take("rate", "outpatient_rate", insurance_type, category, price_class)
    adjustment = look.find("outpatient_adjustment", insurance_type, locality, path)
    if adjustment is None:
        look.lacks(f"{locality.zh}门诊按“{path.zh}”报多少")
    else:
        look.used["adjustment"] = adjustment
    visit = look.take("visit_ceiling", "outpatient_visit_ceiling", insurance_type)
    ceiling = look.take("ceiling", "outpatient_ceiling", insurance_type, category)
    if look.missing or adjustment is None:
        return look.undetermined(insurance_type)
    mark = worst([value.confidence for value in look.used.values()])
    return Resolved(OutpatientTerms(deductible, annual, rate, adjustment.value, visit, ceiling), (look.used,), (mark,))
