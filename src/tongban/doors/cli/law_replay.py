"""``tongban law replay``: everything ever settled, computed again and compared to the fen."""

import asyncio
import getpass
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any

import msgspec
import typer

from tongban.doors.cli.console import errors, results
from tongban.doors.cli.data import LONG_LIMITS, progress_bars
from tongban.doors.cli.law_pack import Policies, open_pack
from tongban.infra import audit
from tongban.infra.clock import system_clock
from tongban.infra.db import connected
from tongban.infra.db.server import open_database
from tongban.kernel.dates import parse_date
from tongban.kernel.money import yuan
from tongban.law import Pack
from tongban.settings import Settings
from tongban.settlement import Finding, FindingKind, Replayed, Wanted, replay

HELP = "把存下的每一笔结算按当时的规则再算一遍，报出不一样的地方；有不一样的，返回码为 1。要用数据库。"

Since = Annotated[str, typer.Option("--since", help="只看这一天和以后结算的。", metavar="日期")]
Until = Annotated[str, typer.Option("--until", help="只看这一天和以前结算的。", metavar="日期")]
Person = Annotated[int | None, typer.Option("--person", help="只看这个人，15 位人员编号。", metavar="编号", min=1)]
Version = Annotated[str, typer.Option("--version", help="只看按这一版规则算的。", metavar="版本")]
Limit = Annotated[int | None, typer.Option("--limit", help="最多看多少笔。", metavar="笔数", min=1)]
AsJson = Annotated[bool, typer.Option("--json", help="每行一个 JSON：每处不一样一行，最后一行是合计。")]


def command(
    since: Since = "",
    until: Until = "",
    person: Person = None,
    version: Version = "",
    limit: Limit = None,
    policies: Policies = None,
    as_json: AsJson = False,
) -> None:
    wanted = Wanted(
        since=parse_date(since, field="since") if since else None,
        until=parse_date(until, field="until") if until else None,
        person_id=person,
        version=version or None,
        limit=limit,
    )
    other_law = open_pack(policies) if policies else None
    with open_database(Settings.from_env()) as opened:
        done = asyncio.run(
            _replay(opened.require_database_url(), wanted, other_law, _put_json if as_json else _put_line)
        )
    if as_json:
        typer.echo(msgspec.json.encode({"summary": _summary(done)}).decode())
    else:
        _print_end(done)
    if not done.is_sound:
        raise typer.Exit(1)


async def _replay(url: str, wanted: Wanted, other_law: Pack | None, put: Callable[[Finding], None]) -> Replayed:
    """Recompute, and write down that an operator did."""
    async with connected(url, **LONG_LIMITS) as db:
        with progress_bars(errors, shares_screen=sys.stdout.isatty()) as progress:
            task = progress.add_task("重算", total=None)
            done = await replay(
                db,
                wanted,
                on_finding=put,
                on_progress=lambda count, total: progress.update(task, completed=count, total=total),
                other_law=other_law,
            )
        await audit.record(
            db,
            now=system_clock(),
            actor=f"operator:{getpass.getuser()}",
            channel="cli",
            action="settlements.replayed",
            person_id=wanted.person_id,
            detail={"settlements": done.settlements, "differing": done.differing},
        )
    return done


def _put_json(finding: Finding) -> None:
    typer.echo(msgspec.json.encode({"finding": asdict(finding)}).decode())


def _put_line(finding: Finding) -> None:
    what = finding.number or finding.version
    if finding.kind is FindingKind.DIFFERENCE:
        stored, recomputed = (_amount(finding.field, value) for value in (finding.stored, finding.recomputed))
        told = f"{finding.field}：存的 {stored}，再算 {recomputed}"
    else:
        told = f"{finding.kind.zh}：{finding.reason}"
    results.print(f"{what}  {told}", markup=False, soft_wrap=True)


def _amount(field: str, value: int | str | None) -> str:
    return yuan(value) if field.endswith("_fen") and isinstance(value, int) else str(value)


def _summary(done: Replayed) -> dict[str, Any]:
    return {
        "settlements": done.settlements,
        "differing": done.differing,
        "is_other_law": done.is_other_law,
        "findings": {kind.value: count for kind, count in done.findings.items()},
        "versions": [asdict(tally) for tally in done.versions],
    }


def _print_end(done: Replayed) -> None:
    if not done.versions:
        results.print("没有这样的结算。")
        return
    for tally in done.versions:
        results.print(
            f"规则 {tally.version}：结算 {tally.settlements:,} 笔，其中已撤销 {tally.cancelled:,} 笔，"
            f"不一样 {tally.differing:,} 笔",
            soft_wrap=True,
        )
        if tally.is_known:
            results.print(f"  基金付：存的 {yuan(tally.fund_fen)}，再算 {yuan(tally.fund_anew_fen)}", soft_wrap=True)
    results.print(_verdict(done), soft_wrap=True)


def _verdict(done: Replayed) -> str:
    if not any(done.findings.values()):
        return f"{done.settlements:,} 笔都一分不差。"
    if not done.is_other_law:
        told = "，".join(f"{kind.zh} {count:,} 处" for kind, count in done.findings.items() if count)
        return f"{done.settlements:,} 笔里有 {done.differing:,} 笔不一样：{told}。"
    silent, unreadable = (done.findings[kind] for kind in (FindingKind.UNDETERMINED, FindingKind.UNREADABLE))
    fund_fen = sum(tally.fund_anew_fen - tally.fund_fen for tally in done.versions)
    change = f"多付 {yuan(fund_fen)}" if fund_fen >= 0 else f"少付 {yuan(-fund_fen)}"
    return (
        f"换成这套规则，{done.settlements:,} 笔里有 {done.differing:,} 笔不一样，"
        f"其中算不出的 {silent:,} 笔、读不出的 {unreadable:,} 笔。"
        f"算得出的，基金一共{change} 元。每一笔照当时的累计单独算。"
    )
