"""How fast the law is and how right, beside other engines that compute the same stays by the same rule.

    python bench/law_bench.py [--claims N] [--batch N] [--bills N] [--rounds 7]

Three kinds of table: claims one at a time (`--bills`), all at once with the year's totals given (`--batch`), and in
order with the totals carried along (`--claims` of a whole province). The engines take turns in every round. A table
shows microseconds a claim (of processor time; on the clock where there are several threads) and, because the machine
may be busy, the ratio to its first engine in the same round: the median, the least and the greatest. Wrong are claims
with an amount other than the C loop's; the tests' Decimal computation judges the loop on the bills taken one at a time.
Exits with 1 if this engine, or the loop, is wrong anywhere. Needs gcc, numpy, numba, openfisca-core and zen-engine.
"""

import argparse
import gc
import os
import statistics
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from law_engines import c_loop, numpy_columns, openfisca_model, ours, plain_python, zen_rules
from law_engines.claims import law_of, province
from law_engines.engine import Engine
from tongban.law import load_pack

POLICIES = Path(__file__).parents[1] / "policies"


@dataclass
class Lane:
    """An engine with what it took in each round, and how wrong it was."""

    engine: Engine
    seconds: list[float] = field(default_factory=list)
    wrong: int = 0
    worst_fen: int = 0

    @property
    def us(self) -> list[float]:
        """Microseconds a claim, per round."""
        return [seconds / self.engine.claims.count * 1e6 for seconds in self.seconds]


@dataclass(frozen=True)
class Table:
    """Engines that are compared with each other; the first is their measure."""

    title: str
    lanes: list[Lane]


def table(title: str, *engines: Engine) -> Table:
    return Table(title, [Lane(engine) for engine in engines])


def tables(asked: argparse.Namespace) -> list[Table]:
    pack, loop = load_pack(POLICIES), c_loop.built()
    batch = c_loop.residents(loop, law_of(pack), asked.batch)
    bills = batch.first(asked.bills)
    whole = c_loop.population(loop, *province(pack, asked.claims))
    return [
        table(
            "One claim at a time",
            *plain_python.integers(bills),
            plain_python.decimals(bills),
            *ours.one_by_one(pack, bills),
            *zen_rules.engines(bills),
        ),
        table(
            "All at once, the year's totals given (the first two carry them along)",
            c_loop.engine(loop, "C -O3, in order", batch, 1),
            ours.compiled("tongban, compiled, in order", batch, 1),
            *numpy_columns.engines(batch),
            *openfisca_model.engines(batch),
        ),
        *[
            table(
                f"In order, stays of every kind in a province, {threads} thread{'s' if threads > 1 else ''}",
                c_loop.engine(loop, "C -O3", whole, threads),
                ours.compiled("tongban, compiled", whole, threads),
            )
            for threads in sorted({1, os.cpu_count() or 1})
        ],
    ]


def check(lane: Lane) -> None:
    """Counts the claims that have an amount other than expected."""
    answer = lane.engine.read(lane.engine.run())
    expected = lane.engine.claims.expected[: len(answer)]
    off = [np.abs(mine - right) for mine, right in zip(answer, expected, strict=True)]
    lane.wrong = int(np.count_nonzero(np.any([each > 0 for each in off], axis=0)))
    lane.worst_fen = max(int(each.max()) for each in off)


def measure(lanes: list[Lane], rounds: int) -> None:
    """The engines take turns, so that whatever else the machine does falls on all of them."""
    # As in a web process of the product; the others gain as much by it.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    for _ in range(rounds):
        for lane in lanes:
            clock = time.process_time if lane.engine.threads == 1 else time.perf_counter
            began = clock()
            lane.engine.run()
            lane.seconds.append(clock() - began)


def show(table: Table) -> None:
    print(f"\n{table.title}")
    print(
        f"  {'':42}{'µs a claim':>11}{'ratio':>9}{'least … greatest':>20}{'wrong':>10} of {'claims':>10}{'worst':>10}"
    )
    for lane in table.lanes:
        ratios = ratio(lane, table.lanes[0])
        spread = f"{min(ratios):.2f} … {max(ratios):.2f}"
        print(
            f"  {lane.engine.name:42}{statistics.median(lane.us):11.3f}{statistics.median(ratios):9.2f}{spread:>20}"
            f"{lane.wrong:>10,} of {lane.engine.claims.count:>10,}{lane.worst_fen:>6} fen"
        )


def ratio(lane: Lane, other: Lane) -> list[float]:
    return [mine / its for mine, its in zip(lane.us, other.us, strict=True)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--claims", type=int, default=10_000_000, help="stays of the province, in order")
    parser.add_argument("--batch", type=int, default=1_000_000, help="stays computed all at once")
    parser.add_argument("--bills", type=int, default=5_000, help="stays computed one at a time")
    parser.add_argument("--rounds", type=int, default=7)
    asked = parser.parse_args()
    made = tables(asked)
    lanes = [lane for table in made for lane in table.lanes]
    for lane in lanes:
        check(lane)
    measure(lanes, asked.rounds)
    for table in made:
        show(table)
    faults = [lane.engine.name for lane in lanes if lane.wrong and lane.engine.must_be_right]
    print(f"\nwrong: {', '.join(faults)}" if faults else "\nno amount of this engine is wrong")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
