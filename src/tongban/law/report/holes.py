"""The proof that on every day every key has exactly one answer or a declared gap, whichever reading is chosen."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import NamedTuple

from tongban.law.keys import Key
from tongban.law.pack import Pack
from tongban.law.report.inquiry import Inquiry
from tongban.law.report.subjects import Subject, subjects


class Hole(NamedTuple):
    """Days from `since` to `until` on which a key has no answer and no declared gap (`what` is "nothing"), or a region
    gives it more than one ("several").

    `region` is the pool, or the province if it is so for every pool that says nothing of its own. `reading` tells
    under which other reading (``"I-3: file_first"``) it is so; empty under those chosen.
    """

    region: str
    subject: str
    key: Key
    since: date
    until: date
    reading: str
    what: str


class HoleLine(NamedTuple):
    """Holes that differ in their key only."""

    region_zh: str
    subject: str
    zh: str
    keys_zh: str
    since: date
    until: date
    reading: str
    what: str


def hole_lines(pack: Pack, found: Iterable[Hole]) -> tuple[HoleLine, ...]:
    """Holes as an official reads them. `keys_zh` is empty for a subject that has no keys."""
    subject_of = {subject.name: subject for subject in subjects(pack)}
    keys_of: dict[Hole, list[Key]] = {}
    for hole in found:
        keys_of.setdefault(hole._replace(key=()), []).append(hole.key)
    return tuple(
        HoleLine(
            pack.scope_name(hole.region),
            hole.subject,
            subject_of[hole.subject].zh,
            subject_of[hole.subject].keys_zh(keys),
            hole.since,
            hole.until,
            hole.reading,
            hole.what,
        )
        for hole, keys in keys_of.items()
    )


def holes(pack: Pack, first: date, last: date) -> tuple[Hole, ...]:
    """Every hole from `first` to `last`, both included, under the chosen readings and under each other reading of each
    contradiction. An empty result is the proof that there is none."""
    inquiry = Inquiry(pack)
    found: dict[Hole, None] = {}
    for subject in inquiry.subjects:
        for region in inquiry.spokesmen(subject):
            for key in subject.keys:
                for others in _readings(inquiry, region, subject, key):
                    for hole in _holes_of(inquiry, region, subject, key, others, first, last):
                        # A hole that is there anyway is told once, not again for every other reading.
                        if hole._replace(reading="") not in found:
                            found[hole] = None
    return tuple(found)


def _readings(inquiry: Inquiry, region: str, subject: Subject, key: Key) -> Iterator[Mapping[str, str]]:
    yield {}
    for conflict in sorted(inquiry.switches(region, subject, key)):
        chosen = inquiry.pack.chosen(region, conflict)
        for reading in inquiry.pack.conflicts[conflict].readings:
            if reading.id != chosen:
                yield {conflict: reading.id}


def _holes_of(
    inquiry: Inquiry, region: str, subject: Subject, key: Key, others: Mapping[str, str], first: date, last: date
) -> Iterator[Hole]:
    under = "".join(f"{conflict}: {reading}" for conflict, reading in others.items())
    turns = inquiry.turns(region, subject, key, first, last)
    open_hole: Hole | None = None
    for since, after in zip(turns, [*turns[1:], last + timedelta(1)], strict=True):
        what = _fault(inquiry, region, subject, key, since, others)
        if open_hole is not None and what == open_hole.what:
            open_hole = open_hole._replace(until=after - timedelta(1))
            continue
        if open_hole is not None:
            yield open_hole
        open_hole = Hole(region, subject.name, key, since, after - timedelta(1), under, what) if what else None
    if open_hole is not None:
        yield open_hole


def _fault(inquiry: Inquiry, region: str, subject: Subject, key: Key, day: date, others: Mapping[str, str]) -> str:
    """What is wrong on a day: "several" answers of one region, "nothing" along the chain, or empty."""
    is_answered = False
    for scope in inquiry.pack.chain(region):
        for group in inquiry.entries(scope.region, subject, key):
            holding = sum(inquiry.holds(entry, region, day, others) for entry in group)
            if holding > 1:
                return "several"
            is_answered |= holding == 1
    if is_answered or inquiry.declared_gap(region, subject, key, day) is not None:
        return ""
    return "nothing" if inquiry.is_asked(region, subject, key, day, others) else ""
