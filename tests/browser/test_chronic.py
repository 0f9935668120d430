"""Recognition from the application to the money: applied for with photos, asked for more, recognised, settled, why."""

import json
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from browser_kit import Site
from PIL import Image, ImageDraw
from walk import Walk

from product_kit import CLASS_A, Patient, hospitals_of
from tongban.doors.cli.demo import CLIENTS_FILE
from tongban.people import demo_cast

WANG = next(person for person in demo_cast() if person.name == "王秀英")
HYPERTENSION_DRUGS = "LB0001"


@pytest.fixture
def clean(site: Site) -> Site:
    """王秀英 has applied for nothing and is recognised for nothing."""
    for table in ("designation", "certification", "event", "application_disease", "application"):
        site.execute(f"delete from chronic.{table} where person_id = {WANG.person_id}")
    site.execute(f"delete from drafts.draft where person_id = {WANG.person_id}")
    return site


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    """A photo of a sheet; another one each time."""
    picture = Image.new("RGB", (900, 1200), "white")
    ImageDraw.Draw(picture).text((80, 80), f"diagnosis {uuid4()}", fill="black")
    path = tmp_path / "sheet.jpg"
    picture.save(path, "JPEG")
    return path


def review(site: Site, *words: str) -> str:
    """`tongban review chronic …` as the agency's operator runs it."""
    return site.review("chronic", *words, "--operator", "李经办", "--pool", "140100")


def apply(person: Walk, paper: Path) -> str:
    """From the start page to the number."""
    person.open("/chronic")
    person.tap("申请认定")
    person.choose("高血压门诊用药")
    person.tap("下一步")
    person.tap("下一步")  # no hospital yet
    person.photo("拍照或选照片：诊断证明", paper)
    assert person.says("已存好")
    person.tap("下一步")
    person.tap("下一步")  # name and phone are known
    person.tap("没有错，下一步")
    person.choose("我看完了，同意以上内容")
    person.sign("王秀英")
    person.tap("签好了，提交")
    assert person.title == "申请已经提交"
    assert person.actions == (12 if person.mode == "nojs" else 11)
    person.tap("看进度")
    assert person.says("审核中")
    return person.path.rsplit("/", 1)[-1]


@pytest.mark.parametrize("mode", ["normal", "elder", "nojs"])
def test_from_the_application_to_the_reason_for_every_amount(
    clean: Site, walk: Callable[..., Walk], paper: Path, mode: str
) -> None:
    person = walk("wang_xiuying", mode, check=True, story="chronic")
    number = apply(person, paper)

    waiting = {row["number"]: row for row in map(json.loads, review(clean, "list", "--json").splitlines())}
    assert (waiting[number]["name"], waiting[number]["days_left"]) == ("王*英", None)
    review(clean, "show", number, "--reason", "审核")
    review(clean, "accept", number)
    review(clean, "ask", number, "--material", "exam_report", "--sentence", "请补一张最近的血压检查报告")

    person.open("/inbox")
    person.open(f"/chronic/applications/{number}")
    assert person.says("请补一张最近的血压检查报告")
    person.tap("现在去补")
    person.photo("拍照或选照片：检查报告", paper)
    assert person.says("已存好")
    person.tap("补好了，提交")
    assert person.says("补的材料收到了")
    review(clean, "approve", number, "--to", "2028-12-31")

    person.open(f"/chronic/applications/{number}")
    assert person.says("已认定")
    person.tap("高血压门诊用药")
    assert person.says("260.00 元")
    person.open("/chronic")
    person.open("/chronic/records")

    settlement = _settle(clean)
    person.open(f"/costs/{settlement}")
    assert person.says("40.00")


def _settle(site: Site) -> str:
    """A visit of hers at the hospital in 太原, over the wire; returns the settlement's number."""
    hospital = hospitals_of(site.settings.var_dir / CLIENTS_FILE)["demo-taiyuan"]
    with httpx.Client(base_url=site.url, timeout=60) as http:
        patient = Patient(http, hospital, WANG.person_id)
        (recognised,) = patient.call("5301", {"data": {"psn_no": str(WANG.person_id)}})["feedetail"]
        assert recognised["opsp_dise_code"] == HYPERTENSION_DRUGS
        patient.register()
        patient.describe("14", dise_codg=HYPERTENSION_DRUGS, dise_name="高血压门诊用药")
        patient.charge((CLASS_A, "100.00"), batch="B1")
        info = patient.call("2207", patient.bill("100.00", batch="B1", med_type="14"))["setlinfo"]
        assert (info["hifp_pay"], info["psn_part_amt"]) == ("60.00", "40.00")
        number: str = info["setl_id"]
    return number


@pytest.mark.usefixtures("clean")
def test_errors_are_said_and_other_peoples_pages_are_not_there(walk: Callable[..., Walk]) -> None:
    person = walk("wang_xiuying", check=True, story="chronic-errors")
    person.open("/chronic")
    person.tap("申请认定")
    person.tap("下一步")
    person.refused(1)
    person.choose("高血压", exact=True)
    person.tap("下一步")
    person.tap("下一步")
    person.tap("下一步")
    person.fill("联系人手机号", "1390000")
    person.tap("下一步")
    person.refused(1)
    address = person.path
    number = _applied(person)
    person.open(f"/chronic/applications/{number}/withdraw")
    person.tap("确认撤回")
    assert person.says("已撤回")

    stranger = walk("zhang_jianguo", story="chronic-stranger")
    for path in (address, f"/chronic/applications/{number}", f"/chronic/applications/{number}/withdraw"):
        response = stranger.page.goto(path)
        assert response is not None
        assert response.status == 404
    guest = walk("", check=True, story="chronic-guest")
    guest.open("/chronic")
    guest.open("/chronic/where")
    guest.pick("什么病", "高血压")
    guest.fill("在哪个市看", "北京")
    guest.tap("查一查")
    assert guest.says("可以直接结算")


def _applied(person: Walk) -> str:
    person.fill("联系人手机号", "13900000000")
    person.tap("下一步")
    person.tap("没有错，下一步")
    person.choose("我看完了，同意以上内容")
    person.sign("王秀英")
    person.tap("签好了，提交")
    person.tap("看进度")
    return person.path.rsplit("/", 1)[-1]
