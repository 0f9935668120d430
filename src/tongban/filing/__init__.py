"""Filing for treatment elsewhere 异地就医备案. Everything others may use is listed here."""

from tongban.filing.errors import FilingNotFound, FilingOverlaps, SettledHere
from tongban.filing.model import (
    SCOPE_NUMBER,
    Filing,
    FilingAnswers,
    FilingDetail,
    FilingEvent,
    FilingStatus,
    FilingWay,
    Signature,
    SignatureMethod,
    SignedText,
    is_long_term,
    scope_numbers,
    scopes_of_numbers,
)
from tongban.filing.stamps import CAN_STAMP_SQL, STAMP_SQL, UNSTAMP_SQL

__all__ = [
    "Filing",
    "FilingAnswers",
    "FilingDetail",
    "FilingEvent",
    "FilingStatus",
    "FilingWay",
    "Signature",
    "SignatureMethod",
    "SignedText",
    "is_long_term",
    "SCOPE_NUMBER",
    "scope_numbers",
    "scopes_of_numbers",
    "CAN_STAMP_SQL",
    "STAMP_SQL",
    "UNSTAMP_SQL",
    "FilingNotFound",
    "FilingOverlaps",
    "SettledHere",
]
