"""A circular becomes data: the worked example of docs/concepts/law.md, which touches YAML only."""

from datetime import date
from pathlib import Path

import pytest

from tongban.kernel.vocabulary import InsuranceType, Locality, PersonnelCategory, PriceClass
from tongban.law import BenefitPath, InpatientCase, Pack, assess_inpatient, load_pack
from tongban.law.cases import PolicyCase, read_cases, run

ROOT = Path(__file__).parents[2]
POLICIES, EXAMPLE = ROOT / "policies", ROOT / "docs" / "examples" / "rate-change"
EVE, DAY = date(2026, 6, 30), date(2026, 7, 1)


def _cases(folder: Path) -> list[PolicyCase]:
    return [case for file in read_cases(folder) for case in file.cases]


@pytest.fixture(scope="module")
def changed() -> Pack:
    return load_pack(POLICIES, EXAMPLE)


def _pooled_fen(pack: Pack, pool: str, price_class: PriceClass, settled_on: date, path: BenefitPath) -> int:
    locality = Locality.SAME_POOL if path is BenefitPath.HOME else Locality.CROSS_PROVINCE
    case = InpatientCase(
        pool, InsuranceType.RESIDENT, PersonnelCategory.ADULT, locality, path, price_class,
        settled_on, settled_on, 1_100_000, 0, 0, 0, 1_100_000,
    )  # fmt: skip
    made = assess_inpatient(pack, case)
    assert made.breakdown is not None
    return made.breakdown.pooled_fund_fen


def test_the_example_holds_data_only() -> None:
    files = [path for path in EXAMPLE.rglob("*") if path.is_file()]
    assert files
    assert {path.suffix for path in files} == {".yaml"}


def test_its_own_cases_hold_under_it(changed: Pack) -> None:
    cases = _cases(EXAMPLE)
    assert len(cases) == 6
    assert [result for each in cases if not (result := run(changed, each)).is_as_expected] == []


def test_its_cases_fail_without_it(pack: Pack) -> None:
    """The cases can tell: three of them name the new rate."""
    wrong = [each for each in _cases(EXAMPLE) if not run(pack, each).is_as_expected]
    assert len(wrong) == 3


def test_every_case_of_the_law_in_force_still_holds(changed: Pack) -> None:
    """The cases of the law in force at other places, classes and days come out as ever."""
    for each in _cases(POLICIES):
        assert run(changed, each).is_as_expected, each


@pytest.mark.parametrize("pool", ["140400", "140200", "140900"])
@pytest.mark.parametrize("price_class", PriceClass)
@pytest.mark.parametrize("settled_on", [EVE, DAY])
@pytest.mark.parametrize("path", [BenefitPath.HOME, BenefitPath.REFERRAL])
def test_only_what_the_circular_says_changes(
    pack: Pack, changed: Pack, pool: str, price_class: PriceClass, settled_on: date, path: BenefitPath
) -> None:
    before = _pooled_fen(pack, pool, price_class, settled_on, path)
    after = _pooled_fen(changed, pool, price_class, settled_on, path)
    is_meant = pool == "140400" and price_class is PriceClass.CLASS_1 and settled_on >= DAY
    # Two points more of what lies above the deductible of 1,000 yuan.
    assert after - before == (20_000 if is_meant else 0)
