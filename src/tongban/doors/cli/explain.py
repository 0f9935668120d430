"""``tongban explain``: one settlement, every step of its working, with formula, source and how well it is known."""

import asyncio
import getpass
from typing import Annotated, Any

import msgspec
import typer
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tongban.directory import institution
from tongban.doors.cli.console import results
from tongban.doors.cli.law_rederive import change_document, outcome
from tongban.infra import audit
from tongban.infra.clock import system_clock
from tongban.infra.db import connected
from tongban.infra.db.server import open_database
from tongban.kernel.dates import zh_date
from tongban.kernel.identifiers import SETTLEMENT, parse_outside_number
from tongban.kernel.money import percent, yuan
from tongban.kernel.vocabulary import Confidence
from tongban.law import Pack, SourceLine, Step, load_pack
from tongban.settings import Settings
from tongban.settlement import Explanation, LaterChange, SettlementRecord, change_of, explain, find

HELP = "讲清楚一笔结算：每一步怎么算、依据是什么、有多可靠。查看会记入审计。"


def command(
    number: Annotated[str, typer.Argument(metavar="结算号", help="S 开头的号码。")],
    as_json: Annotated[bool, typer.Option("--json", help="输出一行 JSON，给程序用。")] = False,
) -> None:
    settings = Settings.from_env()
    pack = load_pack(settings.policies_dir)
    with open_database(settings) as opened:
        record, change, institution_name = asyncio.run(_look_up(opened.require_database_url(), number))
    told = explain(pack, record)
    if as_json:
        document = as_document(record, told, pack)
        document["later_change"] = None if change is None else change_document(change)
        typer.echo(msgspec.json.encode(document).decode())
        return
    _print(record, told, institution_name)
    if change is not None:
        results.print(
            f"\n前面有一笔 {change.cancelled_number} 后来撤销了，这笔的金额没有变。"
            f"要是当初没有那一笔：{outcome(change)}。全年的看 tongban law rederive {change.number}",
            style="yellow",
            soft_wrap=True,
        )


async def _look_up(url: str, number: str) -> tuple[SettlementRecord, LaterChange | None, str]:
    """The record, what a cancellation before it would have changed in it, and the institution's name; that an operator
    looked is written down."""
    parsed = parse_outside_number(number, SETTLEMENT)
    async with connected(url) as db:
        record = await find(db, parsed.person_id, settlement_serial=parsed.serial)
        change = await change_of(db, parsed.person_id, parsed.serial)
        await audit.record(
            db,
            now=system_clock(),
            actor=f"operator:{getpass.getuser()}",
            channel="cli",
            action="settlement.viewed",
            person_id=parsed.person_id,
            subject=str(parsed),
        )
        found = await institution(db, record.institution_code)
    return record, change, found.name if found else record.institution_code


def as_document(record: SettlementRecord, told: Explanation, pack: Pack) -> dict[str, Any]:
    """What ``--json`` prints: amounts in fen, the steps as the table shows them, the stored record they come from."""
    return {
        "number": record.number,
        "encounter_number": record.encounter_number,
        "state": record.state.value,
        "institution_code": record.institution_code,
        "care_kind": record.care_kind.value,
        "settled_on": record.settled_on.isoformat(),
        "amounts_fen": {
            name: getattr(record, f"{name}_fen")
            for name in (
                "total",
                "self_funded",
                "over_price_cap",
                "preselfpay",
                "in_scope",
                "deductible",
                "pooled_fund",
                "critical_illness",
                "medical_assistance",
                "account",
                "cash",
            )
        },
        "policy_version": record.policy_version,
        "policy_version_loaded": pack.version,
        "confidence": told.confidence.value,
        "notice": told.notice,
        "steps": [_step_document(step) for step in told.steps],
        "assessment": record.assessment,
    }


def _step_document(step: Step) -> dict[str, Any]:
    return {
        "field": step.field,
        "label": step.label,
        "amount": step.amount_text,
        "effect": step.effect,
        "formula": step.formula,
        "question": step.question,
        "sentence": step.sentence,
        "confidence": step.confidence.value,
        "sources": [
            {
                "title": source.title,
                "article": source.article,
                "url": source.url,
                "confidence": source.confidence.value,
                "since": source.since.isoformat() if source.since else None,
            }
            for source in step.sources
        ],
    }


def _print(record: SettlementRecord, told: Explanation, institution_name: str) -> None:
    results.print(
        f"{record.number}  {institution_name}  {record.care_kind.zh}  {zh_date(record.settled_on)}  {record.state.zh}"
    )
    aid = f"家人帮付 {yuan(record.mutual_aid_fen)} 元，" if record.mutual_aid_fen else ""
    results.print(
        f"总费用 {yuan(record.total_fen)} 元，基金付 {yuan(record.fund_payment_fen)} 元"
        f"（{_rate(record)}），个人账户付 {yuan(record.account_fen)} 元，{aid}现金 {yuan(record.cash_fen)} 元"
    )
    for step in told.steps:
        _print_step(step)
    if told.notice:
        results.print(f"\n{told.notice}", style="yellow")


def _rate(record: SettlementRecord) -> str:
    # A quota is paid in full, whatever share of the bill that comes to.
    is_quota = record.assessment["rule"] == "maternity"
    return "按生育定额" if is_quota else f"比例 {percent(record.rate_bp)}"


def _print_step(step: Step) -> None:
    """Label and amount on a line of their own, the reason under it: wide tables lose their words on a narrow screen."""
    results.print()
    head = Table.grid("label", "amount", expand=True, padding=(0, 2))
    head.columns[1].justify = "right"
    head.add_row(Text(step.label, style="bold"), Text(step.amount_text, style="bold"))
    results.print(head)
    # A formula, a sentence and a source are whole thoughts: each begins on its own line and wraps inside its indent.
    for line in (step.formula, step.sentence, *_sources(step.sources)):
        if line:
            results.print(Padding(Text(line), (0, 0, 0, 2)))
    if step.confidence is not Confidence.OFFICIAL:
        results.print(Padding(Text(f"注意：{step.confidence.zh}", style="yellow"), (0, 0, 0, 2)))


def _sources(sources: tuple[SourceLine, ...]) -> list[str]:
    lines = (
        f"依据：{source.title} {source.article}".strip() + (f"（{zh_date(source.since)}起）" if source.since else "")
        for source in sources
    )
    return list(dict.fromkeys(lines))
