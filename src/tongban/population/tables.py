"""The results as files for spreadsheets and other programs: CSV and Parquet, amounts in whole fen."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tongban.population.differences import Differences
from tongban.population.results import BAND_WORDS, CELL, Line, Measures, People, Simulation

# The file, and the column of the cube it is told by.
BY = {
    "by_city": "insured_pool",
    "by_insurance_type": "insurance_type",
    "by_locality": "locality",
    "by_price_class": "price_class",
    "by_care_kind": "care_kind",
}
_DERIVED = ("compared", "compared_total_fen", "funds_in_force_fen", "funds_draft_fen", "funds_change_fen")

Table = tuple[Sequence[str], list[tuple[Any, ...]]]


def write_tables(folder: Path, found: Simulation, changed: Differences, names_zh: Mapping[str, str]) -> list[Path]:
    """Writes every table twice, as NAME.csv and NAME.parquet; the paths. Makes the folder if it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, (columns, rows) in _tables(found, changed, names_zh):
        table = folder / f"{name}.csv"
        # With the mark that lets a spreadsheet see that it is UTF-8.
        with table.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(columns)
            writer.writerows(rows)
        parquet = folder / f"{name}.parquet"
        pq.write_table(pa.table({column: [row[at] for row in rows] for at, column in enumerate(columns)}), parquet)
        written += [table, parquet]
    return written


def _tables(found: Simulation, changed: Differences, names_zh: Mapping[str, str]) -> Iterator[tuple[str, Table]]:
    yield "total", _of_lines([Line("total", "合计", found.total)])
    for name, column in BY.items():
        yield name, _of_lines(found.by(column, names_zh))
    yield "by_month", _of_lines(found.by_month())
    yield (
        "everything",
        (
            ("month", *CELL, *Measures._fields, *_DERIVED),
            [(month, *words, *_row(sums)) for month, words, sums in found.lines()],
        ),
    )
    yield "people", _of_people({"total": found.everyone, **found.people_by("insured_pool")}, names_zh)
    yield (
        "undetermined",
        (
            ("law", "insured_pool", "insurance_type", "missing", "reason", "ask", "claims"),
            [
                (law, why.pool, str(why.insurance_type), "、".join(why.missing), why.reason, why.ask, why.claims)
                for law, use in (("in_force", found.in_force), ("draft", found.draft))
                for why in use.undecided
            ],
        ),
    )
    yield (
        "values",
        (
            ("law", "parameter", "value", "since", "confidence", "sources", "conflict", "claims"),
            [
                (
                    law,
                    value.parameter,
                    value.value,
                    str(value.since),
                    str(value.confidence),
                    "、".join(source for source, _ in value.sources),
                    value.conflict,
                    claims,
                )
                for law, use in (("in_force", found.in_force), ("draft", found.draft))
                for value, claims in use.values
            ],
        ),
    )
    yield (
        "changes",
        (
            ("parameter", "zh", "region", "keys", "since", "until", "in_force", "draft"),
            [
                (
                    each.subject,
                    each.subject_zh,
                    each.region_zh,
                    each.keys_zh,
                    str(each.since),
                    str(each.until or ""),
                    each.before_zh,
                    each.after_zh,
                )
                for each in changed.values
            ],
        ),
    )


def _of_lines(lines: Sequence[Line]) -> Table:
    return ("key", "zh", *Measures._fields, *_DERIVED), [(str(key), zh, *_row(sums)) for key, zh, sums in lines]


def _row(sums: Measures) -> tuple[int, ...]:
    return (*sums, *(getattr(sums, name) for name in _DERIVED))


def _of_people(people: Mapping[str, People], names_zh: Mapping[str, str]) -> Table:
    """One row per group and band; `change_fen` is what the band's persons pay more, negative for less."""
    rows: list[tuple[Any, ...]] = []
    for key, group in people.items():
        zh = names_zh.get(key, "合计")
        bands = zip(BAND_WORDS, group.bands, group.bands_fen, strict=True)
        rows += [(key, zh, band, persons, fen) for band, persons, fen in bands]
        rows.append((key, zh, "两边没有一笔都算得出", group.not_compared, 0))
    return ("key", "zh", "band", "persons", "change_fen"), rows
