"""What a filing prints: the receipt, the window form, and the page that says whether a receipt still holds."""

import re
import zlib
from collections.abc import Iterator

import httpx
import pypdfium2
import pytest
from pages_kit import Visitor

from product_kit import World
from tongban.doors.portal.proofs import check_code
from tongban.infra.crypto import Vault


@pytest.fixture(autouse=True)
def _closing() -> Iterator[None]:
    yield
    Visitor.close_all()


@pytest.fixture
def zhang(site: World) -> Visitor:
    return Visitor(site.url).sign_in("zhang_jianguo")


@pytest.fixture
def number(zhang: Visitor) -> str:
    """The number of a filing just made and signed by typing."""
    zhang.start()
    zhang.walk()
    found = re.search(r"B\d{18,}", zhang.page.text)
    assert found, zhang.page.text
    return found[0]


def text_of(made: bytes) -> str:
    document = pypdfium2.PdfDocument(made)
    try:
        return "".join(page.get_textpage().get_text_range() for page in document)
    finally:
        document.close()


def code_of(site: World, number: str) -> str:
    return check_code(Vault.from_settings(site.settings), number)


def test_the_receipt_says_what_was_filed_and_hides_the_number(zhang: Visitor, number: str, site: World) -> None:
    made = zhang.get(f"/filing/records/{number}/proof.pdf")
    assert made.headers["content-type"] == "application/pdf"
    said = text_of(made.content)
    for expected in (number, "张建国", "河北省唐山市", "长期有效", "已备案", "签署了《", "职工医保（退休）"):
        assert expected in said, expected
    code = code_of(site, number)
    assert f"{code[:5]} {code[5:]}" in said
    assert not re.search(r"\d{17}[\dX]", said.replace(number, ""))
    assert "13800000001" not in said


def test_the_picture_is_made_for_a_phone(zhang: Visitor, number: str) -> None:
    page = zhang.get(f"/filing/records/{number}/proof")
    assert f'src="/filing/records/{number}/proof.png"' in page.text
    picture = zhang.get(f"/filing/records/{number}/proof.png").content
    assert picture.startswith(b"\x89PNG")
    width, height = int.from_bytes(picture[16:20]), int.from_bytes(picture[20:24])
    assert 700 <= width <= 1000
    assert height > width
    assert zlib.crc32(picture[12:29]) == int.from_bytes(picture[29:33])


def test_a_cancelled_filing_prints_as_closed(zhang: Visitor, number: str) -> None:
    zhang.get(f"/filing/records/{number}/cancel")
    zhang.send(action="/cancel")
    assert "已关闭" in text_of(zhang.get(f"/filing/records/{number}/proof.pdf").content)


def test_the_form_is_blank_for_anyone_and_full_for_its_owner(zhang: Visitor, number: str, site: World) -> None:
    blank = text_of(httpx.get(f"{site.url}/filing/form.pdf").content)
    for label in (
        "姓名",
        "性别",
        "手机号",
        "证件号码",
        "职工",
        "居民",
        "就医地",
        "当地住址",
        "签名",
        "经办机构",
        "经办人",
        "存档",
    ):
        assert label in blank, label
    for kind in (
        "异地安置退休人员",
        "异地长期居住人员",
        "常驻异地工作人员",
        "异地转诊就医人员",
        "非急诊且未转诊就医人员",
    ):
        assert kind in blank, kind
    assert "张建国" not in blank
    filled = text_of(zhang.get(f"/filing/records/{number}/form.pdf").content)
    for value in (number, "张建国", "13800000001", "路北区新华道 126 号", "河北省", "唐山市"):
        assert value in filled, value
    assert re.search(r"\d{17}[\dX]", filled.replace(number, ""))


@pytest.mark.parametrize("paper", ["proof", "proof.pdf", "proof.png", "form.pdf"])
def test_somebody_elses_papers_look_like_none(site: World, zhang: Visitor, number: str, paper: str) -> None:
    other = Visitor(site.url).sign_in("li_jing")
    theirs = other.get(f"/filing/records/{number}/{paper}")
    none = other.get(f"/filing/records/B{number[1:-2]}00/{paper}")
    assert theirs.status_code == none.status_code == 404
    assert "张建国" not in theirs.text
    visitor = Visitor(site.url)
    assert visitor.get(f"/filing/records/{number}/{paper}").url.path == "/sign-in"


def test_every_print_is_logged(site: World, zhang: Visitor, number: str) -> None:
    def logged() -> int:
        found = site.query(
            "select count(*) as n from infra.audit where action = 'filing.printed' and subject = $1", number
        )
        return int(found[0]["n"])

    before = logged()
    for paper in ("proof.pdf", "proof.png", "form.pdf"):
        zhang.get(f"/filing/records/{number}/{paper}")
    assert logged() == before + 3


def test_whoever_has_the_code_learns_one_word_and_no_name(site: World, zhang: Visitor, number: str) -> None:
    stranger = Visitor(site.url)
    code = code_of(site, number)
    page = stranger.get(f"/check/{number}/{code}")
    assert page.status_code == 200
    assert "有效" in page.text
    for secret in ("张建国", "唐山", "太原", "1950", "138000"):
        assert secret not in page.text.split("<footer", 1)[0]
    zhang.get(f"/filing/records/{number}/cancel")
    zhang.send(action="/cancel")
    assert "已取消" in stranger.get(f"/check/{number}/{code}").text


def test_without_the_code_every_number_is_unknown(site: World, number: str) -> None:
    code = code_of(site, number)
    pages = [
        httpx.get(f"{site.url}/check/{path}")
        for path in (f"{number}/AAAAAAAAAA", f"{number}/{code[:-1]}", f"B{'1' * 20}/{code}", f"Z1/{code}", "é/é")
    ]
    assert {page.status_code for page in pages} == {404}
    assert all("没有查到" in page.text for page in pages)


def test_the_code_may_be_typed_as_it_is_printed(site: World, number: str) -> None:
    code = code_of(site, number)
    stranger = Visitor(site.url)
    stranger.get("/check")
    stranger.send(action="/check", number=number.lower(), code=f" {code[:5].lower()} {code[5:]}")
    assert stranger.path == f"/check/{number}/{code}"
    assert "有效" in stranger.page.text


def test_trying_codes_is_slowed_down(site: World, number: str) -> None:
    with httpx.Client(base_url=site.url) as client:
        answers = [client.get(f"/check/{number}/AAAAAAAAA{n % 10}").status_code for n in range(45)]
    assert answers[-1] == 429 or 429 in answers
