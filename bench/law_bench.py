"""How fast the law is: one explained bill interpreted, and a population compiled against the same loop in C.

    python bench/law_bench.py [--stays 10000000] [--rounds 7]

Prints microseconds for one bill and, for the population, the ratio to C (below 1: faster than C) from interleaved
rounds, with the number of amounts that differ. Exits with 1 if any does. Needs gcc, numpy and numba.
"""

import argparse
import ctypes
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from itertools import product
from pathlib import Path

import numpy as np

from tongban.kernel.vocabulary import InsuranceType, Locality, PersonnelCategory, PriceClass
from tongban.law import BenefitPath, InpatientCase, Pack, Undetermined, assess_inpatient, load_pack, steps
from tongban.law.compiled import Int64s, Shares, Stays, inpatient_by_person, terms_matrix
from tongban.law.rules.inpatient import InpatientTerms
from tongban.law.terms import Resolved, inpatient_terms

HERE = Path(__file__).parent
DAY = date(2026, 11, 20)
EMPLOYEE, RESIDENT = InsuranceType.EMPLOYEE, InsuranceType.RESIDENT


def best_us(work: Callable[[], object], times: int = 20_000, rounds: int = 5) -> float:
    """The best round's microseconds for one call."""
    best = float("inf")
    for _ in range(rounds):
        began = time.perf_counter()
        for _ in range(times):
            work()
        best = min(best, (time.perf_counter() - began) / times)
    return best * 1e6


def one_bill(pack: Pack) -> None:
    case = InpatientCase(
        "140100", RESIDENT, PersonnelCategory.ADULT, Locality.CROSS_PROVINCE, BenefitPath.REFERRAL, PriceClass.CLASS_1,
        DAY, DAY, 3_860_000, 240_000, 0, 92_000, 3_528_000, 1, 500_000, 900_000, 0,
    )  # fmt: skip
    record = assess_inpatient(pack, case).record()
    print(f"one bill, assess:                  {best_us(lambda: assess_inpatient(pack, case)):7.1f} µs")
    print(f"one bill, assess + record:         {best_us(lambda: assess_inpatient(pack, case).record(), 5_000):7.1f} µs")
    print(f"one bill, steps from a record:     {best_us(lambda: steps(pack, record), 2_000):7.1f} µs")
    explained = best_us(lambda: steps(pack, assess_inpatient(pack, case).record()), 2_000)
    print(f"one bill, assess + record + steps: {explained:7.1f} µs")


def kinds_of_stay(pack: Pack) -> tuple[Int64s, list[Int64s]]:
    """The terms of every kind of stay the law of Shanxi's pools can decide on, and per insured group its rows. One row
    more, the last of each group, stands for what no source decides."""
    pools = sorted(region for region, scope in pack.scopes.items() if scope.level == "pool")
    insured = [
        (RESIDENT, PersonnelCategory.ADULT),
        (EMPLOYEE, PersonnelCategory.ACTIVE),
        (EMPLOYEE, PersonnelCategory.RETIRED),
    ]
    rows: list[Resolved[InpatientTerms] | Undetermined] = []
    groups: list[Int64s] = []
    for pool, (insurance_type, category) in product(pools, insured):
        first = len(rows)
        for locality, path, price_class in product(Locality, BenefitPath, PriceClass):
            terms = inpatient_terms(pack, pool, insurance_type, category, locality, path, price_class, DAY)
            if isinstance(terms, Resolved):
                rows.append(terms)
        if len(rows) > first:
            rows.append(Undetermined("", (), ""))
            groups.append(np.arange(first, len(rows), dtype=np.int64))
    return terms_matrix(rows), groups


def population(pack: Pack, count: int) -> tuple[Stays, Int64s]:
    """Synthetic stays: mostly one or two a year, costs over three powers of ten, every kind of stay in Shanxi."""
    terms, groups = kinds_of_stay(pack)
    rng = np.random.default_rng(20261122)
    person = np.sort(rng.integers(0, max(count * 6 // 10, 1), count))
    start = np.concatenate([[0], np.flatnonzero(np.diff(person)) + 1, [count]]).astype(np.int64)
    # A person stays insured in one way for the year; where and how they are treated changes from stay to stay.
    firsts = np.array([group[0] for group in groups], dtype=np.int64)
    sizes = np.array([len(group) for group in groups], dtype=np.int64)
    insured = np.repeat(rng.integers(0, len(groups), len(start) - 1), np.diff(start))
    terms_row = firsts[insured] + rng.integers(0, 1 << 30, count) % sizes[insured]
    total = np.exp(rng.normal(np.log(900_000), 1.2, count)).astype(np.int64)
    self_funded, over_cap, preselfpay = ((total * rng.integers(0, 12, count)) // 100 for _ in range(3))
    in_scope = total - self_funded - over_cap - preselfpay
    return Stays(start, terms_row, total, self_funded, over_cap, preselfpay, in_scope), terms


def c_loop(stays: Stays, terms: Int64s, folder: Path) -> Callable[[Shares], None]:
    library = folder / "inpatient.so"
    flags = ["-O3", "-march=native", "-fopenmp", "-shared", "-fPIC", "-Wall", "-Werror"]
    subprocess.run(["gcc", *flags, "-o", library, HERE / "inpatient.c"], check=True)
    run = ctypes.CDLL(str(library)).by_person
    run.argtypes = [ctypes.c_int64, *[ctypes.POINTER(ctypes.c_int64)] * 8]
    run.restype = None

    def pointer(column: Int64s) -> object:
        return column.ctypes.data_as(ctypes.POINTER(ctypes.c_int64))

    given = [pointer(each) for each in (stays.start, stays.terms_row, stays.total_fen, stays.in_scope_fen, terms)]
    return lambda into: run(len(stays.start) - 1, *given, *[pointer(column) for column in into])


def against_c(pack: Pack, count: int, rounds: int) -> int:
    stays, terms = population(pack, count)
    ours, theirs = (Shares(*(np.empty(count, np.int64) for _ in Shares._fields)) for _ in range(2))
    with tempfile.TemporaryDirectory() as folder:
        in_c = c_loop(stays, terms, Path(folder))
        inpatient_by_person(stays, terms, ours)  # compiles, and touches every page of the result
        in_c(theirs)
        taken: dict[str, list[float]] = {"compiled": [], "c": []}
        for _ in range(rounds):
            for name, run in (
                ("compiled", lambda: inpatient_by_person(stays, terms, ours)),
                ("c", lambda: in_c(theirs)),
            ):
                began = time.perf_counter()
                run()
                taken[name].append(time.perf_counter() - began)
    differ = sum(int(np.count_nonzero(a != b)) for a, b in zip(ours, theirs, strict=True))
    ratios = [a / b for a, b in zip(taken["compiled"], taken["c"], strict=True)]
    decided = int(np.count_nonzero(ours.pooled_fund_fen >= 0))
    print(f"stays {count:,} of {len(stays.start) - 1:,} persons, {decided:,} decided, {len(terms):,} kinds of terms")
    for name, seconds in taken.items():
        print(f"  {name:9} {count / statistics.median(seconds) / 1e6:6.1f} million stays/s (median of {rounds})")
    spread = f"median {statistics.median(ratios):.2f}, {min(ratios):.2f} to {max(ratios):.2f}"
    print(f"  ratio of times, compiled to C: {spread}")
    print(f"  amounts that differ: {differ} of {3 * count:,}")
    return differ


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--stays", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=7)
    asked = parser.parse_args()
    pack = load_pack(HERE.parent / "policies")
    one_bill(pack)
    return 1 if against_c(pack, asked.stays, asked.rounds) else 0


if __name__ == "__main__":
    sys.exit(main())
