"""Reading what has become of a journey's errands, from the records of those who keep them.

Nothing is read that the viewer could not open themselves: a relative who helps learns of no bill, no recognition and
no claim by beginning a journey.
"""

from datetime import datetime
from typing import Literal

from tongban import chronic, drafts, filing, materials, mutual_aid, reimbursement, settlement
from tongban.chronic import ApplicationState
from tongban.infra.clock import day_of
from tongban.infra.crypto import Vault
from tongban.infra.db import Db
from tongban.journeys.model import Journey, PartKind, PartState
from tongban.journeys.rules import Errand, Records
from tongban.kernel.vocabulary import CareKind, InsuranceType
from tongban.mutual_aid import GrantState
from tongban.people import Enrollment, enrollments
from tongban.reimbursement import ClaimState

# The flow whose drafts belong to an errand.
FLOWS = {
    PartKind.FILING: filing.FLOW,
    PartKind.RECOGNITION: chronic.FLOW,
    PartKind.CLAIM: reimbursement.FLOW,
    PartKind.MUTUAL_AID: mutual_aid.FLOW,
}


async def read_records(db: Db, vault: Vault, journey: Journey, *, viewer_id: int, now: datetime) -> Records:
    """As they stand at `now`, for that viewer."""
    today, person_id = day_of(now), journey.person_id
    is_own = viewer_id == person_id
    filings = await filing.list_filings(db, viewer_id=viewer_id, whose="self" if is_own else "others")
    begun = await drafts.drafts_of(db, vault, person_id=viewer_id, now=now)
    # Of all papers: which of them a journey asks for is said by the law afterwards.
    kept = await materials.usable_again(db, person_id, list(materials.MaterialKind), viewer_id=viewer_id, now=now)
    return Records(
        today=today,
        is_own=is_own,
        enrollment=await enrollment_of(db, journey, now),
        filings=tuple(found for found in filings if found.person_id == person_id),
        settlements=tuple(await settlement.settlements_of(db, person_id)) if is_own else (),
        recognitions=await _recognitions(db, journey, viewer_id, now) if journey.care is CareKind.CHRONIC else (),
        claims=await _claims(db, journey, viewer_id),
        grants=await _grants(db, person_id, viewer_id, now),
        can_give=not is_own and await _has_account(db, viewer_id, now),
        drafts={
            kind: draft
            for kind, flow in FLOWS.items()
            for draft in reversed(begun)  # the last one touched wins
            if draft.flow == flow and person_id == _about(draft) and _place(draft) in (None, journey.treatment_pool)
        },
        kept_papers=frozenset(material.kind for material in kept),
    )


_RECOGNITION = {
    ApplicationState.IN_REVIEW: PartState.UNDER_WAY,
    ApplicationState.MATERIALS_DUE: PartState.BEGUN,
    ApplicationState.RECOGNISED: PartState.DONE,
}
_CLAIM = {
    ClaimState.REVIEWING: PartState.UNDER_WAY,
    ClaimState.COMPUTED: PartState.UNDER_WAY,
    ClaimState.PAPERS_DUE: PartState.BEGUN,
    ClaimState.RETURNED: PartState.BEGUN,
    ClaimState.PAID: PartState.DONE,
    ClaimState.NOTHING_DUE: PartState.DONE,
}


async def _recognitions(db: Db, journey: Journey, viewer_id: int, now: datetime) -> tuple[Errand, ...]:
    """In force for the person themselves; for a relative the applications that the relative made."""
    is_own = viewer_id == journey.person_id
    held = await chronic.certifications_of(db, viewer_id, day_of(now)) if is_own else []
    found = [Errand(each.application_number, PartState.DONE) for each in held]
    for each in await chronic.applications_of(db, viewer_id, "self" if is_own else "others"):
        state = _RECOGNITION.get(each.state)
        # One's own recognition may have ended since it was made: then it counts as held no more.
        is_held = is_own and state is PartState.DONE
        if each.person_id == journey.person_id and state is not None and not is_held:
            found.append(Errand(each.number, state))
    return tuple(found)


async def _claims(db: Db, journey: Journey, viewer_id: int) -> tuple[Errand, ...]:
    """For stays at the journey's place since it began."""
    since = min(journey.starts_on, day_of(journey.opened_at))
    whose: Literal["self", "others"] = "self" if viewer_id == journey.person_id else "others"
    return tuple(
        Errand(each.number, _CLAIM[each.state])
        for each in await reimbursement.claims_of(db, viewer_id, whose=whose)
        if each.person_id == journey.person_id
        and each.treatment_pool == journey.treatment_pool
        and each.admitted_on >= since
        and each.state in _CLAIM
    )


async def _grants(db: Db, person_id: int, viewer_id: int, now: datetime) -> tuple[Errand, ...]:
    """What the person may use of others' accounts; a relative sees only what they give themselves."""
    if viewer_id == person_id:
        found = await mutual_aid.grants_for(db, person_id, now=now)
    else:
        found = [each for each in await mutual_aid.grants_by(db, viewer_id, now=now) if each.receiver_id == person_id]
    return tuple(Errand(each.number, PartState.DONE) for each in found if each.state is GrantState.ACTIVE)


def _about(draft: drafts.Draft) -> int:
    """Whose matter a draft is; sharing an account is the giver's own, for the relative it names."""
    if draft.flow != mutual_aid.FLOW:
        return draft.for_person_id
    receiver = draft.value(mutual_aid.WHO, "receiver")
    return int(receiver) if receiver.isdecimal() else 0


def _place(draft: drafts.Draft) -> str | None:
    """To which place a draft belongs, empty while it has not been chosen: a form for one city is not taken up for
    another. None for what is the same everywhere."""
    if draft.flow == filing.FLOW:
        return draft.value(filing.Step.PLACE, "area")
    if draft.flow == reimbursement.FLOW:
        return draft.value(reimbursement.Step.HOSPITAL, "area")
    return None


async def enrollment_of(db: Db, journey: Journey, now: datetime) -> Enrollment | None:
    """The insurance the journey goes by, if it is still in force."""
    for enrollment in await enrollments(db, journey.person_id, day_of(now)):
        if enrollment.enrollment_no == journey.enrollment_no:
            return enrollment
    return None


async def _has_account(db: Db, person_id: int, now: datetime) -> bool:
    """Whether that person is insured as an employee, and so may have an account to share."""
    found = await enrollments(db, person_id, day_of(now))
    return any(enrollment.insurance_type is InsuranceType.EMPLOYEE for enrollment in found)
