"""``tongban review claim``: manual reimbursement, from the queue to the money."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from tongban import reimbursement
from tongban.doors.cli.console import results
from tongban.doors.cli.review import claims_money
from tongban.doors.cli.review.claims_shown import document, line, put_detail, tell
from tongban.doors.cli.review.office import (
    AsJson,
    Number,
    Office,
    OfficeRefused,
    OperatorName,
    PoolCodes,
    Sentence,
    put_json,
    run,
    time_left,
    who,
)
from tongban.infra.clock import day_of
from tongban.infra.files import files_from
from tongban.kernel.identifiers import mask_name
from tongban.kernel.money import yuan
from tongban.materials import of_subject, read_for_review
from tongban.people import names_of
from tongban.reimbursement import (
    Claim,
    ClaimDetail,
    ClaimState,
    RefuseCode,
)

HELP = "医疗费报销：排队、看一件、看照片、受理、补材料、不通过、核算、付款、退回。"

app = typer.Typer(no_args_is_help=True)

_SLOT_HELP = "要补哪样：invoice 发票、fee_list 费用清单、discharge_record 出院小结；几样写几次。"


@app.command("list")
def list_(
    operator: OperatorName,
    pool: PoolCodes,
    state: Annotated[
        list[str] | None, typer.Option("--state", help="；".join(f"{each.value} {each.zh}" for each in ClaimState))
    ] = None,
    as_json: AsJson = False,
) -> None:
    """等着办的，快到期的在前。姓名是遮住的。"""
    clerk, states = who(operator, pool), _states(state)

    async def look(office: Office) -> tuple[list[Claim], dict[int, str], date]:
        found = await reimbursement.queue(office.db, operator=clerk, states=states, now=office.now)
        names = await names_of(office.db, [claim.person_id for claim in found])
        return found, names, day_of(office.now)

    found, names, today = run(look)
    if as_json:
        for claim in found:
            put_json(line(claim) | {"name": mask_name(names.get(claim.person_id, "？"))})
        return
    table = Table("受理号", "姓名", "医院", "总费用", "状态", "时限", show_edge=False, pad_edge=False)
    table.columns[0].no_wrap, table.columns[0].min_width = True, 20
    for claim in found:
        left = None if claim.due_on is None else (claim.due_on - today).days
        table.add_row(
            claim.number,
            mask_name(names.get(claim.person_id, "？")),
            claim.institution_name,
            yuan(claim.total_fen),
            claim.state.zh,
            time_left(left, is_waiting=claim.state is ClaimState.PAPERS_DUE),
        )
    results.print(table if found else "没有等着办的报销申请。")


@app.command()
def show(number: Number, operator: OperatorName, pool: PoolCodes, as_json: AsJson = False) -> None:
    """一件申请的全部。每看一次都有记录。"""
    clerk = who(operator, pool)

    async def look(office: Office) -> tuple[ClaimDetail, dict[int, str], list[tuple[str, str, int]]]:
        detail = await reimbursement.look(office.db, office.vault, operator=clerk, number=number, now=office.now)
        claim = detail.claim
        names = await names_of(office.db, [claim.person_id, claim.applied_by])
        papers = await of_subject(office.db, claim.person_id, claim.number)
        return detail, names, [(paper.number, paper.kind.zh, paper.pages) for paper in papers]

    detail, names, papers = run(look)
    if as_json:
        put_json(document(detail, papers))
        return
    put_detail(detail, names, papers)


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

    async def look(office: Office) -> bytes:
        detail = await reimbursement.look(office.db, office.vault, operator=clerk, number=number, now=office.now)
        papers = await of_subject(office.db, detail.claim.person_id, detail.claim.number)
        if material not in {paper.number for paper in papers}:
            raise OfficeRefused("这份申请里没有这张照片，请用 show 核对材料的编号")
        content, _ = await read_for_review(
            office.db,
            office.vault,
            files_from(office.settings),
            operator=clerk.name,
            number=material,
            page=page,
            now=office.now,
        )
        return content

    out.write_bytes(run(look))
    results.print(f"存到了 {out}，看完请删掉", soft_wrap=True)


@app.command()
def accept(number: Number, operator: OperatorName, pool: PoolCodes, as_json: AsJson = False) -> None:
    """受理。"""
    clerk = who(operator, pool)
    tell(run(lambda office: reimbursement.accept(office.db, operator=clerk, number=number, now=office.now)), as_json)


@app.command()
def ask(
    number: Number,
    operator: OperatorName,
    pool: PoolCodes,
    slot: Annotated[list[str], typer.Option("--slot", help=_SLOT_HELP)],
    sentence: Sentence,
    as_json: AsJson = False,
) -> None:
    """请他补材料，写明补什么、为什么。"""
    clerk = who(operator, pool)

    async def request(office: Office) -> Claim:
        return await reimbursement.ask(
            office.db, office.pack, operator=clerk, number=number, slots=slot, sentence=sentence, now=office.now
        )

    tell(run(request), as_json)


@app.command()
def refuse(
    number: Number,
    operator: OperatorName,
    pool: PoolCodes,
    reason: Annotated[str, typer.Option("--reason", help="；".join(f"{each.value} {each.zh}" for each in RefuseCode))],
    sentence: Sentence,
    as_json: AsJson = False,
) -> None:
    """不通过，写明原因。"""
    clerk = who(operator, pool)
    if reason not in set(RefuseCode):
        known = "、".join(f"{each.value}（{each.zh}）" for each in RefuseCode)
        raise OfficeRefused(f"没有原因 {reason[:40]}，可以是：{known}")

    async def decide(office: Office) -> Claim:
        return await reimbursement.refuse(
            office.db, operator=clerk, number=number, code=RefuseCode(reason), sentence=sentence, now=office.now
        )

    tell(run(decide), as_json)


# After looking and deciding comes the money.
app.add_typer(claims_money.app)


def _states(given: list[str] | None) -> list[ClaimState]:
    for each in given or ():
        if each not in set(ClaimState):
            known = "、".join(f"{state.value}（{state.zh}）" for state in ClaimState)
            raise OfficeRefused(f"没有状态 {each[:40]}，可以是：{known}")
    if given:
        return [ClaimState(each) for each in given]
    return [ClaimState.REVIEWING, ClaimState.PAPERS_DUE, ClaimState.COMPUTED, ClaimState.RETURNED]
