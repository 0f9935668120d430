"""The transactions over real HTTP, as a hospital walks through them, and what each refuses."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import httpx
import pytest

from product_kit import CLASS_A, CLASS_B, CLASS_C, Patient, World, today
from tongban.doors.cli.his import PATH, Hospital, Refused, output_of
from tongban.people import demo_cast

BILL = ((CLASS_A, "10000.00"), (CLASS_B, "1000.00"), (CLASS_C, "100.00"))
TOTAL = "11100.00"


@pytest.fixture
def patient(world: World, http: httpx.Client, beijing: Hospital) -> Patient:
    """A resident of Taiyuan in Beijing who filed nothing."""
    return Patient(http, beijing, world.person())


@pytest.fixture
def worker(world: World, http: httpx.Client, taiyuan: Hospital) -> Patient:
    """An employee of Taiyuan at home."""
    return Patient(http, taiyuan, world.person("employee", "active"), insutype="310")


def admitted(patient: Patient, **members: Any) -> Patient:
    patient.admit(**members)
    patient.charge(*BILL)
    return patient


def cast(key_part: str) -> Any:
    return next(person for person in demo_cast() if person.name == key_part)


# --- 1101 and 2001 -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "member"), [("03", "card_number"), ("02", "id_number")])
def test_a_person_is_found_by_card_and_by_id_number(
    world: World, http: httpx.Client, beijing: Hospital, kind: str, member: str
) -> None:
    wang = cast("王秀英")
    output = beijing.call(
        http,
        "1101",
        {"data": {"mdtrt_cert_type": kind, "mdtrt_cert_no": getattr(wang, member), "psn_name": "王秀英"}},
    )
    assert output["baseinfo"] | {"age": 0} == {
        "psn_no": str(wang.person_id),
        "psn_cert_type": "01",
        "certno": wang.id_number,
        "psn_name": "王秀英",
        "gend": "2",
        "naty": "",
        "brdy": "1962-03-08",
        "age": 0,
    }
    insurance = output["insuinfo"][0]
    assert (insurance["insutype"], insurance["insuplc_admdvs"], insurance["balc"]) == ("390", "140100", "0.00")
    looks = world.query(
        "select actor, channel from infra.audit where person_id = $1 and action = 'person.identified'", wang.person_id
    )
    assert (f"institution:{beijing.institution_code}", "gateway") in {tuple(row) for row in looks}


def test_a_person_is_found_by_medical_code_and_has_an_account(
    world: World, http: httpx.Client, taiyuan: Hospital
) -> None:
    from tongban.infra.crypto import Vault
    from tongban.infra.db import connected
    from tongban.people import demo_residents

    async def codes() -> dict[str, str]:
        async with connected(str(world.settings.database_url)) as db:
            return {row.name: row.medical_code for row in await demo_residents(db, Vault.from_settings(world.settings))}

    import asyncio

    code = asyncio.run(codes())["李静"]
    output = taiyuan.call(http, "1101", {"data": {"mdtrt_cert_type": "01", "mdtrt_cert_no": code, "psn_name": "null"}})
    assert output["baseinfo"]["psn_name"] == "李静"
    assert output["insuinfo"][0]["balc"] == "3286.50"
    assert output["insuinfo"][0]["insutype"] == "310"


def test_identification_refusals_say_what_to_do(world: World, http: httpx.Client, beijing: Hospital) -> None:
    wang = cast("王秀英")

    def sentence(**data: str) -> str:
        with pytest.raises(Refused) as refusal:
            beijing.call(http, "1101", {"data": data})
        return refusal.value.sentence

    assert "校验位" in sentence(mdtrt_cert_type="02", mdtrt_cert_no=wang.id_number[:-1] + "0")
    assert "没有找到" in sentence(mdtrt_cert_type="03", mdtrt_cert_no="Z99999999")
    assert "psn_name" in sentence(mdtrt_cert_type="03", mdtrt_cert_no=wang.card_number, psn_name="别人")
    assert "mdtrt_cert_type" in sentence(mdtrt_cert_type="07", mdtrt_cert_no="x")
    assert "mdtrt_cert_no" in sentence(mdtrt_cert_type="03")
    zhang = cast("张建国")
    world.query(
        "update people.credential set state = 'lost' where person_id = $1 and kind = 'card' returning 1",
        zhang.person_id,
    )
    assert "挂失" in sentence(mdtrt_cert_type="03", mdtrt_cert_no=zhang.card_number)


def check_benefit(patient: Patient, med_type: str = "21", insutype: str = "") -> list[Any]:
    rows: list[Any] = patient.call(
        "2001",
        {
            "data": {
                "psn_no": str(patient.person_id),
                "insutype": insutype or patient.insutype,
                "fixmedins_code": patient.hospital.institution_code,
                "med_type": med_type,
                "begntime": f"{today()}",
            }
        },
    )["trtinfo"]
    return rows


def test_the_benefit_check_tells_fund_by_fund(patient: Patient, worker: Patient) -> None:
    (row,) = check_benefit(patient)
    assert (row["fund_pay_type"], row["trt_chk_type"], row["trt_enjymnt_flag"]) == ("390100", "01", "1")
    assert row["trt_chk_rslt"]
    pooled, account = check_benefit(worker)
    assert (pooled["fund_pay_type"], pooled["trt_enjymnt_flag"]) == ("310100", "1")
    assert (account["fund_pay_type"], account["trt_enjymnt_flag"]) == ("310200", "1")


def test_the_benefit_check_says_why_not(world: World, http: httpx.Client, beijing: Hospital, taiyuan: Hospital) -> None:
    nobody = Patient(http, beijing, world.person())
    (row,) = check_benefit(nobody, insutype="310")[:1]
    assert row["trt_enjymnt_flag"] == "0"
    assert "参保记录" in row["trt_chk_rslt"]
    gao = Patient(http, taiyuan, cast("高建军").person_id, insutype="310")
    pooled, account = check_benefit(gao)
    assert (pooled["trt_enjymnt_flag"], account["trt_enjymnt_flag"]) == ("0", "1")
    assert "欠费" in pooled["trt_chk_rslt"]
    away = Patient(http, beijing, world.person("employee", "active"), insutype="310")
    pooled = check_benefit(away)[0]
    assert pooled["trt_enjymnt_flag"] == "0"
    assert "医疗保险管理服务中心" in pooled["trt_chk_rslt"]


def test_the_benefit_check_promises_nothing_that_settling_would_refuse(worker: Patient) -> None:
    (pooled, _) = check_benefit(worker, med_type="14")
    assert pooled["trt_enjymnt_flag"] == "0"
    assert "慢特病" in pooled["trt_chk_rslt"]
    (pooled, account) = check_benefit(worker, med_type="41")
    assert (pooled["trt_enjymnt_flag"], account["trt_enjymnt_flag"]) == ("0", "1")


def test_the_benefit_check_names_the_quotas_of_a_birth(world: World, http: httpx.Client, taiyuan: Hospital) -> None:
    mother = Patient(http, taiyuan, world.person())
    (stay,) = check_benefit(mother, med_type="52")
    assert stay["trt_enjymnt_flag"] == "1"
    for said in ("自然分娩 1,500.00 元", "剖宫产 3,000.00 元", "别的分娩方式没有查到", "matn_type"):
        assert said in stay["trt_chk_rslt"]
    (check_up,) = check_benefit(mother, med_type="51")
    assert check_up["trt_enjymnt_flag"] == "0"
    assert "产前检查" in check_up["trt_chk_rslt"]


def test_the_benefit_check_promises_no_quota_that_nobody_knows(
    world: World, http: httpx.Client, datong: Hospital, beijing: Hospital
) -> None:
    at_home = Patient(http, datong, world.person(pool="140200"), insured_region="140200")
    unfiled = Patient(http, beijing, world.person())
    for mother in (at_home, unfiled):
        (row,) = check_benefit(mother, med_type="52")
        assert row["trt_enjymnt_flag"] == "0"
        assert "问" in row["trt_chk_rslt"]


# --- the inpatient road --------------------------------------------------------------------------------------------


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


# --- the outpatient road -------------------------------------------------------------------------------------------


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


# --- once, and only once -------------------------------------------------------------------------------------------


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


# --- when something breaks -----------------------------------------------------------------------------------------


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


def assert_identities(info: dict[str, Any]) -> None:
    """The relations between amounts that the interface states."""
    amount: Callable[[str], Decimal] = lambda name: Decimal(info[name])  # noqa: E731
    assert amount("medfee_sumamt") == amount("fund_pay_sumamt") + amount("psn_part_amt") + amount("hosp_part_amt")
    assert amount("fund_pay_sumamt") == sum(
        map(amount, ("hifp_pay", "hifmi_pay", "hifob_pay", "hifes_pay", "cvlserv_pay", "maf_pay", "oth_pay"))
    )
    assert amount("psn_part_amt") == amount("acct_pay") + amount("psn_cash_pay")
    assert amount("acct_pay") >= amount("acct_mulaid_pay")
    assert amount("medfee_sumamt") == sum(
        map(amount, ("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt"))
    )


def settlements(world: World, patient: Patient) -> list[tuple[str, int]]:
    rows = world.query(
        "select state, total_fen from settlement.settlement where person_id = $1 order by settlement_serial",
        patient.person_id,
    )
    return [tuple(row) for row in rows]
