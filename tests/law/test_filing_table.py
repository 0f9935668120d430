"""All 96 answers of the filing table against a matrix written by hand, and what places and readings change."""

from collections.abc import Callable
from datetime import date
from itertools import product
from pathlib import Path

import pytest

from tongban.kernel.vocabulary import CareKind, Confidence, InsuranceType, Locality, Situation
from tongban.law import FilingDecision, FilingOutcome, FilingQuestion, Pack, decide_filing, load_pack

DAY = date(2026, 11, 20)
CARE = (CareKind.INPATIENT, CareKind.OUTPATIENT, CareKind.CHRONIC, CareKind.PHARMACY)

# . not needed   d deemed filed   F must be filed   H the hospital files   ? no source says
MATRIX = """
                            inpatient outpatient chronic pharmacy
resident same_pool      long_term   .     .     .     .
resident same_pool      referral    .     .     .     .
resident same_pool      emergency   .     .     .     .
resident same_pool      own_choice  .     .     .     .
resident in_province    long_term   .     F     ?     ?
resident in_province    referral    .     .     ?     ?
resident in_province    emergency   .     .     ?     ?
resident in_province    own_choice  .     .     ?     ?
resident cross_province long_term   F     F     F     ?
resident cross_province referral    H     .     .     ?
resident cross_province emergency   d     d     .     ?
resident cross_province own_choice  d     .     .     ?
employee same_pool      long_term   .     .     .     .
employee same_pool      referral    .     .     .     .
employee same_pool      emergency   .     .     .     .
employee same_pool      own_choice  .     .     .     .
employee in_province    long_term   F     F     ?     .
employee in_province    referral    d     .     ?     .
employee in_province    emergency   .     .     ?     .
employee in_province    own_choice  d     .     ?     .
employee cross_province long_term   F     F     F     .
employee cross_province referral    H     .     .     .
employee cross_province emergency   d     d     .     .
employee cross_province own_choice  d     .     .     .
"""
LETTERS = {
    ".": FilingOutcome.NOT_NEEDED,
    "d": FilingOutcome.DEEMED,
    "F": FilingOutcome.MUST_FILE,
    "H": FilingOutcome.HOSPITAL_FILES,
    "?": FilingOutcome.UNDETERMINED,
}
EXPECTED = {
    (insurance_type, locality, situation, care): LETTERS[letter]
    for insurance_type, locality, situation, *letters in map(str.split, MATRIX.strip().splitlines()[1:])
    for care, letter in zip(CARE, letters, strict=True)
}


def ask(pack: Pack, *inputs: str, pool: str = "140100", on: date = DAY, to: str = "") -> FilingDecision:
    insurance_type, locality, situation, care = inputs
    return decide_filing(
        pack,
        FilingQuestion(
            pool, InsuranceType(insurance_type), Locality(locality), Situation(situation), CareKind(care), on, to
        ),
    )


@pytest.mark.parametrize("pool", ["140100", "140200", "149900"])
@pytest.mark.parametrize("inputs", list(product(InsuranceType, Locality, Situation, CARE)), ids="-".join)
def test_each_of_the_96_combinations(pack: Pack, inputs: tuple[str, ...], pool: str) -> None:
    decision = ask(pack, *inputs, pool=pool)
    assert decision.outcome is EXPECTED[inputs]  # type: ignore[index]
    assert decision.sentence
    assert decision.row_id
    if decision.outcome is FilingOutcome.UNDETERMINED:
        assert decision.ask == pack.agency(pool)
        assert decision.ask in decision.sentence
    else:
        assert decision.sources


def test_the_matrix_is_complete() -> None:
    assert len(EXPECTED) == 2 * 3 * 4 * 4


@pytest.mark.parametrize(
    ("inputs", "conflict"),
    [
        (("employee", "cross_province", "own_choice", "inpatient"), "I-1"),
        (("resident", "cross_province", "emergency", "inpatient"), "I-2"),
        (("employee", "in_province", "own_choice", "inpatient"), "I-3"),
        (("resident", "cross_province", "own_choice", "chronic"), "I-29"),
    ],
)
def test_a_conflict_is_named_where_it_decides(pack: Pack, inputs: tuple[str, ...], conflict: str) -> None:
    assert ask(pack, *inputs).conflict == conflict


@pytest.mark.parametrize(
    ("conflict", "inputs"),
    [
        ("I-1", ("resident", "cross_province", "own_choice", "inpatient")),
        ("I-2", ("employee", "cross_province", "emergency", "inpatient")),
        ("I-3", ("employee", "in_province", "own_choice", "inpatient")),
        ("I-29", ("employee", "cross_province", "referral", "chronic")),
    ],
)
def test_a_pool_may_choose_the_other_reading(
    spoil: Callable[[str, str, str], Path], conflict: str, inputs: tuple[str, ...]
) -> None:
    folder = spoil("shanxi/datong/scope.yaml", "level: pool", f"level: pool\nchoices: {{{conflict}: file_first}}")
    changed = load_pack(folder)
    assert ask(changed, *inputs, pool="140200").outcome is FilingOutcome.MUST_FILE
    assert ask(changed, *inputs, pool="140100").outcome is EXPECTED[inputs]  # type: ignore[index]


def test_xinzhou_refers_by_its_own_form_except_to_taiyuan(pack: Pack) -> None:
    referred_in_province = ("employee", "in_province", "referral", "inpatient")
    elsewhere = ask(pack, *referred_in_province, pool="140900", to="140200")
    taiyuan = ask(pack, *referred_in_province, pool="140900", to="140100")
    assert (elsewhere.outcome, elsewhere.conflict) == (FilingOutcome.DEEMED, "I-30")
    assert (taiyuan.outcome, taiyuan.conflict) == (FilingOutcome.NOT_NEEDED, "I-25")
    abroad = ask(pack, "resident", "cross_province", "referral", "inpatient", pool="140900", to="110000")
    assert (abroad.outcome, abroad.row_id) == (FilingOutcome.HOSPITAL_FILES, "XZ-01")
    assert ask(pack, "resident", "in_province", "referral", "inpatient", pool="140900").row_id == "F-02"


def test_outside_xinzhou_everything_is_as_in_the_province(pack: Pack) -> None:
    changed = {
        inputs
        for inputs in EXPECTED
        if ask(pack, *inputs, pool="140900").row_id != ask(pack, *inputs, pool="140100").row_id
    }
    assert changed == {
        ("employee", "in_province", "referral", "inpatient"),
        ("employee", "cross_province", "referral", "inpatient"),
        ("resident", "cross_province", "referral", "inpatient"),
    }


def test_the_day_before_the_guide_nothing_is_known(pack: Pack) -> None:
    inputs = ("resident", "in_province", "referral", "inpatient")
    before = ask(pack, *inputs, on=date(2025, 3, 30))
    assert (before.outcome, before.row_id) == (FilingOutcome.UNDETERMINED, "")
    assert "2025年3月30日" in before.sentence
    assert ask(pack, *inputs, on=date(2025, 3, 31)).outcome is FilingOutcome.NOT_NEEDED


def test_a_region_without_law_is_undetermined(pack: Pack) -> None:
    decision = ask(pack, "resident", "cross_province", "own_choice", "inpatient", pool="310000")
    assert decision.outcome is FilingOutcome.UNDETERMINED
    assert decision.ask == "参保地医保经办机构"


def test_chronic_diseases_are_always_to_be_recognised_first(pack: Pack) -> None:
    for inputs in EXPECTED:
        if inputs[3] == CareKind.CHRONIC:
            assert "认定" in ask(pack, *inputs).sentence, inputs


def test_no_row_promises_a_figure_the_insured_city_sets(pack: Pack) -> None:
    for insurance_type in InsuranceType:
        decision = ask(pack, insurance_type, "cross_province", "own_choice", "inpatient")
        assert "可能比转诊报得少" in decision.sentence


def test_a_reading_no_city_is_known_to_hold_is_only_an_example(spoil: Callable[[str, str, str], Path]) -> None:
    changed = load_pack(spoil("shanxi/datong/scope.yaml", "level: pool", "level: pool\nchoices: {I-3: file_first}"))
    decision = ask(changed, "employee", "in_province", "own_choice", "inpatient", pool="140200")
    assert (decision.confidence, decision.sources) == (Confidence.ILLUSTRATIVE, ())


def test_only_the_web_page_is_secondary(pack: Pack) -> None:
    assert ask(pack, "resident", "cross_province", "own_choice", "outpatient").confidence is Confidence.OFFICIAL
    assert ask(pack, "employee", "cross_province", "own_choice", "outpatient").confidence is Confidence.SECONDARY
    assert ask(pack, "employee", "cross_province", "own_choice", "pharmacy").confidence is Confidence.SECONDARY
    assert ask(pack, "employee", "in_province", "own_choice", "chronic").confidence is Confidence.ILLUSTRATIVE
