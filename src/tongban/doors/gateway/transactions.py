"""Which transactions the gateway answers, what each reads and who answers it."""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import msgspec

from tongban.doors.gateway import benefits, bills, identify, recognitions, visits, wire
from tongban.doors.gateway.call import Call, Reply
from tongban.doors.gateway.errors import TransactionUnknown
from tongban.doors.gateway.reading import Node, read_nodes
from tongban.doors.gateway.wire import WIRE_NAMES


class Transaction(NamedTuple):
    """`node`: the single node of the input, which some systems leave out and send its members bare; empty where the
    input has several."""

    zh: str
    input_type: type[msgspec.Struct]
    answer: Callable[[Call, Any], Awaitable[msgspec.Struct | Reply | None]]
    node: str = "data"


TRANSACTIONS: Final[Mapping[str, Transaction]] = MappingProxyType(
    {
        "9001": Transaction("签到", wire.SignOnInput, identify.sign_on, WIRE_NAMES["sign_on"]),
        "9002": Transaction("签退", wire.SignOffInput, identify.sign_off, WIRE_NAMES["sign_off"]),
        "1101": Transaction("人员信息获取", wire.IdentifyInput, identify.identify),
        "2001": Transaction("人员待遇享受检查", wire.BenefitCheckInput, benefits.check),
        "2201": Transaction("门诊挂号", wire.RegistrationInput, visits.register),
        "2202": Transaction("门诊挂号撤销", wire.VisitInput, visits.void),
        "2203": Transaction("门诊就诊信息上传", wire.VisitInfoInput, visits.describe, ""),
        "2203A": Transaction("门诊就诊信息上传", wire.VisitInfoInput, visits.describe, ""),
        "2204": Transaction("门诊费用明细上传", wire.LinesInput, visits.charge, ""),
        "2205": Transaction("门诊费用明细撤销", wire.BatchInput, visits.withdraw_batch),
        "2206": Transaction("门诊预结算", wire.BillInput, bills.preview),
        "2207": Transaction("门诊结算", wire.BillInput, bills.settle),
        "2208": Transaction("门诊结算撤销", wire.SettlementInput, bills.cancel),
        "2301": Transaction("住院费用明细上传", wire.LinesInput, visits.charge, ""),
        "2302": Transaction("住院费用明细撤销", wire.LineWithdrawalInput, visits.withdraw_lines, ""),
        "2303": Transaction("住院预结算", wire.BillInput, bills.preview),
        "2304": Transaction("住院结算", wire.BillInput, bills.settle),
        "2305": Transaction("住院结算撤销", wire.SettlementInput, bills.cancel),
        "2401": Transaction("入院办理", wire.AdmissionInput, visits.admit, ""),
        "2402": Transaction("出院办理", wire.DischargeInput, visits.discharge, WIRE_NAMES["discharge"]),
        "2404": Transaction("入院撤销", wire.VisitInput, visits.void),
        "2405": Transaction("出院撤销", wire.VisitInput, visits.undo_discharge),
        "2601": Transaction("冲正", wire.ReversalInput, bills.reverse),
        "5203": Transaction("结算信息查询", wire.SettlementInput, bills.query),
        "5301": Transaction("人员慢特病备案查询", wire.PersonQueryInput, recognitions.query),
        "5302": Transaction("人员定点信息查询", wire.PersonQueryInput, recognitions.query_institutions),
    }
)


def transaction_of(code: str) -> Transaction:
    found = TRANSACTIONS.get(code)
    if found is None:
        raise TransactionUnknown(f"交易编号 infno 是 {code[:10]}，平台没有开通这个交易，请核对")
    return found


def read_transaction(transaction: Transaction, nodes: Node) -> msgspec.Struct:
    """The input as the transaction's struct. Raises NodeInvalid."""
    if transaction.node and transaction.node not in nodes:
        # An older dialect calls the node of 2201 and 2202 mdtrtinfo; others send its members without any node.
        nodes = {transaction.node: nodes.get(WIRE_NAMES["visit"], nodes)} if nodes else nodes
    return read_nodes(nodes, transaction.input_type)
