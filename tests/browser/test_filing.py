"""The whole filing in a real Chromium: drawn and typed names, elder mode, no scripts, and nothing axe complains of."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser_kit import Site
from playwright.sync_api import Browser, Page

_LETTERS = (
    ((0.08, 0.3), (0.3, 0.3)),
    ((0.18, 0.15), (0.18, 0.85)),
    ((0.4, 0.25), (0.6, 0.25), (0.5, 0.8)),
    ((0.72, 0.2), (0.93, 0.2), (0.93, 0.85), (0.72, 0.85)),
)


_HIS = "(select person_id from people.person where is_demo and name = '张建国')"


@pytest.fixture
def clean(site: Site) -> Site:
    """张建国 has no filings and no drafts."""
    for table in ("draft", "signature", "event", "filing", "person_serial"):
        site.execute(f"delete from filing.{table} where person_id in {_HIS}")
    return site


def methods(site: Site) -> list[str]:
    """How 张建国 has signed his filings."""
    return [row["method"] for row in site.execute(f"select method from signing.signature where person_id in {_HIS}")]


@contextmanager
def phone(browser: Browser, site: Site, *, elder: bool = False, width: int = 390, **more: Any) -> Iterator[Page]:
    """张建国's phone, signed in."""
    context = browser.new_context(
        base_url=site.url,
        viewport={"width": width, "height": 844},
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
        **more,
    )
    context.set_default_timeout(5000)
    page = context.new_page()
    page.goto("/sign-in" + ("?elder=1" if elder else ""))
    page.locator("button[value=zhang_jianguo]").click()
    if page.url.endswith("/consent") or "/consent?" in page.url:
        page.get_by_role("checkbox").check()
        page.locator("main form button").first.click()
    yield page
    context.close()


def accessible(page: Page) -> None:
    """Nothing axe complains of, nothing wider than the phone."""
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url


def go_on(page: Page, text: str = "下一步") -> None:
    page.get_by_role("button", name=text, exact=True).click()


def refused(page: Page, count: int) -> None:
    """The page says how many things to mend, in its title and in a box that has the focus."""
    assert page.title().startswith(f"有 {count} 处要改")
    assert page.evaluate("document.activeElement.className") == "errbox"
    accessible(page)


def walk_to_sign(page: Page) -> None:
    """From the questions to the commitment, looking at every page, and making every mistake once."""
    page.goto("/filing")
    accessible(page)
    go_on(page, "看看要不要备案")
    refused(page, 3)
    page.get_by_label("外省").check()
    page.get_by_label("住院").check()
    page.get_by_label("长期在那里住").check()
    go_on(page, "看看要不要备案")
    accessible(page)
    go_on(page, "开始备案")
    accessible(page)
    go_on(page)
    accessible(page)
    go_on(page)
    refused(page, 1)
    page.get_by_label("或者先选省份").select_option(label="河北省")
    page.get_by_label("唐山市").check()
    assert page.locator("[data-mirror]").inner_text() == "河北省 唐山市"
    go_on(page)
    accessible(page)
    go_on(page)
    refused(page, 1)
    page.get_by_label("长期住在那里").check()
    go_on(page)
    accessible(page)
    go_on(page)
    refused(page, 1)
    page.get_by_label("我看过了").check()
    go_on(page)
    accessible(page)
    page.get_by_label("联系人手机号").fill("1380351")
    page.get_by_label("住哪里").fill("路北区新华道 126 号 3 单元 502")
    page.get_by_label("联系地址").fill("太原市小店区体育路 8 号")
    go_on(page)
    refused(page, 1)
    page.get_by_label("联系人手机号").fill("138 0351 0001")
    go_on(page)
    accessible(page)
    go_on(page, "没有错，下一步")
    accessible(page)


def draw_name(page: Page) -> None:
    pad = page.locator("canvas")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box is not None
    for first, *others in _LETTERS:
        page.mouse.move(box["x"] + box["width"] * first[0], box["y"] + box["height"] * first[1])
        page.mouse.down()
        for x, y in others:
            page.mouse.move(box["x"] + box["width"] * x, box["y"] + box["height"] * y, steps=6)
        page.mouse.up()


@pytest.mark.parametrize("elder", [False, True], ids=["normal", "elder"])
def test_filing_with_a_drawn_name(browser: Browser, clean: Site, elder: bool) -> None:
    with phone(browser, clean, elder=elder) as page:
        assert page.locator("html[data-elder]").count() == int(elder)
        walk_to_sign(page)
        go_on(page, "签好了，提交")
        refused(page, 2)
        page.get_by_label("我看完了").check()
        draw_name(page)
        go_on(page, "签好了，提交")
        page.get_by_role("heading", name="备案成功").wait_for()
        accessible(page)
        page.get_by_role("link", name="保存回执").click()
        accessible(page)
        assert page.get_by_role("img", name="张建国的手写签名").evaluate("e => e.naturalWidth") == 900
        page.goto("/filing/records")
        accessible(page)
        page.get_by_role("link", name="去河北省唐山市看病").click()
        accessible(page)
        page.get_by_role("link", name="取消备案").click()
        accessible(page)
        go_on(page, "确认取消")
        assert page.get_by_text("已关闭", exact=True).count() == 1
        accessible(page)
    assert methods(clean) == ["strokes"]


def test_filing_without_scripts(browser: Browser, clean: Site) -> None:
    with phone(browser, clean, java_script_enabled=False) as page:
        page.goto("/filing")
        page.get_by_label("外省").check()
        page.get_by_label("住院").check()
        page.get_by_label("长期在那里住").check()
        go_on(page, "看看要不要备案")
        go_on(page, "开始备案")
        go_on(page)
        page.get_by_label("或者先选省份").select_option(label="河北省")
        go_on(page, "看这个省的城市")
        page.get_by_label("唐山市").check()
        go_on(page)
        page.get_by_label("长期住在那里").check()
        go_on(page)
        page.get_by_label("我看过了").check()
        go_on(page)
        page.get_by_label("住哪里").fill("路北区新华道 126 号 3 单元 502")
        page.get_by_label("联系地址").fill("太原市小店区体育路 8 号")
        go_on(page)
        go_on(page, "没有错，下一步")
        assert not page.locator("canvas").is_visible()
        page.get_by_label("我看完了").check()
        if not page.get_by_label("打字写下全名").is_visible():
            page.locator("summary", has_text="手写不方便").click()
        page.get_by_label("打字写下全名").fill("张建国")
        go_on(page, "签好了，提交")
        page.get_by_role("heading", name="备案成功").wait_for()
    assert methods(clean) == ["typed"]


def test_a_drawn_name_survives_a_refusal_and_can_be_taken_back(browser: Browser, clean: Site) -> None:
    with phone(browser, clean) as page:
        walk_to_sign(page)
        draw_name(page)
        go_on(page, "签好了，提交")
        refused(page, 1)
        kept = page.locator("input[name=sign]").input_value()
        assert kept.count("[[") == len(_LETTERS)
        page.get_by_role("button", name="退一笔").click()
        assert len(page.locator("input[name=sign]").input_value()) < len(kept)
        page.get_by_role("button", name="全部重写").click()
        assert page.locator("input[name=sign]").input_value() == ""
        page.get_by_label("我看完了").check()
        go_on(page, "签好了，提交")
        refused(page, 1)


def test_dates_are_asked_for_only_when_chosen(browser: Browser, clean: Site) -> None:
    with phone(browser, clean, width=320) as page:
        walk_to_sign(page)
        page.get_by_role("link", name="上一步").click()
        page.locator("dl a[href*='#start']").first.click()
        accessible(page)
        assert not page.locator("#start").is_visible()
        page.get_by_label("选日期", exact=True).first.check()
        assert page.locator("#start").is_visible()
        go_on(page)
        refused(page, 1)
        assert page.locator("#start").is_visible()


def test_the_commitment_in_the_dark(browser: Browser, clean: Site) -> None:
    with phone(browser, clean, color_scheme="dark") as page:
        walk_to_sign(page)
        go_on(page, "签好了，提交")
        refused(page, 2)
        pad = page.locator(".sign").evaluate("e => getComputedStyle(e).backgroundColor")
        assert pad == "rgb(255, 255, 255)"
