"""Asking a pack for every subject, key and day: what answers, what is declared missing, and when either changes."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta

from tongban.law.keys import Key
from tongban.law.pack import FOREVER, DatedList, DatedValue, DeclaredGap, KindText, Pack, Row
from tongban.law.report.subjects import TOLD_OF_KINDS_ZH, Subject, subjects

Entry = DatedValue | DatedList | Row | KindText
# The list that says who may file which kind: a kind nobody is offered needs no terms.
_OFFERED = "filing_kinds_offered"


class Inquiry:
    """A pack to be asked under the readings its regions chose, or with `others` instead: readings by the id of the
    contradiction."""

    def __init__(self, pack: Pack) -> None:
        self.pack = pack
        self.subjects = subjects(pack)
        self.pools = tuple(scope.region for scope in pack.scopes.values() if scope.level == "pool")
        self._offered = next((subject for subject in self.subjects if subject.name == _OFFERED), None)
        self._gaps: dict[tuple[str, str, str], list[DeclaredGap]] = {}
        for gap in pack.gaps:
            self._gaps.setdefault((gap.region, gap.kind, gap.subject), []).append(gap)
        self._spoken = {key: frozenset(switches) for key, switches in self._speech().items()}

    def _speech(self) -> Mapping[tuple[str, str, str], set[str]]:
        """Region, kind and name of all a region itself speaks of, and the contradictions on whose reading it turns."""
        pack = self.pack
        made: dict[tuple[str, str, str], set[str]] = {key: set() for key in self._gaps}
        groups: list[tuple[tuple[str, str, str], Sequence[Entry]]] = []
        groups += [((region, "parameter", name), values) for (region, name, _), values in pack.values.items()]
        groups += [((region, "list", name), lists) for (region, name, _), lists in pack.lists.items()]
        groups += [((region, "table", name), rows) for (region, name, _, _), rows in pack.rows.items()]
        for (region, _), texts in pack.kinds.items():
            groups += [((region, "filing_kinds", name), texts) for name in TOLD_OF_KINDS_ZH]
        for key, entries in groups:
            made.setdefault(key, set()).update(entry.conflict for entry in entries if entry.reading)
        return made

    def spokesman(self, pool: str, subject: Subject) -> str:
        """The pool itself if its answers can differ from those of the region around it, else that region."""
        around = self.pack.chain(pool)[1:]
        asked = [subject, self._offered] if self._offered and "filing_kind" in subject.names else [subject]
        names = [(each.kind, name) for each in asked for name in (each.name, each.stand_in)]
        switches = {turn for scope in around for name in names for turn in self._spoken.get((scope.region, *name), ())}
        is_apart = (
            any((pool, *name) in self._spoken for name in names) or switches & self.pack.scopes[pool].choices.keys()
        )
        return pool if is_apart or not around else around[0].region

    def spokesmen(self, subject: Subject) -> tuple[str, ...]:
        """The regions to ask so that every pool is spoken for."""
        return tuple(dict.fromkeys(self.spokesman(pool, subject) for pool in self.pools))

    def entries(self, region: str, subject: Subject, key: Key) -> Sequence[Sequence[Entry]]:
        """What a region itself says for a key, of any day and reading. Of each group at most one entry may hold at
        once; one that holds, in any group, is an answer."""
        pack = self.pack
        match subject.kind:
            case "parameter":
                own = pack.values.get((region, subject.name, subject.own_key(key)), ())
                if not subject.stand_in:
                    return (own,)
                return (own, pack.values.get((region, subject.stand_in, key), ()))
            case "list":
                return (pack.lists.get((region, subject.name, key), ()),)
            case "table":
                return (pack.rows.get((region, subject.name, "", key), ()),)
            case _:
                texts = pack.kinds.get((region, key[0]), ())
                return ([text for text in texts if getattr(text, subject.name) is not None],)

    def chain_entries(self, pool: str, subject: Subject, key: Key) -> Iterator[Entry]:
        for scope in self.pack.chain(pool):
            for group in self.entries(scope.region, subject, key):
                yield from group

    def holds(self, entry: Entry, pool: str, day: date, others: Mapping[str, str]) -> bool:
        if not entry.since <= day <= entry.until:
            return False
        if not entry.reading:
            return True
        return (others.get(entry.conflict) or self.pack.chosen(pool, entry.conflict)) == entry.reading

    def answer(self, pool: str, subject: Subject, key: Key, day: date, others: Mapping[str, str] = {}) -> Entry | None:
        """The entry of the nearest region that has one."""
        for entry in self.chain_entries(pool, subject, key):
            if self.holds(entry, pool, day, others):
                return entry
        return None

    def declared_gap(self, pool: str, subject: Subject, key: Key, day: date) -> DeclaredGap | None:
        """The nearest declaration that nothing was found for a key, or for what may stand in for it."""
        for gap in self._chain_gaps(pool, subject):
            if gap.since <= day <= gap.until and gap.covers(subject.names, key):
                return gap
        return None

    def _chain_gaps(self, pool: str, subject: Subject) -> Iterator[DeclaredGap]:
        for scope in self.pack.chain(pool):
            for name in (subject.name, subject.stand_in):
                yield from self._gaps.get((scope.region, subject.kind, name), ())

    def is_asked(self, pool: str, subject: Subject, key: Key, day: date, others: Mapping[str, str] = {}) -> bool:
        """Whether anybody needs an answer: terms of a filing are only for kinds somebody is offered there and then."""
        if self._offered is None or "filing_kind" not in subject.names:
            return True
        kind = key[subject.names.index("filing_kind")]
        for person in self._offered.keys:
            offer = self.answer(pool, self._offered, person, day, others)
            if isinstance(offer, DatedList) and kind in offer.members:
                return True
        return False

    def turns(self, pool: str, subject: Subject, key: Key, first: date, last: date) -> list[date]:
        """The days from `first` to `last` on which an answer, a declared gap or an offer may begin or be over."""
        spans = [(entry.since, entry.until) for entry in self._asked_about(pool, subject, key)]
        spans += [(gap.since, gap.until) for gap in self._chain_gaps(pool, subject)]
        days = {first} | {since for since, _ in spans}
        days |= {until + timedelta(1) for _, until in spans if until != FOREVER}
        return sorted(day for day in days if first <= day <= last)

    def switches(self, pool: str, subject: Subject, key: Key) -> frozenset[str]:
        """The contradictions whose readings may change the answer, or whether one is needed."""
        return frozenset(entry.conflict for entry in self._asked_about(pool, subject, key) if entry.reading)

    def _asked_about(self, pool: str, subject: Subject, key: Key) -> Iterator[Entry]:
        yield from self.chain_entries(pool, subject, key)
        if self._offered is not None and "filing_kind" in subject.names:
            for person in self._offered.keys:
                yield from self.chain_entries(pool, self._offered, person)
