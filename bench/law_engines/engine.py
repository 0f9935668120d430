"""What the bench asks of an engine."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from law_engines.claims import Population
from tongban.law.compiled import Int64s

# The columns an engine answers with, in fen and in the order of `Shares`; the fund's part alone if it computes no more.
Answer = tuple[Int64s, ...]


def as_it_is(made: Answer) -> Answer:
    return made


def from_rows(rows: Iterable[tuple[int, ...]]) -> Answer:
    return tuple(np.array(list(rows), dtype=np.int64).T)


@dataclass(frozen=True, slots=True)
class Engine:
    """`run` computes all of `claims`, `read` takes the amounts out of what it made.

    Only `run` is measured: the law is loaded, code compiled and the claims put into the engine's own form before.
    `must_be_right`: this engine, and the judge of the loop that says what is expected.
    """

    name: str
    claims: Population
    run: Callable[[], Any]
    read: Callable[[Any], Answer] = as_it_is
    must_be_right: bool = False
    threads: int = 1
