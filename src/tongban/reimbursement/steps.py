"""The pages of a claim, in their order, and the fields of each."""

from collections.abc import Mapping
from typing import Final

from tongban.kernel.vocabulary import Word

FOR_SELF: Final = "self"
FOR_OTHER: Final = "other"
INVOICES_MAX: Final = 8


class Step(Word):
    """Several may stand under one number."""

    WHO = "who", "给谁报"
    HOSPITAL = "hospital", "在哪家医院住的"
    STAY = "stay", "什么时候住的"
    PHOTOS = "photos", "拍照片"
    INVOICES = "invoices", "核对发票"
    BANK = "bank", "收钱的银行卡"
    REVIEW = "review", "核对一遍"
    SIGN = "sign", "签承诺书"


class Injury(Word):
    """What somebody says of the reason for the stay."""

    NO = "no", "不是"
    NOBODY = "nobody", "是受伤，没有别人的责任"
    LIABLE = "liable", "是受伤，有别人的责任"
    UNCLEAR = "unclear", "是受伤，责任还说不清"


INVOICE_KEYS: Final = tuple(
    f"{name}_{row}" for row in range(1, INVOICES_MAX + 1) for name in ("number", "date", "amount")
)
KEYS: Final[Mapping[Step, tuple[str, ...]]] = {
    Step.WHO: ("whom", "name", "id_number", "relation", "phone"),
    Step.HOSPITAL: ("area", "search", "hospital"),
    Step.STAY: ("care", "admitted", "discharged", "total", "injury", "insurance"),
    Step.PHOTOS: (),
    Step.INVOICES: ("rows", *INVOICE_KEYS),
    Step.BANK: ("holder", "bank", "card"),
}
