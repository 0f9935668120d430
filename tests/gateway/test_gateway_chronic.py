"""Chronic diseases over the wire: what a person is recognised for, whether it is paid here, and paying it."""

from decimal import Decimal

import httpx
import pytest

from product_kit import CLASS_A, Patient, World, today
from tongban.doors.cli.his import Hospital

HYPERTENSION, HYPERTENSION_DRUGS = "M03900", "LB0001"


def recognise(
    world: World,
    person_id: int,
    code: str,
    disease: str,
    *,
    serial: int = 1,
    institution: str = "",
    pool: str = "140100",
) -> None:
    """As the agency would have left it."""
    world.query(
        """insert into chronic.application (person_id, application_serial, purpose, insured_pool, insurance_type,
             category, state, channel, applied_by, contact_name, contact_phone_enc, answers, policy_version,
             submit_token, applied_at, accepted_by, accepted_at, decided_by, decided_at)
           values ($1, $2, 'recognise', $3, 'resident', 'adult', 'recognised', 'portal', $1, 'x', '\\x00', '{}', '',
             gen_random_uuid(), now(), '经办', now(), '经办', now())""",
        person_id,
        serial,
        pool,
    )
    world.query(
        """insert into chronic.certification (person_id, certification_serial, application_serial, insured_pool,
             insurance_type, disease, disease_code, valid_from, valid_to_basis, decided_by, decided_at)
           values ($1, $2, $2, $3, 'resident', $4, $5, '2026-01-01', 'unknown', '经办', now())""",
        person_id,
        serial,
        pool,
        disease,
        code,
    )
    if institution:
        world.query(
            """insert into chronic.designation (person_id, certification_serial, institution_code, valid_from)
               values ($1, $2, $3, '2026-01-01')""",
            person_id,
            serial,
            institution,
        )


@pytest.fixture
def patient(world: World, http: httpx.Client, taiyuan: Hospital) -> Patient:
    """A resident of Taiyuan at home."""
    return Patient(http, taiyuan, world.person())


def recognised(patient: Patient) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = patient.call("5301", {"data": {"psn_no": str(patient.person_id)}})["feedetail"]
    return rows


def check(patient: Patient, code: str = "") -> tuple[str, str]:
    asked = {
        "psn_no": str(patient.person_id),
        "insutype": patient.insutype,
        "fixmedins_code": patient.hospital.institution_code,
        "med_type": "14",
        "begntime": f"{today()} 09:00:00",
        "dise_codg": code,
    }
    row = patient.call("2001", {"data": asked})["trtinfo"][0]
    return row["trt_enjymnt_flag"], row["trt_chk_rslt"]


def test_what_a_person_is_recognised_for_is_told_and_the_look_is_written_down(world: World, patient: Patient) -> None:
    assert recognised(patient) == []
    recognise(world, patient.person_id, HYPERTENSION_DRUGS, "hypertension_medication")
    assert recognised(patient) == [
        {
            "opsp_dise_code": HYPERTENSION_DRUGS,
            "opsp_dise_name": "高血压门诊用药",
            "begndate": "2026-01-01",
            "enddate": "",
        }
    ]
    looks = world.query(
        "select count(*) from infra.audit where action = 'chronic.queried' and person_id = $1", patient.person_id
    )
    assert looks[0][0] == 2


def test_chosen_institutions_are_told(world: World, patient: Patient) -> None:
    code = patient.hospital.institution_code
    recognise(world, patient.person_id, HYPERTENSION, "hypertension", institution=code)
    asked = {"data": {"psn_no": str(patient.person_id), "biz_appy_type": "01"}}
    (row,) = patient.call("5302", asked)["psnfixmedin"]
    assert (row["fixmedins_code"], row["fix_srt_no"], row["insutype"]) == (code, "1", "390")
    assert "biz_appy_type" in patient.refused("5302", {"data": asked["data"] | {"biz_appy_type": "03"}})


def test_the_check_says_what_settling_would(world: World, patient: Patient) -> None:
    assert check(patient)[0] == "0"
    assert "没有慢特病认定记录" in check(patient)[1]
    recognise(world, patient.person_id, HYPERTENSION_DRUGS, "hypertension_medication")
    assert check(patient) == ("1", "城乡居民基本医疗保险基金：已认定：高血压门诊用药（LB0001）")
    assert "没有认定" in check(patient, "M01600")[1]
    recognise(world, patient.person_id, "M01600", "diabetes", serial=2)
    assert "dise_codg" in check(patient)[1]  # of two it must be said which
    flag, sentence = check(patient, "M01600")
    assert flag == "0"
    assert "一年最多报的数" in sentence  # no source gives it


def test_a_chronic_visit_is_settled_and_undone(world: World, patient: Patient) -> None:
    recognise(world, patient.person_id, HYPERTENSION_DRUGS, "hypertension_medication")
    patient.register()
    patient.describe("14", dise_codg=HYPERTENSION_DRUGS, dise_name="高血压门诊用药")
    patient.charge((CLASS_A, "100.00"), batch="B1")
    bill = patient.bill("100.00", batch="B1", med_type="14")

    preview = patient.call("2206", bill)["setlinfo"]
    info = patient.call("2207", bill)["setlinfo"]

    assert Decimal(preview["hifp_pay"]) == Decimal(info["hifp_pay"]) == Decimal("60.00")
    assert (info["med_type"], info["clr_type"]) == ("14", "14")
    held = "select pooled_fen from settlement.chronic_year where person_id = $1"
    assert world.query(held, patient.person_id)[0][0] == 6_000
    patient.call("2208", patient.settled(info["setl_id"]))
    assert world.query(held, patient.person_id)[0][0] == 0


def test_without_recognition_the_cashier_reads_why(patient: Patient) -> None:
    patient.register()
    patient.describe("14", dise_codg=HYPERTENSION, dise_name="高血压")
    patient.charge((CLASS_A, "100.00"), batch="B1")
    sentence = patient.refused("2207", patient.bill("100.00", batch="B1", med_type="14"))
    assert "没有认定记录" in sentence
    assert "没有扣任何钱" in sentence
