"""How long a picture is kept, and who may see it where. Pure; the database holds the same lower bound."""

from collections.abc import Mapping
from datetime import date
from typing import Final

from tongban.kernel.dates import add_months
from tongban.law import Pack, Undetermined, archive_months

# The law's least for the forms of a filing; where an insured region states none, this still holds.
KEEP_MONTHS_MIN: Final = 24
# A picture that was handed in with nothing goes this long after anybody wanted it.
LOOSE_DAYS: Final = 30


def months_to_keep(pack: Pack, insured_pool: str, on: date) -> int:
    """Months to keep the papers of a matter of somebody insured there, counted from the day it is closed."""
    stated = archive_months(pack, insured_pool, on)
    return KEEP_MONTHS_MIN if isinstance(stated, Undetermined) else max(KEEP_MONTHS_MIN, stated.value)


def keep_until(day: date, months: int) -> date:
    """The last day of the retention that begins on `day`."""
    return add_months(day, max(KEEP_MONTHS_MIN, months))


def in_slot(papers: Mapping[str, str], slot: str) -> tuple[str, ...]:
    """The numbers of the materials in a slot of a draft, in their order.

    A slot for several pictures keeps them as ``invoice``, ``invoice.2``, ``invoice.3`` …; gaps are what was deleted.
    """
    found: list[tuple[int, str]] = []
    for name, number in papers.items():
        stem, dot, count = name.partition(".")
        if stem == slot and (not dot or count.isdigit()):
            found.append((int(count or "1"), number))
    return tuple(number for _, number in sorted(found))
