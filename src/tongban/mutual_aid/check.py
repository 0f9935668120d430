"""Whether what is shared holds: set apart is what is left of the quotas, and used is what the history says."""

from typing import Any, NamedTuple

from tongban.account import Fault
from tongban.infra.db import Db
from tongban.kernel.identifiers import mask_person_number
from tongban.kernel.money import yuan
from tongban.mutual_aid import store_check
from tongban.mutual_aid.model import grant_number


class SharingChecked(NamedTuple):
    """How many authorisations were looked at, ended ones too, and what deviates."""

    grants: int
    faults: tuple[Fault, ...]


async def check(db: Db) -> SharingChecked:
    """Compare what accounts set apart with the quotas, and what authorisations used with their events. Writes nothing.

    Both sides of a comparison are read by one statement, so what goes on meanwhile is no deviation. What the database
    cannot hold is not looked for: more used than the limit, an event without its authorisation, an authorisation
    without an account, a bill used or given back twice.
    """
    grants = await store_check.count(db)
    faults = [_reserved_fault(row) for row in await store_check.reserved_not_left(db)]
    faults += [_used_fault(row) for row in await store_check.used_not_in_events(db)]
    return SharingChecked(grants, tuple(faults))


def _reserved_fault(row: Any) -> Fault:
    told = f"给家人留出来的是 {yuan(row['reserved_fen'])} 元，各条额度还剩的加起来是 {yuan(row['left_fen'])} 元"
    return Fault(mask_person_number(row["person_id"]), told)


def _used_fault(row: Any) -> Fault:
    told = f"记的是用了 {yuan(row['used_fen'])} 元，经过里加起来是 {yuan(row['events_fen'])} 元"
    return Fault(grant_number(row["person_id"], row["grant_serial"]), told)
