"""What a person reads of a chronic visit, a birth, and a bill of which the funds pay nothing."""

from datetime import date

from tongban.kernel.vocabulary import (
    Confidence,
    DeliveryKind,
    InstitutionLevel,
    InsuranceType,
    Locality,
    MedicationScheme,
    PersonnelCategory,
    PriceClass,
)
from tongban.law import (
    AccountOnlyCase,
    AccountReason,
    BenefitPath,
    Case,
    ChronicCase,
    MaternityCase,
    OutpatientCase,
    Pack,
    Step,
    assess,
    steps,
)
from tongban.law.cases import with_readings

DAY = date(2026, 11, 20)
RESIDENT = (InsuranceType.RESIDENT, PersonnelCategory.ADULT)
HOME = (Locality.SAME_POOL, BenefitPath.HOME)
VISIT = ChronicCase("140300", *RESIDENT, *HOME, MedicationScheme.HYPERTENSION, DAY, DAY, 12_000, 1_500, 0, 500, 10_000)
BIRTH = MaternityCase(
    "140100",
    *RESIDENT,
    *HOME,
    DeliveryKind.CAESAREAN,
    InstitutionLevel.LEVEL_3,
    DAY,
    DAY,
    *(500_000, 60_000, 0, 20_000, 420_000),
)
PURCHASE = AccountOnlyCase(
    AccountReason.PHARMACY,
    "140100",
    InsuranceType.EMPLOYEE,
    PersonnelCategory.ACTIVE,
    DAY,
    DAY,
    *(12_800, 2_800, 0, 0, 10_000),
)


def told(pack: Pack, case: Case) -> dict[str, Step]:
    return {step.field: step for step in steps(pack, assess(pack, case).record())}


def lines(working: dict[str, Step]) -> list[tuple[str, str, str]]:
    return [(step.label, step.amount_text, step.formula) for step in working.values()]


def test_drugs_under_the_two_disease_scheme(pack: Pack) -> None:
    working = told(pack, VISIT)
    assert lines(working) == [
        ("总费用", "120.00", "医院算出来的全部费用"),
        ("按哪种办法算", "", "居民医保 · 高血压门诊用药 · 参保地 · 按参保地待遇"),
        ("先减：不能报的", "− 15.00", "医保目录外的药和服务"),
        ("再减：自己先付一点", "− 5.00", "乙类的药和服务，自己先付一部分"),
        ("剩下能报的", "100.00", "120.00 − 15.00 − 5.00"),
        ("医保统筹报", "报 60.00", "100.00 × 60%"),
        ("最后自己付", "60.00", "120.00 − 60.00"),
    ]
    # That there is no deductible has no source: the step that rests on it says so.
    assert working["pooled_fund_fen"].confidence is Confidence.ILLUSTRATIVE
    assert working["pooled_fund_fen"].sentence == "阳泉市居民医保，高血压门诊用药报 60%。"


def test_the_yearly_limit_of_a_disease(pack: Pack) -> None:
    working = told(pack, VISIT._replace(pooled_before_fen=25_000))
    assert working["pooled_fund_fen"].formula == "100.00 × 60% = 60.00，今年只剩 10.00 可报"
    assert working["room_fen"].sentence == "这个病一年最多报 260.00 元。"
    assert working["room_fen"].formula == "260.00 − 今年已报 250.00 = 10.00"


def test_a_birth_over_and_under_the_quota(pack: Pack) -> None:
    working = told(pack, BIRTH)
    assert lines(working) == [
        ("总费用", "5,000.00", "医院算出来的全部费用"),
        ("按哪种办法算", "", "居民医保 · 剖宫产 · 三级医院 · 参保地 · 按参保地待遇"),
        ("先减：不能报的", "− 600.00", "医保目录外的药和服务"),
        ("再减：自己先付一点", "− 200.00", "乙类的药和服务，自己先付一部分"),
        ("剩下能报的", "4,200.00", "5,000.00 − 600.00 − 200.00"),
        ("医保统筹报", "报 3,000.00", "最多报 3,000.00"),
        ("最后自己付", "2,000.00", "5,000.00 − 3,000.00"),
    ]
    assert working["pooled_fund_fen"].sentence == "太原市居民医保，剖宫产最多报 3,000.00 元，多出来的自己付。"
    before = told(pack, BIRTH._replace(quota_used_before_fen=30_000))["pooled_fund_fen"]
    assert before.formula == "3,000.00 − 已报 300.00 = 2,700.00"
    assert before.sentence.endswith("产前检查报过的也算在里面。")
    under = told(pack, BIRTH._replace(total_fen=280_000, in_scope_fen=200_000))["pooled_fund_fen"]
    assert under.formula == "能报的 2,000.00，没有超过定额"


def test_a_bill_the_funds_pay_nothing_of(pack: Pack) -> None:
    working = told(pack, PURCHASE)
    assert lines(working) == [("总费用", "128.00", "这次的全部费用"), ("基金不付", "", ""), ("您自己付", "128.00", "")]
    assert working["way"].sentence == "在药店买药不用备案。基金不付，可以用个人账户付。"
    assert working["way"].sources
    arrears = told(pack, PURCHASE._replace(reason=AccountReason.ARREARS))["way"]
    assert arrears.sentence.startswith("欠缴期间基金先停")
    assert arrears.confidence is Confidence.ILLUSTRATIVE


def test_a_step_under_another_reading_names_the_contradiction(pack: Pack) -> None:
    visit = OutpatientCase(
        "140300", *RESIDENT, *HOME, PriceClass.CLASS_3, DAY, DAY, *(10_000, 0, 0, 0, 10_000), pooled_before_fen=19_000
    )
    assert "room_fen" not in told(pack, visit)
    step = told(with_readings(pack, {"I-17": "yuan_200"}), visit)["room_fen"]
    assert step.conflict == "I-17"
    assert step.formula == "200.00 − 今年已报 190.00 = 10.00"
