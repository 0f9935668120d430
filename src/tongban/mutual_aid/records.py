"""Who gives to whom, and what was used. Either of the two may look; nobody else learns that there is anything."""

from datetime import datetime

from tongban.infra.clock import day_of, in_china
from tongban.infra.db import Db
from tongban.mutual_aid import store
from tongban.mutual_aid.holding import not_found, parse_number
from tongban.mutual_aid.model import Grant, GrantEvent


async def grants_by(db: Db, person_id: int, *, now: datetime) -> list[Grant]:
    """Whom this person lets use the account: in force first, then what has ended. With what was used this year."""
    return await store.grants_by(db, person_id, _year_began(now))


async def grants_for(db: Db, person_id: int, *, now: datetime) -> list[Grant]:
    """Who lets this person use theirs: in the order in which they pay, then what has ended."""
    return await store.grants_for(db, person_id, _year_began(now))


async def get_grant(db: Db, viewer_id: int, number: str) -> Grant:
    """Raises GrantNotFound for anybody who is neither giver nor receiver, as for a number that names none."""
    found = await store.grant(db, *parse_number(number))
    if found is None or viewer_id not in (found.giver_id, found.receiver_id):
        raise not_found()
    return found


async def own_grant(db: Db, giver_id: int, number: str) -> Grant:
    """Raises GrantNotFound for the receiver too."""
    grant = await get_grant(db, giver_id, number)
    if grant.giver_id != giver_id:
        raise not_found()
    return grant


async def history_of(db: Db, viewer_id: int, number: str) -> list[GrantEvent]:
    """Everything that happened to it, newest first: amounts, days, kinds of place. Raises as `get_grant`."""
    grant = await get_grant(db, viewer_id, number)
    return await store.events(db, grant.giver_id, grant.grant_serial)


def _year_began(now: datetime) -> datetime:
    return in_china(now).replace(year=day_of(now).year, month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
