"""How a question becomes an answer: a row of a decision table, a dated list or a dated value, each with its sources."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar

from tongban.kernel.dates import zh_date
from tongban.kernel.vocabulary import Confidence, Word
from tongban.law.errors import QuestionRefused
from tongban.law.model import Decision, SourceLine, Undetermined, UsedValue
from tongban.law.pack import Pack, SourceRef, worst
from tongban.law.tables import TABLES, UNDETERMINED

Answer = TypeVar("Answer", bound=Word)
Member = TypeVar("Member", bound=str)


@dataclass(frozen=True, slots=True)
class Listed(Generic[Member]):
    """The members of a dated list, and where that stands. `since` is the first day of this edition of the list."""

    members: tuple[Member, ...]
    since: date
    sources: tuple[SourceLine, ...]
    confidence: Confidence
    conflict: str


def yes_no(value: bool) -> str:
    """A flag as the tables write it."""
    return "yes" if value else "no"


def decide(
    pack: Pack, table: str, insured_pool: str, inputs: Mapping[str, str], on: date, treatment_pool: str = ""
) -> Decision[str]:
    """What any decision table answers, for callers that carry tables and inputs as text.

    Raises QuestionRefused, naming the field, for an unknown table, a missing or unknown input and a word it cannot be.
    """
    definition = TABLES.get(table)
    if definition is None:
        raise QuestionRefused(f"没有“{table}”这张表。有的是：{'、'.join(TABLES)}", field="table")
    for name in inputs:
        if name not in definition.inputs:
            raise QuestionRefused(f"{table} 不问 {name}，只问 {'、'.join(definition.inputs)}", field=name)
    for name, words in definition.inputs.items():
        if name not in inputs:
            raise QuestionRefused(f"还要写 {name}，可以是 {'、'.join(words)}", field=name)
        if inputs[name] not in words:
            raise QuestionRefused(f"{name} 没有“{inputs[name]}”，可以是 {'、'.join(words)}", field=name)
    return _row(pack, table, insured_pool, tuple(inputs[name] for name in definition.inputs), on, treatment_pool)


def answer(
    pack: Pack,
    table: str,
    outcomes: type[Answer],
    insured_pool: str,
    inputs: tuple[str, ...],
    on: date,
    treatment_pool: str = "",
) -> Decision[Answer]:
    """The row that `inputs` hit, its outcome as a word of `outcomes`, which has a word for undetermined."""
    row = _row(pack, table, insured_pool, inputs, on, treatment_pool)
    return Decision(outcomes(row.outcome), row.sentence, row.row_id, row.sources, row.confidence, row.conflict, row.ask)


def _row(pack: Pack, table: str, pool: str, inputs: tuple[str, ...], on: date, treatment_pool: str) -> Decision[str]:
    row = pack.row(pool, table, inputs, on, treatment_pool)
    ask = pack.agency(pool)
    if row is None:
        sentence = f"{zh_date(on)}这个地方的规定（{TABLES[table].zh}）还没有收进来。请问{ask}。"
        return Decision(UNDETERMINED, sentence, "", (), Confidence.ILLUSTRATIVE, "", ask)
    return Decision(
        outcome=row.outcome,
        sentence=row.sentence.format(ask=ask),
        row_id=row.id,
        sources=pack.source_lines(row.sources, row.confidence, row.since),
        confidence=row.confidence,
        conflict=row.conflict,
        ask=ask if row.outcome == UNDETERMINED else "",
    )


def listed(
    pack: Pack, insured_pool: str, name: str, words: type[Member], key: tuple[str, ...], on: date
) -> Listed[Member] | Undetermined:
    """A dated list with its members as `words`; Undetermined where no source gives it."""
    used = pack.members(insured_pool, name, key, on)
    if used is None:
        return unknown(pack, insured_pool, pack.list_definitions[name].zh)
    refs = tuple(SourceRef(*pair) for pair in used.sources)
    return Listed(
        members=tuple(words(member) for member in used.members),
        since=used.since,
        sources=pack.source_lines(refs, used.confidence, used.since),
        confidence=used.confidence,
        conflict=used.conflict,
    )


def stated(pack: Pack, insured_pool: str, parameter: str, key: tuple[str, ...], on: date) -> UsedValue | Undetermined:
    """A dated value; Undetermined where no source gives it."""
    used = pack.value(insured_pool, parameter, key, on)
    return used if used is not None else unknown(pack, insured_pool, pack.definitions[parameter].zh)


def unknown(pack: Pack, pool: str, what: str, sentence: str = "") -> Undetermined:
    """Nothing is known of `what`; `sentence` where a row says so in its own words, with {ask} for the agency."""
    ask = pack.agency(pool)
    return Undetermined(sentence.format(ask=ask) or f"没有查到{what}的规定。请问{ask}。", (what,), ask)


def lines_of(pack: Pack, values: tuple[UsedValue, ...]) -> tuple[SourceLine, ...]:
    """Where the values stand, each line once."""
    lines = [
        line
        for value in values
        for line in pack.source_lines(tuple(SourceRef(*pair) for pair in value.sources), value.confidence, value.since)
    ]
    return tuple(dict.fromkeys(lines))


def weakest(values: tuple[UsedValue, ...]) -> Confidence:
    return worst([value.confidence for value in values])


def conflicts_of(values: tuple[UsedValue, ...]) -> tuple[str, ...]:
    """The contradictions the values rest on, each once."""
    return tuple(dict.fromkeys(value.conflict for value in values if value.conflict))
