"""The inpatient road over real HTTP, as a hospital walks it, and what each step refuses."""

from decimal import Decimal
from typing import Any

import httpx
import pytest
from gateway_kit import BILL, TOTAL, admitted, assert_identities, cast

from product_kit import CLASS_A, Patient, World, today
from tongban.doors.cli.his import PATH, Hospital


def test_a_stay_in_another_province_is_settled_to_the_fen(world: World, patient: Patient) -> None:
    patient.admit()
    rows = patient.charge(*BILL)
    assert [row["chrgitm_lv"] for row in rows] == ["01", "02", "03"]
    assert [row["selfpay_prop"] for row in rows] == ["0.0000", "0.1000", "1.0000"]
    assert rows[1]["preselfpay_amt"] == "100.00"
    patient.call("2402", {"dscginfo": {"mdtrt_id": patient.encounter, "psn_no": str(patient.person_id),
                                       "insutype": "390", "endtime": f"{today()}", "dscg_way": "1"}})  # fmt: skip
    preview = patient.call("2303", patient.bill(TOTAL))
    assert "setl_id" not in preview["setlinfo"]
    assert world.query("select from settlement.settlement where person_id = $1", patient.person_id) == []
    output = patient.call("2304", patient.bill(TOTAL))
    info = output["setlinfo"]
    # 1000 + 10000 in scope after the tenth of class b; less 1000; 60 % less 15 points for care sought on one's own.
    assert info | {"setl_time": "", "setl_id": ""} == preview["setlinfo"] | {
        "setl_time": "",
        "setl_id": "",
        "medins_setl_id": info["medins_setl_id"],
    }
    assert (info["inscp_scp_amt"], info["act_pay_dedc"], info["pool_prop_selfpay"]) == ("10900.00", "1000.00", "0.4500")
    assert (info["hifp_pay"], info["fund_pay_sumamt"], info["psn_cash_pay"]) == ("4455.00", "4455.00", "6645.00")
    assert_identities(info)
    assert [row["fund_pay_type"] for row in output["setldetail"]] == ["390100"]
    assert "起付线" in output["setldetail"][0]["setl_proc_info"]
    found = patient.call("5203", patient.settled(info["setl_id"]))["setlinfo"]
    assert (found["psn_pay"], found["cash_payamt"], found["refd_setl_flag"]) == ("6645.00", "6645.00", "0")
    assert (found["pay_loc"], found["medins_setl_id"]) == ("4", info["medins_setl_id"])


def test_amounts_leave_with_two_decimals_as_numbers(http: httpx.Client, patient: Patient) -> None:
    admitted(patient)
    message = patient.message("2303", patient.bill(TOTAL))
    raw = http.post(PATH, content=message.body, headers=patient.hospital.headers()).text
    assert '"medfee_sumamt":11100.00' in raw
    assert '"hosp_part_amt":0.00' in raw
    assert '"pool_prop_selfpay":0.4500' in raw


def test_a_result_on_unofficial_numbers_says_so_beside_the_answer(http: httpx.Client, patient: Patient) -> None:
    admitted(patient)
    message = patient.message("2303", patient.bill(TOTAL))
    answer = http.post(PATH, content=message.body, headers=patient.hospital.headers()).json()
    assert "核对" in answer["warn_msg"] or "示例" in answer["warn_msg"]


@pytest.mark.parametrize(
    "mark",
    [
        {"exp_content": '{"IPT_TYPE":"2"}'},
        {"expContent": '{"ipt_type":"02"}'},
        {"exp_content": {"IPT_TYPE": 2}},
        {"ipt_type": "2"},
        {"er_flag": 1},
        {"exp_content": "", "expContent": '{"IPT_TYPE":"2"}'},
    ],
    ids=range(6),
)
def test_the_emergency_mark_counts_in_every_spelling(patient: Patient, mark: dict[str, Any]) -> None:
    admitted(patient, **mark)
    info = patient.call("2303", patient.bill(TOTAL))["setlinfo"]
    assert info["pool_prop_selfpay"] == "0.5500"


def test_a_broken_or_unknown_mark_is_refused_before_it_costs_the_patient_anything(patient: Patient) -> None:
    assert "JSON" in patient.refused("2401", patient.admission(exp_content='{"IPT_TYPE":2'))
    assert "IPT_TYPE 是 9" in patient.refused("2401", patient.admission(exp_content='{"IPT_TYPE":"9"}'))


def test_an_injury_must_say_whether_somebody_else_is_liable(patient: Patient) -> None:
    assert "REL_TTP_FLAG" in patient.refused("2401", patient.admission(exp_content='{"TRUM_FLAG":"1"}'))
    assert "REL_TTP_FLAG" in patient.refused("2401", patient.admission(med_type="22"))
    third = patient.admission(exp_content='{"TRUM_FLAG":"1","REL_TTP_FLAG":"1"}')
    assert "第三方" in patient.refused("2401", third)
    patient.admit(exp_content='{"TRUM_FLAG":"1","REL_TTP_FLAG":"0"}')


def test_an_id_number_alone_opens_nothing_away_from_home_but_an_emergency(patient: Patient, worker: Patient) -> None:
    assert "社会保障卡" in patient.refused("2401", patient.admission(mdtrt_cert_type="02"))
    patient.admit(mdtrt_cert_type="02", exp_content='{"IPT_TYPE":"2"}')
    worker.admit(mdtrt_cert_type="02")


def test_somebody_elses_card_opens_nothing(patient: Patient) -> None:
    strange = patient.admission(mdtrt_cert_type="03", mdtrt_cert_no=cast("王秀英").card_number)
    assert "不是这位患者" in patient.refused("2401", strange)


def test_region_codes_that_contradict_the_records_say_what_to_send(world: World, patient: Patient) -> None:
    for wrong, seen in (("140200", "填的是 140200"), ("", "没有填"), ("110000", "填的是 110000"), ("abc", "abc")):
        patient.insured_region = wrong
        sentence = patient.refused("2401", patient.admission())
        assert seen in sentence
        assert "请填 140100" in sentence
    patient.insured_region = "140105"
    patient.admit()
    patient.insured_region = "140200"
    assert "请填 140100" in patient.refused("2301", patient.lines(*BILL))


def test_an_empty_insured_region_means_the_hospitals_own(worker: Patient) -> None:
    worker.insured_region = ""
    worker.admit()


def test_the_personal_account_pays_when_asked(world: World, worker: Patient) -> None:
    balance = world.query("select balance_fen from account.personal_account where person_id = $1", worker.person_id)
    worker.admit()
    worker.charge((CLASS_A, "1000.00"))
    none = worker.call("2303", worker.bill("1000.00", acct_used_flag="0"))["setlinfo"]
    assert none["acct_pay"] == "0.00"
    info = worker.call("2304", worker.bill("1000.00"))["setlinfo"]
    paid = min(Decimal(balance[0]["balance_fen"]) / 100, Decimal(info["psn_part_amt"]))
    assert Decimal(info["acct_pay"]) == paid > 0
    assert Decimal(info["balc"]) == Decimal(balance[0]["balance_fen"]) / 100 - paid
    assert_identities(info)


def test_what_is_not_offered_is_refused_plainly(patient: Patient) -> None:
    admitted(patient)
    assert "中途结算" in patient.refused("2304", patient.bill(TOTAL, mid_setl_flag="1"))
    assert "2303" in patient.refused("2207", patient.bill(TOTAL, batch="1"))


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"medfee_sumamt": "11100.01"}, "医疗费总额对不上"),
        ({"fulamt_ownpay_amt": "0"}, "全自费金额对不上"),
        ({"inscp_scp_amt": 10900.01}, "符合政策范围金额对不上"),
        ({"insutype": "310"}, "险种对不上"),
        ({"medfee_sumamt": "abc"}, "medfee_sumamt"),
        ({"mdtrt_id": "J1"}, "mdtrt_id"),
        ({"psn_no": "42"}, "psn_no"),
        ({"dscgTime": "2999-01-01"}, "还没到"),
    ],
)
def test_a_bill_that_does_not_fit_is_refused_and_settles_nothing(
    world: World, patient: Patient, members: dict[str, Any], words: str
) -> None:
    admitted(patient)
    assert words in patient.refused("2304", patient.bill(TOTAL, **members))
    assert world.query("select from settlement.settlement where person_id = $1", patient.person_id) == []


def test_numbers_arrive_as_texts_or_as_numbers_and_dates_with_times(patient: Patient) -> None:
    admitted(patient)
    info = patient.call(
        "2304", patient.bill("", medfee_sumamt=11100, dscg_time=f"{today()} 10:00:00", fulamt_ownpay_amt=100.0)
    )["setlinfo"]
    assert info["medfee_sumamt"] == "11100.00"


def test_another_hospital_finds_neither_visit_nor_settlement(
    http: httpx.Client, datong: Hospital, patient: Patient
) -> None:
    admitted(patient)
    number = patient.call("2304", patient.bill(TOTAL))["setlinfo"]["setl_id"]
    stranger = Patient(http, datong, patient.person_id, encounter=patient.encounter)
    for code, nodes in (
        ("2303", stranger.bill(TOTAL)),
        ("5203", stranger.settled(number)),
        ("2305", stranger.settled(number)),
    ):
        assert "没有找到" in stranger.refused(code, nodes)


def test_lines_are_all_taken_or_none(world: World, patient: Patient) -> None:
    patient.admit()
    lines = patient.lines(*BILL)
    lines["feedetail"][2]["med_list_codg"] = "NO-SUCH-ITEM"
    assert "NO-SUCH-ITEM" in patient.refused("2301", lines)
    assert world.query("select from settlement.charge_line where person_id = $1", patient.person_id) == []
    mixed = patient.lines(*BILL)
    mixed["feedetail"][1]["mdtrt_id"] = "J2"
    assert "第 2 行" in patient.refused("2301", mixed)
    short = patient.lines(*BILL)
    del short["feedetail"][1]["pric"]
    assert "第 2 行" in patient.refused("2301", short)


def test_a_stay_is_undone_step_by_step(patient: Patient) -> None:
    admitted(patient)
    visit = {"data": {"mdtrt_id": patient.encounter, "psn_no": str(patient.person_id)}}
    assert "费用明细" in patient.refused("2404", visit)
    patient.call("2302", {"data": [visit["data"] | {"feedetl_sn": "0000"}]})
    assert "2404" in patient.refused("2202", visit)
    patient.call("2404", visit)
    assert "撤销" in patient.refused("2301", patient.lines(*BILL))
