"""The reason for every amount, told from the stored record: nothing is computed again, only put into words."""

from collections.abc import Callable, Mapping
from datetime import date
from string import Formatter
from typing import Any, TypeAlias

from tongban.kernel.dates import zh_date
from tongban.kernel.money import percent, points, yuan
from tongban.kernel.vocabulary import (
    Confidence,
    InsuranceType,
    Locality,
    PersonnelCategory,
    PriceClass,
    Word,
)
from tongban.law.model import BenefitPath, Step
from tongban.law.pack import Pack, SourceRef, StepText, Told, Variant, Wording, worst
from tongban.law.reading import Node
from tongban.law.rules.inpatient import InpatientBreakdown
from tongban.law.rules.outpatient import NO_LIMIT, OutpatientBreakdown

_EFFECTS = ("base", "minus", "plus", "result", "note")
_SIGNS = {"minus": "− ", "plus": "报 "}
_TEXTS = Wording._fields
_CASE_WORDS: Mapping[str, type[Word]] = {
    "insurance_type": InsuranceType,
    "category": PersonnelCategory,
    "locality": Locality,
    "path": BenefitPath,
    "price_class": PriceClass,
}
_FIELDS = {"inpatient": InpatientBreakdown._fields, "outpatient": OutpatientBreakdown._fields}
_SLOTS = {
    "inpatient": (
        "deductible",
        "second_stay",
        "later_stay",
        "rate",
        "adjustment",
        "ceiling",
        "critical_threshold",
        "critical_rate",
        "critical_second_threshold",
        "critical_second_rate",
        "critical_is_banded",
        "critical_ceiling",
    ),
    "outpatient": ("deductible", "deductible_annual", "rate", "adjustment", "visit_ceiling", "ceiling"),
}


class _View:
    """A stored record with short names for what predicates and texts ask of it."""

    def __init__(self, record: Mapping[str, Any]) -> None:
        self.record = record
        self.amounts: Mapping[str, int] = record["breakdown"] or {}
        self.case: Mapping[str, Any] = record["case"]
        self.used: Mapping[str, Mapping[str, Any]] = record["used"]
        # What the told sources of a value depend on, as a key.
        self.standing: Mapping[str, tuple[Any, ...]] = {
            slot: (value["confidence"], value["since"], *map(tuple, value["sources"]))
            for slot, value in self.used.items()
        }

    def holds(self, conditions: tuple[str, ...]) -> bool:
        for name in conditions:  # noqa: SIM110 -- asked twenty times a bill; a generator costs more than the asking
            if not PREDICATES[name](self):
                return False
        return True

    def is_(self, field: str, word: str) -> bool:
        return bool(self.case[field] == word)

    def mark(self, slot: str) -> Confidence:
        return Confidence(self.used[slot]["confidence"]) if slot in self.used else Confidence.OFFICIAL


def _amount_is(field: str, test: Callable[[int], bool]) -> Callable[[_View], bool]:
    return lambda view: test(view.amounts.get(field, 0))


# What a step or a variant of its wording may depend on. Names are used in explanations.yaml.
PREDICATES: Mapping[str, Callable[[_View], bool]] = {
    "has_self_funded": _amount_is("self_funded_fen", bool),
    "has_over_price_cap": _amount_is("over_price_cap_fen", bool),
    "has_preselfpay": _amount_is("preselfpay_fen", bool),
    "has_deductible": _amount_is("deductible_fen", bool),
    "has_above": _amount_is("above_fen", bool),
    "has_computed": _amount_is("computed_fen", bool),
    "has_critical_illness": _amount_is("critical_illness_fen", bool),
    "is_adjusted": _amount_is("adjustment_bp", bool),
    "is_second_stay": _amount_is("stay_number", lambda number: number == 2),
    "is_later_stay": _amount_is("stay_number", lambda number: number > 2),
    "is_deductible_waived": lambda view: (
        view.amounts["deductible_standard_fen"] > 0 and view.amounts["deductible_due_fen"] == 0
    ),
    "is_deductible_cut": lambda view: 0 < view.amounts["deductible_due_fen"] < view.amounts["deductible_standard_fen"],
    "is_deductible_not_passed": lambda view: (
        view.amounts["in_scope_fen"] > 0
        and view.amounts["above_fen"] == 0
        and view.amounts["deductible_due_fen"] >= view.amounts["in_scope_fen"]
    ),
    "is_ceiling_passed": lambda view: view.amounts["computed_fen"] > view.amounts["room_fen"],
    "is_ceiling_unofficial": lambda view: view.mark("ceiling") is Confidence.ILLUSTRATIVE,
    "is_visit_ceiling_passed": lambda view: (
        view.amounts["visit_ceiling_fen"] != NO_LIMIT
        and min(view.amounts["computed_fen"], view.amounts["room_fen"]) > view.amounts["visit_ceiling_fen"]
    ),
    "is_own_rate": lambda view: "adjustment" not in view.used,
    "is_resident": lambda view: view.is_("insurance_type", "resident"),
    "is_employee": lambda view: view.is_("insurance_type", "employee"),
    "is_same_pool": lambda view: view.is_("locality", "same_pool"),
    "is_in_province": lambda view: view.is_("locality", "in_province"),
    "is_cross_province": lambda view: view.is_("locality", "cross_province"),
    "is_home": lambda view: view.is_("path", "home"),
    "is_long_term": lambda view: view.is_("path", "long_term"),
    "is_referral": lambda view: view.is_("path", "referral"),
    "is_emergency": lambda view: view.is_("path", "emergency"),
    "is_own_choice": lambda view: view.is_("path", "own_choice"),
}


# -- loading --------------------------------------------------------------------------------------------------------


def _known_words(rule: str) -> set[str]:
    fields = _FIELDS[rule]
    return {
        *fields,
        *(f"{field}_points" for field in fields if field.endswith("_bp")),
        *(f"value_{slot}" for slot in _SLOTS[rule]),
        *_CASE_WORDS,
        *_WORKINGS,
    }


def parse_explanations(
    node: Node, read_refs: Callable[[Node], tuple[SourceRef, ...]]
) -> dict[str, tuple[StepText, ...]]:
    """The steps of each rule as written in explanations.yaml; unknown fields, words and conditions are faults."""
    made: dict[str, tuple[StepText, ...]] = {}
    for rule, fields in _FIELDS.items():
        steps = []
        for child in node.children(rule, lambda item, _: f"步骤 {item.get('field')}"):
            steps.append(_parse_step(child, rule, (*fields, "way"), read_refs))
            child.done()
        made[rule] = tuple(steps)
        if not steps:
            node.fault(f"缺少 {rule} 的说明")
    node.done()
    return made


def _parse_step(
    node: Node, rule: str, fields: tuple[str, ...], read_refs: Callable[[Node], tuple[SourceRef, ...]]
) -> StepText:
    if "label" not in node:
        node.fault("缺少 label")
    wording = _parse_wording(node, rule, Wording("", "", "", ""))
    variants = []
    for child in node.children("variants", lambda _, number: f"第 {number} 种说法"):
        conditions = child.texts("when", words=tuple(PREDICATES))
        variants.append(Variant(conditions, _parse_wording(child, rule, wording)))
        child.done()
    return StepText(
        field=node.one_of("field", fields),
        effect=node.one_of("effect", _EFFECTS),
        when=node.texts("when", words=tuple(PREDICATES)),
        uses=node.texts("uses", words=_SLOTS[rule]),
        uses_else=node.texts("uses_else", words=_SLOTS[rule]),
        sources=read_refs(node),
        wording=wording,
        variants=tuple(variants),
    )


def _parse_wording(node: Node, rule: str, otherwise: Wording) -> Wording:
    texts = {key: node.text(key) for key in _TEXTS if key in node}
    _check_texts(texts, rule, node)
    return otherwise._replace(**texts)


def _check_texts(texts: Mapping[str, str], rule: str, node: Node) -> None:
    for key, text in texts.items():
        try:
            words = {word for _, word, _, _ in Formatter().parse(text) if word is not None}
        except ValueError:
            node.fault(f"{key} 里的花括号没有成对")
            continue
        for word in sorted(words - _known_words(rule)):
            node.fault(f"{key} 里的 {{{word}}} 不认识")


# -- telling --------------------------------------------------------------------------------------------------------


def steps(pack: Pack, record: Mapping[str, Any]) -> list[Step]:
    """The working of a stored assessment, in order. Steps whose condition does not hold are left out.

    An undetermined record yields the bill's total and one note that says why there is no amount.
    """
    view = _View(record)
    if record["breakdown"] is None:
        return _undetermined_steps(view)
    words = _Words(pack, view)
    made: list[Step] = []
    for text in pack.explanations[record["rule"]]:
        if view.holds(text.when):
            made.append(_step(pack, view, text, words))
            if text.effect == "minus":
                words["subtract"] = "再减"
    return made


def _step(pack: Pack, view: _View, text: StepText, words: "_Words") -> Step:
    label, formula, question, sentence = text.wording
    for variant in text.variants:
        if view.holds(variant.when):
            label, formula, question, sentence = variant.wording
            break
    sources, confidence = _told(pack, view, text)
    return Step(
        text.field,
        words.fill(label),
        "" if text.effect == "note" else _SIGNS.get(text.effect, "") + words[text.field],
        text.effect,
        words.fill(formula),
        words.fill(question),
        words.fill(sentence),
        sources,
        confidence,
    )


def _told(pack: Pack, view: _View, text: StepText) -> Told:
    """The sources of a step. Millions of bills rest on the same few values, so each set is put together once."""
    standing = view.standing
    used = [standing[slot] for slot in text.uses if slot in standing]
    used = used or [standing[slot] for slot in text.uses_else if slot in standing]
    key = (text.sources, *used)
    told = pack.told_cache.get(key)
    if told is None:
        lines = list(pack.source_lines(text.sources, Confidence.OFFICIAL, None))
        for mark, since, *sources in used:
            day = date.fromisoformat(since)
            lines += [pack.source_line(source_id, article, Confidence(mark), day) for source_id, article in sources]
        weakest = worst([Confidence(mark) for mark, *_ in used])
        told = pack.told_cache[key] = Told(tuple(dict.fromkeys(lines)), weakest)
    return told


def _undetermined_steps(view: _View) -> list[Step]:
    why = view.record["undetermined"]
    total = Step("total_fen", "总费用", yuan(view.case["total_fen"]), "base", "", "", "", (), Confidence.OFFICIAL)
    note = Step(
        "undetermined",
        "这笔现在算不出来",
        "",
        "note",
        "",
        "为什么算不出来？",
        f"{why['reason']}请问{why['ask']}。",
        (),
        Confidence.ILLUSTRATIVE,
    )
    return [total, note]


class _Words(dict[str, str]):
    """The words a text may use, written for people only when one asks for them."""

    def __init__(self, pack: Pack, view: _View) -> None:
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


def _minus(view: _View, words: Mapping[str, str], first: str, rest: tuple[str, ...]) -> str:
    """``38,600.00 − 2,400.00``: what is zero is not written."""
    return " − ".join([words[first], *[words[name] for name in rest if view.amounts[name]]])


def _above_working(pack: Pack, view: _View, words: Mapping[str, str]) -> str:
    return _minus(
        view, words, "total_fen", ("self_funded_fen", "over_price_cap_fen", "preselfpay_fen", "deductible_fen")
    )


def _critical_working(pack: Pack, view: _View, words: Mapping[str, str]) -> str:
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


Writer: TypeAlias = Callable[[Pack, _View, Mapping[str, str]], str]

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
    if word in _CASE_WORDS:
        labels = {str(member): member.zh for member in _CASE_WORDS[word]}
        return lambda pack, view, words: labels[view.case[word]]
    return _WORKINGS[word]


# Which way a word is written is settled once, not for every bill.
_WRITERS = {rule: {word: _writer(word, fields) for word in _known_words(rule)} for rule, fields in _FIELDS.items()}


def unexplained_slots(pack: Pack) -> set[str]:
    """Used values no step names: whatever moves an amount must be told somewhere."""
    told = {(rule, slot) for rule, texts in pack.explanations.items() for text in texts for slot in text.uses}
    return {f"{rule}.{slot}" for rule, slots in _SLOTS.items() for slot in slots if (rule, slot) not in told}
