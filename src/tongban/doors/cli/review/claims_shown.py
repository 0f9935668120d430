"""What the claim commands print: for people, and with ``--json`` for programs."""

from typing import Any

from tongban.doors.cli.console import results
from tongban.doors.cli.review.office import put_json
from tongban.infra.clock import in_china
from tongban.kernel.capitals import capitals
from tongban.kernel.dates import zh_date
from tongban.kernel.money import yuan
from tongban.reimbursement import Claim, ClaimDetail
from tongban.settlement import Explanation


def tell(claim: Claim, as_json: bool) -> None:
    if as_json:
        put_json(line(claim))
    else:
        results.print(outcome(claim))


def outcome(claim: Claim) -> str:
    said = f"：{claim.said}" if claim.said else ""
    money = f"，能报 {yuan(claim.payout_fen)} 元" if claim.payout_fen is not None else ""
    return f"{claim.number} {claim.state.zh}{money}{said}"


def line(claim: Claim) -> dict[str, Any]:
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


def document(detail: ClaimDetail, papers: list[tuple[str, str, int]]) -> dict[str, Any]:
    return line(detail.claim) | {
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


def put_detail(detail: ClaimDetail, names: dict[int, str], papers: list[tuple[str, str, int]]) -> None:
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


def put_steps(explanation: Explanation) -> None:
    for step in explanation.steps:
        formula = f"  （{step.formula}）" if step.formula else ""
        results.print(f"{step.label}  {step.amount_text}{formula}", soft_wrap=True)
    if explanation.notice:
        results.print(explanation.notice)


def steps(explanation: Explanation) -> list[dict[str, str]]:
    return [
        {"field": step.field, "label": step.label, "amount": step.amount_text, "formula": step.formula}
        for step in explanation.steps
    ]
