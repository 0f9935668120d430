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
    Busy,
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
    SettleRequest,
    Split,
    StayReimbursed,
    StaySettled,
    ThirdPartyPays,
    Undetermined,
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


async def test_the_law_is_that_of_the_stay_and_not_that_of_the_day_it_is_computed(
    datong: Hospital, resident: Insured
) -> None:
    """Today's rates are known; those of February 2024 are not, and today's do not stand in for them."""
    settled = await reimburse(datong, stay(resident, admitted_on=date(2025, 1, 1), discharged_on=date(2025, 1, 3)))
    assert {each["since"] <= "2025-01-03" for each in settled.assessment["used"].values()} == {True}
    old = stay(resident, claim_number="R2", admitted_on=date(2024, 2, 20), discharged_on=date(2024, 2, 28))
    with pytest.raises(Undetermined, match="什么都没有写"):
        await reimburse(datong, old)
    assert len(await settlement.encounters_of(datong.db, resident.person_id)) == 1


async def three_stays(datong: Hospital, person: Insured, *, second_is_claimed: bool) -> list[Settled]:
    """Three stays of one year, large enough to reach the ceiling; the one in the middle is claimed or not."""
    made = []
    for number, month in enumerate((3, 5, 7)):
        first, last = date(2026, month, 2), date(2026, month, 20)
        if number == 1 and second_is_claimed:
            claimed = stay(
                person, admitted_on=first, discharged_on=last, total_fen=8_000_000, charges=Split(0, 0, 0, 8_000_000)
            )
            made.append(await reimburse(datong, claimed))
            continue
        encounter = await datong.admit(person, admitted_on=first)
        await datong.upload(encounter, line(8_000_000, happened_on=first))
        made.append(await datong.settle(datong.bill(encounter, 8_000_000, settled_on=last, discharged_on=last)))
    return made


async def test_the_year_counts_it_once_between_settlements(datong: Hospital, town: Town) -> None:
    """Amounts and totals are those of three stays settled at the counter; taken back, it is as if it had never been."""
    one, other, without = [await town.person("resident", "adult") for _ in range(3)]
    claimed = await three_stays(datong, one, second_is_claimed=True)
    settled = await three_stays(datong, other, second_is_claimed=False)
    names = ("deductible_fen", "pooled_fund_fen", "critical_illness_fen", "cash_fen")
    shares = [[getattr(each, name) for name in names] for each in claimed]
    assert shares == [[getattr(each, name) for name in names] for each in settled]
    assert shares[0] != shares[1] != shares[2]
    year = await year_of(datong.db, one)
    assert year == await year_of(datong.db, other)
    assert (year.inpatient_stays, year.inpatient_pooled_fen) == (3, sum(each.pooled_fund_fen for each in claimed))

    record = await settlement.find(datong.db, one.person_id, settlement_serial=claimed[1].settlement_serial or 0)
    undone = await settlement.cancel_reimbursement(datong.db, datong.pack, record, claim_number=CLAIM, now=NOW)
    assert [change.settlement_serial for change in undone.later_changes] == [claimed[2].settlement_serial]
    year = await year_of(datong.db, one)
    assert (year.inpatient_stays, year.inpatient_pooled_fen) == (
        2,
        claimed[0].pooled_fund_fen + claimed[2].pooled_fund_fen,
    )
    again = await reimburse(
        datong,
        stay(
            one,
            attempt=2,
            admitted_on=date(2026, 5, 2),
            discharged_on=date(2026, 5, 20),
            total_fen=8_000_000,
            charges=Split(0, 0, 0, 8_000_000),
        ),
    )
    assert (await year_of(datong.db, one)).inpatient_stays == 3
    assert again.pooled_fund_fen <= claimed[1].pooled_fund_fen
    assert await year_of(datong.db, without) == YearTotals()


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


@pytest.mark.parametrize("first", ["counter", "agency"])
async def test_a_race_over_two_years_has_one_winner(pool: Pool, datong: Hospital, town: Town, first: str) -> None:
    """Discharged in December, settled at the counter now: each way counts in a year of its own, so that only the stay
    itself keeps them apart."""
    days = {"admitted_on": date(2025, 12, 20)}
    for _ in range(6):
        person = await town.person("resident", "adult")
        encounter = await datong.admit(person, **days)
        await datong.upload(encounter, line(500_000, happened_on=days["admitted_on"]))
        request = datong.bill(encounter, 500_000, discharged_on=date(2025, 12, 28))

        async def at_the_counter(request: SettleRequest = request) -> Settled:
            async with taken(pool) as db:
                return await datong.on(db).settle(request)

        async def at_the_agency(person: Insured = person) -> Settled:
            async with taken(pool) as db:
                return await reimburse(datong, stay(person, discharged_on=date(2025, 12, 28), **days), db)

        calls = [at_the_counter(), at_the_agency()] if first == "counter" else [at_the_agency(), at_the_counter()]
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        assert sum(isinstance(outcome, Settled) for outcome in outcomes) == 1, outcomes
        assert all(isinstance(outcome, StaySettled | StayReimbursed | Busy | Settled) for outcome in outcomes), outcomes
        stays = [
            (await settlement.year_totals(datong.db, person.person_id, year)).get(person.insurance_type, YearTotals())
            for year in (2025, 2026)
        ]
        assert sum(each.inpatient_stays for each in stays) == 1


async def test_a_filing_that_is_closed_meanwhile_does_not_count(
    pool: Pool, datong: Hospital, town: Town, resident: Insured
) -> None:
    """Somebody is just closing the filing a claim would rest on: the claim waits, and is computed without it."""
    await town.filing(resident, "unreferred", "140200")
    async with taken(pool) as closing, taken(pool) as computing:
        transaction = closing.transaction()
        await transaction.start()
        await closing.execute(
            "update filing.filing set status = 'closed', closed_at = now() where person_id = $1", resident.person_id
        )
        computed = asyncio.create_task(reimburse(datong, stay(resident), computing))
        while not await waits(datong.db, computing):
            await asyncio.sleep(0.01)
        await transaction.commit()
        settled = await computed
    assert settled.filing_serial is None
    assert await town.settlements_here(resident) == 0


async def waits(db: Db, other: Connection) -> bool:
    """Whether the other connection waits for a lock."""
    found: bool = await db.fetchval(
        "select exists (select from pg_locks where pid = $1 and not granted)", other.get_server_pid()
    )
    return found
