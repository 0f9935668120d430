"""Resident ID numbers (GB 11643) and the numbers Tongban itself gives out."""

import re
from datetime import date
from typing import NamedTuple

from tongban.kernel.errors import Refusal

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_CHARACTERS = "10X98765432"
_EARLIEST_BIRTH = date(1850, 1, 1)


class InvalidIdNumber(Refusal):
    code = "id_number_invalid"


def id_check_character(first17: str) -> str:
    """The eighteenth character that belongs to seventeen digits. Source: GB 11643-1999, ISO 7064 MOD 11-2."""
    return _CHECK_CHARACTERS[sum(int(d) * w for d, w in zip(first17, _WEIGHTS, strict=True)) % 11]


class ResidentId(NamedTuple):
    """A checked resident ID number. The six leading digits are not looked up: many valid ones name places that
    no longer exist, and permits of 810000/820000/830000 are valid too."""

    number: str
    birth_date: date
    is_male: bool

    @property
    def division_code(self) -> str:
        return self.number[:6]


def parse_resident_id(text: str, today: date, *, field: str | None = "id_number") -> ResidentId:
    """The number in `text`; spaces are dropped and a small x is taken for X.

    Raises InvalidIdNumber with a sentence that says which part is wrong. `today` bounds the birth date.
    """
    number = re.sub(r"[\s\u3000]", "", text).upper()
    if not number:
        raise InvalidIdNumber("请填身份证号，一共 18 位", field=field)
    if len(number) != 18:
        raise InvalidIdNumber(f"身份证号应该是 18 位，您填了 {len(number)} 位", field=field)
    if not re.fullmatch(r"[0-9]{17}[0-9X]", number):
        raise InvalidIdNumber("身份证号只能是数字，最后一位可以是 X，请对照证件再填一次", field=field)
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        raise InvalidIdNumber(
            f"身份证号第 7 到 14 位是出生日期。{number[6:14]} 不是真实的日期，请对照证件再填一次", field=field
        ) from None
    if born > today:
        raise InvalidIdNumber(f"身份证号里的出生日期 {number[6:14]} 还没到，请对照证件再填一次", field=field)
    if born < _EARLIEST_BIRTH:
        raise InvalidIdNumber(f"身份证号里的出生年份 {number[6:10]} 太早，请对照证件再填一次", field=field)
    if id_check_character(number[:17]) != number[17]:
        raise InvalidIdNumber("身份证号有一位不对（校验位不符），请对照证件再填一次", field=field)
    return ResidentId(number, born, is_male=int(number[16]) % 2 == 1)


def mask_id_number(number: str) -> str:
    """``140105…0021`` → ``1401**********0021``."""
    return number[:4] + "*" * (len(number) - 8) + number[-4:]


def mask_person_number(person_id: int) -> str:
    """``300123456789012`` → ``3001*******9012``."""
    return mask_id_number(f"{person_id:0{PERSON_NUMBER_LENGTH}d}")


def mask_phone(number: str) -> str:
    """``19912345678`` → ``199****5678``; a number too short to have a middle is hidden whole."""
    if len(number) < 8:
        return "*" * len(number)
    return number[:3] + "*" * (len(number) - 7) + number[-4:]


def mask_name(name: str) -> str:
    """``王秀兰`` → ``王*兰``; ``王兰`` → ``王*``."""
    return name[:1] + "*" * max(1, len(name) - 2) + (name[-1:] if len(name) > 2 else "")


class OutsideNumber(NamedTuple):
    """A number the outside world holds for a row of ours: it carries the person, so no look-up has to search.

    Written as kind letter, fifteen digits of the person, the serial, two check digits (ISO 7064 MOD 97-10).
    Knowing a number gives no right to anything: every use case checks who asks.
    """

    kind: str
    person_id: int
    serial: int

    def __str__(self) -> str:
        body = f"{self.person_id:015d}{self.serial}"
        return f"{self.kind}{body}{98 - int(body) * 100 % 97:02d}"


class InvalidNumber(Refusal):
    code = "number_invalid"
    status = 404


FILING = "B"  # 备案
ENCOUNTER = "J"  # 就诊
SETTLEMENT = "S"  # 结算
MATERIAL = "M"  # 材料照片
GRANT = "G"  # 家庭共济授权
PREMIUM = "P"  # 帮家人交的保费
CLAIM = "R"  # 手工报销
CHRONIC = "C"  # 慢特病认定申请
JOURNEY = "Y"  # 一件事
PERSON_NUMBER_LENGTH = 15


def parse_outside_number(text: str, kind: str) -> OutsideNumber:
    """Raises InvalidNumber when `text` is no number of that kind (wrong letter, length or check digits)."""
    match = re.fullmatch(rf"{kind}(\d{{15}})(\d{{1,12}})(\d\d)", text.strip().replace(" ", "").upper())
    if match is None or int(match[1] + match[2] + match[3]) % 97 != 1:
        raise InvalidNumber("没有找到这个号码，请核对后再试")
    return OutsideNumber(kind, int(match[1]), int(match[2]))
