"""``tongban notices …``: what went out of the house, and what did not."""

import asyncio
import json
from typing import Annotated, Any

import typer
from rich.table import Table

from tongban import notices
from tongban.doors.cli.console import results
from tongban.infra.clock import in_china
from tongban.infra.db import connected
from tongban.infra.db.server import open_database
from tongban.kernel.identifiers import mask_phone
from tongban.notices import Channel, DeliveryState, NoticeKind
from tongban.settings import Settings

HELP = "消息：看短信和微信发出去了没有。"

app = typer.Typer(help=HELP, no_args_is_help=True)


@app.callback()
def group() -> None:
    """消息：看短信和微信发出去了没有。"""


@app.command("sent")
def sent(last: Annotated[int, typer.Option(help="看最近多少条。", min=1, max=1000)] = 20) -> None:
    """最近的短信和微信：发到哪一步了。没有接短信平台时，也列出本来要发什么。"""
    settings = Settings.from_env()
    with open_database(settings) as running:
        rows = asyncio.run(_deliveries(running.require_database_url(), last))
    table = Table("时间", "关于", "怎么发", "到哪一步", "试了几次", "原因")
    for row in rows:
        table.add_row(
            f"{in_china(row['created_at']):%Y-%m-%d %H:%M}",
            NoticeKind(row["kind"]).zh,
            Channel(row["channel"]).zh,
            DeliveryState(row["state"]).zh,
            str(row["attempts"]),
            row["last_failure"],
        )
    results.print(table)
    _print_stand_in(settings, last)


async def _deliveries(url: str, last: int) -> list[Any]:
    async with connected(url) as db:
        return await notices.deliveries(db, last)


def _print_stand_in(settings: Settings, last: int) -> None:
    """What the stand-in wrote down instead of sending it."""
    if settings.messages.messenger != "recorded":
        return
    results.print("\n现在用的是替身：下面这些都没有真的发出去。")
    for channel in Channel:
        path = notices.outbox_of(settings) / f"{channel.value}.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines()[-last:] if path.exists() else []
        for line in map(json.loads, lines):
            to = mask_phone(line["to"]) if channel is Channel.SMS else "微信用户"
            results.print(f"{channel.zh} → {to}：{line['text']}", markup=False, soft_wrap=True)
