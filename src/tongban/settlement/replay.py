"""Everything ever settled, computed again: by the law each settlement names, or by other law to see what would differ.

A settlement that does not come out to the fen means that a record was touched, that the program has changed a rule
instead of superseding it, or that the law under its version is not what it was. Each is told by number and field.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final

import msgspec
from msgspec.structs import astuple

from tongban import law
from tongban.infra.db import Connection
from tongban.kernel.errors import Refusal
from tongban.kernel.identifiers import SETTLEMENT, OutsideNumber
from tongban.kernel.money import Fen
from tongban.kernel.vocabulary import Confidence, Word
from tongban.law import BillShares, Breakdown, Pack, RecordUnreadable, StoredRecord, YearTotals
from tongban.settlement import store_replay
from tongban.settlement.archive import packs_of
from tongban.settlement.store_replay import AMOUNTS, FACTS, StoredRow, Wanted

BATCH_DEFAULT = 200

_amounts_of = attrgetter(*AMOUNTS.values())
_facts_of = attrgetter(*FACTS)
# Of the amounts: who pays how much, and of those what the funds pay.
_SHARES: Final = slice(-len(BillShares._fields), None)
_FUNDS: Final = slice(-4, -1)
_YearDelta: Any = msgspec.defstruct(
    "YearDelta", [(name, int, 0) for name in YearTotals._fields], forbid_unknown_fields=True, gc=False
)
_read_delta = msgspec.json.Decoder(_YearDelta).decode


class FindingKind(Word):
    DIFFERENCE = "difference", "对不上"
    UNDETERMINED = "undetermined", "现在算不出"
    UNREADABLE = "unreadable", "读不出"
    UNKNOWN_VERSION = "unknown_version", "规则版本不在存档里"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is not as stored. `number` is empty for a version as a whole; `reason` is set where there is no
    recomputed value."""

    kind: FindingKind
    version: str
    number: str = ""
    field: str = ""
    stored: int | str | None = None
    recomputed: int | str | None = None
    reason: str = ""


@dataclass(slots=True, kw_only=True)
class VersionTally:
    """One version's settlements. `differing`: not shown to be as stored. `fund_fen` is what the funds paid by the
    rows, `fund_anew_fen` what they would pay by the law used now; an undetermined one counts in neither."""

    version: str
    is_known: bool
    settlements: int = 0
    cancelled: int = 0
    differing: int = 0
    fund_fen: Fen = 0
    fund_anew_fen: Fen = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """By version, first used first. `is_other_law`: differences are then no faults."""

    versions: tuple[VersionTally, ...]
    findings: dict[FindingKind, int]
    is_other_law: bool

    @property
    def settlements(self) -> int:
        return sum(tally.settlements for tally in self.versions)

    @property
    def differing(self) -> int:
        return sum(tally.differing for tally in self.versions)

    @property
    def is_sound(self) -> bool:
        """Nothing found, or only what other law would do differently."""
        expected = {FindingKind.DIFFERENCE, FindingKind.UNDETERMINED} if self.is_other_law else set()
        return not any(count for kind, count in self.findings.items() if kind not in expected)


async def replay(
    db: Connection,
    wanted: Wanted,
    *,
    on_finding: Callable[[Finding], None],
    on_progress: Callable[[int, int], None],
    other_law: Pack | None = None,
    batch: int = BATCH_DEFAULT,
) -> Replayed:
    """Recompute the stored settlements, cancelled ones too, and report what differs as it is found.

    Each is computed by the version it names, from the archive alone (what is loaded is not asked), or all of them by
    `other_law`: then only who pays how much is compared. `on_progress` is told how many of how many are done. Memory
    does not grow with the number of settlements, only with that of versions.
    """
    async with store_replay.one_view(db):
        counts = await store_replay.count_by_version(db, wanted)
        packs = dict.fromkeys(counts, other_law) if other_law else await packs_of(db, counts)
        found = _Found(counts, packs, on_finding, is_other_law=other_law is not None)
        total = sum(counts.values()) if wanted.limit is None else min(wanted.limit, sum(counts.values()))
        done = 0
        on_progress(done, total)
        async for rows in store_replay.stored_rows(db, wanted, batch):
            for row in rows:
                found.look_at(row)
            done += len(rows)
            on_progress(done, total)
    return found.report()


class _Found:
    """What has been found so far."""

    def __init__(
        self,
        counts: dict[str, int],
        packs: Mapping[str, Pack],
        on_finding: Callable[[Finding], None],
        *,
        is_other_law: bool,
    ) -> None:
        self._packs, self._on_finding, self._is_other_law = packs, on_finding, is_other_law
        self._findings = dict.fromkeys(FindingKind, 0)
        self._tallies = {version: VersionTally(version=version, is_known=version in packs) for version in counts}
        for version, tally in self._tallies.items():
            if not tally.is_known:
                reason = f"{counts[version]} 笔结算用的规则不在存档里，或者存档读不出"
                self._tell(Finding(kind=FindingKind.UNKNOWN_VERSION, version=version, reason=reason))

    def look_at(self, row: StoredRow) -> None:
        tally = self._tallies[row.version]
        tally.settlements += 1
        tally.cancelled += row.is_cancelled
        pack = self._packs.get(row.version)
        if pack is None:
            tally.differing += 1
            return
        try:
            record = law.read_record(row.record)
            anew = law.assess(pack, record.case)
            delta = _read_delta(row.year_delta)
        except (RecordUnreadable, msgspec.DecodeError) as error:
            self._unreadable(row, str(error))
            return
        except Refusal as refusal:
            self._unreadable(row, refusal.sentence)
            return
        breakdown = anew.breakdown
        if breakdown is None:
            assert anew.undetermined is not None
            tally.differing += 1
            self._tell(_finding(row, FindingKind.UNDETERMINED, reason=anew.undetermined.reason))
            return
        tally.fund_fen += sum(row.amounts[_FUNDS])
        tally.fund_anew_fen += sum(_amounts_of(breakdown)[_FUNDS])
        if self._is_other_law:
            differences = list(_other_shares(row, breakdown))
        elif _is_as_stored(row, record, breakdown, anew.confidence, delta):
            return
        else:
            differences = list(_differences(row, record, breakdown, anew.confidence, delta))
        tally.differing += bool(differences)
        for difference in differences:
            self._tell(difference)

    def report(self) -> Replayed:
        return Replayed(
            versions=tuple(self._tallies.values()), findings=self._findings, is_other_law=self._is_other_law
        )

    def _unreadable(self, row: StoredRow, reason: str) -> None:
        self._tallies[row.version].differing += 1
        self._tell(_finding(row, FindingKind.UNREADABLE, reason=reason))

    def _tell(self, finding: Finding) -> None:
        self._findings[finding.kind] += 1
        self._on_finding(finding)


def _is_as_stored(
    row: StoredRow, record: StoredRecord, breakdown: Breakdown, confidence: Confidence, delta: Any
) -> bool:
    """Whether there is nothing to tell; almost always, so it is asked as a whole."""
    return (
        record.breakdown == breakdown
        and row.amounts == _amounts_of(breakdown)
        and row.facts == _facts_of(record.case)
        and row.version == record.version
        and row.confidence == record.confidence == confidence
        and astuple(delta) == law.added_by(breakdown)
    )


def _differences(
    row: StoredRow, record: StoredRecord, breakdown: Breakdown, confidence: Confidence, delta: Any
) -> Iterator[Finding]:
    """Every field by itself: first what the record keeps, then the row's own columns."""
    pairs: list[tuple[str, Any, Any]] = []
    if record.breakdown is None:
        pairs.append(("breakdown", None, breakdown.person_share_fen))
    else:
        names = (f"breakdown.{name}" for name in breakdown._fields)
        pairs += zip(names, record.breakdown, breakdown, strict=True)
    pairs.append(("record.confidence", record.confidence, confidence))
    pairs.append(("policy_version", row.version, record.version))
    pairs.append(("confidence", row.confidence, confidence))
    pairs += zip(AMOUNTS, row.amounts, _amounts_of(breakdown), strict=True)
    pairs += zip(FACTS, row.facts, _facts_of(record.case), strict=True)
    added = law.added_by(breakdown)
    pairs += zip((f"year_delta.{name}" for name in added._fields), astuple(delta), added, strict=True)
    return _unlike(row, pairs)


def _other_shares(row: StoredRow, breakdown: Breakdown) -> Iterator[Finding]:
    anew = _amounts_of(breakdown)[_SHARES]
    return _unlike(row, zip(BillShares._fields, row.amounts[_SHARES], anew, strict=True))


def _unlike(row: StoredRow, pairs: Iterable[tuple[str, Any, Any]]) -> Iterator[Finding]:
    for name, stored, recomputed in pairs:
        if stored != recomputed:
            values = {"stored": _plain(stored), "recomputed": _plain(recomputed)}
            yield _finding(row, FindingKind.DIFFERENCE, field=name, **values)


def _plain(value: Any) -> int | str | None:
    return value if value is None or type(value) is int else str(value)


def _finding(row: StoredRow, kind: FindingKind, **what: Any) -> Finding:
    number = OutsideNumber(SETTLEMENT, row.person_id, row.settlement_serial)
    return Finding(kind=kind, version=row.version, number=str(number), **what)
