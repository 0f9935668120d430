"""What holds for every bill, and the same amounts from a second, independent computation."""

import json
from decimal import Decimal

import law_reference
from hypothesis import given, settings
from hypothesis import strategies as st
from law_strategies import (
    account_only_bills,
    account_only_cases,
    chronic_bills,
    chronic_cases,
    chronic_terms,
    fen,
    inpatient_bills,
    inpatient_cases,
    inpatient_terms,
    maternity_bills,
    maternity_cases,
    maternity_terms,
    outpatient_bills,
    outpatient_cases,
    outpatient_terms,
)

from tongban.law import (
    BenefitPath,
    Case,
    InpatientCase,
    Pack,
    assess,
    assess_inpatient,
    recompute,
    steps,
)
from tongban.law.rules.account_only import AccountOnlyBill, account_only
from tongban.law.rules.chronic import ChronicBill, ChronicTerms, chronic
from tongban.law.rules.inpatient import CEILING_PASSED, InpatientBill, InpatientTerms, inpatient
from tongban.law.rules.maternity import MaternityBill, MaternityTerms, maternity
from tongban.law.rules.outpatient import NO_LIMIT, OutpatientBill, OutpatientTerms, outpatient

MAY_BE_NEGATIVE = {"adjustment_bp", "visit_ceiling_fen", "deductible_annual_fen"}


@given(inpatient_bills(), inpatient_terms())
def test_shares_of_a_stay_add_up_and_nothing_is_negative(bill: InpatientBill, terms: InpatientTerms) -> None:
    made = inpatient(bill, terms)
    assert made.pooled_fund_fen + made.critical_illness_fen + made.medical_assistance_fen + made.person_share_fen == (
        bill.total_fen
    )
    assert all(amount >= 0 for name, amount in made._asdict().items() if name not in MAY_BE_NEGATIVE)


@given(inpatient_bills(), inpatient_terms())
def test_ceilings_are_never_passed(bill: InpatientBill, terms: InpatientTerms) -> None:
    made = inpatient(bill, terms)
    assert bill.pooled_before_fen + made.pooled_fund_fen <= max(terms.ceiling_fen, bill.pooled_before_fen)
    assert bill.critical_illness_before_fen + made.critical_illness_fen <= max(
        terms.critical_ceiling_fen, bill.critical_illness_before_fen
    )
    assert made.critical_illness_fen <= made.borne_fen


@given(inpatient_bills(), inpatient_terms(), fen)
def test_a_dearer_stay_never_leaves_a_payer_with_less(bill: InpatientBill, terms: InpatientTerms, more: int) -> None:
    dearer = bill._replace(total_fen=bill.total_fen + more, in_scope_fen=bill.in_scope_fen + more)
    one, two = inpatient(bill, terms), inpatient(dearer, terms)
    assert two.pooled_fund_fen >= one.pooled_fund_fen
    assert two.critical_illness_fen >= one.critical_illness_fen
    assert two.person_share_fen >= one.person_share_fen


@given(inpatient_bills(), inpatient_terms(), fen)
def test_what_is_out_of_scope_stays_with_the_person(bill: InpatientBill, terms: InpatientTerms, more: int) -> None:
    dearer = bill._replace(total_fen=bill.total_fen + more, self_funded_fen=bill.self_funded_fen + more)
    one, two = inpatient(bill, terms), inpatient(dearer, terms)
    assert two.person_share_fen == one.person_share_fen + more
    assert two.pooled_fund_fen == one.pooled_fund_fen


@given(inpatient_bills(), inpatient_terms())
def test_stay_equals_the_independent_computation(bill: InpatientBill, terms: InpatientTerms) -> None:
    made = inpatient(bill, terms)
    other = law_reference.stay(bill._asdict(), terms._asdict())
    if made.status == CEILING_PASSED:
        assert other["person"] is None
        return
    assert other == {
        "pooled": Decimal(made.pooled_fund_fen) / 100,
        "critical": Decimal(made.critical_illness_fen) / 100,
        "person": Decimal(made.person_share_fen) / 100,
    }


@given(inpatient_terms(), st.lists(fen, min_size=1, max_size=6))
def test_critical_illness_pays_what_the_year_is_due_however_it_is_cut(terms: InpatientTerms, costs: list[int]) -> None:
    """After any series of stays the year's payments are those due on all that was borne, within the ceiling."""
    # Rates whose sum over both stages stays below one, as in every text: else a stay's own share is the limit.
    terms = terms._replace(
        critical_threshold_fen=max(terms.critical_threshold_fen, 0),
        critical_second_threshold_fen=max(terms.critical_threshold_fen, terms.critical_second_threshold_fen, 0),
        critical_rate_bp=7_500,
        critical_second_rate_bp=5_000,
        ceiling_fen=0,
    )
    borne = paid = 0
    for number, cost in enumerate(costs):
        made = inpatient(InpatientBill(cost, 0, 0, 0, cost, number, 0, borne, paid), terms)
        borne, paid = made.borne_year_fen, paid + made.critical_illness_fen
        assert paid == min(made.critical_year_fen, terms.critical_ceiling_fen)
    assert borne == sum(costs)


@given(outpatient_bills(), outpatient_terms())
def test_shares_of_a_visit_add_up_and_equal_the_independent_computation(
    bill: OutpatientBill, terms: OutpatientTerms
) -> None:
    made = outpatient(bill, terms)
    assert made.pooled_fund_fen + made.person_share_fen == bill.total_fen
    assert all(amount >= 0 for name, amount in made._asdict().items() if name not in MAY_BE_NEGATIVE)
    assert made.pooled_fund_fen <= max(terms.ceiling_fen - bill.pooled_before_fen, 0)
    if terms.visit_ceiling_fen != NO_LIMIT:
        assert made.pooled_fund_fen <= terms.visit_ceiling_fen
    if terms.deductible_annual_fen != NO_LIMIT:
        assert bill.deductible_before_fen + made.deductible_fen <= max(
            terms.deductible_annual_fen, bill.deductible_before_fen
        )
    other = law_reference.visit(bill._asdict(), terms._asdict(), NO_LIMIT)
    assert other["pooled"] == Decimal(made.pooled_fund_fen) / 100
    assert other["person"] == Decimal(made.person_share_fen) / 100


@given(chronic_bills(), chronic_terms())
def test_shares_of_a_chronic_visit_add_up_and_equal_the_independent_computation(
    bill: ChronicBill, terms: ChronicTerms
) -> None:
    made = chronic(bill, terms)
    assert made.pooled_fund_fen + made.person_share_fen == bill.total_fen
    assert all(amount >= 0 for name, amount in made._asdict().items() if name not in {"adjustment_bp", "ceiling_fen"})
    assert made.pooled_fund_fen <= made.above_fen
    if terms.ceiling_fen != NO_LIMIT:
        assert bill.pooled_before_fen + made.pooled_fund_fen <= max(terms.ceiling_fen, bill.pooled_before_fen)
    assert bill.deductible_before_fen + made.deductible_fen <= max(terms.deductible_fen, bill.deductible_before_fen)
    assert law_reference.disease_visit(bill._asdict(), terms._asdict(), NO_LIMIT) == {
        "pooled": Decimal(made.pooled_fund_fen) / 100,
        "critical": Decimal(0),
        "person": Decimal(made.person_share_fen) / 100,
    }


@given(maternity_bills(), maternity_terms)
def test_shares_of_a_delivery_add_up_and_equal_the_independent_computation(
    bill: MaternityBill, terms: MaternityTerms
) -> None:
    made = maternity(bill, terms)
    assert made.pooled_fund_fen + made.person_share_fen == bill.total_fen
    assert all(amount >= 0 for amount in made)
    assert made.pooled_fund_fen <= bill.in_scope_fen
    assert bill.quota_used_before_fen + made.pooled_fund_fen <= max(terms.quota_fen, bill.quota_used_before_fen)
    assert law_reference.delivery(bill._asdict(), terms._asdict()) == {
        "pooled": Decimal(made.pooled_fund_fen) / 100,
        "critical": Decimal(0),
        "person": Decimal(made.person_share_fen) / 100,
    }


@given(account_only_bills())
def test_the_funds_pay_nothing_of_a_bill_for_the_account_alone(bill: AccountOnlyBill) -> None:
    made = account_only(bill)
    assert made[:5] == bill
    assert not any(made[5:-1])
    assert law_reference.at_own_cost(bill._asdict())["person"] == Decimal(made.person_share_fen) / 100


@given(chronic_bills(), chronic_terms(), fen)
def test_a_dearer_chronic_visit_never_leaves_a_payer_with_less(
    bill: ChronicBill, terms: ChronicTerms, more: int
) -> None:
    dearer = bill._replace(total_fen=bill.total_fen + more, in_scope_fen=bill.in_scope_fen + more)
    one, two = chronic(bill, terms), chronic(dearer, terms)
    assert two.pooled_fund_fen >= one.pooled_fund_fen
    assert two.person_share_fen >= one.person_share_fen


@given(maternity_bills(), maternity_terms, fen)
def test_a_dearer_delivery_never_leaves_a_payer_with_less(
    bill: MaternityBill, terms: MaternityTerms, more: int
) -> None:
    dearer = bill._replace(total_fen=bill.total_fen + more, in_scope_fen=bill.in_scope_fen + more)
    one, two = maternity(bill, terms), maternity(dearer, terms)
    assert two.pooled_fund_fen >= one.pooled_fund_fen
    assert two.person_share_fen >= one.person_share_fen


@given(chronic_terms(), st.lists(fen, min_size=1, max_size=6))
def test_a_year_of_chronic_visits_pays_what_one_visit_of_all_would(terms: ChronicTerms, costs: list[int]) -> None:
    """Cutting a year's drugs into visits changes neither deductible nor ceiling; only rounding may, a fen a visit."""
    pooled = deductible = 0
    for cost in costs:
        made = chronic(ChronicBill(cost, 0, 0, 0, cost, pooled, deductible), terms)
        pooled, deductible = pooled + made.pooled_fund_fen, deductible + made.deductible_fen
    whole = chronic(ChronicBill(sum(costs), 0, 0, 0, sum(costs), 0, 0), terms)
    assert deductible == whole.deductible_fen
    assert abs(pooled - whole.pooled_fund_fen) <= len(costs)


def _signed(text: str) -> int:
    return int(text.removeprefix("− ").removeprefix("报 ").replace(",", "").replace(".", "").replace("−", "-"))


@settings(max_examples=1000)
@given(case=st.one_of(inpatient_cases(), outpatient_cases(), chronic_cases(), maternity_cases(), account_only_cases()))
def test_a_stored_record_repeats_itself_and_its_steps_add_up(pack: Pack, case: Case) -> None:
    made = assess(pack, case)
    record = json.loads(json.dumps(made.record()))
    again = recompute(pack, record)
    assert again == made
    told = steps(pack, record)
    assert told[0].field == "total_fen"
    assert all("{" not in text for step in told for text in (step.label, step.formula, step.question, step.sentence))
    if made.breakdown is None:
        assert made.undetermined is not None
        assert [step.field for step in told] == ["total_fen", "undetermined"]
        assert made.undetermined.ask in told[1].sentence
        return
    amounts = {step.field: _signed(step.amount_text) for step in told if step.amount_text}
    taken = sum(_signed(step.amount_text) for step in told if step.effect == "minus")
    left = amounts.get("above_fen", amounts.get("computed_fen", 0))
    assert made.rule == "account_only" or amounts["total_fen"] - taken == left
    paid = sum(_signed(step.amount_text) for step in told if step.effect == "plus")
    assert amounts["total_fen"] - paid == amounts["person_share_fen"] == made.breakdown.person_share_fen
    assert told[-1].field == "person_share_fen"
    assert all(step.sources for step in told if step.question)


@given(case=inpatient_cases())
def test_no_way_costs_a_resident_less_than_home(pack: Pack, case: InpatientCase) -> None:
    def person(path: BenefitPath) -> int | None:
        made = assess_inpatient(pack, case._replace(path=path))
        return made.breakdown.person_share_fen if made.breakdown else None

    home = assess_inpatient(pack, case._replace(path=BenefitPath.LONG_TERM))
    if home.breakdown is None:
        return
    for path in (BenefitPath.REFERRAL, BenefitPath.EMERGENCY, BenefitPath.OWN_CHOICE):
        other = person(path)
        assert other is None or other >= home.breakdown.person_share_fen
