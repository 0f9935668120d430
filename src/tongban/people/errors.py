"""What people and their cards are refused for."""

from tongban.kernel.errors import Refusal


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
