"""``tongban law generate`` and ``tongban law simulate``: whole populations of claims.

What they need beyond the product (pyarrow, numpy, numba) is imported when one of them runs and not before: no other
command, and no web process, pays for it.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from tongban.doors.cli.console import errors, results
from tongban.doors.cli.law_pack import open_pack
from tongban.infra.clock import day_of, system_clock
from tongban.kernel.errors import Refusal
from tongban.settings import Settings

GENERATE_HELP = "造一批假账单（Parquet），用来试草案。里面的人都不存在。"
SIMULATE_HELP = "把在用的规定和草案放在一起，对一批账单各算一遍，看差多少、谁少付谁多付。"

_POPULATION_FILE = "shanxi_population_2020.csv"
_BATCH_PACKAGES = frozenset({"numpy", "numba", "pyarrow"})

AsJson = Annotated[bool, typer.Option("--json", help="输出一行 JSON，给程序用；金额单位是分。")]
Threads = Annotated[
    int | None, typer.Option("--threads", min=1, max=256, help="用几个线程；不写就用全部核。", metavar="数")
]


class BatchMissing(Refusal):
    code = "batch_packages_missing"


class OutputImpossible(Refusal):
    code = "output_impossible"


def generate_command(
    out: Annotated[Path, typer.Argument(metavar="账单.parquet", help="写到哪里；已有的会被替换。")],
    claims: Annotated[int, typer.Option("--claims", help="多少笔。", metavar="笔数")],
    seed: Annotated[int, typer.Option("--seed", min=0, help="同样的种子造出同样的账单。", metavar="数")] = 1,
    persons: Annotated[
        int | None, typer.Option("--persons", help="大约多少人；不写就是每人平均两笔半。", metavar="人数")
    ] = None,
    year: Annotated[int, typer.Option("--year", help="哪一年的账单。", metavar="年")] = 2026,
    outpatient: Annotated[int, typer.Option("--outpatient", help="一千笔里多少笔是门诊。", metavar="千分之几")] = 600,
    threads: Threads = None,
    as_json: AsJson = False,
) -> None:
    with _batch_packages():
        from tongban.population.generate import Wanted, generate, read_population
    wanted = Wanted(claims, seed, persons, year, outpatient)
    wanted.check()
    population = read_population(Settings.from_env().data_dir / _POPULATION_FILE)
    with _writing(out), _progress("造账单", claims) as advance:
        made = generate(out, wanted, population, threads=threads or _cores(), progress=advance)
    if as_json:
        typer.echo(msgspec.json.encode({"path": str(out), **made._asdict()}).decode())
        return
    results.print(f"{out}：{made.claims:,} 笔，{made.persons:,} 人，{made.bytes / 1e6:,.1f} MB", soft_wrap=True)


def simulate_command(
    claims: Annotated[Path, typer.Argument(metavar="账单.parquet", help="格式见 docs/guides/simulate.md。")],
    draft: Annotated[
        list[Path],
        typer.Option(
            "--draft",
            help="草案文件夹：同名文件替换在用的，别的文件增加。可以写几次，后写的优先。",
            metavar="文件夹",
            file_okay=False,
            exists=True,
        ),
    ],
    report: Annotated[Path | None, typer.Option("--report", help="写一份 HTML 报告。", metavar="报告.html")] = None,
    tables: Annotated[
        Path | None, typer.Option("--tables", help="各张表写成 CSV 和 Parquet。", metavar="文件夹", file_okay=False)
    ] = None,
    years_later: Annotated[
        int, typer.Option("--years-later", help="先把账单日期往后挪几年，用去年的账单试明年的草案。", metavar="年数")
    ] = 0,
    memory_mb: Annotated[int, typer.Option("--memory-mb", help="最多用多少内存。", metavar="MB")] = 1024,
    threads: Threads = None,
    as_json: AsJson = False,
) -> None:
    with _batch_packages():
        from tongban.population import differences, simulate
        from tongban.population import report as reporting
        from tongban.population import tables as writing
        from tongban.population.claims import open_claims
    in_force, drafted = open_pack(), open_pack(draft)
    rows = open_claims(claims).rows
    with _progress("逐人结算", rows) as advance:
        found = simulate.simulate(
            claims,
            in_force,
            drafted,
            threads=threads or _cores(),
            memory_mb=memory_mb,
            years_later=years_later,
            progress=advance,
        )
    changed = differences.differences(in_force, drafted)
    if report:
        text = reporting.render(found, in_force, drafted, changed, day_of(system_clock()))
        with _writing(report):
            report.write_text(text, encoding="utf-8")
    if tables:
        with _writing(tables):
            writing.write_tables(tables, found, changed, reporting.names_of(in_force, drafted))
    if as_json:
        typer.echo(msgspec.json.encode(reporting.summary(found)).decode())
        return
    for sentence in reporting.sentences(found, changed):
        results.print(sentence, soft_wrap=True, markup=False)
    for what, path in (("报告", report), ("表格", tables)):
        if path:
            results.print(f"{what}：{path}", soft_wrap=True)


@contextmanager
def _batch_packages() -> Iterator[None]:
    """Raises BatchMissing where the packages for whole populations are not installed."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _BATCH_PACKAGES:
            raise
        raise BatchMissing("还没有装批量计算要用的软件包，请先运行 scripts/bootstrap.sh batch") from None


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Raises OutputImpossible where nothing can be written at `path`."""
    try:
        yield
    except OSError as error:
        raise OutputImpossible(f"写不了 {path}：{error.strerror or error}") from None


@contextmanager
def _progress(what: str, rows: int) -> Iterator[Callable[[int], None]]:
    """A bar on stderr over the rows done so far; nothing where stderr is no terminal."""
    columns: tuple[Any, ...] = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        MofNCompleteColumn(),
        TextColumn("笔，还要"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as progress:
        task = progress.add_task(what, total=rows)
        yield lambda done: progress.advance(task, done)


def _cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0))
