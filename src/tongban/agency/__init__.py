"""Whoever decides at an agency 经办机构: for which insured pools, what they looked at, and what they tell the citizen.

Below every matter that is decided there. A matter keeps its own queue, states and decisions; it asks here whether an
operator may see one of its cases, and leaves the looks here.
"""

from tongban.agency.errors import CaseNotFound, NothingSaid
from tongban.agency.looks import log_case_look, log_queue_look
from tongban.agency.model import CHANNEL, Operator
from tongban.agency.rules import in_scope, told

__all__ = [
    "CHANNEL",
    "Operator",
    "in_scope",
    "told",
    "log_queue_look",
    "log_case_look",
    "CaseNotFound",
    "NothingSaid",
]
