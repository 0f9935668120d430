"""One law, two speeds: compiled and interpreted agree to the fen."""

from datetime import date
from itertools import pairwise, product

import numpy as np
from hypothesis import given, settings
from law_strategies import POOLS, inpatient_bills
from law_strategies import inpatient_terms as any_terms

from tongban.kernel.vocabulary import InsuranceType, Locality, PersonnelCategory, PriceClass
from tongban.law import BenefitPath, InpatientCase, Pack, assess_inpatient
from tongban.law.compiled import UNDETERMINED, Stays, inpatient_by_person, inpatient_compiled, terms_matrix
from tongban.law.rules.inpatient import InpatientBill, InpatientTerms, inpatient
from tongban.law.terms import inpatient_terms

DAY = date(2026, 11, 20)


@settings(max_examples=500, deadline=None)
@given(inpatient_bills(), any_terms())
def test_every_intermediate_amount_is_the_same(bill: InpatientBill, terms: InpatientTerms) -> None:
    assert inpatient_compiled(bill, terms) == inpatient(bill, terms)


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
