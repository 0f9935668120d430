"""A patient shows the picture on a phone: read once at a counter, good there for the visit, worth nothing elsewhere."""

import asyncio
from datetime import datetime, timedelta

import httpx
import pytest

from product_kit import Patient, World
from tongban.doors.cli.his import Hospital, Refused
from tongban.infra.clock import system_clock
from tongban.infra.crypto import Vault
from tongban.infra.db import connected
from tongban.people import SHOWN_FOR, show_code


def shown(world: World, person_id: int, at: datetime | None = None) -> str:
    """The digits on the patient's phone."""

    async def show() -> str:
        async with connected(str(world.settings.database_url)) as db:
            vault = Vault.from_settings(world.settings)
            return (await show_code(db, vault, person_id, at or system_clock())).number

    return asyncio.run(show())


def identify(http: httpx.Client, hospital: Hospital, number: str) -> str:
    output = hospital.call(http, "1101", {"data": {"mdtrt_cert_type": "01", "mdtrt_cert_no": number}})
    return str(output["baseinfo"]["psn_no"])


def test_the_digits_identify_and_admit_at_the_hospital_that_read_them(
    world: World, http: httpx.Client, beijing: Hospital, taiyuan: Hospital
) -> None:
    person_id = world.person()
    number = shown(world, person_id)
    assert identify(http, beijing, number) == str(person_id)
    patient = Patient(http, beijing, person_id)
    assert patient.admit(mdtrt_cert_type="01", mdtrt_cert_no=number)
    with pytest.raises(Refused) as refusal:
        identify(http, taiyuan, number)
    assert "别的医院" in refusal.value.sentence


def test_digits_past_their_minute_are_refused_with_what_the_cashier_says(
    world: World, http: httpx.Client, taiyuan: Hospital
) -> None:
    person_id = world.person()
    number = shown(world, person_id, system_clock() - SHOWN_FOR - timedelta(seconds=1))
    with pytest.raises(Refused) as refusal:
        identify(http, taiyuan, number)
    assert refusal.value.sentence == "这个医保码过了时间，请患者点“换一个”再扫一次"
    patient = Patient(http, taiyuan, person_id)
    assert "过了时间" in patient.refused("2401", patient.admission(mdtrt_cert_type="01", mdtrt_cert_no=number))


def test_digits_of_another_patient_admit_nobody(world: World, http: httpx.Client, taiyuan: Hospital) -> None:
    number, patient = shown(world, world.person()), Patient(http, taiyuan, world.person())
    said = patient.refused("2401", patient.admission(mdtrt_cert_type="01", mdtrt_cert_no=number))
    assert "不是这位患者" in said
    assert "没有找到" in patient.refused("1101", {"data": {"mdtrt_cert_type": "01", "mdtrt_cert_no": "0" * 20}})
