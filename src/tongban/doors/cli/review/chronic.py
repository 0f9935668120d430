"""``tongban review chronic``: recognising chronic diseases, from the queue to the decision."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Column, Table

from tongban import chronic
from tongban.chronic import Application, ApplicationState, Case, Certification, Decision, RefusalReason
from tongban.doors.cli.console import results
from tongban.doors.cli.review.office import (
    AsJson,
    Number,
    Office,
    OfficeRefused,
    OperatorName,
    PoolCodes,
    Sentence,
    day,
    put_json,
    run,
    time_left,
    who,
)
from tongban.infra.clock import day_of, in_china
from tongban.infra.files import files_from
from tongban.kernel.dates import zh_date
from tongban.materials import MaterialKind

HELP = "慢特病认定：排队、看一件、看照片、受理、补正、认定、不予认定、提前结束。"

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_(operator: OperatorName, pool: PoolCodes, as_json: AsJson = False) -> None:
    """等着办的，急的在前。姓名是遮住的。"""
    clerk = who(operator, pool)
    rows = run(lambda office: chronic.queue(office.db, clerk, now=office.now))
    if as_json:
        for row in rows:
            put_json(_line(row.application) | {"name": row.masked_name, "days_left": row.days_left})
        return
    # The number is typed into the next command: it is never cut short.
    table = Table(
        Column("编号", no_wrap=True), "姓名", "办什么", "状态", "时限", "谁在办", show_edge=False, pad_edge=False
    )
    for row in rows:
        made = row.application
        is_waiting = made.state is ApplicationState.MATERIALS_DUE
        table.add_row(
            made.number,
            row.masked_name,
            f"{made.purpose.zh} {len(made.diseases)} 种",
            made.state.zh,
            f"{time_left(row.days_left, is_waiting)}，等了 {row.waited_days} 天",
            made.accepted_by or "还没人受理",
        )
    results.print(table if rows else "没有等着办的慢特病申请。")


@app.command()
def show(
    number: Number,
    operator: OperatorName,
    pool: PoolCodes,
    reason: Annotated[str, typer.Option("--reason", help="为什么看，写进操作记录。")] = "审核",
    as_json: AsJson = False,
) -> None:
    """一件申请的全部，填的和记录上的放在一起。每看一次都有记录。"""
    clerk = who(operator, pool)

    async def look(office: Office) -> Case:
        return await chronic.show(office.db, office.vault, office.pack, clerk, number, reason=reason, now=office.now)

    case = run(look)
    if as_json:
        put_json(_document(case))
        return
    _print(case)


@app.command()
def photo(
    number: Number,
    material: Annotated[str, typer.Argument(metavar="材料", help="材料的编号，M 开头，show 里有。")],
    operator: OperatorName,
    pool: PoolCodes,
    out: Annotated[Path, typer.Option("--out", help="存成哪个文件。", dir_okay=False)],
    page: Annotated[int, typer.Option("--page", min=1, help="第几页。")] = 1,
) -> None:
    """把一张材料照片存下来看。每看一次都有记录。"""
    clerk = who(operator, pool)

    async def look(office: Office) -> tuple[bytes, str]:
        return await chronic.photo(
            office.db,
            office.vault,
            files_from(office.settings),
            clerk,
            number,
            material,
            page=page,
            now=office.now,
        )

    content, _ = run(look)
    out.write_bytes(content)
    results.print(f"存到了 {out}，看完请删掉")


@app.command()
def accept(
    number: Number,
    operator: OperatorName,
    pool: PoolCodes,
    take_over: Annotated[bool, typer.Option("--take-over", help="同事受理过的，由您接手。")] = False,
    as_json: AsJson = False,
) -> None:
    """受理：这件由您来办。"""
    clerk = who(operator, pool)

    async def take(office: Office) -> Application:
        return await chronic.accept(office.db, clerk, number, take_over=take_over, now=office.now)

    _tell(run(take), "已受理", as_json)


@app.command()
def ask(
    number: Number,
    operator: OperatorName,
    pool: PoolCodes,
    material: Annotated[list[str], typer.Option("--material", help="要补哪样，例如 exam_report；几样写几次。")],
    sentence: Sentence,
    as_json: AsJson = False,
) -> None:
    """请申请人补材料，写明补什么、为什么。"""
    clerk, kinds = who(operator, pool), [_kind(each) for each in material]

    async def request(office: Office) -> Application:
        return await chronic.ask(office.db, clerk, number, kinds=kinds, sentence=sentence, now=office.now)

    _tell(run(request), "已请申请人补材料", as_json)


@app.command()
def approve(
    number: Number,
    operator: OperatorName,
    pool: PoolCodes,
    disease: Annotated[
        list[str] | None, typer.Option("--disease", help="认定哪种，病种编码；不写就是申请的全部。")
    ] = None,
    institution: Annotated[
        list[str] | None, typer.Option("--institution", help="定点医院编码；不写就是申请的那些。")
    ] = None,
    since: Annotated[str, typer.Option("--from", help="从哪天起，例如 2026-11-22；不写就是今天。")] = "",
    until: Annotated[str, typer.Option("--to", help="到哪天；不写就按参保地的规定，没有查到就不设。")] = "",
    as_json: AsJson = False,
) -> None:
    """认定通过。改医院、续期的申请也用它。"""
    clerk = who(operator, pool)
    decision = Decision(
        codes=tuple(disease) if disease else None,
        institutions=tuple(institution) if institution else None,
        valid_from=day(since, "开始日"),
        valid_to=day(until, "到期日"),
    )

    async def decide(office: Office) -> list[Certification]:
        return await chronic.approve(office.db, office.pack, clerk, number, decision, now=office.now)

    made = run(decide)
    if as_json:
        for each in made:
            put_json(_certification(each))
        return
    for each in made:
        until_zh = f"到{zh_date(each.valid_to)}" if each.valid_to else f"起，{each.valid_to_basis.zh}"
        results.print(f"已认定：{each.wanted.zh}（{each.wanted.code}），{zh_date(each.valid_from)}{until_zh}")


@app.command()
def refuse(
    number: Number,
    operator: OperatorName,
    pool: PoolCodes,
    reason: Annotated[
        str, typer.Option("--reason", help="；".join(f"{each.value} {each.zh}" for each in RefusalReason))
    ],
    sentence: Sentence,
    as_json: AsJson = False,
) -> None:
    """不予认定，写明原因。"""
    clerk = who(operator, pool)
    if reason not in tuple(RefusalReason):
        known = "、".join(f"{each.value}（{each.zh}）" for each in RefusalReason)
        raise OfficeRefused(f"没有原因 {reason[:40]}，可以是：{known}")
    told = RefusalReason(reason)

    async def decide(office: Office) -> Application:
        return await chronic.refuse(office.db, clerk, number, reason=told, sentence=sentence, now=office.now)

    _tell(run(decide), "已告诉申请人没有通过", as_json)


@app.command()
def end(
    number: Number,
    operator: OperatorName,
    pool: PoolCodes,
    certification: Annotated[int, typer.Option("--certification", help="认定的序号，show 里有。")],
    last_day: Annotated[str, typer.Option("--on", help="最后有效的一天，例如 2026-12-31。")],
    reason: Annotated[str, typer.Option("--reason", help="为什么提前结束。")],
    as_json: AsJson = False,
) -> None:
    """让一条认定提前结束，例如参保关系转走了。"""
    clerk, on = who(operator, pool), day(last_day, "最后一天")
    if on is None:
        raise OfficeRefused("请用 --on 写最后有效的一天，例如 2026-12-31")

    async def finish(office: Office) -> Certification:
        return await chronic.end_certification(
            office.db, clerk, number, certification, last_day=on, reason=reason, now=office.now
        )

    ended = run(finish)
    if as_json:
        put_json(_certification(ended))
    else:
        results.print(f"{ended.wanted.zh}的认定到{zh_date(on)}结束")


def _kind(text: str) -> MaterialKind:
    if text not in tuple(MaterialKind):
        known = "、".join(f"{kind.value}（{kind.zh}）" for kind in MaterialKind)
        raise OfficeRefused(f"没有材料 {text[:40]}，可以是：{known}")
    return MaterialKind(text)


def _tell(application: Application, what: str, as_json: bool) -> None:
    if as_json:
        put_json(_line(application))
    else:
        results.print(f"{application.number}：{what}，现在是“{application.state.zh}”")


# --- as JSON ---------------------------------------------------------------------------------------------------------


def _line(application: Application) -> dict[str, Any]:
    return {
        "number": application.number,
        "purpose": application.purpose,
        "state": application.state,
        "insured_pool": application.insured_pool,
        "insurance_type": application.insurance_type,
        "diseases": [
            {"code": each.wanted.code, "name": each.wanted.zh, "is_recognised": each.is_recognised}
            for each in application.diseases
        ],
        "institutions": application.institutions,
        "applied_at": in_china(application.applied_at).isoformat(),
        "due_on": application.due_on,
        "accepted_by": application.accepted_by,
        "asked_kinds": application.asked_kinds,
        "asked_sentence": application.asked_sentence,
        "reason_code": application.reason_code,
        "reason": application.reason,
    }


def _certification(each: Certification) -> dict[str, Any]:
    return {
        "certification": each.certification_serial,
        "code": each.wanted.code,
        "name": each.wanted.zh,
        "valid_from": each.valid_from,
        "valid_to": each.valid_to,
        "valid_to_basis": each.valid_to_basis,
        "institutions": [list(designation) for designation in each.designations],
        "decided_by": each.decided_by,
    }


def _document(case: Case) -> dict[str, Any]:
    return _line(case.application) | {
        "name": case.name,
        "id_number": case.masked_id,
        "proxy": case.proxy_name,
        "fields": [
            {"label": each.label, "told": each.told, "record": each.record, "is_same": each.is_same}
            for each in case.fields
        ],
        "materials": [{"number": each.number, "kind": each.kind, "pages": each.pages} for each in case.papers],
        "certifications": [_certification(each) for each in case.certifications],
        "events": [
            {"at": in_china(each.at).isoformat(), "what": each.what, "actor": each.actor, "note": each.note}
            for each in case.events
        ],
        "days_left": case.days_left,
    }


# --- for people ------------------------------------------------------------------------------------------------------


def _print(case: Case) -> None:
    made = case.application
    by = f"，{case.proxy_name}代办" if case.proxy_name else ""
    results.print(f"[bold]{made.number}[/bold]  {case.name}  {case.masked_id}{by}  {made.purpose.zh}  {made.state.zh}")
    results.print(time_left(case.days_left, made.state is ApplicationState.MATERIALS_DUE))
    fields = Table("项目", "填的（或应有的）", "记录上的", "", show_edge=False, pad_edge=False)
    for each in case.fields:
        fields.add_row(each.label, each.told, each.record, "" if each.is_same else "[red]≠ 不一样[/red]")
    results.print(fields)
    for applied in made.diseases:
        outcome = {True: "已认定", False: "没有认定", None: ""}[applied.is_recognised]
        results.print(f"病种  {applied.wanted.zh}（{applied.wanted.code}）{outcome}")
    for code, name in case.institution_names:
        results.print(f"医院  {name}（{code}）")
    handed_in = {each.kind for each in case.papers}
    for paper in case.papers:
        results.print(f"材料  {paper.kind.zh}  {paper.pages} 页  {paper.number}")
    is_unknown = case.papers_asked.undetermined is not None
    for asked in case.papers_asked.papers:
        if asked.value not in handed_in:
            results.print(f"材料  {asked.zh}  没有交{'（没有查到一定要）' if is_unknown else ''}")
    for known in case.certifications:
        until = f"到{zh_date(known.valid_to)}" if known.valid_to else f"起，{known.valid_to_basis.zh}"
        results.print(f"认定 {known.certification_serial}  {known.wanted.zh}  {zh_date(known.valid_from)}{until}")
    for event in case.events:
        results.print(f"{zh_date(day_of(event.at))}  {event.what.zh}  {event.actor}  {event.note}".rstrip())
