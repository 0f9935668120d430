"""What every change of an authorisation begins with, the giver's account held, and ends with, a line in the log.

Every use case that changes an authorisation holds the giver's account first; so does every settlement that uses it.
"""

from datetime import datetime

from tongban import account
from tongban.account import Balance
from tongban.infra import audit
from tongban.infra.db import Db
from tongban.kernel.identifiers import GRANT, InvalidNumber, parse_outside_number
from tongban.mutual_aid import store
from tongban.mutual_aid.errors import GrantNotFound
from tongban.mutual_aid.model import Grant


def parse_number(number: str) -> tuple[int, int]:
    try:
        parsed = parse_outside_number(number, GRANT)
    except InvalidNumber:
        raise not_found() from None
    return parsed.person_id, parsed.serial


def not_found() -> GrantNotFound:
    return GrantNotFound("没有找到这一条，请从“家庭共济”里打开")


async def held(db: Db, giver_id: int, number: str) -> tuple[Grant, Balance]:
    """The giver's own authorisation with the account locked, so that both are true until the transaction ends."""
    owner, serial = parse_number(number)
    if owner != giver_id:
        raise not_found()
    balances = await account.hold(db, [giver_id])
    grant = await store.grant(db, giver_id, serial)
    if grant is None:
        raise not_found()
    return grant, balances[giver_id]


async def log(db: Db, grant: Grant, what: str, actor_id: int | None, channel: str, now: datetime) -> None:
    await audit.record(
        db,
        now=now,
        actor="system:rules" if actor_id is None else f"person:{actor_id}",
        channel=channel,
        action=f"mutual_aid.{what}",
        person_id=grant.giver_id,
        subject=grant.number,
        detail={"limit_fen": grant.limit_fen, "used_fen": grant.used_fen},
    )
