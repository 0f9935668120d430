"""Family mutual aid 家庭共济: relatives who may use part of an employee's personal account."""

from tongban.mutual_aid.errors import (
    AidUndetermined,
    AlreadyGiven,
    GiverRefused,
    GrantEnded,
    GrantNotFound,
    LimitRefused,
    OrderChanged,
    ReceiverRefused,
)
from tongban.mutual_aid.fragments import (
    DRAW_CTE,
    GIVE_BACK_CTE,
    OFFERS_SQL,
    event_cte,
    givers_of,
    offers_from,
)
from tongban.mutual_aid.model import Draw, EventKind, Giving, Grant, GrantEvent, GrantState, Offer
from tongban.mutual_aid.rules import share_out
from tongban.mutual_aid.telling import tell_returned, tell_used

__all__ = [
    "Grant",
    "GrantState",
    "GrantEvent",
    "EventKind",
    "Giving",
    "Offer",
    "Draw",
    "share_out",
    "tell_used",
    "tell_returned",
    "OFFERS_SQL",
    "DRAW_CTE",
    "GIVE_BACK_CTE",
    "event_cte",
    "offers_from",
    "givers_of",
    "GiverRefused",
    "ReceiverRefused",
    "LimitRefused",
    "AidUndetermined",
    "AlreadyGiven",
    "GrantNotFound",
    "GrantEnded",
    "OrderChanged",
]
