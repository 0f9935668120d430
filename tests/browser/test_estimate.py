"""Comparing ways to be treated, and advice that rests on a contradiction: for old eyes, and without scripts."""

from collections.abc import Callable
from pathlib import Path

from browser_kit import Site, overflow, violations
from playwright.sync_api import Browser, Page, expect

STAY = "insured=resident&pool=140100&trip=cross_province&care=inpatient&home=class_1&there=class_1&total=38600"
PAGES = {
    "compare": "/estimate",
    "compare-error": "/estimate?care=inpatient&total=abc",
    "compare-why": f"/estimate?{STAY}&self_funded=2400&way=referral",
    "advice": "/filing/advice?trip=cross_province&care=inpatient&why=own_choice&insurance=resident",
}


def test_the_pages_in_normal_and_elder_mode(
    page: Page, look: Callable[[str], None], shoot: Callable[[str], Path]
) -> None:
    for name, path in PAGES.items():
        for mode in ("normal", "elder"):
            look(mode)
            page.set_viewport_size({"width": 390, "height": 844})
            page.goto(path)
            shoot(f"{name}-{mode}")
            assert (name, mode, violations(page), overflow(page)) == (name, mode, [], 0)
            page.set_viewport_size({"width": 320, "height": 640})
            assert (name, mode, overflow(page)) == (name, mode, 0)
    page.get_by_text("说法不一", exact=False).locator("visible=true").last.click()
    assert violations(page) == []


def test_the_whole_way_without_scripts(browser: Browser, site: Site) -> None:
    context = browser.new_context(base_url=site.url, java_script_enabled=False, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.set_default_timeout(8_000)
    page.goto("/")
    page.get_by_role("link", name="算算自己要付多少钱").click()
    page.get_by_label("居民", exact=True).check()
    page.get_by_label("在哪里参保？").select_option(label="太原市")
    page.get_by_label("外省").check()
    page.get_by_label("大约要花多少钱？").fill("3.86万")
    page.get_by_role("button", name="比一比").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("去外省住院，自己付多少？")
    bars = page.locator(".bars > li")
    expect(bars).to_have_count(5)
    bars.nth(2).get_by_role("link", name="为什么是这个数").click()
    expect(page.get_by_role("heading", name="医院转诊过去：一步一步看")).to_be_visible()
    page.get_by_text("为什么是 55%").click()
    expect(page.locator(".calc details[open] .why").first).to_be_visible()
    page.get_by_role("link", name="改一改", exact=True).click()
    expect(page.get_by_label("大约要花多少钱？")).to_have_value("3.86万")
    context.close()
