"""The words a text may use, each written for people."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any, TypeAlias

from tongban.kernel.dates import zh_date
from tongban.kernel.money import percent, points, yuan
from tongban.law.explaining.registry import FIELDS, SLOTS, case_words
from tongban.law.explaining.view import View
from tongban.law.model import CASE_WORDS
from tongban.law.pack import Pack


class Words(dict[str, str]):
    """The words of one record, each written only once: those given at the start, the others when a text asks."""

    def __init__(self, pack: Pack, view: View, written: Mapping[str, str] = MappingProxyType({})) -> None:
        super().__init__(written)
        self.pack, self.view = pack, view
        self.writers = WRITERS[view.rule]

    def __missing__(self, word: str) -> str:
        made = self[word] = self.writers[word](self)
        return made


Writer: TypeAlias = Callable[[Words], str]


def _value_text(pack: Pack, used: Mapping[str, Any]) -> str:
    definition = pack.definitions.get(used["parameter"])
    unit = definition.unit if definition else ""
    if unit == "fen":
        return yuan(used["value"])
    return percent(used["value"]) if unit == "bp" else str(used["value"])


def _minus(*names: str) -> Writer:
    """``38,600.00 − 2,400.00``: the first amount less the others; what is zero is not written."""
    first, *rest = names
    return lambda words: " − ".join([words[first], *[words[name] for name in rest if words.view.amounts[name]]])


def _critical_working(words: Words) -> str:
    """The working of critical-illness insurance over the whole year, so that the stay's own part can be checked."""
    amounts, used = words.view.amounts, words.view.used
    threshold_fen = used["critical_threshold"]["value"] if "critical_threshold" in used else 0
    base = words["critical_first_base_fen"]
    if amounts["critical_first_base_fen"] == amounts["borne_year_fen"] - threshold_fen:
        base = f"({words['borne_year_fen']} − {words['value_critical_threshold']})"
    working = f"{base} × {words['value_critical_rate']}"
    if amounts["critical_second_fen"]:
        working += f" + {words['critical_second_base_fen']} × {words['value_critical_second_rate']}"
    if amounts["critical_before_fen"]:
        working += f" − 今年已报 {words['critical_before_fen']}"
    due_now_fen = max(amounts["critical_year_fen"] - amounts["critical_before_fen"], 0)
    if amounts["critical_illness_fen"] < due_now_fen:
        working += f"，最多 {words['critical_illness_fen']}"
    return working


_WORKINGS: Mapping[str, Writer] = {
    # Of the first amount taken off; whoever tells the steps changes it for those that follow.
    "subtract": lambda words: "先减",
    "settled_day": lambda words: zh_date(date.fromisoformat(words.view.case["settled_on"])),
    "above_working": _minus("total_fen", "self_funded_fen", "over_price_cap_fen", "preselfpay_fen", "deductible_fen"),
    "in_scope_working": _minus("total_fen", "self_funded_fen", "over_price_cap_fen", "preselfpay_fen"),
    "critical_working": _critical_working,
    "person_working": _minus("total_fen", "pooled_fund_fen", "critical_illness_fen", "medical_assistance_fen"),
}


# -- the words all bills of a kind share: they must ask for nothing but the words of the case and the used values ----


def _value(slot: str) -> Writer:
    return lambda words: _value_text(words.pack, words.view.used[slot]) if slot in words.view.used else ""


def _label(word: str) -> Writer:
    labels = {str(member): member.zh for vocabulary in CASE_WORDS[word] for member in vocabulary}
    return lambda words: labels[words.view.case[word]]


def _shared_writers(rule: str) -> dict[str, Writer]:
    return {
        "pool": lambda words: words.pack.scope_name(words.view.case["insured_pool"]),
        **{f"value_{slot}": _value(slot) for slot in SLOTS[rule]},
        **{word: _label(word) for word in case_words(rule)},
    }


# -- the words that differ from bill to bill ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AmountWord:
    """A word that is an amount of the breakdown, and how it is shown."""

    field: str
    show: Callable[[int], str]

    def __call__(self, words: Words) -> str:
        return self.show(words.view.amounts[self.field])


def _amount_words(fields: tuple[str, ...]) -> dict[str, Writer]:
    made: dict[str, Writer] = {}
    for field in fields:
        if field.endswith("_bp"):
            made[field], made[f"{field}_points"] = AmountWord(field, percent), AmountWord(field, points)
        else:
            made[field] = AmountWord(field, yuan if field.endswith("_fen") else str)
    return made


# Which way a word is written is settled once, not for every bill.
_SHARED = {rule: _shared_writers(rule) for rule in FIELDS}
WRITERS: Mapping[str, Mapping[str, Writer]] = {
    rule: {**_SHARED[rule], **_WORKINGS, **_amount_words(fields)} for rule, fields in FIELDS.items()
}


def known_words(rule: str) -> set[str]:
    """What may stand between braces in a text of `rule`."""
    return set(WRITERS[rule])


def is_shared(rule: str, word: str) -> bool:
    """Whether all bills of a kind write the word alike."""
    return word in _SHARED[rule] and word not in FIELDS[rule]
