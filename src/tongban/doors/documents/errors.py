"""Why a document is not taken, besides what the law itself refuses in a case. Every code is stable; the sentence says
what was seen and what would be right."""

from tongban.kernel.errors import NotFound, Refusal


class DocumentMalformed(Refusal):
    """The bytes are no JSON object."""

    code = "document_malformed"
    status = 400


class DocumentTooLong(Refusal):
    code = "document_too_long"
    status = 413


class FieldType(Refusal):
    """A number where a text belongs, a text or a yes where a number belongs, a text too long."""

    code = "field_type"


class AmountTooLarge(Refusal):
    code = "amount_too_large"


class DayOutsideLaw(Refusal):
    """A day of which the loaded policies know nothing at all."""

    code = "day_outside_law"


class PlaceInvalid(Refusal):
    """Not the six digits of a region."""

    code = "place_invalid"


class ParameterUnknown(NotFound):
    code = "parameter_unknown"
