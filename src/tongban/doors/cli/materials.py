"""``tongban materials``: whether every picture of a paper is there and whole, and purging what was kept long enough."""

import asyncio
from typing import Annotated

import typer
from rich.table import Table

from tongban import materials
from tongban.doors.cli.console import results
from tongban.infra.clock import system_clock
from tongban.infra.crypto import Vault
from tongban.infra.db import connected
from tongban.infra.db.server import open_database
from tongban.infra.files import files_from
from tongban.kernel.dates import zh_date
from tongban.kernel.identifiers import MATERIAL, OutsideNumber
from tongban.settings import Settings

HELP = "材料照片：核对存储、清理到期的。"

app = typer.Typer(no_args_is_help=True)

_SHOWN_MAX = 20


@app.command("check")
def check_command() -> None:
    """每张照片都取出来看：在不在、打不打得开、对不对。有问题时返回码为 1。"""
    with open_database(Settings.from_env()) as settings:
        kept, faults, strays = asyncio.run(_check(settings))
    for fault in faults:
        results.print(f"{fault.number}：{fault.sentence}", soft_wrap=True)
    results.print(f"一共 {kept} 份材料，{len(faults)} 处有问题；存储里有 {len(strays)} 个对象不属于任何材料。")
    if faults or strays:
        raise typer.Exit(1)


@app.command("purge")
def purge_command(
    really: Annotated[bool, typer.Option("--yes", help="真的删除。不写就只列出会删什么。")] = False,
    strays: Annotated[
        bool, typer.Option("--strays", help="不属于任何材料的对象也删。刚从备份恢复数据库时不要用。")
    ] = False,
) -> None:
    """清理留够年限的照片，和 30 天没人要的草稿照片。先列出来，写了 --yes 才删。"""
    with open_database(Settings.from_env()) as settings:
        asyncio.run(_purge(settings, really=really, with_strays=strays))


async def _check(settings: Settings) -> tuple[int, list[materials.Fault], list[str]]:
    vault, files = Vault.from_settings(settings), files_from(settings)
    async with connected(settings.require_database_url()) as db:
        faults = [fault async for fault in materials.check(db, vault, files)]
        strays = await materials.strays(db, vault, files, now=system_clock())
        return await materials.count(db), faults, strays


async def _purge(settings: Settings, *, really: bool, with_strays: bool) -> None:
    vault, files, now = Vault.from_settings(settings), files_from(settings), system_clock()
    async with connected(settings.require_database_url()) as db:
        due = await materials.due(db, now=now)
        kept = await materials.count(db)
        if due:
            results.print(_table(due))
        megabytes = sum(found.bytes for found in due) / 1024 / 1024
        results.print(f"到期的有 {len(due)} 份（{megabytes:.1f} MB），要留着的有 {kept - len(due)} 份。")
        strays = await materials.strays(db, vault, files, now=now) if with_strays else []
        if with_strays:
            results.print(f"不属于任何材料的对象有 {len(strays)} 个。")
        if not really:
            results.print("这次只是看看，什么都没有删。要删请加 --yes。")
            return
        done = await materials.purge(db, vault, files, actor="operator:cli", now=now)
        removed = await materials.remove_strays(db, vault, files, strays, since=now)
        removed += await materials.tidy(files, now=now)
    results.print(f"删了 {done.materials} 份材料、{done.objects + removed} 个对象。")
    results.print(f"要留着的 {done.staying} 份，删除前后都在。")


def _table(due: list[materials.Due]) -> Table:
    table = Table("编号", "留到", "大小")
    for found in due[:_SHOWN_MAX]:
        until = zh_date(found.kept_until) if found.kept_until else "没有交出去的草稿照片"
        number = OutsideNumber(MATERIAL, found.person_id, found.material_serial)
        table.add_row(str(number), until, f"{found.bytes / 1024:.0f} KB")
    if len(due) > _SHOWN_MAX:
        table.add_row(f"……还有 {len(due) - _SHOWN_MAX} 份", "", "")
    return table
