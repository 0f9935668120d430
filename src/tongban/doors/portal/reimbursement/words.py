"""What the pages about claims have in common."""

from tongban.doors.http import Request
from tongban.doors.portal.looks import looked_at
from tongban.doors.portal.page import current_person
from tongban.infra.db import Db
from tongban.kernel.dates import zh_date
from tongban.reimbursement import Claim, ClaimDetail, ClaimState, get_claim

# The colour beside a state; the word says the same.
TAG = {
    ClaimState.REVIEWING: "go",
    ClaimState.PAPERS_DUE: "bad",
    ClaimState.REFUSED: "bad",
    ClaimState.COMPUTED: "go",
    ClaimState.NOTHING_DUE: "",
    ClaimState.PAID: "ok",
    ClaimState.RETURNED: "bad",
    ClaimState.WITHDRAWN: "",
}


def link_of(claim: Claim) -> str:
    return f"/reimbursement/records/{claim.number}"


async def seen(request: Request, db: Db, number: str) -> ClaimDetail:
    """Raises ClaimNotFound for a claim that is not the viewer's to see."""
    viewer = current_person(request).person_id
    detail = await get_claim(db, request.app.state.vault, viewer_id=viewer, number=number)
    await looked_at(request, db, "claim.viewed", person_id=detail.claim.person_id, subject=detail.claim.number)
    return detail


def period(claim: Claim) -> str:
    if claim.admitted_on == claim.discharged_on:
        return zh_date(claim.admitted_on)
    return f"{zh_date(claim.admitted_on)} 到 {zh_date(claim.discharged_on)}"
