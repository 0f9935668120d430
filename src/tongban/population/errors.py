"""What may be wrong with a request for a whole population."""

from tongban.kernel.errors import Refusal


class ClaimsUnreadable(Refusal):
    """The file as a whole is not what the format says."""

    code = "claims_unreadable"


class ClaimInvalid(Refusal):
    """One row is not a possible claim, or stands out of order: the sentence names file, row, column and value."""

    code = "claim_invalid"


class TooLittleMemory(Refusal):
    code = "memory_too_little"


class NotPossible(Refusal):
    """Numbers were asked for that contradict each other."""

    code = "population_impossible"
