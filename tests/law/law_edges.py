"""A made-up population, person by person, that stands on the edges of the rule: one fen below, on and above each."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tongban.law.compiled import Stays
from tongban.law.rules.inpatient import NO_SCHEME, InpatientTerms

Column: TypeAlias = NDArray[np.int64]


class Edges:
    """Draws of one seed; every column has a number per person (or, for stays after the first, per stay)."""

    def __init__(self, seed: int, count: int) -> None:
        self.rng, self.count = np.random.default_rng(seed), count

    def one_of(self, *choices: int | Column) -> Column:
        picked = self.rng.integers(0, len(choices), self.count)
        return np.choose(picked, [np.broadcast_to(np.asarray(each, np.int64), self.count) for each in choices])

    def fen(self) -> Column:
        """Small enough that amounts meet, of the size of a bill, or of the size of a hard year."""
        return self.one_of(*[self.rng.integers(0, top, self.count) for top in (300, 2_000_000, 80_000_000)])

    def rate_bp(self) -> Column:
        """Half of them make exact half fen."""
        return self.one_of(0, 1, 2_500, 5_000, 7_500, 9_999, 10_000, self.rng.integers(0, 10_001, self.count))

    def beside(self, amount: Column) -> Column:
        """The amount, or one fen less or more; never negative."""
        return np.maximum(amount + self.rng.integers(-1, 2, self.count), 0)

    def near(self, amount: Column) -> Column:
        return self.one_of(self.beside(amount), self.beside(amount), self.fen())


def share(amount: Column, rate_bp: Column) -> Column:
    return (amount * rate_bp + 5_000) // 10_000


def people_at_the_edges(persons: int, seed: int = 20261122) -> tuple[Stays, list[InpatientTerms]]:
    """One to five stays a person, and each person's own terms (row p is person p's): limits lie where the first stay
    ends, deductibles where a stay begins. Both readings of critical illness, and none; waived deductibles."""
    edges = Edges(seed, persons)
    deductible = edges.one_of(0, edges.fen(), edges.fen())
    second, later = edges.one_of(0, 5_000, 10_000, edges.rate_bp()), edges.one_of(0, 5_000, 10_000, edges.rate_bp())
    rate, adjustment = edges.rate_bp(), edges.one_of(0, -500, -1_500, -10_000, 700)
    first_in_scope = edges.near(deductible)
    above = np.maximum(first_in_scope - deductible, 0)
    computed = share(above, np.clip(rate + adjustment, 0, 10_000))
    ceiling = edges.near(computed)
    borne = first_in_scope - np.minimum(computed, ceiling)
    threshold = edges.one_of(NO_SCHEME, edges.near(borne), edges.near(borne // 2))
    critical_rate = edges.rate_bp()
    second_threshold = np.maximum(edges.near(borne), np.maximum(threshold, 0))
    critical_ceiling = edges.near(share(np.maximum(borne - np.maximum(threshold, 0), 0), critical_rate))
    columns = (
        deductible, second, later, rate, adjustment, ceiling,
        threshold, critical_rate, second_threshold, edges.rate_bp(), edges.one_of(0, 1), critical_ceiling,
    )  # fmt: skip
    terms = [InpatientTerms(*row) for row in np.stack(columns, axis=1).tolist()]

    sizes = edges.rng.integers(1, 6, persons)
    start = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    person = np.repeat(np.arange(persons), sizes)
    number = np.arange(len(person)) - start[person]
    stays = Edges(seed + 1, len(person))
    due = share(deductible, second)[person], share(deductible, later)[person]
    in_scope = np.where(number == 0, first_in_scope[person], stays.near(np.where(number == 1, *due)))
    parts = [stays.one_of(0, stays.fen()) for _ in range(3)]
    return Stays(start, person, sum(parts, in_scope), *parts, in_scope), terms
