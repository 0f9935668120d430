"""What a signature can be refused for."""

from tongban.kernel.errors import Refusal


class NotConfirmed(Refusal):
    code = "answers_not_confirmed"


class CommitmentNotAgreed(Refusal):
    code = "commitment_not_agreed"


class SignatureRefused(Refusal):
    code = "signature_refused"


class SignatureVoid(SignatureRefused):
    """An answer, a picture or the text changed after the name was written."""

    code = "signature_void"
