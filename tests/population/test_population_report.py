"""The report says what was found and needs nothing else; the tables add up; a draft's changes are listed."""

import csv
import re
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from population_kit import Claim, random_claims, write

from tongban.kernel.money import yuan
from tongban.law import Pack
from tongban.population import words
from tongban.population.differences import Differences, differences
from tongban.population.report import names_of, render, sentences, summary
from tongban.population.results import Simulation
from tongban.population.simulate import simulate
from tongban.population.tables import write_tables

MADE_ON = date(2026, 11, 22)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory, pack: Pack, draft: Pack) -> Simulation:
    file = write(tmp_path_factory.mktemp("claims") / "bills.parquet", random_claims(600, seed=4))
    return simulate(file, pack, draft, threads=2)


@pytest.fixture(scope="module")
def changed(pack: Pack, draft: Pack) -> Differences:
    return differences(pack, draft)


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_report_holds_the_sums_and_needs_nothing_else(
    found: Simulation, pack: Pack, draft: Pack, changed: Differences
) -> None:
    page = render(found, pack, draft, changed, MADE_ON)
    total, people = found.total, found.everyone
    for amount in (total.funds_in_force_fen, total.funds_draft_fen, total.funds_change_fen):
        assert f"{yuan(amount)} 元" in page
    for number in (total.claims, total.compared, total.not_compared, people.pay_less, people.pay_more, people.same):
        assert words.count(number) in page
    for line in found.by("insured_pool", names_of(pack)):
        assert line.zh in page
        assert words.ten_thousands(line.sums.funds_draft_fen) in page
    assert pack.version in page
    assert draft.version in page
    assert "不是官方来源" in page
    assert "算不出的不当作 0" in page
    tags = _Tags()
    tags.feed(page)
    assert not tags.open
    assert not {tag for tag, _ in tags.seen} & {"script", "img", "link", "iframe", "object"}
    assert not [attrs for _, attrs in tags.seen if {"src", "href"} & attrs.keys()]
    assert "url(" not in page
    # Each picture is followed by its table.
    assert len(re.findall(r'class="(?:bars|cols)[ "]', page)) <= sum(tag == "table" for tag, _ in tags.seen)


def test_a_file_name_cannot_break_out_of_the_page(tmp_path: Path, pack: Pack) -> None:
    file = write(tmp_path / "<script>x.parquet", [Claim(1, MADE_ON, MADE_ON)])
    found = simulate(file, pack, pack, threads=1)
    page = render(found, pack, pack, differences(pack, pack), MADE_ON)
    assert "<script>" not in page
    assert "草案和在用的规定一样" in page
    assert "一分不差" in page


def test_a_draft_that_begins_after_the_last_claim_is_said(tmp_path: Path, pack: Pack, draft: Pack) -> None:
    file = write(tmp_path / "old.parquet", [Claim(1, date(2025, 5, 1), date(2025, 5, 1))])
    found = simulate(file, pack, draft, threads=1)
    late = differences(pack, draft)
    only_july = late._replace(values=tuple(each for each in late.values if each.since >= date(2026, 1, 1)))
    assert "--years-later" in render(found, pack, draft, only_july, MADE_ON)
    assert any("--years-later" in sentence for sentence in sentences(found, only_july))


def test_what_the_draft_changes_is_listed(changed: Differences) -> None:
    told = {
        (each.region_zh, each.subject, each.keys_zh, str(each.since), each.before_zh, each.after_zh)
        for each in changed.values
    }
    assert ("太原市", "inpatient_rate", "居民医保：全部人员类别 × 一类", "2026-07-01", "60%", "62%") in told
    assert {(each.region_zh, each.conflict) for each in changed.choices} == {("阳泉市", "R-1")}
    assert {each.subject for each in changed.values} == {"inpatient_rate", "inpatient_ceiling", "outpatient_ceiling"}


def test_nothing_differs_from_itself(pack: Pack) -> None:
    assert differences(pack, pack) == Differences((), (), ())


def test_tables_add_up(tmp_path: Path, found: Simulation, pack: Pack, draft: Pack, changed: Differences) -> None:
    written = write_tables(tmp_path / "tables", found, changed, names_of(pack, draft))
    assert all(path.stat().st_size for path in written)
    for name in (
        "by_city",
        "by_insurance_type",
        "by_locality",
        "by_price_class",
        "by_care_kind",
        "by_month",
        "everything",
    ):
        with (tmp_path / "tables" / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        for column, wanted in found.total._asdict().items():
            assert sum(int(row[column]) for row in rows) == wanted, (name, column)
        assert pq.read_table(tmp_path / "tables" / f"{name}.parquet").num_rows == len(rows)


def test_the_summary_is_whole_numbers(found: Simulation) -> None:
    told = summary(found)
    assert told["funds_change_fen"] == found.total.funds_draft_fen - found.total.funds_in_force_fen
    assert all(isinstance(value, int | str) for value in told.values())


@pytest.mark.parametrize(
    ("fen", "text"),
    [
        (0, "0.00 元"),
        (-1, "−0.01 元"),
        (999_999, "9,999.99 元"),
        (1_000_000, "1.00 万元"),
        (123_456_789, "123.46 万元"),
        (-1_234_567_890_123, "−123.46 亿元"),
    ],
)
def test_amounts_are_told_in_the_unit_that_reads_best(fen: int, text: str) -> None:
    assert words.money(fen) == text


def test_shares_never_say_nothing_of_something() -> None:
    assert words.share(1, 3) == "33.33%"
    assert words.share(-1, 1_000_000, signed=True) == "−不到 0.01%"
    assert words.share(0, 0) == "—"
    assert words.share(5, 10_000, signed=True) == "+0.05%"
