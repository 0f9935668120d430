"""What an application for recognition, or its review, can be refused for. Every sentence says what to do next."""

from tongban.kernel.errors import Conflict, NotFound, Refusal


class ApplicationNotFound(NotFound):
    """No such application, or not one that whoever asks may see."""

    code = "chronic_application_not_found"

    def __init__(self) -> None:
        super().__init__("没有找到这个申请，请从“慢特病”的记录里打开")


class CertificationNotFound(NotFound):
    code = "chronic_certification_not_found"

    def __init__(self) -> None:
        super().__init__("没有找到这条认定，请从“慢特病”的记录里打开")


class MedicalCodeNotActive(Refusal):
    code = "chronic_medical_code_not_active"


class AnswerMissing(Refusal):
    code = "chronic_answer_missing"


class EnrollmentMismatch(Refusal):
    code = "chronic_enrollment_mismatch"


class DiseaseRefused(Refusal):
    """Unknown, recognised already, or being applied for."""

    code = "chronic_disease_refused"


class InstitutionRefused(Refusal):
    code = "chronic_institution_refused"


class ProxyRefused(Refusal):
    """The insured pool does not let this person apply for that one, or nobody says whether it does."""

    code = "chronic_proxy_refused"


class PaperMissing(Refusal):
    code = "chronic_paper_missing"


class RenewalRefused(Refusal):
    code = "chronic_renewal_refused"


class AlreadyApplied(Conflict):
    """The same disease is being applied for, or is recognised for those days."""

    code = "chronic_already_applied"


class NotAccepted(Conflict):
    """Nobody has taken the application, or somebody else has."""

    code = "chronic_not_accepted"


class WaitsForMaterials(Conflict):
    """It is the citizen's turn."""

    code = "chronic_waits_for_materials"


class AlreadyDecided(Conflict):
    code = "chronic_already_decided"


class ApplicationWithdrawn(Conflict):
    code = "chronic_withdrawn"


class DecisionRefused(Refusal):
    """What the operator wants to decide is incomplete or cannot be."""

    code = "chronic_decision_refused"


class NothingAsked(Conflict):
    """Materials were handed in that nobody asked for."""

    code = "chronic_nothing_asked"
