"""A stay paid in full by the person: computed as at the counter, owed to the person, and never paid twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from settlement_kit import (
    ADMITTED,
    CLASS_A,
    CLASS_B,
    CLASS_C,
    DATONG_HOSPITAL,
    NOW,
    TODAY,
    UNCONNECTED_HOSPITAL,
    Hospital,
    Insured,
    Town,
    book_of,
    line,
    year_of,
)

from tongban import settlement
from tongban.infra.db import Connection, Db, Pool
from tongban.kernel.errors import Refusal
from tongban.kernel.vocabulary import DeliveryKind
from tongban.law import YearTotals
from tongban.settlement import (
    AmountMismatch,
    DateRefused,
    Delivery,
    DeliveryUntold,
    EncounterNotFound,
    EnrollmentRefused,
    InstitutionRefused,
    LineRefused,
    SelfPaidStay,
    Settled,
    SettlementNotFound,
    SettlementWay,
    Split,
    StayReimbursed,
    StaySettled,
    ThirdPartyPays,
)

DISCHARGED = date(2026, 11, 18)
CLAIM = "R3000000000000010142"
PARTS = Split(20_000, 0, 30_000, 950_000)


def stay(person: Insured, **changes: Any) -> SelfPaidStay:
    made = SelfPaidStay(
        person_id=person.person_id,
        claim_number=CLAIM,
        attempt=1,
        institution_code=DATONG_HOSPITAL,
        insurance_type=person.insurance_type,
        admitted_on=ADMITTED,
        discharged_on=DISCHARGED,
        total_fen=1_000_000,
        charges=PARTS,
    )
    return replace(made, **changes)


async def reimburse(hospital: Hospital, asked: SelfPaidStay, db: Db | None = None) -> Settled:
    db = db or hospital.db
    async with db.transaction():
        return await settlement.reimburse(db, hospital.pack, hospital.regions, asked, now=NOW)


@pytest.fixture
async def resident(town: Town) -> Insured:
    return await town.person("resident", "adult")


@pytest.fixture
def datong(hospital: Hospital) -> Hospital:
    return hospital.at(DATONG_HOSPITAL)


async def test_the_same_amounts_as_at_the_counter(datong: Hospital, town: Town, resident: Insured) -> None:
    paid_back = await reimburse(datong, stay(resident))
    other = await town.person("resident", "adult")
    encounter = await datong.admit(other)
    await datong.upload(encounter, line(20_000, CLASS_C), line(300_000, CLASS_B), line(680_000, CLASS_A))
    at_the_counter = await datong.settle(
        datong.bill(encounter, 1_000_000, settled_on=DISCHARGED, discharged_on=DISCHARGED)
    )
    names = ("in_scope_fen", "deductible_fen", "rate_bp", "pooled_fund_fen", "critical_illness_fen", "cash_fen")
    assert {name: getattr(paid_back, name) for name in names} == {name: getattr(at_the_counter, name) for name in names}
    assert paid_back.pooled_fund_fen > 0
    assert await year_of(datong.db, resident) == await year_of(datong.db, other)


async def test_the_fund_owes_the_person_and_not_the_hospital(datong: Hospital, resident: Insured) -> None:
    settled = await reimburse(datong, stay(resident))
    assert settled.way is SettlementWay.MANUAL
    assert (settled.account_fen, settled.person_share_fen) == (0, settled.cash_fen)
    assert await book_of(datong.db, resident) == {
        f"payout:{CLAIM}": settled.fund_payment_fen,
        "pool:140100:resident_pooled": -settled.fund_payment_fen,
    }


async def test_lines_with_codes_are_split_by_the_treating_regions_catalogue(
    datong: Hospital, resident: Insured
) -> None:
    with pytest.raises(LineRefused):
        await reimburse(datong, stay(resident, charges=(line(1_000_000, "NONE"),)))
    lines = (line(600_000, CLASS_A), line(300_000, CLASS_B), line(100_000, CLASS_C))
    settled = await reimburse(datong, stay(resident, charges=lines))
    assert (settled.in_scope_fen, settled.preselfpay_fen, settled.self_funded_fen) == (870_000, 30_000, 100_000)


async def test_an_unconnected_hospital_is_no_reason_to_refuse(hospital: Hospital, resident: Insured) -> None:
    settled = await reimburse(hospital, stay(resident, institution_code=UNCONNECTED_HOSPITAL))
    assert settled.fund_payment_fen > 0


async def test_it_counts_in_the_year_of_the_discharge(datong: Hospital, resident: Insured) -> None:
    """A stay of last December, claimed now, takes from last year's ceiling and is computed by last year's law."""
    old = stay(resident, admitted_on=date(2025, 12, 20), discharged_on=date(2025, 12, 28))
    settled = await reimburse(datong, old)
    assert settled.assessment["case"]["settled_on"] == "2025-12-28"
    years = await settlement.year_totals(datong.db, resident.person_id, 2025)
    assert years[resident.insurance_type].inpatient_pooled_fen == settled.pooled_fund_fen
    assert await year_of(datong.db, resident) == YearTotals()


async def test_it_is_explained_and_found_and_computed_again(datong: Hospital, resident: Insured) -> None:
    settled = await reimburse(datong, stay(resident))
    assert settled.number is not None
    record = await settlement.get_settlement(datong.db, resident.person_id, settled.number)
    assert record.way is SettlementWay.MANUAL
    last = settlement.explain(datong.pack, record).steps[-1]
    assert "银行卡" in last.sentence
    found: list[settlement.Finding] = []
    replayed = await settlement.replay(
        datong.db, settlement.Wanted(), on_finding=found.append, on_progress=lambda done, total: None
    )
    assert (replayed.settlements, replayed.is_sound, found) == (1, True, [])


async def test_a_hospital_can_neither_see_nor_touch_it(datong: Hospital, resident: Insured) -> None:
    settled = await reimburse(datong, stay(resident))
    with pytest.raises(SettlementNotFound):
        await datong.cancel(settled)
    with pytest.raises(SettlementNotFound):
        await settlement.find(
            datong.db,
            resident.person_id,
            settlement_serial=settled.settlement_serial,
            institution_code=DATONG_HOSPITAL,
        )
    assert await settlement.encounters_of(datong.db, resident.person_id, institution_code=DATONG_HOSPITAL) == []
    (encounter,) = await settlement.encounters_of(datong.db, resident.person_id)
    with pytest.raises(EncounterNotFound):
        await datong.upload(encounter, line(100))
    with pytest.raises(EncounterNotFound):
        await datong.settle(datong.bill(encounter, 1_000_000))


async def test_taken_back_whole_and_made_again(datong: Hospital, resident: Insured) -> None:
    settled = await reimburse(datong, stay(resident))
    assert settled.settlement_serial is not None
    record = await settlement.find(datong.db, resident.person_id, settlement_serial=settled.settlement_serial)
    for _ in range(2):
        undone = await settlement.cancel_reimbursement(datong.db, datong.pack, record, claim_number=CLAIM, now=NOW)
    assert undone.is_repeat
    assert await year_of(datong.db, resident) == YearTotals()
    assert await book_of(datong.db, resident) == {}
    again = await reimburse(datong, stay(resident, attempt=2))
    assert again.fund_payment_fen == settled.fund_payment_fen


WRONG: dict[str, tuple[type[Refusal], dict[str, Any]]] = {
    "not yet out": (DateRefused, {"discharged_on": TODAY + timedelta(days=1)}),
    "out before in": (DateRefused, {"discharged_on": ADMITTED - timedelta(days=1)}),
    "nothing": (AmountMismatch, {"total_fen": 0, "charges": Split(0, 0, 0, 0)}),
    "negative": (AmountMismatch, {"charges": Split(-1, 0, 0, 1_000_001)}),
    "huge": (AmountMismatch, {"total_fen": 10**17}),
    "does not add up": (AmountMismatch, {"total_fen": 1_000_001}),
    "another's fault": (ThirdPartyPays, {"is_trauma": True, "has_third_party": True}),
    "unclear whose fault": (ThirdPartyPays, {"is_trauma": True}),
    "birth of a kind untold": (DeliveryUntold, {"is_birth": True}),
    "before the insurance": (EnrollmentRefused, {"admitted_on": date(2019, 12, 1), "discharged_on": date(2019, 12, 2)}),
    "no such hospital": (InstitutionRefused, {"institution_code": "H00000000000"}),
}


@pytest.mark.parametrize("name", WRONG)
async def test_refused_and_nothing_written(datong: Hospital, resident: Insured, name: str) -> None:
    kind, changes = WRONG[name]
    with pytest.raises(kind):
        await reimburse(datong, stay(resident, **changes))
    assert await settlement.encounters_of(datong.db, resident.person_id) == []
    assert await book_of(datong.db, resident) == {}


async def test_a_birth_is_reimbursed_by_its_quota(datong: Hospital, resident: Insured) -> None:
    born = stay(resident, is_birth=True, delivery=Delivery("natural", DeliveryKind.NATURAL))
    settled = await reimburse(datong, born)
    assert settled.assessment["rule"] == "maternity"


# -- once ------------------------------------------------------------------------------------------------------------


async def test_settled_first_then_not_reimbursed(datong: Hospital, resident: Insured) -> None:
    await datong.settle(await datong.stay(resident, 500_000))
    with pytest.raises(StaySettled):
        await reimburse(datong, stay(resident))
    # The day of discharge of one stay may be the day of admission of the next.
    found = await settlement.settled_stay(datong.db, resident.person_id, DATONG_HOSPITAL, ADMITTED, DISCHARGED)
    assert found is not None
    assert found.way is SettlementWay.DIRECT
    before = stay(resident, admitted_on=date(2026, 11, 5), discharged_on=ADMITTED)
    assert (await reimburse(datong, before)).fund_payment_fen > 0


async def test_reimbursed_first_then_neither_settled_nor_reimbursed(datong: Hospital, resident: Insured) -> None:
    request = await datong.stay(resident, 500_000)
    await reimburse(datong, stay(resident))
    for refused in (datong.preview(request), datong.settle(request)):
        with pytest.raises(StayReimbursed, match="没有扣任何钱"):
            await refused
    with pytest.raises(StaySettled):
        await reimburse(datong, stay(resident, claim_number="R2", admitted_on=ADMITTED - timedelta(days=2)))
    # An outpatient visit in those days is another matter.
    visit = await datong.visit(resident)
    await datong.upload(visit, line(20_000, happened_on=TODAY))
    assert (await datong.settle(datong.bill(visit, 20_000))).total_fen == 20_000


async def test_once_cancelled_it_may_be_paid_the_other_way(datong: Hospital, resident: Insured) -> None:
    settled = await datong.settle(await datong.stay(resident, 500_000))
    await datong.cancel(settled)
    assert (await reimburse(datong, stay(resident))).fund_payment_fen > 0


@asynccontextmanager
async def taken(pool: Pool) -> AsyncIterator[Connection]:
    async with pool.acquire() as connection:
        yield connection


@pytest.mark.parametrize("round_no", range(4))
async def test_a_race_of_counter_and_agency_has_one_winner(
    pool: Pool, datong: Hospital, town: Town, round_no: int
) -> None:
    person = await town.person("resident", "adult")
    request = await datong.stay(person, 500_000)

    async def at_the_counter() -> Settled:
        async with taken(pool) as db:
            return await datong.on(db).settle(request)

    async def at_the_agency(number: int) -> Settled:
        async with taken(pool) as db:
            return await reimburse(datong, stay(person, claim_number=f"R{number}"), db)

    calls = [at_the_counter(), at_the_agency(1), at_the_agency(2)]
    outcomes = await asyncio.gather(*(calls[round_no % 3 :] + calls[: round_no % 3]), return_exceptions=True)
    winners = [outcome for outcome in outcomes if isinstance(outcome, Settled)]
    assert len(winners) == 1
    assert all(isinstance(outcome, StaySettled | StayReimbursed | Settled) for outcome in outcomes), outcomes
    assert (await year_of(datong.db, person)).inpatient_stays == 1
