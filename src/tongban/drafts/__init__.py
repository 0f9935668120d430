"""What any flow keeps while it is being filled in. Knows no flow: steps are names, answers are what was typed."""

from tongban.drafts.errors import DraftNotFound
from tongban.drafts.model import KEEP_DAYS, Draft, StepAnswers
from tongban.drafts.service import (
    DraftEnd,
    discard,
    drafts_ending,
    drafts_of,
    finish,
    handing_in,
    load,
    purge_expired,
    save_paper,
    save_step,
    start,
)

__all__ = [
    "KEEP_DAYS",
    "Draft",
    "StepAnswers",
    "start",
    "load",
    "drafts_of",
    "DraftEnd",
    "drafts_ending",
    "save_step",
    "save_paper",
    "handing_in",
    "finish",
    "discard",
    "purge_expired",
    "DraftNotFound",
]
