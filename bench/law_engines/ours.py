"""This engine: one bill interpreted, as stored, told to a person; and a population compiled."""

from collections.abc import Callable

import numba
import numpy as np

from law_engines.c_loop import room_for
from law_engines.claims import ADULT, CLASSES, DAY, POOL, RESIDENT, Claims, Population
from law_engines.engine import Answer, Engine, from_rows
from tongban.law import Assessment, InpatientCase, Pack, assess_inpatient, steps
from tongban.law.compiled import inpatient_by_person
from tongban.law.rules.inpatient import InpatientBreakdown


def one_by_one(pack: Pack, claims: Claims) -> list[Engine]:
    """The three things an explained bill can be: explained as data, as it is stored, as it is told."""
    cases = _cases(claims)

    def assess(case: InpatientCase) -> Assessment:
        return assess_inpatient(pack, case)

    def store(case: InpatientCase) -> Assessment:
        made = assess_inpatient(pack, case)
        made.record()
        return made

    def tell(case: InpatientCase) -> Assessment:
        made = assess_inpatient(pack, case)
        steps(pack, made.record())
        return made

    names = {"assessed: amounts, values, sources": assess, "the same, ready to store": store, "told in sentences": tell}
    return [_engine(f"tongban, {name}", claims, cases, work) for name, work in names.items()]


def _cases(claims: Claims) -> list[InpatientCase]:
    amounts = np.stack([*claims.stays[2:], *claims.before], axis=1).tolist()
    kinds = [(*way, price_class) for way in claims.law.ways for price_class in CLASSES]
    rows = claims.stays.terms_row.tolist()
    return [
        InpatientCase._make((POOL, RESIDENT, ADULT, *kinds[row], DAY, DAY, *numbers))
        for row, numbers in zip(rows, amounts, strict=True)
    ]


def _engine(
    name: str, claims: Claims, cases: list[InpatientCase], work: Callable[[InpatientCase], Assessment]
) -> Engine:
    return Engine(name, claims, lambda: [work(case) for case in cases], _amounts, must_be_right=True)


def _amounts(made: list[Assessment]) -> Answer:
    breakdowns = [each.breakdown for each in made if isinstance(each.breakdown, InpatientBreakdown)]
    return from_rows((each.pooled_fund_fen, each.critical_illness_fen, each.person_share_fen) for each in breakdowns)


def compiled(name: str, claims: Population, threads: int) -> Engine:
    into = room_for(claims.stays)
    inpatient_by_person(claims.stays, claims.terms, into)  # compiles, and touches every page of the result

    def run() -> Answer:
        numba.set_num_threads(threads)
        return tuple(inpatient_by_person(claims.stays, claims.terms, into))

    return Engine(name, claims, run, must_be_right=True, threads=threads)
