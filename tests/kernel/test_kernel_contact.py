"""Names and mobile numbers as people type them."""

import pytest

from tongban.kernel.contact import name_problem, phone_numbers, phone_problem, tidy_phone


@pytest.mark.parametrize(
    "typed",
    [
        "13800000001",
        "138 0000 0001",
        "+86 138-0000-0001",
        "008613800000001",
        "１３８０００００００１",
        "(138)0000—0001",
    ],
)
def test_a_number_is_the_same_however_it_is_typed(typed: str) -> None:
    assert tidy_phone(typed) == "13800000001"
    assert phone_problem(tidy_phone(typed)) is None


@pytest.mark.parametrize(
    ("phone", "sentence"),
    [
        ("", "请填手机号"),
        ("1380000000l", "不是数字"),
        ("1380000", "您填了 7 位"),
        ("23800000001", "您填的是 2 开头"),
    ],
)
def test_what_is_wrong_with_a_number_is_said_at_its_field(phone: str, sentence: str) -> None:
    problem = phone_problem(phone, field="proxy_tel")
    assert problem is not None
    assert sentence in problem.sentence
    assert problem.field == "proxy_tel"


def test_a_name_is_only_a_name() -> None:
    assert name_problem("阿卜杜热西提·买买提") is None
    assert name_problem("Muhammad Abdul Rahman ibn Yusuf") is None
    for name in ("", "王秀英 13800000001", "王@秀英", "王" * 51):
        assert name_problem(name) is not None


@pytest.mark.parametrize(
    ("line", "numbers"),
    [
        ("0351-4957436", [("0351-4957436", "03514957436")]),
        ("12393", [("12393", "12393")]),
        ("0351-4957436;0351-7797041", [("0351-4957436", "03514957436"), ("0351-7797041", "03517797041")]),
        ("0351-4957436、7797041", [("0351-4957436", "03514957436"), ("7797041", "03517797041")]),
        ("（010）69156114／13800000001", [("(010)69156114", "01069156114"), ("13800000001", "13800000001")]),
        ("0351-2377283/84", [("0351-2377283/84", "03512377283")]),
        ("0351-2377283转8001", [("0351-2377283转8001", "03512377283")]),
        ("400-810-0000；120", [("400-810-0000", "4008100000"), ("120", "120")]),
        ("暂无", []),
        ("", []),
    ],
)
def test_each_number_of_a_line_can_be_called(line: str, numbers: list[tuple[str, str]]) -> None:
    assert phone_numbers(line) == numbers
