"""What people and their cards are refused for."""

from tongban.kernel.errors import Conflict, NotFound, Refusal


class CardLost(Refusal):
    """The card was reported lost; the medical code goes on working."""

    code = "card_lost"


class CredentialNotActivated(Refusal):
    code = "credential_not_activated"


class CredentialReplaced(Refusal):
    """A newer card or code took this one's place."""

    code = "credential_replaced"


class MedicalCodeNotIssued(Refusal):
    """There is no active medical code to show."""

    code = "medical_code_not_issued"


class ScanCodeEnded(Refusal):
    """The digits a phone showed are too old, or another institution has read them."""

    code = "scan_code_ended"


class PersonNotMatched(Refusal):
    """Nobody has this name with this ID number. Which of the two is unknown is not told."""

    code = "person_not_matched"


class KinRefused(Refusal):
    """These two cannot be relatives in this way."""

    code = "kin_refused"


class KinBoundOtherwise(Conflict):
    """They are bound already, as something else."""

    code = "kin_bound_otherwise"


class KinNotFound(NotFound):
    code = "kin_not_found"
