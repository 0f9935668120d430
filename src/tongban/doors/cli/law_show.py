"""``tongban law show``: what is in force of one parameter or list, in words, with where it comes from."""

from collections.abc import Iterator
from itertools import groupby
from typing import Annotated, Any

import msgspec
import typer
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tongban.doors.cli.console import results
from tongban.doors.cli.law_pack import AsJson, On, Policies, chosen_day, open_pack
from tongban.doors.documents import UNITS_ZH, ParametersDocument, document, parameter_document, parameters_document
from tongban.kernel.dates import zh_date
from tongban.kernel.vocabulary import Confidence
from tongban.law import InForce, Pack
from tongban.law.keys import NAMES_ZH, keys_zh, possible_keys

HELP = "看一个参数或名单某一天有效的数，连同出处；不写名称就列出全部。"

Name = Annotated[str, typer.Argument(metavar="名称", help="如 inpatient_rate；不写就列出全部名称。")]
Pool = Annotated[str, typer.Option("--pool", help="只看这个参保地用的数，如 太原 或 140100。", metavar="统筹区")]


def command(name: Name = "", on: On = "", pool: Pool = "", as_json: AsJson = False, policies: Policies = None) -> None:
    pack = open_pack(policies)
    if not name:
        listed = parameters_document(pack)
        _put(listed) if as_json else results.print(_names(listed))
        return
    shown = parameter_document(pack, name, chosen_day(on), pool)
    if as_json:
        _put(shown)
        return
    where = f"，{pack.scope_name(shown.pool)}" if shown.pool else ""
    results.print(Text(f"{shown.zh}（{shown.parameter}），{zh_date(shown.on)}{where}", style="bold"))
    if not shown.values:
        results.print("这一天没有查到任何规定。没有查到的，都在 tongban law gaps 里。")
    names = shown.keys
    for _, group in groupby(sorted(shown.values, key=_standing), key=_standing):
        _print_group(pack, names, list(group))


def _put(shown: Any) -> None:
    typer.echo(msgspec.json.encode(document(shown)).decode())


def _names(listed: ParametersDocument) -> Table:
    table = Table("名称", "是什么", box=None, padding=(0, 2, 0, 0))
    table.columns[0].no_wrap = True
    table.columns[1].overflow = "fold"
    for line in listed.parameters:
        keys = [NAMES_ZH.get(key, key) for key in line.keys]
        told = f"{UNITS_ZH[line.unit]}；随{'、'.join(keys)}而变" if keys else UNITS_ZH[line.unit]
        table.add_row(line.name, Text.assemble(line.zh, (f"（{told}）", "dim")))
    return table


def _standing(line: InForce) -> tuple[str, ...]:
    """Lines with the same one are told together: who says it, since when, where it stands, how well it is known."""
    sources = (f"{source.title} {source.article}".strip() for source in line.sources)
    span = f"{line.since} 起" + (f"，到 {line.until}" if line.until else "")
    return (line.region, span, str(line.confidence), line.conflict, line.reading, *dict.fromkeys(sources))


def _print_group(pack: Pack, names: tuple[str, ...], lines: list[InForce]) -> None:
    first = lines[0]
    (
        _,
        span,
        *_,
    ) = standing = _standing(first)
    results.print()
    mark = "" if first.confidence is Confidence.OFFICIAL else "yellow"
    results.print(Text.assemble(f"{first.region_zh} · {span} · ", (first.confidence.zh, mark)))
    table = Table.grid("keys", "value", padding=(0, 2), pad_edge=True)
    for column in table.columns:
        column.overflow = "fold"
    possible = possible_keys(names)
    for told, keys in _by_value(lines):
        table.add_row(keys_zh(names, keys, possible) if names else "", Text(told, style="bold"))
    results.print(Padding(table, (0, 0, 0, 2)))
    for source in standing[5:]:
        results.print(Padding(Text(f"依据：{source}"), (0, 0, 0, 2)))
    if first.conflict:
        results.print(Padding(Text(_reading(pack, first)), (0, 0, 0, 2)))


def _by_value(lines: list[InForce]) -> Iterator[tuple[str, list[tuple[str, ...]]]]:
    keys_of: dict[str, list[tuple[str, ...]]] = {}
    for line in lines:
        keys_of.setdefault(line.value_zh, []).append(line.keys)
    yield from keys_of.items()


def _reading(pack: Pack, line: InForce) -> str:
    record = pack.conflicts[line.conflict]
    readings = {reading.id: reading.zh for reading in record.readings}
    used = f"，用的是“{readings[line.reading]}”" if line.reading else ""
    return f"分歧 {line.conflict}：{record.zh}{used}"
