"""The same bill by every way: amounts worked out by hand from the policies, to the fen."""

from dataclasses import replace
from datetime import date

import pytest
from advice_kit import (
    BEIJING,
    MINER,
    OTHER_CITY,
    OTHER_PROVINCE,
    RESIDENT,
    RETIREE,
    TAIYUAN,
    TODAY,
    compare,
)

from tongban import law
from tongban.advice import (
    Access,
    Bill,
    BillRefused,
    Destination,
    Estimate,
    Insured,
    NothingToCompare,
    YearSoFar,
    typical_bill,
)
from tongban.kernel.vocabulary import CareKind, FilingKind, InsuranceType, PriceClass, Situation
from tongban.law import Pack

# 38,600.00 yuan, of which 2,400.00 outside the catalogue and 920.00 paid first: 35,280.00 in scope.
STAY = Bill(CareKind.INPATIENT, 38_600_00, self_funded_fen=2_400_00, preselfpay_fen=920_00)


def told(found: Estimate) -> list[tuple[str, str, int | None, int | None]]:
    return [
        ("home" if option.is_home else str(option.situations[-1]), str(option.access), option.own_share_fen,
         option.difference_fen)
        for option in found.options
    ]  # fmt: skip


def test_a_residents_stay_in_another_province(pack: Pack) -> None:
    """Class 1: deductible 1,000.00, so 34,280.00 above it.

    60 % → 20,568.00, 14,712.00 borne; 75 % of the 4,712.00 over 10,000 → 3,534.00; own share 14,498.00.
    55 % → 18,854.00, 16,426.00 borne; 75 % of 6,426.00 → 4,819.50; own share 14,926.50.
    45 % → 15,426.00, 19,854.00 borne; 75 % of 9,854.00 → 7,390.50; own share 15,783.50.
    """
    assert told(compare(pack, RESIDENT, OTHER_PROVINCE, STAY)) == [
        ("home", "open", 14_498_00, 0),
        ("long_term", "file_first", 14_498_00, 0),
        ("referral", "hospital_files", 14_926_50, 428_50),
        ("emergency", "hospital_marks", 14_926_50, 428_50),
        ("own_choice", "open", 15_783_50, 1_285_50),
    ]


def test_the_class_of_the_hospital_counts_where_it_stands(pack: Pack) -> None:
    """A county hospital at home (400.00, 75 %) against a large one elsewhere.

    34,880.00 above → 26,160.00; 9,120.00 borne stays under the 10,000 of critical illness; own share 12,440.00.
    """
    found = compare(pack, RESIDENT, OTHER_PROVINCE, STAY, home_class=PriceClass.CLASS_2_COUNTY)
    assert found.home.own_share_fen == 12_440_00
    assert found.option_of(Situation.REFERRAL).difference_fen == 14_926_50 - 12_440_00


def test_the_year_so_far_counts(pack: Pack) -> None:
    """The second stay owes half the deductible: 500.00, so 34,780.00 above.

    60 % → 20,868.00, 14,412.00 borne, 9,000.00 before: 23,412.00 in the year, 75 % of 13,412.00 → 10,059.00.
    Own share 38,600.00 − 20,868.00 − 10,059.00 = 7,673.00.
    """
    year = YearSoFar(inpatient_stays=1, inpatient_pooled_fen=8_000_00, in_scope_borne_fen=9_000_00)
    found = compare(pack, replace(RESIDENT, year=year), OTHER_PROVINCE, STAY)
    assert found.home.own_share_fen == 7_673_00


def test_residents_within_the_province_have_one_way(pack: Pack) -> None:
    found = compare(pack, RESIDENT, OTHER_CITY, STAY)
    assert told(found) == [("home", "open", 14_498_00, 0), ("own_choice", "open", 14_498_00, 0)]
    assert set(found.options[1].situations) == set(Situation)


def test_an_employee_with_rates_of_their_own(pack: Pack) -> None:
    """大同, class 1: deductible 800.00, so 34,480.00 above. 80 % → 27,584.00; 70 % → 24,136.00; 60 % → 20,688.00."""
    assert told(compare(pack, MINER, Destination(BEIJING), STAY)) == [
        ("home", "open", 11_016_00, 0),
        ("long_term", "file_first", 11_016_00, 0),
        ("referral", "hospital_files", 14_464_00, 3_448_00),
        ("emergency", "hospital_marks", 11_016_00, 0),
        ("own_choice", "open", 17_912_00, 6_896_00),
    ]
    near = compare(pack, MINER, Destination(TAIYUAN), STAY)
    assert near.option_of(Situation.REFERRAL).access is Access.HOSPITAL_RECORDS
    # 65 % → 22,412.00
    assert near.option_of(Situation.OWN_CHOICE).own_share_fen == 16_188_00


def test_what_no_source_gives_is_shown_as_such(pack: Pack) -> None:
    """太原's retirees: home and referral are known, emergency and unreferred are not."""
    found = compare(pack, RETIREE, OTHER_PROVINCE, Bill(CareKind.INPATIENT, 13_335_00))
    # 91 % of 12,535.00 = 11,406.85; 89 % = 11,156.15
    assert found.home.own_share_fen == 1_928_15
    assert found.option_of(Situation.REFERRAL).own_share_fen == 2_178_85
    for situation in (Situation.EMERGENCY, Situation.OWN_CHOICE):
        option = found.option_of(situation)
        assert (option.own_share_fen, option.fund_fen, option.difference_fen, option.record) == (None, None, None, None)
        assert option.undetermined is not None
        assert "没有查到" in option.undetermined.reason
        assert option.undetermined.ask == pack.agency(TAIYUAN)


def test_every_amount_opens_into_steps_that_end_in_it(pack: Pack) -> None:
    found = compare(pack, RESIDENT, OTHER_PROVINCE, STAY)
    for option in found.options:
        assert option.record is not None
        steps = law.steps(pack, dict(option.record))
        assert steps[-1].field == "person_share_fen"
        assert option.fund_fen is not None
        assert option.own_share_fen is not None
        assert option.own_share_fen + option.fund_fen == STAY.total_fen
        assert option.confidence == "secondary"


def test_a_visit(pack: Pack) -> None:
    """Residents, class 1: deductible 80.00; 45 % of 120.00 = 54.00 at home and where one lives, 35 % = 42.00."""
    found = compare(pack, RESIDENT, OTHER_PROVINCE, Bill(CareKind.OUTPATIENT, 200_00))
    assert told(found) == [
        ("home", "open", 146_00, 0),
        ("long_term", "file_first", 146_00, 0),
        ("own_choice", "open", 158_00, 12_00),
    ]
    assert found.options[-1].situations == (Situation.REFERRAL, Situation.EMERGENCY, Situation.OWN_CHOICE)


def test_who_has_filed(pack: Pack) -> None:
    filed = replace(RESIDENT, filed=frozenset({FilingKind.LONG_TERM_RESIDENT}))
    option = compare(pack, filed, Destination(BEIJING), STAY).option_of(Situation.LONG_TERM)
    assert (option.access, option.is_filed, option.own_share_fen) == (Access.OPEN, True, 14_498_00)


def test_a_bill_at_home_is_compared_with_nothing(pack: Pack) -> None:
    assert len(compare(pack, RESIDENT, Destination(TAIYUAN), STAY).options) == 1


def test_past_the_ceiling_of_employees_nothing_is_guessed(pack: Pack) -> None:
    used_up = replace(MINER, year=YearSoFar(inpatient_pooled_fen=99_000_00))
    found = compare(pack, used_up, OTHER_PROVINCE, STAY)
    assert all(option.undetermined is not None for option in found.options)
    assert {option.difference_fen for option in found.options} == {None}


def test_typical_bills_have_a_source_and_say_which_they_are(pack: Pack) -> None:
    def typical(kind: InsuranceType, care: CareKind, price_class: PriceClass, on: date = TODAY) -> tuple[int, str]:
        found = typical_bill(pack, TAIYUAN, kind, care, price_class, on)
        assert found is not None
        assert found.confidence == ("official" if found.sources else "illustrative")
        return found.bill.total_fen, found.zh

    stay, visit = CareKind.INPATIENT, CareKind.OUTPATIENT
    fen, zh = typical(InsuranceType.RESIDENT, stay, PriceClass.CLASS_1)
    assert (fen, "居民医保在三级医院" in zh) == (11_278_00, True)
    assert typical(InsuranceType.RESIDENT, stay, PriceClass.CLASS_3)[0] == 7_339_00
    assert typical(InsuranceType.EMPLOYEE, stay, PriceClass.CLASS_1)[0] == 13_335_00
    assert typical(InsuranceType.EMPLOYEE, stay, PriceClass.CLASS_2_CITY)[0] == 11_522_00
    assert "举例" in typical(InsuranceType.EMPLOYEE, visit, PriceClass.CLASS_1)[1]
    assert typical_bill(pack, TAIYUAN, InsuranceType.RESIDENT, stay, PriceClass.CLASS_1, date(2024, 12, 31)) is None
    assert typical_bill(pack, TAIYUAN, InsuranceType.RESIDENT, CareKind.CHRONIC, PriceClass.CLASS_1, TODAY) is None


@pytest.mark.parametrize(
    "bill",
    [
        Bill(CareKind.INPATIENT, 0),
        Bill(CareKind.INPATIENT, -1),
        Bill(CareKind.INPATIENT, 10**17),
        Bill(CareKind.INPATIENT, 100, self_funded_fen=101),
        Bill(CareKind.INPATIENT, 100, self_funded_fen=-1),
        Bill(CareKind.INPATIENT, 100, self_funded_fen=60, preselfpay_fen=60),
    ],
)
def test_an_impossible_bill_is_refused(pack: Pack, bill: Bill) -> None:
    with pytest.raises(BillRefused):
        compare(pack, RESIDENT, OTHER_PROVINCE, bill)


@pytest.mark.parametrize("care", [CareKind.CHRONIC, CareKind.PHARMACY])
def test_care_that_is_not_paid_by_the_bill(pack: Pack, care: CareKind) -> None:
    with pytest.raises(NothingToCompare):
        compare(pack, RESIDENT, OTHER_PROVINCE, Bill(care, 100_00))


def test_a_province_in_place_of_a_city(pack: Pack) -> None:
    """Residents are paid alike in the whole province; employees' rates are their cities'."""
    resident = compare(pack, Insured("140000", InsuranceType.RESIDENT), OTHER_PROVINCE, STAY)
    assert resident.home.own_share_fen == 14_498_00
    employee = compare(pack, Insured("140000", InsuranceType.EMPLOYEE), OTHER_PROVINCE, STAY)
    assert employee.home.undetermined is not None
