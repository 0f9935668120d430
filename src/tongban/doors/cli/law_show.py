"""``tongban law show``: what is in force of one parameter or list, in words, with where it comes from."""

from typing import Annotated, Any

import msgspec
import typer
from rich.table import Table
from rich.text import Text

from tongban.doors.cli.console import results
from tongban.doors.cli.law_pack import AsJson, On, Policies, chosen_day, open_pack
from tongban.doors.documents import ParametersDocument, document, parameter_document, parameters_document
from tongban.kernel.dates import zh_date
from tongban.kernel.vocabulary import Confidence
from tongban.law import InForce

HELP = "看一个参数或名单现在有效的数，连同出处；不写名称就列出全部。"

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
    results.print(f"[bold]{shown.zh}[/]（{shown.parameter}），{zh_date(shown.on)}{where}")
    if shown.values:
        results.print(_values(shown.values))
    else:
        results.print("这一天没有查到任何规定。要看没有查到的，请用 tongban law gaps。")


def _put(shown: Any) -> None:
    typer.echo(msgspec.json.encode(document(shown)).decode())


def _names(listed: ParametersDocument) -> Table:
    table = Table("名称", "是什么", "单位", "随什么而变", box=None, padding=(0, 2, 0, 0))
    for line in listed.parameters:
        table.add_row(line.name, line.zh, line.unit, "、".join(line.keys))
    return table


def _values(lines: tuple[InForce, ...]) -> Table:
    table = Table("地区", "情形", "数", "有效", "可靠程度", "出处", padding=(0, 1))
    table.columns[2].justify = "right"
    for line in lines:
        span = f"{line.since} 起" + (f"，到 {line.until}" if line.until else "")
        mark = Text(line.confidence.zh, style="" if line.confidence is Confidence.OFFICIAL else "yellow")
        sources = dict.fromkeys(f"{source.title} {source.article}".strip() for source in line.sources)
        reading = (
            [f"分歧 {line.conflict}" + (f"，读法 {line.reading}" if line.reading else "")] if line.conflict else []
        )
        table.add_row(
            line.region_zh, line.keys_zh or "都一样", line.value_zh, span, mark, "\n".join([*sources, *reading])
        )
    return table


def _reading(line: InForce) -> list[str]:
    if not line.conflict:
        return []
    return [f"分歧 {line.conflict}" + (f"，读法 {line.reading}" if line.reading else "")]
