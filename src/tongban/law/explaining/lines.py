"""The steps of a kind of bill with blanks where the amounts go.

Bills of a kind (same rule, same words of the case, same used values) are told in the same sentences from the same
sources; their amounts only fill the blanks and decide which steps there are and which wording of a step holds. So
sources are joined and texts taken apart once per kind, and a bill's steps are a matter of looking and filling in.
"""

from collections.abc import Callable, Mapping
from datetime import date
from operator import itemgetter
from string import Formatter
from typing import Any, NamedTuple, TypeAlias

import msgspec

from tongban.kernel.vocabulary import Confidence
from tongban.law.explaining.registry import KIND_WORDS
from tongban.law.explaining.view import ON_AMOUNTS, ON_KIND, Amounts, View
from tongban.law.explaining.words import AmountWord, Words, is_shared
from tongban.law.frozen import UsedRecord
from tongban.law.model import Step
from tongban.law.pack import Pack, StepText, Wording, worst

# Kinds kept before starting anew: each takes some ten kilobytes.
_KINDS_KEPT = 2_000
_SIGNS = {"minus": "− ", "plus": "报 "}

Tests: TypeAlias = tuple[Callable[[Amounts], bool], ...]


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


class Part(NamedTuple):
    """A step as a kind of bill may tell it: which amounts it is told for, and its wordings, of which the first holds
    whose tests are met. `lines` are made when a bill first needs them, one per wording."""

    text: StepText
    tests: Tests
    wordings: tuple[tuple[Tests, Wording], ...]
    lines: list[Line | None]


class Kind:
    """How all bills of a kind are told.

    `values` are the used values as words. `amounts` are the words for amounts that its lines ask for (word, field of
    the breakdown, how it is shown): written all at once they cost half.
    """

    __slots__ = ("amounts", "parts", "values")

    def __init__(self, pack: Pack, view: View) -> None:
        words = Words(pack, view)
        # A record may name a slot that rules have since given up.
        named = [f"value_{slot}" for slot in view.used]
        self.values: Mapping[str, str] = {word: words[word] for word in named if word in words.writers}
        self.parts = [_part(view, text) for text in pack.explanations[view.rule] if _holds_for_kind(view, text.when)]
        self.amounts: list[tuple[str, str, Callable[[int], str]]] = []

    def tell(self, pack: Pack, view: View) -> list[Step]:
        amounts = view.amounts
        written = {word: show(amounts[field]) for word, field, show in self.amounts}
        words = Words(pack, view, {**self.values, **written})
        told: list[Step] = []
        for part in self.parts:
            text, tests, wordings, lines = part
            if tests and not _met(tests, amounts):
                continue
            number = 0
            while wordings[number][0] and not _met(wordings[number][0], amounts):
                number += 1
            line = lines[number] or self._line(part, number, words)
            told.append(line.tell(words))
            if text.effect == "minus":
                words["subtract"] = "再减"
        return told

    def _line(self, part: Part, number: int, words: Words) -> Line:
        made = _line(part.text, part.wordings[number][1], words)
        # Many kinds tell a step alike: one copy is enough.
        says = (made.step, *[(blank.position, blank.pattern, blank.words) for blank in made.blanks])
        line: Line = words.pack.lines_cache.setdefault(says, made)
        part.lines[number] = line
        known = {word for word, _, _ in self.amounts}
        for word in dict.fromkeys(word for blank in line.blanks for word in blank.words if word not in known):
            writer = words.writers[word]
            if isinstance(writer, AmountWord):
                self.amounts.append((word, writer.field, writer.show))
        return line


def kind_of(pack: Pack, view: View) -> Kind:
    """The kind of bill `view` is one of, taken from the pack's cache or made and kept there."""
    key = (view.rule, _content(view.used), *[view.case.get(name) for name in KIND_WORDS[view.rule]])
    kind: Kind | None = pack.kinds_cache.get(key)
    if kind is None:
        if len(pack.kinds_cache) >= _KINDS_KEPT:
            pack.kinds_cache.clear()
            pack.lines_cache.clear()
        kind = pack.kinds_cache[key] = Kind(pack, view)
    return kind


def _content(used: Mapping[str, Any]) -> bytes:
    """What the used values say, as something that can be looked up by."""
    return used.content if isinstance(used, UsedRecord) else msgspec.json.encode(used)


def _met(tests: Tests, amounts: Amounts) -> bool:
    for test in tests:  # noqa: SIM110 -- asked twenty times a bill; a generator costs more than the asking
        if not test(amounts):
            return False
    return True


def _holds_for_kind(view: View, conditions: tuple[str, ...]) -> bool:
    return all(ON_KIND[name](view) for name in conditions if name in ON_KIND)


def _tests(conditions: tuple[str, ...]) -> Tests:
    return tuple(ON_AMOUNTS[name] for name in conditions if name in ON_AMOUNTS)


def _part(view: View, text: StepText) -> Part:
    wordings = [(_tests(each.when), each.wording) for each in text.variants if _holds_for_kind(view, each.when)]
    wordings.append(((), text.wording))
    return Part(text, _tests(text.when), tuple(wordings), [None] * len(wordings))


def _line(text: StepText, wording: Wording, words: Words) -> Line:
    amount = "" if text.effect == "note" else f"{_SIGNS.get(text.effect, '')}{{{text.field}}}"
    # In the order of `Step`.
    texts = (text.field, wording.label, amount, text.effect, wording.formula, wording.question, wording.sentence)
    made = [_take_apart(position, each, words) for position, each in enumerate(texts)]
    constant = ["" if each.words else each.pattern % () for each in made]
    return Line(Step._make((*constant, *_standing(words, text))), tuple(each for each in made if each.words))


def _take_apart(position: int, text: str, words: Words) -> Blank:
    """The text with the words written in that all bills of the kind share; one that asks for no other is no blank."""
    pattern = ""
    names: list[str] = []
    for literal, word, _, _ in Formatter().parse(text):
        pattern += literal.replace("%", "%%")
        if word is None:
            continue
        if is_shared(words.view.rule, word):
            pattern += words[word].replace("%", "%%")
        else:
            pattern += "%s"
            names.append(word)
    return Blank(position, pattern, tuple(names), itemgetter(*names) if names else _nothing)


def _nothing(_: Words) -> tuple[str, ...]:
    return ()


def _standing(words: Words, text: StepText) -> tuple[tuple[Any, ...], Confidence, str]:
    """Where a step's values stand, each line once; the weakest mark among them; the contradiction one rests on."""
    pack, view = words.pack, words.view
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
