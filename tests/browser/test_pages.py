"""The platform's pages as people get them: every look, narrow screens, no scripts, keyboard, touch."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from browser_kit import COLOURS, MODES, SIZES, Site, dressed, overflow, overflow_at_320, violations
from playwright.sync_api import Browser, Page, expect

from bills_kit import BEIJING_HOSPITAL, WANG, pay
from tongban.directory import Regions
from tongban.infra.db import Connection
from tongban.kernel.vocabulary import InsuranceType
from tongban.law import Pack
from tongban.people import demo_cast

ZHAO = next(person.person_id for person in demo_cast() if person.name == "赵玉梅")
VISITOR = {
    "home": "/",
    "search": "/search?q=报销",
    "words": "/words",
    "one-thing": "/journey",
    "sign-in": "/sign-in",
    "contact": "/contact",
    "hospitals": "/hospitals?place=太原&name=医院",
    "hospitals-none": "/hospitals?place=没有这里",
    "reimbursement": "/reimbursement",
    "chronic": "/chronic",
    "family-account": "/family-account",
    "privacy": "/privacy",
    "api": "/api",
    "look": "/prefs",
    "missing": "/nothing/here",
}
SIGNED_IN = {"own-home": "/", "code": "/code", "costs": "/costs", "own-contact": "/contact"}

SignIn = Callable[[str], None]
Look = Callable[[str], None]
Shoot = Callable[[Page, str], None]


@pytest.fixture(scope="module")
def bill(site: Site) -> str:
    """The number of a stay in Beijing that 王秀英 paid."""

    async def work(db: Connection, pack: Pack, regions: Regions) -> str:
        today = date.today() - timedelta(days=1)  # noqa: DTZ011
        paid = await pay(
            db,
            pack,
            regions,
            person_id=WANG,
            insurance_type=InsuranceType.RESIDENT,
            institution_code=BEIJING_HOSPITAL,
            now=datetime.now(UTC),
            admitted_on=today - timedelta(days=8),
            settled_on=today,
        )
        return str(paid.number)

    return site.run(work)


# Pages that are made of other elements for elders, not only drawn larger.
OTHERS_FOR_ELDERS = ("home", "look", "own-home")


def faults(page: Page, look: Look, shoot: Shoot, name: str, path: str) -> dict[str, object]:
    """What is wrong with a page in every look, and on the narrowest phone; empty if nothing is.

    Large letters may be paler than usual ones, so colours are looked at with the usual.
    """
    found: dict[str, object] = {}
    look("normal")
    page.goto(path)
    shoot(page, f"{name}-normal")
    found["normal"] = violations(page)
    found["normal at 320"] = overflow_at_320(page)
    with dressed(page, theme="dark"):
        shoot(page, f"{name}-dark")
        found["dark"] = violations(page, COLOURS)
    look("elder")
    page.goto(path)
    shoot(page, f"{name}-elder")
    found["elder"] = violations(page, () if name in OTHERS_FOR_ELDERS else SIZES)
    found["elder is too wide"] = overflow(page)
    with dressed(page, size="4"):
        shoot(page, f"{name}-largest")
        found["largest"] = violations(page, SIZES)
        found["largest is too wide"] = overflow(page)
        found["largest at 320"] = overflow_at_320(page)
    return {f"{name}, {case}": what for case, what in found.items() if what}


def test_pages_of_a_visitor(page: Page, look: Look, shoot: Shoot) -> None:
    found: dict[str, object] = {}
    for name, path in VISITOR.items():
        found |= faults(page, look, shoot, name, path)
    assert found == {}


def test_pages_of_a_person(page: Page, sign_in: SignIn, look: Look, shoot: Shoot, bill: str) -> None:
    sign_in("wang_xiuying")
    found: dict[str, object] = {}
    for name, path in {**SIGNED_IN, "cost": f"/costs/{bill}"}.items():
        found |= faults(page, look, shoot, name, path)
    assert found == {}


def test_every_reason_of_a_settlement_unfolded(page: Page, sign_in: SignIn, bill: str) -> None:
    sign_in("wang_xiuying")
    page.goto(f"/costs/{bill}")
    reasons = page.locator(".calc summary")
    for number in range(reasons.count()):
        reasons.nth(number).click()
    assert violations(page) == []
    assert overflow_at_320(page) == 0


def test_an_inactive_code(page: Page, site: Site, sign_in: SignIn, look: Look, shoot: Shoot) -> None:
    site.execute(f"update people.credential set state = 'inactive' where person_id = {ZHAO} and kind = 'medical_code'")
    sign_in("zhao_yumei")
    assert faults(page, look, shoot, "code-inactive", "/code") == {}
    page.get_by_role("button", name="激活医保码").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("给医院扫这个码")


def test_an_error_is_focused_named_and_leads_to_its_field(page: Page, site: Site, look: Look, shoot: Shoot) -> None:
    site.execute("delete from people.consent")  # whoever has agreed is not asked again
    page.goto("/sign-in")
    page.locator("button[value=liu_zhiqiang]").click()
    for mode in MODES:
        look(mode)
        page.goto("/consent")
        page.get_by_role("button", name="授权查询").click()
        expect(page.locator(".errbox")).to_be_focused()
        expect(page).to_have_title(re.compile("^有 1 处要改"))
        shoot(page, f"consent-error-{mode}")
        assert (mode, violations(page), overflow(page)) == (mode, [], 0)
    page.locator(".errbox a").click()
    expect(page.get_by_label("我同意用我的医保码查询医保信息")).to_be_focused()


def test_targets_are_large_enough_to_touch(page: Page, sign_in: SignIn, look: Look, bill: str) -> None:
    sign_in("wang_xiuying")
    # Links inside a sentence are as high as its line; everything that stands alone is a target.
    measure = """(least) => [...document.querySelectorAll(
        '.btn, .pill, .linkbtn, .logo, .back, .entry, .list a, .foot a, summary, .in, .hit, .tile, .check')]
      .filter(e => e.offsetParent && e.getBoundingClientRect().height < least)
      .map(e => e.className + ' ' + e.textContent.trim().slice(0, 12) + ' ' + e.getBoundingClientRect().height)"""
    for mode, least in (("normal", 44), ("elder", 60)):
        look(mode)
        for path in ("/", "/costs", f"/costs/{bill}", "/contact", "/hospitals", "/prefs", "/code"):
            page.goto(path)
            assert (mode, path, page.evaluate(measure, least - 0.5)) == (mode, path, [])


def test_the_whole_way_without_scripts(browser: Browser, site: Site, bill: str) -> None:
    context = browser.new_context(base_url=site.url, java_script_enabled=False, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto("/costs")
    page.get_by_role("button", name="王秀英").click()
    if page.get_by_role("button", name="授权查询").is_visible():
        page.get_by_label("我同意用我的医保码查询医保信息").check()
        page.get_by_role("button", name="授权查询").click()
    page.locator(f'a[href="/costs/{bill}"]').click()
    page.get_by_text("为什么是").first.click()
    expect(page.locator(".calc details[open] .why").first).to_be_visible()
    page.get_by_role("button", name="长辈版").click()
    expect(page.locator("html")).to_have_attribute("data-size", "3")
    assert page.url.endswith(f"/costs/{bill}")
    page.get_by_role("button", name="退出登录").click()
    expect(page.get_by_role("link", name="登录", exact=True)).to_be_visible()
    context.close()


def test_the_keyboard_skips_to_the_text_and_shows_where_it_is(page: Page) -> None:
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="跳到正文")).to_be_focused()
    expect(page.get_by_role("link", name="跳到正文")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="给自己")).to_be_focused()
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
    assert outline == "3px"


def test_elder_mode_is_seen_without_scrolling_and_goes_off_again(page: Page) -> None:
    page.goto("/contact")
    button = page.get_by_role("button", name="长辈版")
    expect(button).to_be_in_viewport(ratio=1)
    button.click()
    expect(page.locator("html[data-elder]")).to_be_attached()
    assert page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)") == 24
    page.get_by_role("button", name="长辈版").click()
    expect(page.locator("html[data-elder]")).not_to_be_attached()
    assert page.url.endswith("/contact")


def test_a_second_tap_sends_nothing(page: Page) -> None:
    page.goto("/sign-in")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.evaluate("""() => {
        const form = document.querySelector('main form'), button = form.querySelector('button');
        form.requestSubmit(button); form.requestSubmit(button); form.requestSubmit(button);
    }""")
    page.wait_for_url(re.compile(r"/consent|/$"))
    assert len(sent) == 1


def test_one_tap_keeps_a_session_that_is_about_to_end(page: Page, sign_in: SignIn) -> None:
    page.clock.install()
    sign_in("li_jing")
    page.goto("/")
    bar = page.get_by_role("button", name="我还在，继续办")
    expect(bar).to_be_hidden()
    page.clock.fast_forward("25:30")
    expect(bar).to_be_visible()
    assert violations(page) == []
    with page.expect_response("**/still-here") as answer:
        bar.click()
    assert answer.value.status == 204
    expect(bar).to_be_hidden()
