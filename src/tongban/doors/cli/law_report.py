"""``tongban law gaps`` and ``tongban law conflicts``: what an official reads to know what is still to be found out."""

from itertools import groupby
from typing import Any

import msgspec
import typer
from rich.padding import Padding
from rich.text import Text

from tongban.doors.cli.console import results
from tongban.doors.cli.law_pack import AsJson, On, Policies, chosen_day, open_pack
from tongban.doors.documents import ConflictDocument, conflicts_document, document, gaps_document
from tongban.kernel.dates import zh_date
from tongban.law.report import Gap

GAPS_HELP = "列出哪些规定没有查到：缺什么、哪里缺、为什么、请问谁。"
CONFLICTS_HELP = "列出来源说法不一的地方：几种读法、现在用哪种、为什么、谁负责、哪天再看。"


def gaps_command(on: On = "", as_json: AsJson = False, policies: Policies = None) -> None:
    found = gaps_document(open_pack(policies), chosen_day(on))
    if as_json:
        _put(found)
        return
    if not found.gaps:
        results.print(f"{zh_date(found.on)}：每一项都有规定，没有缺的。")
        return
    undeclared = sum(not gap.is_declared for gap in found.gaps)
    more = f"其中 {undeclared} 项还没有写明原因。" if undeclared else ""
    results.print(f"{zh_date(found.on)}没有查到的，共 {len(found.gaps)} 项，按地方排。{more}")
    by_place: dict[tuple[str, str], list[Gap]] = {}
    for gap in found.gaps:
        by_place.setdefault((gap.region_zh, gap.ask), []).append(gap)
    for (region, ask), lines in by_place.items():
        results.print()
        results.print(Text(region, style="bold"))
        results.print(f"请问{ask}", style="dim")
        for subject, same in groupby(lines, key=lambda gap: (gap.zh, gap.subject)):
            _print_gaps(*subject, list(same))


def conflicts_command(on: On = "", as_json: AsJson = False, policies: Policies = None) -> None:
    found = conflicts_document(open_pack(policies), chosen_day(on))
    if as_json:
        _put(found)
        return
    due = [line.id for line in found.conflicts if line.is_due]
    results.print(f"{zh_date(found.on)}：来源说法不一或没有写明的，共 {len(found.conflicts)} 处。")
    if due:
        results.print(Text(f"到了该再看的日子：{'、'.join(due)}", style="yellow"))
    for (is_settled, owner), lines in groupby(sorted(found.conflicts, key=_keeper), key=_keeper):
        several = list(lines)
        state = "，官方已有定论的" if is_settled else "负责"
        results.print()
        results.print(Text(f"—— {owner}{state}，{len(several)} 处 ——", style="dim"))
        for line in several:
            _print_conflict(line)


def _keeper(line: ConflictDocument) -> tuple[bool, str]:
    return line.is_settled, line.owner


def _put(found: Any) -> None:
    typer.echo(msgspec.json.encode(document(found)).decode())


def _indented(text: Text | str, by: int = 2) -> None:
    results.print(Padding(text if isinstance(text, Text) else Text(text), (0, 0, 0, by)))


def _print_gaps(zh: str, subject: str, lines: list[Gap]) -> None:
    _indented(zh if subject == zh else Text.assemble(zh, (f"（{subject}）", "dim")))
    for why, same in groupby(lines, key=lambda gap: gap.why):
        several = list(same)
        for gap in several:
            ended = f"（{zh_date(gap.since)}起）" if gap.since else ""
            if gap.keys_zh or ended:
                _indented(f"{gap.keys_zh}{ended}", 4)
        _indented(Text(why, style="" if several[0].is_declared else "yellow"), 4)


def _print_conflict(line: ConflictDocument) -> None:
    results.print()
    state = "" if line.is_switch or line.is_settled else "（选哪种都不改变结果）"
    results.print(Text.assemble((f"{line.id}  {line.zh}", "bold"), state))
    for reading in line.readings:
        used = "● 默认用" if reading.is_default else "○"
        chosen = f"（{'、'.join(reading.chosen_by)}选用）" if reading.chosen_by else ""
        _indented(f"{used} {reading.zh}{chosen}")
        for source in reading.sources:
            told = f"{source.title} {source.article}".strip()
            _indented(Text.assemble(told, (f"（{source.confidence.zh}）", "dim")), 6)
    _indented(f"为什么：{line.why}")
    if not line.is_settled:
        review = f"{zh_date(line.review_on)}再看" + ("，已经到了" if line.is_due else "")
        _indented(Text(review, style="yellow" if line.is_due else "dim"))
