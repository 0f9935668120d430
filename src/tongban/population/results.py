"""What a simulation found, and the tables it is told by."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np

from tongban.kernel.vocabulary import Confidence, InsuranceType, Word
from tongban.law import Pack, Undetermined, UsedValue
from tongban.population.claims import WORDS, Int64s
from tongban.population.kernel import BANDS, MEASURES, NOT_COMPARED, PARTLY_COMPARED
from tongban.population.laws import Asked

# What the cube and the counts of persons are told apart by, besides the month.
CELL = ("insured_pool", "insurance_type", "locality", "price_class", "care_kind")
GROUP = ("insured_pool", "insurance_type")


class Undecided(NamedTuple):
    """Claims without an answer for one and the same reason. `pool` is empty where the reason is that of several."""

    pool: str
    insurance_type: InsuranceType
    missing: tuple[str, ...]
    reason: str
    ask: str
    claims: int


class ValueUse(NamedTuple):
    """A value of the law and how many decided claims it took part in."""

    value: UsedValue
    claims: int


@dataclass(frozen=True, slots=True)
class LawUse:
    """What one law was used for: why claims were not decided, how well the others' values are known, and which."""

    version: str
    undecided: tuple[Undecided, ...]
    confidence: Mapping[Confidence, int]
    values: tuple[ValueUse, ...]

    @property
    def not_official(self) -> int:
        """Decided claims in which a value took part that no official source gives."""
        return sum(claims for mark, claims in self.confidence.items() if mark is not Confidence.OFFICIAL)


Counted = TypeVar("Counted", tuple[str, InsuranceType, tuple[str, ...], str, str], UsedValue)

_PASSED = "今年已超过基本医保最多报的数。超过的部分怎么接着报，没有查到规定。"
_NEXT_SCHEME = ("职工大额医疗费用补助",)


def law_use(pack: Pack, answers: Sequence[Asked], uses: Sequence[Sequence[int]]) -> LawUse:
    """`uses`: per answer, claims with none, one, more stays before in the year, and those the rule did not decide."""
    undecided: Counter[tuple[str, InsuranceType, tuple[str, ...], str, str]] = Counter()
    confidence: Counter[Confidence] = Counter()
    values: Counter[UsedValue] = Counter()
    for (answer, pool, insurance_type), (*by_stays, by_rule) in zip(answers, uses, strict=False):
        if isinstance(answer, Undetermined):
            undecided[pool, insurance_type, answer.missing, answer.reason, answer.ask] += sum(by_stays)
            continue
        undecided["", insurance_type, _NEXT_SCHEME, _PASSED, ""] += by_rule
        # A visit has one set of values, whatever stays there were before.
        counts = by_stays if len(answer.used) > 1 else [sum(by_stays)]
        for claims, used, mark in zip(counts, answer.used, answer.confidence, strict=True):
            confidence[mark] += claims
            for value in used.values():
                values[value] += claims
    return LawUse(
        pack.version,
        tuple(Undecided(*why, claims) for why, claims in _most_first(undecided)),
        {mark: confidence[mark] for mark in Confidence if confidence[mark]},
        tuple(ValueUse(value, claims) for value, claims in _most_first(values)),
    )


def _most_first(counts: Counter[Counted]) -> list[tuple[Counted, int]]:
    """Whatever was counted, the most frequent first; the order in which threads met them must not matter."""
    return sorted(((what, count) for what, count in counts.items() if count), key=lambda each: (-each[1], each[0]))


class Measures(NamedTuple):
    """Sums over some claims: counts and fen. "Compared" are the claims that both laws decide; whoever speaks of a
    difference speaks of them alone. The fields are the cube's columns."""

    claims: int
    total_fen: int
    in_scope_fen: int
    undetermined_in_force: int
    undetermined_draft: int
    undetermined_both: int
    not_compared_total_fen: int
    compared_in_scope_fen: int
    pooled_in_force_fen: int
    critical_in_force_fen: int
    person_in_force_fen: int
    pooled_draft_fen: int
    critical_draft_fen: int
    person_draft_fen: int
    funds_only_in_force_fen: int
    funds_only_draft_fen: int
    claims_person_pays_less: int
    claims_person_pays_more: int

    @property
    def not_compared(self) -> int:
        return self.undetermined_in_force + self.undetermined_draft - self.undetermined_both

    @property
    def compared(self) -> int:
        return self.claims - self.not_compared

    @property
    def compared_total_fen(self) -> int:
        return self.total_fen - self.not_compared_total_fen

    @property
    def funds_in_force_fen(self) -> int:
        return self.pooled_in_force_fen + self.critical_in_force_fen

    @property
    def funds_draft_fen(self) -> int:
        return self.pooled_draft_fen + self.critical_draft_fen

    @property
    def funds_change_fen(self) -> int:
        """What the draft costs the funds more than the law in force; the persons pay that much less."""
        return self.funds_draft_fen - self.funds_in_force_fen


assert Measures._fields == MEASURES


class Line(NamedTuple):
    """One line of a table: what it is about (a word of the glossary, a pool's code, a month), and its sums."""

    key: str
    zh: str
    sums: Measures


class People(NamedTuple):
    """Persons by how their own payment changes. `bands` and `bands_fen` follow BAND_WORDS."""

    bands: tuple[int, ...]
    bands_fen: tuple[int, ...]
    not_compared: int
    partly_compared: int

    @property
    def persons(self) -> int:
        return sum(self.bands) + self.not_compared

    @property
    def pay_less(self) -> int:
        return sum(self.bands[:_SAME])

    @property
    def pay_more(self) -> int:
        return sum(self.bands[_SAME + 1 :])

    @property
    def same(self) -> int:
        return self.bands[_SAME]


BAND_WORDS = (
    "少付 10,000 元以上",
    "少付 5,000–10,000 元",
    "少付 1,000–5,000 元",
    "少付 100–1,000 元",
    "少付不到 100 元",
    "不变",
    "多付不到 100 元",
    "多付 100–1,000 元",
    "多付 1,000–5,000 元",
    "多付 5,000–10,000 元",
    "多付 10,000 元以上",
)
_SAME = BAND_WORDS.index("不变")
assert len(BAND_WORDS) == BANDS


@dataclass(frozen=True, slots=True)
class Simulation:
    """Two laws over one file of claims.

    `cube[month, cell]` are Measures; cells are numbered through CELL's words, the last changing fastest; `months` count
    from the year 0. `people` and `people_fen` have a line per group of GROUP.
    """

    file_name: str
    years_later: int
    pools: tuple[str, ...]
    months: tuple[int, ...]
    cube: Int64s
    people: Int64s
    people_fen: Int64s
    in_force: LawUse
    draft: LawUse

    def __post_init__(self) -> None:
        all_claims = self.total
        assert all_claims.funds_in_force_fen + all_claims.person_in_force_fen == all_claims.compared_total_fen
        assert all_claims.funds_draft_fen + all_claims.person_draft_fen == all_claims.compared_total_fen

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.pools), *(len(WORDS[name]) for name in CELL[1:]))

    def words(self, name: str) -> tuple[str, ...]:
        return self.pools if name == "insured_pool" else WORDS[name]

    @property
    def total(self) -> Measures:
        return _measures(self.cube.sum(axis=(0, 1)))

    def by_month(self) -> list[Line]:
        return [
            Line(f"{month // 12}-{month % 12 + 1:02d}", f"{month // 12}年{month % 12 + 1}月", _measures(sums))
            for month, sums in zip(self.months, self.cube.sum(axis=1), strict=True)
        ]

    def by(self, name: str, zh: Mapping[str, str] | None = None) -> list[Line]:
        """A line per word of one of CELL's columns that has claims; `zh` names pools."""
        axis = CELL.index(name)
        split = self.cube.sum(axis=0).reshape(*self.shape, len(MEASURES))
        sums = split.sum(axis=tuple(each for each in range(len(CELL)) if each != axis))
        lines = [Line(word, _zh(word, zh), _measures(each)) for word, each in zip(self.words(name), sums, strict=True)]
        return [line for line in lines if line.sums.claims]

    def lines(self) -> Iterator[tuple[str, tuple[str, ...], Measures]]:
        """Everything: month, the words of CELL, and the sums of each cell that has claims."""
        for line, cells in zip(self.by_month(), self.cube, strict=True):
            for cell in np.flatnonzero(cells[:, 0]).tolist():
                places = np.unravel_index(cell, self.shape)
                words = tuple(str(self.words(name)[at]) for name, at in zip(CELL, places, strict=True))
                yield line.key, words, _measures(cells[cell])

    @property
    def everyone(self) -> People:
        return _people(self.people.sum(axis=0), self.people_fen.sum(axis=0))

    def people_by(self, name: str) -> dict[str, People]:
        """Persons per pool or insurance type, as their last claim has it."""
        axis = 1 - GROUP.index(name)
        shape = (len(self.pools), len(WORDS["insurance_type"]), -1)
        counts, sums = (each.reshape(shape).sum(axis=axis) for each in (self.people, self.people_fen))
        made = {word: _people(a, b) for word, a, b in zip(self.words(name), counts, sums, strict=True)}
        return {word: people for word, people in made.items() if people.persons}


def _measures(sums: Int64s) -> Measures:
    return Measures(*sums.tolist())


def _people(counts: Int64s, sums: Int64s) -> People:
    numbers = counts.tolist()
    return People(tuple(numbers[:BANDS]), tuple(sums.tolist()), numbers[NOT_COMPARED], numbers[PARTLY_COMPARED])


def _zh(word: str, zh: Mapping[str, str] | None) -> str:
    if isinstance(word, Word):
        return word.zh
    return (zh or {}).get(word, word)
