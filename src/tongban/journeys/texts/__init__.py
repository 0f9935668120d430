"""The life events: content that an agency may replace."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tongban.journeys.model import FirstDay, LifeEvent, PartKind
from tongban.kernel.vocabulary import CareKind, FilingKind, Situation
from tongban.law import ClaimCare

_FILE = Path(__file__).parent / "events.yaml"


@cache
def life_events(path: Path = _FILE) -> tuple[LifeEvent, ...]:
    """In the order of the page. Raises KeyError or ValueError for a file that is not in shape."""
    rows: list[dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return tuple(
        LifeEvent(
            key=str(row["key"]),
            title=str(row["title"]),
            line=str(row["line"]),
            icon=str(row["icon"]),
            care=CareKind(row["care"]),
            why=tuple(Situation(why) for why in row["why"]),
            parts=tuple(PartKind(part) for part in row["parts"]),
            begins=str(row["begins"]),
            first_day=FirstDay(row["first_day"]),
            claim_care=ClaimCare(row.get("claim", row["care"])),
            kinds=tuple(FilingKind(kind) for kind in row.get("kinds", ())),
        )
        for row in rows
    )


def life_event(key: str) -> LifeEvent | None:
    """None for a key that no event has, or has no more."""
    return next((event for event in life_events() if event.key == key), None)
