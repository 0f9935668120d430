"""Filing for family, changing and in-hospital filing over HTTP, as a browser without scripts does."""

import io
import re
from collections.abc import Iterator
from datetime import timedelta

import pypdfium2
import pytest
from filing_kit import NAME_IN_STROKES
from pages_kit import Visitor
from PIL import Image

from product_kit import World, today
from tongban.people import demo_cast

MOTHER = next(person for person in demo_cast() if person.name == "王秀英")
LI = next(person for person in demo_cast() if person.name == "李静")
ZHANG = next(person for person in demo_cast() if person.name == "张建国")


def photo(shade: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (600, 380), (shade, 90, 140)).save(out, "JPEG")
    return out.getvalue()


@pytest.fixture(autouse=True)
def _closing() -> Iterator[None]:
    yield
    Visitor.close_all()


@pytest.fixture
def li(site: World) -> Visitor:
    """李静, whose mother 王秀英 is bound with her."""
    return Visitor(site.url).sign_in("li_jing")


def begin_for_mother(li: Visitor) -> str:
    li.get("/filing/for-family")
    li.send(for_=f"kin:{MOTHER.person_id}")
    assert li.path.endswith("/relation"), li.path  # the records leave no question about the two persons
    return li.path.rpartition("/")[0]


def to_photos(li: Visitor) -> None:
    li.send(agree="1", typed="李静")
    assert li.path.endswith("/photos"), li.page.text


def all_photos(li: Visitor) -> None:
    for shade, slot in enumerate(("proxy_front", "proxy_back", "insured_front", "insured_back"), 20):
        li.photo(slot, photo(shade))
        assert li.page.status_code == 200, li.page.text
    li.send(action="/photos")
    assert li.path.endswith("/place"), li.page.text


def file_for_mother(li: Visitor) -> str:
    draft = begin_for_mother(li)
    to_photos(li)
    all_photos(li)
    li.walk(typed="李静")
    assert li.path.endswith("/done"), li.page.text
    number = re.search(r"B\d{18,}", li.page.text)
    assert number
    assert draft
    return number[0]


def told(record: str) -> list[str]:
    """Whom the record says we told."""
    return sorted(re.findall(">告诉了([^<]+)<", record), key="您".__ne__)


def test_a_daughter_files_for_her_mother_who_is_told_and_cancels(li: Visitor, site: World) -> None:
    number = file_for_mother(li)
    assert "王秀英去河北省唐山市看病的备案办好了" in li.page.text
    assert site.query("select relation from filing.filing")[0]["relation"] == "parent"
    assert site.query("select count(*) as n from signing.signature")[0]["n"] == 2
    mine = li.get(f"/filing/records/{number}").text
    assert "李静" in mine
    assert "母亲" in mine
    assert "签名以后，内容没有改过" in mine
    assert mine.count("/papers/look/") == 4
    assert number in li.get("/filing/records?whose=others").text
    assert number not in li.get("/filing/records").text

    mother = Visitor(site.url).sign_in("wang_xiuying")
    assert "李静替您办了备案" in mother.get("/inbox").text
    hers = mother.get(f"/filing/records/{number}").text
    assert "替您办的" in hers
    assert told(mine) == ["您", "王秀英"]
    assert told(hers) == ["您", "李静"]
    mother.get(f"/filing/records/{number}/cancel")
    mother.send(reason="没同意")
    assert "已关闭" in mother.page.text
    assert "王秀英取消了" in li.get("/inbox").text


def test_the_form_carries_the_name_under_the_filing_not_under_the_relation(li: Visitor) -> None:
    begin_for_mother(li)
    to_photos(li)  # typed there, drawn under the filing
    all_photos(li)
    li.walk(until="sign")
    li.send(agree="1", sign=NAME_IN_STROKES, typed="")
    number = re.search(r"B\d{18,}", li.page.text)
    assert number
    form = pypdfium2.PdfDocument(li.get(f"/filing/records/{number[0]}/form.pdf").content)[0]
    assert [each for each in form.get_objects() if each.type == pypdfium2.raw.FPDF_PAGEOBJ_IMAGE]


def test_every_page_says_whom_it_is_for(li: Visitor) -> None:
    draft = begin_for_mother(li)
    to_photos(li)
    all_photos(li)
    for step in ("place", "kind", "notice", "contact", "review", "sign"):
        li.walk(until=step)
        assert "为 <b>王秀英</b>（母亲）办理" in li.page.text, step
    for step in ("relation", "photos"):
        assert "为 <b>王秀英</b>（母亲）办理" in li.get(f"{draft}/{step}").text


def test_somebody_not_bound_is_found_by_name_and_number(li: Visitor, site: World) -> None:
    li.get("/filing/for-family")
    li.send(for_="other")
    assert li.path.endswith("/person")
    typed = {"name": "张建国", "id_number": "140107195810010000", "relation": "other"}
    li.send(**typed)
    assert li.page.status_code == 422
    assert li.form().values["name"] == "张建国"
    unknown = "请对照" in li.page.text
    assert unknown
    li.send(name="张建围", id_number=ZHANG.id_number, relation="other")
    wrong_name = re.search(r'class="err"[^>]*>([^<]+)<', li.page.text)
    li.send(name="张建国", id_number="14010719581001001X", relation="other")
    assert wrong_name
    li.send(name="张建国", id_number=ZHANG.id_number, relation="other")
    assert li.path.endswith("/relation"), li.page.text
    assert "职工医保 · 退休" in li.page.text
    assert ZHANG.id_number not in li.page.text
    draft = li.path.rpartition("/")[0]
    again = li.get(f"{draft}/person").text
    assert ZHANG.id_number not in again
    assert "已核对" in again
    li.send(relation="sibling")  # the masked number stands for the person who was found
    assert li.path.endswith("/relation")
    assert "兄弟" in li.page.text
    li.get(f"{draft}/person")
    li.send(name="张建")  # another name is another person, and nobody stays found
    assert li.page.status_code == 422
    assert li.get(f"{draft}/proxy").url.path.endswith("/person")


def test_a_relative_who_is_not_ones_own_cannot_be_chosen(li: Visitor) -> None:
    li.get("/filing/for-family")
    li.send(for_=f"kin:{ZHANG.person_id}")
    assert li.page.status_code == 404
    li.get("/filing/for-family")
    li.send(for_="other")
    draft = li.path.rpartition("/")[0]
    li.get(f"{draft}/who")
    li.send(for_=f"kin:{ZHANG.person_id}")
    assert li.page.status_code == 422
    assert "张建国" not in li.page.text


def test_oneself_is_filed_for_as_oneself(li: Visitor) -> None:
    me = next(person for person in demo_cast() if person.name == "李静")
    li.get("/filing/for-family")
    li.send(for_="other")
    li.send(name="李静", id_number=me.id_number, relation="other")
    assert li.page.status_code == 422
    assert "给自己办" in li.page.text


def test_without_the_mothers_active_code_it_says_what_to_do(site: World) -> None:
    guo = Visitor(site.url).sign_in("guo_xiaoyan")
    guo.get("/filing/for-family")
    form = next(re.finditer(r'value="(kin:\d+)"', guo.page.text))[1]
    guo.send(for_=form)
    assert "请赵玉梅用手机激活医保码" in guo.page.text
    guo.send(proxy_tel="19900000005")
    assert guo.page.status_code == 422
    assert "窗口" in guo.page.text


def test_missing_pictures_are_named_at_their_slots(li: Visitor) -> None:
    begin_for_mother(li)
    to_photos(li)
    li.send(action="/photos")
    assert li.page.status_code == 422
    assert 'href="#proxy_front"' in li.page.text
    assert 'href="#insured_front"' in li.page.text
    li.photo("proxy_register", photo(40))
    li.photo("insured_front", photo(41))
    li.send(action="/photos")
    assert 'href="#insured_back"' in li.page.text
    assert 'href="#proxy_front"' not in li.page.text


def test_another_picture_after_signing_voids_the_name(li: Visitor, site: World) -> None:
    draft = begin_for_mother(li)
    to_photos(li)
    all_photos(li)
    li.walk(until="sign")
    other = Visitor(site.url).sign_in("li_jing")
    other.get(f"{draft}/photos")
    other.photo("proxy_back", photo(99))
    li.send(agree="1", typed="李静")
    assert li.path.endswith("/review")
    li.send()
    li.send(agree="1", typed="李静")
    assert "备案成功" in li.page.text


def test_the_second_time_both_cards_are_one_tap(li: Visitor, site: World) -> None:
    def kept() -> tuple[int, int]:
        tables = ("material", "attachment")
        materials, attached = (site.query(f"select count(*) as n from materials.{name}")[0]["n"] for name in tables)
        return materials, attached

    file_for_mother(li)
    materials, attached = kept()
    begin_for_mother(li)
    to_photos(li)
    assert "都用上次的" in li.page.text
    li.send(again="again", action="/photos")
    assert li.path.endswith("/place"), li.page.text
    li.walk(typed="李静", area="130100")
    assert li.path.endswith("/done"), li.page.text
    assert kept() == (materials, attached + 4)


def test_of_somebody_new_only_ones_own_card_is_there_again(li: Visitor, site: World) -> None:
    file_for_mother(li)
    li.get("/filing/for-family")
    li.send(for_="other")
    li.send(name="张建国", id_number=ZHANG.id_number, relation="other")
    to_photos(li)
    assert "用上次的 2 张" in li.page.text
    assert "都用上次的" not in li.page.text
    li.send(go="again", action="/photos")
    assert li.path.endswith("/photos")
    assert "有 2 处要改" not in li.page.text  # nothing was handed in yet, so nothing is wrong yet
    assert li.page.text.count("已存好") == 2
    li.send(again="again", action="/photos")  # a form of our page, sent by hand
    assert li.page.status_code == 422
    assert 'href="#insured_front"' in li.page.text


def test_whoever_was_typed_becomes_a_relative_with_one_tap(li: Visitor, site: World) -> None:
    li.get("/filing/for-family")
    li.send(for_="other")
    li.send(name="张建国", id_number=ZHANG.id_number, relation="parent")
    draft = li.path.rpartition("/")[0]
    assert li.http.post(f"{draft}/kin", data=li.form().values).headers["location"] == f"{draft}/relation"
    to_photos(li)
    all_photos(li)
    li.walk(typed="李静")
    assert "把张建国登记成家人" in li.page.text
    stranger = Visitor(site.url).sign_in("wang_xiuying")
    stranger.get("/filing")
    assert stranger.http.post(f"{draft}/kin", data=stranger.forms()[0].values).status_code == 404
    li.send(action="/kin")
    assert li.path == f"{draft}/done"
    assert "登记成您的家人了" in li.page.text
    assert "把张建国登记成家人" not in li.page.text
    assert "给张建国办" in li.get("/filing/for-family").text
    zhang = Visitor(site.url).sign_in("zhang_jianguo")
    assert "李静把您登记成了家人" in zhang.get("/inbox").text


def test_a_friend_and_a_relative_bound_already_are_not_offered(li: Visitor) -> None:
    file_for_mother(li)
    assert "登记成家人" not in li.page.text
    li.get("/filing/for-family")
    li.send(for_="other")
    li.send(name="张建国", id_number=ZHANG.id_number, relation="other")
    to_photos(li)
    li.send(go="again", action="/photos")
    for shade, slot in enumerate(("insured_front", "insured_back"), 80):
        li.photo(slot, photo(shade))
    li.send(action="/photos")
    li.walk(typed="李静")
    assert "备案成功" in li.page.text
    assert "登记成家人" not in li.page.text


def test_papers_of_the_first_never_go_with_a_filing_for_another(li: Visitor, site: World) -> None:
    """The mother's ID card was photographed; then the errand becomes one for somebody else."""
    draft = begin_for_mother(li)
    to_photos(li)
    window = Visitor(site.url).sign_in("li_jing")
    window.get(f"{draft}/photos")
    all_photos(li)
    li.get(f"{draft}/who")
    li.send(for_="other")
    li.send(name="张建国", id_number=ZHANG.id_number, relation="other")
    to_photos(li)
    assert li.page.text.count("已存好") == 2  # her own card
    window.photo("insured_front", photo(70))
    assert window.page.status_code == 404
    assert "换了人办" in window.page.text
    li.send(action="/photos")
    assert 'href="#insured_front"' in li.page.text
    for shade, slot in enumerate(("insured_front", "insured_back"), 80):
        li.photo(slot, photo(shade))
    li.send(action="/photos")
    li.walk(typed="李静")
    assert "备案成功" in li.page.text, li.page.text
    number = re.search(r"B\d{18,}", li.page.text)
    assert number
    rows = site.query(f"select owner_id from materials.attachment where subject = '{number[0]}'")
    assert {row["owner_id"] for row in rows} == {ZHANG.person_id, LI.person_id}


def test_another_phone_number_voids_the_first_name(li: Visitor) -> None:
    draft = begin_for_mother(li)
    to_photos(li)
    all_photos(li)
    li.walk(until="review")
    li.get(f"{draft}/proxy?from=review")
    li.send(proxy_tel="19900000009")
    assert li.path.endswith("/relation")
    assert "作废" not in li.page.text or "签名" in li.page.text
    li.send(agree="1", typed="李静")
    assert li.path.endswith("/review")


def test_choosing_oneself_in_another_window_leaves_nothing_half_for_another(li: Visitor, site: World) -> None:
    draft = begin_for_mother(li)
    other = Visitor(site.url).sign_in("li_jing")
    other.get(f"{draft}/who")
    other.send(for_="self")
    li.send(agree="1", typed="李静")
    assert li.path.endswith("/place")
    assert "另一个页面也填过" in li.page.text
    li.walk(typed="李静")
    assert "备案成功" in li.page.text
    row = site.query("select person_id = filed_by as own from filing.filing")[0]
    assert row["own"]


@pytest.mark.parametrize("step", ["person", "proxy", "relation", "photos"])
def test_a_strangers_draft_for_another_does_not_exist(li: Visitor, site: World, step: str) -> None:
    draft = begin_for_mother(li)
    for resident in ("wang_xiuying", "zhang_jianguo"):  # not even the insured person reads what was typed for her
        assert Visitor(site.url).sign_in(resident).get(f"{draft}/{step}").status_code == 404


def test_nobody_else_sees_the_record_nor_the_pictures(li: Visitor, site: World) -> None:
    number = file_for_mother(li)
    looks = re.findall(r"/papers/look/\w+/1", li.get(f"/filing/records/{number}").text)
    stranger = Visitor(site.url).sign_in("zhang_jianguo")
    for path in (f"/filing/records/{number}", f"/filing/records/{number}/relation.png", *looks):
        assert stranger.get(path).status_code == 404
    stranger.get("/filing")
    token = stranger.forms()[0].values
    for verb in ("change", "cancel"):
        assert stranger.http.post(f"/filing/records/{number}/{verb}", data=token).status_code == 404


# --- change -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def zhang(site: World) -> Visitor:
    return Visitor(site.url).sign_in("zhang_jianguo")


def filed(zhang: Visitor) -> str:
    zhang.start()
    zhang.walk()
    number = re.search(r"B\d{18,}", zhang.page.text)
    assert number
    return number[0]


def test_a_change_is_one_review_and_one_signature(zhang: Visitor, site: World) -> None:
    old = filed(zhang)
    zhang.get(f"/filing/records/{old}")
    zhang.send(action="/change")
    assert zhang.path.endswith("/review"), zhang.page.text
    assert "原来的备案同时取消" in zhang.page.text
    draft = zhang.path.rpartition("/")[0]
    zhang.get(f"{draft}/place?from=review")
    zhang.send(area="130100")
    assert zhang.path.endswith("/review")
    zhang.send()
    zhang.send(agree="1", typed="张建国")
    assert "备案成功" in zhang.page.text
    assert "原来的备案已经取消" in zhang.page.text
    before = zhang.get(f"/filing/records/{old}").text
    assert "已关闭" in before
    new = re.search(r"/filing/records/(B\d+)\">看改好的新备案", before)
    assert new
    after = zhang.get(f"/filing/records/{new[1]}").text
    assert "河北省石家庄市" in after
    assert f"/filing/records/{old}" in after
    rows = site.query("select status from filing.filing order by filing_serial")
    assert [row["status"] for row in rows] == ["closed", "active"]


def test_a_change_stays_with_whom_it_is_of(li: Visitor, site: World) -> None:
    number = file_for_mother(li)
    li.get(f"/filing/records/{number}")
    li.send(action="/change")
    draft = li.path.rpartition("/")[0]
    li.get(f"{draft}/who")
    li.send(for_="self")
    assert li.page.status_code == 422
    assert "不能换人" in li.page.text
    li.send(for_=f"kin:{MOTHER.person_id}")
    assert li.path.endswith("/relation"), li.page.text


def test_a_change_of_what_was_cancelled_meanwhile_files_nothing(zhang: Visitor, site: World) -> None:
    old = filed(zhang)
    zhang.get(f"/filing/records/{old}")
    zhang.send(action="/change")
    zhang.send()
    other = Visitor(site.url).sign_in("zhang_jianguo")
    other.get(f"/filing/records/{old}/cancel")
    other.send()
    zhang.send(agree="1", typed="张建国")
    assert zhang.page.status_code == 409
    assert "原来的备案已经取消了" in zhang.page.text
    assert len(site.query("select 1 as one from filing.filing")) == 1


def test_after_a_settlement_no_change_is_offered_or_taken(zhang: Visitor, site: World) -> None:
    old = filed(zhang)
    zhang.get(f"/filing/records/{old}")
    zhang.send(action="/change")
    zhang.send()
    site.query("update filing.filing set settlements_here = 1 returning 1")
    zhang.send(agree="1", typed="张建国")
    assert zhang.page.status_code == 409
    assert "结算过" in zhang.page.text
    assert "改这个备案" not in zhang.get(f"/filing/records/{old}").text


# --- in hospital already ----------------------------------------------------------------------------------------------


def test_somebody_in_hospital_files_from_the_day_before_admission(zhang: Visitor, site: World) -> None:
    zhang.start()
    zhang.walk(until="contact")
    admitted = today() - timedelta(days=3)
    zhang.send(
        start_choice="today",
        admitted_choice="in",
        admitted=admitted.isoformat(),
        residence="路北区新华道 126 号",
        tel="13800000001",
        addr="太原市小店区体育路 8 号",
    )
    assert zhang.path.endswith("/review"), zhang.page.text
    zhang.walk()
    row = site.query("select valid_from, answers->>'stage' as stage from filing.filing")[0]
    assert row["valid_from"] == admitted - timedelta(days=1)
    assert row["stage"] == "in_hospital"


def test_somebody_who_has_paid_already_is_told_what_to_do(zhang: Visitor) -> None:
    zhang.start()
    zhang.walk(until="contact")
    zhang.send(
        start_choice="today",
        admitted_choice="paid",
        admitted=(today() - timedelta(days=3)).isoformat(),
        residence="路北区新华道 126 号",
        tel="13800000001",
        addr="太原市小店区体育路 8 号",
    )
    assert zhang.page.status_code == 422
    assert "票据报销" in zhang.page.text


def test_proofs_may_be_shown_and_are_kept(zhang: Visitor, site: World) -> None:
    draft = zhang.start()
    zhang.walk(until="review")
    zhang.get(f"{draft}/proofs")
    zhang.photo("proof_residence_permit", photo(60))
    zhang.send(action="/proofs")
    assert zhang.path.endswith("/review")
    assert "已交 1 张照片" in zhang.page.text
    zhang.walk()
    number = re.search(r"B\d{18,}", zhang.page.text)
    assert number
    assert "居住证或暂住证" in zhang.get(f"/filing/records/{number[0]}").text
