"""Filing for treatment elsewhere 异地就医备案. Everything others may use is listed here."""

from tongban.filing.cancel import cancel_filing, may_cancel
from tongban.filing.due import DueFiling, filings_ending, filings_starting, validity_zh
from tongban.filing.errors import (
    ChangeRefused,
    EnrollmentMismatch,
    FilingNotFound,
    FilingNotNeeded,
    FilingOverlaps,
    FilingUndetermined,
    HospitalFilesIt,
    KindRefused,
    MedicalCodeNotActive,
    NoticeNotRead,
    PlaceRefused,
    SettledHere,
)
from tongban.filing.model import (
    SCOPE_NUMBER,
    Filing,
    FilingAnswers,
    FilingDetail,
    FilingEvent,
    FilingStatus,
    FilingWay,
    is_long_term,
    scope_numbers,
    scopes_of_numbers,
)
from tongban.filing.open import open_filing
from tongban.filing.reading import FOR_OTHER, FOR_SELF, Facts, Reading, freeze_start, proof_zh, read_draft
from tongban.filing.records import get_filing, list_filings, signature_holds
from tongban.filing.rules import KindDecision, decide_kind, locality_of
from tongban.filing.stamps import CAN_STAMP_SQL, STAMP_SQL, UNSTAMP_SQL
from tongban.filing.steps import FLOW, STEPS_TOTAL, Step
from tongban.filing.submit import read, submit_draft
from tongban.filing.texts import Notice, Texts, load_texts

__all__ = [
    "Filing",
    "FilingAnswers",
    "FilingDetail",
    "FilingEvent",
    "FilingStatus",
    "FilingWay",
    "is_long_term",
    "open_filing",
    "cancel_filing",
    "may_cancel",
    "list_filings",
    "get_filing",
    "DueFiling",
    "filings_ending",
    "filings_starting",
    "validity_zh",
    "signature_holds",
    "FLOW",
    "Step",
    "STEPS_TOTAL",
    "read",
    "submit_draft",
    "Facts",
    "Reading",
    "read_draft",
    "freeze_start",
    "FOR_SELF",
    "FOR_OTHER",
    "KindDecision",
    "decide_kind",
    "locality_of",
    "proof_zh",
    "Texts",
    "Notice",
    "load_texts",
    "SCOPE_NUMBER",
    "scope_numbers",
    "scopes_of_numbers",
    "CAN_STAMP_SQL",
    "STAMP_SQL",
    "UNSTAMP_SQL",
    "ChangeRefused",
    "EnrollmentMismatch",
    "FilingNotFound",
    "FilingNotNeeded",
    "FilingOverlaps",
    "FilingUndetermined",
    "HospitalFilesIt",
    "KindRefused",
    "MedicalCodeNotActive",
    "NoticeNotRead",
    "PlaceRefused",
    "SettledHere",
]
