"""Whom to call: a name and a mobile number as people type them."""

import re
import unicodedata
from typing import NamedTuple

from tongban.kernel.errors import Refusal

_NAME_LENGTH_MAX = 50
_PHONE_DIGITS = 11
_DIALLED_MIN = 3


class ContactWrong(Refusal):
    code = "contact_wrong"


class PhoneNumber(NamedTuple):
    """`shown` as it was written, `dialled` in plain digits with the area code."""

    shown: str
    dialled: str


def phone_numbers(text: str) -> list[PhoneNumber]:
    """The numbers of a directory's line, which may hold several: ``0351-4957436;7797041`` are two of one city."""
    found: list[PhoneNumber] = []
    area = ""
    for part in re.split(r"[;,、/]|\s{2,}|或", unicodedata.normalize("NFKC", text)):
        shown = part.strip()
        digits = re.sub(r"\D", "", shown.partition("转")[0])
        if len(digits) < _DIALLED_MIN:  # 0351-2377283/84: the rest of the number before
            if digits and found:
                found[-1] = PhoneNumber(f"{found[-1].shown}/{shown}", found[-1].dialled)
            continue
        if with_area := re.match(r"\(?(0\d{2,3})[)\-—\s]", shown):
            area = with_area[1]
        elif area and re.fullmatch(r"[2-8]\d{6,7}", digits):
            digits = area + digits
        found.append(PhoneNumber(shown, digits))
    return found


def name_problem(name: str, *, field: str = "contact") -> Refusal | None:
    """What is wrong with a contact's name; None when nothing is."""
    if not name:
        return ContactWrong("请填联系人姓名", field=field)
    if len(name) > _NAME_LENGTH_MAX or re.search(r"[0-9<>{}\\/@#]", name):
        return ContactWrong("联系人姓名里有不该有的字，请只写姓名", field=field)
    return None


def tidy_phone(text: str) -> str:
    """Spaces, dashes, brackets and a leading +86 dropped, full-width digits made plain."""
    plain = re.sub(r"[\s\-—()（）]", "", unicodedata.normalize("NFKC", text))
    return re.sub(r"^(\+|00)86", "", plain)


def phone_problem(phone: str, *, field: str = "tel") -> Refusal | None:
    """What is wrong with a mobile number; landlines with an area code of eleven digits are taken too."""
    if not phone:
        return ContactWrong("请填手机号，一共 11 位", field=field)
    if not (phone.isascii() and phone.isdigit()):
        return ContactWrong("手机号里有不是数字的字，请只填 11 位数字", field=field)
    if len(phone) != _PHONE_DIGITS:
        return ContactWrong(f"手机号应该是 11 位，您填了 {len(phone)} 位", field=field)
    if phone[0] not in "01":
        return ContactWrong(f"手机号是 1 开头的，您填的是 {phone[0]} 开头，请再看一下", field=field)
    return None
