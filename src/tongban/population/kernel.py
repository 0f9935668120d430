"""The two loops over claims that run compiled: one checks rows and names their kinds, one settles them under two laws.

Both give the interpreter's lock back while they run, so that each thread works on rows of its own.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tongban.law.compiled import DECIDED, NEW_YEAR, NOT_DECIDED_BY_RULE, remembered, settle_claim
from tongban.population.claims import PERSON_TOTAL_MAX_FEN, WORDS, Int32s, Int64s

_wide: Any = np.int64

Bytes = NDArray[np.uint8]
Rows = NDArray[np.int32]  # [epoch, kind]
Wanted = NDArray[np.uint8]  # [epoch, kind]

# Groups of persons are numbered so that their insurance is the last digit.
INSURANCES = len(WORDS["insurance_type"])
assert INSURANCES == 2

# No sum in the cube can be larger than the total cost of all claims; beyond this it would not be exact any more.
SUM_MAX_FEN = 2**62
TOO_MUCH = -2  # what `examine` says instead of a row when the total cost passes it

NOT_RESOLVED = -1  # in `row_of`: nobody has asked the law yet
NO_SLOT = -1  # in `slot_of_month`: a month no claim has had yet

# Columns of the cube: one row per month and cell, see `tongban.population.results`.
MEASURES = (
    "claims",
    "total_fen",
    "in_scope_fen",
    "undetermined_in_force",
    "undetermined_draft",
    "undetermined_both",
    "not_compared_total_fen",
    "compared_in_scope_fen",
    "pooled_in_force_fen",
    "critical_in_force_fen",
    "person_in_force_fen",
    "pooled_draft_fen",
    "critical_draft_fen",
    "person_draft_fen",
    "funds_only_in_force_fen",
    "funds_only_draft_fen",
    "claims_person_pays_less",
    "claims_person_pays_more",
)
(
    _CLAIMS,
    _TOTAL,
    _IN_SCOPE,
    _UNDETERMINED_A,
    _UNDETERMINED_B,
    _UNDETERMINED_BOTH,
    _NOT_COMPARED_TOTAL,
    _COMPARED_IN_SCOPE,
    _POOLED_A,
    _CRITICAL_A,
    _PERSON_A,
    _POOLED_B,
    _CRITICAL_B,
    _PERSON_B,
    _FUNDS_ONLY_A,
    _FUNDS_ONLY_B,
    _LESS,
    _MORE,
) = range(len(MEASURES))

# Columns of the counts per row of terms: claims by what the year held before (a first, a second, a later stay use
# different values), and those the rule itself could not decide.
USES = 4
_BY_RULE = 3

# What a person's year changes by, in fen of the person's own payment: the upper ends of the bands, the last one open.
# A band's upper end belongs to it below zero, its lower end above: a change of exactly 100 yuan is "100 to 1,000".
BANDS_FEN = (-1_000_000, -500_000, -100_000, -10_000, -1, 0, 9_999, 99_999, 499_999, 999_999)
BANDS = len(BANDS_FEN) + 1
SAME = BANDS_FEN.index(0)
# Columns of the counts of persons: one per band, then persons of whom no claim could be compared, and those of whom
# some could not.
NOT_COMPARED, PARTLY_COMPARED = BANDS, BANDS + 1
PEOPLE = BANDS + 2


class DayTables(NamedTuple):
    """Looked up by the number of a day from `first` on: the month it is counted in (since the year 0), the law's
    epoch."""

    first: int
    month: Int32s
    epoch: Int32s


class Tables(NamedTuple):
    """What does not change while a file is read, but for `row_of` and `slot_of_month`, which are filled in on demand.

    `cell` and `group` are looked up by the number of a claim's kind. For either law, 0 in force and 1 the draft:
    `by_settlement` says by pool whether the day of settlement governs, `row_of[epoch, kind]` leads to a row of terms.
    """

    days: DayTables
    per_pool: int
    cell: Int32s
    cells: int
    group: Int32s
    by_settlement: tuple[Bytes, Bytes]
    row_of: tuple[Rows, Rows]
    wanted: tuple[Wanted, Wanted]
    slot_of_month: Int32s
    wanted_months: Bytes


class Placed(NamedTuple):
    """Where each row belongs: the row of terms under either law, the row of the cube, the group of persons."""

    in_force: Int32s
    draft: Int32s
    cube: Int32s
    group: Int32s


@remembered(nogil=True, error_model="numpy")
def examine(
    person: Int64s,
    days: tuple[Int32s, Int32s],
    words: tuple[Int32s, ...],
    digits: tuple[Int32s, ...],
    amounts: tuple[Any, ...],
    after: int,
    tables: Tables,
    placed: Placed,
) -> tuple[int, int, int]:
    """The first row that is no possible claim (-1: none), how much is still to be resolved, and the rows' total cost.

    `digits` say what each word adds to the number of a claim's kind, -1 for a word nobody knows. `placed` is filled
    in; it is right once nothing is left to be resolved. What the law has not been asked about is marked in `wanted`.
    """
    unresolved = 0
    grand_total = 0
    person_total = 0
    person_before = after
    settled_before = 0
    first_day = tables.days.first
    days_known = len(tables.days.month)
    row_of_a, row_of_b = tables.row_of
    for i in range(len(person)):
        d0 = digits[0][words[0][i]]
        d1 = digits[1][words[1][i]]
        d2 = digits[2][words[2][i]]
        d3 = digits[3][words[3][i]]
        d4 = digits[4][words[4][i]]
        d5 = digits[5][words[5][i]]
        d6 = digits[6][words[6][i]]
        admitted, settled = days[0][i], days[1][i]
        if (d0 | d1 | d2 | d3 | d4 | d5 | d6) < 0 or settled < admitted:
            return i, 0, 0
        if person[i] != person_before:
            if person[i] < person_before:
                return i, 0, 0
            person_before = person[i]
            person_total = 0
        elif settled < settled_before or i == 0:
            return i, 0, 0
        settled_before = settled
        total = _wide(amounts[0][i])
        self_funded, over_cap, preselfpay = _wide(amounts[1][i]), _wide(amounts[2][i]), _wide(amounts[3][i])
        if (total | self_funded | over_cap | preselfpay) < 0 or total > PERSON_TOTAL_MAX_FEN:
            return i, 0, 0
        # One after the other, so that no sum can leave 64 bits.
        left = total - self_funded
        if left < 0 or left - over_cap < 0 or left - over_cap - preselfpay < 0:
            return i, 0, 0
        person_total += total
        if person_total > PERSON_TOTAL_MAX_FEN:
            return i, 0, 0
        grand_total += total
        if grand_total > SUM_MAX_FEN:
            return TOO_MUCH, 0, 0
        d, c = settled - first_day, admitted - first_day
        if c < 0 or d >= days_known:
            return i, 0, 0
        kind = d0 + d1 + d2 + d3 + d4 + d5 + d6
        pool = d0 // tables.per_pool
        epoch_a = tables.days.epoch[d if tables.by_settlement[0][pool] else c]
        epoch_b = tables.days.epoch[d if tables.by_settlement[1][pool] else c]
        month = tables.days.month[d]
        row_a, row_b, slot = row_of_a[epoch_a, kind], row_of_b[epoch_b, kind], tables.slot_of_month[month]
        if (row_a | row_b | slot) < 0:
            unresolved += 1
            tables.wanted[0][epoch_a, kind] = row_a == NOT_RESOLVED
            tables.wanted[1][epoch_b, kind] = row_b == NOT_RESOLVED
            tables.wanted_months[month] = slot == NO_SLOT
        placed.in_force[i] = row_a
        placed.draft[i] = row_b
        placed.cube[i] = slot * tables.cells + tables.cell[kind]
        placed.group[i] = tables.group[kind]
    return -1, unresolved, grand_total


class Tally(NamedTuple):
    """What one thread has counted. `cube` has a row per cell of each month's slot; `uses` one array per law."""

    cube: Int64s
    uses: tuple[Int64s, Int64s]
    people: Int64s
    people_fen: Int64s


@remembered(nogil=True, error_model="numpy")
def settle(
    person: Int64s,
    settled: Int32s,
    amounts: tuple[Any, ...],
    placed: Placed,
    days: DayTables,
    terms: Int64s,
    bands: Int64s,
    tally: Tally,
    kept: tuple[Int64s, Int64s],
) -> None:
    """Whole persons, each in order of settlement, under the law in force (0) and the draft (1) at once.

    A benefit year is the calendar year of settlement and belongs to one insurance; both laws carry their own totals.
    While these are alike, a claim under the same terms in both is settled once.
    `kept` is empty, or takes pooled fund, critical illness and person of each claim under either law.
    """
    keep = len(kept[0]) > 0
    cube, people, people_fen = tally.cube, tally.people, tally.people_fen
    uses_a, uses_b = tally.uses
    year_a, year_b = NEW_YEAR, NEW_YEAR
    # The totals under the other insurance, for who changes it within the year.
    other_a, other_b = NEW_YEAR, NEW_YEAR
    alike, others_alike = True, True
    insurance = 0
    year = -1
    change = 0
    compared = 0
    claims = 0
    last = len(person) - 1
    for i in range(len(person)):
        now = days.month[settled[i] - days.first] // 12
        if claims == 0 or now != year:
            year_a, year_b, other_a, other_b = NEW_YEAR, NEW_YEAR, NEW_YEAR, NEW_YEAR
            alike, others_alike = True, True
            year = now
        group = placed.group[i]
        if group % INSURANCES != insurance:
            insurance = group % INSURANCES
            year_a, other_a = other_a, year_a
            year_b, other_b = other_b, year_b
            alike, others_alike = others_alike, alike
        total = _wide(amounts[0][i])
        self_funded, over_cap, preselfpay = _wide(amounts[1][i]), _wide(amounts[2][i]), _wide(amounts[3][i])
        in_scope = total - self_funded - over_cap - preselfpay
        row_a, row_b = placed.in_force[i], placed.draft[i]
        use_a, use_b = min(year_a.stays, 2), min(year_b.stays, 2)
        end_a, pooled_a, critical_a, person_a, year_a = settle_claim(
            terms, row_a, year_a, total, self_funded, over_cap, preselfpay, in_scope
        )
        if alike and row_a == row_b:
            end_b, pooled_b, critical_b, person_b, year_b = end_a, pooled_a, critical_a, person_a, year_a
        else:
            end_b, pooled_b, critical_b, person_b, year_b = settle_claim(
                terms, row_b, year_b, total, self_funded, over_cap, preselfpay, in_scope
            )
            alike = year_a == year_b
        uses_a[row_a, _BY_RULE if end_a == NOT_DECIDED_BY_RULE else use_a] += 1
        uses_b[row_b, _BY_RULE if end_b == NOT_DECIDED_BY_RULE else use_b] += 1
        cell = placed.cube[i]
        cube[cell, _CLAIMS] += 1
        cube[cell, _TOTAL] += total
        cube[cell, _IN_SCOPE] += in_scope
        claims += 1
        if end_a == DECIDED and end_b == DECIDED:
            cube[cell, _COMPARED_IN_SCOPE] += in_scope
            cube[cell, _POOLED_A] += pooled_a
            cube[cell, _CRITICAL_A] += critical_a
            cube[cell, _PERSON_A] += person_a
            cube[cell, _POOLED_B] += pooled_b
            cube[cell, _CRITICAL_B] += critical_b
            cube[cell, _PERSON_B] += person_b
            cube[cell, _LESS] += person_b < person_a
            cube[cell, _MORE] += person_b > person_a
            compared += 1
            change += person_b - person_a
        else:
            cube[cell, _NOT_COMPARED_TOTAL] += total
            if end_a != DECIDED:
                cube[cell, _UNDETERMINED_A] += 1
            else:
                cube[cell, _FUNDS_ONLY_A] += pooled_a + critical_a
            if end_b != DECIDED:
                cube[cell, _UNDETERMINED_B] += 1
            else:
                cube[cell, _FUNDS_ONLY_B] += pooled_b + critical_b
            if end_a != DECIDED and end_b != DECIDED:
                cube[cell, _UNDETERMINED_BOTH] += 1
        if keep:
            kept[0][i, 0], kept[0][i, 1], kept[0][i, 2] = pooled_a, critical_a, person_a
            kept[1][i, 0], kept[1][i, 1], kept[1][i, 2] = pooled_b, critical_b, person_b
        if i < last and person[i + 1] == person[i]:
            continue
        # The person's last claim says where the person is counted.
        if compared == 0:
            people[group, NOT_COMPARED] += 1
        else:
            band = SAME
            if change != 0:
                band = 0
                while band < len(bands) and change > bands[band]:
                    band += 1
            people[group, band] += 1
            people_fen[group, band] += change
            if compared < claims:
                people[group, PARTLY_COMPARED] += 1
        change = compared = claims = 0
