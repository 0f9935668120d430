"""查一查: institutions, open places, drugs and items, phones. What is not found says what to try and whom to call."""

import re
from collections import Counter
from typing import Any

import asyncpg
import pytest
from litestar import Litestar
from portal_kit import Browser

from tongban.doors.portal.places import _price_text

HOSPITALS, REGIONS, ITEMS = "/hospitals?place=太原", "/regions?province=140000", "/items?q=阿莫西林"
QUERIES = ["/look-up", "/hospitals", HOSPITALS, "/regions", REGIONS, ITEMS]


@pytest.fixture
async def anyone(shared_app: Litestar) -> Browser:
    return Browser.of(shared_app)


def names(text: str) -> list[str]:
    return re.findall(r"<h3>([^<]+)", text)


# --- institutions --------------------


async def test_hospitals_by_level_care_and_name(anyone: Browser) -> None:
    page = (await anyone.get("/hospitals?place=太原&level=3&care=inpatient&name=山西医科大学")).text
    assert names(page)
    assert all("山西医科大学" in name for name in names(page))
    tags = re.findall(r'<span class="tag ">([^<]+)</span>', page)
    assert tags
    assert all(tag.startswith("三级") for tag in tags)
    assert '<option value="3" selected>' in page
    assert '<option value="inpatient" selected>' in page


async def test_pages_of_hospitals_follow_each_other_by_what_was_last_shown(anyone: Browser) -> None:
    seen: list[str] = []
    page = (await anyone.get("/hospitals?place=太原&care=inpatient")).text
    while True:
        seen += names(page)
        onward = re.search(r'href="(/hospitals\?area=[^"]+after=[^"]+)"', page)
        if onward is None:
            break
        assert "offset" not in onward[1]
        assert "care=inpatient" in onward[1]
        page = (await anyone.get(onward[1].replace("&amp;", "&"))).text
    assert len(seen) > 20
    assert len(set(seen)) == len(seen)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("place=太原&name=没有这样一家", ["少写几个字", "0351-2377283"]),
        ("place=太原&care=pharmacy", ["药店的名单还没有收进来", "0351-2377283"]),
        ("place=北京&name=没有这样一家", ["少写几个字", "12393"]),
        ("place=没有这个地方", ["没有找到这个地方", "12393"]),
    ],
)
async def test_nothing_found_says_what_to_try_and_whom_to_call(anyone: Browser, asked: str, told: list[str]) -> None:
    page = (await anyone.get(f"/hospitals?{asked}")).text
    main = page.partition("<main")[2].partition("</main>")[0]
    for words in told:
        assert words in main


@pytest.mark.parametrize("text", ["%", "'", '"><script>', "\\", "\0x", "太原" * 50, "_" * 3])
@pytest.mark.parametrize("page", [f"{HOSPITALS}&name=", "/items?q=", "/hospitals?place=", "/regions?province="])
async def test_whatever_is_typed_is_only_text(anyone: Browser, page: str, text: str) -> None:
    path, _, query = page.partition("?")
    parts = dict(part.partition("=")[::2] for part in query.split("&"))
    last = list(parts)[-1]
    response = await anyone.get(path, params=parts | {last: text})
    assert response.status_code == 200
    assert "<script>" not in response.text


# --- open places --------------------


async def test_open_places_lead_from_the_province_to_the_hospitals(anyone: Browser) -> None:
    page = (await anyone.get("/regions")).text
    assert 'href="/regions?province=140000"' in page
    assert 'href="/hospitals?area=110000"' in page  # one pool, so no page of cities between
    page = (await anyone.get("/regions?province=140000")).text
    assert len(re.findall(r'href="/hospitals\?area=14\d{4}"', page)) == 11
    assert "太原市" in page
    response = await anyone.get("/hospitals?area=140100")
    assert names(response.text)


async def test_a_province_where_nothing_is_open(anyone: Browser) -> None:
    page = (await anyone.get("/regions?province=999999")).text
    assert 'href="/regions?province=140000"' in page


# --- drugs and items --------------------


async def test_an_item_is_told_with_its_class_what_is_paid_first_and_where_that_is_from(anyone: Browser) -> None:
    page = (await anyone.get("/items?q=XA02BCA084B001010100453")).text
    assert len(names(page)) == 1
    assert "乙类" in page
    assert "自己先付 <b>10%</b>" in page
    assert "来源：" in page
    assert "示例，没有来源" in page
    first_class = (await anyone.get("/items?q=XA01ABT045S006020104642")).text
    assert "甲类" in first_class
    assert "不用自己先付" in first_class
    assert "全部自己付" in (await anyone.get("/items?q=XA02BAX011B002010104083")).text


async def test_items_by_name_kind_and_place(anyone: Browser) -> None:
    page = (await anyone.get("/items?q=床位费&kind=service")).text
    assert names(page)
    assert all("床位费" in name for name in names(page))
    assert "没有查到“床位费”" in (await anyone.get("/items?q=床位费&kind=drug")).text
    assert "上海市目录" in (await anyone.get("/items?q=阿莫西林&where=310000")).text
    assert "全国目录" in (await anyone.get("/items?q=阿莫西林")).text


async def test_an_item_that_is_not_listed_says_what_to_try_and_whom_to_call(app: Litestar, anyone: Browser) -> None:
    page = (await anyone.get("/items?q=没有这个药")).text
    main = page.partition("<main")[2].partition("</main>")[0]
    for words in ("通用名", "都可以", "12393"):
        assert words in main
    assert "请至少写两个字" in (await anyone.get("/items?q=药")).text
    li = Browser.of(app)
    await li.sign_in("li_jing")
    assert "0351-2377283" in (await li.get("/items?q=没有这个药")).text.partition("<main")[2].partition("</main>")[0]


@pytest.mark.parametrize(
    ("microyuan", "text"), [(1_250_000, "1.25"), (500, "0.0005"), (1_000_000_000, "1,000.00"), (1_234_567, "1.234567")]
)
def test_prices_are_written_as_people_write_them(microyuan: int, text: str) -> None:
    assert _price_text(microyuan) == text


# --- phones, caching, statements --------------------


async def test_every_phone_can_be_tapped(anyone: Browser) -> None:
    page = (await anyone.get("/contact")).text.partition("<main")[2].partition("</main>")[0]
    shown = re.findall(r"0\d{3}-\d{7}", page)
    assert len(shown) >= 12
    for phone in shown:
        assert f'href="tel:{phone.replace("-", "")}"' in page


async def test_public_pages_may_be_gone_back_to_and_personal_ones_not(app: Litestar, anyone: Browser) -> None:
    for path in (*QUERIES, "/contact"):
        assert (await anyone.get(path)).headers["cache-control"] == "private, no-cache"
    li = Browser.of(app)
    await li.sign_in("li_jing")
    for path in (*QUERIES, "/contact"):
        assert (await li.get(path)).headers["cache-control"] == "no-store"


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Counts what is asked of the database."""
    counted: Counter[str] = Counter()

    def watched(name: str) -> Any:
        real = getattr(asyncpg.Connection, name)

        async def count(self: Any, query: str, *args: Any, **more: Any) -> Any:
            if query not in ("BEGIN;", "COMMIT;"):
                counted[query] += 1
            return await real(self, query, *args, **more)

        return count

    for name in ("fetch", "fetchrow", "fetchval", "execute"):
        monkeypatch.setattr(asyncpg.Connection, name, watched(name))
    return counted


@pytest.mark.parametrize("path", [*QUERIES, "/contact", "/hospitals?place=太原&name=没有", "/items?q=没有这个药"])
async def test_a_query_asks_the_database_few_questions_whatever_it_finds(
    anyone: Browser, statements: Counter[str], path: str
) -> None:
    assert (await anyone.get(path)).status_code == 200
    assert sum(statements.values()) <= 2, statements
    assert max(statements.values(), default=0) <= 1, statements
    assert bool(statements) == (path not in ("/look-up", "/hospitals"))
