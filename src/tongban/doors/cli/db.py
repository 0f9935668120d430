"""``tongban db``: the database's state, its schema, a shell into it, and the keys of a new installation."""

import asyncio
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Annotated
from urllib.parse import unquote, urlsplit

import typer
from rich.table import Table

from tongban.doors.cli.console import results
from tongban.infra.clock import in_china
from tongban.infra.db import connected
from tongban.infra.db.binaries import find_binaries
from tongban.infra.db.errors import BinariesMissing, MigrationRefused
from tongban.infra.db.migrate import MigrationState, migrate, migration_states
from tongban.infra.db.server import app_login, open_database, owner_url
from tongban.infra.secrets import create_secrets
from tongban.settings import Settings

app = typer.Typer(no_args_is_help=True)

Wait = Annotated[float, typer.Option("--wait", help="数据库文件夹正被占用时，最多等多少秒。", min=0, metavar="秒")]


@app.command()
def status() -> None:
    """看数据库在哪里、是什么版本、结构是不是最新。结构不是最新时返回码为 1。"""
    with open_database(Settings.from_env()) as settings:
        version, size, states = asyncio.run(_status(settings.owner_database_url or settings.database_url or ""))
    results.print(f"PostgreSQL {version}，数据 {size}")
    results.print(_table(states))
    if changed := [state.name for state in states if state.is_changed]:
        raise MigrationRefused(f"{'、'.join(changed)} 用过以后又被改了内容：请恢复原文件")
    if waiting := sum(state.applied_at is None for state in states):
        raise MigrationRefused(f"还有 {waiting} 个迁移没有做：请运行 tongban db migrate")


@app.command("migrate")
def migrate_command(wait: Wait = 0.0) -> None:
    """把数据库结构升级到最新。可以放心重复运行。"""
    with open_database(Settings.from_env(), wait=wait) as settings:
        done = asyncio.run(migrate(owner_url(settings), app_login(settings)))
    for name in done:
        results.print(f"已完成 {name}")
    results.print(f"共做了 {len(done)} 个迁移。" if done else "已经是最新，没有要做的。")


@app.command()
def shell(
    as_owner: Annotated[bool, typer.Option("--owner", help="用所有者的身份，可以改结构。")] = False,
    command: Annotated[str | None, typer.Option("--command", "-c", help="只执行这一句 SQL。")] = None,
) -> None:
    """打开 psql。默认用网页程序的身份，只能读写数据。"""
    with open_database(Settings.from_env()) as settings:
        url = owner_url(settings) if as_owner or settings.database_url is None else settings.database_url
        code = _psql(_psql_program(settings), url, ["-c", command] if command else [])
    raise typer.Exit(code)


@app.command("new-secrets")
def new_secrets(path: Annotated[Path | None, typer.Argument(help="写到哪里；默认是设置里的位置。")] = None) -> None:
    """为正式使用生成一份新的随机密钥。请妥善备份：丢了它，加密的数据再也打不开。"""
    path = (path or Settings.from_env().secrets_file).absolute()
    create_secrets(path, for_demo=False)
    results.print(f"密钥写在 {path}，请现在就备份到安全的地方。", soft_wrap=True)


async def _status(url: str) -> tuple[str, str, list[MigrationState]]:
    async with connected(url) as db:
        version = await db.fetchval("select split_part(current_setting('server_version'), ' ', 1)")
        size = await db.fetchval("select pg_size_pretty(pg_database_size(current_database()))")
        return version, size, await migration_states(db)


def _table(states: list[MigrationState]) -> Table:
    table = Table("迁移", "完成时间")
    for state in states:
        at = f"{in_china(state.applied_at):%Y-%m-%d %H:%M:%S}" if state.applied_at else "还没有做"
        table.add_row(state.name, "内容被改过" if state.is_changed else at)
    return table


def _psql_program(settings: Settings) -> str:
    ours = None if settings.postgres == "external" else find_binaries(settings.postgres) / "psql"
    program = str(ours) if ours is not None and ours.exists() else shutil.which("psql")
    if program is None:
        raise BinariesMissing("没有找到 psql：请安装 PostgreSQL 的客户端，例如 apt install postgresql-client")
    return program


def _psql(program: str, url: str, arguments: list[str]) -> int:
    """The password goes by environment: a command line can be read by everybody on the machine."""
    parts = urlsplit(url)
    user, _, place = parts.netloc.rpartition("@")
    name, _, password = user.partition(":")
    target = parts._replace(netloc=f"{name}@{place}").geturl()
    # Ctrl-C belongs to psql, where it stops a query; we wait until psql ends.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        environment = {**os.environ, "PGPASSWORD": unquote(password)}
        return subprocess.run([program, target, *arguments], env=environment, check=False).returncode  # noqa: S603
    finally:
        signal.signal(signal.SIGINT, before)
