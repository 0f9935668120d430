"""The words a text may use, each written for people."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, TypeAlias

from tongban.kernel.dates import zh_date
from tongban.kernel.money import percent, points, yuan
from tongban.law.explaining.registry import CASE_WORDS, FIELDS, SLOTS
from tongban.law.explaining.view import View
from tongban.law.pack import Pack


class Words(dict[str, str]):
    """The words a text may use, written for people only when one asks for them."""

    def __init__(self, pack: Pack, view: View) -> None:
        super().__init__()
        self.pack, self.view = pack, view
        self.writers = _WRITERS[view.record["rule"]]

    def fill(self, text: str) -> str:
        return text.format_map(self) if "{" in text else text

    def __missing__(self, word: str) -> str:
        made = self[word] = self.writers[word](self.pack, self.view, self)
        return made


def _value_text(pack: Pack, used: Mapping[str, Any]) -> str:
    definition = pack.definitions.get(used["parameter"])
    unit = definition.unit if definition else ""
    if unit == "fen":
        return yuan(used["value"])
    return percent(used["value"]) if unit == "bp" else str(used["value"])


def _minus(view: View, words: Mapping[str, str], first: str, rest: tuple[str, ...]) -> str:
    """``38,600.00 − 2,400.00``: what is zero is not written."""
    return " − ".join([words[first], *[words[name] for name in rest if view.amounts[name]]])


def _above_working(pack: Pack, view: View, words: Mapping[str, str]) -> str:
    return _minus(
        view, words, "total_fen", ("self_funded_fen", "over_price_cap_fen", "preselfpay_fen", "deductible_fen")
    )


def _critical_working(pack: Pack, view: View, words: Mapping[str, str]) -> str:
    """The working of critical-illness insurance over the whole year, so that the stay's own part can be checked."""
    amounts = view.amounts
    threshold_fen = view.used["critical_threshold"]["value"] if "critical_threshold" in view.used else 0
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


Writer: TypeAlias = Callable[[Pack, View, Mapping[str, str]], str]

_WORKINGS: Mapping[str, Writer] = {
    "pool": lambda pack, view, words: pack.scope_name(view.case["insured_pool"]),
    "settled_day": lambda pack, view, words: zh_date(date.fromisoformat(view.case["settled_on"])),
    "above_working": _above_working,
    "critical_working": _critical_working,
    # Of the first amount taken off; `steps` changes it for those that follow.
    "subtract": lambda pack, view, words: "先减",
    "person_working": lambda pack, view, words: _minus(
        view, words, "total_fen", ("pooled_fund_fen", "critical_illness_fen", "medical_assistance_fen")
    ),
}


def _writer(word: str, fields: tuple[str, ...]) -> Writer:
    if word in fields:
        show = yuan if word.endswith("_fen") else percent if word.endswith("_bp") else str
        return lambda pack, view, words: show(view.amounts[word])
    if word.startswith("value_"):
        slot = word.removeprefix("value_")
        return lambda pack, view, words: _value_text(pack, view.used[slot]) if slot in view.used else ""
    if word.endswith("_points"):
        field = word.removesuffix("_points")
        return lambda pack, view, words: points(view.amounts[field])
    if word in CASE_WORDS:
        labels = {str(member): member.zh for member in CASE_WORDS[word]}
        return lambda pack, view, words: labels[view.case[word]]
    return _WORKINGS[word]


def known_words(rule: str) -> set[str]:
    """What may stand between braces in a text of `rule`."""
    fields = FIELDS[rule]
    return {
        *fields,
        *(f"{field}_points" for field in fields if field.endswith("_bp")),
        *(f"value_{slot}" for slot in SLOTS[rule]),
        *CASE_WORDS,
        *_WORKINGS,
    }


# Which way a word is written is settled once, not for every bill.
_WRITERS = {rule: {word: _writer(word, fields) for word in known_words(rule)} for rule, fields in FIELDS.items()}
