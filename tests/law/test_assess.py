"""The front door for a bill: what it refuses, and what it says where the law is silent."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tongban.kernel.vocabulary import (
    ChronicDisease,
    DeliveryKind,
    InstitutionLevel,
    InsuranceType,
    Locality,
    PersonnelCategory,
    PriceClass,
)
from tongban.law import (
    CASE_TYPES,
    GOVERNING_DATES,
    AccountOnlyCase,
    AccountReason,
    BenefitPath,
    Case,
    CaseRefused,
    ChronicCase,
    InpatientCase,
    MaternityCase,
    OutpatientCase,
    Pack,
    assess,
    case_from_record,
    recompute,
)

DAY = date(2026, 11, 20)
RESIDENT = (InsuranceType.RESIDENT, PersonnelCategory.ADULT)
HOME = (Locality.SAME_POOL, BenefitPath.HOME)
AMOUNTS = (10_000, 0, 0, 0, 10_000)
CASES: dict[str, Case] = {
    "inpatient": InpatientCase("140100", *RESIDENT, *HOME, PriceClass.CLASS_1, DAY, DAY, *AMOUNTS),
    "outpatient": OutpatientCase("140100", *RESIDENT, *HOME, PriceClass.CLASS_1, DAY, DAY, *AMOUNTS),
    "chronic": ChronicCase("140100", *RESIDENT, *HOME, ChronicDisease.COPD, DAY, DAY, *AMOUNTS),
    "maternity": MaternityCase(
        "140100", *RESIDENT, *HOME, DeliveryKind.NATURAL, InstitutionLevel.LEVEL_2, DAY, DAY, *AMOUNTS
    ),
    "account_only": AccountOnlyCase(
        AccountReason.PHARMACY, "140100", InsuranceType.EMPLOYEE, PersonnelCategory.ACTIVE, DAY, DAY, *AMOUNTS
    ),
}


@pytest.mark.parametrize("rule", CASE_TYPES)
def test_a_record_gives_its_case_back(pack: Pack, rule: str) -> None:
    made = assess(pack, CASES[rule])
    assert made.rule == rule
    assert case_from_record(made.record()) == CASES[rule]
    assert recompute(pack, made.record()) == made


@pytest.mark.parametrize("rule", CASE_TYPES)
@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"total_fen": 1}, "in_scope_above_total", "in_scope_fen"),
        ({"total_fen": 20_000}, "amounts_do_not_add_up", "total_fen"),
        ({"in_scope_fen": -1, "total_fen": -1}, "amount_negative", "total_fen"),
        ({"preselfpay_fen": -1, "total_fen": 9_999}, "amount_negative", "preselfpay_fen"),
        ({"in_scope_fen": 9_999.5, "total_fen": 9_999.5}, "amount_not_whole_fen", "total_fen"),
        (
            {"self_funded_fen": Decimal("0.5"), "preselfpay_fen": Decimal("-0.5")},
            "amount_not_whole_fen",
            "self_funded_fen",
        ),
        ({"in_scope_fen": "10000"}, "amount_not_whole_fen", "in_scope_fen"),
        ({"total_fen": None}, "amount_not_whole_fen", "total_fen"),
    ],
)
def test_amounts_that_cannot_be_are_refused(
    pack: Pack, rule: str, change: dict[str, Any], code: str, field: str
) -> None:
    case: Any = CASES[rule]
    with pytest.raises(CaseRefused) as refused:
        assess(pack, case._replace(**change))
    assert (refused.value.code, refused.value.field) == (code, field)
    assert field in refused.value.sentence or code == "amounts_do_not_add_up"


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        ("inpatient", "stays_before"),
        ("inpatient", "critical_illness_before_fen"),
        ("outpatient", "deductible_before_fen"),
        ("chronic", "pooled_before_fen"),
        ("maternity", "quota_used_before_fen"),
    ],
)
@pytest.mark.parametrize(("value", "code"), [(-1, "amount_negative"), (0.5, "amount_not_whole_fen")])
def test_totals_of_the_year_that_cannot_be_are_refused(
    pack: Pack, rule: str, field: str, value: float, code: str
) -> None:
    case: Any = CASES[rule]
    with pytest.raises(CaseRefused) as refused:
        assess(pack, case._replace(**{field: value}))
    assert (refused.value.code, refused.value.field) == (code, field)


def test_every_rule_names_the_day_that_governs_it(pack: Pack) -> None:
    assert set(GOVERNING_DATES) == set(CASE_TYPES)
    for rule, governed_by in GOVERNING_DATES.items():
        assert governed_by in pack.conflicts or governed_by in CASE_TYPES[rule]._fields


def test_a_record_of_account_only_made_before_the_rule_existed_is_still_read(pack: Pack) -> None:
    record = {
        "version": "0123456789abcdef",
        "rule": "account_only",
        "case": {
            "reason": "pharmacy",
            "insured_pool": "140100",
            "insurance_type": "employee",
            "category": "active",
            "visited_on": "2026-11-20",
            "settled_on": "2026-11-20",
            "total_fen": 12_800,
            "self_funded_fen": 2_800,
            "over_price_cap_fen": 0,
            "preselfpay_fen": 0,
            "in_scope_fen": 10_000,
        },
    }
    made = recompute(pack, record)
    assert made.breakdown is not None
    assert (made.breakdown.pooled_fund_fen, made.breakdown.person_share_fen) == (0, 12_800)
    assert made.used["pharmacy"].parameter == "filing"


def test_where_arrears_stop_nothing_the_account_alone_is_no_answer(pack: Pack) -> None:
    case: Any = CASES["account_only"]
    made = assess(pack, case._replace(reason=AccountReason.ARREARS, insurance_type=InsuranceType.RESIDENT))
    assert made.undetermined is not None
    assert "居民医保欠缴" in made.undetermined.reason
