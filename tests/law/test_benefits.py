"""What holds of the benefits as loaded, whatever the figures: limits set by the nation, marks, separate words."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from tongban.kernel.vocabulary import Confidence, InstitutionLevel, InsuranceType, PriceClass
from tongban.law import (
    BenefitPath,
    Pack,
    PolicyError,
    Undetermined,
    class_b_drug_preselfpay,
    institution_level,
    load_pack,
)
from tongban.law.pack import DatedValue

# The national answer of 2022: a referral or an emergency lowers the rate by at most 10 points, care without a referral
# by at most 20.
MOST_BP = {BenefitPath.REFERRAL: 1_000, BenefitPath.EMERGENCY: 1_000, BenefitPath.OWN_CHOICE: 2_000}
# Figures that drop more, each older than the national answer in use there or one side of a recorded contradiction.
DROPS_MORE = {
    ("140100", "resident", "referral"): "太原 2023 年的网页，写省外一律 55%，不分医院类别；全省统一以后不用",
    ("140100", "resident", "emergency"): "太原 2023 年的网页，写急诊一律 50%；全省统一以后不用",
    ("140100", "resident", "own_choice"): "太原 2023 年的网页，写一律 35%；全省统一以后不用",
    ("140100", "employee", "emergency"): "太原 2023 年的网页，写急诊 70%，比参保地少 12 个百分点",
    ("140000", "resident", "own_choice"): "I-23 的一种读法：一律 35%",
}


def drops(pack: Pack) -> Iterator[tuple[tuple[str, str, str], int, DatedValue]]:
    """Every loaded drop below the rate at home: region, insurance and path, basis points, the value that makes it."""
    for (region, parameter, key), entries in pack.values.items():
        for entry in entries:
            if parameter in ("inpatient_adjustment", "outpatient_adjustment", "chronic_adjustment"):
                yield (region, key[0], key[2]), -entry.value, entry
            if parameter == "inpatient_path_rate":
                insurance_type, category, _, path, price_class = key
                home = pack.value(region, "inpatient_rate", (insurance_type, category, price_class), entry.since)
                if home is not None:
                    yield (region, insurance_type, path), home.value - entry.value, entry


def test_no_figure_drops_more_than_the_nation_allows(pack: Pack) -> None:
    told = set()
    for where, drop_bp, entry in drops(pack):
        most_bp = MOST_BP.get(BenefitPath(where[2]), 0)
        if drop_bp > most_bp:
            assert where in DROPS_MORE, (where, drop_bp, entry)
            told.add(where)
    assert told == set(DROPS_MORE)


def test_nobody_gets_more_elsewhere_than_at_home(pack: Pack) -> None:
    assert all(drop_bp >= 0 for _, drop_bp, _ in drops(pack))


def test_no_low_trust_figure_is_marked_official(pack: Pack) -> None:
    low = {"city-collection-2026", "shanxi-outside-page", "shanxi-cross-outpatient-page", "taiyuan-maternity-pages"}
    for entries in pack.values.values():
        for entry in entries:
            if entry.sources and {ref.id for ref in entry.sources} <= low:
                assert entry.confidence is not Confidence.OFFICIAL, entry


def test_price_class_and_hospital_level_are_words_apart() -> None:
    assert not {str(word) for word in PriceClass} & {str(word) for word in InstitutionLevel}
    assert not {word.zh for word in PriceClass} & {word.zh for word in InstitutionLevel}
    assert PriceClass.CLASS_1.zh == "一类"
    assert InstitutionLevel.LEVEL_1.zh == "一级"


def test_a_quota_is_given_by_level_and_never_falls_with_it(pack: Pack) -> None:
    quotas = {key: entries for (_, parameter, key), entries in pack.values.items() if parameter == "maternity_quota"}
    assert quotas
    for key in quotas:
        levels = [
            pack.value("140100", "maternity_quota", (*key[:4], level), date(2026, 11, 20)) for level in InstitutionLevel
        ]
        values = [found.value for found in levels if found]
        assert len(values) == len(InstitutionLevel)
        assert values == sorted(values)


def test_the_level_of_a_hospital_from_its_code() -> None:
    found = {code: institution_level(code) for code in ("01", "04", "05", "07", "08", "10", "11", "")}
    assert found == {
        "01": InstitutionLevel.LEVEL_3,
        "04": InstitutionLevel.LEVEL_3,
        "05": InstitutionLevel.LEVEL_2,
        "07": InstitutionLevel.LEVEL_2,
        "08": InstitutionLevel.LEVEL_1,
        "10": InstitutionLevel.LEVEL_1,
        "11": None,
        "": None,
    }


@pytest.mark.parametrize(
    ("insurance_type", "day", "rate_bp"),
    [
        (InsuranceType.EMPLOYEE, date(2024, 6, 30), None),
        (InsuranceType.EMPLOYEE, date(2024, 7, 1), 500),
        (InsuranceType.RESIDENT, date(2024, 12, 31), None),
        (InsuranceType.RESIDENT, date(2025, 1, 1), 500),
    ],
)
def test_class_b_drugs_are_the_treating_regions_law(
    pack: Pack, insurance_type: InsuranceType, day: date, rate_bp: int | None
) -> None:
    found = class_b_drug_preselfpay(pack, "140400", insurance_type, day)
    assert (None if isinstance(found, Undetermined) else found.value) == rate_bp
    assert isinstance(class_b_drug_preselfpay(pack, "110000", insurance_type, day), Undetermined)


def test_an_amount_a_rule_counts_with_is_never_without_limit(spoil: Callable[[str, str, str], Path]) -> None:
    folder = spoil("shanxi/residents_inpatient.yaml", "table: {resident: 70_000_00}", "table: {resident: no_limit}")
    with pytest.raises(PolicyError, match="inpatient_ceiling 2025-01-01：resident 写了 no_limit，这个数要写多少元"):
        load_pack(folder)
