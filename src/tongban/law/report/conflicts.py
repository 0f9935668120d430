"""Contradictions between the sources: which reading holds where, why, and who looks at it again."""

from collections.abc import Iterable
from datetime import date
from itertools import chain
from typing import NamedTuple

from tongban.law.assess import GOVERNING_DAY
from tongban.law.model import SourceLine
from tongban.law.pack import ConflictRecord, DatedList, DatedValue, KindText, Pack, Row


class ReadingLine(NamedTuple):
    """One reading. `chosen_by` are the regions that chose it by name; a source line's confidence is its source's."""

    id: str
    zh: str
    is_default: bool
    chosen_by: tuple[str, ...]
    sources: tuple[SourceLine, ...]


class ConflictLine(NamedTuple):
    """A recorded contradiction. The default reading holds everywhere but in the regions that chose another.

    `is_settled`: official wording decides it, no region may choose. `is_switch`: some value or row holds under one
    reading only, so that choosing changes results.
    """

    id: str
    zh: str
    readings: tuple[ReadingLine, ...]
    why: str
    owner: str
    review_on: date
    is_settled: bool
    is_switch: bool

    def is_due(self, on: date) -> bool:
        """Whether the owner has to look at it again by `on`; a settled one never."""
        return not self.is_settled and on >= self.review_on

    @property
    def default(self) -> ReadingLine:
        return next(reading for reading in self.readings if reading.is_default)


def conflicts(pack: Pack) -> tuple[ConflictLine, ...]:
    """Every record, in the order of the register."""
    switches = _switches(pack)
    return tuple(_line(pack, record, record.id in switches) for record in pack.conflicts.values())


def _switches(pack: Pack) -> frozenset[str]:
    """The contradictions whose reading decides which of several entries holds, or on which day's law a rule works."""
    dated: Iterable[Iterable[DatedValue | DatedList | Row | KindText]] = chain(
        pack.values.values(), pack.lists.values(), pack.rows.values(), pack.kinds.values()
    )
    return frozenset(entry.conflict for entries in dated for entry in entries if entry.reading) | {GOVERNING_DAY}


def _line(pack: Pack, record: ConflictRecord, is_switch: bool) -> ConflictLine:
    return ConflictLine(
        id=record.id,
        zh=record.zh,
        readings=tuple(
            ReadingLine(
                reading.id,
                reading.zh,
                reading.id == record.default,
                tuple(scope.zh for scope in pack.scopes.values() if scope.choices.get(record.id) == reading.id),
                tuple(
                    pack.source_line(ref.id, ref.article, pack.sources[ref.id].confidence, None)
                    for ref in reading.sources
                ),
            )
            for reading in record.readings
        ),
        why=record.why,
        owner=record.owner,
        review_on=record.review_on,
        is_settled=record.is_settled,
        is_switch=is_switch,
    )


def conflict_notice(pack: Pack, pool: str, conflict_id: str) -> str:
    """What a citizen is told where an answer rests on a contradiction: on what the sources differ, which reading is
    used in this pool and why. Empty for the empty id.

    A record that has left the register since is told without its content.
    """
    if not conflict_id:
        return ""
    record = pack.conflicts.get(conflict_id)
    if record is None:
        return "这一条的来源说法不一。怎么定的，请问参保地医保经办机构。"
    chosen = pack.chosen(pool, conflict_id)
    reading = next(reading for reading in record.readings if reading.id == chosen)
    lead = "来源说法不一" if any(each.sources for each in record.readings) else "文件没有写明"
    reason = record.why if chosen == record.default else f"这是{pack.scope_name(pool)}选定的。"
    return f"{lead}：{record.zh}。这里用的是“{reading.zh}”。{reason}"
