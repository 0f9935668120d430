"""Ways of having a bill settled, in the words of the pages: what each is called, what it costs, what comes first."""

from collections.abc import Iterable
from typing import NamedTuple

from tongban.advice import Access, Option
from tongban.kernel.money import yuan
from tongban.kernel.vocabulary import CareKind, PriceClass, Situation

HOME = "home"

# What people call hospitals of the four price classes; the official words say which they are.
HOSPITALS: dict[PriceClass, str] = {
    PriceClass.CLASS_1: "大医院（三级甲等）",
    PriceClass.CLASS_2_CITY: "市里的中等医院（三级乙等、二级甲等）",
    PriceClass.CLASS_2_COUNTY: "县里的医院（二级甲等）",
    PriceClass.CLASS_3: "小医院（二级乙等和以下、社区、乡镇）",
}

_LABELS = {
    Situation.LONG_TERM: "长期住在那里，备了案",
    Situation.REFERRAL: "医院转诊过去",
    Situation.EMERGENCY: "急病，在那里抢救",
    Situation.OWN_CHOICE: "自己去，没有转诊",
}
_SHORT = {
    Situation.LONG_TERM: "长期住",
    Situation.REFERRAL: "转诊",
    Situation.EMERGENCY: "急诊",
    Situation.OWN_CHOICE: "自己去",
}
_FIRST = {
    Access.FILE_FIRST: "要先备案。",
    Access.HOSPITAL_FILES: "要先由医院办转诊备案。",
    Access.HOSPITAL_RECORDS: "要医院把转诊录进系统。",
    Access.HOSPITAL_MARKS: "要医院标上“急诊”。",
    Access.UNKNOWN: "要不要备案，先问一下。",
}


class Row(NamedTuple):
    """One bar. `own_fen` None: no source says, `reason` tells what is missing. `key` names the way in an address."""

    key: str
    label: str
    own_fen: int | None
    fund_fen: int | None
    total_fen: int
    compared: str
    first: str
    reason: str
    is_official: bool


def row(option: Option, care: CareKind, total_fen: int) -> Row:
    missing = option.undetermined
    return Row(
        key=key_of(option),
        label=label(option, care),
        own_fen=option.own_share_fen,
        fund_fen=option.fund_fen,
        total_fen=total_fen,
        compared="" if option.is_home else compared(option.difference_fen),
        first=first(option),
        reason=missing.reason if missing is not None else "",
        is_official=missing is None and option.confidence == "official",
    )


def key_of(option: Option) -> str:
    return HOME if option.is_home else str(option.situations[-1])


def label(option: Option, care: CareKind) -> str:
    if option.is_home:
        return "就在参保地看"
    if len(option.situations) == len(Situation):
        return "去那里看"
    if option.situations[-1] is Situation.OWN_CHOICE and care is not CareKind.INPATIENT:
        return "临时去那里看"
    return _LABELS[option.situations[-1]]


def first(option: Option) -> str:
    """What has to be done first, and who else is settled the same way."""
    if option.is_home:
        return "不用备案。"
    said = "您已经备过案了。" if option.is_filed else _FIRST.get(option.access, "不用先备案。")
    same = option.situations[:-1]
    return f"{said}{_joined(same)}也一样。" if same else said


def compared(difference_fen: int | None) -> str:
    """Against staying at home; empty where either amount is not known."""
    if difference_fen is None:
        return ""
    if difference_fen == 0:
        return "和在参保地看一样"
    return f"比在参保地{'多' if difference_fen > 0 else '少'}付 {yuan(abs(difference_fen))} 元"


def beside(other: Row, chosen: Row) -> Row:
    """`other` compared with the way that is looked at instead of with staying at home."""
    if other.own_fen is None or chosen.own_fen is None or other.key == chosen.key:
        return other._replace(compared="")
    more_fen = other.own_fen - chosen.own_fen
    if more_fen == 0:
        return other._replace(compared="付的一样多")
    return other._replace(compared=f"{'多' if more_fen > 0 else '少'}付 {yuan(abs(more_fen))} 元")


def _joined(situations: Iterable[Situation]) -> str:
    return "、".join(_SHORT[situation] for situation in situations)
