"""The law asked once for each kind of claim that occurs, and what was asked told apart by its answer.

A kind is everything a claim's terms depend on but the day: pool, insurance, category, locality, path, class, care.
Days on which both packs have the same law throughout share an epoch, so that a kind and an epoch are a key.
"""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np

from tongban.kernel.vocabulary import CareKind, InsuranceType
from tongban.law import Pack, Undetermined
from tongban.law.assess import law_day
from tongban.law.compiled import TERMS_WIDTH, claim_terms
from tongban.law.pack import FOREVER, DatedValue
from tongban.law.rules.inpatient import InpatientTerms
from tongban.law.rules.outpatient import OutpatientTerms
from tongban.law.terms import Resolved, inpatient_terms, outpatient_terms
from tongban.population.claims import FIRST_DAY, LAST_DAY, POOL, WORDS, Int32s, Int64s, day_number
from tongban.population.kernel import NOT_RESOLVED, DayTables, Rows, Wanted

Answer = Resolved[InpatientTerms] | Resolved[OutpatientTerms] | Undetermined


class Space:
    """The numbering of kinds and epochs for the two packs of a simulation.

    `years_later` moves every claim so many years on before the law is asked: last year's claims under next year's law.
    """

    def __init__(self, packs: Sequence[Pack], years_later: int) -> None:
        self.pools = tuple(
            sorted({code for pack in packs for code in pack.scopes if pack.scopes[code].level == "pool"})
        )
        self.words: tuple[tuple[str, ...], ...] = (self.pools, *WORDS.values())
        sizes = [len(words) for words in self.words]
        self.count = int(np.prod(sizes))
        self._weights = [*accumulate(reversed(sizes[1:]), initial=1, func=lambda a, b: a * b)][::-1]
        self.per_pool = self._weights[0]
        days = [FIRST_DAY + timedelta(n) for n in range((LAST_DAY - FIRST_DAY).days + 1)]
        moved = [_years_on(day, years_later) for day in days]
        self._starts = sorted({moved[0]} | {day for pack in packs for day in pack.boundaries if day > moved[0]})
        self.epochs = len(self._starts)
        self.days = DayTables(
            day_number(FIRST_DAY),
            np.array([12 * day.year + day.month - 1 for day in moved], dtype=np.int32),
            np.array([bisect_right(self._starts, day) - 1 for day in moved], dtype=np.int32),
        )

    @property
    def months(self) -> int:
        return int(self.days.month.max()) + 1

    def digits(self, position: int, dictionary: Sequence[str]) -> Int32s:
        """What each word of a column's dictionary adds to the number of a kind; -1 for one that is not known."""
        place = {word: number for number, word in enumerate(self.words[position])}
        weight = self._weights[position]
        return np.array([place[word] * weight if word in place else -1 for word in dictionary], dtype=np.int32)

    def kind_of(self, number: int) -> tuple[Any, ...]:
        """Pool, insurance, category, locality, path, price class, care."""
        found = []
        for words, weight in zip(self.words, self._weights, strict=True):
            place, number = divmod(number, weight)
            found.append(words[place])
        return tuple(found)

    def places(self, names: Sequence[str]) -> Int32s:
        """For every kind its number among all combinations of the words of `names`, the last changing fastest."""
        columns = (POOL, *WORDS)
        numbers = np.arange(self.count)
        made = np.zeros(self.count, dtype=np.int64)
        for name in names:
            at = columns.index(name)
            made = made * len(self.words[at]) + numbers // self._weights[at] % len(self.words[at])
        return made.astype(np.int32)

    def first_day(self, epoch: int) -> date:
        return self._starts[epoch]


def _years_on(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # the 29th of February
        return day.replace(year=day.year + years, day=28)


class Asked(NamedTuple):
    """An answer, and of whom it was asked first. Only one without terms is always of this pool and insurance alone."""

    answer: Answer
    pool: str
    insurance_type: InsuranceType


class Answers:
    """All answers of both laws. Kinds with the same terms from the same values share a row of `terms`, whichever law
    says so: where both laws lead to the same row, they settle alike. Rows are only ever added."""

    def __init__(self) -> None:
        self.terms: Int64s = np.zeros((256, TERMS_WIDTH), dtype=np.int64)
        self.asked: list[Asked] = []
        self._rows: dict[Any, int] = {}

    def row(self, asked: Asked) -> int:
        name = _identity(asked.answer)
        row = self._rows.get(name)
        if row is None:
            row = self._rows[name] = len(self.asked)
            self.asked.append(asked)
            if row == len(self.terms):
                self.terms = np.concatenate([self.terms, np.zeros_like(self.terms)])
            self.terms[row] = claim_terms(asked.answer)
        return row


class LawTable:
    """What one pack says: `row_of` leads from epoch and kind to a row of the answers.

    What `other` has been asked about a pool of which both packs say the same is not asked again.
    """

    def __init__(self, pack: Pack, space: Space, answers: Answers, other: "LawTable | None" = None) -> None:
        self.pack, self.space, self.answers = pack, space, answers
        self._others = {} if other is None else {pool: other for pool in space.pools if _same(pack, other.pack, pool)}
        self.row_of: Rows = np.full((space.epochs, space.count), NOT_RESOLVED, dtype=np.int32)
        self.wanted: Wanted = np.zeros(self.row_of.shape, dtype=np.uint8)
        days = date(2001, 1, 1), date(2001, 1, 2)
        self.by_settlement = np.array([law_day(pack, pool, *days) == days[1] for pool in space.pools], dtype=np.uint8)
        self._asked: dict[tuple[int, int], Asked] = {}
        self._changes: dict[str, list[date]] = {}

    def resolve(self) -> None:
        """Asks the law what is marked as wanted. Other threads may be marking more meanwhile."""
        for epoch, kind in np.argwhere(self.wanted.copy()).tolist():
            self.row_of[epoch, kind] = self.answers.row(self._ask(kind, self.space.first_day(epoch)))
            self.wanted[epoch, kind] = 0

    def _ask(self, kind: int, day: date) -> Asked:
        """The law is asked once for all days between which no value changes that a pool's terms could rest on."""
        pool = self.space.pools[kind // self.space.per_pool]
        if pool not in self._changes:
            self._changes[pool] = _changes(self.pack, pool)
        asked = kind, bisect_right(self._changes[pool], day)
        found = self._asked.get(asked)
        if found is None:
            other = self._others.get(pool)
            found = self._asked[asked] = other._ask(kind, day) if other else self._answer(kind, day)
        return found

    def _answer(self, kind: int, day: date) -> Asked:
        pool, insurance_type, category, locality, path, price_class, care = self.space.kind_of(kind)
        terms = inpatient_terms if care is CareKind.INPATIENT else outpatient_terms
        answer = terms(self.pack, pool, insurance_type, category, locality, path, price_class, day)
        return Asked(answer, pool, insurance_type)


def _heard(pack: Pack, pool: str) -> dict[Any, tuple[DatedValue, ...]]:
    """The values that may hold in a pool."""
    regions = {scope.region for scope in pack.chain(pool)}
    return {where: entries for where, entries in pack.values.items() if where[0] in regions}


def _changes(pack: Pack, pool: str) -> list[date]:
    """The days on which a value that may hold in the pool begins, or has just ended."""
    days = {entry.since for entries in _heard(pack, pool).values() for entry in entries}
    ends = {entry.until for entries in _heard(pack, pool).values() for entry in entries} - {FOREVER}
    return sorted(days | {end + timedelta(1) for end in ends})


def _same(one: Pack, other: Pack, pool: str) -> bool:
    """Whether both packs say the same of what a claim of this pool is computed with."""
    return (
        one.chain(pool) == other.chain(pool)
        and one.definitions == other.definitions
        and one.conflicts == other.conflicts
        and _heard(one, pool) == _heard(other, pool)
    )


def _identity(answer: Answer) -> Any:
    if isinstance(answer, Undetermined):
        return answer
    return answer.terms, tuple(tuple(used.items()) for used in answer.used)
