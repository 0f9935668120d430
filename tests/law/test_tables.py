"""Every answer of the smaller tables against matrices written by hand. The filing table has a test of its own."""

from collections.abc import Iterator, Mapping
from datetime import date
from itertools import product

import pytest

from tongban.law import Pack, QuestionRefused, decide
from tongban.law.tables import TABLES, UNDETERMINED

DAY = date(2026, 11, 20)

# A row names inputs in the table's order, `*` for any; the columns are the last input; `?` is undetermined.
FILING_CHANGE = """
                insured_person  proxy  stranger
cancel  no      allowed         allowed      refused
cancel  yes     refused         refused      refused
change  no      allowed         allowed      refused
change  yes     refused         refused      refused
extend  *       undetermined    undetermined refused
"""
LATE_FILING = """
                                     long_term       referral        emergency  own_choice
*                    same_pool       not_needed      not_needed      not_needed not_needed
before_admission     in_province     may_file        may_file        not_needed may_file
before_admission     cross_province  may_file        may_file        not_needed may_file
in_hospital          in_province     may_file        may_file        not_needed may_file
in_hospital          cross_province  may_file        may_file        not_needed may_file
discharged_unsettled in_province     may_file        may_file        not_needed may_file
discharged_unsettled cross_province  may_file        may_file        not_needed may_file
discharged_self_paid in_province     undetermined    undetermined    not_needed undetermined
discharged_self_paid cross_province  file_then_claim file_then_claim not_needed file_then_claim
"""
EMERGENCY = """
                                    yes         no
*        same_pool      *           not_needed  not_needed
resident in_province    *           not_needed  not_needed
employee in_province    inpatient   as_filed    as_unreferred
employee in_province    outpatient  not_needed  not_needed
*        cross_province inpatient   as_filed    as_unreferred
*        cross_province outpatient  as_filed    not_needed
"""
ACT_FOR_ANOTHER = """
            spouse parent child sibling grandparent maternal_grandparent grandchild daughters_child other
file        allowed allowed allowed allowed allowed allowed allowed allowed allowed
claim       allowed allowed allowed allowed allowed allowed allowed allowed refused
authorise   refused refused refused refused refused refused refused refused refused
recognise   ? ? ? ? ? ? ? ? ?
"""
CHANNEL = """
            wechat_account government_net national_mini_program national_app window phone fax kiosk old_web minsheng_app
filing      open open open         open         open staff_only   staff_only   staff_only   off off
mutual_aid  open open undetermined undetermined open undetermined undetermined undetermined off off
chronic     open open undetermined undetermined open undetermined undetermined undetermined off off
claim       open open undetermined undetermined open undetermined undetermined undetermined off off
"""
MUTUAL_AID_USE = """
                                           same_pool     in_province   cross_province
*       stopped *                          not_payable   not_payable   not_payable
*       arrears *                          not_payable   not_payable   not_payable
stopped paid    *                          not_payable   not_payable   not_payable
paid    paid    care                       payable       payable       payable
paid    paid    pharmacy                   payable       payable       payable
paid    paid    resident_premium           payable       payable       payable
paid    paid    long_term_care_premium     undetermined  undetermined  payable
paid    paid    other_premium              undetermined  undetermined  undetermined
arrears paid    care                       payable       payable       payable
arrears paid    pharmacy                   payable       payable       payable
arrears paid    resident_premium           payable       payable       payable
arrears paid    long_term_care_premium     undetermined  undetermined  payable
arrears paid    other_premium              undetermined  undetermined  undetermined
"""
MUTUAL_AID_END = """
                        same_pool    in_province  cross_province
giver_revokes           ends         ends         ends
family_tie_ends         must_revoke  must_revoke  undetermined
giver_insurance_ends    ends         ends         ends
receiver_insurance_ends ends         ends         ends
end_moved_earlier       allowed      allowed      undetermined
end_moved_later         refused      refused      undetermined
"""
CLAIM_ROUTE = """
                                  in_full_by_self  settled_directly
inpatient           same_pool      window          not_payable
inpatient           in_province    online          not_payable
inpatient           cross_province window          not_payable
maternity_inpatient same_pool      window          not_payable
maternity_inpatient in_province    online          not_payable
maternity_inpatient cross_province window          not_payable
outpatient          *              window          not_payable
chronic             *              window          not_payable
pharmacy            *              undetermined    not_payable
"""
INJURY = """
             same_pool    in_province  cross_province
none    yes  undetermined undetermined payable
none    no   undetermined undetermined sign_first
liable  *    not_payable  not_payable  not_payable
unclear *    undetermined undetermined undetermined
"""
CHRONIC_SETTLEMENT = """
                                         yes             no
*              *          no  *          recognise_first recognise_first
same_pool      *          yes *          direct          direct
in_province    *          yes *          undetermined    undetermined
cross_province *          yes no         not_direct      not_direct
cross_province long_term  yes yes        direct          file_first
cross_province referral   yes yes        direct          direct
cross_province emergency  yes yes        direct          direct
cross_province own_choice yes yes        direct          direct
"""
MUTUAL_AID_GIVE = """
employee publicly_funded resident
allowed  refused         refused
"""
DUAL_BENEFIT = """
supplied    promised
both_places both_places
"""
PENALTY = """
misuses_credential defrauds               provider_overcharges provider_hides_records provider_defrauds
repay_and_suspend  repay_suspend_and_fine repay_fine_and_close correct_or_fine        repay_fine_and_close
"""
MATRICES = {
    "filing_change": FILING_CHANGE,
    "late_filing": LATE_FILING,
    "emergency": EMERGENCY,
    "act_for_another": ACT_FOR_ANOTHER,
    "channel": CHANNEL,
    "mutual_aid_give": MUTUAL_AID_GIVE,
    "mutual_aid_use": MUTUAL_AID_USE,
    "mutual_aid_end": MUTUAL_AID_END,
    "claim_route": CLAIM_ROUTE,
    "injury": INJURY,
    "chronic_settlement": CHRONIC_SETTLEMENT,
    "dual_benefit": DUAL_BENEFIT,
    "penalty": PENALTY,
}
TESTED_ELSEWHERE = {"filing", "price_class", "benefit_path"}


def cells(table: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every combination a matrix speaks of, with what it says."""
    inputs = TABLES[table].inputs
    columns, *lines = map(str.split, MATRICES[table].replace("?", UNDETERMINED).strip().splitlines())
    for line in lines:
        words, outcomes = line[: len(inputs) - 1], line[len(inputs) - 1 :]
        choices = [values if word == "*" else (word,) for word, values in zip(words, inputs.values(), strict=False)]
        for front in product(*choices):
            yield from (((*front, last), outcome) for last, outcome in zip(columns, outcomes, strict=True))


def ask(
    pack: Pack, table: str, combination: tuple[str, ...], pool: str = "140200", on: date = DAY
) -> Mapping[str, str]:
    named = dict(zip(TABLES[table].inputs, combination, strict=True))
    made = decide(pack, table, pool, named, on)
    return {"outcome": made.outcome, "row": made.row_id, "ask": made.ask, "sentence": made.sentence}


@pytest.mark.parametrize("table", MATRICES)
def test_a_matrix_speaks_of_every_combination_once(table: str) -> None:
    told = [combination for combination, _ in cells(table)]
    assert sorted(told) == sorted(TABLES[table].combinations())


@pytest.mark.parametrize("table", MATRICES)
def test_every_combination_is_answered_as_written_by_hand(pack: Pack, table: str) -> None:
    # 大同 has no rows of its own in any of these tables.
    wrong = {
        combination: (answer["outcome"], outcome)
        for combination, outcome in cells(table)
        if (answer := ask(pack, table, combination))["outcome"] != outcome
    }
    assert wrong == {}


@pytest.mark.parametrize("table", MATRICES)
def test_whoever_gets_no_answer_is_told_whom_to_ask(pack: Pack, table: str) -> None:
    for combination, outcome in cells(table):
        answer = ask(pack, table, combination)
        assert answer["row"]
        if outcome == "undetermined":
            assert answer["ask"] == "大同市医疗保险管理服务中心"
            assert answer["ask"] in answer["sentence"]


@pytest.mark.parametrize("table", TABLES)
def test_before_its_first_day_a_table_says_nothing(pack: Pack, table: str) -> None:
    combination = next(TABLES[table].combinations())
    before = ask(pack, table, combination, on=date(2022, 12, 31))
    assert (before["outcome"], before["row"]) == ("undetermined", "")
    assert "2022年12月31日" in before["sentence"]


def test_no_table_is_left_untested() -> None:
    assert set(TABLES) == set(MATRICES) | TESTED_ELSEWHERE


def test_taiyuan_extends_and_changes_on_its_own_terms(pack: Pack) -> None:
    differ = {
        combination
        for combination in TABLES["filing_change"].combinations()
        if ask(pack, "filing_change", combination, "140100")["row"] != ask(pack, "filing_change", combination)["row"]
    }
    assert differ == {
        *product(("extend",), ("yes", "no"), ("insured_person", "proxy")),
        *product(("change",), ("no",), ("insured_person", "proxy")),
    }
    extended = ask(pack, "filing_change", ("extend", "yes", "insured_person"), "140100")
    assert extended["outcome"] == "allowed"


@pytest.mark.parametrize(
    ("table", "inputs", "field"),
    [
        ("no_such_table", {}, "table"),
        ("injury", {"third_party": "none", "is_signed": "yes"}, "locality"),
        ("injury", {"third_party": "somebody", "is_signed": "yes", "locality": "same_pool"}, "third_party"),
        ("injury", {"third_party": "none", "is_signed": "yes", "locality": "same_pool", "age": "9"}, "age"),
    ],
)
def test_a_question_nobody_can_answer_names_what_is_wrong(
    pack: Pack, table: str, inputs: dict[str, str], field: str
) -> None:
    with pytest.raises(QuestionRefused) as refused:
        decide(pack, table, "140100", inputs, DAY)
    assert refused.value.field == field
