"""The ten diseases settled across provinces: each by its own codes, the second five since December 2024."""

import csv
from datetime import date
from pathlib import Path

import pytest

from tongban.kernel.vocabulary import ChronicDisease, Locality, Situation
from tongban.law import ChronicQuestion, ChronicSettlement, Pack, chronic_settlement, listed_disease

DAY = date(2026, 11, 20)
POOL = "140200"
FIRST = {
    "M03900": ChronicDisease.HYPERTENSION,
    "M01600": ChronicDisease.DIABETES,
    "M00501": ChronicDisease.CANCER_THERAPY,
    "M00503": ChronicDisease.CANCER_THERAPY,
    "M07801": ChronicDisease.UREMIA_DIALYSIS,
    "M07803": ChronicDisease.UREMIA_DIALYSIS,
    "M07804": ChronicDisease.UREMIA_DIALYSIS,
    "M08300": ChronicDisease.TRANSPLANT_ANTIREJECTION,
}
SECOND = {
    "M05300": ChronicDisease.COPD,
    "M06900": ChronicDisease.RHEUMATOID_ARTHRITIS,
    "M04600": ChronicDisease.CORONARY_HEART_DISEASE,
    "M00201": ChronicDisease.VIRAL_HEPATITIS,
    "M00204": ChronicDisease.VIRAL_HEPATITIS,
    "M07200": ChronicDisease.ANKYLOSING_SPONDYLITIS,
}


@pytest.mark.parametrize(("code", "disease"), [*FIRST.items(), *SECOND.items()])
def test_a_listed_code_is_its_disease(pack: Pack, code: str, disease: ChronicDisease) -> None:
    assert listed_disease(pack, POOL, code, DAY) is disease


@pytest.mark.parametrize("code", ["M07800", "M07805", "M07807", "M00504", "M00505", "M00508", "M039", "M0390", ""])
def test_a_code_that_only_begins_alike_is_another_disease(pack: Pack, code: str) -> None:
    assert listed_disease(pack, POOL, code, DAY) is None


def test_each_batch_from_its_own_day(pack: Pack) -> None:
    def known(codes: dict[str, ChronicDisease], day: date) -> set[bool]:
        return {listed_disease(pack, POOL, code, day) is not None for code in codes}

    assert known(FIRST, date(2021, 9, 15)) == {False}
    assert known(FIRST, date(2021, 9, 16)) == {True}
    assert known(SECOND, date(2024, 11, 30)) == {False}
    assert known(SECOND, date(2024, 12, 1)) == {True}


def test_all_ten_have_codes_and_other_diseases_have_none(pack: Pack) -> None:
    ten = {
        disease
        for disease in ChronicDisease
        if (used := pack.members(POOL, "chronic_cross_province", (disease,), DAY)) and used.members
    }
    assert ten == set(ChronicDisease) - {ChronicDisease.LOCAL}


def test_the_shipped_code_table_agrees(pack: Pack) -> None:
    """What the directory marks as settled across provinces is the law's list, and its names are the law's."""
    path = Path(__file__).parents[2] / "data" / "chronic_diseases.csv"
    with path.open(encoding="utf-8", newline="") as file:
        marked = {
            row["code"]: row["cross_province_disease"] for row in csv.DictReader(file) if row["cross_province"] == "Y"
        }
    assert marked
    for code, name in marked.items():
        disease = listed_disease(pack, POOL, code, DAY)
        assert disease is not None, code
        assert disease.zh == name


@pytest.mark.parametrize(
    ("code", "recognised", "outcome"),
    [
        ("M03900", True, ChronicSettlement.DIRECT),
        ("M03900", False, ChronicSettlement.RECOGNISE_FIRST),
        ("M07800", True, ChronicSettlement.NOT_DIRECT),
    ],
)
def test_a_visit_elsewhere(pack: Pack, code: str, recognised: bool, outcome: ChronicSettlement) -> None:
    question = ChronicQuestion(POOL, Locality.CROSS_PROVINCE, Situation.OWN_CHOICE, code, recognised, False, DAY)
    assert chronic_settlement(pack, question).outcome is outcome
