"""The floor: the rule written straight in C and compiled on the spot. Needs gcc."""

import ctypes
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from law_engines.claims import Before, Claims, Law, Population, matrix_of, stays_of
from law_engines.engine import Answer, Engine
from tongban.law.compiled import Int64s, Shares, Stays

_SOURCE = Path(__file__).with_name("inpatient.c")
_FLAGS = ("-O3", "-march=native", "-fopenmp", "-shared", "-fPIC", "-Wall", "-Wextra", "-Werror")
_COLUMN = ctypes.POINTER(ctypes.c_int64)

Loop = Callable[[int, Stays, Int64s, Shares], None]


def built() -> Loop:
    """The compiled loop: threads, stays, terms, where to write who pays what."""
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "inpatient.so"
        subprocess.run(["gcc", *_FLAGS, "-o", library, _SOURCE], check=True)
        run = ctypes.CDLL(str(library)).by_person
    run.argtypes = [ctypes.c_int32, ctypes.c_int64, *[_COLUMN] * 8]
    run.restype = None

    def loop(threads: int, stays: Stays, terms: Int64s, into: Shares) -> None:
        given = (stays.start, stays.terms_row, stays.total_fen, stays.in_scope_fen, terms, *into)
        run(threads, len(stays.start) - 1, *[column.ctypes.data_as(_COLUMN) for column in given])

    return loop


def room_for(stays: Stays) -> Shares:
    return Shares(*(np.zeros(len(stays.terms_row), np.int64) for _ in Shares._fields))


def population(loop: Loop, stays: Stays, terms: Int64s) -> Population:
    """Stays with what the loop says of them."""
    expected = room_for(stays)
    loop(1, stays, terms, expected)
    return Population(stays, terms, expected)


def residents(loop: Loop, law: Law, count: int) -> Claims:
    """The claims of all engines, with the year's totals before each, which the loop carries along and others cannot."""
    terms = matrix_of(law)
    stays = stays_of([np.arange(len(terms), dtype=np.int64)], count)
    expected = population(loop, stays, terms).expected
    borne = stays.in_scope_fen - expected.pooled_fund_fen
    are_stays = (stays.total_fen > 0).astype(np.int64)
    totals = (are_stays, expected.pooled_fund_fen, borne, expected.critical_illness_fen)
    return Claims(stays, terms, expected, law, Before(*[_before(each, stays.start) for each in totals]))


def _before(amounts: Int64s, start: Int64s) -> Int64s:
    """For each stay the sum over the same person's earlier ones."""
    so_far = np.cumsum(amounts) - amounts
    before: Int64s = so_far - np.repeat(so_far[start[:-1]], np.diff(start))
    return before


def engine(loop: Loop, name: str, claims: Population, threads: int) -> Engine:
    into = room_for(claims.stays)

    def run() -> Answer:
        loop(threads, claims.stays, claims.terms, into)
        return tuple(into)

    return Engine(name, claims, run, threads=threads)
