"""``tongban account check``: whether the books hold, to the fen."""

import asyncio
import getpass

import typer

from tongban import account, mutual_aid
from tongban.account import BooksChecked
from tongban.doors.cli.console import results
from tongban.doors.cli.data import LONG_LIMITS
from tongban.infra import audit
from tongban.infra.clock import system_clock
from tongban.infra.db import connected
from tongban.infra.db.server import open_database
from tongban.mutual_aid import SharingChecked
from tongban.settings import Settings

HELP = "个人账户：核对每一分钱。"

app = typer.Typer(help=HELP, no_args_is_help=True)


@app.callback()
def group() -> None:
    """个人账户：核对每一分钱。"""


@app.command("check")
def check_command() -> None:
    """每个账户的余额、每一笔账、给家人留出来的和家人用了的，都和账对一遍。有对不上的，返回码为 1。"""
    with open_database(Settings.from_env()) as opened:
        books, sharing = asyncio.run(_check(opened.require_database_url()))
    faults = (*books.faults, *sharing.faults)
    for fault in faults:
        results.print(f"{fault.number}：{fault.sentence}", markup=False, soft_wrap=True)
    counted = f"{books.accounts:,} 个个人账户、{books.entries:,} 笔账、{sharing.grants:,} 条家庭共济"
    if faults:
        results.print(f"{counted}，有 {len(faults):,} 处对不上。", soft_wrap=True)
        raise typer.Exit(1)
    results.print(f"{counted}，都一分不差。", soft_wrap=True)


async def _check(url: str) -> tuple[BooksChecked, SharingChecked]:
    """Look through, and write down that an operator did."""
    async with connected(url, **LONG_LIMITS) as db:
        books, sharing = await account.check(db), await mutual_aid.check(db)
        await audit.record(
            db,
            now=system_clock(),
            actor=f"operator:{getpass.getuser()}",
            channel="cli",
            action="accounts.checked",
            person_id=None,
            detail={"accounts": books.accounts, "faults": len(books.faults) + len(sharing.faults)},
        )
    return books, sharing
