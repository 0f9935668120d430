"""What somebody began and did not finish, for the card on the first page."""

from datetime import date
from typing import NamedTuple

from tongban import drafts, filing
from tongban.doors.http import Request
from tongban.doors.portal.session import SignedIn
from tongban.infra.db import Db
from tongban.people import get_person

_SHOWN_MAX = 2


class Unfinished(NamedTuple):
    title: str
    step: int
    href: str
    expires_on: date


async def unfinished(request: Request, db: Db, person: SignedIn) -> list[Unfinished]:
    """The two last touched."""
    state = request.app.state
    now = state.clock()
    begun = await drafts.drafts_of(db, state.vault, person_id=person.person_id, flow=filing.FLOW, now=now)
    shown = []
    for draft in begun[:_SHOWN_MAX]:
        reading, _ = await filing.read(db, state.vault, state.pack, state.regions, draft, now=now)
        whose = ""
        if draft.for_person_id != person.person_id:
            whose = f"{(await get_person(db, state.vault, draft.for_person_id)).name}的"
        place = f"（去{reading.region.name}）" if reading.region else ""
        shown.append(
            Unfinished(
                title=f"{whose}异地就医备案{place}",
                step=reading.next_step.number,
                href=f"/filing/{draft.draft_id}",
                expires_on=draft.expires_on,
            )
        )
    return shown
