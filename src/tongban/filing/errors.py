"""What a filing can be refused for. Every sentence says what to do next."""

from typing import TYPE_CHECKING

from tongban.kernel.errors import Conflict, NotFound, Refusal

if TYPE_CHECKING:
    from tongban.filing.model import Filing


class FilingNotFound(NotFound):
    code = "filing_not_found"


class MedicalCodeNotActive(Refusal):
    code = "filing_medical_code_not_active"


class EnrollmentMismatch(Refusal):
    code = "filing_enrollment_mismatch"


class PlaceRefused(Refusal):
    """No such pooling region, not open, or the insured person's own."""

    code = "filing_place_refused"


class KindRefused(Refusal):
    """This kind of filing does not fit the person or the place."""

    code = "filing_kind_refused"


class FilingNotNeeded(KindRefused):
    code = "filing_not_needed"


class HospitalFilesIt(KindRefused):
    """A referral: the sending hospital enters it, the person cannot."""

    code = "filing_by_hospital"


class FilingUndetermined(KindRefused):
    """No source says whether this filing exists; somebody has to be asked."""

    code = "filing_undetermined"


class ProxyRefused(Refusal):
    """Whoever signs may not file for this person."""

    code = "filing_proxy_refused"


class ReferralRefused(Refusal):
    """What a hospital says of a referral does not hold together."""

    code = "filing_referral_refused"


class NothingToChange(Conflict):
    """The filing to be changed is closed already."""

    code = "filing_nothing_to_change"


class AnswerMissing(Refusal):
    code = "filing_answer_missing"


class DateRefused(Refusal):
    code = "filing_date_refused"


class ContactRefused(Refusal):
    code = "filing_contact_refused"


class NoticeNotRead(Refusal):
    code = "filing_notice_not_read"


class FilingOverlaps(Conflict):
    """The same person, place and scope is already filed for some of the days. `existing` is that filing."""

    code = "filing_overlaps"

    def __init__(self, sentence: str, *, existing: "Filing") -> None:
        super().__init__(sentence, field="start")
        self.existing = existing


class ChangeRefused(Conflict):
    """The insured pool's rules do not let the filing be cancelled or changed, or do not say."""

    code = "filing_change_refused"


class SettledHere(ChangeRefused):
    """A settlement rests on the filing, so it cannot be cancelled."""

    code = "filing_settled_here"
