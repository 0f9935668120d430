"""Ten years, day by day: every possible question has exactly one answer or a gap somebody declared."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import product
from pathlib import Path

import pytest
from law_days import FIRST, LAST, NOBODY, Days, Question, other_readings

from tongban.law import Pack, load_pack
from tongban.law.keys import possible_keys
from tongban.law.pack import DatedList, DatedValue, Row
from tongban.law.report import holes
from tongban.law.tables import TABLES

Spoil = Callable[[str, str, str], Path]


@pytest.fixture(scope="module")
def days(pack: Pack) -> Days:
    return Days(pack)


def test_every_day_has_one_answer_or_a_declared_gap(days: Days) -> None:
    assert days.faults() == []


def test_so_it_is_under_every_other_reading(pack: Pack, days: Days) -> None:
    assert {str(others): found for others in other_readings(pack) if (found := days.faults(others))} == {}


def test_the_proof_of_the_product_says_the_same(pack: Pack) -> None:
    assert holes(pack, FIRST, LAST) == ()


# -- what is found is what the walk saw -------------------------------------------------------------------------------


def _turns(question: Question) -> Iterator[date]:
    """The days around each change."""
    yield from (FIRST, LAST)
    for entry in question.entries:
        for day in (entry.since, entry.until if entry.until < LAST else LAST):
            yield from (day - timedelta(1), day, day + timedelta(1))


def _answers(days: Days, question: Question) -> Iterator[tuple[date, DatedValue | DatedList | Row | None]]:
    answers, _ = days.paint(question)
    for day in sorted(set(_turns(question))):
        if FIRST <= day <= LAST:
            place = int(answers[(day - FIRST).days])
            entry = None if place == NOBODY else question.entries[place]
            assert entry is None or isinstance(entry, DatedValue | DatedList | Row)
            yield day, entry


def test_values_are_found_on_their_days_and_no_other(pack: Pack, days: Days) -> None:
    for pool, (name, definition) in product(days.pools, pack.definitions.items()):
        for key in possible_keys(definition.keys):
            for day, entry in _answers(days, days.parameter(pool, name, key)):
                used = pack.value(pool, name, key, day)
                assert (used and (used.value, used.since)) == (entry and (entry.value, entry.since)), (pool, name, day)


def test_lists_are_found_on_their_days_and_no_other(pack: Pack, days: Days) -> None:
    for pool, (name, definition) in product(days.pools, pack.list_definitions.items()):
        for key in possible_keys(definition.keys):
            for day, entry in _answers(days, days.listed(pool, name, key)):
                used = pack.members(pool, name, key, day)
                assert (used and (used.members, used.since)) == (entry and (entry.members, entry.since)), (name, day)


def test_rows_are_found_on_their_days_and_no_other(pack: Pack, days: Days) -> None:
    for pool, name in product(days.pools, TABLES):
        for inputs in TABLES[name].combinations():
            for day, entry in _answers(days, days.row(pool, name, inputs)):
                assert pack.row(pool, name, inputs, day) is entry, (pool, name, inputs, day)


# -- the walk can fail ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "old", "new", "fault"),
    [
        pytest.param(
            "shanxi/residents_inpatient.yaml",
            "    from: 2025-01-01\n    table: {resident: 70_000_00}",
            "    from: 2025-01-01\n    to: 2026-06-30\n    table: {resident: 70_000_00}",
            "2026-07-01 起 1280 天 140100 inpatient_ceiling resident：没有，也没有写明没有查到",
            id="a value that ends without a successor",
        ),
        pytest.param(
            "shanxi/residents_inpatient.yaml",
            "table: {resident: {later: 0}}",
            "to: 2029-12-30\n    table: {resident: {later: 0}}",
            "2029-12-31 起 1 天 140100 inpatient_repeat_deductible resident、later：没有，也没有写明没有查到",
            id="a day that only another reading leaves empty",
        ),
        pytest.param(
            "shanxi/gaps.yaml",
            "locality: in_province, path: [referral, emergency, own_choice]}\n    why: 省医保局",
            "locality: in_province, path: [referral, emergency]}\n    why: 省医保局",
            "2020-01-01 起 3653 天 140400 inpatient_adjustment employee、active、in_province、own_choice、class_1"
            "：没有，也没有写明没有查到",
            id="a gap that says too little",
        ),
        pytest.param(
            "shanxi/gaps.yaml",
            "  - table: [price_class, benefit_path]\n    to: 2022-12-31\n",
            "  - table: [price_class, benefit_path]\n    to: 2022-12-30\n",
            "2022-12-31 起 1 天 140100 price_class unknown、yes：没有，也没有写明没有查到",
            id="a day before the table that nobody explains",
        ),
        pytest.param(
            "shanxi/filing_terms.yaml",
            "  - kind: posted_worker\n    from: 2025-03-31\n    scopes",
            "  - kind: posted_worker\n    from: 2025-04-01\n    scopes",
            "2025-03-31 起 1 天 140100 scopes posted_worker：没有，也没有写明没有查到",
            id="a kind of filing nobody says the scope of",
        ),
    ],
)
def test_the_walk_finds_a_missing_day(spoil: Spoil, name: str, old: str, new: str, fault: str) -> None:
    spoilt = load_pack(spoil(name, old, new))
    days = Days(spoilt, fault.split(" ")[5])
    assert fault in days.faults() + days.faults({"I-26": "none"})
    assert holes(spoilt, FIRST, LAST) != ()


def test_the_walk_finds_a_day_with_two_values(pack: Pack) -> None:
    where = ("140000", "inpatient_ceiling", ("resident",))
    (ceiling,) = pack.values[where]
    twice = replace(pack, values={**pack.values, where: (ceiling, replace(ceiling, since=date(2029, 12, 31)))})
    fault = "2029-12-31 起 1 天 140100 inpatient_ceiling resident：同一个地方有几个"
    assert fault in Days(twice, "inpatient_ceiling").faults()
    assert {hole.what for hole in holes(twice, FIRST, LAST)} >= {"several"}
