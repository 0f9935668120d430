"""The estimate, and advice that rests on a contradiction, for young and for old eyes."""

from collections.abc import Callable

from browser_kit import dressed, overflow, overflow_at_320, violations
from playwright.sync_api import Page

STAY = "insured=resident&pool=140100&trip=cross_province&care=inpatient&home=class_1&there=class_1&total=38600"
PAGES = {
    "compare": "/estimate",
    "compare-error": "/estimate?care=inpatient&total=abc",
    "compare-why": f"/estimate?{STAY}&self_funded=2400&way=referral",
    "advice": "/filing/advice?trip=cross_province&care=inpatient&why=own_choice&insurance=resident",
}


def test_the_pages_in_normal_and_elder_mode(
    page: Page, look: Callable[[str], None], shoot: Callable[[Page, str], None]
) -> None:
    for name, path in PAGES.items():
        for mode in ("normal", "elder"):
            look(mode)
            page.goto(path)
            shoot(page, f"{name}-{mode}")
            with dressed(page, theme="dark" if mode == "elder" else None, size=None):
                found = violations(page)
            assert (name, mode, found, overflow(page), overflow_at_320(page)) == (name, mode, [], 0, 0)
    page.get_by_text("说法不一", exact=False).locator("visible=true").last.click()
    assert violations(page) == []
