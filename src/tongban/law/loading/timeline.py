"""The entries of one key in the order of their days: each ends where the next begins, and no two hold at once."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Protocol, TypeVar

from tongban.law.loading.reading import Faults
from tongban.law.pack import FOREVER, DatedList, DatedValue, KindText

Entry = TypeVar("Entry", DatedValue, DatedList, KindText)


class Holding(Protocol):
    """Anything that holds from day to day, under one reading of a contradiction or under all."""

    @property
    def since(self) -> date: ...
    @property
    def until(self) -> date: ...
    @property
    def conflict(self) -> str: ...
    @property
    def reading(self) -> str: ...


def in_order(entries: list[tuple[Entry, str]], name: str, key: tuple[str, ...], faults: Faults) -> tuple[Entry, ...]:
    """The entries of one key, each ending the day before the next of the same reading begins; overlaps are faults."""
    entries = sorted(entries, key=lambda item: item[0].since)
    closed = [(_ended(entry, entries), where) for entry, where in entries]
    for number, (entry, where) in enumerate(closed):
        for other, elsewhere in closed[:number]:
            if hold_together(entry, other):
                at = "、".join(key) or name
                faults.add(where, f"{at} 的日期和另一条重叠：{entry.since} 起与 {other.since} 起（{elsewhere}）")
    return tuple(entry for entry, _ in closed)


def _ended(entry: Entry, entries: list[tuple[Entry, str]]) -> Entry:
    if entry.until != FOREVER:
        return entry
    later = [
        other.since
        for other, _ in entries
        if other.since > entry.since and (other.conflict, other.reading) == (entry.conflict, entry.reading)
    ]
    return replace(entry, until=min(later) - timedelta(1)) if later else entry


def hold_together(entry: Holding, other: Holding) -> bool:
    """Whether on some day, under some choice of readings, both would hold."""
    readings = {entry.reading, other.reading}
    are_apart = entry.conflict == other.conflict and len(readings) == 2 and "" not in readings
    return not are_apart and entry.since <= other.until and other.since <= entry.until
