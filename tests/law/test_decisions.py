"""Terms of a filing, locality, price classes and benefit paths."""

from datetime import date
from itertools import product

import pytest

from tongban.kernel.vocabulary import CareKind, Confidence, FilingKind, InsuranceType, Locality, PriceClass
from tongban.law import (
    BenefitPath,
    FilingTermsUnknown,
    Pack,
    Undetermined,
    benefit_path,
    filing_terms,
    locality,
    price_class,
)

DAY = date(2026, 11, 20)
LONG_TERM = (FilingKind.SETTLED_RETIREE, FilingKind.LONG_TERM_RESIDENT, FilingKind.POSTED_WORKER)
ALL_LONG_TERM = (*LONG_TERM, FilingKind.SELF_EMPLOYED_WORKER)


@pytest.mark.parametrize(("kind", "where"), list(product(FilingKind, (Locality.IN_PROVINCE, Locality.CROSS_PROVINCE))))
def test_terms_of_every_kind(pack: Pack, kind: FilingKind, where: Locality) -> None:
    terms = filing_terms(pack, "140100", kind, where, DAY)
    assert terms.months_valid == (None if kind in ALL_LONG_TERM else 6)
    assert terms.must_start_before_admission
    assert terms.serves_whole_stay
    assert terms.backdate_days_max == 30
    everything = {CareKind.INPATIENT, CareKind.OUTPATIENT, CareKind.CHRONIC}
    assert terms.scopes == (everything if kind in ALL_LONG_TERM else {CareKind.INPATIENT})
    assert terms.definition
    assert terms.sources
    # Thirty days of back-dating has no source, and the terms say so.
    assert terms.confidence is Confidence.ILLUSTRATIVE
    assert set(terms.conflicts) == {"I-4", "I-13"}


@pytest.mark.parametrize("kind", LONG_TERM)
def test_long_term_across_provinces_means_six_months(pack: Pack, kind: FilingKind) -> None:
    terms = filing_terms(pack, "140100", kind, Locality.CROSS_PROVINCE, DAY)
    assert "跨省的，在外省工作或生活 6 个月以上" in terms.definition
    # That ordinary outpatient visits are covered stands on a web page only; the papers stand in the guide.
    marks = {source.title: source.confidence for source in terms.sources}
    assert marks["山西医保异地门诊报销规定（健康类网页）"] is Confidence.SECONDARY
    assert any(source.confidence is Confidence.OFFICIAL and "晋医险" in source.title for source in terms.sources)


def test_materials_and_their_alternatives(pack: Pack) -> None:
    def papers(kind: FilingKind, pool: str = "140100") -> list[tuple[str, str]]:
        terms = filing_terms(pack, pool, kind, Locality.CROSS_PROVINCE, DAY)
        return [(material.code, material.one_of) for material in terms.materials]

    assert papers(FilingKind.SETTLED_RETIREE) == [("household_register_cover", ""), ("household_register_own_page", "")]
    assert papers(FilingKind.LONG_TERM_RESIDENT) == [
        ("residence_permit", "residence"),
        ("temporary_residence_permit", "residence"),
        ("residence_certificate", "residence"),
    ]
    assert papers(FilingKind.POSTED_WORKER) == [("posting_certificate", "")]
    assert papers(FilingKind.REFERRAL) == [("referral_certificate", "")]
    assert papers(FilingKind.REFERRAL, pool="140900") == [("xinzhou_referral_form", "")]
    assert papers(FilingKind.UNREFERRED) == []


def test_xinzhou_names_its_own_source_and_keeps_the_provinces_scope(pack: Pack) -> None:
    terms = filing_terms(pack, "140900", FilingKind.REFERRAL, Locality.CROSS_PROVINCE, DAY)
    assert terms.months_valid == 6
    assert terms.scopes == {CareKind.INPATIENT}
    assert any("忻州" in source.title for source in terms.sources)


@pytest.mark.parametrize(
    ("pool", "where", "on"),
    [
        ("140100", Locality.SAME_POOL, DAY),
        ("140100", Locality.CROSS_PROVINCE, date(2025, 3, 30)),
        ("310000", Locality.CROSS_PROVINCE, DAY),
    ],
)
def test_terms_nobody_states_are_refused(pack: Pack, pool: str, where: Locality, on: date) -> None:
    with pytest.raises(FilingTermsUnknown) as refused:
        filing_terms(pack, pool, FilingKind.REFERRAL, where, on)
    assert pack.agency(pool) in refused.value.sentence


def test_locality() -> None:
    assert locality("140100", "140100", "140000", "140000") is Locality.SAME_POOL
    assert locality("140100", "140200", "140000", "140000") is Locality.IN_PROVINCE
    assert locality("140100", "110000", "140000", "110000") is Locality.CROSS_PROVINCE


CLASSES = {
    "01": PriceClass.CLASS_1,
    "02": PriceClass.CLASS_1,
    "06": PriceClass.CLASS_3,
    "07": PriceClass.CLASS_3,
    "08": PriceClass.CLASS_3,
    "09": PriceClass.CLASS_3,
    "10": PriceClass.CLASS_3,
    "11": PriceClass.CLASS_3,
}


@pytest.mark.parametrize(
    ("level", "in_county"), list(product([f"{n:02d}" for n in range(1, 12)] + ["", "13"], [True, False]))
)
def test_price_class_of_every_level(pack: Pack, level: str, in_county: bool) -> None:
    made = price_class(pack, level, in_county, DAY)
    if level in ("03", "05"):
        assert made is (PriceClass.CLASS_2_COUNTY if in_county else PriceClass.CLASS_2_CITY)
    elif level in CLASSES:
        assert made is CLASSES[level]
    else:
        assert isinstance(made, Undetermined)
        assert made.ask in made.reason


def test_price_class_of_a_region_without_law(pack: Pack) -> None:
    assert isinstance(price_class(pack, "02", False, DAY, insured_pool="310000"), Undetermined)
    assert price_class(pack, "02", False, DAY, insured_pool="140900") is PriceClass.CLASS_1


R, E = InsuranceType.RESIDENT, InsuranceType.EMPLOYEE
HERE, NEAR, FAR = Locality.SAME_POOL, Locality.IN_PROVINCE, Locality.CROSS_PROVINCE
NONE, UNREFERRED, REFERRAL, LONG = None, FilingKind.UNREFERRED, FilingKind.REFERRAL, FilingKind.POSTED_WORKER


@pytest.mark.parametrize(
    ("insurance_type", "where", "filed", "marks", "expected"),
    [
        # marks: e the hospital's emergency mark, r its referral mark
        (E, HERE, LONG, "er", BenefitPath.HOME),
        (R, NEAR, NONE, "", BenefitPath.HOME),
        (R, NEAR, NONE, "e", BenefitPath.HOME),
        (E, NEAR, NONE, "", BenefitPath.OWN_CHOICE),
        (E, NEAR, UNREFERRED, "", BenefitPath.OWN_CHOICE),
        (E, NEAR, NONE, "e", BenefitPath.EMERGENCY),
        (E, NEAR, NONE, "r", BenefitPath.REFERRAL),
        (E, NEAR, NONE, "er", BenefitPath.REFERRAL),
        (E, NEAR, REFERRAL, "", BenefitPath.REFERRAL),
        (E, NEAR, LONG, "e", BenefitPath.LONG_TERM),
        (R, FAR, LONG, "er", BenefitPath.LONG_TERM),
        (R, FAR, REFERRAL, "e", BenefitPath.REFERRAL),
        (R, FAR, NONE, "e", BenefitPath.EMERGENCY),
        (E, FAR, UNREFERRED, "er", BenefitPath.EMERGENCY),
        (E, FAR, NONE, "", BenefitPath.OWN_CHOICE),
        (E, FAR, UNREFERRED, "", BenefitPath.OWN_CHOICE),
        # A mark is not a filing: reading R-2.
        (R, FAR, NONE, "r", BenefitPath.OWN_CHOICE),
    ],
)
def test_benefit_path(
    pack: Pack,
    insurance_type: InsuranceType,
    where: Locality,
    filed: FilingKind | None,
    marks: str,
    expected: BenefitPath,
) -> None:
    assert benefit_path(pack, "140100", insurance_type, where, filed, "e" in marks, "r" in marks, DAY) is expected


def test_every_combination_of_marks_has_a_path_in_shanxi_and_none_elsewhere(pack: Pack) -> None:
    for insurance_type, where, filed, emergency, referred in product(
        InsuranceType, Locality, (None, *FilingKind), (True, False), (True, False)
    ):
        assert isinstance(
            benefit_path(pack, "140900", insurance_type, where, filed, emergency, referred, DAY), BenefitPath
        )
        assert isinstance(
            benefit_path(pack, "310000", insurance_type, where, filed, emergency, referred, DAY), Undetermined
        )
