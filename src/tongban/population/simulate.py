"""The law in force and a draft side by side over a file of claims, in one pass and bounded memory.

Row groups are the units of work. Each thread decodes and settles its own; what lies at a unit's two ends may belong to
a person who goes on in the next unit, so it is put aside and settled last, when all units are known.
"""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tongban.law import Pack
from tongban.population.claims import (
    PERSON_CLAIMS_MAX,
    ClaimsFile,
    Fragment,
    Int64s,
    Part,
    decode,
    fragment,
    join,
    open_claims,
    why_invalid,
)
from tongban.population.errors import ClaimInvalid, ClaimsUnreadable, TooLittleMemory
from tongban.population.kernel import (
    BANDS,
    BANDS_FEN,
    MEASURES,
    NO_SLOT,
    PEOPLE,
    SUM_MAX_FEN,
    TOO_MUCH,
    USES,
    Placed,
    Tables,
    Tally,
    examine,
    settle,
)
from tongban.population.laws import Answers, LawTable, Space
from tongban.population.results import CELL, GROUP, Simulation, law_use

# What the process holds before the first row, and what a row in work takes: its columns, what they were decoded from,
# and what is noted about it. Measured, rounded up.
BASE_MB = 400
ROW_BYTES = 320
_ROWS_MIN, _ROWS_MAX = 10_000, 1_000_000
_BEFORE_ALL = -(2**63)
_NOTHING_KEPT = (np.empty((0, 3), dtype=np.int64), np.empty((0, 3), dtype=np.int64))

Progress = Callable[[int], None]


class Watched(NamedTuple):
    """Rows as they were settled: their numbers in the file; pooled fund, critical illness, person under each law."""

    rows: Int64s
    in_force: Int64s
    draft: Int64s


def rows_per_batch(memory_mb: int, threads: int) -> int:
    """Raises TooLittleMemory."""
    rows = (memory_mb - BASE_MB) * 1_000_000 // (ROW_BYTES * threads)
    if rows < _ROWS_MIN:
        least = BASE_MB + -(-_ROWS_MIN * ROW_BYTES * threads // 1_000_000)
        raise TooLittleMemory(f"{memory_mb} MB 内存不够：{threads} 个线程至少要 {least} MB")
    return min(rows, _ROWS_MAX)


def simulate(
    claims: Path,
    in_force: Pack,
    draft: Pack,
    *,
    threads: int,
    memory_mb: int = 1024,
    years_later: int = 0,
    progress: Progress | None = None,
    watch: Callable[[Watched], None] | None = None,
    rows_max: int | None = None,
) -> Simulation:
    """Raises ClaimsUnreadable, ClaimInvalid or TooLittleMemory; a file is settled as a whole or not at all.

    `years_later` moves all claims on by so many years. `progress` is told how many rows are done; `watch` sees every
    claim's amounts and is called from several threads, but never twice at once.
    """
    rows = rows_max or rows_per_batch(memory_mb, threads)
    run = _Run(open_claims(claims), (in_force, draft), rows, years_later, progress or (lambda _: None), watch)
    with ThreadPoolExecutor(threads) as pool:
        run.rest(pool.map(run.unit, range(run.file.row_groups)))
    return run.result()


@dataclass(slots=True)
class _Worker:
    """What belongs to one thread."""

    tally: Tally
    placed: Placed


@dataclass
class _Run:
    file: ClaimsFile
    packs: tuple[Pack, Pack]
    rows_max: int
    years_later: int
    progress: Progress
    watch: Callable[[Watched], None] | None
    stop: bool = False
    grand_total_fen: int = 0
    workers: list[_Worker] = field(default_factory=list)
    months: list[int] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    own: threading.local = field(default_factory=threading.local)

    def __post_init__(self) -> None:
        self.space = Space(self.packs, self.years_later)
        self.answers = Answers()
        in_force = LawTable(self.packs[0], self.space, self.answers)
        self.laws = in_force, LawTable(self.packs[1], self.space, self.answers, in_force)
        cell, group = self.space.places(CELL), self.space.places(GROUP)
        self.groups = int(group.max()) + 1
        self.bands = np.array(BANDS_FEN, dtype=np.int64)
        self.tables = Tables(
            self.space.days,
            self.space.per_pool,
            cell,
            int(cell.max()) + 1,
            group,
            (self.laws[0].by_settlement, self.laws[1].by_settlement),
            (self.laws[0].row_of, self.laws[1].row_of),
            (self.laws[0].wanted, self.laws[1].wanted),
            np.full(self.space.months, NO_SLOT, dtype=np.int32),
            np.zeros(self.space.months, dtype=np.uint8),
        )

    # -- who belongs together ----------------------------------------------------------------------------------------

    def unit(self, group: int) -> list[Fragment]:
        """Settles the persons who lie wholly inside a row group; hands back the rows of its first and last person."""
        try:
            return self._unit(group)
        except BaseException:
            self.stop = True
            raise

    def _unit(self, group: int) -> list[Fragment]:
        head: list[Fragment] = []
        tail: list[Fragment] = []
        after = _BEFORE_ALL  # the last person who is finished
        for batch, row in self.file.batches(group, self.rows_max):
            if self.stop:
                break
            part = decode(self.file, batch, row)
            person, count = part.person_id, batch.num_rows
            goes_on = tail or head
            first = _person(goes_on) if goes_on else int(person[0])
            # Not in order, a search finds some place or other; the checks then find what is not in order.
            begin = int(np.searchsorted(person, first, "right"))
            if begin:
                (tail or head).append(fragment(batch, 0, begin, row))
                _check_size(self.file, tail or head)
            if begin < count:
                if tail:
                    self._settle(join(self.file, tail), after)
                after = first
                end = max(begin, int(np.searchsorted(person, person[-1], "left")))
                if begin < end:
                    self._settle(part.slice(begin, end), after)
                    after = int(person[end - 1])
                tail = [fragment(batch, end, count, row)]
                if _person(tail) <= after:
                    raise why_invalid(self.file, part.slice(end, count), 0, self.space.pools, after)
            self.progress(count)
        return head + tail

    def rest(self, units: Iterable[list[Fragment]]) -> None:
        """Settles whom the units put aside, in the order of the file, as soon as enough of them are complete."""
        after = _BEFORE_ALL
        waiting: list[Fragment] = []
        for each in (end for unit in units for end in unit):
            rows = sum(one.rows.num_rows for one in waiting)
            if rows >= self.rows_max and _person(waiting) != _person([each]):
                self._settle(join(self.file, waiting), after)
                after, waiting = _person(waiting), []
            waiting.append(each)
            _check_size(self.file, [one for one in waiting if _person([one]) == _person([each])])
        if waiting:
            self._settle(join(self.file, waiting), after)

    # -- settling ----------------------------------------------------------------------------------------------------

    def _settle(self, part: Part, after: int) -> None:
        """Checks and settles whole persons, who come after the person `after`."""
        count = len(part.person_id)
        worker = self._worker(count)
        placed = Placed(*(column[:count] for column in worker.placed))
        total, unresolved = self._examine(part, after, placed)
        with self.lock:
            self._add_up(total)
            if unresolved:
                self._resolve()
            terms = self.answers.terms
            months = len(self.months)
        if unresolved:
            _, unresolved = self._examine(part, after, placed)
            assert not unresolved
        worker.tally = tally = _grown(worker.tally, months * self.tables.cells, terms)
        kept = (np.empty((count, 3), np.int64), np.empty((count, 3), np.int64)) if self.watch else _NOTHING_KEPT
        settle(part.person_id, part.days[1], part.amounts, placed, self.tables.days, terms, self.bands, tally, kept)
        if self.watch:
            rows = part.row if isinstance(part.row, np.ndarray) else np.arange(part.row, part.row + count)
            with self.lock:
                self.watch(Watched(rows, *kept))

    def _examine(self, part: Part, after: int, placed: Placed) -> tuple[int, int]:
        """The rows' total cost, and how many of them the law has yet to be asked about."""
        digits = tuple(self.space.digits(place, words) for place, words in enumerate(part.dictionaries))
        bad, unresolved, total = examine(
            part.person_id, part.days, part.words, digits, part.amounts, after, self.tables, placed
        )
        if bad == TOO_MUCH:
            self._add_up(SUM_MAX_FEN + 1)
        if bad >= 0:
            raise why_invalid(self.file, part, bad, self.space.pools, None if after == _BEFORE_ALL else after)
        return total, unresolved

    def _add_up(self, total: int) -> None:
        self.grand_total_fen += total
        if self.grand_total_fen > SUM_MAX_FEN:
            raise ClaimsUnreadable(
                f"{self.file.path.name} 里的费用加起来超过 {SUM_MAX_FEN} 分，算不准了。请检查金额的单位是不是分"
            )

    def _resolve(self) -> None:
        for law in self.laws:
            law.resolve()
        for month in np.flatnonzero(self.tables.wanted_months.copy()).tolist():
            if self.tables.slot_of_month[month] == NO_SLOT:
                self.tables.slot_of_month[month] = len(self.months)
                self.months.append(month)

    def _worker(self, count: int) -> _Worker:
        worker: _Worker | None = getattr(self.own, "worker", None)
        if worker is None:
            worker = self.own.worker = _Worker(self._empty_tally(), _room(max(count, self.rows_max)))
            with self.lock:
                self.workers.append(worker)
        elif count > len(worker.placed.cube):
            worker.placed = _room(count)
        return worker

    def _empty_tally(self) -> Tally:
        return Tally(
            np.zeros((0, len(MEASURES)), np.int64),
            (np.zeros((0, USES), np.int64), np.zeros((0, USES), np.int64)),
            np.zeros((self.groups, PEOPLE), np.int64),
            np.zeros((self.groups, BANDS), np.int64),
        )

    def result(self) -> Simulation:
        """All threads' counts as one."""
        total = _grown(self._empty_tally(), len(self.months) * self.tables.cells, self.answers.terms)
        for worker in self.workers:
            mine = worker.tally
            total.cube[: len(mine.cube)] += mine.cube
            for law in range(2):
                total.uses[law][: len(mine.uses[law])] += mine.uses[law]
            total.people[:] += mine.people
            total.people_fen[:] += mine.people_fen
        order = np.argsort(self.months)
        cube = total.cube.reshape(len(self.months), self.tables.cells, len(MEASURES))[order]
        uses = (
            law_use(law.pack, self.answers.asked, counts.tolist())
            for law, counts in zip(self.laws, total.uses, strict=True)
        )
        return Simulation(
            self.file.path.name,
            self.years_later,
            self.space.pools,
            tuple(sorted(self.months)),
            cube,
            total.people,
            total.people_fen,
            *uses,
        )


def _person(fragments: list[Fragment]) -> int:
    person: int = fragments[-1].rows.column(0)[-1].as_py()
    return person


def _check_size(file: ClaimsFile, fragments: list[Fragment]) -> None:
    if sum(each.rows.num_rows for each in fragments) > PERSON_CLAIMS_MAX:
        raise ClaimInvalid(
            f"{file.path.name} 第 {fragments[0].row} 行起：person_id {_person(fragments)} 的账单"
            f"超过 {PERSON_CLAIMS_MAX} 笔，请检查编号是不是只代表一个人"
        )


def _room(count: int) -> Placed:
    return Placed(*(np.empty(count, np.int32) for _ in Placed._fields))


def _grown(tally: Tally, cells: int, terms: Int64s) -> Tally:
    """The tally with room for so many cells and rows of terms."""
    return tally._replace(
        cube=_longer(tally.cube, cells),
        uses=(_longer(tally.uses[0], len(terms)), _longer(tally.uses[1], len(terms))),
    )


def _longer(array: Int64s, rows: int) -> Int64s:
    if len(array) >= rows:
        return array
    made = np.zeros((rows, array.shape[1]), np.int64)
    made[: len(array)] = array
    return made
