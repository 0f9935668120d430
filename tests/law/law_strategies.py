"""Random bills and terms, of the sizes that occur and a little beyond."""

from datetime import date

from hypothesis import strategies as st

from tongban.kernel.vocabulary import InsuranceType, Locality, PersonnelCategory, PriceClass
from tongban.law import BenefitPath, InpatientCase, OutpatientCase
from tongban.law.rules.inpatient import NO_SCHEME, InpatientBill, InpatientTerms
from tongban.law.rules.outpatient import NO_LIMIT, OutpatientBill, OutpatientTerms

POOLS = ("140100", "140200", "140300", "140500", "140600", "140800", "140900", "141100", "149900")
fen = st.one_of(st.integers(0, 300), st.integers(0, 2_000_000), st.integers(0, 80_000_000))
rate_bp = st.integers(0, 10_000)


@st.composite
def amounts(draw: st.DrawFn) -> tuple[int, int, int, int, int]:
    parts = [draw(fen) for _ in range(4)]
    return sum(parts), parts[0], parts[1], parts[2], parts[3]


@st.composite
def inpatient_bills(draw: st.DrawFn) -> InpatientBill:
    return InpatientBill(*draw(amounts()), draw(st.integers(0, 6)), draw(fen), draw(fen), draw(fen))


@st.composite
def inpatient_terms(draw: st.DrawFn) -> InpatientTerms:
    threshold = draw(st.one_of(st.just(NO_SCHEME), fen))
    return InpatientTerms(
        draw(fen),
        draw(rate_bp),
        draw(rate_bp),
        draw(rate_bp),
        draw(st.integers(-10_000, 10_000)),
        draw(fen),
        threshold,
        draw(rate_bp),
        max(threshold, 0) + draw(fen),
        draw(rate_bp),
        draw(st.integers(0, 1)),
        draw(fen),
    )


@st.composite
def outpatient_bills(draw: st.DrawFn) -> OutpatientBill:
    return OutpatientBill(*draw(amounts()), draw(fen), draw(fen))


@st.composite
def outpatient_terms(draw: st.DrawFn) -> OutpatientTerms:
    limit = st.one_of(st.just(NO_LIMIT), fen)
    return OutpatientTerms(
        draw(fen), draw(limit), draw(rate_bp), draw(st.integers(-10_000, 10_000)), draw(limit), draw(fen)
    )


@st.composite
def _who(draw: st.DrawFn) -> tuple[object, ...]:
    insurance_type = draw(st.sampled_from(InsuranceType))
    categories = (
        [PersonnelCategory.ACTIVE, PersonnelCategory.RETIRED]
        if insurance_type is InsuranceType.EMPLOYEE
        else [PersonnelCategory.MINOR, PersonnelCategory.ADULT, PersonnelCategory.ELDER]
    )
    settled_on = draw(st.dates(date(2025, 1, 1), date(2027, 12, 31)))
    return (
        draw(st.sampled_from(POOLS)),
        insurance_type,
        draw(st.sampled_from(categories)),
        draw(st.sampled_from(Locality)),
        draw(st.sampled_from(BenefitPath)),
        draw(st.sampled_from(PriceClass)),
        settled_on,
        settled_on,
    )


@st.composite
def inpatient_cases(draw: st.DrawFn) -> InpatientCase:
    return InpatientCase(*draw(_who()), *draw(inpatient_bills()))  # type: ignore[arg-type]


@st.composite
def outpatient_cases(draw: st.DrawFn) -> OutpatientCase:
    return OutpatientCase(*draw(_who()), *draw(outpatient_bills()))  # type: ignore[arg-type]
