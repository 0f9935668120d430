"""A year carried anew: what its bills would have come to had one of them never been."""

from copy import deepcopy
from dataclasses import replace
from datetime import date
from typing import Any

from tongban.kernel.vocabulary import InsuranceType, Locality, MedicationScheme, PersonnelCategory, PriceClass
from tongban.law import (
    BenefitPath,
    BillShares,
    Case,
    ChronicCase,
    InpatientCase,
    OutpatientCase,
    Pack,
    YearTotals,
    added_by,
    assess,
    inpatient_after,
    outpatient_after,
    rederive_year,
)

TAIYUAN = "140100"
DAY = date(2026, 6, 1)
EMPLOYEE = (TAIYUAN, InsuranceType.EMPLOYEE, PersonnelCategory.ACTIVE, Locality.SAME_POOL, BenefitPath.HOME)
RESIDENT = (TAIYUAN, InsuranceType.RESIDENT, PersonnelCategory.ADULT, Locality.SAME_POOL, BenefitPath.HOME)


def stay(
    total_fen: int, who: tuple[str, InsuranceType, PersonnelCategory, Locality, BenefitPath] = EMPLOYEE
) -> InpatientCase:
    return InpatientCase(*who, PriceClass.CLASS_1, DAY, DAY, total_fen, 0, 0, 0, total_fen)


def visit(total_fen: int) -> OutpatientCase:
    return OutpatientCase(*EMPLOYEE, PriceClass.CLASS_1, DAY, DAY, total_fen, 0, 0, 0, total_fen)


def drugs(disease: MedicationScheme, total_fen: int) -> ChronicCase:
    return ChronicCase(*RESIDENT, disease, DAY, DAY, total_fen, 0, 0, 0, total_fen)


def settled(pack: Pack, *cases: Case) -> list[dict[str, Any]]:
    """The records of these bills, each settled on the totals of those before it."""
    year, records = YearTotals(), []
    for case in cases:
        if isinstance(case, InpatientCase):
            case = inpatient_after(case, year)
        elif isinstance(case, OutpatientCase):
            case = outpatient_after(case, year)
        found = assess(pack, case)
        assert found.breakdown is not None
        year = year.plus(added_by(found.breakdown))
        records.append(found.record())
    return records


def test_a_year_nothing_was_taken_from_comes_out_as_it_was(pack: Pack) -> None:
    records = settled(pack, stay(2_000_000), visit(40_000), stay(3_000_000), visit(90_000), stay(1_000_000))

    found = rederive_year(pack, records)

    assert not any(each.differs for each in found)
    assert [each.anew.record() for each in found] == records


def test_each_bill_moves_up_when_the_first_is_gone(pack: Pack) -> None:
    records = settled(pack, stay(2_000_000), stay(2_000_000), stay(2_000_000), stay(2_000_000))

    found = rederive_year(pack, records[1:])

    assert [each.settled.deductible_fen for each in found] == [40_000, 0, 0]
    assert [each.would_be.deductible_fen for each in found if each.would_be] == [80_000, 40_000, 0]
    assert [each.differs for each in found] == [True, True, False]


def test_the_totals_carried_are_those_that_would_have_been(pack: Pack) -> None:
    """Not those that were paid: critical-illness insurance of the third counts what the second would have left."""
    records = settled(pack, *(stay(8_000_000, RESIDENT) for _ in range(3)))

    found = rederive_year(pack, records[1:])
    alone = settled(pack, *(stay(8_000_000, RESIDENT) for _ in range(2)))

    assert [each.would_be for each in found] == [BillShares.of(record["breakdown"]) for record in alone]


def test_a_bill_without_an_answer_would_not_have_been_settled_and_adds_nothing(pack: Pack) -> None:
    """An employee past the ceiling, where nobody's figures say what the next scheme pays."""
    first, second, third = settled(pack, stay(7_000_000), stay(3_000_000), stay(2_000_000))
    records = [first, deepcopy(second), third]
    case = records[1]["case"]
    case["total_fen"] = case["in_scope_fen"] = 9_000_000

    found = rederive_year(pack, records)

    assert found[1].would_be is None
    assert found[1].differs
    assert found[1].anew.undetermined is not None
    assert "最多" in found[1].anew.undetermined.reason
    # The third is then the second of the year.
    assert found[2].would_be is not None
    assert found[2].would_be.deductible_fen == 40_000


def test_each_chronic_disease_has_a_year_of_its_own(pack: Pack) -> None:
    """60 % up to 260.00 yuan a year for one, up to 480.00 for the other."""
    pressure, sugar = MedicationScheme.HYPERTENSION, MedicationScheme.TYPE_1_DIABETES
    records = [
        assess(pack, drugs(pressure, 40_000)).record(),
        assess(pack, drugs(sugar, 40_000)).record(),
        assess(pack, drugs(pressure, 40_000)._replace(pooled_before_fen=24_000)).record(),
    ]

    whole, rest = rederive_year(pack, records), rederive_year(pack, records[1:])

    assert [each.would_be.pooled_fund_fen for each in whole if each.would_be] == [24_000, 24_000, 2_000]
    assert not any(each.differs for each in whole)
    assert [each.would_be.pooled_fund_fen for each in rest if each.would_be] == [24_000, 24_000]
    assert [each.differs for each in rest] == [False, True]


def test_each_is_computed_by_the_version_it_names(pack: Pack) -> None:
    first, second = settled(pack, stay(2_000_000), stay(2_000_000))
    other = replace(pack, version="other", terms_cache={})
    first["version"] = "other"

    found = rederive_year(pack, [first, second], {"other": other})

    assert [each.anew.version for each in found] == ["other", pack.version]


def test_a_bill_of_nothing_is_no_stay(pack: Pack) -> None:
    records = settled(pack, stay(0), stay(2_000_000))

    assert records[1]["breakdown"]["stay_number"] == 1
    assert not any(each.differs for each in rederive_year(pack, records))
