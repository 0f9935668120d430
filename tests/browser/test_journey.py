"""One thing from the first page to its end, the estimate, the entrances by the names people were told, the keyboard."""

import re
from collections.abc import Callable

import pytest
from browser_kit import Site
from playwright.sync_api import expect
from walk import Walk

NAMES = {
    "就医费用报销一件事": "/journey",
    "高效办成一件事": "/journey",
    "异地就医自助备案": "/filing",
    "我要办": "/filing",
    "我要查": "/filing/records",
    "异地备案查询": "/filing/records",
    "查看记录": "/filing/records",
    "联系我们": "/contact",
    "长辈版": "/prefs",
    "关怀版": "/prefs",
    "敬老版": "/prefs",
    "亲情版": "/prefs",
    "医疗费用报销": "/reimbursement",
    "门诊慢特病": "/chronic",
    "职工医保个人账户家庭共济": "/family-account",
    "能报多少": "/estimate",
    "定点医院": "/hospitals",
}


@pytest.fixture
def clean(site: Site) -> Site:
    """Nobody of the cast has a journey, a filing or a draft."""
    for table in ("journeys.journey", "drafts.draft"):
        site.execute(f"delete from {table} where person_id in (select person_id from people.person where is_demo)")
    return site


@pytest.mark.parametrize("mode", ["normal", "elder", "nojs"])
def test_a_daughter_brings_her_mothers_matter_together(walk: Callable[..., Walk], clean: Site, mode: str) -> None:
    daughter = walk("li_jing", mode, check=True, story="journey")
    daughter.open("/")
    daughter.tap("给家人")
    daughter.tap("就医费用报销一件事", exact=False, within="main")
    daughter.tap("退休了，去外地跟子女住", exact=False)
    daughter.tap("看看要办什么")
    daughter.refused(1)
    daughter.choose("北京")
    daughter.tap("看看要办什么")
    assert daughter.title == "退休了，去外地跟子女住：办到哪一步了？"
    # Four taps and one choice; the tap that was refused was the test's.
    assert daughter.actions - 1 == 5
    daughter.says("下一步：去备案")
    where = daughter.path
    daughter.tap("下一步：去备案")
    assert daughter.path.startswith("/filing/")
    daughter.open("/")
    daughter.says("王秀英：退休了，去外地跟子女住")
    daughter.open(where)
    daughter.says("接着办")
    mother = walk("wang_xiuying", mode, story="journey-mother")
    mother.open("/inbox")
    mother.says("家人在帮您办一件事")
    mother.open(where)
    mother.says("李静在帮您办")
    mother.tap("不办这件事了")
    mother.tap("停掉这件事")
    mother.says("这件事已经停了")
    assert mother.actions == 2


@pytest.mark.parametrize("mode", ["normal", "elder", "nojs"])
def test_what_one_will_pay_and_a_link_for_the_family(walk: Callable[..., Walk], mode: str) -> None:
    visitor = walk("", mode, check=True, story="estimate")
    visitor.open("/")
    visitor.tap("算算自己要付多少钱")
    visitor.choose("居民")
    visitor.pick("在哪里参保？", "太原市")
    visitor.choose("外省")
    visitor.choose("本地医院让转过去", exact=False)
    visitor.fill("大约要花多少钱？", "3.86万")
    visitor.tap("算一算")
    assert visitor.title == "去外省住院，自己付多少？"
    # 55 % of 37,600.00 are 20,680.00; of the 17,920.00 left, 75 % of what passes 10,000.00 are 5,940.00.
    visitor.says("11,980.00")
    assert visitor.actions == 7
    link = visitor.page.get_by_label("这一页的网址").input_value()
    visitor.unfold("为什么是 55%")
    visitor.page.locator(".bars").get_by_role("link", name="自己去，没有转诊").click()
    visitor.says("现在看的")
    stranger = walk("", mode, check=True, story="estimate-sent")
    stranger.open(link)
    stranger.says("11,980.00")


def test_every_name_people_were_told_leads_there_from_the_first_page(walk: Callable[..., Walk]) -> None:
    visitor = walk("", "nojs", check=True, story="entrances")
    visitor.open("/")
    visitor.page.get_by_role("searchbox", name="找一件事").fill(next(iter(NAMES)))
    visitor.page.get_by_role("button", name="找", exact=True).click()
    expect(visitor.page).to_have_url(re.compile(r"/search\?q="))
    for name, where in NAMES.items():
        visitor.open(f"/search?q={name}")
        links = visitor.page.locator("main ul.cards a[href]")
        found = links.evaluate_all("links => links.map(link => link.getAttribute('href'))")
        assert where in found, (name, found)
    # The same names as they stand on the first page and behind it, without searching.
    visitor.open("/")
    for words in ("就医费用报销一件事", "高效办成一件事", "我要办", "我要查", "异地备案查询", "联系我们", "长辈版"):
        assert visitor.says(words)
    visitor.tap("异地就医备案", exact=False, within="main")
    for words in ("异地就医自助备案", "立即办理", "查看记录"):
        assert visitor.says(words)


def test_one_thing_by_the_keyboard_alone(walk: Callable[..., Walk], clean: Site) -> None:
    person = walk("wang_xiuying", story="keyboard")
    page = person.page
    person.open("/journey")
    person.tab_to("在外地得了急病")
    page.keyboard.press("Enter")
    page.wait_for_url("**/journey/new?event=emergency")
    person.tab_to("北京")
    page.keyboard.press("ArrowRight")  # a group of radio buttons is one stop
    expect(page.get_by_label("北京", exact=True)).not_to_be_checked()
    person.tab_to("看看要办什么")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("在外地得了急病：办到哪一步了？")
    assert "不用办" in page.locator("main").inner_text()


def test_the_first_page_asks_older_people_once_and_obeys_the_phones_dark(walk: Callable[..., Walk]) -> None:
    older = walk("zhang_jianguo", check=True, story="home", color_scheme="dark")
    older.open("/")
    dark = older.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert dark == "rgb(13, 20, 19)"
    older.tap("换成长辈版")
    assert older.page.locator("html[data-elder]").count() == 1
    assert older.page.get_by_text("字要不要大一点").count() == 0
    older.open("/prefs")
    older.choose("特大")
    older.choose("浅色")
    older.tap("就这样")
    assert older.page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)") >= 30
    assert older.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(242, 245, 244)"
    older.look_closely()
