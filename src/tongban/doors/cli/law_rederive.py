"""``tongban law rederive``: which settlements would differ, had the cancelled ones before them never been."""

import asyncio
import getpass
from itertools import groupby
from typing import Annotated, Any

import msgspec
import typer

from tongban import settlement
from tongban.doors.cli.console import results
from tongban.doors.cli.data import LONG_LIMITS
from tongban.infra import audit
from tongban.infra.clock import system_clock
from tongban.infra.db import Connection, connected
from tongban.infra.db.server import open_database
from tongban.kernel.errors import NotFound
from tongban.kernel.identifiers import PERSON_NUMBER_LENGTH, SETTLEMENT, parse_outside_number
from tongban.kernel.money import yuan
from tongban.law import Pack, load_pack
from tongban.settings import Settings
from tongban.settlement import LaterChange, SettlementState

HELP = "撤销过前面的结算以后，后面哪些结算会不一样、差多少；不写号码，就列出记下的全部。要用数据库。"

Number = Annotated[str, typer.Argument(metavar="号码", help="15 位人员编号，或者 S 开头的结算号。")]
AsJson = Annotated[bool, typer.Option("--json", help="每行一个 JSON，一笔结算一行。")]

# Of a bill's shares, in their order.
_LABELS = ("起付线", "基本医保", "大病保险", "医疗救助", "自己付")


class NumberUnknown(NotFound):
    code = "number_unknown"


def command(number: Number = "", as_json: AsJson = False) -> None:
    settings = Settings.from_env()
    pack = load_pack(settings.policies_dir)
    with open_database(settings) as opened:
        asyncio.run(_tell(opened.require_database_url(), pack, number, as_json=as_json))


async def _tell(url: str, pack: Pack, number: str, *, as_json: bool) -> None:
    async with connected(url, **LONG_LIMITS) as db:
        person_id: int | None = None
        if number:
            person_id = await _tell_of(db, pack, number, as_json=as_json)
        else:
            await _list(db, as_json=as_json)
        await audit.record(
            db,
            now=system_clock(),
            actor=f"operator:{getpass.getuser()}",
            channel="cli",
            action="settlements.rederived",
            person_id=person_id,
            subject=number,
        )


async def _list(db: Connection, *, as_json: bool) -> None:
    """The agency's list, as it comes from the database."""
    count = 0
    async for change in settlement.recorded_changes(db):
        _put_json(change) if as_json else _put_line(change)
        count += 1
    if not as_json:
        results.print(f"一共 {count:,} 笔。" if count else "没有记下会不一样的结算。")


async def _tell_of(db: Connection, pack: Pack, number: str, *, as_json: bool) -> int:
    """Whom it is about."""
    person_id, changes, is_cancelled = await _of_number(db, pack, number)
    if as_json:
        for change in changes:
            _put_json(change)
    elif is_cancelled:
        results.print("这笔已经撤销，撤销时记下：" if changes else "这笔已经撤销，不影响别的结算。")
        _print(changes)
    else:
        _print(changes)
        if not changes:
            results.print("没有在用的结算。")
    return person_id


async def _of_number(db: Connection, pack: Pack, number: str) -> tuple[int, list[LaterChange], bool]:
    """A person's years, a settlement's year, or (True) what the cancellation of a settlement changed."""
    if len(number) == PERSON_NUMBER_LENGTH and number.isascii() and number.isdigit():
        return int(number), await settlement.rederived_settlements(db, pack, int(number)), False
    if not number.strip().upper().startswith(SETTLEMENT):
        raise NumberUnknown(f"{number[:30]} 不是 15 位人员编号，也不是 S 开头的结算号，请核对后再试")
    parsed = parse_outside_number(number, SETTLEMENT)
    record = await settlement.find(db, parsed.person_id, settlement_serial=parsed.serial)
    if record.state is SettlementState.CANCELLED:
        return parsed.person_id, await settlement.changes_by(db, parsed.person_id, parsed.serial), True
    changes = await settlement.rederived_settlements(
        db, pack, parsed.person_id, benefit_year=record.benefit_year, insurance_type=record.insurance_type
    )
    return parsed.person_id, changes, False


def _put_json(change: LaterChange) -> None:
    typer.echo(msgspec.json.encode(change_document(change)).decode())


def change_document(change: LaterChange) -> dict[str, Any]:
    """What ``--json`` prints of a settlement: amounts in fen as settled and as they would be."""
    return {
        "number": change.number,
        "institution_code": change.institution_code,
        "care_kind": change.care_kind.value,
        "benefit_year": change.benefit_year,
        "insurance_type": change.insurance_type.value,
        "settled_on": change.settled_on.isoformat(),
        "settled": change.settled._asdict(),
        "would_be": change.would_be._asdict() if change.would_be else None,
        "undetermined": change.undetermined,
        "differs": change.differs,
        "person_share_change_fen": change.person_share_change_fen,
        "cancelled_number": change.cancelled_number,
    }


def _put_line(change: LaterChange) -> None:
    results.print(f"{change.number}  {outcome(change)}（撤销了 {change.cancelled_number}）", soft_wrap=True)


def _print(changes: list[LaterChange]) -> None:
    for (year, insurance), group in groupby(changes, lambda change: (change.benefit_year, change.insurance_type)):
        results.print(f"\n{year} 年度，{insurance.zh}")
        for change in group:
            where = f"{change.care_kind.zh}，{change.settled_on} 结算"
            results.print(f"{change.number}  {where}：{outcome(change)}", soft_wrap=True)
            if moved := _moved(change):
                results.print(f"  {moved}", soft_wrap=True)


def _moved(change: LaterChange) -> str:
    """The amounts that would be others, as settled and as they would be."""
    if change.would_be is None:
        return ""
    both = zip(_LABELS, change.settled, change.would_be, strict=True)
    return "，".join(f"{zh} {yuan(was)} → {yuan(would_be)}" for zh, was, would_be in both if was != would_be)


def outcome(change: LaterChange) -> str:
    """What it would mean for the person, in a few words."""
    more_fen = change.person_share_change_fen
    if more_fen is None:
        return f"算不出：{change.undetermined}"
    if not change.differs:
        return "一样"
    if more_fen == 0:
        return "自己付的一样，别的不一样"
    return f"自己{'多' if more_fen > 0 else '少'}付 {yuan(abs(more_fen))}"
