"""Made-up claims: the same for the same seed whatever the threads, the right number, of the shapes they claim."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from population_kit import POOLS

from tongban.law import Pack
from tongban.population import generate as generating
from tongban.population.claims import COLUMNS
from tongban.population.errors import ClaimsUnreadable, NotPossible
from tongban.population.generate import Wanted, generate, read_population
from tongban.population.simulate import simulate

ROOT = Path(__file__).parents[2]
POPULATION = dict.fromkeys(POOLS, 1000000)


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generating, "BLOCK", 5_000)


def test_the_same_seed_makes_the_same_file_with_any_number_of_threads(tmp_path: Path) -> None:
    wanted = Wanted(23_000, seed=9)
    generate(tmp_path / "a.parquet", wanted, POPULATION, threads=1)
    generate(tmp_path / "b.parquet", wanted, POPULATION, threads=3)
    generate(tmp_path / "c.parquet", Wanted(23_000, seed=10), POPULATION)
    first, second, other = ((tmp_path / f"{name}.parquet").read_bytes() for name in "abc")
    assert first == second
    assert first != other


def test_as_many_claims_as_asked_that_the_simulation_takes(tmp_path: Path, pack: Pack) -> None:
    told: list[int] = []
    made = generate(tmp_path / "c.parquet", Wanted(12_345), POPULATION, progress=told.append)
    assert (made.claims, sum(told)) == (12_345, 12_345)
    found = simulate(tmp_path / "c.parquet", pack, pack, threads=2)
    assert found.total.claims == 12_345
    assert found.everyone.persons == made.persons
    assert found.total.compared > 6_000
    assert {path.name for path in tmp_path.iterdir()} == {"c.parquet"}


def test_the_shapes_are_those_of_the_sources(tmp_path: Path) -> None:
    generate(tmp_path / "c.parquet", Wanted(100_000, persons=70_000, outpatient_permille=0), POPULATION)
    table = pq.read_table(tmp_path / "c.parquet")
    assert tuple(table.column_names) == COLUMNS
    total = table.column("total_fen").to_numpy()
    employees = np.array(table.column("insurance_type").to_pylist()) == "employee"
    assert abs(total[employees].mean() / 1_152_200 - 1) < 0.03
    assert abs(total[~employees].mean() / 733_900 - 1) < 0.03
    claims_of = np.unique(table.column("person_id").to_numpy(), return_counts=True)[1]
    assert abs(len(claims_of) / 70_000 - 1) < 0.02
    assert 0.70 < (claims_of == 1).mean() < 0.76
    assert claims_of.max() >= 7
    # A heavy tail: the dearest hundredth takes far more than a hundredth.
    assert np.sort(total)[-1_000:].sum() > 0.05 * total.sum()


def test_what_is_not_possible_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    for wanted in (Wanted(0), Wanted(10, persons=11), Wanted(10, outpatient_permille=1_001), Wanted(10, year=1999)):
        with pytest.raises(NotPossible):
            generate(tmp_path / "c.parquet", wanted, POPULATION)
    assert not list(tmp_path.iterdir())


def test_cities_are_weighed_by_the_census(tmp_path: Path) -> None:
    population = read_population(ROOT / "data" / "shanxi_population_2020.csv")
    assert len(population) == 12
    assert population["140100"] == 5_304_061
    with pytest.raises(ClaimsUnreadable, match="没有读到各市人口"):
        read_population(tmp_path / "nowhere.csv")
