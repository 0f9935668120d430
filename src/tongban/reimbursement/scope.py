"""Which claims an operator may see and change: those of the pools they work for."""

from tongban.agency import Operator, in_scope
from tongban.infra.db import Db
from tongban.reimbursement.model import Claim
from tongban.reimbursement.records import find_claim


async def locked_for(db: Db, operator: Operator, number: str) -> Claim:
    """The claim, held until the transaction ends. Raises CaseNotFound for one of another pool, as for none."""
    return in_scope(operator, await find_claim(db, number, lock=True))


async def seen_by(db: Db, operator: Operator, number: str) -> Claim:
    """Raises CaseNotFound."""
    return in_scope(operator, await find_claim(db, number))
