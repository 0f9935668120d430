"""The receiver's order: whose account pays first."""

from collections.abc import Sequence
from datetime import datetime

from tongban.infra import audit
from tongban.infra.db import Db
from tongban.mutual_aid import store
from tongban.mutual_aid.errors import OrderChanged
from tongban.mutual_aid.holding import parse_number


async def rank(db: Db, *, receiver_id: int, numbers: Sequence[str], channel: str, now: datetime) -> None:
    """The receiver says in which order relatives' accounts pay: all in force, first one first.

    Raises OrderChanged when `numbers` are not exactly those in force.
    """
    async with db.transaction():
        current = await store.lock_order(db, receiver_id)
        wanted = [parse_number(number) for number in numbers]
        if sorted(wanted) != sorted(current):
            raise OrderChanged("给您用的家人刚刚变了，请看一下再排")
        if wanted == current:
            return
        await store.rank(db, receiver_id, wanted)
        await audit.record(
            db,
            now=now,
            actor=f"person:{receiver_id}",
            channel=channel,
            action="mutual_aid.ranked",
            person_id=receiver_id,
            detail={"order": list(numbers)},
        )
