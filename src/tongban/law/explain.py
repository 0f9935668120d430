"""The reason for every amount, told from the stored record: nothing is computed again, only put into words."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from tongban.kernel.money import yuan
from tongban.kernel.vocabulary import Confidence
from tongban.law.explaining.view import View
from tongban.law.explaining.words import Words
from tongban.law.model import Step
from tongban.law.pack import Pack, StepText, Told, worst

_SIGNS = {"minus": "− ", "plus": "报 "}


def steps(pack: Pack, record: Mapping[str, Any]) -> list[Step]:
    """The working of a stored assessment, in order. Steps whose condition does not hold are left out.

    An undetermined record yields the bill's total and one note that says why there is no amount.
    """
    view = View(record)
    if record["breakdown"] is None:
        return _undetermined_steps(view)
    words = Words(pack, view)
    made: list[Step] = []
    for text in pack.explanations[record["rule"]]:
        if view.holds(text.when):
            made.append(_step(pack, view, text, words))
            if text.effect == "minus":
                words["subtract"] = "再减"
    return made


def _step(pack: Pack, view: View, text: StepText, words: Words) -> Step:
    label, formula, question, sentence = text.wording
    for variant in text.variants:
        if view.holds(variant.when):
            label, formula, question, sentence = variant.wording
            break
    told = _told(pack, view, text)
    return Step(
        text.field,
        words.fill(label),
        "" if text.effect == "note" else _SIGNS.get(text.effect, "") + words[text.field],
        text.effect,
        words.fill(formula),
        words.fill(question),
        words.fill(sentence),
        *told,
    )


def _told(pack: Pack, view: View, text: StepText) -> Told:
    """The sources of a step. Millions of bills rest on the same few values, so each set is put together once."""
    standing = view.standing
    used = [standing[slot] for slot in text.uses if slot in standing]
    used = used or [standing[slot] for slot in text.uses_else if slot in standing]
    key = (text.sources, *used)
    told = pack.told_cache.get(key)
    if told is None:
        lines = list(pack.source_lines(text.sources, Confidence.OFFICIAL, None))
        for mark, since, _, *sources in used:
            day = date.fromisoformat(since)
            lines += [pack.source_line(source_id, article, Confidence(mark), day) for source_id, article in sources]
        weakest = worst([Confidence(mark) for mark, *_ in used])
        conflict = next((conflict for _, _, conflict, *_ in used if conflict), "")
        told = pack.told_cache[key] = Told(tuple(dict.fromkeys(lines)), weakest, conflict)
    return told


def _undetermined_steps(view: View) -> list[Step]:
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
