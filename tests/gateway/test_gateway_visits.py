"""The outpatient road over real HTTP, as a hospital walks it, and what each step refuses."""

from decimal import Decimal

import httpx
from gateway_kit import assert_identities

from product_kit import CLASS_A, Patient, World, today
from tongban.doors.cli.his import Hospital


def test_a_visit_is_settled_and_taken_back(world: World, http: httpx.Client, taiyuan: Hospital) -> None:
    patient = Patient(http, taiyuan, world.person())
    patient.register()
    patient.describe()
    patient.charge((CLASS_A, "100.00"), batch="B1")
    preview = patient.call("2206", patient.bill("100.00", batch="B1"))["setlinfo"]
    info = patient.call("2207", patient.bill("100.00", batch="B1", mdtrt_cert_no="02"))["setlinfo"]
    assert info["hifp_pay"] == preview["hifp_pay"]
    assert_identities(info)
    output = patient.call("2208", patient.settled(info["setl_id"]))
    undone = output["setlinfo"]
    assert undone["setl_id"] != info["setl_id"]
    assert undone["medfee_sumamt"] == "-100.00"
    assert "psn_cash_pay" not in undone
    assert Decimal(undone["pdn_cash_pay"]) == -Decimal(info["psn_cash_pay"])
    assert Decimal(output["setldetail"][0]["fund_payamt"]) == -Decimal(info["hifp_pay"])
    visit = {"mdtrt_id": patient.encounter, "psn_no": str(patient.person_id)}
    patient.call("2205", {"data": visit | {"chrg_bchno": "0000"}})
    patient.call("2202", {"data": visit})


def test_a_visits_lines_need_a_batch(world: World, http: httpx.Client, taiyuan: Hospital) -> None:
    patient = Patient(http, taiyuan, world.person())
    patient.register()
    assert "chrg_bchno" in patient.refused("2204", patient.lines((CLASS_A, "1.00")))


def test_a_chronic_visit_must_name_its_disease(world: World, http: httpx.Client, taiyuan: Hospital) -> None:
    patient = Patient(http, taiyuan, world.person())
    patient.register()
    visit = {
        "mdtrt_id": patient.encounter,
        "psn_no": str(patient.person_id),
        "med_type": "14",
        "begntime": f"{today()}",
    }
    assert "dise_codg" in patient.refused("2203", {"mdtrtinfo": visit})
    patient.call("2203A", {"mdtrtinfo": visit | {"dise_codg": "M03900", "dise_name": "高血压"}})


def test_an_emergency_visit_across_provinces_needs_its_mark(patient: Patient) -> None:
    patient.register()
    visit = {
        "mdtrt_id": patient.encounter,
        "psn_no": str(patient.person_id),
        "med_type": "13",
        "begntime": f"{today()}",
    }
    assert "OTP_ER_REFL_FLAG" in patient.refused("2203", {"mdtrtinfo": visit})
    patient.describe("13", exp_content='{"OTP_ER_REFL_FLAG":"1"}')
