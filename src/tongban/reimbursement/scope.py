"""Which claims an operator may see and change: those of the pools they work for."""

from tongban.infra.db import Db
from tongban.reimbursement import store
from tongban.reimbursement.errors import OutOfScope
from tongban.reimbursement.model import Claim, Operator
from tongban.reimbursement.records import not_found, parsed

CHANNEL = "review"


async def locked_for(db: Db, operator: Operator, number: str) -> Claim:
    """The claim, held until the transaction ends. Raises ClaimNotFound, OutOfScope."""
    return await _scoped(db, operator, number, lock=True)


async def seen_by(db: Db, operator: Operator, number: str) -> Claim:
    return await _scoped(db, operator, number, lock=False)


async def _scoped(db: Db, operator: Operator, number: str, *, lock: bool) -> Claim:
    person_id, serial = parsed(number)
    claim = await store.claim(db, person_id, serial, lock=lock)
    if claim is None:
        raise not_found()
    if not operator.may_see(claim.insured_pool):
        raise OutOfScope("这份申请是别的参保地的，请转给那里的经办机构")
    return claim
