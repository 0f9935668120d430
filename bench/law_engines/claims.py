"""The claims: a benefit year of residents of one pool for all engines, one of a whole province for the fastest two.

The rule is that of a stay: deductible (less for later stays), rate and adjustment, yearly ceiling, and then
critical-illness insurance on what the person has borne. Its terms come from the policies. Those of the
pool's residents fall into what the hospital's class decides and what the way of getting there decides, so that engines
with decision tables and parameters of their own hold them as people would write them.
"""

from dataclasses import dataclass, replace
from datetime import date
from itertools import product
from typing import NamedTuple

import numpy as np

from tongban.kernel.vocabulary import InsuranceType, Locality, PersonnelCategory, PriceClass
from tongban.law import BenefitPath, Pack, Undetermined
from tongban.law.compiled import Int64s, Shares, Stays, terms_matrix
from tongban.law.rules.inpatient import InpatientTerms
from tongban.law.terms import Resolved, inpatient_terms

POOL, DAY = "140100", date(2026, 11, 20)
RESIDENT, EMPLOYEE = InsuranceType.RESIDENT, InsuranceType.EMPLOYEE
ADULT = PersonnelCategory.ADULT
CLASSES = tuple(PriceClass)


class Way(NamedTuple):
    """Where a stay is and by which way it is settled."""

    locality: Locality
    path: BenefitPath

    def __str__(self) -> str:
        return f"{self.locality}_{self.path}"


class Law(NamedTuple):
    """The terms of all kinds of stay: `terms[way * len(CLASSES) + price_class]`."""

    ways: tuple[Way, ...]
    terms: tuple[InpatientTerms, ...]

    def by_class(self, field: str) -> list[int]:
        """A term the hospital's class decides."""
        return [getattr(self.terms[place], field) for place in range(len(CLASSES))]

    def by_way(self, field: str) -> list[int]:
        """A term the way decides."""
        return [getattr(terms, field) for terms in self.terms[:: len(CLASSES)]]

    def same(self, field: str) -> int:
        """A term that is the same for all stays."""
        return int(getattr(self.terms[0], field))


# Everything else is the same for all stays of the pool.
BY_CLASS = ("deductible_fen", "rate_bp")
BY_WAY = ("adjustment_bp",)


def law_of(pack: Pack) -> Law:
    """The law of the pool's residents. Raises ValueError if it no longer falls apart as the engines hold it."""
    found = {
        (Way(locality, path), price_class): inpatient_terms(
            pack, POOL, RESIDENT, ADULT, locality, path, price_class, DAY
        )
        for locality, path, price_class in product(Locality, BenefitPath, CLASSES)
    }
    resolved = {key: each.terms for key, each in found.items() if isinstance(each, Resolved)}
    ways = tuple(dict.fromkeys(way for way, _ in resolved))
    law = Law(ways, tuple(resolved[way, price_class] for way, price_class in product(ways, CLASSES)))
    for number, terms in enumerate(law.terms):
        way, place = divmod(number, len(CLASSES))
        for field, value in terms._asdict().items():
            parts = law.by_class(field)[place], law.by_way(field)[way], law.same(field)
            if value != parts[0 if field in BY_CLASS else 1 if field in BY_WAY else 2]:
                raise ValueError(f"{field} of {ways[way]}, {CLASSES[place]} depends on more than the engines hold")
    return law


class Before(NamedTuple):
    """The year's totals before each stay: what an engine that keeps no state has to be given."""

    stays: Int64s
    pooled_fen: Int64s
    borne_fen: Int64s
    critical_illness_fen: Int64s


@dataclass(frozen=True)
class Population:
    """Stays in order, the terms they point into, and what the C loop says of them."""

    stays: Stays
    terms: Int64s
    expected: Shares

    @property
    def count(self) -> int:
        return len(self.stays.terms_row)


@dataclass(frozen=True)
class Claims(Population):
    """The claims all engines compute: residents of one pool."""

    law: Law
    before: Before

    def first(self, count: int) -> "Claims":
        """The first `count` claims, for engines that take them one by one or keep no state."""
        return replace(
            self,
            stays=Stays(self.stays.start, *[column[:count] for column in self.stays[1:]]),
            before=Before(*[column[:count] for column in self.before]),
            expected=Shares(*[column[:count] for column in self.expected]),
        )


def matrix_of(law: Law) -> Int64s:
    return terms_matrix([Resolved(terms, (), ()) for terms in law.terms])


def stays_of(groups: list[Int64s], count: int) -> Stays:
    """Synthetic stays: mostly one or two a year, costs over three powers of ten, some years far beyond the ceiling.

    A person belongs to one of `groups` for the year; where and how they are treated, and so which of the group's rows
    of terms holds, changes from stay to stay.
    """
    rng = np.random.default_rng(20261122)
    person = np.sort(rng.integers(0, max(count * 6 // 10, 1), count))
    start = np.concatenate([[0], np.flatnonzero(np.diff(person)) + 1, [count]]).astype(np.int64)
    firsts = np.array([group[0] for group in groups], dtype=np.int64)
    sizes = np.array([len(group) for group in groups], dtype=np.int64)
    group = np.repeat(rng.integers(0, len(groups), len(start) - 1), np.diff(start))
    terms_row = firsts[group] + rng.integers(0, 1 << 30, count) % sizes[group]
    total = np.exp(rng.normal(np.log(900_000), 1.2, count)).astype(np.int64)
    self_funded, over_cap, preselfpay = ((total * rng.integers(0, 12, count)) // 100 for _ in range(3))
    in_scope = total - self_funded - over_cap - preselfpay
    return Stays(start, terms_row, total, self_funded, over_cap, preselfpay, in_scope)


def province(pack: Pack, count: int) -> tuple[Stays, Int64s]:
    """Stays of every kind, of all insured groups of all pools. The last row of each group stands for what no source
    decides."""
    pools = sorted(region for region, scope in pack.scopes.items() if scope.level == "pool")
    insured = [(RESIDENT, ADULT), (EMPLOYEE, PersonnelCategory.ACTIVE), (EMPLOYEE, PersonnelCategory.RETIRED)]
    rows: list[Resolved[InpatientTerms] | Undetermined] = []
    groups: list[Int64s] = []
    for pool, who in product(pools, insured):
        found = [
            inpatient_terms(pack, pool, *who, locality, path, price_class, DAY)
            for locality, path, price_class in product(Locality, BenefitPath, CLASSES)
        ]
        decided = [each for each in found if isinstance(each, Resolved)]
        if decided:
            groups.append(np.arange(len(rows), len(rows) + len(decided) + 1, dtype=np.int64))
            rows += [*decided, Undetermined("", (), "")]
    return stays_of(groups, count), terms_matrix(rows)
