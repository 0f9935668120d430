"""Made-up claims of any number that look like real ones: for trying drafts and for measuring.

Nobody is in them: a person is a running number. Everything is drawn from one seed in whole numbers, block by block, so
that the same request gives the same rows on every machine, whatever the number of threads.

How the shapes were chosen. Stays per person, days in hospital, months and the spread of a stay's cost follow the
public-use sample of American Medicare claims of 2008 to 2010 (CMS SynPUF). Average costs of a stay are the national
ones of 2025 by insurance, with hospitals of class 1 at the average of tertiary hospitals. Persons per city follow the
census of 2020. The rest is assumed, and marked so below: insurance and categories, where people go and how, classes of
hospital, and visits.
"""

import csv
import math
import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from itertools import product
from pathlib import Path
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from tongban.kernel.vocabulary import CareKind, InsuranceType, Locality, PersonnelCategory, PriceClass
from tongban.law import BenefitPath
from tongban.population.claims import AMOUNTS, DAYS, POOL, WORDS, day_number, schema
from tongban.population.errors import ClaimsUnreadable, NotPossible

# Rows of a row group. The unit of work when the file is read, too.
BLOCK = 500_000

_DRAWS = 1 << 16
_PATHS = len(BenefitPath)
Draws = NDArray[np.uint16]
Table = NDArray[Any]

# A Medicare beneficiary's stays per year are one plus a negative binomial of this shape: 72 % had one, 18 % two, 6 %
# three.
_PERSON_SHAPE = 0.5
# Of 5,666 stays, how many took 1, 2, 3 … days; the last six are 31, 35, 40, 50, 65 and 97.
_DAYS = (
    *(713, 787, 880, 717, 544, 403, 307, 243, 180, 117, 119, 72, 75, 55, 57, 38, 36, 22, 14, 20, 15, 13, 15, 8, 13),
    *(11, 9, 9, 7, 13),
)
_LONG_STAYS = {31: 26, 35: 12, 40: 11, 50: 10, 65: 5, 97: 2}
# Admissions per month.
_MONTHS = (342, 316, 368, 386, 409, 397, 413, 416, 371, 390, 390, 343)
# Standard deviation of the logarithm of what a stay costs.
_COST_SPREAD = 0.77
# Longer stays cost more, but not in proportion (assumed).
_DAYS_EXPONENT = 0.4

# Per mille, assumed. 省直 has no census: its persons are set beside the cities' population.
_PROVINCIAL_POOL, _PROVINCIAL_PERSONS = "149900", 600_000
_CATEGORIES = {
    (InsuranceType.EMPLOYEE, PersonnelCategory.ACTIVE): 140,
    (InsuranceType.EMPLOYEE, PersonnelCategory.RETIRED): 160,
    (InsuranceType.RESIDENT, PersonnelCategory.MINOR): 90,
    (InsuranceType.RESIDENT, PersonnelCategory.ADULT): 330,
    (InsuranceType.RESIDENT, PersonnelCategory.ELDER): 280,
}
_LIVES_ELSEWHERE = 60
_AT_HOME = {
    (Locality.SAME_POOL, BenefitPath.HOME): 800,
    (Locality.IN_PROVINCE, BenefitPath.REFERRAL): 60,
    (Locality.IN_PROVINCE, BenefitPath.EMERGENCY): 10,
    (Locality.IN_PROVINCE, BenefitPath.OWN_CHOICE): 65,
    (Locality.CROSS_PROVINCE, BenefitPath.REFERRAL): 25,
    (Locality.CROSS_PROVINCE, BenefitPath.EMERGENCY): 5,
    (Locality.CROSS_PROVINCE, BenefitPath.OWN_CHOICE): 35,
}
_ELSEWHERE = {
    (Locality.SAME_POOL, BenefitPath.HOME): 120,
    (Locality.IN_PROVINCE, BenefitPath.LONG_TERM): 330,
    (Locality.CROSS_PROVINCE, BenefitPath.LONG_TERM): 550,
}


class _Class(NamedTuple):
    """Of a thousand stays and of a thousand visits how many, and what they cost on average, in yuan."""

    stays: int
    stay_yuan: int
    visits: int
    visit_yuan: int


# Averages over the classes: 11,522 yuan a stay for employees, 7,339 for residents; class 1 as tertiary hospitals,
# 13,335 and 11,278. Shares of the classes and visits are assumed.
_COSTS: Mapping[InsuranceType, Mapping[PriceClass, _Class]] = {
    InsuranceType.EMPLOYEE: {
        PriceClass.CLASS_1: _Class(450, 13_335, 300, 420),
        PriceClass.CLASS_2_CITY: _Class(250, 11_500, 200, 280),
        PriceClass.CLASS_2_COUNTY: _Class(200, 9_400, 250, 220),
        PriceClass.CLASS_3: _Class(100, 7_655, 250, 120),
    },
    InsuranceType.RESIDENT: {
        PriceClass.CLASS_1: _Class(250, 11_278, 120, 360),
        PriceClass.CLASS_2_CITY: _Class(200, 8_000, 130, 240),
        PriceClass.CLASS_2_COUNTY: _Class(350, 6_300, 300, 180),
        PriceClass.CLASS_3: _Class(200, 3_573, 450, 70),
    },
}
# Outside the catalogue, above a price cap, paid before the rate: shares of the total in basis points, drawn evenly up
# to twice the mean; a price cap is passed in one bill of four (assumed).
_SELF_FUNDED_BP, _OVER_CAP_BP, _PRESELFPAY_BP = 700, 300, 450


@dataclass(frozen=True, slots=True)
class Wanted:
    """`persons` None: as many as give an average of two and a half claims. `outpatient_permille` of them are visits."""

    claims: int
    seed: int = 1
    persons: int | None = None
    year: int = 2026
    outpatient_permille: int = 600

    def check(self) -> None:
        """Raises NotPossible."""
        if self.claims < 1:
            raise NotPossible("至少要生成 1 笔账单")
        if not 0 <= self.outpatient_permille <= 1_000:
            raise NotPossible(f"门诊占千分之 {self.outpatient_permille}：只能是 0 到 1000")
        if not 2000 <= self.year <= 2098:
            raise NotPossible(f"年份是 {self.year}：只能是 2000 到 2098")
        if self.persons is not None and not 1 <= self.persons <= self.claims:
            raise NotPossible(f"{self.claims} 笔账单不能分给 {self.persons} 人：人数要在 1 和账单数之间")

    @property
    def per_person(self) -> float:
        return 2.5 if self.persons is None else self.claims / self.persons


class Generated(NamedTuple):
    claims: int
    persons: int
    bytes: int


def read_population(path: Path) -> dict[str, int]:
    """Persons per pool from the census table, 省直 added. Raises ClaimsUnreadable."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            cities = {row["city_code"]: int(row["population_2020"]) for row in csv.DictReader(file)}
    except (OSError, KeyError, ValueError) as error:
        raise ClaimsUnreadable(f"没有读到各市人口 {path}：{error}") from None
    return {**cities, _PROVINCIAL_POOL: _PROVINCIAL_PERSONS}


def generate(
    path: Path,
    wanted: Wanted,
    population: Mapping[str, int],
    *,
    threads: int = 1,
    progress: Callable[[int], None] | None = None,
) -> Generated:
    """Writes the claims, ordered by person and day of settlement, and tells `progress` of rows written.

    A file that is there is replaced when the new one is complete, not before. Memory does not grow with the number of
    claims. Raises NotPossible.
    """
    wanted.check()
    shapes = _shapes(wanted, population)
    sizes = [min(BLOCK, wanted.claims - first) for first in range(0, wanted.claims, BLOCK)]
    persons = 0
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with _writer(unfinished) as writer, ThreadPoolExecutor(threads) as pool:
            for table in _in_order(pool, threads + 1, shapes, sizes):
                writer.write_table(table, row_group_size=BLOCK)
                persons += len(np.unique(table.column("person_id").to_numpy()))
                if progress:
                    progress(table.num_rows)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return Generated(wanted.claims, persons, path.stat().st_size)


def _writer(path: Path) -> Any:
    """Laid out for speed of reading: words as indices, persons as differences, amounts as they are, no compression.

    Smaller files by compression cost more than twice the time to decode.
    """
    return pq.ParquetWriter(
        path,
        schema(),
        compression="none",
        use_dictionary=[POOL, *WORDS],
        column_encoding={"person_id": "DELTA_BINARY_PACKED", **dict.fromkeys((*DAYS, *AMOUNTS), "PLAIN")},
        write_statistics=["person_id", "settled_on"],
        store_schema=False,
    )


def _in_order(pool: ThreadPoolExecutor, ahead: int, shapes: "_Shapes", sizes: Sequence[int]) -> Iterator[pa.Table]:
    """The blocks' tables in order, at most `ahead` of them made or in the making."""
    waiting: deque[Future[pa.Table]] = deque()
    for block, size in enumerate(sizes):
        waiting.append(pool.submit(_block, shapes, block, size))
        if len(waiting) >= ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


# -- tables to draw from ---------------------------------------------------------------------------------------------


class _Shapes(NamedTuple):
    """Tables of 65,536 equally likely outcomes each."""

    wanted: Wanted
    pools: tuple[str, ...]
    claims_of_person: Table
    pool: Table
    category: Table
    lives_elsewhere: Table
    went: tuple[Table, Table]  # who lives at home, who lives elsewhere; the locality's number times _PATHS + the path's
    is_visit: Table
    days: Table
    admitted: Table
    price_class: Table  # [insurance, kind of care]
    cost_fen: Table  # [insurance, kind of care, class]
    cost_factor: Table  # of 1 << 16
    days_factor: Table  # of 1 << 16, by days


def _drawn(weights: Sequence[float], values: Sequence[int] | None = None) -> Table:
    """Values (or 0, 1, 2 …) as often as their weights say among the outcomes."""
    ends = np.rint(np.cumsum(weights) / sum(weights) * _DRAWS).astype(np.int64)
    counts = np.diff(ends, prepend=0)
    return np.repeat(np.arange(len(weights)) if values is None else np.array(values), counts).astype(np.int32)


def _shapes(wanted: Wanted, population: Mapping[str, int]) -> _Shapes:
    days = [*range(1, len(_DAYS) + 1), *_LONG_STAYS]
    day_weights = [*_DAYS, *_LONG_STAYS.values()]
    firsts = [date(wanted.year, month, 1) for month in range(1, 13)]
    starts = [day_number(day) for day in (*firsts, date(wanted.year + 1, 1, 1))]
    lengths = np.diff(starts)
    per_day = np.repeat(np.array(_MONTHS) / lengths, lengths)
    classes = [[_COSTS[insurance][each] for each in PriceClass] for insurance in InsuranceType]
    day_factors = [day**_DAYS_EXPONENT for day in range(max(days) + 1)]
    mean_factor = sum(w * day_factors[d] for d, w in zip(days, day_weights, strict=True)) / sum(day_weights)
    # Halfway between two of the outcomes' ends; scaled so that the mean is one.
    normal = NormalDist()
    factors = [math.exp(_COST_SPREAD * normal.inv_cdf((n + 0.5) / _DRAWS)) for n in range(_DRAWS)]
    scale = _DRAWS / sum(factors) * (1 << 16)
    return _Shapes(
        wanted,
        tuple(population),
        _drawn(_negative_binomial(wanted.per_person - 1)) + 1,
        _drawn(list(population.values())),
        _drawn(list(_CATEGORIES.values())),
        _drawn([1_000 - _LIVES_ELSEWHERE, _LIVES_ELSEWHERE]),
        (_places(_AT_HOME), _places(_ELSEWHERE)),
        _drawn([1_000 - wanted.outpatient_permille, wanted.outpatient_permille]),
        _drawn(day_weights, days),
        _drawn(per_day.tolist(), range(starts[0], starts[-1])),
        np.array([[_drawn([c.stays for c in each]), _drawn([c.visits for c in each])] for each in classes]),
        np.array([[[c.stay_yuan * 100 for c in each], [c.visit_yuan * 100 for c in each]] for each in classes]),
        np.array([round(factor * scale) for factor in factors], dtype=np.int64),
        # A visit has no days and costs what it costs.
        np.array([1 << 16, *(round(f / mean_factor * (1 << 16)) for f in day_factors[1:])], dtype=np.int64),
    )


def _places(weights: Mapping[tuple[Locality, BenefitPath], int]) -> Table:
    return _drawn([weights.get(each, 0) for each in product(Locality, BenefitPath)])


def _negative_binomial(mean: float) -> list[float]:
    """Probabilities of 0, 1, 2 … until next to nothing is left."""
    if mean <= 0:
        return [1.0]
    success = _PERSON_SHAPE / (_PERSON_SHAPE + mean)
    chances = [success**_PERSON_SHAPE]
    while 1 - sum(chances) > 0.5 / _DRAWS:
        n = len(chances)
        chances.append(chances[-1] * (n - 1 + _PERSON_SHAPE) / n * (1 - success))
    return chances


# -- one block -------------------------------------------------------------------------------------------------------


def _block(shapes: _Shapes, block: int, size: int) -> pa.Table:
    """The rows of one block. Its persons are numbered from a start of their own, so that blocks need not wait."""
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([shapes.wanted.seed, block])))

    def draw(count: int) -> Draws:
        return rng.integers(0, _DRAWS, count, dtype=np.uint16)

    claims_of = shapes.claims_of_person[draw(size)]
    persons = int(np.searchsorted(np.cumsum(claims_of), size)) + 1
    person = np.repeat(np.arange(persons), claims_of[:persons])[:size]

    category_of = shapes.category[draw(persons)]
    employees = sum(insurance is InsuranceType.EMPLOYEE for insurance, _ in _CATEGORIES)
    insurance_of = (category_of >= employees).astype(np.int32)
    elsewhere_of = shapes.lives_elsewhere[draw(persons)]

    is_visit = shapes.is_visit[draw(size)]
    days = shapes.days[draw(size)] * (1 - is_visit)
    settled = shapes.admitted[draw(size)] + days
    # Sorted as one number: person, day of settlement, days. Everything else is drawn after, and so needs no order.
    first = int(shapes.admitted[0])
    packed = np.sort((person.astype(np.int64) << 20) | ((settled - first).astype(np.int64) << 8) | days)
    days = (packed & 0xFF).astype(np.int32)
    settled = ((packed >> 8) & 0xFFF).astype(np.int32) + first
    visit = (days == 0).astype(np.int32)

    insurance = insurance_of[person]
    went = np.where(elsewhere_of[person] == 1, *(table[draw(size)] for table in reversed(shapes.went)))
    price_class = shapes.price_class[insurance, visit, draw(size)]
    mean = shapes.cost_fen[insurance, visit, price_class]
    total = ((mean * shapes.cost_factor[draw(size)] >> 16) * shapes.days_factor[days] >> 16) + draw(size) % 100 + 1
    return pa.table(
        {
            "person_id": person + (block * BLOCK + 1),
            "admitted_on": pa.array(settled - days).cast(pa.date32()),
            "settled_on": pa.array(settled).cast(pa.date32()),
            POOL: _words(shapes.pool[draw(persons)][person], shapes.pools),
            "insurance_type": _words(insurance, WORDS["insurance_type"]),
            "category": _words(category_of[person], [category for _, category in _CATEGORIES]),
            "locality": _words(went // _PATHS, WORDS["locality"]),
            "path": _words(went % _PATHS, WORDS["path"]),
            "price_class": _words(price_class, WORDS["price_class"]),
            "care_kind": _words(visit, (CareKind.INPATIENT, CareKind.OUTPATIENT)),
            "total_fen": _fen(total),
            "self_funded_fen": _fen(_share(total, draw(size), _SELF_FUNDED_BP)),
            "over_price_cap_fen": _fen(_share(total, draw(size), _OVER_CAP_BP) * (draw(size) < _DRAWS // 4)),
            "preselfpay_fen": _fen(_share(total, draw(size), _PRESELFPAY_BP)),
        },
        schema=schema(),
    )


def _words(codes: Table, words: Sequence[str]) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int8)), pa.array([str(word) for word in words]))


def _share(total: Table, draws: Draws, mean_bp: int) -> Table:
    shares_bp: Table = draws.astype(np.int64) * (2 * mean_bp) >> 16
    return np.asarray(total * shares_bp // 10_000)


def _fen(amounts: Table) -> pa.Array:
    return pa.array(amounts.astype(np.int32))
