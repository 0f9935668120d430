"""What an operator may see, and what they owe a citizen in words."""

from typing import Final, TypeVar

from tongban.agency.errors import CaseNotFound, NothingSaid
from tongban.agency.model import Case, Operator

SENTENCE_MIN: Final = 4
SENTENCE_MAX: Final = 200
"""Characters of a sentence to the citizen."""

C = TypeVar("C", bound=Case)


def in_scope(operator: Operator, case: C | None) -> C:
    """The case, if there is one and the operator works for its pool.

    Raises CaseNotFound for one of another pool exactly as for none: nobody learns
    here which numbers exist.
    """
    if case is None or case.insured_pool not in operator.pools:
        raise CaseNotFound
    return case


def told(sentence: str, what: str, field: str = "sentence") -> str:
    """The operator's words as the citizen reads them, with their full stop. `what` has to be said (要补什么、为什么).

    Raises NothingSaid for too few or too many.
    """
    said = sentence.strip()
    if not SENTENCE_MIN <= len(said) <= SENTENCE_MAX:
        raise NothingSaid(f"请用一句话写清楚{what}，{SENTENCE_MIN} 到 {SENTENCE_MAX} 个字", field=field)
    return said if said[-1] in "。！？" else f"{said}。"
