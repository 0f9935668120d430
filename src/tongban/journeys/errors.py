"""Why a journey cannot be begun or shown."""

from tongban.kernel.errors import NotFound, Refusal


class JourneyNotFound(NotFound):
    """Somebody else's number is answered like none."""

    code = "journey_not_found"


class JourneyRefused(Refusal):
    """An answer that fits no journey."""

    code = "journey_refused"
