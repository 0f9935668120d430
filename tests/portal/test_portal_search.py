"""Finding things by the names people were told, by their own words, by pinyin and with a wrong character."""

import html
import re

import pytest
from litestar import Litestar
from portal_kit import Browser
from pypinyin import lazy_pinyin

from tongban.doors.portal.glossary import glossary


@pytest.fixture
def visitor(shared_app: Litestar) -> Browser:
    return Browser.of(shared_app)


async def first_found(visitor: Browser, asked: str) -> str:
    """The address behind the first thing found; empty when the page lists everything instead."""
    page = (await visitor.get("/search", params={"q": asked})).text
    if "从这里办" not in page:
        return ""
    found = page.partition("从这里办")[2]
    return html.unescape(re.search(r'class="plainlink" href="([^"]+)"', found)[1])  # type: ignore[index]


@pytest.mark.parametrize(
    ("asked", "leads_to"),
    [
        ("就医费用报销一件事", "/journey"),
        ("高效办成一件事", "/journey"),
        ("异地就医自助备案", "/filing"),
        ("异地备案查询", "/filing/records"),
        ("职工医保个人账户家庭共济", "/family-account"),
        ("门诊慢特病费用跨省直接结算", "/chronic"),
        ("联系我们", "/contact"),
        ("长辈版", "/prefs"),
        ("关怀版", "/prefs"),
        ("敬老版", "/prefs"),
        ("亲情版", "/prefs"),
        ("医保电子凭证", "/code"),
        ("报销", "/reimbursement"),
        ("发票", "/reimbursement"),
        ("高血压", "/chronic"),
        # with a wrong character, in other width, with spaces
        ("异地就医备按", "/filing"),
        ("家庭共计", "/family-account"),
        ("１２３９３", "/contact"),
        ("家庭 共济", "/family-account"),
        # as typed without an input method
        ("ydjyba", "/filing"),
        ("YiDiJiuYi", "/filing"),
        ("manteb", "/chronic"),
        ("yibaoma", "/code"),
        ("jtgj", "/family-account"),
    ],
)
async def test_what_people_type_leads_there(visitor: Browser, asked: str, leads_to: str) -> None:
    assert await first_found(visitor, asked) == leads_to


@pytest.mark.parametrize("asked", ["zzzz", "火星", "？？", "a"])
async def test_where_nothing_is_found_it_says_what_to_try(visitor: Browser, asked: str) -> None:
    page = (await visitor.get("/search", params={"q": asked})).text
    assert "换个词再找" in page
    assert "12393" in page
    for entrance in glossary().entrances:  # and everything there is, to choose from
        assert f"<h3>{entrance.title}" in page


async def test_what_is_typed_is_shown_as_text_and_cut(visitor: Browser) -> None:
    page = (await visitor.get("/search", params={"q": '"><script>alert(1)</script>' + "长" * 100})).text
    assert "<script>alert" not in page
    assert "长" * 41 not in page


async def test_every_entrance_opens(visitor: Browser) -> None:
    for entrance in glossary().entrances:
        for door in entrance.doors:
            response = await visitor.get(door.href)
            assert response.status_code in (200, 303), door.href


def test_the_pinyin_is_that_of_the_titles() -> None:
    for entrance in glossary().entrances:
        letters = "".join(character for character in entrance.title if character.isalnum())
        syllables = lazy_pinyin(letters, errors=list)
        assert entrance.pinyin == ("".join(syllables), "".join(each[0] for each in syllables)), entrance.title
