"""Looking values up for one kind of bill, remembering what was used and what is missing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar

from tongban.kernel.vocabulary import Confidence, InsuranceType
from tongban.law.model import Undetermined, Used, UsedValue
from tongban.law.pack import Pack, worst

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


class Lookup:
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

    def move(self, slot: str, parameter: str, what: str, *key: str) -> int:
        """Percentage points to add, noted under `slot`; `what` says in Chinese what is missing where none are given."""
        value = self.find(parameter, *key)
        if value is None:
            self.lacks(what)
            return 0
        self.used[slot] = value
        return value.value

    def resolved(self, insurance_type: InsuranceType, terms: T) -> Resolved[T] | Undetermined:
        """The terms with all that was used, unless something is missing."""
        if self.missing:
            return self.undetermined(insurance_type)
        return Resolved(terms, (self.used,), (worst([value.confidence for value in self.used.values()]),))
