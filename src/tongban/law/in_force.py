"""What is in force on a day: every value of a parameter, or every edition of a list, with where it comes from."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import chain
from typing import NamedTuple, TypeAlias

from tongban.kernel.money import percent, points, yuan
from tongban.kernel.vocabulary import Confidence
from tongban.law.keys import is_possible, word_zh
from tongban.law.model import SourceLine
from tongban.law.pack import FOREVER, NATION, DatedList, DatedValue, Pack
from tongban.law.parameters import KEY_WORDS, SPECIALS

Entry: TypeAlias = DatedValue | DatedList
_SPECIALS_ZH = {"no_limit": "没有限额", "open_ended": "没有期限"}
_UNITS_ZH = {"months": " 个月", "days": " 天", "hour": " 点", "count": ""}


class InForce(NamedTuple):
    """One value, or one list, of one region for one key. `until` is None while nothing ends it.

    A parameter has a `value` in its unit, a list its `members`. `reading` is the chosen reading of `conflict` that lets
    the entry hold, empty for an entry that holds under each.
    """

    region: str
    region_zh: str
    keys: tuple[str, ...]
    keys_zh: str
    value: int | None
    members: tuple[str, ...]
    value_zh: str
    since: date
    until: date | None
    confidence: Confidence
    sources: tuple[SourceLine, ...]
    conflict: str
    reading: str


def in_force(pack: Pack, name: str, on: date, pool: str = "") -> tuple[InForce, ...]:
    """All that holds of a parameter or list on `on`, for the keys somebody can have.

    With a pool: what holds there, from the nearest region that says it, in the order of the keys. Without: what every
    region itself says under the readings chosen there, the nation first. Raises KeyError for a name that is neither.
    """
    definition = pack.definitions.get(name) or pack.list_definitions[name]
    regions = [scope.region for scope in pack.chain(pool)] if pool else sorted(pack.scopes, key=_nation_first)
    found: dict[tuple[str, ...], InForce] = {}
    for region in regions:
        for key, entry in sorted(_entries(pack, region, name), key=lambda item: _order(definition.keys, item[0])):
            slot = key if pool else (region, *key)
            if slot not in found and is_possible(definition.keys, key) and _holds(pack, pool or region, on, entry):
                found[slot] = _line(pack, region, name, key, entry)
    lines = list(found.values())
    if pool:
        lines.sort(key=lambda line: _order(definition.keys, line.keys))
    return tuple(lines)


def first_day(pack: Pack) -> date:
    """The first day of which the law knows anything at all."""
    dated: Iterator[Sequence[Entry]] = chain(pack.values.values(), pack.lists.values())
    return min(entry.since for entry in chain(*dated, *pack.rows.values()))


def value_zh(pack: Pack, name: str, value: int) -> str:
    """A value with its unit: ``1,000.00 元``, ``60%``, ``少 5 个百分点``, ``没有限额``."""
    unit = pack.definitions[name].unit
    if special := next((word for (of, word), number in SPECIALS.items() if (of, number) == (unit, value)), ""):
        return _SPECIALS_ZH[special]
    match unit:
        case "fen":
            return f"{yuan(value)} 元"
        case "bp" if name.endswith("_adjustment"):
            return f"{'少' if value < 0 else '多'} {points(value)} 个百分点" if value else "不加不减"
        case "bp":
            return percent(value)
        case "flag":
            return "是" if value else "否"
        case _:
            return f"{value}{_UNITS_ZH[unit]}"


def _entries(pack: Pack, region: str, name: str) -> Iterator[tuple[tuple[str, ...], Entry]]:
    known: Mapping[tuple[str, str, tuple[str, ...]], Sequence[Entry]]
    known = pack.values if name in pack.definitions else pack.lists
    for where, dated in known.items():
        if where[:2] == (region, name):
            for entry in dated:
                yield where[2], entry


def _holds(pack: Pack, pool: str, on: date, entry: Entry) -> bool:
    return entry.since <= on <= entry.until and (
        not entry.reading or pack.chosen(pool, entry.conflict) == entry.reading
    )


def _line(pack: Pack, region: str, subject: str, key: tuple[str, ...], entry: Entry) -> InForce:
    if isinstance(entry, DatedList):
        names, value, members = pack.list_definitions[subject].keys, None, entry.members
        told = _members_zh(pack, subject, members)
    else:
        names, value, members = pack.definitions[subject].keys, entry.value, ()
        told = value_zh(pack, subject, value)
    return InForce(
        region=region,
        region_zh=pack.scope_name(region),
        keys=key,
        keys_zh=" · ".join(word_zh(name, _word(KEY_WORDS[name], word)) for name, word in zip(names, key, strict=True)),
        value=value,
        members=members,
        value_zh=told,
        since=entry.since,
        until=None if entry.until == FOREVER else entry.until,
        confidence=entry.confidence,
        sources=pack.source_lines(entry.sources, entry.confidence, entry.since),
        conflict=entry.conflict,
        reading=entry.reading,
    )


def _members_zh(pack: Pack, name: str, members: tuple[str, ...]) -> str:
    vocabulary = pack.list_definitions[name].words
    words = KEY_WORDS.get(vocabulary, ())
    return "、".join(word_zh(vocabulary, _word(words, member)) for member in members) or "没有"


def _word(words: tuple[str, ...], text: str) -> str:
    """The vocabulary's own word for a text read from YAML."""
    return next((word for word in words if word == text), text)


def _nation_first(region: str) -> tuple[bool, str]:
    return region != NATION, region


def _order(names: tuple[str, ...], key: tuple[str, ...]) -> tuple[int, ...]:
    """In the order in which the vocabularies list their words."""
    return tuple(KEY_WORDS[name].index(word) for name, word in zip(names, key, strict=True))
