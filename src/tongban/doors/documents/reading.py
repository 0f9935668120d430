"""From a document to a question or a case that the loaded law can answer: each field first, then all together."""

from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Any

from tongban.doors.documents import errors
from tongban.doors.documents.forms import Form, seen
from tongban.kernel.dates import zh_date
from tongban.kernel.errors import Invalid, Refusal
from tongban.kernel.money import yuan
from tongban.kernel.vocabulary import InsuranceType, PersonnelCategory
from tongban.law import CASE_TYPES, Case, FilingQuestion, Pack, first_day
from tongban.law import errors as law_errors
from tongban.law.keys import possible_keys

_WHO = ("insurance_type", "category")
CATEGORIES: Mapping[str, frozenset[str]] = {
    insurance_type: frozenset(category for insured, category in possible_keys(_WHO) if insured == insurance_type)
    for insurance_type in InsuranceType
}
PARTS = ("self_funded_fen", "over_price_cap_fen", "preselfpay_fen", "in_scope_fen")
_CARE_BEGINS = ("admitted_on", "visited_on")

QUESTION_FORM = Form(FilingQuestion)
CASE_FORM = Form(CASE_TYPES)


class Reader:
    """Reads questions and cases about the law of one pack."""

    def __init__(self, pack: Pack) -> None:
        self._pools: Mapping[str, str] = {
            scope.region: scope.zh for scope in pack.scopes.values() if scope.level == "pool"
        }
        self._first_day = first_day(pack)
        self._fits = {made: _fits(made, self._pools, self._first_day) for made in CASE_TYPES.values()}

    def question(self, text: bytes) -> FilingQuestion:
        """Raises DocumentMalformed or Invalid."""
        question: FilingQuestion = QUESTION_FORM.read(text)
        if question.insured_pool not in self._pools or question.on < self._first_day:
            raise Invalid(self._problems(question))
        return question

    def case(self, text: bytes) -> Case:
        """Raises DocumentMalformed or Invalid."""
        case: Case = CASE_FORM.read(text)
        if not self._fits[type(case)](case):
            raise Invalid(self._problems(case))
        return case

    def check(self, asked: Any) -> None:
        """Raises Invalid when the fields of a question, whatever fields it has, cannot be so together."""
        if problems := self._problems(asked):
            raise Invalid(problems)

    def pool(self, text: str) -> str:
        """The code of a pooling region given as code or name (140100, 太原市, 太原). Raises PoolUnknown."""
        for code, zh in self._pools.items():
            if text in (code, zh, zh.removesuffix("市")):
                return code
        raise self._unknown_pool(text, "pool")

    def _problems(self, asked: Any) -> list[Refusal]:
        """What the fields of a document say that cannot be so, or that the law knows nothing of."""
        found = [self._pool_problem(asked.insured_pool, "insured_pool"), _category_problem(asked)]
        found += [_order_problem(asked), _amounts_problem(asked)]
        found += [self._day_problem(asked, name) for name in ("on", "settled_on")]
        return [problem for problem in found if problem is not None]

    def _pool_problem(self, code: str, field: str) -> Refusal | None:
        return None if code in self._pools else self._unknown_pool(code, field)

    def _unknown_pool(self, text: str, field: str) -> Refusal:
        known = "、".join(f"{pool}（{zh}）" for pool, zh in sorted(self._pools.items()))
        return law_errors.PoolUnknown(f"{field}“{seen(text)}”的规定没有收进来，现在有 {known}", field=field)

    def _day_problem(self, asked: Any, name: str) -> Refusal | None:
        day = getattr(asked, name, None)
        if day is None or day >= self._first_day:
            return None
        since = f"最早的从 {zh_date(self._first_day)}起"
        return errors.DayOutsideLaw(f"{name} 是 {zh_date(day)}，那时的规定还没有收进来，{since}", field=name)


def _fits(made: type[Any], pools: Mapping[str, str], first: Any) -> Callable[[Any], bool]:
    """A quick check that the fields of a case agree; what exactly is wrong is found out only when they do not."""
    names = made._fields
    begins = next((names.index(name) for name in _CARE_BEGINS if name in names), names.index("settled_on"))
    settles, total = names.index("settled_on"), names.index("total_fen") if "total_fen" in names else None
    parts = itemgetter(*(names.index(name) for name in PARTS)) if set(PARTS) <= set(names) else None
    pool, insurance_type, category = (names.index(name) for name in ("insured_pool", "insurance_type", "category"))

    def fits(case: Any) -> bool:
        return (
            case[pool] in pools
            and first <= case[settles] >= case[begins]
            and case[category] in CATEGORIES[case[insurance_type]]
            and (parts is None or total is None or sum(parts(case)) == case[total])
        )

    return fits


def _category_problem(asked: Any) -> Refusal | None:
    category = getattr(asked, "category", None)
    if category is None or category in CATEGORIES[asked.insurance_type]:
        return None
    allowed = "、".join(
        f"{word.value}（{word.zh}）" for word in PersonnelCategory if word in CATEGORIES[asked.insurance_type]
    )
    return law_errors.CategoryDoesNotFit(
        f"{asked.insurance_type.zh}没有“{category.zh}”这一类人，category 只能是 {allowed}", field="category"
    )


def _order_problem(asked: Any) -> Refusal | None:
    for name in _CARE_BEGINS:
        day = getattr(asked, name, None)
        if day is not None and asked.settled_on < day:
            return law_errors.DaysOutOfOrder(
                f"settled_on（{zh_date(asked.settled_on)}）早于 {name}（{zh_date(day)}）：先看病，后结算",
                field="settled_on",
            )
    return None


def _amounts_problem(asked: Any) -> Refusal | None:
    if not all(hasattr(asked, name) for name in (*PARTS, "total_fen")):
        return None
    total, in_scope = asked.total_fen, asked.in_scope_fen
    if in_scope > total:
        return law_errors.InScopeAboveTotal(
            f"in_scope_fen（政策范围内 {yuan(in_scope)} 元）比 total_fen（总费用 {yuan(total)} 元）还多",
            field="in_scope_fen",
        )
    if (made := sum(getattr(asked, name) for name in PARTS)) != total:
        return law_errors.AmountsDoNotAddUp(
            f"total_fen 是 {yuan(total)} 元，{'、'.join(PARTS)} 加起来是 {yuan(made)} 元，两边要一样", field="total_fen"
        )
    return None
