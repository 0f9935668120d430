"""The steps of a kind of bill with blanks where the amounts go.

Bills of a kind (same rule, same words of the case, same used values, same conditions met) are told in the same
sentences from the same sources and differ in amounts alone. So wordings are picked, sources joined and texts taken
apart once per kind; a bill then only fills in its amounts.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from operator import itemgetter
from string import Formatter
from typing import Any, NamedTuple

import msgspec

from tongban.kernel.vocabulary import Confidence
from tongban.law.explaining.registry import KIND_WORDS
from tongban.law.explaining.view import ON_AMOUNTS, View, holds
from tongban.law.explaining.words import WRITERS, AmountWord, Words, is_shared
from tongban.law.frozen import UsedRecord
from tongban.law.model import Step
from tongban.law.pack import Pack, StepText, worst

# Kinds kept before starting anew: bounds the memory (a few kilobytes each); a province's bills have some thousands.
_KINDS_KEPT = 10_000
_SIGNS = {"minus": "− ", "plus": "报 "}


class Blank(NamedTuple):
    """A text that differs from bill to bill: where in the step it stands, its pattern, the words the pattern asks for,
    and what picks them."""

    position: int
    pattern: str
    words: tuple[str, ...]
    pick: Callable[[Words], tuple[str, ...] | str]


class Line(NamedTuple):
    """A step as far as all bills of its kind share it, and its blanks."""

    step: Step
    blanks: tuple[Blank, ...]

    def tell(self, words: Words) -> Step:
        told: list[Any] = list(self.step)
        for position, pattern, _, pick in self.blanks:
            told[position] = pattern % pick(words)
        return Step._make(told)


class Kind(NamedTuple):
    """How all bills of a kind are told: the lines, the used values as words, and the amounts the blanks ask for
    (word, field of the breakdown, how it is shown)."""

    lines: tuple[Line, ...]
    values: Mapping[str, str]
    amounts: tuple[tuple[str, str, Callable[[int], str]], ...]

    def tell(self, pack: Pack, view: View) -> list[Step]:
        amounts = view.amounts
        written = {word: show(amounts[field]) for word, field, show in self.amounts}
        words = Words(pack, view, {**self.values, **written})
        return [line.tell(words) for line in self.lines]


def kind_of(pack: Pack, view: View) -> Kind:
    """The kind of bill `view` is one of, taken from the pack's cache or made and kept there."""
    key = (
        view.rule,
        _content(view.used),
        *[view.case.get(name) for name in KIND_WORDS[view.rule]],
        *[test(view.amounts) for test in _tests(pack, view.rule)],
    )
    kind: Kind | None = pack.kinds_cache.get(key)
    if kind is None:
        if len(pack.kinds_cache) >= _KINDS_KEPT:
            pack.kinds_cache.clear()
        kind = pack.kinds_cache[key] = _kind(pack, view)
    return kind


def _content(used: Mapping[str, Any]) -> bytes:
    """What the used values say, as something that can be looked up by."""
    return used.content if isinstance(used, UsedRecord) else msgspec.json.encode(used)


def _tests(pack: Pack, rule: str) -> tuple[Callable[[Mapping[str, int]], bool], ...]:
    """The conditions on amounts that the rule's texts name."""
    tests = pack.tests_cache.get(rule)
    if tests is None:
        conditions = [
            when for text in pack.explanations[rule] for when in (text.when, *(v.when for v in text.variants))
        ]
        named = {name for when in conditions for name in when}
        tests = pack.tests_cache[rule] = tuple(ON_AMOUNTS[name] for name in sorted(named) if name in ON_AMOUNTS)
    return tests


def _kind(pack: Pack, view: View) -> Kind:
    shared = Words(pack, view)
    lines = tuple(_lines(pack, view, shared))
    asked = {word: WRITERS[view.rule][word] for line in lines for blank in line.blanks for word in blank.words}
    return Kind(
        lines,
        # A record may name a slot that rules have since given up.
        {word: shared[word] for word in (f"value_{slot}" for slot in view.used) if word in WRITERS[view.rule]},
        tuple((word, each.field, each.show) for word, each in asked.items() if isinstance(each, AmountWord)),
    )


def _lines(pack: Pack, view: View, shared: Words) -> Iterator[Line]:
    for text in pack.explanations[view.rule]:
        if holds(view, text.when):
            yield _line(pack, view, text, shared)
            if text.effect == "minus":
                shared["subtract"] = "再减"


def _line(pack: Pack, view: View, text: StepText, shared: Words) -> Line:
    label, formula, question, sentence = next(
        (each.wording for each in text.variants if holds(view, each.when)), text.wording
    )
    amount = "" if text.effect == "note" else f"{_SIGNS.get(text.effect, '')}{{{text.field}}}"
    # In the order of `Step`.
    texts = (text.field, label, amount, text.effect, formula, question, sentence)
    made = [_take_apart(position, each, shared) for position, each in enumerate(texts)]
    constant = ["" if each.words else each.pattern % each.pick(shared) for each in made]
    return Line(Step._make((*constant, *_standing(pack, view, text))), tuple(each for each in made if each.words))


def _take_apart(position: int, text: str, shared: Words) -> Blank:
    """The text with the words written in that all bills of the kind share; one that asks for no other is no blank."""
    pattern = ""
    names: list[str] = []
    for literal, word, _, _ in Formatter().parse(text):
        pattern += literal.replace("%", "%%")
        if word is None:
            continue
        if is_shared(shared.view.rule, word):
            pattern += shared[word].replace("%", "%%")
        else:
            pattern += "%s"
            names.append(word)
    return Blank(position, pattern, tuple(names), itemgetter(*names) if names else lambda _: ())


def _standing(pack: Pack, view: View, text: StepText) -> tuple[tuple[Any, ...], Confidence, str]:
    """Where a step's values stand, each line once; the weakest mark among them; the contradiction one rests on."""
    used = [view.used[slot] for slot in text.uses if slot in view.used]
    used = used or [view.used[slot] for slot in text.uses_else if slot in view.used]
    sources = list(pack.source_lines(text.sources, Confidence.OFFICIAL, None))
    for value in used:
        mark, since = Confidence(value["confidence"]), date.fromisoformat(value["since"])
        sources += [pack.source_line(source_id, article, mark, since) for source_id, article in value["sources"]]
    return (
        tuple(dict.fromkeys(sources)),
        worst([Confidence(value["confidence"]) for value in used]),
        next((value["conflict"] for value in used if value["conflict"]), ""),
    )
