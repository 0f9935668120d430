"""The report an official gets: one HTML file that needs nothing else, not even scripts; a table with every picture."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from tongban.kernel.dates import last_day_of, zh_date
from tongban.kernel.money import yuan
from tongban.kernel.vocabulary import Confidence, InsuranceType
from tongban.law import Pack
from tongban.law.in_force import value_zh
from tongban.population import words
from tongban.population.differences import Differences
from tongban.population.results import BAND_WORDS, LawUse, Line, Measures, People, Simulation, ValueUse

_TEMPLATES = Path(__file__).parent / "templates"
# Longer lists are cut with a word on how much was left out; the tables have everything.
_LINES_MAX = 20


class Bar(NamedTuple):
    """A bar from `left` to `left + width`, in per cent of the picture; `is_more` tells its side of the zero line."""

    label: str
    left: str
    width: str
    is_more: bool
    text: str


class Picture(NamedTuple):
    """Bars over a common zero line at `zero` per cent."""

    zero: str
    bars: tuple[Bar, ...]


class Section(NamedTuple):
    title: str
    head: str  # what the first column is
    lines: list[Line]
    picture: Picture


class UndecidedLine(NamedTuple):
    insurance: str
    missing: str
    places: str
    in_force: int
    draft: int


class ValueLine(NamedTuple):
    what: str
    value: str
    since: str
    confidence: Confidence
    claims: int


def names_of(*packs: Pack) -> dict[str, str]:
    """The pools' names."""
    return {code: scope.zh for pack in packs for code, scope in pack.scopes.items()}


def render(found: Simulation, in_force: Pack, draft: Pack, changed: Differences, made_on: date) -> str:
    names = names_of(in_force, draft)
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "count": words.count,
        "money": words.money,
        "wan": words.ten_thousands,
        "yuan": yuan,
        "day": zh_date,
    }
    environment.globals["share"] = words.share
    people = found.people_by("insured_pool")
    return environment.get_template("report.html").render(
        found=found,
        total=found.total,
        everyone=found.everyone,
        months=found.by_month(),
        sections=_sections(found, names),
        months_picture=columns(found.by_month()),
        bands=_bands(found.everyone),
        bands_picture=_bands_picture(found.everyone),
        people=[(names.get(pool, pool), each) for pool, each in people.items()],
        changed=changed,
        changed_first=changed.first_day,
        last_month_end=_last_day(found.months[-1]),
        css=Markup((_TEMPLATES / "report.css").read_text(encoding="utf-8")),  # noqa: S704 our own file
        undecided=_undecided(found, names),
        values=_values(found, in_force, draft),
        lines_max=_LINES_MAX,
        conflicts=_conflicts(found, in_force, draft),
        made_on=made_on,
        same_law=found.in_force.version == found.draft.version,
    )


def _last_day(month: int) -> date:
    return last_day_of(date(month // 12, month % 12 + 1, 1), 1)


def _sections(found: Simulation, names: Mapping[str, str]) -> list[Section]:
    cities = sorted(found.by("insured_pool", names), key=lambda line: -line.sums.total_fen)
    parts = [
        ("按参保地", "参保地", cities),
        ("按险种", "险种", found.by("insurance_type")),
        ("按看病的地方", "看病的地方", found.by("locality")),
        ("按医院类别", "医院类别", found.by("price_class")),
        ("按住院和门诊", "看什么", found.by("care_kind")),
    ]
    return [Section(title, head, lines, across(lines)) for title, head, lines in parts]


def across(lines: Sequence[Line]) -> Picture:
    """What the draft costs the funds more or less, line by line."""
    changes = [line.sums.funds_change_fen for line in lines]
    least, most = min(0, *changes), max(0, *changes)
    span = max(most - least, 1)
    bars = [
        Bar(
            line.zh,
            _percent(min(change, 0) - least, span),
            _percent(abs(change), span),
            change > 0,
            words.money(change, signed=True) if change else "不变",
        )
        for line, change in zip(lines, changes, strict=True)
    ]
    return Picture(_percent(-least, span), tuple(bars))


def columns(lines: Sequence[Line]) -> Picture:
    """The same over time. `left` is how far below the top a column begins."""
    changes = [line.sums.funds_change_fen for line in lines]
    least, most = min(0, *changes), max(0, *changes)
    span = max(most - least, 1)
    bars = [
        Bar(
            line.zh,
            _percent(most - max(change, 0), span),
            _percent(abs(change), span),
            change > 0,
            words.money(change, signed=True),
        )
        for line, change in zip(lines, changes, strict=True)
    ]
    return Picture(_percent(most, span), tuple(bars))


def _bands(people: People) -> list[tuple[str, int, int]]:
    return list(zip(BAND_WORDS, people.bands, people.bands_fen, strict=True))


def _bands_picture(people: People) -> Picture:
    """Persons per band; whoever pays the same is in the table alone, or the rest would vanish beside them."""
    same = BAND_WORDS.index("不变")
    most = max(1, *(persons for band, persons in enumerate(people.bands) if band != same))
    bars = [
        Bar(word, "0", _percent(persons, most), band > same, f"{persons:,} 人")
        for band, (word, persons) in enumerate(zip(BAND_WORDS, people.bands, strict=True))
        if band != same
    ]
    return Picture("0", tuple(bars))


def _percent(part: int, whole: int) -> str:
    """For a style: ``12.34``."""
    hundredths = part * 10_000 // whole
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def _undecided(found: Simulation, names: Mapping[str, str]) -> list[UndecidedLine]:
    """Places where the same is missing are told together, the line with most claims first."""
    counts: dict[tuple[InsuranceType, tuple[str, ...]], list[int]] = {}
    places: dict[tuple[InsuranceType, tuple[str, ...]], dict[str, None]] = {}
    for law, use in enumerate((found.in_force, found.draft)):
        for why in use.undecided:
            key = why.insurance_type, why.missing
            counts.setdefault(key, [0, 0])[law] += why.claims
            places.setdefault(key, {})[names.get(why.pool, "超过上限以后")] = None
    lines = [
        UndecidedLine(insurance.zh, "、".join(missing), "、".join(places[insurance, missing]), before, after)
        for (insurance, missing), (before, after) in counts.items()
    ]
    return sorted(lines, key=lambda line: (-max(line.in_force, line.draft), line))


def _values(found: Simulation, in_force: Pack, draft: Pack) -> list[ValueLine]:
    """The values no official source gives that took part in some result, the most used first."""
    used: dict[tuple[str, str, str, Confidence], int] = {}
    for pack, use in ((in_force, found.in_force), (draft, found.draft)):
        for each in use.values:
            if each.value.confidence is not Confidence.OFFICIAL:
                line = _value_line(pack, each)
                used[line] = max(used.get(line, 0), each.claims)
    lines = [ValueLine(*line, claims) for line, claims in used.items()]
    return sorted(lines, key=lambda line: (-line.claims, line.what, line.value))


def _value_line(pack: Pack, use: ValueUse) -> tuple[str, str, str, Confidence]:
    value = use.value
    told = value_zh(pack, value.parameter, value.value)
    return pack.definitions[value.parameter].zh, told, zh_date(value.since), value.confidence


def _conflicts(found: Simulation, in_force: Pack, draft: Pack) -> list[tuple[str, str, int]]:
    """Contradictions some used value rests on: id, on what the sources differ, and of how many claims at least."""
    claims: dict[str, int] = {}
    texts: dict[str, str] = {}
    for pack, use in ((in_force, found.in_force), (draft, found.draft)):
        counts = _by_conflict(use)
        for conflict, number in counts.items():
            claims[conflict] = max(claims.get(conflict, 0), number)
            texts[conflict] = pack.conflicts[conflict].zh
    return [(conflict, texts[conflict], number) for conflict, number in sorted(claims.items())]


def _by_conflict(use: LawUse) -> dict[str, int]:
    counts: dict[str, int] = {}
    for each in use.values:
        if each.value.conflict:
            counts[each.value.conflict] = max(counts.get(each.value.conflict, 0), each.claims)
    return counts


def sentences(found: Simulation, changed: Differences) -> list[str]:
    """The result in a few lines, for a terminal."""
    total, people = found.total, found.everyone
    change = total.funds_change_fen
    told = [f"{total.claims:,} 笔账单，{people.persons:,} 人；两边都算得出的 {total.compared:,} 笔。"]
    if found.in_force.version == found.draft.version:
        told.append("草案和在用的规定一样，请检查草案文件夹里的文件名和位置。")
    elif changed.first_day and changed.first_day > _last_day(found.months[-1]):
        told.append(
            f"最早的改动从{zh_date(changed.first_day)}开始，这些账单都在那以前结算。"
            "可以加 --years-later，把账单的日期往后挪几年再算。"
        )
    told.append(
        f"基金：在用 {words.money(total.funds_in_force_fen)}，草案 {words.money(total.funds_draft_fen)}，"
        + (
            f"{'多' if change > 0 else '少'}付 {words.money(abs(change))}"
            f"（{words.share(change, total.funds_in_force_fen, signed=True)}）。"
            if change
            else "一分不差。"
        )
    )
    told.append(
        f"少付的 {people.pay_less:,} 人，多付的 {people.pay_more:,} 人，不变的 {people.same:,} 人，"
        f"没法比的 {people.not_compared:,} 人。"
    )
    if total.not_compared:
        told.append(
            f"算不出的：在用 {total.undetermined_in_force:,} 笔，草案 {total.undetermined_draft:,} 笔，"
            f"涉及总费用 {words.money(total.not_compared_total_fen)}，不在上面的数里。"
        )
    if not_official := max(found.in_force.not_official, found.draft.not_official):
        told.append(f"有 {not_official:,} 笔用到了不是官方来源的数，结果只能作参考。")
    return told


def summary(found: Simulation) -> dict[str, object]:
    """The result in a few whole numbers, for programs: counts, and amounts in fen."""
    total, people = found.total, found.everyone
    return {
        "claims_file": found.file_name,
        "years_later": found.years_later,
        "in_force": found.in_force.version,
        "draft": found.draft.version,
        "claims": total.claims,
        "persons": people.persons,
        **{name: value for name, value in total._asdict().items() if name != "claims"},
        **_derived(total),
        "persons_pay_less": people.pay_less,
        "persons_pay_more": people.pay_more,
        "persons_same": people.same,
        "persons_not_compared": people.not_compared,
        "persons_partly_compared": people.partly_compared,
        "claims_not_official_in_force": found.in_force.not_official,
        "claims_not_official_draft": found.draft.not_official,
    }


def _derived(total: Measures) -> dict[str, int]:
    return {
        "compared": total.compared,
        "compared_total_fen": total.compared_total_fen,
        "funds_in_force_fen": total.funds_in_force_fen,
        "funds_draft_fen": total.funds_draft_fen,
        "funds_change_fen": total.funds_change_fen,
    }
