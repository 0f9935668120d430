"""SQL of payments: orders to the bank, each under the key the bank knows it by."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from tongban.infra.db import Db
from tongban.kernel.money import Fen
from tongban.reimbursement.model import Payment, PaymentState

_PAYMENT: Final = "payment_no, order_key, amount_fen, state, ordered_at, bank_reference, ended_at, reason"
_SELECT: Final = f"select {_PAYMENT} from reimbursement.payment where person_id = $1 and claim_serial = $2"  # noqa: S608 - constants only
_INSERT: Final = f"""
  insert into reimbursement.payment (person_id, claim_serial, payment_no, order_key, amount_fen, state, ordered_at,
    ordered_by)
  select $1, $2, next_no, $3 || '-' || next_no, $4, 'ordered', $5, $6
  from (select coalesce(max(payment_no), 0) + 1 as next_no from reimbursement.payment
        where person_id = $1 and claim_serial = $2) as made
  returning {_PAYMENT}
"""  # noqa: S608 - constants only


async def payments_of(db: Db, person_id: int, serial: int) -> list[Payment]:
    rows = await db.fetch(f"{_SELECT} order by payment_no", person_id, serial)
    return [_payment(row) for row in rows]


async def live_payment(db: Db, person_id: int, serial: int) -> Payment | None:
    """The one that is ordered or paid; there is at most one."""
    row = await db.fetchrow(f"{_SELECT} and state in ('ordered', 'paid')", person_id, serial)
    return None if row is None else _payment(row)


async def insert_order(
    db: Db, person_id: int, serial: int, *, claim_number: str, amount_fen: Fen, ordered_by: str, now: datetime
) -> Payment:
    """The next order of the claim. Raises UniqueViolationError while another one is ordered or paid."""
    row = await db.fetchrow(
        _INSERT,
        person_id,
        serial,
        claim_number,
        amount_fen,
        now,
        ordered_by,
    )
    return _payment(row)


async def end_payment(
    db: Db,
    person_id: int,
    serial: int,
    payment_no: int,
    state: PaymentState,
    *,
    bank_reference: str,
    reason: str,
    now: datetime,
) -> None:
    await db.execute(
        """update reimbursement.payment set state = $4, bank_reference = $5, reason = $6, ended_at = $7
           where person_id = $1 and claim_serial = $2 and payment_no = $3""",
        person_id,
        serial,
        payment_no,
        state,
        bank_reference,
        reason,
        now,
    )


def _payment(row: Mapping[str, Any]) -> Payment:
    return Payment(
        payment_no=row["payment_no"],
        order_key=row["order_key"],
        amount_fen=row["amount_fen"],
        state=PaymentState(row["state"]),
        ordered_at=row["ordered_at"],
        bank_reference=row["bank_reference"],
        ended_at=row["ended_at"],
        reason=row["reason"],
    )
