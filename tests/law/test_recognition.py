"""What a region says of recognising a chronic disease: papers, months, institutions; which codes are one disease."""

from datetime import date

import pytest

from tongban import law
from tongban.kernel.vocabulary import ChronicDisease, Locality, MedicationScheme
from tongban.law import Pack, Way

DAY = date(2026, 11, 20)
POOL = "140100"


def test_nothing_is_known_of_recognition_in_shanxi_and_that_is_said(pack: Pack) -> None:
    asked = (
        law.recognition_papers(pack, POOL, Way.ONLINE, DAY),
        law.recognition_months(pack, POOL, ChronicDisease.HYPERTENSION, DAY),
        law.recognition_months(pack, POOL, MedicationScheme.HYPERTENSION, DAY),
        law.recognition_institutions_max(pack, POOL, DAY),
        law.is_bound_to_institutions(pack, POOL, Locality.SAME_POOL, DAY),
    )
    for answer in asked:
        assert isinstance(answer, law.Undetermined)
        assert "没有查到" in answer.reason
        assert answer.ask


@pytest.mark.parametrize(
    ("recognised", "sent", "is_same"),
    [
        ("M03900", "M03900", True),
        ("M00201", "M00200", True),  # hospitals elsewhere send the code of the whole disease
        ("M00200", "M00202", True),
        ("M00201", "M00202", False),  # hepatitis B is not hepatitis C
        ("M07803", "M07804", False),
        ("M00501", "M00504", False),  # the second is not on the list, however it begins
        ("M02500", "M02500", True),  # local diseases: the same code only
        ("M02500", "M02300", False),
        ("M03900", "M01600", False),
    ],
)
def test_which_codes_are_one_disease(pack: Pack, recognised: str, sent: str, is_same: bool) -> None:
    assert law.is_same_disease(pack, POOL, recognised, sent, DAY) is is_same
    assert law.is_same_disease(pack, POOL, sent, recognised, DAY) is is_same


def test_before_its_list_began_a_narrower_code_stood_for_itself_only(pack: Pack) -> None:
    assert law.is_same_disease(pack, POOL, "M00201", "M00200", date(2024, 11, 30)) is False
