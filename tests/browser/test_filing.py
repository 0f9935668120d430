"""Filing in a real Chromium: for oneself, for one's mother, and a change, each page looked at closely."""

import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from browser_kit import Site
from playwright.sync_api import Page, expect
from walk import Walk

sys.path.append(str(Path(__file__).parents[1] / "materials"))
from pictures_kit import photo

from product_kit import today

Walker = Callable[..., Walk]


@pytest.fixture
def clean(site: Site) -> Site:
    """Nobody of the demo has filings or drafts."""
    for table in ("signing.signature", "filing.event", "filing.referral", "filing.filing", "drafts.draft"):
        site.execute(f"delete from {table}")
    return site


@pytest.fixture
def cards(tmp_path: Path) -> dict[str, Path]:
    """Pictures of two ID cards on a phone."""
    for name in ("mine_front", "mine_back", "hers_front", "hers_back"):
        (tmp_path / f"{name}.jpg").write_bytes(photo(name, size=(900, 560)))
    return {path.stem: path for path in tmp_path.glob("*.jpg")}


def pick_tangshan(phone: Walk) -> None:
    if phone.mode == "nojs":
        phone.pick("或者先选省份", "河北省")
        phone.tap("看这个省的城市")
    else:
        phone.pick("或者先选省份", "河北省")
    phone.choose("唐山市")


@pytest.mark.parametrize("mode", ["normal", "elder", "nojs"])
def test_a_trip_of_ones_own_takes_ten_actions(clean: Site, walk: Walker, mode: str) -> None:
    """张建国 goes to 北京 for treatment: advised first, then filed, seen again, and cancelled."""
    zhang = walk("zhang_jianguo", mode, story="file-own", check=True)
    zhang.open("/filing")
    zhang.tap("看看要不要备案")
    zhang.refused(3)
    zhang.actions = 0
    zhang.choose("外省")
    zhang.choose("住院")
    zhang.choose("自己想去那里看", exact=False)
    zhang.tap("看看要不要备案")
    advised = zhang.actions
    zhang.tap("还是先备个案")
    zhang.choose("北京")
    zhang.tap("下一步")
    zhang.tap("我看过了，都明白")
    zhang.fill("联系地址", "太原市小店区体育路 8 号")
    zhang.tap("下一步")
    zhang.tap("没有错，下一步")
    zhang.choose("我看完了，同意以上内容")
    zhang.sign("张建国")
    zhang.tap("签好了，提交")
    assert zhang.title == "备案成功"
    assert (advised, zhang.actions - advised) == (4, 10)
    zhang.tap("看我办过的事")
    zhang.tap("去北京市看病")
    zhang.actions = 0
    zhang.tap("取消备案")
    zhang.tap("确认取消")
    assert zhang.says("已关闭")
    assert zhang.actions == 2


@pytest.mark.parametrize("mode", ["normal", "elder", "nojs"])
def test_a_daughter_files_for_her_mother(clean: Site, walk: Walker, cards: dict[str, Path], mode: str) -> None:
    li = walk("li_jing", mode, story="file-other", check=True)
    li.open("/filing/for-family")
    li.tap("给王秀英办")
    li.choose("我看完了，同意以上内容")
    li.sign("李静")
    li.tap("签好了，下一步")
    li.tap("下一步")
    li.refused(2)
    for done, (label, name) in enumerate(
        (
            ("您的身份证（有照片那面）", "mine_front"),
            ("您的身份证（国徽那面）", "mine_back"),
            ("王秀英的身份证（有照片那面）", "hers_front"),
            ("王秀英的身份证（国徽那面）", "hers_back"),
        ),
        1,
    ):
        li.photo(label, cards[name])
        expect(li.page.get_by_text("已存好", exact=True)).to_have_count(done)
    li.tap("下一步")
    pick_tangshan(li)
    li.tap("下一步")
    li.choose("长期住在那里", exact=False)
    li.tap("下一步")
    li.tap("我看过了，都明白")
    li.fill("住哪里", "路北区新华道 126 号 3 单元 502")
    li.fill("联系地址", "太原市小店区体育路 8 号")
    li.tap("下一步")
    li.tap("没有错，下一步")
    li.choose("我看完了，同意以上内容")
    li.sign("李静")
    li.tap("签好了，提交")
    assert li.title == "备案成功"
    # The tap that was refused was the test's. Without scripts each picture has a button, and so has the province.
    assert li.actions - 1 == (27 if mode == "nojs" else 22)
    if mode != "nojs":
        again_elsewhere(li)
    li.open("/filing/records?whose=others")
    li.tap("王秀英：去河北省唐山市看病")
    assert li.says("母亲")
    mother = walk("wang_xiuying", mode, story="file-told")
    mother.open("/inbox")
    assert mother.says("李静替您办了备案")


def again_elsewhere(li: Walk) -> None:
    """The second time for her mother: both cards and the address are known."""
    li.open("/filing/for-family")
    li.actions = 0
    li.tap("给王秀英办")
    li.choose("我看完了，同意以上内容")
    li.sign("李静")
    li.tap("签好了，下一步")
    li.look_closely()
    li.shoot()
    li.tap("都用上次的，下一步")
    li.choose("北京")
    li.tap("下一步")
    li.choose("长期住在那里", exact=False)
    li.tap("下一步")
    li.tap("我看过了，都明白")
    li.fill("住哪里", "朝阳区建国路 93 号 2 单元 801")
    li.tap("下一步")
    li.tap("没有错，下一步")
    li.choose("我看完了，同意以上内容")
    li.sign("李静")
    li.tap("签好了，提交")
    assert li.title == "备案成功"
    assert li.actions == 16


@pytest.mark.usefixtures("clean")
def test_from_the_first_page_to_the_receipt_by_the_keyboard_alone(walk: Walker) -> None:
    zhang = walk("zhang_jianguo", story="file-keys")
    zhang.open("/")
    heading = zhang.page.get_by_role("heading", level=1)
    zhang.press("异地就医备案")
    expect(heading).to_have_text("先看看要不要备案")
    for answer in ("外省", "住院", "自己想去那里看"):
        zhang.press(answer, "Space")
    zhang.press("看看要不要备案")
    zhang.press("还是先备个案")
    expect(heading).to_have_text("您要去哪里看病？")
    zhang.press("北京", "Space")
    zhang.press("下一步")
    zhang.press("我看过了，都明白")
    zhang.tab_to("联系地址")
    zhang.page.keyboard.type("太原市小店区体育路 8 号")
    zhang.press("下一步")
    zhang.press("没有错，下一步")
    zhang.press("我看完了，同意以上内容", "Space")
    zhang.press("手写不方便")
    zhang.tab_to("打字写下全名")
    zhang.page.keyboard.type("张建国")
    zhang.press("签好了，提交")
    expect(heading).to_have_text("备案成功")


def test_a_change_after_mistakes_drawn_and_taken_back(clean: Site, walk: Walker) -> None:
    """Every mistake once, dates that hide, strokes that survive a refusal; then the change in one review."""
    zhang = walk("zhang_jianguo", "normal", story="file-change", check=True)
    page: Page = zhang.page
    zhang.open("/filing/referral")
    zhang.open("/filing")
    for answer in ("外省", "住院"):
        zhang.choose(answer)
    zhang.choose("长期在那里住", exact=False)
    zhang.tap("看看要不要备案")
    zhang.tap("开始备案")
    zhang.tap("下一步")
    zhang.refused(1)
    pick_tangshan(zhang)
    assert page.locator("[data-mirror]").inner_text() == "河北省 唐山市"
    zhang.tap("下一步")
    zhang.tap("下一步")
    zhang.refused(1)
    zhang.choose("长期住在那里", exact=False)
    zhang.tap("下一步")
    zhang.tap("我看过了，都明白")
    zhang.fill("联系人手机号", "1380351")
    zhang.fill("住哪里", "路北区新华道 126 号 3 单元 502")
    zhang.fill("联系地址", "太原市小店区体育路 8 号")
    assert not page.locator("#start").is_visible()
    zhang.tap("下一步")
    zhang.refused(1)
    zhang.fill("联系人手机号", "138 0351 0001")
    zhang.tap("下一步")
    zhang.tap("没有错，下一步")
    zhang.sign("张建国")
    zhang.tap("签好了，提交")
    zhang.refused(1)
    kept = page.locator("input[name=sign]").input_value()
    assert kept.count("[[") == 4
    zhang.tap("退一笔")
    assert len(page.locator("input[name=sign]").input_value()) < len(kept)
    zhang.tap("全部重写")
    assert page.locator("input[name=sign]").input_value() == ""
    zhang.choose("我看完了，同意以上内容")
    zhang.sign("张建国")
    zhang.tap("签好了，提交")
    zhang.tap("看我办过的事")
    zhang.tap("去河北省唐山市看病")
    zhang.actions = 0
    zhang.tap("改这个备案")
    page.locator("dl a[href*='#start']").first.click()
    zhang.arrived()
    zhang.choose("选日期")
    assert page.locator("#start").is_visible()
    zhang.fill("选日期的，填在这里", (today() + timedelta(days=9)).isoformat())
    zhang.tap("下一步")
    zhang.tap("没有错，下一步")
    zhang.choose("我看完了，同意以上内容")
    zhang.sign("张建国")
    zhang.tap("签好了，提交")
    assert zhang.title == "备案成功"
    assert zhang.says("原来的备案已经取消")
    assert zhang.actions + 1 == 9
    rows = clean.execute("select status from filing.filing order by filing_serial")
    assert [row["status"] for row in rows] == ["closed", "active"]
