"""Claims as rows of words and numbers, written as small files; and the interpreted law over the same rows."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from tongban.kernel.vocabulary import CareKind, InsuranceType, Locality, PersonnelCategory, PriceClass
from tongban.law import (
    BenefitPath,
    InpatientCase,
    OutpatientCase,
    Pack,
    YearTotals,
    added_by,
    assess,
    inpatient_after,
    outpatient_after,
)
from tongban.population.claims import schema
from tongban.population.simulate import Watched

POOLS = ("140100", "140200", "140300", "140500", "140700", "149900")


class Claim(NamedTuple):
    person_id: int
    admitted_on: date
    settled_on: date
    insured_pool: str = "140100"
    insurance_type: str = "resident"
    category: str = "adult"
    locality: str = "same_pool"
    path: str = "home"
    price_class: str = "class_1"
    care_kind: str = "inpatient"
    total_fen: int = 1_100_000
    self_funded_fen: int = 0
    over_price_cap_fen: int = 0
    preselfpay_fen: int = 0


def write(path: Path, claims: Sequence[Claim], row_group: int = 1_000_000, *, wide: bool = False) -> Path:
    columns = {name: [getattr(claim, name) for claim in claims] for name in Claim._fields}
    pq.write_table(pa.table(columns, schema=schema(wide=wide)), path, row_group_size=row_group, store_schema=False)
    return path


def random_claims(persons: int, seed: int) -> list[Claim]:
    """Persons with up to nine claims in 2025 to 2027, of every kind; some change their insurance or their city."""
    rng = Random(seed)
    made = []
    for person in range(1, persons + 1):
        insured = _insured(rng)
        days = sorted(date(2025, 6, 1) + timedelta(rng.randrange(800)) for _ in range(rng.choice((1, 1, 2, 3, 9))))
        for settled_on in days:
            if rng.random() < 0.1:
                insured = _insured(rng)
            visit = rng.random() < 0.4
            # Now and then everything was returned.
            total = 0 if rng.random() < 0.02 else int(rng.lognormvariate(10.5 if visit else 14, 1.2))
            parts = [total * rng.randrange(0, 15) // 100 for _ in range(3)]
            made.append(
                Claim(
                    person * 1_000_000_007,
                    settled_on - timedelta(0 if visit else rng.randrange(30)),
                    settled_on,
                    *insured,
                    *(rng.choice(list(words)) for words in (Locality, BenefitPath, PriceClass)),
                    "outpatient" if visit else "inpatient",
                    total,
                    *parts,
                )
            )
    return made


def _insured(rng: Random) -> tuple[str, str, str]:
    pool = rng.choice(POOLS)
    if rng.random() < 0.5:
        return pool, "employee", rng.choice(("active", "retired"))
    return pool, "resident", rng.choice(("minor", "adult", "elder"))


Amounts = tuple[int, int, int] | None


def one_by_one(pack: Pack, claims: Sequence[Claim]) -> list[Amounts]:
    """Pooled fund, critical illness and person of each claim by the front door for one bill; None: undetermined."""
    years: dict[tuple[int, int, str], YearTotals] = {}
    made: list[Amounts] = []
    for claim in claims:
        key = (claim.person_id, claim.settled_on.year, claim.insurance_type)
        year = years.get(key, YearTotals())
        case = _case(claim)
        after = inpatient_after(case, year) if isinstance(case, InpatientCase) else outpatient_after(case, year)
        found = assess(pack, after).breakdown
        if found is None:
            made.append(None)
            continue
        years[key] = year.plus(added_by(found))
        made.append((found.pooled_fund_fen, found.critical_illness_fen, found.person_share_fen))
    return made


def _case(claim: Claim) -> InpatientCase | OutpatientCase:
    parts = (claim.self_funded_fen, claim.over_price_cap_fen, claim.preselfpay_fen)
    kind = InpatientCase if claim.care_kind == CareKind.INPATIENT else OutpatientCase
    return kind(
        claim.insured_pool,
        InsuranceType(claim.insurance_type),
        PersonnelCategory(claim.category),
        Locality(claim.locality),
        BenefitPath(claim.path),
        PriceClass(claim.price_class),
        claim.admitted_on,
        claim.settled_on,
        claim.total_fen,
        *parts,
        claim.total_fen - sum(parts),
    )


@dataclass
class Witness:
    """Collects what a simulation says of each row, in the order of the file."""

    in_force: dict[int, Amounts] = field(default_factory=dict)
    draft: dict[int, Amounts] = field(default_factory=dict)

    @property
    def watch(self) -> Callable[[Watched], None]:
        def see(seen: Watched) -> None:
            for law, amounts in ((self.in_force, seen.in_force), (self.draft, seen.draft)):
                for row, each in zip(seen.rows.tolist(), amounts.tolist(), strict=True):
                    assert row not in law
                    law[row] = None if each[0] < 0 else tuple(each)

        return see

    def in_order(self) -> Iterator[list[Amounts]]:
        for law in (self.in_force, self.draft):
            assert sorted(law) == list(range(1, len(law) + 1))
            yield [law[row] for row in sorted(law)]
