"""Documents in: what is right is read as it stands, what is wrong is refused with code, field and a sentence."""

import json
from dataclasses import dataclass
from datetime import date
from typing import Any, get_type_hints

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tongban.doors.api.operations import CASE_EXAMPLES, QUESTION_EXAMPLE
from tongban.doors.documents import (
    CASE_FORM,
    LABELS,
    QUESTION_FORM,
    RULES_ZH,
    Answers,
    Form,
    problem_document,
)
from tongban.doors.documents.reading import Reader
from tongban.kernel.errors import Refusal
from tongban.kernel.money import AMOUNT_MAX_FEN
from tongban.kernel.vocabulary import ChronicDisease, MedicationScheme
from tongban.law import CASE_TYPES, ChronicCase, InpatientCase, Pack

STAY = CASE_EXAMPLES["inpatient"]


@pytest.fixture(scope="module")
def reader(pack: Pack) -> Reader:
    return Reader(pack)


def changed(document: Any, **fields: Any) -> bytes:
    """The document with some fields changed, or left out where the value is ... itself."""
    made = {name: value for name, value in {**document, **fields}.items() if value is not ...}
    return json.dumps(made, ensure_ascii=False).encode()


def refused(reader: Reader, text: bytes) -> dict[str, Any]:
    with pytest.raises(Refusal) as caught:
        reader.case(text)
    return problem_document(caught.value)


def test_every_kind_of_case_is_read_with_the_words_of_its_fields(reader: Reader) -> None:
    assert set(CASE_EXAMPLES) == set(CASE_TYPES) == set(RULES_ZH)
    for rule, example in CASE_EXAMPLES.items():
        case = reader.case(changed(example))
        assert type(case) is CASE_TYPES[rule]
        for name, value in example.items():
            if name != "rule":
                got = getattr(case, name)
                assert str(got) == str(value)
                assert isinstance(got, date) == name.endswith("_on")


def test_a_field_of_two_vocabularies_takes_the_words_of_both(reader: Reader) -> None:
    for word in (*ChronicDisease, *MedicationScheme):
        case = reader.case(changed(CASE_EXAMPLES["chronic"], disease=word.value))
        assert isinstance(case, ChronicCase)
        assert case.disease is word


def test_what_may_be_left_out_has_the_default_of_the_law(reader: Reader) -> None:
    case = reader.case(changed(STAY))
    assert isinstance(case, InpatientCase)
    assert (case.stays_before, case.pooled_before_fen, case.critical_illness_before_fen) == (0, 0, 0)


BAD = [
    ({"total_fen": 3_860_000.0}, "amount_not_whole_fen", "total_fen", "整数，单位是分"),
    ({"total_fen": 1.5}, "amount_not_whole_fen", "total_fen", "1.5"),
    ({"total_fen": -1}, "amount_negative", "total_fen", "-1"),
    ({"total_fen": True}, "field_type", "total_fen", "true"),
    ({"total_fen": "3860000"}, "field_type", "total_fen", "不加引号"),
    ({"total_fen": None}, "field_type", "total_fen", "null"),
    ({"total_fen": [1]}, "field_type", "total_fen", "[1]"),
    ({"total_fen": AMOUNT_MAX_FEN + 1}, "amount_too_large", "total_fen", "最大"),
    ({"total_fen": 10**40}, "amount_too_large", "total_fen", "最大"),
    ({"stays_before": 10_000}, "amount_too_large", "stays_before", "9999"),
    ({"stays_before": -1}, "amount_negative", "stays_before", "-1"),
    ({"pooled_before_fen": -1}, "amount_negative", "pooled_before_fen", "今年统筹基金已付"),
    ({"total_fen": ...}, "field_missing", "total_fen", "总费用"),
    ({"rule": ...}, "field_missing", "rule", "inpatient（住院）"),
    ({"rule": "inpatent"}, "rule_unknown", "rule", "outpatient（普通门诊）"),
    ({"rule": 5}, "field_type", "rule", "5"),
    ({"totl_fen": 5}, "field_unknown", "totl_fen", "是不是 total_fen？"),
    ({"姓名": "张三"}, "field_unknown", "姓名", "可以写的有"),
    ({"path": "refered"}, "word_unknown", "path", "referral（转诊）"),
    ({"path": 5}, "field_type", "path", "文本"),
    ({"category": "active"}, "category_does_not_fit", "category", "居民医保没有“在职”"),
    ({"insured_pool": "110000"}, "pool_unknown", "insured_pool", "140100（太原市）"),
    ({"insured_pool": "太原"}, "pool_unknown", "insured_pool", "140100（太原市）"),
    ({"insured_pool": 140100}, "field_type", "insured_pool", "140100"),
    ({"insured_pool": "1" * 65}, "field_type", "insured_pool", "最多 64 个字"),
    ({"settled_on": "2026-02-30"}, "day_unreadable", "settled_on", "2026-02-30"),
    ({"settled_on": "20261121"}, "day_unreadable", "settled_on", "2026-11-20 这样"),
    ({"settled_on": "2026-W47-6"}, "day_unreadable", "settled_on", "2026-W47-6"),
    ({"settled_on": "2026-11-21T00:00:00"}, "day_unreadable", "settled_on", "2026-11-21T00"),
    ({"settled_on": ""}, "day_unreadable", "settled_on", "“”"),
    ({"settled_on": 20261121}, "field_type", "settled_on", "文本"),
    ({"settled_on": "2026-11-11"}, "days_out_of_order", "settled_on", "2026年11月12日"),
    ({"admitted_on": "1999-01-01", "settled_on": "1999-01-02"}, "day_outside_law", "settled_on", "最早的从 20"),
    ({"in_scope_fen": 3_860_001}, "in_scope_above_total", "in_scope_fen", "38,600.01"),
    ({"total_fen": 3_860_001}, "amounts_do_not_add_up", "total_fen", "38,600.01"),
    ({"preselfpay_fen": 0}, "amounts_do_not_add_up", "total_fen", "37,680.00"),
]


@pytest.mark.parametrize(("fields", "code", "field", "words"), BAD, ids=[f"{bad[1]}-{bad[2]}" for bad in BAD])
def test_what_is_wrong_is_named(reader: Reader, fields: dict[str, Any], code: str, field: str, words: str) -> None:
    problem = refused(reader, changed(STAY, **fields))
    assert (problem["code"], problem["field"]) == (code, field)
    assert words in problem["sentence"]
    assert "also" not in problem


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "没有写完"),
        (b"   ", "没有写完"),
        (b"{", "没有写完"),
        (b'{"rule":"inpatient",}', "字节附近有错"),
        (b"[]", "最外层要是一个对象"),
        (b"null", "最外层要是一个对象"),
        (b'"x"', "最外层要是一个对象"),
        (b"NaN", "不是合格的 JSON"),
        (b"{} {}", "字节附近有错"),
        (b'{"rule": "\xff"}', "UTF-8"),
        (b'{"rule": "\\ud800"}', "不是合格的 JSON"),
        (b'{"rule": ' + b"[" * 100_000, "JSON"),
        (b"[" * 100_000, "JSON"),
    ],
)
def test_what_is_no_json_object_is_said_so(reader: Reader, text: bytes, words: str) -> None:
    problem = refused(reader, text)
    assert (problem["code"], problem["field"]) == ("document_malformed", None)
    assert words in problem["sentence"]


def test_everything_that_is_wrong_is_said_at_once(reader: Reader) -> None:
    problem = refused(reader, changed(STAY, total_fen=-1, path="x", category=..., more=1))
    assert [problem["code"], *(each["code"] for each in problem["also"])] == [
        "field_unknown",
        "field_missing",
        "word_unknown",
        "amount_negative",
    ]
    together = refused(reader, changed(STAY, insured_pool="110000", category="active", total_fen=0))
    assert {together["code"], *(each["code"] for each in together["also"])} == {
        "pool_unknown",
        "category_does_not_fit",
        "in_scope_above_total",
    }


def test_a_sentence_quotes_no_long_or_unprintable_text(reader: Reader) -> None:
    problem = refused(reader, changed(STAY, path="坏" * 500))
    assert "坏" * 39 + "…" in problem["sentence"]
    problem = refused(reader, changed(STAY, path="\n\x1b[31m"))
    assert "\x1b" not in problem["sentence"]
    assert "\n" not in problem["sentence"]


@pytest.mark.parametrize("place", ["14010", "1401000", "14010x", "１４０１００", "太原"])
def test_a_place_of_treatment_is_six_digits(reader: Reader, place: str) -> None:
    with pytest.raises(Refusal) as caught:
        reader.question(changed(QUESTION_EXAMPLE, treatment_pool=place))
    assert problem_document(caught.value)["code"] == "place_invalid"
    assert reader.question(changed(QUESTION_EXAMPLE, treatment_pool="")).treatment_pool == ""


def test_a_question_of_a_day_before_all_law_says_since_when_there_is_some(reader: Reader) -> None:
    with pytest.raises(Refusal) as caught:
        reader.question(changed(QUESTION_EXAMPLE, on="1998-06-30"))
    problem = problem_document(caught.value)
    assert (problem["code"], problem["field"]) == ("day_outside_law", "on")
    assert "1998年6月30日" in problem["sentence"]


def test_every_field_that_comes_in_has_a_chinese_name() -> None:
    for form in (QUESTION_FORM, CASE_FORM):
        for shape in form.shapes.values():
            assert [field.name for field in shape.fields] == list(get_type_hints(shape.made))
            assert [field.name for field in shape.fields if field.name not in LABELS] == []


# Values of every kind, right and wrong, for every field there is and some there are not.
NAMES = st.sampled_from([*STAY, "stays_before", "pooled_before_fen", "treatment_pool", "on", "x", ""])
VALUES: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 5_000_000),
    st.integers(),
    st.floats(),
    st.sampled_from([*STAY.values(), "2026-02-30", "2026-1-1", "0001-01-01", "9999-12-31", "140100", "149999"]),
    st.text(max_size=80),
    st.lists(st.none(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.none(), max_size=2),
)


@given(st.dictionaries(NAMES, VALUES, max_size=4), st.sets(NAMES, max_size=2))
def test_the_slow_reading_finds_a_reason_for_all_that_the_fast_one_refuses(
    pack: Pack, fields: dict[str, Any], left_out: set[str]
) -> None:
    document = {name: value for name, value in {**STAY, **fields}.items() if name not in left_out}
    text = json.dumps(document).encode()
    problem = problem_in(pack, text)
    if problem is None:
        return
    if problem["code"] == "document_malformed":
        # Only what JSON itself does not know: NaN, Infinity, half a surrogate pair.
        with pytest.raises((msgspec.DecodeError, UnicodeDecodeError)):
            msgspec.json.decode(text)
    else:
        assert problem["field"] is not None


def problem_in(pack: Pack, text: bytes) -> dict[str, Any] | None:
    try:
        Reader(pack).case(text)
    except Refusal as refusal:
        return problem_document(refusal)
    return None


@given(st.binary(max_size=200))
def test_no_bytes_do_more_than_be_refused(pack: Pack, text: bytes) -> None:
    with pytest.raises(Refusal):
        Answers(pack).compute(text)


def test_a_type_no_document_can_hold_is_refused_when_the_form_is_made() -> None:
    @dataclass
    class Odd:
        name: bytes

    with pytest.raises(TypeError, match="name"):
        Form(Odd)
