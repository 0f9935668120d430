"""What somebody began and did not finish, in every flow, for the card on the first page."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from tongban import drafts
from tongban.doors.http import Request
from tongban.doors.portal.chronic.flow import CHRONIC
from tongban.doors.portal.family_account.flow import AID
from tongban.doors.portal.filing.flow import FILING
from tongban.doors.portal.reimbursement.flow import CLAIM
from tongban.doors.portal.session import SignedIn
from tongban.doors.portal.steps import Flow, run_of
from tongban.infra.db import Db
from tongban.people import names_of

_SHOWN_MAX = 2

# Every flow whose drafts are offered to go on with.
FLOWS: dict[str, Flow[Any]] = {flow.name: flow for flow in (FILING, AID, CLAIM, CHRONIC)}


class Unfinished(NamedTuple):
    title: str
    step: int
    steps_total: int
    href: str
    expires_on: date


class Begun(NamedTuple):
    """`shown`: those last touched; `total`: how many there are."""

    shown: Sequence[Unfinished]
    total: int


async def unfinished(request: Request, db: Db, person: SignedIn) -> Begun:
    """What the person began in any flow, the two last touched of it in words."""
    state = request.app.state
    kept = await drafts.drafts_of(db, state.vault, person_id=person.person_id, now=state.clock())
    begun = [draft for draft in kept if draft.flow in FLOWS]
    shown = []
    for draft in begun[:_SHOWN_MAX]:
        run = await run_of(FLOWS[draft.flow], request, db, draft)
        whose = ""
        if draft.for_person_id != person.person_id:
            whose = f"{(await names_of(db, [draft.for_person_id])).get(draft.for_person_id, '家人')}的"
        about = run.flow.about(run)
        shown.append(
            Unfinished(
                title=f"{whose}{run.flow.title}{f'（{about}）' if about else ''}",
                step=run.next_step.number,
                steps_total=run.flow.steps_total,
                href=f"/{run.flow.slug}/{draft.draft_id}",
                expires_on=draft.expires_on,
            )
        )
    return Begun(shown, len(begun))
