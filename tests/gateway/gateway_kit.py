"""What tests of the gateway share: a stay with a bill of three kinds of items, and what every answer must satisfy."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from product_kit import CLASS_A, CLASS_B, CLASS_C, Patient, World
from tongban.people import demo_cast

BILL = ((CLASS_A, "10000.00"), (CLASS_B, "1000.00"), (CLASS_C, "100.00"))
TOTAL = "11100.00"


def admitted(patient: Patient, **members: Any) -> Patient:
    patient.admit(**members)
    patient.charge(*BILL)
    return patient


def cast(key_part: str) -> Any:
    return next(person for person in demo_cast() if person.name == key_part)


def assert_identities(info: dict[str, Any]) -> None:
    """The relations between amounts that the interface states."""
    amount: Callable[[str], Decimal] = lambda name: Decimal(info[name])  # noqa: E731
    assert amount("medfee_sumamt") == amount("fund_pay_sumamt") + amount("psn_part_amt") + amount("hosp_part_amt")
    assert amount("fund_pay_sumamt") == sum(
        map(amount, ("hifp_pay", "hifmi_pay", "hifob_pay", "hifes_pay", "cvlserv_pay", "maf_pay", "oth_pay"))
    )
    assert amount("psn_part_amt") == amount("acct_pay") + amount("psn_cash_pay")
    assert amount("acct_pay") >= amount("acct_mulaid_pay")
    assert amount("medfee_sumamt") == sum(
        map(amount, ("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt"))
    )


def settlements(world: World, patient: Patient) -> list[tuple[str, int]]:
    rows = world.query(
        "select state, total_fen from settlement.settlement where person_id = $1 order by settlement_serial",
        patient.person_id,
    )
    return [tuple(row) for row in rows]
