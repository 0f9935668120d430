"""Random bills and terms, of the sizes that occur and a little beyond."""

from datetime import date
from typing import Any

from hypothesis import strategies as st

from tongban.kernel.vocabulary import (
    ChronicDisease,
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
    ChronicCase,
    InpatientCase,
    MaternityCase,
    OutpatientCase,
)
from tongban.law.rules.account_only import AccountOnlyBill
from tongban.law.rules.chronic import ChronicBill, ChronicTerms
from tongban.law.rules.inpatient import NO_SCHEME, InpatientBill, InpatientTerms
from tongban.law.rules.maternity import MaternityBill, MaternityTerms
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
def chronic_bills(draw: st.DrawFn) -> ChronicBill:
    return ChronicBill(*draw(amounts()), draw(fen), draw(fen))


@st.composite
def chronic_terms(draw: st.DrawFn) -> ChronicTerms:
    limit = st.one_of(st.just(NO_LIMIT), fen)
    return ChronicTerms(draw(fen), draw(rate_bp), draw(st.integers(-10_000, 10_000)), draw(limit))


@st.composite
def maternity_bills(draw: st.DrawFn) -> MaternityBill:
    return MaternityBill(*draw(amounts()), draw(fen))


maternity_terms = st.builds(MaternityTerms, fen)


@st.composite
def account_only_bills(draw: st.DrawFn) -> AccountOnlyBill:
    return AccountOnlyBill(*draw(amounts()))


@st.composite
def _who(draw: st.DrawFn) -> tuple[Any, ...]:
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
    return InpatientCase._make((*draw(_who()), *draw(inpatient_bills())))


@st.composite
def outpatient_cases(draw: st.DrawFn) -> OutpatientCase:
    return OutpatientCase._make((*draw(_who()), *draw(outpatient_bills())))


@st.composite
def chronic_cases(draw: st.DrawFn) -> ChronicCase:
    who = draw(_who())
    # Mostly the diseases whose figures are known.
    disease = draw(st.one_of(st.sampled_from(MedicationScheme), st.sampled_from(ChronicDisease)))
    return ChronicCase._make((*who[:5], disease, *who[6:], *draw(chronic_bills())))


@st.composite
def maternity_cases(draw: st.DrawFn) -> MaternityCase:
    who = draw(_who())
    delivery, level = draw(st.sampled_from(DeliveryKind)), draw(st.sampled_from(InstitutionLevel))
    pool = draw(st.sampled_from(("140100", *POOLS)))
    return MaternityCase._make((pool, *who[1:5], delivery, level, *who[6:], *draw(maternity_bills())))


@st.composite
def account_only_cases(draw: st.DrawFn) -> AccountOnlyCase:
    pool, insurance_type, category, place, _, _, visited_on, settled_on = draw(_who())
    reason = draw(st.sampled_from(AccountReason))
    bill = draw(account_only_bills())
    return AccountOnlyCase(
        reason,
        pool,
        insurance_type,
        category,
        visited_on,
        settled_on,
        *bill,
        place,
    )
