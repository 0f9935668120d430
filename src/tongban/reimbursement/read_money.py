"""The pages on money: what the invoices say, and whose card it is paid to. Pure."""

from collections.abc import Mapping
from datetime import date

from tongban.drafts import Draft
from tongban.kernel.dates import parse_date, zh_date
from tongban.kernel.errors import Refusal
from tongban.kernel.money import AMOUNT_MAX_FEN, Fen, fen_from_yuan, yuan
from tongban.reimbursement import rules
from tongban.reimbursement.errors import AnswerMissing
from tongban.reimbursement.facts import Reading
from tongban.reimbursement.model import BankCard, Holder, Invoice
from tongban.reimbursement.steps import INVOICES_MAX, Step


def read_amount(text: str, key: str, label: str) -> Fen | Refusal:
    typed = text.replace("元", "").strip()
    if not typed:
        return AnswerMissing(f"请填{label}，照发票写，例如 12345.60", field=key)
    try:
        fen = fen_from_yuan(typed)
    except ValueError:
        return AnswerMissing(f"{label}“{typed[:20]}”看不懂，请照发票写数字，例如 12345.60", field=key)
    if not 0 < fen <= AMOUNT_MAX_FEN:
        return AnswerMissing(f"{label}要大于 0，您填了 {typed[:20]}", field=key)
    return fen


def read_invoices(draft: Draft, reading: Reading) -> list[Refusal]:
    values = draft.values(Step.INVOICES)
    problems: list[Refusal] = []
    found: list[Invoice] = []
    first_of: dict[str, int] = {}
    for row in range(1, INVOICES_MAX + 1):
        typed = {name: values.get(f"{name}_{row}", "").strip() for name in ("number", "date", "amount")}
        if row > 1 and not any(typed.values()):
            continue
        invoice = _invoice(typed, row, reading)
        if isinstance(invoice, list):
            problems += invoice
            continue
        if invoice.number in first_of:
            problems.append(
                AnswerMissing(
                    f"第 {row} 张和第 {first_of[invoice.number]} 张的号码一样，请看一下", field=f"number_{row}"
                )
            )
            continue
        first_of[invoice.number] = row
        found.append(invoice)
    if problems:
        return problems
    total, typed_total = sum(invoice.amount_fen for invoice in found), reading.total_fen
    if typed_total is None:
        return [AnswerMissing("请先填住院的总费用", field="amount_1")]
    if total != typed_total:
        more = "多" if total > typed_total else "少"
        return [
            AnswerMissing(
                f"发票加起来是 {yuan(total)} 元，比您填的总费用 {yuan(typed_total)} 元{more} "
                f"{yuan(abs(total - typed_total))} 元。请改对其中一个",
                field="amount_1",
            )
        ]
    reading.invoices = tuple(found)
    return []


def _invoice(typed: Mapping[str, str], row: int, reading: Reading) -> Invoice | list[Refusal]:
    problems: list[Refusal] = []
    number = rules.tidy_invoice_number(typed["number"])
    if not number:
        problems.append(AnswerMissing(f"请填第 {row} 张发票的号码", field=f"number_{row}"))
    elif not rules.is_invoice_number(number):
        problems.append(AnswerMissing("发票号码是 6 到 24 位数字或字母，请照发票右上角填", field=f"number_{row}"))
    day: date | None = None
    try:
        day = parse_date(typed["date"], field=f"date_{row}", label="开票日期")
    except Refusal as refusal:
        problems.append(refusal)
    if day is not None and (
        day > reading.facts.today or (reading.admitted_on is not None and day < reading.admitted_on)
    ):
        when = "还没到" if day > reading.facts.today else "比入院还早"
        problems.append(AnswerMissing(f"开票日期{zh_date(day)}{when}，请照发票改一下", field=f"date_{row}"))
    amount = read_amount(typed["amount"], f"amount_{row}", "发票金额")
    if isinstance(amount, Refusal):
        problems.append(amount)
    if problems or day is None or isinstance(amount, Refusal):
        return problems
    return Invoice(number, day, amount)


def _out_of_time(day: date, reading: Reading) -> str:
    if day > reading.facts.today:
        return "还没到"
    return "比入院还早" if reading.admitted_on is not None and day < reading.admitted_on else ""


def read_bank(draft: Draft, reading: Reading) -> list[Refusal]:
    patient, applicant = reading.facts.patient, reading.facts.applicant
    card = read_card(
        draft.values(Step.BANK), patient=patient.name, applicant=applicant.name, is_for_self=reading.is_for_self
    )
    if not isinstance(card, BankCard):
        return card
    reading.card = card
    return []


def read_card(
    values: Mapping[str, str], *, patient: str, applicant: str, is_for_self: bool
) -> BankCard | list[Refusal]:
    """The card that `holder`, `bank` and `card` name, or what is wrong with them. Who claims for themselves is paid."""
    problems: list[Refusal] = []
    holder = Holder.PATIENT
    if not is_for_self:
        if values.get("holder") in set(Holder):
            holder = Holder(values["holder"])
        else:
            problems.append(AnswerMissing("请选钱打到谁的卡上", field="holder"))
    bank = values.get("bank", "").strip()
    if not rules.is_bank_name(bank):
        problems.append(AnswerMissing("请填银行名称，例如 建设银行太原府西街支行", field="bank"))
    number = rules.tidy_card_number(values.get("card", ""))
    if sentence := rules.card_problem(number):
        problems.append(AnswerMissing(sentence, field="card"))
    return problems or BankCard(holder, patient if holder is Holder.PATIENT else applicant, bank, number)
