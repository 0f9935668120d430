"""Decision tables: which inputs they have, and the proof that every combination hits exactly one row."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import product

from tongban.kernel.vocabulary import CareKind, InsuranceType, Locality, PriceClass, Situation
from tongban.law.model import BenefitPath, FilingOutcome
from tongban.law.pack import FOREVER, Row

YES_NO = ("yes", "no")
UNDETERMINED = "undetermined"
HOSPITAL_LEVELS = ("unknown", *(f"{number:02d}" for number in range(1, 12)))
FILED_AS = ("none", "long_term", "referral", "unreferred")


@dataclass(frozen=True, slots=True)
class TableDefinition:
    """A table's inputs in order, each with every value it can take, and its possible outcomes."""

    inputs: Mapping[str, tuple[str, ...]]
    outcomes: frozenset[str]

    def combinations(self) -> Iterator[tuple[str, ...]]:
        return product(*self.inputs.values())


def _words(enum: Iterable[str]) -> tuple[str, ...]:
    return tuple(str(member) for member in enum)


TABLES: Mapping[str, TableDefinition] = {
    "filing": TableDefinition(
        {
            "insurance_type": _words(InsuranceType),
            "locality": _words(Locality),
            "situation": _words(Situation),
            "care": _words(CareKind),
        },
        frozenset(_words(FilingOutcome)),
    ),
    "price_class": TableDefinition(
        {"hospital_level": HOSPITAL_LEVELS, "in_county": YES_NO}, frozenset({*_words(PriceClass), UNDETERMINED})
    ),
    "benefit_path": TableDefinition(
        {
            "insurance_type": _words(InsuranceType),
            "locality": _words(Locality),
            "filed_as": FILED_AS,
            "is_emergency": YES_NO,
            "is_referred": YES_NO,
        },
        frozenset({*_words(BenefitPath), UNDETERMINED}),
    ),
}


def expand(definition: TableDefinition, row: Row) -> Iterator[tuple[str, ...]]:
    """Every combination of inputs the row speaks of; an input it does not name may be anything."""
    return product(*(row.when.get(name, values) for name, values in definition.inputs.items()))


def prove(
    definition: TableDefinition,
    rows: list[Row],
    readings_of: Mapping[str, frozenset[str]],
    *,
    must_be_total: bool,
    since: date,
) -> list[str]:
    """Problems, in words, if some combination on some day hits no row or more than one; empty if the table is total.

    Several rows may share a combination only as the readings of one conflict: then each reading must have its row, so
    that whichever is chosen, exactly one applies. A table that only overrides a wider region's may leave holes.
    """
    hits: dict[tuple[str, tuple[str, ...]], list[Row]] = {}
    for row in rows:
        for place in row.treatment_pools or ("",):
            for combination in expand(definition, row):
                hits.setdefault((place, combination), []).append(row)
    starts = {since} | {row.since for row in rows} | {row.until + timedelta(1) for row in rows if row.until != FOREVER}
    problems: dict[str, None] = {}
    places = {place for place, _ in hits} | {""}
    for place, combination in product(sorted(places), definition.combinations()):
        for day in sorted(starts):
            here = [row for row in hits.get((place, combination), ()) if row.since <= day <= row.until]
            if here:
                fault = _clash(here, readings_of)
            else:
                fault = "没有一行说到" if must_be_total and place == "" and day >= since else ""
            if fault:
                at = "、".join(combination) + (f"、就医地 {place}" if place else "")
                problems.setdefault(f"{at}（{day} 起）：{fault}")
                break
    return list(problems)


def _clash(rows: list[Row], readings_of: Mapping[str, frozenset[str]]) -> str:
    names = "、".join(row.id for row in rows)
    if len(rows) == 1 and not rows[0].reading:
        return ""
    conflicts = {row.conflict for row in rows}
    readings = [row.reading for row in rows]
    if len(conflicts) != 1 or "" in readings or len(set(readings)) != len(readings):
        return f"同时落在 {len(rows)} 行：{names}"
    left_out = readings_of.get(next(iter(conflicts)), frozenset()) - set(readings)
    return f"{names} 没有写到 {next(iter(conflicts))} 的读法 {'、'.join(sorted(left_out))}" if left_out else ""
