"""Who works on cases."""

from dataclasses import dataclass
from typing import Final, Protocol

CHANNEL: Final = "review"
"""The channel of everything an operator does."""


class Case(Protocol):
    """What belongs to the agency of an insured pool: an application, a claim."""

    @property
    def insured_pool(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Operator:
    """A person of an agency, and the insured pools (six digits each) they work for. No pools: nothing to see."""

    name: str
    pools: frozenset[str]

    @property
    def actor(self) -> str:
        """As the audit log and the events of a case name them."""
        return f"operator:{self.name}"
