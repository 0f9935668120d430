"""Every day of ten years on a strip of numbers: who answers each question on each day, laid out day by day.

It shares nothing with `Pack.value` or the report but the loaded entries and the list of possible keys: each entry is
painted onto its days, the widest region first, so that the nearest one that speaks is what remains to be seen.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tongban.law import Pack
from tongban.law.keys import STANDS_IN, possible_keys
from tongban.law.pack import DatedList, DatedValue, DeclaredGap, KindText, Row
from tongban.law.tables import TABLES

FIRST, LAST = date(2020, 1, 1), date(2029, 12, 31)
DAYS = (LAST - FIRST).days + 1
Entry = DatedValue | DatedList | Row | KindText
Key = tuple[str, ...]
Readings = Mapping[str, str]
Strip = NDArray[Any]
Layers = list[tuple[str, Sequence[Entry]]]
NOBODY = -1
OFFERED = "filing_kinds_offered"
TOLD_OF_KINDS = ("definition", "scopes", "materials")
AS_CHOSEN: Readings = {}


@dataclass(frozen=True)
class Question:
    """What is asked in a pool. `layers` are the entries of each region of its chain that has any, the nearest first.

    `needs` says what must be there on each day: "answer" or a declared gap; "row", and a gap before the table's first
    day only; "nothing", but never two answers of one region.
    """

    pool: str
    kind: str
    name: str
    names: Key
    key: Key
    layers: tuple[tuple[str, Sequence[Entry]], ...]
    needs: str = "answer"
    place: str = ""
    stand_in: "Question | None" = None

    def __str__(self) -> str:
        return f"{self.pool} {self.name} {'、'.join(self.key)}".rstrip()

    @property
    def entries(self) -> list[Entry]:
        return [entry for _, layer in self.layers for entry in layer]

    @property
    def switches(self) -> set[str]:
        """The contradictions its answer turns on."""
        own = {entry.conflict for entry in self.entries if entry.reading}
        return own | self.stand_in.switches if self.stand_in else own


class Days:
    """The walk over a pack, or over what `names` say of it, under the readings chosen there or with others instead."""

    def __init__(self, pack: Pack, *names: str) -> None:
        self.pack = pack
        self.names = names or (*pack.definitions, *pack.list_definitions, *TABLES, *TOLD_OF_KINDS)
        self.gaps: dict[str, list[DeclaredGap]] = {}
        for gap in pack.gaps:
            self.gaps.setdefault(gap.subject, []).append(gap)
        self.pools = [code for code, scope in pack.scopes.items() if scope.level == "pool"]
        self._painted: dict[tuple[object, ...], tuple[Strip, Strip]] = {}
        self._first_days: dict[tuple[str, str], int] = {}
        self.questions = [question for pool in self.pools for question in self._of_pool(pool)]
        self._turning: dict[str, list[Question]] = {}
        for question in self.questions:
            for conflict in self._turns_of(question):
                self._turning.setdefault(conflict, []).append(question)

    # -- questions --------------------------------------------------------------------------------------------------

    def chain(self, pool: str) -> list[str]:
        return [code for code in (pool, f"{pool[:2]}0000", "000000") if code in self.pack.scopes]

    def parameter(self, pool: str, name: str, key: Key) -> Question:
        found: Layers = [(code, self.pack.values.get((code, name, key), ())) for code in self.chain(pool)]
        return Question(pool, "parameter", name, self.pack.definitions[name].keys, key, _speaking(found))

    def listed(self, pool: str, name: str, key: Key) -> Question:
        found: Layers = [(code, self.pack.lists.get((code, name, key), ())) for code in self.chain(pool)]
        return Question(pool, "list", name, self.pack.list_definitions[name].keys, key, _speaking(found))

    def row(self, pool: str, name: str, key: Key, place: str = "") -> Question:
        found: Layers = [(code, self.pack.rows.get((code, name, place, key), ())) for code in self.chain(pool)]
        needs = "nothing" if place else "row"
        return Question(pool, "table", name, tuple(TABLES[name].inputs), key, _speaking(found), needs, place)

    def kind(self, pool: str, told_of: str, kind: str) -> Question:
        found: Layers = [
            (code, [text for text in self.pack.kinds.get((code, kind), ()) if getattr(text, told_of) is not None])
            for code in self.chain(pool)
        ]
        return Question(pool, "filing_kinds", told_of, ("filing_kind",), (kind,), _speaking(found))

    def _of_pool(self, pool: str) -> Iterator[Question]:
        yield from self._parameters(pool)
        for name in self._named(self.pack.list_definitions):
            for key in possible_keys(self.pack.list_definitions[name].keys, name):
                yield self.listed(pool, name, key)
        for name in self._named(TABLES):
            for key, place in product(TABLES[name].combinations(), self._places(name)):
                yield self.row(pool, name, key, place)
        for told_of, (kind,) in product(self._named(TOLD_OF_KINDS), possible_keys(("filing_kind",))):
            yield self.kind(pool, told_of, kind)

    def _named(self, known: Iterable[str]) -> list[str]:
        return [name for name in known if name in self.names]

    def _parameters(self, pool: str) -> Iterator[Question]:
        """Where one parameter goes before another, a key of the first is answered by either."""
        goes_before = {name: stand_in for stand_in, name in STANDS_IN.items()}
        for name in self._named(self.pack.definitions):
            if name in STANDS_IN:
                continue
            definition, first = self.pack.definitions[name], goes_before.get(name)
            if first is None:
                yield from (self.parameter(pool, name, key) for key in possible_keys(definition.keys, name))
                continue
            names = self.pack.definitions[first].keys
            for key in possible_keys(names, name):
                own = tuple(word for at, word in zip(names, key, strict=True) if at in definition.keys)
                behind = self.parameter(pool, name, own)
                before = self.parameter(pool, first, key)
                yield Question(pool, "parameter", name, names, key, behind.layers, stand_in=before)

    def _places(self, name: str) -> list[str]:
        return sorted({place for _, table, place, _ in self.pack.rows if table == name} | {""})

    # -- painting ---------------------------------------------------------------------------------------------------

    def reads(self, pool: str, entry: Entry, others: Readings) -> bool:
        if not entry.reading:
            return True
        if entry.conflict in others:
            return others[entry.conflict] == entry.reading
        made = [self.pack.scopes[code].choices.get(entry.conflict) for code in self.chain(pool)]
        chosen = [reading for reading in made if reading] or [self.pack.conflicts[entry.conflict].default]
        return chosen[0] == entry.reading

    def paint(self, question: Question, others: Readings = AS_CHOSEN) -> tuple[Strip, Strip]:
        """Which entry (by its place in `question.entries`) answers on each day, and how many of one region at most.

        Pools with the same entries and readings share one strip.
        """
        read = tuple(self.reads(question.pool, entry, others) for entry in question.entries)
        regions = tuple(code for code, _ in question.layers)
        where = (question.kind, question.name, question.key, question.place, regions, read)
        if where not in self._painted:
            self._painted[where] = _paint(question, read)
        return self._painted[where]

    def declared(self, question: Question) -> Strip:
        """The days on which some region of the chain says that it looked for this and found nothing."""
        strip = np.zeros(DAYS, dtype=bool)
        regions = self.chain(question.pool)
        subjects = {question.name, question.stand_in.name} if question.stand_in else {question.name}
        for gap in (gap for subject in subjects for gap in self.gaps.get(subject, ())):
            if gap.region in regions and _speaks_of(gap, question):
                strip[stretch(gap.since, gap.until)] = True
        return strip

    def offered(self, pool: str, kind: str, others: Readings) -> Strip:
        """The days on which somebody in the pool may file this kind."""
        strip = np.zeros(DAYS, dtype=bool)
        for key in possible_keys(self.pack.list_definitions[OFFERED].keys):
            question = self.listed(pool, OFFERED, key)
            answers, _ = self.paint(question, others)
            for place, entry in enumerate(question.entries):
                if isinstance(entry, DatedList) and kind in entry.members:
                    strip |= answers == place
        return strip

    # -- the walk ---------------------------------------------------------------------------------------------------

    def faults(self, others: Readings = AS_CHOSEN) -> list[str]:
        """Every question that on some day has more than one answer in a region, or neither an answer nor a gap.

        With `others`, of the questions that turn on them.
        """
        asked = self.questions
        if others:
            asked = [question for conflict in others for question in self._turning.get(conflict, ())]
        return [fault for question in asked for fault in self._faults_of(question, others)]

    def _turns_of(self, question: Question) -> set[str]:
        """The contradictions an answer turns on, or whether one is needed: that kinds of filing are offered."""
        if "filing_kind" not in question.names:
            return question.switches
        offers = [entry for (_, name, _), entries in self.pack.lists.items() if name == OFFERED for entry in entries]
        return question.switches | {entry.conflict for entry in offers if entry.reading}

    def _faults_of(self, question: Question, others: Readings) -> Iterator[str]:
        answers, most = self.paint(question, others)
        silent = answers == NOBODY
        if question.stand_in:
            before, most_before = self.paint(question.stand_in, others)
            silent, most = silent & (before == NOBODY), np.maximum(most, most_before)
        if (most > 1).any():
            yield _days(most > 1, f"{question}：同一个地方有几个")
        if question.needs == "nothing" or not silent.any():
            return
        explicit = self.declared(question)
        if question.needs == "row":
            explicit[self._first_day(question.pool, question.name) :] = False
        silent = silent & ~explicit
        if "filing_kind" in question.names and silent.any():
            silent &= self.offered(question.pool, question.key[question.names.index("filing_kind")], others)
        if silent.any():
            yield _days(silent, f"{question}：没有，也没有写明没有查到")

    def _first_day(self, pool: str, name: str) -> int:
        """The place on the strip of the first day on which the pool has such a table at all."""
        if (pool, name) not in self._first_days:
            regions = self.chain(pool)
            own = [rows for (code, table, _, _), rows in self.pack.rows.items() if table == name and code in regions]
            begins = min((row.since for rows in own for row in rows), default=LAST)
            self._first_days[pool, name] = max((begins - FIRST).days, 0)
        return self._first_days[pool, name]


def _speaking(found: Layers) -> tuple[tuple[str, Sequence[Entry]], ...]:
    return tuple((code, layer) for code, layer in found if layer)


def _paint(question: Question, read: tuple[bool, ...]) -> tuple[Strip, Strip]:
    answers = np.full(DAYS, NOBODY, dtype=np.int32)
    most = np.zeros(DAYS, dtype=np.int32)
    end = len(read)
    for _, layer in reversed(question.layers):
        count = np.zeros(DAYS, dtype=np.int32)
        end -= len(layer)
        for place, entry in enumerate(layer, end):
            if read[place]:
                days = stretch(entry.since, entry.until)
                count[days] += 1
                answers[days] = place
        np.maximum(most, count, out=most)
    return answers, most


def stretch(since: date, until: date) -> slice:
    """The days from `since` to `until` on the strip."""
    return slice(max((since - FIRST).days, 0), max((min(until, LAST) - FIRST).days + 1, 0))


def _speaks_of(gap: DeclaredGap, question: Question) -> bool:
    told = dict(zip(question.names, question.key, strict=True))
    return gap.kind == question.kind and all(told[name] in words for name, words in gap.when.items())


def _days(strip: Strip, what: str) -> str:
    first = date.fromordinal(FIRST.toordinal() + int(np.argmax(strip)))
    return f"{first} 起 {int(strip.sum())} 天 {what}"


def other_readings(pack: Pack) -> list[dict[str, str]]:
    """Each reading of each contradiction that is not the default, alone."""
    return [
        {record.id: reading.id}
        for record in pack.conflicts.values()
        if not record.is_settled
        for reading in record.readings
        if reading.id != record.default
    ]
