"""How fast a draft is tried on a nation's claims: Parquet in, both laws side by side, sums out.

    python bench/population_bench.py [--stays 20000000] [--visits 0] [--rounds 3] [--threads N] [--memory-mb 1024]

First the command as an official runs it, in a process of its own: stays per second from start to finish, and the most
memory it held. Then, interleaved in this process, three passes over the same file: reading and decoding the columns
and nothing else; the simulation; the simulation with its compiled loop exchanged for one in C. Prints the ratios of
times and the number of sums that differ from C's. Exits with 1 if any does. Needs gcc, numpy, numba and pyarrow.
308 million stays, the nation's cross-province settlements of 2025, need 9 GB of disk: --stays 308000000 --rounds 1.
"""

import argparse
import ctypes
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from tongban.law import Pack, load_pack
from tongban.population import simulate as simulation
from tongban.population.claims import decode, open_claims
from tongban.population.generate import Wanted, generate, read_population
from tongban.population.kernel import DayTables, Placed, Tally
from tongban.population.results import Simulation

HERE = Path(__file__).parent
ROOT = HERE.parent
DRAFT = ROOT / "docs" / "examples" / "rate-change"
# As many stays per person as in the sample the generator's shapes come from.
STAYS_PER_PERSON = 1.45


def command(file: Path, stays: int, threads: int, memory_mb: int, folder: Path) -> None:
    """The whole command, report and all."""
    asked = ["law", "simulate", str(file), "--draft", str(DRAFT), "--report", str(folder / "report.html")]
    asked += ["--threads", str(threads), "--memory-mb", str(memory_mb)]
    began = time.perf_counter()
    process = subprocess.Popen([Path(sys.executable).with_name("tongban"), *asked], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    if status:
        raise SystemExit(f"the command failed with status {status}")
    print(f"tongban law simulate, start to finish: {seconds:.1f} s, {stays / seconds / 1e6:.2f} million stays/s")
    print(f"  most memory held: {usage.ru_maxrss / 1024:,.0f} MB of {memory_mb:,} allowed")
    print(f"  processor time: {usage.ru_utime + usage.ru_stime:.1f} s")


def read_only(file: Path, threads: int, memory_mb: int) -> None:
    """Every row group read and decoded as the simulation does it."""
    claims = open_claims(file)
    rows = simulation.rows_per_batch(memory_mb, threads)

    def one(group: int) -> None:
        for batch, row in claims.batches(group, rows):
            decode(claims, batch, row)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(one, range(claims.row_groups)))


def loop_in_c(folder: Path) -> Callable[..., None]:
    """A stand-in for the compiled loop, with the same arguments; it counts no uses and no persons."""
    library = folder / "population.so"
    flags = ["-O3", "-march=native", "-shared", "-fPIC", "-Wall", "-Werror"]
    subprocess.run(["gcc", *flags, "-o", library, HERE / "population.c"], check=True)
    run = ctypes.CDLL(str(library)).settle
    whole, number = ctypes.c_void_p, ctypes.c_int64
    run.argtypes = [number, *[whole] * 11, number, whole, whole]
    run.restype = None

    def settle(
        person: NDArray[Any],
        settled: NDArray[Any],
        amounts: tuple[NDArray[Any], ...],
        placed: Placed,
        days: DayTables,
        terms: NDArray[Any],
        bands: object,
        tally: Tally,
        kept: object,
    ) -> None:
        assert all(each.dtype == np.int32 for each in amounts)
        columns = (person, settled, *amounts, *placed, days.month)
        run(
            len(person), *(each.ctypes.data for each in columns), days.first, terms.ctypes.data, tally.cube.ctypes.data,
        )  # fmt: skip

    return settle


def against_floors(
    file: Path, packs: tuple[Pack, Pack], threads: int, memory_mb: int, rounds: int, folder: Path
) -> int:
    """Prints the ratios; how many sums differ from C's."""
    in_c = loop_in_c(folder)
    found: dict[str, Simulation] = {}

    def ours() -> None:
        found["ours"] = simulation.simulate(file, *packs, threads=threads, memory_mb=memory_mb)

    def with_c() -> None:
        # The results' own check holds for C's sums as well.
        with patch.object(simulation, "settle", in_c):
            found["c"] = simulation.simulate(file, *packs, threads=threads, memory_mb=memory_mb)

    passes: dict[str, Callable[[], None]] = {
        "reading only": lambda: read_only(file, threads, memory_mb),
        "simulation": ours,
        "simulation, loop in C": with_c,
    }
    taken: dict[str, list[float]] = {name: [] for name in passes}
    for _ in range(rounds):
        for name, run in passes.items():
            began = time.perf_counter()
            run()
            taken[name].append(time.perf_counter() - began)
    rows = open_claims(file).rows
    for name, seconds in taken.items():
        print(f"  {name:22} {rows / statistics.median(seconds) / 1e6:6.2f} million stays/s (median of {rounds})")
    for floor in ("reading only", "simulation, loop in C"):
        ratios = [a / b for a, b in zip(taken["simulation"], taken[floor], strict=True)]
        spread = f"median {statistics.median(ratios):.2f}, {min(ratios):.2f} to {max(ratios):.2f}"
        print(f"  ratio of times to {floor}: {spread}")
    differ = int(np.count_nonzero(found["ours"].cube != found["c"].cube))
    total = found["ours"].total
    print(f"  sums that differ: {differ} of {np.count_nonzero(found['c'].cube):,}")
    print(f"  {total.compared:,} of {total.claims:,} decided by both laws; difference {total.funds_change_fen:,} fen")
    return differ


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--stays", type=int, default=20_000_000)
    parser.add_argument("--visits", type=int, default=0, help="of a thousand claims so many are visits")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--memory-mb", type=int, default=1024)
    parser.add_argument("--folder", type=Path, help="where to put the file, which is deleted in the end")
    asked = parser.parse_args()
    packs = load_pack(ROOT / "policies"), load_pack(ROOT / "policies", DRAFT)
    with tempfile.TemporaryDirectory(dir=asked.folder) as name:
        folder = Path(name)
        file, little = folder / "claims.parquet", folder / "little.parquet"
        population = read_population(ROOT / "data" / "shanxi_population_2020.csv")
        generate(little, Wanted(10_000, outpatient_permille=500), population)
        simulation.simulate(little, *packs, threads=1)  # compiles, once for all
        persons = max(1, int(asked.stays / STAYS_PER_PERSON))
        wanted = Wanted(asked.stays, seed=308, persons=persons, outpatient_permille=asked.visits)
        began = time.perf_counter()
        made = generate(file, wanted, population, threads=asked.threads)
        seconds = time.perf_counter() - began
        size = f"{made.bytes / 1e9:.2f} GB, written in {seconds:.0f} s"
        print(f"{made.claims:,} claims of {made.persons:,} persons, {size}")
        command(file, asked.stays, asked.threads, asked.memory_mb, folder)
        return 1 if against_floors(file, packs, asked.threads, asked.memory_mb, asked.rounds, folder) else 0


if __name__ == "__main__":
    sys.exit(main())
