"""What is known and what is not, as documents: values in force, gaps, contradictions, the version."""

from collections.abc import Mapping
from datetime import date
from difflib import get_close_matches
from typing import NamedTuple

from tongban.doors.documents.errors import DayOutsideLaw, ParameterUnknown
from tongban.doors.documents.forms import seen
from tongban.doors.documents.reading import Reader
from tongban.kernel.dates import zh_date
from tongban.law import InForce, Pack, first_day, in_force
from tongban.law.report import Gap, ReadingLine, conflicts, gaps


class ParameterLine(NamedTuple):
    """A name that `show` knows. A list has no unit of its own; `unit` is then "list"."""

    name: str
    zh: str
    unit: str
    keys: tuple[str, ...]


class ParametersDocument(NamedTuple):
    version: str
    parameters: tuple[ParameterLine, ...]


class ParameterDocument(NamedTuple):
    """`pool` is empty when every region's own values are listed."""

    version: str
    parameter: str
    zh: str
    unit: str
    keys: tuple[str, ...]
    on: date
    pool: str
    values: tuple[InForce, ...]


class VersionDocument(NamedTuple):
    """`since` is the first day of which the law knows anything."""

    version: str
    since: date
    pools: dict[str, str]


class GapsDocument(NamedTuple):
    version: str
    on: date
    gaps: tuple[Gap, ...]


class ConflictDocument(NamedTuple):
    """A ConflictLine, and whether its owner has to look at it again by now."""

    id: str
    zh: str
    readings: tuple[ReadingLine, ...]
    why: str
    owner: str
    review_on: date
    is_settled: bool
    is_switch: bool
    is_due: bool


class ConflictsDocument(NamedTuple):
    version: str
    on: date
    conflicts: tuple[ConflictDocument, ...]


LIST_UNIT = "list"
UNITS_ZH: Mapping[str, str] = {
    "fen": "分",
    "bp": "万分之一",
    "months": "月",
    "days": "天",
    "hour": "几点",
    "count": "个数",
    "flag": "是或否",
    LIST_UNIT: "名单",
}


def parameters_document(pack: Pack) -> ParametersDocument:
    lines = [ParameterLine(each.name, each.zh, each.unit, each.keys) for each in pack.definitions.values()]
    lines += [ParameterLine(each.name, each.zh, LIST_UNIT, each.keys) for each in pack.list_definitions.values()]
    return ParametersDocument(pack.version, tuple(lines))


def parameter_document(pack: Pack, name: str, on: date, pool: str = "") -> ParameterDocument:
    """Raises ParameterUnknown, PoolUnknown or DayOutsideLaw."""
    line = next((line for line in parameters_document(pack).parameters if line.name == name), None)
    if line is None:
        raise _unknown(pack, name)
    code = Reader(pack).pool(pool) if pool else ""
    check_day(pack, on)
    return ParameterDocument(
        pack.version, name, line.zh, line.unit, line.keys, on, code, in_force(pack, name, on, code)
    )


def gaps_document(pack: Pack, on: date) -> GapsDocument:
    """Raises DayOutsideLaw. The same for all days between two changes of the law, and kept."""
    check_day(pack, on)
    key = ("gaps", pack.epoch(on))
    found: tuple[Gap, ...] | None = pack.terms_cache.get(key)
    if found is None:
        found = pack.terms_cache[key] = gaps(pack, on)
    return GapsDocument(pack.version, on, found)


def conflicts_document(pack: Pack, on: date) -> ConflictsDocument:
    lines = (ConflictDocument(*line, line.is_due(on)) for line in conflicts(pack))
    return ConflictsDocument(pack.version, on, tuple(lines))


def version_document(pack: Pack) -> VersionDocument:
    pools = {scope.region: scope.zh for scope in pack.scopes.values() if scope.level == "pool"}
    return VersionDocument(pack.version, first_day(pack), dict(sorted(pools.items())))


def check_day(pack: Pack, on: date, field: str = "on") -> None:
    """Raises DayOutsideLaw for a day before anything that is known."""
    if on < (first := first_day(pack)):
        since = f"最早的从 {zh_date(first)}起"
        raise DayOutsideLaw(f"{field} 是 {zh_date(on)}，那时的规定还没有收进来，{since}", field=field)


def _unknown(pack: Pack, name: str) -> ParameterUnknown:
    names = [line.name for line in parameters_document(pack).parameters]
    close = get_close_matches(name[:80], names, n=3)
    hint = f"是不是 {' 或 '.join(close)}？" if close else f"有的是 {'、'.join(names)}"
    return ParameterUnknown(f"没有参数“{seen(name)}”：{hint}", field="name")
