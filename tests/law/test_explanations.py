"""What a person reads: the working, its reasons and its marks."""

import json
from copy import deepcopy
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from law_strategies import (
    account_only_cases,
    chronic_cases,
    inpatient_cases,
    maternity_cases,
    outpatient_cases,
)

from tongban.kernel.vocabulary import Confidence, InsuranceType, Locality, PersonnelCategory, PriceClass
from tongban.law import (
    BenefitPath,
    Case,
    InpatientCase,
    OutpatientCase,
    Pack,
    Step,
    assess,
    assess_inpatient,
    assess_outpatient,
    steps,
)
from tongban.law.explaining.texts import unexplained_slots

DAY = date(2026, 11, 20)
STAY = InpatientCase(
    "140100",
    InsuranceType.RESIDENT,
    PersonnelCategory.ADULT,
    Locality.CROSS_PROVINCE,
    BenefitPath.REFERRAL,
    PriceClass.CLASS_1,
    DAY,
    DAY,
    3_860_000,
    240_000,
    0,
    92_000,
    3_528_000,
)
VISIT = OutpatientCase(
    "140100",
    InsuranceType.EMPLOYEE,
    PersonnelCategory.ACTIVE,
    Locality.SAME_POOL,
    BenefitPath.HOME,
    PriceClass.CLASS_1,
    DAY,
    DAY,
    10_000,
    0,
    0,
    0,
    10_000,
)


def told(pack: Pack, case: InpatientCase | OutpatientCase) -> dict[str, Step]:
    made = assess_inpatient(pack, case) if isinstance(case, InpatientCase) else assess_outpatient(pack, case)
    return {step.field: step for step in steps(pack, made.record())}


def test_a_referral_is_told_from_the_bill_to_the_own_share(pack: Pack) -> None:
    working = told(pack, STAY)
    assert [(step.label, step.amount_text, step.formula) for step in working.values()] == [
        ("总费用", "38,600.00", "医院算出来的全部费用"),
        ("按哪种办法算", "", "居民医保 · 跨省 · 转诊"),
        ("先减：不能报的", "− 2,400.00", "医保目录外的药和服务"),
        ("再减：自己先付一点", "− 920.00", "乙类的药和服务，自己先付一部分"),
        ("再减：起付线", "− 1,000.00", "一类医院，每次住院"),
        ("剩下能报的", "34,280.00", "38,600.00 − 2,400.00 − 920.00 − 1,000.00"),
        ("医保统筹报", "报 18,854.00", "34,280.00 × 55%"),
        ("大病保险再报", "报 4,819.50", "(16,426.00 − 10,000.00) × 75%"),
        ("最后自己付", "14,926.50", "38,600.00 − 18,854.00 − 4,819.50"),
    ]
    pooled = working["pooled_fund_fen"]
    assert pooled.question == "为什么是 55%？"
    assert pooled.sentence == "太原市居民医保住一类医院，报 60%。跨省、转诊，少报 5 个百分点，所以是 55%。"
    assert pooled.confidence is Confidence.SECONDARY
    assert {source.confidence for source in pooled.sources} == {Confidence.SECONDARY, Confidence.OFFICIAL}
    assert all(source.since == date(2025, 1, 1) for source in pooled.sources)


def test_whatever_is_taken_off_first_is_said_to_come_first(pack: Pack) -> None:
    all_in_scope = STAY._replace(self_funded_fen=0, preselfpay_fen=0, in_scope_fen=STAY.total_fen)
    assert [step.label for step in told(pack, all_in_scope).values() if step.effect == "minus"] == ["先减：起付线"]


def test_a_later_stay_says_why_the_deductible_is_less(pack: Pack) -> None:
    step = told(pack, STAY._replace(stays_before=1))["deductible_fen"]
    assert (step.amount_text, step.formula) == ("− 500.00", "1,000.00 × 50%")
    assert step.sentence == "这是今年第 2 次住院。起付线只付 50%。"


def test_a_waived_deductible_is_said(pack: Pack) -> None:
    third = STAY._replace(
        insured_pool="140200",
        insurance_type=InsuranceType.EMPLOYEE,
        category=PersonnelCategory.ACTIVE,
        stays_before=2,
    )
    working = told(pack, third)
    assert "deductible_fen" not in working
    assert working["deductible_due_fen"].formula == "今年第 3 次住院"
    year_full = told(pack, VISIT._replace(deductible_before_fen=30_000))
    assert year_full["deductible_due_fen"].sentence == "门诊起付线一年最多付 300.00 元。今年已经付满。"


def test_a_rate_given_for_the_very_path_is_told_as_such(pack: Pack) -> None:
    datong = STAY._replace(
        insured_pool="140200", insurance_type=InsuranceType.EMPLOYEE, category=PersonnelCategory.ACTIVE
    )
    working = told(pack, datong)
    # There is no adjustment then: the way is explained by the source of the rate itself.
    assert [source.title for source in working["way"].sources] == ["大同市医保问答"]
    step = working["pooled_fund_fen"]
    assert step.sentence == "大同市职工医保，跨省、转诊，住一类医院报 70%。"
    assert step.confidence is Confidence.OFFICIAL


def test_the_ceiling_is_told_when_reached_and_when_it_is_only_an_example(pack: Pack) -> None:
    full = told(pack, STAY._replace(pooled_before_fen=6_000_000))
    assert full["room_fen"].formula == "70,000.00 − 今年已报 60,000.00 = 10,000.00"
    assert full["pooled_fund_fen"].amount_text == "报 10,000.00"
    assert "room_fen" not in told(pack, STAY)
    datong = STAY._replace(
        insured_pool="140200", insurance_type=InsuranceType.EMPLOYEE, category=PersonnelCategory.ACTIVE
    )
    note = told(pack, datong)["ceiling_fen"]
    assert note.effect == "note"
    assert note.confidence is Confidence.ILLUSTRATIVE
    assert assess_inpatient(pack, datong).confidence is Confidence.ILLUSTRATIVE


def test_critical_illness_counts_what_the_year_already_paid(pack: Pack) -> None:
    step = told(pack, STAY._replace(borne_before_fen=2_000_000, critical_illness_before_fen=750_000))
    assert step["critical_illness_fen"].formula == "(36,426.00 − 10,000.00) × 75% − 今年已报 7,500.00"


def test_a_bill_below_the_deductible_says_so(pack: Pack) -> None:
    working = told(pack, STAY._replace(total_fen=50_000, self_funded_fen=0, preselfpay_fen=0, in_scope_fen=50_000))
    assert list(working) == ["total_fen", "way", "deductible_fen", "person_share_fen"]
    assert working["deductible_fen"].formula == "能报的还没过起付线 1,000.00"


def test_a_limit_per_visit_is_told(pack: Pack) -> None:
    visit = VISIT._replace(
        insurance_type=InsuranceType.RESIDENT,
        category=PersonnelCategory.ADULT,
        price_class=PriceClass.CLASS_3,
        settled_on=date(2023, 12, 31),
    )
    assert told(pack, visit)["visit_ceiling_fen"].sentence == "门诊一次最多报 50.00 元。"
    assert "visit_ceiling_fen" not in told(pack, visit._replace(settled_on=date(2024, 1, 1)))


def test_what_no_source_says_is_told_without_an_amount(pack: Pack) -> None:
    nobody = STAY._replace(
        insured_pool="140900", insurance_type=InsuranceType.EMPLOYEE, category=PersonnelCategory.ACTIVE
    )
    working = told(pack, nobody)
    assert working["undetermined"].sentence.startswith("没有查到忻州市职工医保的住院起付线、住院报销比例")
    assert working["undetermined"].sentence.endswith("请问忻州市医疗保险管理服务中心。")


def test_every_value_a_rule_uses_is_named_by_some_step(pack: Pack) -> None:
    assert unexplained_slots(pack) == set()


def test_a_source_that_left_the_register_keeps_its_id(pack: Pack) -> None:
    record = deepcopy(assess_inpatient(pack, STAY).record())
    record["used"]["rate"]["sources"] = [["withdrawn-2020", "第七条"]]
    line = next(step for step in steps(pack, record) if step.field == "pooled_fund_fen").sources[0]
    assert (line.title, line.article) == ("withdrawn-2020", "第七条")


def test_a_web_page_behind_an_official_number_is_still_a_web_page(pack: Pack) -> None:
    visit = VISIT._replace(insurance_type=InsuranceType.RESIDENT, category=PersonnelCategory.ADULT)
    rate = told(pack, visit)["pooled_fund_fen"]
    assert rate.confidence is Confidence.OFFICIAL
    assert {source.title[:6]: source.confidence for source in rate.sources} == {
        "山西居民门诊": Confidence.OFFICIAL,
        "山西医保异地": Confidence.SECONDARY,
    }


def test_a_value_of_a_slot_that_rules_have_given_up_is_passed_over(pack: Pack) -> None:
    record = deepcopy(assess_inpatient(pack, STAY).record())
    before = steps(pack, record)
    record["used"]["given_up"] = record["used"]["rate"]
    assert steps(pack, record) == before


def test_a_step_names_the_contradiction_its_value_rests_on(pack: Pack) -> None:
    made = assess_inpatient(pack, STAY)
    expected = {slot: used.conflict for slot, used in made.used.items()}
    working = told(pack, STAY)
    assert working["pooled_fund_fen"].conflict == (expected["rate"] or expected["adjustment"])
    record = deepcopy(made.record())
    record["used"]["adjustment"]["conflict"] = "X-1"
    by_field = {step.field: step.conflict for step in steps(pack, record)}
    assert by_field["pooled_fund_fen"] == (expected["rate"] or "X-1")
    assert by_field["total_fen"] == ""


def test_what_records_share_cannot_be_changed_through_one_of_them(pack: Pack) -> None:
    first, second = (assess_inpatient(pack, STAY).record() for _ in range(2))
    assert first["used"] is second["used"]
    for change in (
        lambda used: used.pop("rate"),
        lambda used: used.clear(),
        lambda used: used.update(rate={}),
        lambda used: used["rate"].update(value=1),
        lambda used: used["rate"].__setitem__("value", 1),
    ):
        with pytest.raises(TypeError, match="shared"):
            change(first["used"])
    copy = deepcopy(first)
    copy["used"]["rate"]["value"] = 1
    assert second == json.loads(json.dumps(second)) != copy


@settings(max_examples=300, deadline=None)
@given(st.one_of(inpatient_cases(), outpatient_cases(), chronic_cases(), maternity_cases(), account_only_cases()))
def test_a_bill_is_told_alike_whichever_bills_of_its_kind_were_told_before(pack: Pack, case: Case) -> None:
    made = assess(pack, case)
    stored = json.loads(json.dumps(made.record()))
    never_asked = replace(pack, kinds_cache={}, lines_cache={})
    assert steps(pack, stored) == steps(pack, made.record()) == steps(never_asked, stored)
