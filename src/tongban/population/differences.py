"""What a draft changes: values and lists from which day on, readings chosen, and other parts of the policies."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from tongban.law import InForce, Pack, in_force
from tongban.law.keys import keys_zh, possible_keys
from tongban.law.pack import FOREVER, DatedList, DatedValue, ListDefinition, ParameterDefinition

NOTHING_ZH = "没有规定"


class Change(NamedTuple):
    """One region's value or list for some keys, in force and in the draft, from `since` to `until` (None: open)."""

    subject: str
    subject_zh: str
    region_zh: str
    keys_zh: str
    since: date
    until: date | None
    before_zh: str
    after_zh: str
    after: int | None


class ChoiceChange(NamedTuple):
    """A region that reads a contradiction another way."""

    region_zh: str
    conflict: str
    conflict_zh: str
    before_zh: str
    after_zh: str


class Differences(NamedTuple):
    """`other` names what else is not the same, in Chinese: none of it is looked at when a bill is computed."""

    values: tuple[Change, ...]
    choices: tuple[ChoiceChange, ...]
    other: tuple[str, ...]

    @property
    def first_day(self) -> date | None:
        """The first day on which some value differs."""
        return min((change.since for change in self.values), default=None)


def differences(before: Pack, after: Pack) -> Differences:
    values = [change for name in _changed_subjects(before, after) for change in _changes(before, after, name)]
    others = {
        "判断表": before.rows != after.rows,
        "备案种类的说明和材料": before.kinds != after.kinds,
        "逐步解释的文字": before.explanations != after.explanations,
    }
    return Differences(
        tuple(sorted(values, key=lambda change: (change.since, change.region_zh, change.subject))),
        tuple(_choices(before, after)),
        tuple(zh for zh, is_other in others.items() if is_other),
    )


def _changed_subjects(before: Pack, after: Pack) -> list[str]:
    """Parameters and lists that are not written, or not read, the same way."""
    rechosen = {change.conflict for change in _choices(before, after)}
    changed: dict[str, None] = {}
    kinds: tuple[tuple[_Dated, _Dated], ...] = ((before.values, after.values), (before.lists, after.lists))
    for old, new in kinds:
        for where in sorted({*old, *new}):
            entries = *old.get(where, ()), *new.get(where, ())
            if old.get(where) != new.get(where) or any(entry.conflict in rechosen for entry in entries):
                changed[where[1]] = None
    return list(changed)


_Dated = Mapping[tuple[str, str, tuple[str, ...]], Sequence[DatedValue | DatedList]]
_Where = tuple[str, tuple[str, ...]]  # region and key
_Said = tuple[int | None, tuple[str, ...]] | None  # a value or members; None where nothing is said


class _Span(NamedTuple):
    region: str
    since: date
    until: date
    before_zh: str
    after_zh: str
    after: int | None


def _changes(before: Pack, after: Pack, name: str) -> Iterator[Change]:
    """The spans of days on which a region says something else, keys that change alike told together."""
    keys_of: dict[_Span, list[tuple[str, ...]]] = {}
    days = sorted({*before.boundaries, *after.boundaries})
    by_day = [(_own(before, name, day), _own(after, name, day)) for day in days]
    for region, key in sorted({where for own in by_day for side in own for where in side}):
        said = [(own[0].get((region, key)), own[1].get((region, key))) for own in by_day]
        for place, (old, new) in enumerate(said):
            if old == new or (place and said[place - 1] == (old, new)):
                continue
            ends = (days[n] for n in range(place + 1, len(days)) if said[n] != (old, new))
            until = next(ends, FOREVER) - timedelta(1)
            there = [_in_effect(pack, name, region, days[place], key) for pack in (before, after)]
            zh = [line.value_zh if line else NOTHING_ZH for line in there]
            span = _Span(region, days[place], until, zh[0], zh[1], there[1].value if there[1] else None)
            keys_of.setdefault(span, []).append(key)
    definition = _definition(after, name) or _definition(before, name)
    assert definition is not None
    possible = possible_keys(definition.keys, name)
    for span, keys in keys_of.items():
        yield Change(
            name,
            definition.zh,
            (after if span.region in after.scopes else before).scope_name(span.region),
            keys_zh(definition.keys, keys, possible),
            span.since,
            None if span.until == FOREVER - timedelta(1) else span.until,
            span.before_zh,
            span.after_zh,
            span.after,
        )


def _own(pack: Pack, name: str, day: date) -> dict[_Where, _Said]:
    """What every region itself says."""
    if _definition(pack, name) is None:
        return {}
    return {(line.region, line.keys): (line.value, line.members) for line in in_force(pack, name, day)}


def _in_effect(pack: Pack, name: str, region: str, day: date, key: tuple[str, ...]) -> InForce | None:
    """What holds in a region, be it said there or by a wider one."""
    if _definition(pack, name) is None:
        return None
    return next((line for line in in_force(pack, name, day, region) if line.keys == key), None)


def _definition(pack: Pack, name: str) -> ParameterDefinition | ListDefinition | None:
    return pack.definitions.get(name) or pack.list_definitions.get(name)


def _choices(before: Pack, after: Pack) -> Iterator[ChoiceChange]:
    for region in sorted({*before.scopes, *after.scopes}):
        if region not in before.scopes or region not in after.scopes:
            continue
        for conflict in sorted({*before.conflicts} & {*after.conflicts}):
            old, new = before.chosen(region, conflict), after.chosen(region, conflict)
            # A choice of the province shows at the province alone.
            is_own = conflict in {*before.scopes[region].choices, *after.scopes[region].choices}
            is_default = before.conflicts[conflict].default != after.conflicts[conflict].default
            if old != new and (is_own or (is_default and region == min(after.scopes))):
                readings = {each.id: each.zh for pack in (before, after) for each in pack.conflicts[conflict].readings}
                yield ChoiceChange(
                    after.scope_name(region), conflict, after.conflicts[conflict].zh, readings[old], readings[new]
                )
