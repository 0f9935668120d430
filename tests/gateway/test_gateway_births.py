"""Stays for giving birth over real HTTP: settled by the quota of the delivery, or not at all."""

from typing import Any

import httpx
import pytest

from product_kit import CLASS_A, Patient, World, today
from tongban.doors.cli.his import Hospital


def discharged(patient: Patient, **members: Any) -> dict[str, Any]:
    visit = {"mdtrt_id": patient.encounter, "psn_no": str(patient.person_id), "endtime": f"{today()}"}
    return {"dscginfo": visit | members}


def test_a_birth_is_settled_by_the_quota_of_the_delivery_told_on_discharge(
    world: World, http: httpx.Client, taiyuan: Hospital
) -> None:
    mother = Patient(http, taiyuan, world.person())
    mother.admit(med_type="52")
    mother.charge((CLASS_A, "5000.00"))
    assert "matn_type" in mother.refused("2303", mother.bill("5000.00"))
    assert "matn_type" in mother.refused("2304", mother.bill("5000.00"))
    mother.call("2402", discharged(mother, matn_type="3"))

    output = mother.call("2304", mother.bill("5000.00"))

    info = output["setlinfo"]
    assert (info["hifp_pay"], info["psn_part_amt"], info["act_pay_dedc"]) == ("3000.00", "2000.00", "0.00")
    assert (info["fund_pay_sumamt"], info["med_type"]) == ("3000.00", "52")
    assert "最多报 3,000.00" in output["setldetail"][0]["setl_proc_info"]
    mother.call("2402", discharged(mother, matn_type="03"))
    assert "已经结算" in mother.refused("2402", discharged(mother, matn_type="1"))


def test_a_birth_told_at_admission_can_be_corrected(world: World, http: httpx.Client, taiyuan: Hospital) -> None:
    mother = Patient(http, taiyuan, world.person())
    mother.admit(med_type="52", matn_type="1")
    mother.charge((CLASS_A, "5000.00"))
    assert mother.call("2303", mother.bill("5000.00"))["setlinfo"]["hifp_pay"] == "1500.00"
    mother.call("2402", discharged(mother, matn_type="3"))
    mother.call("2402", discharged(mother))
    assert mother.call("2303", mother.bill("5000.00"))["setlinfo"]["hifp_pay"] == "3000.00"


@pytest.mark.parametrize("code", ["5", "9", "77"])
def test_a_delivery_no_quota_is_known_for_is_not_settled(
    world: World, http: httpx.Client, taiyuan: Hospital, code: str
) -> None:
    mother = Patient(http, taiyuan, world.person())
    mother.admit(med_type="52", matn_type=code)
    mother.charge((CLASS_A, "5000.00"))
    sentence = mother.refused("2304", mother.bill("5000.00"))
    assert f"生育类别 {code}" in sentence
    assert "没有扣任何钱" in sentence


def test_an_ordinary_stay_is_no_birth(world: World, http: httpx.Client, taiyuan: Hospital) -> None:
    patient = Patient(http, taiyuan, world.person())
    assert "生育住院" in patient.refused("2401", patient.admission(matn_type="1"))
    patient.admit(matn_type="9")  # 其他: what some systems send of everybody
    assert "生育住院" in patient.refused("2402", discharged(patient, matn_type="3"))
    assert "住院" in patient.refused("2203", {"mdtrtinfo": patient.visit("11")})


def test_a_check_up_before_birth_is_not_settled(world: World, http: httpx.Client, taiyuan: Hospital) -> None:
    mother = Patient(http, taiyuan, world.person())
    mother.register()
    mother.describe("51")
    mother.charge((CLASS_A, "200.00"), batch="B1")
    assert "产前检查" in mother.refused("2207", mother.bill("200.00", batch="B1", med_type="51"))
