"""A stay for giving birth is settled by its quota and by nothing else."""

from dataclasses import replace
from typing import Any

import asyncpg
import pytest
from settlement_kit import (
    ADMITTED,
    BEIJING,
    BEIJING_HOSPITAL,
    CLASS_B,
    CLASS_C,
    DATONG,
    DATONG_HOSPITAL,
    TAIYUAN_CLINIC,
    TODAY,
    Hospital,
    Insured,
    Town,
    balance_of,
    check_books,
    line,
    number_of,
    year_of,
)

from tongban import settlement
from tongban.infra.db import Connection
from tongban.kernel.vocabulary import CareKind, Confidence, DeliveryKind
from tongban.law import Pack, YearTotals
from tongban.settlement import (
    Delivery,
    DeliveryUntold,
    EncounterClosed,
    HospitalSerialReused,
    NotABirth,
    Settled,
    SettleRequest,
    Undetermined,
    VisitDescription,
    Wanted,
    replay,
)

NATURAL, ASSISTED = Delivery("1", DeliveryKind.NATURAL), Delivery("2", DeliveryKind.ASSISTED)
CAESAREAN, DIFFICULT = Delivery("3", DeliveryKind.CAESAREAN), Delivery("4", DeliveryKind.DIFFICULT)
MISCARRIAGE = Delivery("5", None)


async def mother(town: Town, insurance: str = "resident", **changes: Any) -> Insured:
    category = "adult" if insurance == "resident" else "active"
    return await town.person(insurance, category, **changes)


async def birth(
    hospital: Hospital, person: Insured, total_fen: int, delivery: Delivery | None = None, **admission: Any
) -> SettleRequest:
    return await hospital.stay(person, total_fen, is_birth=True, care_type="52", delivery=delivery, **admission)


async def discharge(hospital: Hospital, request: SettleRequest, delivery: Delivery | None) -> settlement.Encounter:
    (encounter,) = await settlement.encounters_of(hospital.db, request.person_id)
    return await settlement.record_discharge(
        hospital.db, number_of(encounter), hospital.code, TODAY, delivery=delivery, now=hospital.now
    )


async def nothing_written(db: Connection) -> bool:
    return not await db.fetchval("select exists (select from settlement.settlement)")


@pytest.mark.parametrize(
    ("insurance", "at", "delivery", "total_fen", "pooled_fund_fen"),
    [
        # 居民：自然分娩、助产 1,500，剖宫产 3,000，不分级
        ("resident", None, NATURAL, 400_000, 150_000),
        ("resident", None, ASSISTED, 400_000, 150_000),
        ("resident", None, CAESAREAN, 800_000, 300_000),
        ("resident", TAIYUAN_CLINIC, CAESAREAN, 800_000, 300_000),
        # below the quota what is in scope, to the fen
        ("resident", None, NATURAL, 149_999, 149_999),
        ("resident", None, NATURAL, 150_001, 150_000),
        # 职工：三级 1,500、3,300、难产 2,000；一级 1,200
        ("employee", None, NATURAL, 400_000, 150_000),
        ("employee", None, CAESAREAN, 800_000, 330_000),
        ("employee", None, DIFFICULT, 800_000, 200_000),
        ("employee", TAIYUAN_CLINIC, NATURAL, 400_000, 120_000),
    ],
)
async def test_a_birth_is_paid_up_to_its_quota(
    hospital: Hospital,
    town: Town,
    db: Connection,
    insurance: str,
    at: str | None,
    delivery: Delivery,
    total_fen: int,
    pooled_fund_fen: int,
) -> None:
    person = await mother(town, insurance)
    here = hospital.at(at) if at else hospital
    request = await birth(here, person, total_fen, delivery)

    seen = await here.preview(request)
    settled = await here.settle(request)

    assert settled.pooled_fund_fen == seen.pooled_fund_fen == pooled_fund_fen
    assert settled.person_share_fen == total_fen - pooled_fund_fen
    assert (settled.deductible_fen, settled.rate_bp, settled.critical_illness_fen) == (0, 10_000, 0)
    assert settled.account_fen == (min(50_000, settled.person_share_fen) if insurance == "employee" else 0)
    assert settled.assessment["rule"] == "maternity"
    assert settled.assessment["case"]["delivery"] == str(delivery.kind)
    assert settled.confidence is Confidence.SECONDARY
    # It is no stay of the year: the next one pays the first deductible.
    assert await year_of(db, person) == YearTotals()
    await check_books(db, person, opening_fen=50_000 if insurance == "employee" else None)


async def test_what_is_out_of_scope_is_not_paid_from_the_quota(hospital: Hospital, town: Town) -> None:
    person = await mother(town)
    encounter = await hospital.admit(person, is_birth=True, delivery=NATURAL)
    await hospital.upload(encounter, line(100_000, CLASS_B), line(60_000, CLASS_C))

    settled = await hospital.settle(hospital.bill(encounter, 160_000))

    # 1,000 of class B less a tenth; the 600 of class C are her own
    assert (settled.in_scope_fen, settled.pooled_fund_fen, settled.cash_fen) == (90_000, 90_000, 70_000)


async def test_a_birth_between_two_stays_leaves_the_second_the_second(hospital: Hospital, town: Town) -> None:
    person = await mother(town, "employee")
    first = await hospital.settle(await hospital.stay(person, 2_000_000))
    await hospital.settle(await birth(hospital, person, 400_000, NATURAL))
    second = await hospital.settle(await hospital.stay(person, 2_000_000))

    assert (first.deductible_fen, second.deductible_fen) == (80_000, 40_000)


async def test_elsewhere_a_filing_for_long_residence_has_the_quota_and_nobody_else(
    hospital: Hospital, town: Town, db: Connection
) -> None:
    beijing = hospital.at(BEIJING_HOSPITAL)
    filed, unfiled = await mother(town), await mother(town)
    serial = await town.filing(filed, "long_term_resident", BEIJING)

    settled = await beijing.settle(await birth(beijing, filed, 800_000, CAESAREAN))

    assert (settled.filing_serial, settled.pooled_fund_fen) == (serial, 300_000)
    assert await town.settlements_here(filed, serial) == 1
    with pytest.raises(Undetermined, match="先付费"):
        await beijing.settle(await birth(beijing, unfiled, 800_000, CAESAREAN))
    assert await year_of(db, unfiled) == YearTotals()


@pytest.mark.parametrize("delivery", [NATURAL, CAESAREAN])
async def test_a_city_whose_quota_nobody_knows_is_undetermined(
    hospital: Hospital, town: Town, db: Connection, delivery: Delivery
) -> None:
    person = await mother(town, pool=DATONG)
    datong = hospital.at(DATONG_HOSPITAL)

    with pytest.raises(Undetermined) as refusal:
        await datong.settle(await birth(datong, person, 400_000, delivery))

    assert refusal.value.ask
    assert "大同" in refusal.value.ask
    assert await nothing_written(db)


@pytest.mark.parametrize(
    ("insurance", "delivery"),
    [("resident", DIFFICULT), ("employee", ASSISTED), ("resident", MISCARRIAGE), ("resident", Delivery("77", None))],
)
async def test_a_delivery_without_a_quota_is_undetermined(
    hospital: Hospital, town: Town, db: Connection, insurance: str, delivery: Delivery
) -> None:
    request = await birth(hospital, await mother(town, insurance), 400_000, delivery)

    with pytest.raises(Undetermined, match="没有扣任何钱") as refusal:
        await hospital.settle(request)

    if delivery.kind is None:
        assert delivery.code in refusal.value.sentence
    assert await nothing_written(db)


@pytest.mark.parametrize("level", ["", "11"])
async def test_a_hospital_of_no_known_level_is_undetermined(
    hospital: Hospital, town: Town, owner_db: Connection, level: str
) -> None:
    request = await birth(hospital, await mother(town, "employee"), 400_000, NATURAL)
    await owner_db.execute(
        "update directory.institution set hospital_level = $2 where institution_code = $1", hospital.code, level
    )

    with pytest.raises(Undetermined, match="几级"):
        await hospital.settle(request)


async def test_a_check_up_before_the_birth_is_undetermined(hospital: Hospital, town: Town, db: Connection) -> None:
    encounter = await hospital.visit(await mother(town))
    described = await settlement.describe_visit(
        db, number_of(encounter), hospital.code, VisitDescription(care_type="51", is_birth=True), now=hospital.now
    )
    assert described.is_birth
    await hospital.upload(encounter, line(20_000, batch="B1"))

    with pytest.raises(Undetermined, match="产前检查"):
        await hospital.settle(hospital.bill(encounter, 20_000, batch="B1"))

    await settlement.describe_visit(
        db, number_of(encounter), hospital.code, VisitDescription(care_type="11", is_birth=False), now=hospital.now
    )
    assert (await hospital.settle(hospital.bill(encounter, 20_000, batch="B1"))).care_kind is CareKind.OUTPATIENT


async def test_the_delivery_is_told_on_discharge_at_the_latest(hospital: Hospital, town: Town, db: Connection) -> None:
    request = await birth(hospital, await mother(town), 800_000)
    for attempt in (hospital.preview, hospital.settle):
        with pytest.raises(DeliveryUntold, match="matn_type"):
            await attempt(request)
    assert await nothing_written(db)

    assert (await discharge(hospital, request, NATURAL)).delivery == NATURAL
    assert (await hospital.preview(request)).pooled_fund_fen == 150_000
    corrected = await discharge(hospital, request, CAESAREAN)
    assert (corrected.delivery, corrected.discharged_on) == (CAESAREAN, TODAY)
    # Discharged again without a word about it: as told before.
    assert (await discharge(hospital, request, None)).version == corrected.version

    assert (await hospital.settle(request)).pooled_fund_fen == 300_000
    assert (await discharge(hospital, request, CAESAREAN)).delivery == CAESAREAN
    with pytest.raises(EncounterClosed, match="撤销结算"):
        await discharge(hospital, request, NATURAL)


async def test_a_cancelled_birth_can_be_corrected_and_settled_anew(
    hospital: Hospital, town: Town, db: Connection
) -> None:
    person = await mother(town, "employee")
    request = await birth(hospital, person, 800_000, NATURAL)
    settled = await hospital.settle(request)
    assert await balance_of(db, person) == 0

    cancelled = await hospital.cancel(settled)

    assert cancelled.later_changes == ()
    assert await balance_of(db, person) == 50_000
    await check_books(db, person, opening_fen=50_000)
    await discharge(hospital, request, CAESAREAN)
    again = replace(request, message_id=hospital.message_id())
    assert (await hospital.settle(again)).pooled_fund_fen == 330_000
    await check_books(db, person, opening_fen=50_000)


async def test_a_stay_taken_back_changes_nothing_of_a_later_birth(hospital: Hospital, town: Town) -> None:
    person = await mother(town)
    stay = await hospital.settle(await hospital.stay(person, 2_000_000))
    await hospital.settle(await birth(hospital, person, 800_000, CAESAREAN))

    assert (await hospital.cancel(stay)).later_changes == ()


async def test_an_ordinary_stay_takes_no_delivery(hospital: Hospital, town: Town) -> None:
    person = await mother(town)
    with pytest.raises(NotABirth, match="生育住院"):
        await hospital.admit(person, delivery=NATURAL)
    request = await hospital.stay(person, 100_000)
    with pytest.raises(NotABirth, match="生育住院"):
        await discharge(hospital, request, CAESAREAN)


async def test_the_same_admission_again_drops_nothing_silently(hospital: Hospital, town: Town) -> None:
    person = await mother(town)
    first = await hospital.admit(person, is_birth=True, delivery=NATURAL, hospital_serial="ZY-B")

    for other in ({"is_birth": True, "delivery": CAESAREAN}, {"is_birth": False}):
        with pytest.raises(HospitalSerialReused):
            await hospital.admit(person, hospital_serial="ZY-B", **other)
    again = await hospital.admit(person, is_birth=True, hospital_serial="ZY-B")
    assert (again.is_repeat, again.encounter_serial, again.delivery) == (True, first.encounter_serial, NATURAL)


async def test_the_database_keeps_deliveries_to_births(hospital: Hospital, town: Town, owner_db: Connection) -> None:
    await hospital.admit(await mother(town))
    for change in ("delivery = 'natural', delivery_code = '1'", "is_birth = true, delivery = 'natural'"):
        with pytest.raises(asyncpg.CheckViolationError):
            await owner_db.execute(f"update settlement.encounter set {change}")


async def settled_births(hospital: Hospital, town: Town) -> list[Settled]:
    made = []
    for insurance, delivery in (("resident", NATURAL), ("resident", CAESAREAN), ("employee", DIFFICULT)):
        made.append(await hospital.settle(await birth(hospital, await mother(town, insurance), 800_000, delivery)))
    return made


async def test_births_come_out_to_the_fen_again(hospital: Hospital, town: Town, db: Connection) -> None:
    births = await settled_births(hospital, town)
    findings: list[Any] = []

    done = await replay(db, Wanted(), on_finding=findings.append, on_progress=lambda *_: None)

    assert findings == []
    assert (done.is_sound, done.settlements) == (True, len(births))


async def test_a_birth_is_explained_from_its_record(hospital: Hospital, town: Town, db: Connection, pack: Pack) -> None:
    settled = (await settled_births(hospital, town))[1]
    stored = await settlement.find(db, settled.person_id, settlement_serial=settled.settlement_serial)

    told = settlement.explain(pack, stored)

    by_field = {step.field: step for step in told.steps}
    assert "剖宫产" in by_field["way"].formula
    assert "3,000.00" in by_field["pooled_fund_fen"].amount_text
    assert told.steps[-1].amount_text == "5,000.00"
    assert "二手" in told.notice
    assert stored.admitted_on == ADMITTED
