"""ID numbers of GB 11643, numbers of our own, and what may be shown of either.

The ID numbers here are made up; only their form is right.
"""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tongban.kernel.identifiers import (
    ENCOUNTER,
    FILING,
    SETTLEMENT,
    InvalidIdNumber,
    InvalidNumber,
    OutsideNumber,
    id_check_character,
    mask_id_number,
    mask_name,
    mask_person_number,
    mask_phone,
    parse_outside_number,
    parse_resident_id,
)

TODAY = date(2026, 11, 20)

people = st.integers(min_value=10**14, max_value=10**15 - 1)
serials = st.integers(min_value=1, max_value=10**12 - 1)
kinds = st.sampled_from([FILING, ENCOUNTER, SETTLEMENT])


def id_number(first17: str) -> str:
    return first17 + id_check_character(first17)


# --- ID numbers --------------------


def test_the_standards_own_example_is_accepted() -> None:
    # The worked example printed in GB 11643-1999.
    checked = parse_resident_id("11010519491231002X", TODAY)
    assert (checked.birth_date, checked.is_male, checked.division_code) == (date(1949, 12, 31), False, "110105")


def test_spaces_and_a_small_x_are_forgiven() -> None:
    assert parse_resident_id(" 110105 19491231 002x\u3000", TODAY).number == "11010519491231002X"


@pytest.mark.parametrize("division", ["810000", "820000", "830000"])
def test_residence_permits_of_people_from_elsewhere_are_id_numbers(division: str) -> None:
    number = id_number(f"{division}199001010011"[:17].ljust(17, "1"))
    assert parse_resident_id(number, TODAY).division_code == division


def test_a_division_that_no_longer_exists_is_no_reason_to_refuse() -> None:
    assert parse_resident_id(id_number("14240119700101001"), TODAY).division_code == "142401"


def test_the_seventeenth_digit_tells_the_sex() -> None:
    assert parse_resident_id(id_number("14010519900101001"), TODAY).is_male
    assert not parse_resident_id(id_number("14010519900101002"), TODAY).is_male


@pytest.mark.parametrize(
    ("number", "says"),
    [
        ("", "请填身份证号"),
        ("1101051949123100", "您填了 16 位"),
        ("110105491231002", "您填了 15 位"),
        ("11010519491231002XX", "您填了 19 位"),
        ("1101051949123100AX", "只能是数字"),
        ("X1010519491231002X", "只能是数字"),
        ("１１010519491231002X", "只能是数字"),
        ("110105194912310021", "校验位不符"),
        ("110105194912310020", "校验位不符"),
        (id_number("11010519490231002"), "不是真实的日期"),
        (id_number("11010520250229002"), "不是真实的日期"),
        (id_number("11010519491331002"), "不是真实的日期"),
        (id_number("11010519490001002"), "不是真实的日期"),
        (id_number("11010518491231002"), "太早"),
        (id_number("11010520261121002"), "还没到"),
    ],
)
def test_a_wrong_number_is_refused_with_what_is_wrong(number: str, says: str) -> None:
    with pytest.raises(InvalidIdNumber, match=says) as refused:
        parse_resident_id(number, TODAY)
    assert refused.value.field == "id_number"
    assert len(number) < 18 or number not in refused.value.sentence


def test_a_child_born_today_has_a_valid_number_and_tomorrows_child_has_none() -> None:
    assert parse_resident_id(id_number("14010520261120001"), TODAY).birth_date == TODAY
    with pytest.raises(InvalidIdNumber):
        parse_resident_id(id_number("14010520261121001"), TODAY)


@given(
    st.dates(min_value=date(1900, 1, 1), max_value=TODAY),
    st.integers(min_value=100_000, max_value=999_999),
    st.integers(min_value=0, max_value=999),
    st.integers(min_value=0, max_value=16),
    st.integers(min_value=1, max_value=9),
)
def test_one_wrong_digit_is_always_noticed(born: date, division: int, serial: int, place: int, shift: int) -> None:
    right = id_number(f"{division}{born:%Y%m%d}{serial:03d}")
    assert parse_resident_id(right, TODAY).birth_date == born
    wrong = right[:place] + str((int(right[place]) + shift) % 10) + right[place + 1 :]
    with pytest.raises(InvalidIdNumber):
        parse_resident_id(wrong, TODAY)


@given(st.from_regex(r"\A[0-9]{17}\Z"), st.integers(min_value=0, max_value=15))
def test_two_digits_changing_places_are_noticed(first17: str, place: int) -> None:
    right = id_number(first17)
    if right[place] == right[place + 1]:
        return
    swapped = right[:place] + right[place + 1] + right[place] + right[place + 2 :]
    assert id_check_character(swapped[:17]) != swapped[17]


# --- our own numbers --------------------


@given(kinds, people, serials)
def test_a_number_given_out_leads_back_to_its_row(kind: str, person_id: int, serial: int) -> None:
    number = OutsideNumber(kind, person_id, serial)
    assert parse_outside_number(str(number), kind) == number


@given(kinds, people, serials, st.data())
def test_one_wrong_digit_of_our_number_finds_nothing(
    kind: str, person_id: int, serial: int, data: st.DataObject
) -> None:
    text = str(OutsideNumber(kind, person_id, serial))
    place = data.draw(st.integers(min_value=1, max_value=len(text) - 1))
    digit = data.draw(st.sampled_from([d for d in "0123456789" if d != text[place]]))
    with pytest.raises(InvalidNumber):
        parse_outside_number(text[:place] + digit + text[place + 1 :], kind)


@given(kinds, people, serials, st.data())
def test_neighbouring_digits_changing_places_find_nothing(
    kind: str, person_id: int, serial: int, data: st.DataObject
) -> None:
    text = str(OutsideNumber(kind, person_id, serial))
    place = data.draw(st.integers(min_value=1, max_value=len(text) - 2))
    if text[place] == text[place + 1]:
        return
    with pytest.raises(InvalidNumber):
        parse_outside_number(text[:place] + text[place + 1] + text[place] + text[place + 2 :], kind)


def test_a_filing_number_is_no_settlement_number() -> None:
    with pytest.raises(InvalidNumber):
        parse_outside_number(str(OutsideNumber(FILING, 10**14, 1)), SETTLEMENT)


@pytest.mark.parametrize("text", ["", "B", "B123", "B" + "1" * 40, "b一二三", "'; drop table filing; --"])
def test_what_is_no_number_finds_nothing(text: str) -> None:
    with pytest.raises(InvalidNumber):
        parse_outside_number(text, FILING)


def test_a_number_read_aloud_with_spaces_and_small_letter_is_found() -> None:
    number = OutsideNumber(FILING, 123456789012345, 7)
    text = str(number).lower()
    assert parse_outside_number(f" {text[:6]} {text[6:12]} {text[12:]} ", FILING) == number


# --- masks --------------------


def test_masks_show_enough_to_recognise_and_no_more() -> None:
    assert mask_id_number("11010519491231002X") == "1101**********002X"
    assert mask_person_number(300_123_456_789_012) == "3001*******9012"
    assert mask_phone("19900000001") == "199****0001"
    assert mask_phone("110") == "***"
    assert (mask_name("王秀兰"), mask_name("王兰"), mask_name("欧阳秀兰")) == ("王*兰", "王*", "欧**兰")
