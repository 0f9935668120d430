"""Everything loaded from the policy folder, and how a value or a row is found: nearest region first, by date."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from tongban.kernel.vocabulary import CareKind, Confidence
from tongban.law.model import Material, SourceLine, UsedValue

NATION = "000000"
OPEN_ENDED = -1  # a number of months that never runs out
FOREVER = date.max
_WORST_FIRST = (Confidence.ILLUSTRATIVE, Confidence.SECONDARY, Confidence.OFFICIAL)


class SourceRef(NamedTuple):
    """Where in a registered source something stands."""

    id: str
    article: str


@dataclass(frozen=True, slots=True)
class Source:
    """An entry of the register `sources.yaml`."""

    id: str
    title: str
    issuer: str
    issued_on: date | None
    url: str
    confidence: Confidence
    note: str


@dataclass(frozen=True, slots=True)
class Reading:
    id: str
    zh: str
    sources: tuple[SourceRef, ...]


@dataclass(frozen=True, slots=True)
class ConflictRecord:
    """Sources that contradict each other, or a wording that can be read two ways, and which reading holds.

    `owner` answers for the choice and looks at it again on `review_on`. A region may choose another reading in its
    scope file, unless the contradiction `is_settled`: official wording decides it, and it is kept to say so.
    """

    id: str
    zh: str
    readings: tuple[Reading, ...]
    default: str
    why: str
    owner: str
    review_on: date
    is_settled: bool = False


@dataclass(frozen=True, slots=True)
class Scope:
    """A region that has law of its own. `agency` is whom to ask when something is not known."""

    region: str
    level: str
    zh: str
    agency: str
    choices: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ParameterDefinition:
    name: str
    zh: str
    unit: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ListDefinition:
    """`words` names the vocabulary its members are from (see `KEY_WORDS`), or says that they are free codes."""

    name: str
    zh: str
    words: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DatedValue:
    """One value of one key of one parameter in one region, in force from `since` to `until`, both days included."""

    value: int
    since: date
    until: date
    confidence: Confidence
    sources: tuple[SourceRef, ...]
    conflict: str
    reading: str


@dataclass(frozen=True, slots=True)
class DatedList:
    """The members of one key of one list in one region, in force from `since` to `until`, both days included."""

    members: tuple[str, ...]
    since: date
    until: date
    confidence: Confidence
    sources: tuple[SourceRef, ...]
    conflict: str
    reading: str


class UsedList(NamedTuple):
    """A list as it was used. `sources` are pairs of source id and article; `conflict` the id of the reading that
    chose it, if any."""

    list: str
    members: tuple[str, ...]
    since: date
    confidence: Confidence
    sources: tuple[tuple[str, str], ...]
    conflict: str


@dataclass(frozen=True, slots=True)
class DeclaredGap:
    """What a region says it looked for and did not find, from `since` to `until`.

    `kind` is what `subject` names: a parameter, a list, a table, what is told of the filing kinds, or a topic that is
    none of these yet. A key `when` does not name may be anything.
    """

    region: str
    kind: str
    subject: str
    when: Mapping[str, tuple[str, ...]]
    since: date
    until: date
    why: str

    def covers(self, names: Iterable[str], key: Iterable[str]) -> bool:
        """Whether it speaks of `key`, whose places have these names."""
        return all(name not in self.when or word in self.when[name] for name, word in zip(names, key, strict=True))


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a decision table, in force from `since` to `until`."""

    id: str
    when: Mapping[str, tuple[str, ...]]
    treatment_pools: tuple[str, ...]
    since: date
    until: date
    outcome: str
    sentence: str
    sources: tuple[SourceRef, ...]
    confidence: Confidence
    conflict: str
    reading: str


@dataclass(frozen=True, slots=True)
class KindText:
    """One thing a region says of a kind of filing; the other two are None."""

    since: date
    until: date
    definition: str | None
    scopes: frozenset[CareKind] | None
    materials: tuple[Material, ...] | None
    sources: tuple[SourceRef, ...]
    confidence: Confidence
    conflict: str
    reading: str


class Wording(NamedTuple):
    """What a step says; a text with braces is filled in when it is told."""

    label: str
    formula: str
    question: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Variant:
    """The whole wording of a step when all of `when` hold: what the variant leaves out is the step's own."""

    when: tuple[str, ...]
    wording: Wording


@dataclass(frozen=True, slots=True)
class StepText:
    """How one field of a breakdown is told: see `explanations.yaml`."""

    field: str
    effect: str
    when: tuple[str, ...]
    uses: tuple[str, ...]
    uses_else: tuple[str, ...]
    sources: tuple[SourceRef, ...]
    wording: Wording
    variants: tuple[Variant, ...]


def worst(marks: list[Confidence] | tuple[Confidence, ...]) -> Confidence:
    """The weakest of several marks; OFFICIAL when there is none."""
    return next((mark for mark in _WORST_FIRST if mark in marks), Confidence.OFFICIAL)


@dataclass(slots=True)
class Pack:
    """The loaded law. Nothing in it changes after loading except the caches, which only keep what it says anyway.

    `text` is everything that was loaded, as canonical JSON: `pack_of` makes the same pack from it. `version` is its
    hash.
    """

    version: str
    text: str = field(repr=False)
    sources: Mapping[str, Source] = field(repr=False)
    conflicts: Mapping[str, ConflictRecord] = field(repr=False)
    scopes: Mapping[str, Scope] = field(repr=False)
    definitions: Mapping[str, ParameterDefinition] = field(repr=False)
    values: Mapping[tuple[str, str, tuple[str, ...]], tuple[DatedValue, ...]] = field(repr=False)
    list_definitions: Mapping[str, ListDefinition] = field(repr=False)
    lists: Mapping[tuple[str, str, tuple[str, ...]], tuple[DatedList, ...]] = field(repr=False)
    gaps: tuple[DeclaredGap, ...] = field(repr=False)
    rows: Mapping[tuple[str, str, str, tuple[str, ...]], tuple[Row, ...]] = field(repr=False)
    kinds: Mapping[tuple[str, str], tuple[KindText, ...]] = field(repr=False)
    explanations: Mapping[str, tuple[StepText, ...]] = field(repr=False)
    boundaries: tuple[date, ...] = field(repr=False)
    terms_cache: dict[tuple[Any, ...], Any] = field(repr=False, default_factory=dict)
    kinds_cache: dict[tuple[Any, ...], Any] = field(repr=False, default_factory=dict)
    lines_cache: dict[tuple[Any, ...], Any] = field(repr=False, default_factory=dict)
    _chains: dict[str, tuple[Scope, ...]] = field(repr=False, default_factory=dict)

    def epoch(self, day: date) -> int:
        """Two days with the same number have exactly the same law: the key of the caches."""
        return bisect_right(self.boundaries, day)

    def chain(self, pool: str) -> tuple[Scope, ...]:
        """The regions whose law applies to a pool, nearest first: pool, province, nation."""
        chain = self._chains.get(pool)
        if chain is None:
            codes = dict.fromkeys((pool, pool[:2] + "0000", NATION))
            chain = self._chains[pool] = tuple(self.scopes[code] for code in codes if code in self.scopes)
        return chain

    def only_province(self) -> str:
        """The province whose law is loaded. Raises ValueError when there are several: the caller has to say which."""
        provinces = [scope.region for scope in self.scopes.values() if scope.level == "province"]
        if len(provinces) != 1:
            raise ValueError("several provinces are loaded; name the insured pool")
        return provinces[0]

    def scope_name(self, pool: str) -> str:
        scope = self.scopes.get(pool)
        return scope.zh if scope else "参保地"

    def agency(self, pool: str) -> str:
        """Whom to ask about a pool's law."""
        scope = self.scopes.get(pool)
        return scope.agency if scope else "参保地医保经办机构"

    def chosen(self, pool: str, conflict: str) -> str:
        """The reading that holds in a pool: its own choice, else the province's, else the recorded default."""
        for scope in self.chain(pool):
            if conflict in scope.choices:
                return scope.choices[conflict]
        return self.conflicts[conflict].default

    def _holds(self, pool: str, day: date, entry: DatedValue | DatedList | Row | KindText) -> bool:
        return entry.since <= day <= entry.until and (
            not entry.conflict or not entry.reading or self.chosen(pool, entry.conflict) == entry.reading
        )

    def value(self, pool: str, parameter: str, key: tuple[str, ...], day: date) -> UsedValue | None:
        """The value in force on `day` for `key`, from the nearest region that has one; None if no source gives it."""
        for scope in self.chain(pool):
            for entry in self.values.get((scope.region, parameter, key), ()):
                if self._holds(pool, day, entry):
                    return UsedValue(
                        parameter, entry.value, entry.since, entry.confidence, tuple(entry.sources), entry.conflict
                    )
        return None

    def members(self, pool: str, name: str, key: tuple[str, ...], day: date) -> UsedList | None:
        """The list in force on `day` for `key`, from the nearest region that has one; None if no source gives it."""
        for scope in self.chain(pool):
            for entry in self.lists.get((scope.region, name, key), ()):
                if self._holds(pool, day, entry):
                    return UsedList(
                        name, entry.members, entry.since, entry.confidence, tuple(entry.sources), entry.conflict
                    )
        return None

    def row(self, pool: str, table: str, inputs: tuple[str, ...], day: date, treatment_pool: str = "") -> Row | None:
        """The row of the nearest region's table that `inputs` hit on `day`; a row naming the very place goes first."""
        for scope in self.chain(pool):
            for place in dict.fromkeys((treatment_pool, "")):
                for row in self.rows.get((scope.region, table, place, inputs), ()):
                    if self._holds(pool, day, row):
                        return row
        return None

    def kind_texts(self, pool: str, kind: str, day: date) -> list[KindText]:
        """What the regions say of a filing kind on `day`, nearest first."""
        return [
            text
            for scope in self.chain(pool)
            for text in self.kinds.get((scope.region, kind), ())
            if self._holds(pool, day, text)
        ]

    def source_line(self, source_id: str, article: str, confidence: Confidence, since: date | None) -> SourceLine:
        """A source as a page shows it; a source that has since left the register keeps its id as title.

        `confidence` is that of the value it stands behind. A line is never better than its source: a web page that
        repeats an official number is still a web page.
        """
        source = self.sources.get(source_id)
        if source is None:
            return SourceLine(source_id, article, "", confidence, since)
        return SourceLine(source.title, article, source.url, worst((confidence, source.confidence)), since)

    def source_lines(
        self, refs: tuple[SourceRef, ...], confidence: Confidence, since: date | None
    ) -> tuple[SourceLine, ...]:
        return tuple(self.source_line(ref.id, ref.article, confidence, since) for ref in refs)
