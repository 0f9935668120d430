"""Which claims an operator may see and change: those of the pools they work for."""

from tongban.agency import Operator, in_scope
from tongban.infra.db import Db
from tongban.reimbursement import store
from tongban.reimbursement.model import Claim
from tongban.reimbursement.records import parsed


async def locked_for(db: Db, operator: Operator, number: str) -> Claim:
    """The claim, held until the transaction ends. Raises ClaimNotFound, CaseNotFound."""
    return await _scoped(db, operator, number, lock=True)


async def seen_by(db: Db, operator: Operator, number: str) -> Claim:
    return await _scoped(db, operator, number, lock=False)


async def _scoped(db: Db, operator: Operator, number: str, *, lock: bool) -> Claim:
    person_id, serial = parsed(number)
    return in_scope(operator, await store.claim(db, person_id, serial, lock=lock))
