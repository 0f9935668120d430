"""Reading what has become of a journey's errands, from the records of those who keep them.

Nothing is read that the viewer could not open themselves: a relative who helps learns of no bill, no recognition and
no claim by beginning a journey.
"""

from datetime import datetime

from tongban import drafts, filing, materials, settlement
from tongban.infra.clock import day_of
from tongban.infra.crypto import Vault
from tongban.infra.db import Db
from tongban.journeys.model import Journey, PartKind
from tongban.journeys.rules import Records
from tongban.kernel.vocabulary import InsuranceType
from tongban.people import Enrollment, enrollments

# The flow whose drafts belong to an errand.
FLOWS = {
    PartKind.FILING: "filing",
    PartKind.RECOGNITION: "chronic",
    PartKind.MUTUAL_AID: "family-account",
    PartKind.CLAIM: "reimbursement",
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
        can_give=not is_own and await _has_account(db, viewer_id, now),
        drafts={
            kind: draft
            for kind, flow in FLOWS.items()
            for draft in reversed(begun)  # the last one touched wins
            if draft.flow == flow and draft.for_person_id == person_id
        },
        kept_papers=frozenset(material.kind for material in kept),
    )


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
