"""Claiming a stay that was paid in full: from the first question to the money, as people and the agency do it."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from browser_kit import Site
from PIL import Image, ImageDraw
from walk import Walk

from tongban.infra.clock import day_of, system_clock

HOSPITAL = "大同市第三人民医院"
CARD = "4111 1111 1111 1111"


class Story(NamedTuple):
    """Who claims for whom, and how far back the stay lies, so that stories do not claim the same one."""

    key: str
    name: str
    patient: str  # empty: oneself
    days_ago: int
    pool: str


STORIES = {
    "normal": Story("li_jing", "李静", "王秀英", 30, "140100"),
    "elder": Story("wang_xiuying", "王秀英", "", 60, "140100"),
    "nojs": Story("guo_xiaoyan", "郭晓燕", "赵玉梅", 90, "140900"),
}


@pytest.fixture
def agency(site: Site) -> Callable[..., dict[str, object]]:
    """``agency(pool, "compute", number, …)``: a review command, its answer as JSON."""

    def do(pool: str, *command: str) -> dict[str, object]:
        said = site.review("claim", *command, "--json", "--operator", "张审", "--pool", pool)
        answer: dict[str, object] = json.loads(said.strip().splitlines()[-1])
        return answer

    return do


def picture(folder: Path, text: str) -> Path:
    path = folder / f"{len(list(folder.iterdir()))}.jpg"
    image = Image.new("RGB", (900, 640), "white")
    ImageDraw.Draw(image).rectangle((40, 40, 40 + 11 * len(str(path)), 90 + 3 * len(text)), fill=(20, 80, 90))
    image.save(path, "JPEG")
    return path


@pytest.mark.parametrize("mode", STORIES)
def test_claimed_asked_for_more_computed_and_paid(
    walk: Callable[..., Walk], agency: Callable[..., dict[str, object]], tmp_path: Path, mode: str
) -> None:
    story = STORIES[mode]
    person = walk(story.key, mode, check=True, story="claim")
    admitted = day_of(system_clock()) - timedelta(days=story.days_ago)
    number, actions = claim(person, story, admitted, admitted + timedelta(days=7), tmp_path)
    # The tap that was refused was the test's; whose card it is, is asked of those who claim for others.
    assert actions - 1 == 29 + bool(story.patient) + (3 if mode == "nojs" else 0)

    agency(story.pool, "ask", number, "--slot", "fee_list", "--sentence", "费用清单缺第二页，请重新拍全")
    person.open("/inbox")
    assert person.says("要补材料")
    person.open(f"/reimbursement/records/{number}")
    person.tap("去补材料")
    person.tap("补好了，交上去")
    person.refused(1)
    person.photo("费用清单", picture(tmp_path, "第二页"))
    person.page.locator(".tag", has_text="已存好").wait_for()
    person.tap("补好了，交上去")
    assert person.says("材料补交了")

    computed = agency(story.pool, "compute", number, "--self-funded", "1200", "--first-self-pay", "800.50")
    paid = agency(story.pool, "pay", number)
    assert (computed["state"], paid["state"]) == ("computed", "paid")
    person.page.reload()
    assert person.says("已付款")
    person.tap("为什么是这个数？")
    assert person.says("一步一步看")
    amount = int(str(paid["payout_fen"]))
    assert person.says(f"{amount // 100:,}.{amount % 100:02d} 元")
    receipt = person.page.request.get(f"/reimbursement/records/{number}/receipt.png")
    assert (receipt.status, receipt.headers["content-type"]) == (200, "image/png")


def claim(person: Walk, story: Story, admitted: date, discharged: date, folder: Path) -> tuple[str, int]:
    """Through all the pages; the number it got, and how many actions that took."""
    person.open("/reimbursement")
    person.choose("住院")
    person.choose("省内别的市")
    person.choose("全部是自己付的")
    person.tap("看看能不能报")
    assert "能在这里报" in person.title
    person.tap("开始申请")
    person.choose(story.patient or "给自己", exact=False)
    person.tap("下一步")
    person.pick("医院在哪个市？", "大同市")
    person.tap("找医院")
    person.choose(HOSPITAL, exact=False)
    person.tap("下一步")
    person.fill("入院日期", admitted.isoformat())
    person.fill("出院日期", discharged.isoformat())
    person.tap("下一步")
    person.refused(2)
    person.fill("住院总费用", "12,345.60")
    person.page.locator("#injury").check()
    person.actions += 1
    person.tap("下一步")
    for sent, title in enumerate(("医院的发票", "费用清单", "出院小结")):
        person.photo(title, picture(folder, title))
        person.page.locator(".tag", has_text="已存好").nth(sent).wait_for()
    person.tap("照片都清楚，下一步")
    person.fill("发票号码", f"1400{admitted:%Y%m%d}")
    person.tap("和发票一样，下一步")
    if story.patient:
        person.choose(f"{story.patient}的卡", exact=False)
    person.fill("银行名称", "建设银行太原府西街支行")
    person.fill("银行卡号", CARD)
    person.tap("下一步")
    assert person.says("壹万贰仟叁佰肆拾伍元陆角")
    person.tap("没有错，下一步")
    person.choose("我看完了，同意以上内容")
    person.sign(story.name)
    person.tap("签好了，提交")
    assert person.says("申请交好了")
    actions = person.actions
    person.tap("看进度")
    return person.path.rpartition("/")[2], actions


def test_what_is_not_claimed_here_is_sent_on(walk: Callable[..., Walk]) -> None:
    """Nobody has to sign in, or to type anything, to learn that it is in vain here, and where it is not."""
    visitor = walk("", check=True)
    visitor.open("/reimbursement")
    visitor.tap("看看能不能报")
    visitor.refused(3)
    visitor.choose("看门诊")
    visitor.choose("外省")
    visitor.choose("全部是自己付的")
    visitor.tap("看看能不能报")
    assert visitor.says("这个要到窗口报")
    visitor.open("/reimbursement/check?care=inpatient&place=in_province&paid=settled")
    assert visitor.says("不用再报")
    visitor.open("/reimbursement/check?care=pharmacy&place=in_province&paid=self")
    assert visitor.says("能不能报，要先问")
