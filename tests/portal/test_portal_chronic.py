"""The pages about chronic diseases without a browser: whatever is in the address, whatever day it is in China."""

import re
from io import BytesIO
from pathlib import Path

import pytest
from litestar import Litestar
from PIL import Image
from portal_kit import NOW, Browser, Clock

from bills_kit import WANG
from tongban import chronic, materials
from tongban.agency import Operator
from tongban.infra.clock import day_of
from tongban.infra.db import connected
from tongban.law import load_pack
from tongban.materials import MaterialKind
from tongban.people import demo_cast
from tongban.settings import Settings

HAN = next(person for person in demo_cast() if person.name == "韩桂兰")
AGENCY = Operator("李经办", frozenset({"140100"}))


@pytest.fixture
def app(shared_app: Litestar) -> Litestar:
    return shared_app


@pytest.fixture
def clock(shared_clock: Clock) -> Clock:
    shared_clock.later(minutes=2)  # so that nobody signs in too often
    return shared_clock


@pytest.fixture
def visitor(app: Litestar, clock: Clock) -> Browser:
    del clock
    return Browser.of(app)


async def test_whether_a_hospital_settles_a_disease_is_answered_for_any_address(visitor: Browser) -> None:
    page = await visitor.get("/chronic/where?disease=M03900&place=北京&name=%00协和")
    assert page.status_code == 200
    assert "高血压在北京" in page.text
    for query in ("disease=M99999&place=北京", "disease=M03900&place=没有这里", "disease=M03900&place=%00", "area=1"):
        assert (await visitor.get(f"/chronic/where?{query}")).status_code == 200


async def test_drugs_under_the_scheme_are_asked_about_like_any_disease(visitor: Browser) -> None:
    page = await visitor.get("/chronic/where?disease=LB0001&place=太原")
    assert "高血压门诊用药在太原" in page.text
    assert "可以直接结算" in page.text


async def test_hospitals_are_looked_for_at_home_and_wherever_one_lives(visitor: Browser) -> None:
    await visitor.sign_in("wang_xiuying")
    await visitor.get("/chronic")
    page = await visitor.follow(await visitor.post("/chronic/start"))
    page = await visitor.follow(await visitor.post(page.url.path, {"disease-M01600": "1", "version": "1"}))
    address = page.url.path
    assert address.endswith("/institutions")
    assert "太原市能直接结算门诊的医院" in page.text
    (at_home, *_) = re.findall(r'name="(institution-\w+)"', page.text)

    searched = {at_home: "1", "place": "北京", "q": "", "go": "find", "version": "1"}
    page = await visitor.follow(await visitor.post(address, searched))
    assert "北京市能直接结算门诊的医院" in page.text
    kept, elsewhere, *_ = re.findall(r'name="(institution-\w+)"', page.text)
    assert kept == at_home  # what was ticked stays, wherever one looks next
    assert re.search(rf'name="{at_home}" value="1" checked', page.text)

    for typed, said in (("没有这里", "没有找到这个地方"), ("吉林", "您说的是哪里")):
        page = await visitor.follow(await visitor.post(address, searched | {"place": typed, "version": "2"}))
        assert said in page.text

    page = await visitor.follow(await visitor.post(address, {at_home: "1", elsewhere: "1", "version": "9"}))
    assert page.url.path.endswith("/photos")


async def test_days_are_those_of_china_and_a_recognition_that_ended_says_why(
    visitor: Browser, shared_demo: Settings, app: Litestar
) -> None:
    async with connected(str(shared_demo.owner_database_url)) as owner_db:
        await owner_db.execute(
            "update chronic.application set applied_at = '2026-11-20 16:30Z' where person_id = $1 and state = $2",
            HAN.person_id,
            "in_review",
        )
    await visitor.sign_in("han_guilan")
    page = await visitor.get("/chronic/records")
    assert "2026年11月21日 申请" in page.text

    async with app.state.pool.acquire() as db:
        (known,) = await chronic.certifications_of(db, HAN.person_id)
        await chronic.end_certification(
            db,
            AGENCY,
            known.application_number,
            known.certification_serial,
            last_day=day_of(NOW),
            reason="转到外地参保",
            now=NOW,
        )
    page = await visitor.get(f"/chronic/mine/{known.certification_serial}")
    assert "转到外地参保" in page.text
    page = await visitor.get("/inbox")
    assert "慢特病认定提前结束" in page.text


async def test_who_is_not_signed_in_reads_for_whom_the_answer_is(visitor: Browser) -> None:
    address = "/chronic/where?disease=M03900&place=大同市"
    assert "按在山西省太原市参保的人说" in (await visitor.get(address)).text
    await visitor.sign_in("wang_xiuying")
    assert "参保的人说" not in (await visitor.get(address)).text


async def test_whoever_applied_for_another_is_not_led_to_pictures_they_see_no_more(
    visitor: Browser, shared_demo: Settings, app: Litestar
) -> None:
    state = app.state
    async with connected(str(shared_demo.owner_database_url)) as owner_db:
        open_one = "state = 'in_review' and person_id = $2"
        await owner_db.execute(f"update chronic.application set applied_by = $1 where {open_one}", WANG, HAN.person_id)
    async with state.pool.acquire() as db:
        made = next(each for each in await chronic.applications_of(db, WANG, "others") if not each.state.is_final)
        paper = await materials.accept(
            db,
            state.vault,
            state.files,
            person_id=HAN.person_id,
            uploaded_by=WANG,
            kind=MaterialKind.EXAM_REPORT,
            body=_picture(),
            now=NOW,
        )
        await materials.attach(db, person_id=HAN.person_id, numbers=[paper.number], subject=made.number, now=NOW)
    await visitor.sign_in("wang_xiuying")
    address, look = f"/chronic/applications/{made.number}", f"/papers/look/{paper.number}/1"
    assert look in (await visitor.get(address)).text
    assert (await visitor.get(look)).status_code == 200

    await visitor.get(f"{address}/withdraw")
    page = await visitor.follow(await visitor.post(f"{address}/withdraw", {"reason": ""}))
    assert look not in page.text
    assert "照片只有本人能看" in page.text
    assert (await visitor.get(look)).status_code == 404


LAW = """lists:
  - list: chronic_papers
    from: 2025-01-01
    table: {online: [%s], window: [%s]}
    sources: []
    confidence: illustrative
    checked_on: 2026-11-22
"""


@pytest.mark.parametrize("asked", ["insured_identity", "insured_identity, exam_report"])
async def test_the_card_kept_from_before_is_taken_with_one_tap_and_no_report_is(
    visitor: Browser, app: Litestar, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    state, folder = app.state, tmp_path / "shanxi" / "taiyuan"
    folder.mkdir(parents=True)
    (folder / "asked.yaml").write_text(LAW % (asked, asked), encoding="utf-8")
    monkeypatch.setattr(state, "pack", load_pack(state.settings.policies_dir, tmp_path))
    async with state.pool.acquire() as db:
        for kind in (MaterialKind.ID_CARD_FRONT, MaterialKind.EXAM_REPORT):
            kept = await materials.accept(
                db,
                state.vault,
                state.files,
                person_id=WANG,
                uploaded_by=WANG,
                kind=kind,
                body=_picture(),
                now=NOW,
            )
            await materials.attach(db, person_id=WANG, numbers=[kept.number], subject="B1", now=NOW)
    await visitor.sign_in("wang_xiuying")
    await visitor.get("/chronic")
    page = await visitor.follow(await visitor.post("/chronic/start"))
    page = await visitor.follow(await visitor.post(page.url.path, {"disease-M01600": "1", "version": "1"}))
    (hospital, *_) = re.findall(r'name="(institution-\w+)"', page.text)
    page = await visitor.follow(await visitor.post(page.url.path, {hospital: "1", "version": "2"}))
    assert page.url.path.endswith("/photos")
    assert "有 1 张身份证件的照片，不用再拍" in page.text
    is_all = asked == "insured_identity"
    assert ("都用上次的，下一步" in page.text) is is_all

    page = await visitor.follow(
        await visitor.post(page.url.path, {"again" if is_all else "go": "again", "version": "3"})
    )
    assert page.url.path.endswith("/contact" if is_all else "/photos")
    if not is_all:
        assert page.text.count('class="kept"><a') == 1  # the report of another time stays where it is
        refused = await visitor.post(page.url.path, {"version": "4"})
        assert (refused.status_code, "还没有检查报告" in refused.text) == (422, True)


def _picture() -> bytes:
    drawn = BytesIO()
    Image.new("RGB", (300, 400), "white").save(drawn, "JPEG")
    return drawn.getvalue()
