"""One law, two speeds: compiled and interpreted agree to the fen, and with a computation that shares no code."""

from collections import Counter
from datetime import date
from decimal import Decimal
from itertools import pairwise, product

import law_reference
import numpy as np
from hypothesis import given, settings
from law_edges import people_at_the_edges
from law_strategies import POOLS, inpatient_bills, outpatient_bills, outpatient_terms
from law_strategies import inpatient_terms as any_terms

from tongban.kernel.vocabulary import InsuranceType, Locality, PersonnelCategory, PriceClass
from tongban.law import BenefitPath, InpatientCase, Pack, assess_inpatient
from tongban.law.compiled import (
    UNDETERMINED,
    Stays,
    inpatient_by_person,
    inpatient_compiled,
    outpatient_compiled,
    terms_matrix,
)
from tongban.law.rules.inpatient import (
    CEILING_PASSED,
    NO_SCHEME,
    InpatientBill,
    InpatientBreakdown,
    InpatientTerms,
    inpatient,
)
from tongban.law.rules.outpatient import OutpatientBill, OutpatientTerms, outpatient
from tongban.law.terms import Resolved, inpatient_terms

DAY = date(2026, 11, 20)


@settings(max_examples=500, deadline=None)
@given(inpatient_bills(), any_terms())
def test_every_intermediate_amount_is_the_same(bill: InpatientBill, terms: InpatientTerms) -> None:
    assert inpatient_compiled(bill, terms) == inpatient(bill, terms)


@settings(max_examples=500, deadline=None)
@given(outpatient_bills(), outpatient_terms())
def test_every_intermediate_amount_of_a_visit_is_the_same(bill: OutpatientBill, terms: OutpatientTerms) -> None:
    assert outpatient_compiled(bill, terms) == outpatient(bill, terms)


def test_a_population_in_order_is_what_bill_after_bill_gives(pack: Pack) -> None:
    """Four thousand stays of a thousand persons in all kinds of places, settled one by one by the front door."""
    rng = np.random.default_rng(7)
    count, persons = 4_000, 1_000
    who = list(
        product(
            POOLS,
            [
                (InsuranceType.RESIDENT, PersonnelCategory.ADULT),
                (InsuranceType.EMPLOYEE, PersonnelCategory.ACTIVE),
                (InsuranceType.EMPLOYEE, PersonnelCategory.RETIRED),
            ],
        )
    )
    where = list(product(Locality, BenefitPath, PriceClass))
    person = np.sort(rng.integers(0, persons, count))
    insured = rng.integers(0, len(who), persons)
    place = rng.integers(0, len(where), count)
    keys = [(*who[insured[p]], *where[w]) for p, w in zip(person, place, strict=True)]
    terms = terms_matrix([inpatient_terms(pack, pool, *kind, *at, DAY) for pool, kind, *at in keys])
    parts = [rng.integers(0, 4_000_000, count) for _ in range(4)]
    start = np.concatenate([[0], np.flatnonzero(np.diff(person)) + 1, [count]]).astype(np.int64)
    shares = inpatient_by_person(Stays(start, np.arange(count), sum(parts), *parts), terms)

    decided = 0
    for first, end in pairwise(start):
        stays = pooled = borne = critical = 0
        for i in range(first, end):
            pool, (insurance_type, category), *at = keys[i]
            amounts = [int(part[i]) for part in parts]
            case = InpatientCase(
                pool, insurance_type, category, *at, DAY, DAY, sum(amounts), *amounts, stays, pooled, borne, critical
            )
            made = assess_inpatient(pack, case).breakdown
            got = tuple(int(column[i]) for column in shares)
            if made is None:
                assert got == (UNDETERMINED,) * 3
                continue
            assert got == (made.pooled_fund_fen, made.critical_illness_fen, made.person_share_fen)
            decided += 1
            stays, pooled = stays + 1, pooled + made.pooled_fund_fen
            borne, critical = borne + made.borne_fen, critical + made.critical_illness_fen
    assert decided > 1_000
    assert decided < count


def test_two_hundred_thousand_stays_at_the_edges_are_the_same_three_times_over() -> None:
    """Compiled, interpreted and in Decimals, each person's year carried along by the interpreted rule."""
    stays, laws = people_at_the_edges(70_000)
    shares = inpatient_by_person(stays, terms_matrix([Resolved(terms, (), ()) for terms in laws]))
    columns = zip(*[column.tolist() for column in (*stays[2:], *shares)], strict=True)
    met: Counter[str] = Counter()
    for terms, size in zip(laws, np.diff(stays.start).tolist(), strict=True):
        before = (0, 0, 0, 0)
        law = terms._asdict()
        for _ in range(size):
            *amounts, pooled, critical, person = next(columns)
            bill = InpatientBill(*amounts, *before)
            made = inpatient(bill, terms)
            slowly = law_reference.stay(bill._asdict(), law)
            if made.status == CEILING_PASSED:
                assert (pooled, critical, person) == (UNDETERMINED,) * 3, (bill, terms)
                assert slowly["pooled"] is None, (bill, terms)
            else:
                right = (made.pooled_fund_fen, made.critical_illness_fen, made.person_share_fen)
                assert (pooled, critical, person) == right, (bill, terms)
                assert tuple(_fen(each) for each in slowly.values()) == right, (bill, terms)
                before = _year_after(before, made)
            met.update(_edges_met(made, terms))
    assert next(columns, None) is None
    assert met["stays"] > 200_000
    assert {edge: number for edge, number in met.items() if number < 1_000} == {}
    assert len(met) == 15


def _fen(amount: Decimal | None) -> int:
    assert amount is not None
    return int(amount * 100)


def _year_after(before: tuple[int, int, int, int], made: InpatientBreakdown) -> tuple[int, int, int, int]:
    """Stays, pooled fund, borne, critical illness. A bill of nothing is no stay."""
    stays, pooled, borne, critical = before
    return (
        stays + (made.total_fen > 0),
        pooled + made.pooled_fund_fen,
        borne + made.borne_fen,
        critical + made.critical_illness_fen,
    )


def _edges_met(made: InpatientBreakdown, terms: InpatientTerms) -> list[str]:
    """Which edges a stay stands on, so that the test can say that it stood on all of them."""
    due, in_scope, borne = made.deductible_due_fen, made.in_scope_fen, made.borne_year_fen
    has_scheme = terms.critical_threshold_fen != NO_SCHEME
    edges = {
        "stays": True,
        "waived": made.deductible_standard_fen > 0 and due == 0,
        "just below the deductible": in_scope == due - 1,
        "on the deductible": in_scope == due > 0,
        "just above the deductible": in_scope == due + 1,
        "half a fen": made.above_fen * made.final_rate_bp % 10_000 == 5_000,
        "just below the ceiling": made.computed_fen == made.room_fen - 1,
        "on the ceiling": made.computed_fen == made.room_fen > 0,
        "just above the ceiling": made.computed_fen == made.room_fen + 1,
        "no answer": made.status == CEILING_PASSED,
        "on the threshold": has_scheme and borne == terms.critical_threshold_fen,
        "just above the threshold": has_scheme and borne == terms.critical_threshold_fen + 1,
        "second rate, banded": made.critical_second_fen > 0 and terms.critical_is_banded == 1,
        "second rate on the rest": made.critical_second_fen > 0 and terms.critical_is_banded == 0,
        "on the critical ceiling": 0 < made.critical_illness_fen == made.critical_room_fen,
    }
    return [name for name, is_met in edges.items() if is_met]
