"""A simulation says of every claim what the law says of one bill, in whatever pieces the file is read."""

from datetime import date
from pathlib import Path

import pytest
from population_kit import Claim, Witness, one_by_one, random_claims, write

from tongban.law import Pack
from tongban.population.errors import ClaimsUnreadable, TooLittleMemory
from tongban.population.results import BAND_WORDS
from tongban.population.simulate import rows_per_batch, simulate

MIDYEAR = date(2026, 7, 1)
BEFORE = date(2026, 6, 30)


@pytest.fixture(scope="module")
def claims() -> list[Claim]:
    return random_claims(1_200, seed=11)


def test_every_claim_is_what_the_law_says_of_one_bill(
    tmp_path: Path, pack: Pack, draft: Pack, claims: list[Claim]
) -> None:
    """Law that changes in mid-year, years that begin anew, insurance that changes, claims without an answer."""
    seen = Witness()
    found = simulate(write(tmp_path / "c.parquet", claims, 2_000), pack, draft, threads=2, watch=seen.watch)
    in_force, drafted = one_by_one(pack, claims), one_by_one(draft, claims)
    assert list(seen.in_order()) == [in_force, drafted]

    assert found.total.claims == len(claims)
    assert found.total.total_fen == sum(claim.total_fen for claim in claims)
    assert found.total.undetermined_in_force == in_force.count(None)
    assert found.total.undetermined_draft == drafted.count(None)
    both = [(a, b) for a, b in zip(in_force, drafted, strict=True) if a and b]
    assert found.total.compared == len(both)
    assert found.total.funds_in_force_fen == sum(a[0] + a[1] for a, _ in both)
    assert found.total.person_draft_fen == sum(b[2] for _, b in both)
    assert found.total.claims_person_pays_less == sum(b[2] < a[2] for a, b in both)
    assert found.total.claims_person_pays_more == sum(b[2] > a[2] for a, b in both)
    # The cases this is about did occur.
    assert len(both) > 900
    assert in_force.count(None) > 100
    assert drafted.count(None) > in_force.count(None)
    assert found.total.claims_person_pays_less > 10
    assert found.total.claims_person_pays_more > 10


@pytest.mark.parametrize(("row_group", "rows_max", "threads"), [(1_000_000, 3, 1), (1, 3, 2), (7, 2, 2), (50, 50, 3)])
def test_pieces_of_any_size_give_the_same(
    tmp_path: Path, pack: Pack, draft: Pack, row_group: int, rows_max: int, threads: int
) -> None:
    claims = random_claims(60, seed=5)
    whole = simulate(write(tmp_path / "whole.parquet", claims), pack, draft, threads=1)
    file = write(tmp_path / "pieces.parquet", claims, row_group)
    seen = Witness()
    pieces = simulate(file, pack, draft, threads=threads, rows_max=rows_max, watch=seen.watch)
    assert (pieces.cube == whole.cube).all()
    assert (pieces.people == whole.people).all()
    assert (pieces.people_fen == whole.people_fen).all()
    assert (pieces.in_force, pieces.draft) == (whole.in_force, whole.draft)
    assert next(seen.in_order()) == one_by_one(pack, claims)


def test_one_person_fills_several_row_groups(tmp_path: Path, pack: Pack, draft: Pack) -> None:
    claims = [Claim(7, BEFORE, BEFORE)] * 20
    seen = Witness()
    found = simulate(write(tmp_path / "c.parquet", claims, 3), pack, draft, threads=2, rows_max=2, watch=seen.watch)
    assert next(seen.in_order()) == one_by_one(pack, claims)
    assert found.everyone.persons == 1


def test_wide_amounts_and_plain_strings_are_read_too(tmp_path: Path, pack: Pack) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    claims = random_claims(50, seed=3)
    narrow = simulate(write(tmp_path / "narrow.parquet", claims), pack, pack, threads=1)
    wide = write(tmp_path / "wide.parquet", claims, wide=True)
    assert (simulate(wide, pack, pack, threads=1).cube == narrow.cube).all()
    table = pq.read_table(wide)
    for name in ("insured_pool", "path"):
        at = table.schema.get_field_index(name)
        table = table.set_column(at, name, table.column(name).cast(pa.large_string()))
    pq.write_table(table, tmp_path / "plain.parquet", use_dictionary=False, compression="zstd")
    assert (simulate(tmp_path / "plain.parquet", pack, pack, threads=1).cube == narrow.cube).all()


def test_who_gains_and_who_loses(tmp_path: Path, pack: Pack, draft: Pack) -> None:
    """Taiyuan's residents get 2 percentage points more in class 1 from July on: of 10,000 yuan above the deductible
    200 yuan."""
    claims = [
        Claim(1, BEFORE, BEFORE),
        Claim(2, BEFORE, MIDYEAR),
        Claim(3, MIDYEAR, MIDYEAR, price_class="class_2_city"),
        Claim(4, MIDYEAR, MIDYEAR, insurance_type="employee", category="minor"),
        Claim(5, BEFORE, BEFORE),
        Claim(5, MIDYEAR, MIDYEAR, insurance_type="employee", category="minor"),
    ]
    found = simulate(write(tmp_path / "c.parquet", claims), pack, draft, threads=1)
    people = found.everyone
    assert {word: count for word, count in zip(BAND_WORDS, people.bands, strict=True) if count} == {
        "少付 100–1,000 元": 1,
        "不变": 3,
    }
    assert (people.persons, people.pay_less, people.pay_more, people.same) == (5, 1, 0, 3)
    assert (people.not_compared, people.partly_compared) == (1, 1)
    assert sum(people.bands_fen) == -20_000
    assert found.total.funds_change_fen == 20_000
    assert {line.key: line.sums.funds_change_fen for line in found.by_month()} == {"2026-06": 0, "2026-07": 20_000}
    assert found.people_by("insured_pool").keys() == {"140100"}
    assert found.people_by("insurance_type")["resident"].persons == 3


def test_what_is_undetermined_is_said_with_its_reason_and_never_counted_as_nothing(tmp_path: Path, pack: Pack) -> None:
    claims = [Claim(1, MIDYEAR, MIDYEAR), Claim(2, MIDYEAR, MIDYEAR, insurance_type="employee", category="minor")]
    found = simulate(write(tmp_path / "c.parquet", claims), pack, pack, threads=1)
    assert found.total.not_compared == 1
    assert found.total.not_compared_total_fen == claims[1].total_fen
    assert found.total.compared_total_fen == claims[0].total_fen
    (why,) = found.in_force.undecided
    assert why.claims == 1
    assert "没有查到太原市职工医保的" in why.reason
    assert found.in_force.not_official == 1


def test_last_years_claims_under_next_years_law(tmp_path: Path, pack: Pack, draft: Pack) -> None:
    leap = write(tmp_path / "leap.parquet", [Claim(1, date(2024, 2, 29), date(2024, 2, 29))])
    assert [line.key for line in simulate(leap, pack, pack, threads=1, years_later=1).by_month()] == ["2025-02"]
    file = write(tmp_path / "c.parquet", [Claim(1, date(2025, 8, 1), date(2025, 8, 1))])
    assert simulate(file, pack, draft, threads=1).total.funds_change_fen == 0
    assert simulate(file, pack, draft, threads=1, years_later=1).total.funds_change_fen == 20_000


def test_sums_too_large_to_be_exact_are_refused(tmp_path: Path, pack: Pack) -> None:
    claims = [Claim(person, BEFORE, BEFORE, total_fen=9 * 10**14) for person in range(1, 6_000)]
    file = write(tmp_path / "c.parquet", claims, 1_000, wide=True)
    with pytest.raises(ClaimsUnreadable, match="加起来超过"):
        simulate(file, pack, pack, threads=2)


def test_memory_that_is_not_enough_is_refused_before_anything_is_read() -> None:
    with pytest.raises(TooLittleMemory, match="至少要"):
        rows_per_batch(100, 2)
    assert rows_per_batch(1_024, 2) > rows_per_batch(1_024, 8) >= 10_000
