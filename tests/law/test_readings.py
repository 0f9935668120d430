"""Another reading of a contradiction changes exactly what it should; dates change the law on their day."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tongban.kernel.vocabulary import FilingKind, InsuranceType, Locality, PersonnelCategory, PriceClass
from tongban.law import (
    BenefitPath,
    InpatientBreakdown,
    InpatientCase,
    Pack,
    Undetermined,
    assess_inpatient,
    benefit_path,
    load_pack,
    price_class,
)
from tongban.law.terms import inpatient_terms

DAY = date(2026, 11, 20)
Spoil = Callable[[str, str, str], Path]


def stay(pack: Pack, in_scope_fen: int, *before: int, admitted_on: date = DAY, settled_on: date = DAY) -> object:
    """The breakdown of a resident's stay at home in a class 1 hospital, or why there is none."""
    made = assess_inpatient(
        pack,
        InpatientCase(
            "140200",
            InsuranceType.RESIDENT,
            PersonnelCategory.ADULT,
            Locality.SAME_POOL,
            BenefitPath.HOME,
            PriceClass.CLASS_1,
            admitted_on,
            settled_on,
            in_scope_fen,
            0,
            0,
            0,
            in_scope_fen,
            *before,
        ),
    )
    return made.breakdown or made.undetermined


def choosing(spoil: Spoil, choice: str) -> Pack:
    return load_pack(spoil("shanxi/datong/scope.yaml", "level: pool", f"level: pool\nchoices: {{{choice}}}"))


def test_third_stay_without_deductible(pack: Pack, spoil: Spoil) -> None:
    other = choosing(spoil, "I-26: none")
    for stays, default, chosen in ((0, 100_000, 100_000), (1, 50_000, 50_000), (2, 50_000, 0), (3, 50_000, 0)):
        ours, theirs = stay(pack, 1_000_000, stays), stay(other, 1_000_000, stays)
        assert isinstance(ours, InpatientBreakdown)
        assert isinstance(theirs, InpatientBreakdown)
        assert (ours.deductible_fen, theirs.deductible_fen) == (default, chosen)


def test_critical_illness_in_bands(pack: Pack, spoil: Spoil) -> None:
    # 今年自己付 60,000 元：接着第一档再算一次时 50,000 × 75% = 37,500；分两段时 40,000 × 75% + 10,000 × 50% = 35,000
    other = choosing(spoil, "I-24: bands")
    ours, theirs = stay(pack, 0, 1, 0, 6_000_000), stay(other, 0, 1, 0, 6_000_000)
    assert isinstance(ours, InpatientBreakdown)
    assert isinstance(theirs, InpatientBreakdown)
    assert (ours.critical_year_fen, theirs.critical_year_fen) == (3_750_000, 3_500_000)


def test_the_law_of_the_day_of_admission(pack: Pack, spoil: Spoil) -> None:
    across = {"admitted_on": date(2024, 12, 31), "settled_on": date(2025, 1, 1)}
    assert isinstance(stay(pack, 1_100_000, **across), InpatientBreakdown)
    assert isinstance(stay(choosing(spoil, "R-1: care_day"), 1_100_000, **across), Undetermined)


def test_a_referral_mark_without_a_filing(spoil: Spoil) -> None:
    other = choosing(spoil, "R-2: referred")
    for pool, expected in (("140200", BenefitPath.REFERRAL), ("140100", BenefitPath.OWN_CHOICE)):
        made = benefit_path(other, pool, InsuranceType.RESIDENT, Locality.CROSS_PROVINCE, None, False, True, DAY)
        assert made is expected


def test_an_institution_without_a_level(spoil: Spoil) -> None:
    other = choosing(spoil, "R-3: ask")
    assert isinstance(price_class(other, "11", False, DAY, insured_pool="140200"), Undetermined)
    assert price_class(other, "11", False, DAY, insured_pool="140100") is PriceClass.CLASS_3


def test_a_superseded_value_ends_the_day_before_the_next(spoil: Spoil) -> None:
    folder = spoil(
        "shanxi/residents_inpatient.yaml",
        "values:\n",
        "values:\n"
        "  - parameter: inpatient_ceiling\n"
        "    from: 2027-01-01\n"
        "    table: {resident: 80_000_00}\n"
        "    sources: [{id: shanxi-residents-2025-pages}]\n"
        "    confidence: secondary\n",
    )
    changed = load_pack(folder)
    for day, ceiling in ((date(2026, 12, 31), 7_000_000), (date(2027, 1, 1), 8_000_000)):
        made = stay(changed, 1_000_000, settled_on=day)
        assert isinstance(made, InpatientBreakdown)
        assert made.ceiling_fen == ceiling


def test_a_value_that_ends_without_a_successor_leaves_nothing(spoil: Spoil) -> None:
    folder = spoil(
        "shanxi/residents_inpatient.yaml",
        "    from: 2025-01-01\n    table: {resident: 70_000_00}",
        "    from: 2025-01-01\n    to: 2026-06-30\n    table: {resident: 70_000_00}",
    )
    changed = load_pack(folder)
    assert isinstance(stay(changed, 1_000_000, settled_on=date(2026, 6, 30)), InpatientBreakdown)
    after = stay(changed, 1_000_000, settled_on=date(2026, 7, 1))
    assert isinstance(after, Undetermined)
    assert after.missing == ("住院一年最多报的数",)


def test_a_city_overrides_the_province_by_key(spoil: Spoil) -> None:
    folder = spoil(
        "shanxi/datong/employees_inpatient.yaml",
        "values:\n",
        "values:\n"
        "  - parameter: inpatient_deductible\n"
        "    from: 2026-01-01\n"
        "    table: {resident: {class_1: 900_00}}\n"
        "    sources: [{id: datong-qa-2024}]\n"
        "    confidence: official\n",
    )
    changed = load_pack(folder)
    terms = {
        (pool, price): inpatient_terms(
            changed,
            pool,
            InsuranceType.RESIDENT,
            PersonnelCategory.ADULT,
            Locality.SAME_POOL,
            BenefitPath.HOME,
            price,
            DAY,
        )
        for pool in ("140100", "140200")
        for price in (PriceClass.CLASS_1, PriceClass.CLASS_3)
    }
    deductibles = {key: made.terms.deductible_fen for key, made in terms.items() if not isinstance(made, Undetermined)}
    assert deductibles == {
        ("140100", PriceClass.CLASS_1): 100_000,
        ("140100", PriceClass.CLASS_3): 10_000,
        ("140200", PriceClass.CLASS_1): 90_000,
        ("140200", PriceClass.CLASS_3): 10_000,
    }


@given(
    day=st.dates(date(2022, 1, 1), date(2028, 12, 31)),
    days=st.integers(0, 400),
    pool=st.sampled_from(["140100", "140200"]),
)
def test_days_of_one_epoch_have_one_law(pack: Pack, day: date, days: int, pool: str) -> None:
    other = day + timedelta(days)
    for boundary in pack.boundaries:
        assert (pack.epoch(day) == pack.epoch(other)) <= (not day < boundary <= other)
    if pack.epoch(day) != pack.epoch(other):
        return
    for parameter, keys in (
        ("inpatient_ceiling", ("resident",)),
        ("outpatient_ceiling", ("resident", "adult")),
        ("outpatient_rate", ("employee", "active", "class_1")),
        ("inpatient_deductible", ("employee", "class_1")),
        ("filing_months_valid", (FilingKind.REFERRAL, Locality.CROSS_PROVINCE)),
    ):
        assert pack.value(pool, parameter, keys, day) == pack.value(pool, parameter, keys, other)
