"""One thing 就医费用报销一件事: a life event with the errands it brings. Everything others may use is listed here."""

from tongban.journeys.errors import JourneyNotFound, JourneyRefused
from tongban.journeys.model import Journey, LifeEvent, Part, PartKind, PartState, Progress
from tongban.journeys.service import (
    begin_errand,
    close_journey,
    get_journey,
    journeys_of,
    open_journey,
    progress_of,
)
from tongban.journeys.texts import life_event, life_events

__all__ = [
    "Journey",
    "LifeEvent",
    "Part",
    "PartKind",
    "PartState",
    "Progress",
    "life_events",
    "life_event",
    "open_journey",
    "journeys_of",
    "get_journey",
    "progress_of",
    "begin_errand",
    "close_journey",
    "JourneyNotFound",
    "JourneyRefused",
]
