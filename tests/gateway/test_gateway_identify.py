"""Who it is and what they are entitled to, over real HTTP: 1101 and 2001."""

from typing import Any

import httpx
import pytest
from gateway_kit import cast

from product_kit import Patient, World, today
from tongban.doors.cli.his import Hospital, Refused


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


@pytest.mark.parametrize(("set_apart_fen", "entitled"), [(30_000, "1"), (50_000, "0")])
def test_what_is_set_apart_for_relatives_is_not_promised(
    world: World, worker: Patient, set_apart_fen: int, entitled: str
) -> None:
    world.query(
        """with given as (
             insert into mutual_aid.authorisation (person_id, receiver_id, relation, giver_pool, receiver_pool,
               locality, is_set_apart, limit_fen, valid_from, channel, submit_token, opened_at)
             values ($1, 1, 'parent', '140100', '110000', 'cross_province', true, $2, current_date, 'test',
               gen_random_uuid(), now())
           )
           update account.personal_account set balance_fen = 50000, reserved_fen = $2 where person_id = $1""",
        worker.person_id,
        set_apart_fen,
    )
    _, account = check_benefit(worker)
    assert account["trt_enjymnt_flag"] == entitled
    assert f"留给家人 {set_apart_fen // 100}.00 元" in account["trt_chk_rslt"]


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
