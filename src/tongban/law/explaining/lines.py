"""The steps of a kind of bill with blanks where the amounts go.

Bills of a kind (same rule, same words of the case, same used values, same conditions met) are told in the same
sentences from the same sources and differ in amounts alone. So wordings are picked, sources joined and texts taken
apart once per kind; a bill then only fills in its amounts.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from operator import itemgetter
from string import Formatter
from typing import Any, NamedTuple, TypeAlias

import msgspec

from tongban.kernel.vocabulary import Confidence
from tongban.law.explaining.registry import KIND_WORDS
from tongban.law.explaining.view import ON_AMOUNTS, View, holds
from tongban.law.explaining.words import Words, is_shared
from tongban.law.frozen import UsedRecord
from tongban.law.model import Step
from tongban.law.pack import Pack, StepText, worst

# Kinds kept before starting anew: bounds the memory (a few kilobytes each); a province's bills have some thousands.
_KINDS_KEPT = 10_000
_SIGNS = {"minus": "− ", "plus": "报 "}

Fill: TypeAlias = Callable[[Words], str]


class Line(NamedTuple):
    """A step as far as all bills of its kind share it, and what fills each of its blanks (by position in the step)."""

    step: Step
    blanks: tuple[tuple[int, Fill], ...]

    def tell(self, words: Words) -> Step:
        told: list[Any] = list(self.step)
        for position, fill in self.blanks:
            told[position] = fill(words)
        return Step._make(told)


def lines_for(pack: Pack, view: View) -> tuple[Line, ...]:
    """The lines of all bills of the kind `view` is one of, taken from the pack's cache or made and kept there."""
    key = (
        view.rule,
        _content(view.used),
        *[view.case.get(name) for name in KIND_WORDS[view.rule]],
        *[test(view.amounts) for test in _tests(pack, view.rule)],
    )
    lines = pack.lines_cache.get(key)
    if lines is None:
        if len(pack.lines_cache) >= _KINDS_KEPT:
            pack.lines_cache.clear()
        lines = pack.lines_cache[key] = tuple(_lines(pack, view))
    return lines


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


def _lines(pack: Pack, view: View) -> Iterator[Line]:
    shared = Words(pack, view)
    for text in pack.explanations[view.rule]:
        if holds(view, text.when):
            yield _line(pack, view, text, shared)
            if text.effect == "minus":
                shared["subtract"] = "再减"


def _line(pack: Pack, view: View, text: StepText, shared: Words) -> Line:
    wording = next((each.wording for each in text.variants if holds(view, each.when)), text.wording)
    amount = "" if text.effect == "note" else f"{_SIGNS.get(text.effect, '')}{{{text.field}}}"
    texts = (text.field, wording.label, amount, text.effect, wording.formula, wording.question, wording.sentence)
    taken_apart = [_take_apart(each, shared) for each in texts]
    blanks = tuple((n, each) for n, each in enumerate(taken_apart) if not isinstance(each, str))
    plain = [each if isinstance(each, str) else "" for each in taken_apart]
    return Line(Step._make((*plain, *_standing(pack, view, text))), blanks)


def _take_apart(text: str, shared: Words) -> str | Fill:
    """The text itself when all bills of the kind share it, else what writes it for one bill."""
    pattern, names = "", []
    for literal, word, _, _ in Formatter().parse(text):
        pattern += literal.replace("%", "%%")
        if word is None:
            continue
        if is_shared(shared.view.rule, word):
            pattern += shared[word].replace("%", "%%")
        else:
            pattern += "%s"
            names.append(word)
    if not names:
        return pattern % ()
    pick = itemgetter(*names)
    return lambda words: pattern % pick(words)


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
