"""``tongban review claim``: manual reimbursement, from the queue to the money."""

from datetime import date
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.table import Table

from tongban import reimbursement
from tongban.agency import Operator
from tongban.directory import Regions, all_regions
from tongban.doors.cli.console import results
from tongban.doors.cli.review.office import (
    AsJson,
    Number,
    Office,
    OfficeRefused,
    OperatorName,
    PoolCodes,
    put_json,
    run,
    time_left,
    who,
)
from tongban.infra.clock import day_of, in_china
from tongban.infra.files import files_from
from tongban.kernel.capitals import capitals
from tongban.kernel.dates import zh_date
from tongban.kernel.identifiers import mask_name
from tongban.kernel.money import Fen, fen_from_yuan, yuan
from tongban.kernel.vocabulary import DeliveryKind
from tongban.materials import of_subject, read_for_review
from tongban.people import names_of
from tongban.reimbursement import (
    Bank,
    Claim,
    ClaimDetail,
    ClaimState,
    Finding,
    NoBank,
    RecordedBank,
    RefuseCode,
)
from tongban.settlement import Delivery, Explanation, LineUpload, Settled, Split, explain

HELP = "医疗费报销：排队、看一件、看照片、受理、补材料、不通过、核算、付款、退回。"

app = typer.Typer(no_args_is_help=True)

_SLOT_HELP = "要补哪样：invoice 发票、fee_list 费用清单、discharge_record 出院小结；几样写几次。"
Sentence = Annotated[str, typer.Option("--sentence", help="给办事的人看的一句话。")]
Amount = Annotated[str, typer.Option(metavar="元", help="按元写，例如 1234.50。")]
Emergency = Annotated[bool, typer.Option("--emergency", help="出院小结写明是急诊入院。")]
DeliveryOption = Annotated[
    str, typer.Option("--delivery", help="；".join(f"{kind.value} {kind.zh}" for kind in DeliveryKind))
]
Lines = Annotated[
    Path | None,
    typer.Option("--lines", help="一行一条明细的 JSON（item_code、quantity、unit_price、total），按就医地目录拆。"),
]


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
            put_json(_line(claim) | {"name": mask_name(names.get(claim.person_id, "？"))})
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
        put_json(_document(detail, papers))
        return
    _print(detail, names, papers)


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
    results.print(f"存到了 {out}，看完请删掉")


@app.command()
def accept(number: Number, operator: OperatorName, pool: PoolCodes, as_json: AsJson = False) -> None:
    """受理。"""
    clerk = who(operator, pool)
    _tell(run(lambda office: reimbursement.accept(office.db, operator=clerk, number=number, now=office.now)), as_json)


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

    _tell(run(request), as_json)


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

    _tell(run(decide), as_json)


@app.command()
def compute(
    number: Number,
    operator: OperatorName,
    pool: PoolCodes,
    self_funded: Amount = "0",
    over_cap: Amount = "0",
    first_self_pay: Amount = "0",
    in_scope: Annotated[str, typer.Option(metavar="元", help="符合政策范围的；不写就是总费用减去其余三项。")] = "",
    lines: Lines = None,
    emergency: Emergency = False,
    delivery: DeliveryOption = "",
    look: Annotated[bool, typer.Option("--look", help="只算给您看，什么都不写。")] = False,
    as_json: AsJson = False,
) -> None:
    """按规定核算。录四项合计，或者用 --lines 给出逐条明细；先用 --look 看一遍。"""
    clerk = who(operator, pool)

    async def decide(office: Office) -> tuple[Claim, Explanation | None]:
        regions = await all_regions(office.db)
        detail = await reimbursement.look(office.db, office.vault, operator=clerk, number=number, now=office.now)
        claim = detail.claim
        finding = Finding(
            charges=_lines(lines, claim) if lines else _split(claim, self_funded, over_cap, first_self_pay, in_scope),
            is_emergency=emergency,
            delivery=_delivery(delivery),
        )
        settled = await _settled(office, regions, clerk, number, finding, is_look=look)
        if isinstance(settled, Claim):
            record = await reimbursement.settlement_of(office.db, settled)
            return settled, None if record is None else explain(office.pack, record)
        return claim, explain(office.pack, settled)

    claim, explanation = run(decide)
    if as_json:
        put_json(_line(claim) | {"explanation": None if explanation is None else _steps(explanation)})
        return
    if explanation is not None:
        _print_steps(explanation)
    results.print("只是看看，什么都没有写。" if look else _outcome(claim))


async def _settled(
    office: Office, regions: Regions, clerk: Operator, number: str, finding: Finding, *, is_look: bool
) -> Claim | Settled:
    if is_look:
        return await reimbursement.preview(
            office.db, office.pack, regions, operator=clerk, number=number, finding=finding, now=office.now
        )
    return await reimbursement.compute(
        office.db, office.pack, regions, operator=clerk, number=number, finding=finding, now=office.now
    )


@app.command("take-back")
def take_back(
    number: Number, operator: OperatorName, pool: PoolCodes, sentence: Sentence, as_json: AsJson = False
) -> None:
    """撤回还没付款的核算，重新审核。"""
    clerk = who(operator, pool)

    async def undo(office: Office) -> Claim:
        return await reimbursement.take_back(
            office.db, office.pack, operator=clerk, number=number, reason=sentence, now=office.now
        )

    _tell(run(undo), as_json)


@app.command()
def pay(number: Number, operator: OperatorName, pool: PoolCodes, as_json: AsJson = False) -> None:
    """交银行付款。没有答复的再执行一次：会先向银行查，付过的不会再付。"""
    clerk = who(operator, pool)

    async def order(office: Office) -> Claim:
        return await reimbursement.pay(
            office.db,
            office.vault,
            _bank(office),
            operator=clerk,
            number=number,
            four_eyes_fen=office.settings.claim_four_eyes_fen,
            now=office.now,
        )

    _tell(run(order), as_json)


@app.command()
def paid(
    number: Number,
    operator: OperatorName,
    pool: PoolCodes,
    reference: Annotated[str, typer.Option("--reference", help="银行流水号。")],
    as_json: AsJson = False,
) -> None:
    """记下已经在银行另外付了的。"""
    clerk = who(operator, pool)

    async def confirm(office: Office) -> Claim:
        return await reimbursement.confirm_paid(
            office.db,
            operator=clerk,
            number=number,
            reference=reference,
            four_eyes_fen=office.settings.claim_four_eyes_fen,
            now=office.now,
        )

    _tell(run(confirm), as_json)


@app.command()
def returned(
    number: Number,
    operator: OperatorName,
    pool: PoolCodes,
    reason: Annotated[str, typer.Option("--reason", help="银行退回的原因。")],
    as_json: AsJson = False,
) -> None:
    """记下银行退回来的付款，请他换一张银行卡。"""
    clerk = who(operator, pool)

    async def give_back(office: Office) -> Claim:
        return await reimbursement.give_back(office.db, operator=clerk, number=number, reason=reason, now=office.now)

    _tell(run(give_back), as_json)


# --- what was typed -----------------------------------------------------------------------------------------------


def _states(given: list[str] | None) -> list[ClaimState]:
    for each in given or ():
        if each not in set(ClaimState):
            known = "、".join(f"{state.value}（{state.zh}）" for state in ClaimState)
            raise OfficeRefused(f"没有状态 {each[:40]}，可以是：{known}")
    if given:
        return [ClaimState(each) for each in given]
    return [ClaimState.REVIEWING, ClaimState.PAPERS_DUE, ClaimState.COMPUTED, ClaimState.RETURNED]


def _split(claim: Claim, self_funded: str, over_cap: str, first_self_pay: str, in_scope: str) -> Split:
    three = [
        _fen(text, name)
        for text, name in (
            (self_funded, "--self-funded"),
            (over_cap, "--over-cap"),
            (first_self_pay, "--first-self-pay"),
        )
    ]
    rest = _fen(in_scope, "--in-scope") if in_scope else claim.total_fen - sum(three)
    if rest < 0:
        raise OfficeRefused(f"三项加起来 {yuan(sum(three))} 元，比总费用 {yuan(claim.total_fen)} 元还多")
    return Split(three[0], three[1], three[2], rest)


def _fen(text: str, name: str) -> Fen:
    try:
        return fen_from_yuan(text)
    except ValueError:
        raise OfficeRefused(f"{name} 是“{text[:20]}”，要按元写，例如 1234.50") from None


class _Line(msgspec.Struct, forbid_unknown_fields=True):
    """One line of --lines; amounts in yuan as text, so that nothing is lost on the way."""

    item_code: str
    quantity: str
    unit_price: str
    total: str
    approval: str = "0"


def _lines(file: Path, claim: Claim) -> tuple[LineUpload, ...]:
    made = []
    for no, text in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if not text.strip():
            continue
        try:
            line = msgspec.json.decode(text, type=_Line)
            made.append(
                LineUpload(
                    line_serial=f"{claim.number}-{no}",
                    item_code=line.item_code,
                    happened_on=claim.discharged_on,
                    quantity_e4=_scaled(line.quantity, 4),
                    unit_price_e6=_scaled(line.unit_price, 6),
                    total_fen=fen_from_yuan(line.total),
                    approval=line.approval,
                )
            )
        except (msgspec.DecodeError, ValueError) as error:
            raise OfficeRefused(f"{file} 第 {no} 行读不出：{error}") from None
    return tuple(made)


def _scaled(text: str, digits: int) -> int:
    """``"1.5"`` with four digits → 15000. Raises ValueError for anything that is not exact."""
    whole, _, part = text.strip().partition(".")
    if not whole.isdecimal() or not (part or "0").isdecimal() or len(part) > digits:
        raise ValueError(f"“{text[:20]}”最多 {digits} 位小数")
    return int(whole + part.ljust(digits, "0"))


def _delivery(text: str) -> Delivery | None:
    if not text:
        return None
    if text not in set(DeliveryKind):
        known = "、".join(f"{kind.value}（{kind.zh}）" for kind in DeliveryKind)
        raise OfficeRefused(f"没有分娩方式 {text[:40]}，可以是：{known}")
    return Delivery(text, DeliveryKind(text))


def _bank(office: Office) -> Bank:
    """The demo's double. Outside the demo a bank has to be connected first."""
    if not office.settings.is_demo:
        raise NoBank("还没有接上银行，不能从这里付款。在银行付好以后，用 paid 记下流水号")
    return RecordedBank(office.settings.var_dir / "bank-double")


# --- what is told ---------------------------------------------------------------------------------------------------


def _tell(claim: Claim, as_json: bool) -> None:
    if as_json:
        put_json(_line(claim))
    else:
        results.print(_outcome(claim))


def _outcome(claim: Claim) -> str:
    said = f"：{claim.said}" if claim.said else ""
    money = f"，能报 {yuan(claim.payout_fen)} 元" if claim.payout_fen is not None else ""
    return f"{claim.number} {claim.state.zh}{money}{said}"


def _line(claim: Claim) -> dict[str, Any]:
    """What ``--json`` prints of a claim: amounts in fen, no names, no card."""
    return {
        "number": claim.number,
        "state": claim.state.value,
        "institution_code": claim.institution_code,
        "insured_pool": claim.insured_pool,
        "admitted_on": claim.admitted_on.isoformat(),
        "discharged_on": claim.discharged_on.isoformat(),
        "total_fen": claim.total_fen,
        "payout_fen": claim.payout_fen,
        "is_for_self": claim.is_for_self,
        "submitted_at": in_china(claim.submitted_at).isoformat(),
        "due_on": claim.due_on.isoformat() if claim.due_on else None,
        "asked_slots": list(claim.asked_slots),
        "refuse_code": claim.refuse_code.value if claim.refuse_code else None,
        "said": claim.said,
    }


def _document(detail: ClaimDetail, papers: list[tuple[str, str, int]]) -> dict[str, Any]:
    return _line(detail.claim) | {
        "invoices": [
            {"number": each.number, "issued_on": each.issued_on.isoformat(), "amount_fen": each.amount_fen}
            for each in detail.invoices
        ],
        "papers": [{"number": number, "kind": kind, "pages": pages} for number, kind, pages in papers],
        "decision": detail.decision,
        "events": [{"at": in_china(e.at).isoformat(), "what": e.what.value, "note": e.note} for e in detail.events],
        "payments": [
            {"key": p.order_key, "amount_fen": p.amount_fen, "state": p.state.value, "reference": p.bank_reference}
            for p in detail.payments
        ],
    }


def _print(detail: ClaimDetail, names: dict[int, str], papers: list[tuple[str, str, int]]) -> None:
    claim = detail.claim
    proxy = f"，{names.get(claim.applied_by, '')}代办（看病的人是他的{claim.relation.zh}）" if claim.relation else ""
    results.print(f"{claim.number}  {claim.state.zh}")
    results.print(f"看病的人：{names.get(claim.person_id, '')}{proxy}")
    results.print(f"{claim.care.zh}：{claim.institution_name}，{claim.admitted_on} 到 {claim.discharged_on}")
    if claim.is_injury:
        results.print("因受伤住院；本人说没有别人的责任")
    results.print(f"总费用 {yuan(claim.total_fen)} 元，{capitals(claim.total_fen)}")
    for invoice in detail.invoices:
        results.print(f"  发票 {invoice.number}，{zh_date(invoice.issued_on)}，{yuan(invoice.amount_fen)} 元")
    for number, kind, pages in papers:
        results.print(f"  照片 {number}，{kind}，{pages} 页")
    results.print(f"收款：{detail.card.name}，{detail.card.bank}，{detail.card.masked}")
    for event in detail.events:
        note = f"：{event.note}" if event.note else ""
        results.print(f"  {in_china(event.at):%Y-%m-%d %H:%M}  {event.what.zh}（{event.actor}）{note}", soft_wrap=True)
    for payment in detail.payments:
        results.print(f"  付款 {payment.order_key}，{yuan(payment.amount_fen)} 元，{payment.state.zh} {payment.reason}")
    if claim.payout_fen is not None:
        results.print(f"能报 {yuan(claim.payout_fen)} 元")


def _print_steps(explanation: Explanation) -> None:
    for step in explanation.steps:
        formula = f"  （{step.formula}）" if step.formula else ""
        results.print(f"{step.label}  {step.amount_text}{formula}", soft_wrap=True)
    if explanation.notice:
        results.print(explanation.notice)


def _steps(explanation: Explanation) -> list[dict[str, str]]:
    return [
        {"field": step.field, "label": step.label, "amount": step.amount_text, "formula": step.formula}
        for step in explanation.steps
    ]
