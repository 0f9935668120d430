"""`tongban data`: the reference tables that ship with the product."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from tongban.directory import LoadReport, load_directory
from tongban.doors.cli.console import errors, results
from tongban.infra.clock import system_clock
from tongban.infra.db import connected
from tongban.infra.db.server import open_database, owner_url
from tongban.settings import Settings

app = typer.Typer(name="data", help="基础数据：统筹区、行政区划、医院、慢特病、目录、咨询电话。", no_args_is_help=True)

# Tables are loaded in one transaction; a slow machine may take longer than a web request is allowed to.
LONG_LIMITS = {"statement_timeout": "10min", "idle_in_transaction_session_timeout": "10min"}


@app.callback()
def _group() -> None:
    """Without a callback typer would make the only command the whole group."""


@app.command("load")
def load_command(
    dir_: Annotated[
        Path | None, typer.Option("--dir", help="数据文件夹；不写就用产品自带的。", file_okay=False, exists=True)
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只检查，不改数据库。")] = False,
) -> None:
    """装入基础数据。没有变化的文件跳过；有问题的行列出来，其余照装，最后以 1 退出。"""
    settings = Settings.from_env()
    if dir_ is not None:
        settings = replace(settings, data_dir=dir_.absolute())
    with open_database(settings) as opened:
        report = load_all(opened, is_dry_run=dry_run, console=errors)
    print_report(report, is_dry_run=dry_run)
    if report.problems:
        raise typer.Exit(1)


def load_all(settings: Settings, *, is_dry_run: bool = False, console: Console | None = None) -> LoadReport:
    """Load every file of `settings.data_dir` into a database that is up and migrated.

    With a console it draws progress bars. Call it outside an event loop. Raises DatabaseTrouble when the settings name
    no owner's connection.
    """
    return asyncio.run(_load(settings, is_dry_run, console))


def progress_bars(console: Console | None, *, shares_screen: bool = True) -> Progress:
    """Bars on `console`, or nowhere. `shares_screen`: what is printed meanwhile goes above them on the same screen;
    otherwise it stays on stdout, where a file or a program takes it."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console or Console(quiet=True),
        disable=console is None,
        redirect_stdout=shares_screen,
    )


async def _load(settings: Settings, is_dry_run: bool, console: Console | None) -> LoadReport:
    with progress_bars(console) as progress:
        tasks: dict[str, TaskID] = {}

        def show(zh: str, done: int, total: int) -> None:
            if zh not in tasks:
                tasks[zh] = progress.add_task(zh, total=total)
            progress.update(tasks[zh], completed=done, total=total)

        async with connected(owner_url(settings), **LONG_LIMITS) as owner_db:
            return await load_directory(
                owner_db, settings.data_dir, now=system_clock(), is_dry_run=is_dry_run, on_progress=show
            )


def print_report(report: LoadReport, *, is_dry_run: bool = False) -> None:
    """One line a file, then the notes, then every row that was left out."""
    would = "将写入" if is_dry_run else "写入"
    for file in report.files:
        what = "没有变化，跳过" if file.is_unchanged else f"{file.records} 条，{would} {file.changed} 条"
        results.print(f"{file.zh}（{file.file_name}）：{what}")
        for note in file.notes:
            results.print(f"  说明：{note}")
    for problem in report.problems:
        results.print(str(problem), style="red", markup=False)
    if report.problems:
        results.print(f"有 {len(report.problems)} 行有问题，没有装入。改好后再装一次就行。", style="red")
