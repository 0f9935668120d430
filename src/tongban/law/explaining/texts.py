"""explanations.yaml: the steps of each rule as data, checked against what the rule has to tell."""

from collections.abc import Callable, Mapping
from string import Formatter

from tongban.law.explaining.registry import FIELDS, SLOTS
from tongban.law.explaining.view import PREDICATES
from tongban.law.explaining.words import known_words
from tongban.law.loading.reading import Node
from tongban.law.pack import Pack, SourceRef, StepText, Variant, Wording

_EFFECTS = ("base", "minus", "plus", "result", "note")
_TEXTS = Wording._fields


def parse_explanations(
    node: Node, read_refs: Callable[[Node], tuple[SourceRef, ...]], *, must_be_whole: bool = True
) -> dict[str, tuple[StepText, ...]]:
    """The steps of each rule as written in explanations.yaml; unknown fields, words and conditions are faults.

    So is a rule nobody explains, if `must_be_whole`.
    """
    made: dict[str, tuple[StepText, ...]] = {}
    for rule, fields in FIELDS.items():
        steps = []
        for child in node.children(rule, lambda item, _: f"步骤 {item.get('field')}"):
            steps.append(_parse_step(child, rule, (*fields, "way"), read_refs))
            child.done()
        made[rule] = tuple(steps)
        if must_be_whole and not steps:
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
        conditions = child.texts("when", words=PREDICATES)
        variants.append(Variant(conditions, _parse_wording(child, rule, wording)))
        child.done()
    return StepText(
        field=node.one_of("field", fields),
        effect=node.one_of("effect", _EFFECTS),
        when=node.texts("when", words=PREDICATES),
        uses=node.texts("uses", words=SLOTS[rule]),
        uses_else=node.texts("uses_else", words=SLOTS[rule]),
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
        for word in sorted(words - known_words(rule)):
            node.fault(f"{key} 里的 {{{word}}} 不认识")


def unexplained_slots(pack: Pack) -> set[str]:
    """Used values no step names: whatever moves an amount must be told somewhere."""
    told = {(rule, slot) for rule, texts in pack.explanations.items() for text in texts for slot in text.uses}
    return {f"{rule}.{slot}" for rule, slots in SLOTS.items() for slot in slots if (rule, slot) not in told}
