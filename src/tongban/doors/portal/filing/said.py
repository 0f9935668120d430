"""Advice in words: what a filing is about, and the difference it makes in yuan."""

from typing import NamedTuple

from tongban.advice import Access, Advice, Effect, FiledBy, KindAdvice, Place
from tongban.doors.portal import ways
from tongban.doors.portal.filing.words import short_name
from tongban.kernel.money import yuan
from tongban.kernel.vocabulary import CareKind


class Money(NamedTuple):
    """The difference, and on which bill it was computed; `about` is empty where no amount is known."""

    sentence: str
    about: str


def facts(found: Advice) -> list[tuple[str, str]]:
    """In the order people ask: who files it, to which place, when, for how long, and what if not."""
    if not found.kinds:
        return [("不办会怎样", found.if_not)] if found.if_not else []
    by_hospital = found.filed_by is FiledBy.HOSPITAL
    # Kinds offered together differ in their papers; where they differ in their terms, the first speaks.
    first = found.kinds[0]
    told = [
        ("谁来办", "转出的医院" if by_hospital else "您自己在网上办，5 分钟左右"),
        ("备到哪里", _place(found.place, by_hospital=by_hospital)),
        ("什么时候办", _when(first)),
        ("管多久", _how_long(first)),
    ]
    return [*told, ("不办会怎样", found.if_not)] if found.if_not else told


def _place(place: Place, *, by_hospital: bool) -> str:
    said = "备到市。"
    if place.region is not None:
        said = f"备到{place.region.full_name}。"
    elif place.provincial:
        said = f"{'、'.join(short_name(name) for name in place.provincial)}备到省一级，别的地方备到市。"
    return f"{said}只管接收医院的那个地方。" if by_hospital else f"{said}那里能直接结算的医院都能去。"


def _when(kind: KindAdvice) -> str:
    said = "去看病以前。" if kind.terms.must_start_before_admission else "随时。"
    days = kind.terms.backdate_days_max
    return f"{said}住了院、还没结算的，能往前补 {days} 天。" if days else said


def _how_long(kind: KindAdvice) -> str:
    months = kind.terms.months_valid
    if kind.terms.stays_max is not None:
        return f"管 {kind.terms.stays_max} 次住院"
    return "长期有效，您改了才变" if months is None else f"{months} 个月，里面可以看多次"


def money(found: Advice, *, is_provincial: bool) -> Money | None:
    """None where nothing changes or no bill is known to speak about."""
    effect = found.effect
    if effect is None:
        return None
    hospital = (
        "今年第一次住院，大医院（三级甲等）" if found.question.care is CareKind.INPATIENT else "大医院（三级甲等）"
    )
    about = f"{effect.typical.zh}。按{hospital}、全部能报来算，是估算。"
    return Money(_difference(found, effect, is_provincial), about if _is_known(effect) else "")


def _is_known(effect: Effect) -> bool:
    """Whether an amount is told at all: of the way advised, and of what it is compared with."""
    other = effect.otherwise or effect.estimate.home
    return effect.as_advised.undetermined is None and other.undetermined is None


def _difference(found: Advice, effect: Effect, is_provincial: bool) -> str:
    mine, saving_fen = effect.as_advised, effect.saving_fen
    if mine.undetermined is not None:
        if is_provincial and effect.estimate.home.undetermined is not None:
            return "报多少，各市不一样。选好参保的市，就能比。"
        return mine.undetermined.reason
    if saving_fen:
        return f"{_done(mine.access)}，自己{'少' if saving_fen > 0 else '多'}付 {yuan(abs(saving_fen))} 元。"
    if saving_fen == 0 or (effect.otherwise is None and found.filed_by is not FiledBy.NOBODY):
        return f"{_done(mine.access)}和不办，自己付的一样多。"
    if effect.otherwise is not None:
        return "不办的话报多少，没有查到规定。"
    said = ways.compared(mine.difference_fen)
    return f"去那里看，{said}。" if said else "在参保地看报多少，没有查到规定。"


def _done(access: Access) -> str:
    return {Access.HOSPITAL_MARKS: "标上急诊", Access.HOSPITAL_RECORDS: "录好转诊"}.get(access, "备了案")


def rows(found: Advice) -> list[ways.Row]:
    """Bars: as advised beside what happens otherwise, or beside staying at home."""
    effect = found.effect
    if effect is None or effect.as_advised.undetermined is not None:
        return []
    mine, other = effect.as_advised, effect.otherwise
    shown = [effect.estimate.home, mine] if other is None else [mine, other]
    bill = effect.typical.bill
    return [ways.row(option, bill.care, bill.total_fen) for option in shown]
