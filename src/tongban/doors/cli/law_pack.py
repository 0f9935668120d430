"""What the commands of ``tongban law`` share: the policies they speak of, days and places as people type them."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from tongban.infra.clock import day_of, system_clock
from tongban.kernel.dates import parse_date
from tongban.kernel.errors import Refusal
from tongban.law import Pack, PolicyError, load_pack
from tongban.settings import Settings

Policies = Annotated[
    list[Path] | None,
    typer.Option(
        "--policies",
        help="在产品的规则上叠加这个文件夹：同名文件替换，别的文件增加。可以写几次，后写的优先。",
        metavar="文件夹",
        file_okay=False,
        exists=True,
    ),
]
On = Annotated[str, typer.Option("--on", help="看哪一天，如 2026-11-20；不写就是今天。", metavar="日期")]
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON，给程序用。")]


class PoliciesFaulty(Refusal):
    """The policies cannot be loaded; the sentence lists every fault."""

    code = "policies_faulty"


def open_pack(overlays: Iterable[Path] | None = None) -> Pack:
    """The product's policies with `overlays` laid over them. Raises PoliciesFaulty."""
    try:
        return load_pack(Settings.from_env().policies_dir, *(overlays or ()))
    except PolicyError as error:
        raise PoliciesFaulty(str(error)) from None


def chosen_day(text: str) -> date:
    """The day typed, today in China when nothing was. Raises InvalidDate."""
    return parse_date(text, field="on") if text else day_of(system_clock())
