"""Who is admitted and who is told why not; the same admission twice is one."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from settlement_kit import (
    ADMITTED,
    CLASS_A,
    DATONG_HOSPITAL,
    TAIYUAN_PHARMACY,
    UNCONNECTED_HOSPITAL,
    Hospital,
    Town,
    line,
    number_of,
)

from tongban import settlement
from tongban.infra.db import Connection
from tongban.kernel.errors import Refusal
from tongban.kernel.vocabulary import CareKind, InsuranceType
from tongban.settlement import (
    DateRefused,
    Diagnosis,
    EncounterClosed,
    EncounterNotFound,
    EncounterState,
    EnrollmentRefused,
    HospitalSerialReused,
    InstitutionRefused,
    MessageReused,
    PaymentStopped,
    PersonUnknown,
    ThirdPartyPays,
    TraumaUnclear,
    VisitDescription,
)


async def test_an_admission_is_opened_with_its_places(hospital: Hospital, town: Town) -> None:
    person = await town.person()

    encounter = await hospital.admit(
        person,
        insured_region="140105",
        diagnoses=(Diagnosis(1, "I10", "高血压", is_main=True),),
        details={"dept": "内科"},
    )

    assert (encounter.insured_pool, encounter.treatment_pool) == ("140100", "140100")
    assert encounter.state is EncounterState.OPEN
    found = await settlement.require_encounter(hospital.db, number_of(encounter), hospital.code)
    assert found == replace(encounter, opened_at=found.opened_at)


@pytest.mark.parametrize(
    ("changes", "refusal", "says"),
    [
        ({"person_id": 999_999_999_999_999}, PersonUnknown, "参保登记"),
        ({"insurance_type": InsuranceType.RESIDENT}, EnrollmentRefused, "居民医保"),
        ({"insured_region": "110105"}, EnrollmentRefused, "北京市"),
        ({"insured_region": "999999"}, EnrollmentRefused, "999999"),
        ({"admitted_on": date(2026, 11, 23)}, DateRefused, "还没到"),
        ({"admitted_on": date(2025, 11, 20)}, DateRefused, "一年多以前"),
        ({"institution_code": "H99999999999"}, InstitutionRefused, "不在名录"),
        ({"institution_code": UNCONNECTED_HOSPITAL}, InstitutionRefused, "还没有开通住院"),
        ({"institution_code": TAIYUAN_PHARMACY}, InstitutionRefused, "药店"),
        ({"care_kind": CareKind.PHARMACY}, InstitutionRefused, "医院"),
        ({"is_trauma": True}, TraumaUnclear, "第三方"),
        ({"is_trauma": True, "has_third_party": True}, ThirdPartyPays, "责任方"),
    ],
)
async def test_who_is_not_admitted_is_told_why(
    hospital: Hospital, town: Town, db: Connection, changes: dict[str, Any], refusal: type[Refusal], says: str
) -> None:
    person = await town.person()

    with pytest.raises(refusal, match=says):
        await hospital.admit(person, **changes)

    assert await db.fetchval("select count(*) from settlement.encounter") == 0
    assert await db.fetchval("select count(*) from settlement.message") == 0


async def test_an_enrollment_must_cover_the_day(hospital: Hospital, town: Town) -> None:
    ended = await town.person(valid_to=date(2026, 11, 9))
    later = await town.person(valid_from=date(2026, 11, 11))
    on_its_last_day = await town.person(valid_to=ADMITTED)

    for person in (ended, later):
        with pytest.raises(EnrollmentRefused, match="2026-11-10"):
            await hospital.admit(person)
    assert (await hospital.admit(on_its_last_day)).insured_pool == "140100"


async def test_stopped_payment_is_refused_and_arrears_only_for_residents(hospital: Hospital, town: Town) -> None:
    stopped = await town.person(payment_state="stopped")
    resident = await town.person("resident", "adult", payment_state="arrears")
    employee = await town.person(payment_state="arrears")

    for person in (stopped, resident):
        with pytest.raises(PaymentStopped):
            await hospital.admit(person)
    assert (await hospital.admit(employee)).is_pooling_suspended


async def test_an_injury_without_a_liable_third_party_is_admitted(hospital: Hospital, town: Town) -> None:
    person = await town.person()

    assert (await hospital.admit(person, is_trauma=True, has_third_party=False)).is_trauma


async def test_the_same_message_opens_one_visit(hospital: Hospital, town: Town, db: Connection) -> None:
    person = await town.person()
    request = hospital.admission(person)

    first, again = await hospital.open(request), await hospital.open(request)

    assert (first.is_repeat, again.is_repeat) == (False, True)
    assert again.encounter_serial == first.encounter_serial
    assert await db.fetchval("select count(*) from settlement.encounter") == 1
    with pytest.raises(MessageReused):
        await hospital.open(replace(request, request_hash=b"another"))


async def test_the_hospitals_own_number_finds_the_first_visit(hospital: Hospital, town: Town) -> None:
    person = await town.person()
    first = await hospital.admit(person, hospital_serial="ZY-7")

    again = await hospital.admit(person, hospital_serial="ZY-7")

    assert again.encounter_serial == first.encounter_serial
    with pytest.raises(HospitalSerialReused, match="ZY-7"):
        await hospital.admit(person, hospital_serial="ZY-7", admitted_on=date(2026, 11, 11))
    voided = await settlement.void_encounter(hospital.db, number_of(first), hospital.code, now=hospital.now)
    assert voided.state is EncounterState.VOIDED
    assert (await hospital.admit(person, hospital_serial="ZY-7")).encounter_serial != first.encounter_serial


async def test_another_institution_does_not_find_the_visit(hospital: Hospital, town: Town) -> None:
    encounter = await hospital.admit(await town.person())

    with pytest.raises(EncounterNotFound):
        await settlement.require_encounter(hospital.db, number_of(encounter), DATONG_HOSPITAL)


async def test_a_visit_is_described_as_more_becomes_known(hospital: Hospital, town: Town) -> None:
    encounter = await hospital.visit(await town.person())
    number = number_of(encounter)

    async def describe(**changes: Any) -> settlement.Encounter:
        return await settlement.describe_visit(
            hospital.db, number, hospital.code, VisitDescription(**changes), now=hospital.now
        )

    await describe(care_type="11", diagnoses=(Diagnosis(1, "I10", "高血压"), Diagnosis(2, "E11", "糖尿病")))
    changed = await describe(is_emergency=True, diagnoses=(Diagnosis(2, "E11", "糖尿病", is_valid=False),))
    again = await describe(is_emergency=True, diagnoses=(Diagnosis(2, "E11", "糖尿病", is_valid=False),))

    assert (changed.care_type, changed.is_emergency) == ("11", True)
    assert [diagnosis.code for diagnosis in changed.diagnoses] == ["I10"]
    assert again == changed


async def test_discharge_is_recorded_in_order(hospital: Hospital, town: Town) -> None:
    number = number_of(await hospital.admit(await town.person()))

    async def discharge(day: date | None) -> settlement.Encounter:
        return await settlement.record_discharge(hospital.db, number, hospital.code, day, now=hospital.now)

    with pytest.raises(DateRefused):
        await discharge(date(2026, 11, 9))
    with pytest.raises(DateRefused):
        await discharge(date(2026, 11, 23))
    assert (await discharge(date(2026, 11, 20))).discharged_on == date(2026, 11, 20)
    assert (await discharge(None)).discharged_on is None


async def test_a_settled_visit_no_longer_changes(hospital: Hospital, town: Town) -> None:
    person = await town.person()
    encounter = await hospital.admit(person)
    await hospital.upload(encounter, line(10_000, CLASS_A))
    await hospital.settle(hospital.bill(encounter, 10_000))
    number = number_of(encounter)

    with pytest.raises(EncounterClosed):
        await settlement.describe_visit(
            hospital.db, number, hospital.code, VisitDescription(is_emergency=True), now=hospital.now
        )
    with pytest.raises(EncounterClosed):
        await settlement.void_encounter(hospital.db, number, hospital.code, now=hospital.now)
    unchanged = VisitDescription(is_emergency=False, care_type="")
    again = await settlement.describe_visit(hospital.db, number, hospital.code, unchanged, now=hospital.now)
    assert again.state is EncounterState.SETTLED


async def test_a_visit_with_charge_lines_is_not_voided(hospital: Hospital, town: Town) -> None:
    encounter = await hospital.admit(await town.person())
    await hospital.upload(encounter, line(10_000))
    number = number_of(encounter)

    with pytest.raises(EncounterClosed, match="费用明细"):
        await settlement.void_encounter(hospital.db, number, hospital.code, now=hospital.now)

    assert await settlement.withdraw_lines(hospital.db, number, hospital.code) == 1
    await settlement.void_encounter(hospital.db, number, hospital.code, now=hospital.now)
    again = await settlement.void_encounter(hospital.db, number, hospital.code, now=hospital.now)
    assert again.is_repeat
