"""What the gateway itself refuses, before or instead of any use case. A cashier reads the sentence."""

from tongban.kernel.errors import Conflict, NotAllowed, NotFound, Refusal


class MessageMalformed(Refusal):
    """The bytes are no message."""

    code = "gateway_message_malformed"


class MessageTooLarge(MessageMalformed):
    code = "gateway_message_too_large"


class NodeInvalid(Refusal):
    """A member of the envelope or of an input node is missing or cannot be read."""

    code = "gateway_node_invalid"


class TransactionUnknown(NotFound):
    code = "gateway_transaction_unknown"


class SignatureRefused(NotAllowed):
    """Headers missing, account unknown or switched off, or the signature does not fit."""

    code = "gateway_signature_refused"


class ClockSkewed(SignatureRefused):
    code = "gateway_clock_skewed"


class NonceReplayed(SignatureRefused):
    code = "gateway_nonce_replayed"


class InstitutionMismatch(NotAllowed):
    """The account belongs to another institution."""

    code = "gateway_institution_mismatch"


class RegionMismatch(Refusal):
    """A region code of the envelope contradicts the records."""

    code = "gateway_region_mismatch"


class CodeUnknown(Refusal):
    """A value outside its code table."""

    code = "gateway_code_unknown"


class PersonNotFound(NotFound):
    code = "gateway_person_not_found"


class CredentialRefused(Refusal):
    """This kind of credential is not accepted for this business, or does not fit the person."""

    code = "gateway_credential_refused"


class VisitMismatch(Conflict):
    """The message names a visit of another person or institution, or mixes several."""

    code = "gateway_visit_mismatch"
