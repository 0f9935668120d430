"""What all review commands share: who decides, for which pools, over which database, and how time left is drawn."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, TypeVar

import msgspec
import typer

from tongban.agency import Operator
from tongban.infra.clock import system_clock
from tongban.infra.crypto import Vault
from tongban.infra.db import Connection, connected
from tongban.infra.db.server import open_database
from tongban.kernel.dates import parse_date
from tongban.kernel.errors import Refusal
from tongban.law import Pack, load_pack
from tongban.settings import Settings

T = TypeVar("T")

OperatorName = Annotated[str, typer.Option("--operator", help="谁在办：写进操作记录。")]
PoolCodes = Annotated[list[str], typer.Option("--pool", help="管哪个统筹区，6 位代码；管几个就写几次。")]
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON，给别的程序用。")]
Sentence = Annotated[str, typer.Option("--sentence", help="给申请人看的一句话。")]
Number = Annotated[str, typer.Argument(metavar="编号", help="申请的编号。")]

_BAR = 10


class OfficeRefused(Refusal):
    code = "review_refused"


@dataclass(frozen=True, slots=True)
class Office:
    """One command's surroundings. Times are those of its start."""

    db: Connection
    vault: Vault
    pack: Pack
    settings: Settings
    now: datetime


def run(work: Callable[[Office], Awaitable[T]]) -> T:
    """Open the database the installation uses and do the work there."""
    settings = Settings.from_env()
    pack = load_pack(settings.policies_dir)

    async def inside(url: str) -> T:
        async with connected(url) as db:
            return await work(Office(db, Vault.from_settings(settings), pack, settings, system_clock()))

    with open_database(settings) as opened:
        return asyncio.run(inside(opened.require_database_url()))


def who(operator: str, pools: list[str]) -> Operator:
    """Who decides, as typed. Raises OfficeRefused when nobody, or nowhere, was named."""
    name = operator.strip()
    if not name or len(name) > 40:
        raise OfficeRefused("请用 --operator 写清楚谁在办，1 到 40 个字")
    for pool in pools:
        if len(pool) != 6 or not pool.isascii() or not pool.isdigit():
            raise OfficeRefused(f"--pool 是 {pool[:20]}，应该是 6 位统筹区代码，例如 140100")
    return Operator(name, frozenset(pools))


def day(text: str, label: str) -> date | None:
    """Empty: not said."""
    return parse_date(text, label=label) if text else None


def put_json(document: Any) -> None:
    typer.echo(msgspec.json.encode(document).decode())


def time_left(days_left: int | None, is_waiting: bool = False) -> str:
    """A bar and words, for a table of rich."""
    if is_waiting:
        return "等申请人"
    if days_left is None:
        return "没有规定时限"
    if days_left < 0:
        return f"[red]{'█' * _BAR} 超了 {-days_left} 天[/red]"
    full = max(0, _BAR - min(days_left, _BAR))
    colour = "red" if days_left <= 2 else "yellow" if days_left <= 5 else "green"
    return f"[{colour}]{'█' * full}{'░' * (_BAR - full)} 还有 {days_left} 天[/{colour}]"
