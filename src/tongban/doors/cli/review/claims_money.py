"""``tongban review claim``, the part on money: computed by the law, taken back, paid, given back."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from tongban import reimbursement
from tongban.agency import Operator
from tongban.directory import Regions, all_regions
from tongban.doors.cli.console import results
from tongban.doors.cli.review.claims_shown import line, outcome, put_steps, steps, tell
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
    who,
)
from tongban.kernel.money import Fen, fen_from_yuan, yuan
from tongban.kernel.vocabulary import DeliveryKind
from tongban.reimbursement import Bank, Claim, Finding, NoBank, RecordedBank
from tongban.settlement import Delivery, Explanation, LineUpload, Settled, Split, explain

app = typer.Typer()

Amount = Annotated[str, typer.Option(metavar="元", help="按元写，例如 1234.50。")]
Emergency = Annotated[bool, typer.Option("--emergency", help="出院小结写明是急诊入院。")]
DeliveryOption = Annotated[
    str, typer.Option("--delivery", help="；".join(f"{kind.value} {kind.zh}" for kind in DeliveryKind))
]
_LINES_HELP = "一行一条明细的 JSON（item_code、quantity、unit_price、total），按就医地目录拆。"
Lines = Annotated[Path | None, typer.Option("--lines", exists=True, dir_okay=False, help=_LINES_HELP)]


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
        put_json(line(claim) | {"explanation": None if explanation is None else steps(explanation)})
        return
    if explanation is not None:
        put_steps(explanation)
    results.print("只是看看，什么都没有写。" if look else outcome(claim))


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

    tell(run(undo), as_json)


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

    tell(run(order), as_json)


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

    tell(run(confirm), as_json)


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

    tell(run(give_back), as_json)


# --- what was typed -----------------------------------------------------------------------------------------------


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
