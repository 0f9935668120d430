"""Every case beside the policies, as an official reads it: input in yuan, expected amounts, article."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tongban.law import Pack, PolicyError
from tongban.law.cases import PolicyCase, TableQuestion, read_cases, run, with_readings

POLICIES = Path(__file__).parents[2] / "policies"
ALL = [case for file in read_cases(POLICIES) for case in file.cases]


@pytest.mark.parametrize("case", ALL, ids=lambda case: f"{case.file}: {case.title}")
def test_case(pack: Pack, case: PolicyCase) -> None:
    assert run(pack, case).differences == ()


def test_titles_tell_the_cases_of_a_file_apart() -> None:
    named = [(case.file, case.title) for case in ALL]
    assert len(named) == len(set(named))


def test_every_region_with_figures_of_its_own_has_cases(pack: Pack) -> None:
    told = {case.asked.insured_pool for case in ALL}
    assert {region for region, _, _ in pack.values if pack.scopes[region].level == "pool"} <= told


BENEFITS = ("inpatient_", "critical_illness_", "outpatient_", "chronic_", "maternity_")


def test_every_reading_of_an_amount_is_computed_by_some_case(pack: Pack) -> None:
    """Both settings of every contradiction that moves an amount: the default by itself, the others by choice."""
    switches = {
        entry.conflict
        for (_, parameter, _), entries in pack.values.items()
        for entry in entries
        if entry.reading and parameter.startswith(BENEFITS)
    }
    assert switches >= {"I-8", "I-17", "I-23", "I-24", "I-26", "I-26b", "I-27"}
    run_under = {(conflict, reading) for case in ALL for conflict, reading in case.choices.items()}
    for conflict in switches | {"R-1"}:
        record = pack.conflicts[conflict]
        others = {reading.id for reading in record.readings} - {record.default}
        assert {(conflict, other) for other in others} <= run_under, conflict


SPOILS = [
    ("final_rate: 60%", "final_rate: 61%", "final_rate 应该是 61%，算出来是 60%"),
    ("pooled_fund: 20568", 'pooled_fund: "20568.01"', "pooled_fund 应该是 20,568.01，算出来是 20,568.00"),
]


@pytest.mark.parametrize(("old", "new", "difference"), SPOILS)
def test_a_wrong_amount_is_told_in_words(
    pack: Pack, spoil: Callable[[str, str, str], Path], old: str, new: str, difference: str
) -> None:
    folder = spoil("shanxi/cases/residents_inpatient.yaml", old, new)
    results = [run(pack, case) for file in read_cases(folder) for case in file.cases]
    assert [result.differences for result in results if not result.is_as_expected] == [(difference,)]


FAULTS = [
    ("    path: home\n", "    path: hoem\n", "path 写了“hoem”"),
    ("bill: {total: 38600,", "bill: {total: 38600.00,", "total 要写成元，带角分的加引号，现在是 38600.0"),
    ("self_funded: 2400", "selffunded: 2400", "不认识的键 selffunded"),
    ("expect: {deductible: 1000", "expect: {deductable: 1000", "deductable 不是算出来的数"),
    ("    article: 全省统一待遇：一类 1,000 元、60%\n", "", "缺少 article"),
    ("settled_on: 2026-11-20", "settled_on: 2026-11-31", "读不懂"),
    ("rule: inpatient", "rule: impatient", "rule 写了“impatient”"),
    ("final_rate: 60%", "final_rate: 0.6", "final_rate 要写成百分数，如 60%，现在是 0.6"),
]


@pytest.mark.parametrize(("old", "new", "fault"), FAULTS)
def test_a_case_file_with_a_fault_is_not_run(
    spoil: Callable[[str, str, str], Path], old: str, new: str, fault: str
) -> None:
    folder = spoil("shanxi/cases/residents_inpatient.yaml", old, new)
    with pytest.raises(PolicyError) as error:
        read_cases(folder)
    assert any(fault in problem and "residents_inpatient.yaml" in problem for problem in error.value.problems)


def test_a_case_runs_under_another_reading(pack: Pack) -> None:
    other = with_readings(pack, {"I-26": "none"})
    assert other.version != pack.version
    for pool in ("140100", "140200", "149900"):
        assert (pack.chosen(pool, "I-26"), other.chosen(pool, "I-26")) == ("halved", "none")
    for choice in ({"I-26": "sometimes"}, {"I-999": "none"}, {"I-6": "relative"}):
        with pytest.raises(PolicyError):
            with_readings(pack, choice)


def test_a_question_is_a_case_too(pack: Pack, tmp_path: Path) -> None:
    folder = tmp_path / "cases"
    folder.mkdir()
    (folder / "who.yaml").write_text(
        """
title: 谁要先备案
rule: filing
defaults: {insured_pool: "140200", insurance_type: employee, care: inpatient, asked_on: 2026-11-20}
cases:
  - {title: 跨省转诊, article: 示例, locality: cross_province, situation: referral, outcome: hospital_files}
  - {title: 跨省长期, article: 示例, locality: cross_province, situation: long_term, outcome: not_needed}
""",
        encoding="utf-8",
    )
    (file,) = read_cases(tmp_path)
    assert all(isinstance(case.asked, TableQuestion) for case in file.cases)
    right, wrong = (run(pack, case) for case in file.cases)
    assert right.is_as_expected
    assert len(wrong.differences) == 1
    assert wrong.differences[0].startswith("outcome 应该是 not_needed，查出来是 must_file")


def test_a_value_is_a_case_too(pack: Pack, tmp_path: Path) -> None:
    folder = tmp_path / "cases"
    folder.mkdir()
    (folder / "values.yaml").write_text(
        """
title: 数
rule: value
defaults: {insured_pool: "140300", parameter: inpatient_rate, asked_on: 2026-11-20, article: 示例}
cases:
  - {title: 对的, key: [resident, adult, class_1], value: 60%}
  - {title: 不对的, key: [resident, adult, class_1], value: 61%}
  - {title: 没有百分号, key: [resident, adult, class_1], value: 60}
  - {title: 应该没有, key: [resident, adult, class_1], value: none}
  - {title: 应该有, key: [employee, retired, class_1], value: 60%}
  - {title: 没有限额, parameter: outpatient_visit_ceiling, key: [resident], value: no_limit}
  - {title: 是或否, parameter: critical_illness_is_banded, key: [resident], value: false, confidence: official}
""",
        encoding="utf-8",
    )
    (file,) = read_cases(tmp_path)
    assert [run(pack, case).differences for case in file.cases] == [
        (),
        ("value 应该是 61%，查出来是 60%",),
        ("value 应该是 60，查出来是 60%",),
        ("应该没有查到，可是有 60%",),
        ("value 应该是 60%，可是没有查到",),
        (),
        ("confidence 应该是 official，实际是 secondary",),
    ]


def test_a_key_that_cannot_be_is_a_fault(tmp_path: Path) -> None:
    folder = tmp_path / "cases"
    folder.mkdir()
    (folder / "values.yaml").write_text(
        """
title: 数
rule: value
cases:
  - {title: 次序错了, article: 示例, insured_pool: "140300", parameter: inpatient_rate, asked_on: 2026-11-20,
     key: [adult, resident, class_1], value: 60%}
""",
        encoding="utf-8",
    )
    with pytest.raises(PolicyError, match="key 要按次序写 insurance_type、category、price_class"):
        read_cases(tmp_path)
