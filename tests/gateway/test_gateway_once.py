"""Once, and only once: repeated, lost, withdrawn and broken messages over real HTTP."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from gateway_kit import TOTAL, admitted, settlements

from product_kit import Patient, World
from tongban.doors.cli.his import PATH, Refused, output_of


def test_the_same_settle_message_a_dozen_times_at_once_pays_once(world: World, patient: Patient) -> None:
    admitted(patient)
    message = patient.message("2304", patient.bill(TOTAL))

    def send(_: int) -> Any:
        with httpx.Client(base_url=world.url, timeout=30) as client:
            return patient.hospital.send(client, "2304", message)["setlinfo"]

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(send, range(12)))
    assert len({answer["setl_id"] for answer in answers}) == 1
    assert len({answer["hifp_pay"] for answer in answers}) == 1
    assert settlements(world, patient) == [("settled", 1_110_000)]


def test_a_reused_message_id_with_other_contents_is_refused(http: httpx.Client, world: World, patient: Patient) -> None:
    admitted(patient)
    first = patient.message("2304", patient.bill(TOTAL))
    patient.hospital.send(http, "2304", first)
    other = patient.message("2304", patient.bill(TOTAL, acct_used_flag="0"), message_id=first.message_id)
    with pytest.raises(Refused, match="报文号重复"):
        patient.hospital.send(http, "2304", other)
    assert settlements(world, patient) == [("settled", 1_110_000)]


def test_a_second_settle_message_for_a_settled_stay_names_the_first(patient: Patient) -> None:
    admitted(patient)
    number = patient.call("2304", patient.bill(TOTAL))["setlinfo"]["setl_id"]
    assert number in patient.refused("2304", patient.bill(TOTAL))


def test_a_lost_answer_is_withdrawn_and_settled_anew(http: httpx.Client, world: World, patient: Patient) -> None:
    admitted(patient)
    lost = patient.message("2304", patient.bill(TOTAL))
    patient.hospital.send(http, "2304", lost)
    assert patient.call("2601", patient.reversal(lost.message_id, "2304")) is None
    patient.call("2601", patient.reversal(lost.message_id, "2304")["data"])
    with pytest.raises(Refused, match="冲正"):
        patient.hospital.send(http, "2304", lost)
    patient.call("2304", patient.bill(TOTAL))
    assert settlements(world, patient) == [("cancelled", 1_110_000), ("settled", 1_110_000)]


def test_an_original_that_comes_after_its_reversal_is_refused(
    http: httpx.Client, world: World, patient: Patient
) -> None:
    admitted(patient)
    late = patient.message("2304", patient.bill(TOTAL))
    patient.call("2601", patient.reversal(late.message_id, "2304"))
    with pytest.raises(Refused, match="换一个新的报文号"):
        patient.hospital.send(http, "2304", late)
    assert settlements(world, patient) == []


def test_an_admission_whose_answer_was_lost_can_be_withdrawn(http: httpx.Client, patient: Patient) -> None:
    lost = patient.message("2401", patient.admission())
    patient.hospital.send(http, "2401", lost)
    patient.call("2601", patient.reversal(lost.message_id, "2401"))
    with pytest.raises(Refused, match="冲正"):
        patient.hospital.send(http, "2401", lost)


def test_only_what_may_be_withdrawn_is(patient: Patient) -> None:
    assert "2208" in patient.refused("2601", patient.reversal("m", "2305"))


def test_a_cancelled_stay_says_so_and_can_be_settled_again(patient: Patient) -> None:
    admitted(patient)
    first = patient.call("2304", patient.bill(TOTAL))["setlinfo"]
    undone = patient.call("2305", patient.settled(first["setl_id"]))["setlinfo"]
    assert undone["psn_cash_pay"] == "-6645.00"
    assert undone["fund_pay_sumamt"] == "-4455.00"
    again = patient.call("2305", patient.settled(first["setl_id"]))["setlinfo"]
    assert again["setl_id"] == undone["setl_id"]
    found = patient.call("5203", patient.settled(first["setl_id"]))["setlinfo"]
    assert found["refd_setl_flag"] == "1"
    second = patient.call("2304", patient.bill(TOTAL))["setlinfo"]
    assert second["hifp_pay"] == first["hifp_pay"]


def test_a_repeated_admission_finds_the_first(http: httpx.Client, patient: Patient) -> None:
    admission = patient.admission()
    message = patient.message("2401", admission)
    first = patient.hospital.send(http, "2401", message)["result"]["mdtrt_id"]
    assert patient.hospital.send(http, "2401", message)["result"]["mdtrt_id"] == first
    assert patient.call("2401", admission)["result"]["mdtrt_id"] == first


def test_a_fault_inside_is_told_by_an_incident_number_and_nothing_else(
    http: httpx.Client, world: World, patient: Patient
) -> None:
    message = patient.message("2401", patient.admission())
    world.query("alter table settlement.encounter rename to encounter_away")
    try:
        response = http.post(PATH, content=message.body, headers=patient.hospital.headers())
    finally:
        world.query("alter table settlement.encounter_away rename to encounter")
    answer = response.json()
    assert (response.status_code, answer["infcode"]) == (200, -1)
    assert "系统正忙" in answer["err_msg"]
    assert "encounter" not in answer["err_msg"]
    assert output_of("2401", http.post(PATH, content=message.body, headers=patient.hospital.headers()))
