"""What pages say, to whom."""

import re
from datetime import date

import pytest
from litestar import Litestar
from portal_kit import Browser, Clock, Till, count

from bills_kit import LI, LIU, WANG
from tongban import settlement
from tongban.kernel.identifiers import SETTLEMENT, OutsideNumber
from tongban.kernel.vocabulary import CareKind, DeliveryKind, InsuranceType
from tongban.settlement import CancelRequest, Delivery, Settled

PUBLIC = [
    "/",
    "/sign-in",
    "/contact",
    "/hospitals",
    "/privacy",
    "/prefs",
    "/reimbursement",
    "/chronic",
    "/family-account",
]
VISIT = date(2026, 11, 20)
PERSONAL = ["/", "/code", "/costs"]
OFFICIALESE = ["请输入", "系统异常", "参数错误", "非法", "个人负担", "操作失败"]


@pytest.fixture
def app(shared_app: Litestar) -> Litestar:
    return shared_app


@pytest.fixture
def clock(shared_clock: Clock) -> Clock:
    shared_clock.later(minutes=2)  # so that nobody signs in too often
    return shared_clock


@pytest.fixture
def visitor(app: Litestar, clock: Clock) -> Browser:
    return Browser.of(app)


def text_of(html: str) -> str:
    """The words of a page, without tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", html))


@pytest.mark.parametrize("path", PUBLIC)
async def test_a_page_has_one_question_a_phone_and_a_way_to_its_text(visitor: Browser, path: str) -> None:
    html = (await visitor.get(path)).text
    assert html.count("<h1") == 1
    assert re.search(r"<title>[^<]{3,} - 山西医保</title>", html)
    assert 'lang="zh-CN"' in html
    assert '<a class="skip" href="#main">' in html
    assert 'href="tel:12393"' in html
    assert not any(word in html for word in OFFICIALESE)
    # The page's policy forbids all of these; a visitor would drop them silently.
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", html)


async def test_titles_differ(visitor: Browser) -> None:
    titles = [re.search("<title>(.*?)</title>", (await visitor.get(path)).text)[1] for path in PUBLIC]  # type: ignore[index]
    assert len(set(titles)) == len(PUBLIC)


@pytest.mark.parametrize("path", PERSONAL)
async def test_a_signed_in_page_names_the_citys_own_line(visitor: Browser, path: str) -> None:
    await visitor.sign_in("wang_xiuying")
    html = (await visitor.get(path)).text
    assert 'href="tel:03512377283"' in html
    assert "太原市医保电话" in html


async def test_no_page_shows_a_whole_id_number(app: Litestar, visitor: Browser, till: Till) -> None:
    paid = await till.pay()
    await visitor.sign_in("wang_xiuying")
    for path in [*PUBLIC, *PERSONAL, f"/costs/{paid.number}"]:
        assert "19620308" not in (await visitor.get(path)).text, path


async def test_home_greets_and_says_the_insurance(visitor: Browser) -> None:
    html = text_of((await visitor.sign_in("wang_xiuying")).text)
    assert "王秀英，您好" in html
    assert "居民医保 · 太原市 · 医保码已激活" in html


async def test_home_asks_an_older_person_once_about_larger_letters(visitor: Browser) -> None:
    assert "字要不要大一点" in (await visitor.sign_in("wang_xiuying")).text
    await visitor.post("/prefs", {"elder": "0", "next": "/"})
    assert "字要不要大一点" not in (await visitor.get("/")).text


async def test_home_does_not_ask_a_younger_person(visitor: Browser) -> None:
    assert "字要不要大一点" not in (await visitor.sign_in("li_jing")).text


async def test_no_link_of_the_first_page_is_dead(visitor: Browser) -> None:
    home = (await visitor.sign_in("wang_xiuying")).text
    links = set(re.findall(r'<a [^>]*href="(/[^"#]*)"', home))
    assert len(links) >= 10
    for link in links:
        assert (await visitor.get(link.replace("&amp;", "&"))).status_code == 200, link


# -- looks ------------------------------------------------------------------------------------------------------------


async def test_elder_mode_comes_back_to_the_same_page_and_stays(visitor: Browser) -> None:
    await visitor.get("/hospitals?place=ty")
    response = await visitor.post("/prefs", {"elder": "1", "next": "/hospitals?place=ty"})
    assert response.headers["location"] == "/hospitals?place=ty"
    html = (await visitor.follow(response)).text
    assert '<html lang="zh-CN" data-elder data-size="3">' in html
    assert 'aria-pressed="true"' in html
    await visitor.post("/prefs", {"elder": "0", "next": "/"})
    assert '<html lang="zh-CN">' in (await visitor.get("/")).text


async def test_a_link_can_lead_to_elder_mode(visitor: Browser) -> None:
    assert "data-elder" in (await visitor.get("/?elder=1")).text
    assert "data-elder" in (await visitor.get("/contact")).text


async def test_size_and_theme(visitor: Browser) -> None:
    await visitor.get("/prefs")
    await visitor.post("/prefs", {"elder": "0", "size": "4", "theme": "dark", "next": "/"})
    assert '<html lang="zh-CN" data-size="4" data-theme="dark">' in (await visitor.get("/")).text
    await visitor.post("/prefs", {"theme": "auto", "next": "/"})
    assert "data-theme" not in (await visitor.get("/")).text


@pytest.mark.parametrize("cookie", ["", "x", "1", "1.9.neon", "1.3.dark.more", "9.9.9", "…"])
async def test_a_strange_cookie_does_no_harm(visitor: Browser, cookie: str) -> None:
    response = await visitor.http.get("/", headers=[(b"cookie", b"prefs=" + cookie.encode())])  # type: ignore[list-item]
    assert response.status_code == 200
    assert "neon" not in response.text


# -- medical code -----------------------------------------------------------------------------------------------------


async def test_an_inactive_medical_code_is_explained_and_activated(visitor: Browser) -> None:
    home = await visitor.sign_in("zhao_yumei")
    assert "医保码还不能用" in home.text
    assert "怎么激活" in (await visitor.get("/code")).text
    response = await visitor.follow(await visitor.post("/code/activate"))
    assert "给医院扫这个码" in response.text


# -- places -----------------------------------------------------------------------------------------------------------


async def test_contact_lists_the_province_and_its_eleven_cities(visitor: Browser) -> None:
    html = (await visitor.get("/contact")).text
    for phone in ("0351-4957436", "0351-7797041", "0351-2377283", "0352-7982072", "0359-2223621"):
        assert phone in html
    assert html.count("<h2>") >= 13


async def test_contact_puts_the_own_city_first(visitor: Browser) -> None:
    await visitor.sign_in("liu_zhiqiang")
    html = (await visitor.get("/contact")).text
    assert html.index("大同市") < html.index("太原市")
    assert "您参保的地方" in html


@pytest.mark.parametrize("place", ["太原", "taiyuan", "ty", "太原市"])
async def test_hospitals_are_found_by_name_pinyin_or_initials(visitor: Browser, place: str) -> None:
    html = (await visitor.get("/hospitals", params={"place": place, "name": "山西医科大学第一医院"})).text
    if "您说的是哪里" in html:  # initials may mean several
        assert "太原市" in html
    else:
        assert "<h3>山西医科大学第一医院" in html


async def test_hospitals_ask_when_a_place_is_not_clear(visitor: Browser) -> None:
    html = (await visitor.get("/hospitals", params={"place": "山西"})).text
    assert "您说的是哪里" in html
    assert "area=140200" in html


@pytest.mark.parametrize(
    "query", [{"place": "没有这个地方"}, {"place": "太原", "name": "%_'"}, {"area": "140100", "after": "x"}]
)
async def test_hospitals_that_are_not_found_say_what_to_try(visitor: Browser, query: dict[str, str]) -> None:
    response = await visitor.get("/hospitals", params=query)
    assert response.status_code == 200
    assert "没有找到" in response.text
    assert "12393" in response.text


async def test_hospitals_page_by_page(visitor: Browser, app: Litestar) -> None:
    seen: list[str] = []
    link = "/hospitals?area=140100"
    while link:
        html = (await visitor.get(link)).text
        seen += re.findall("<h3>(.*?)</h3>", html)
        more = re.search(r'href="([^"]*after=[^"]*)"', html)
        link = more[1].replace("&amp;", "&") if more else ""
    assert len(seen) > 20
    assert len(seen) == await count(app, "directory.institution where pool_code = '140100'")


# -- costs ------------------------------------------------------------------------------------------------------------


async def test_no_costs_yet(visitor: Browser) -> None:
    await visitor.sign_in("zhang_jianguo")
    assert "还没有结算过" in (await visitor.get("/costs")).text


async def test_a_settlement_opens_into_steps_that_add_up(visitor: Browser, till: Till) -> None:
    paid = await till.pay()
    await visitor.sign_in("wang_xiuying")
    listed = (await visitor.get("/costs")).text
    assert f'href="/costs/{paid.number}"' in listed
    html = (await visitor.get(f"/costs/{paid.number}")).text
    words = text_of(html)
    assert f"医保报销 {paid.fund_payment_fen / 100:,.2f} 元" in words
    amounts = [
        (float(amount.replace(",", "")), "报" in sign)
        for sign, amount in re.findall(r'<span class="v num (?:minus|plus)">(−|报) ([\d,.]+)</span>', html)
    ]
    funds = sum(round(amount * 100) for amount, is_fund in amounts if is_fund)
    assert funds == paid.fund_payment_fen
    assert paid.total_fen - funds == paid.person_share_fen
    assert "为什么" in words
    assert "依据：" in words


async def test_a_birth_is_told_by_its_quota_and_by_no_rate(app: Litestar, visitor: Browser, till: Till) -> None:
    hospital = await _hospital_in(app, "140100")
    paid = await till.pay(institution_code=hospital, total_fen=600_000, delivery=Delivery("1", DeliveryKind.NATURAL))
    await visitor.sign_in("wang_xiuying")
    words = text_of((await visitor.get(f"/costs/{paid.number}")).text)
    assert paid.pooled_fund_fen == 150_000
    assert "医保报销 1,500.00 元" in words
    assert "定额" in words
    assert "100%" not in words
    assert "减：起付线" not in words


async def test_numbers_without_an_official_source_are_marked_where_they_stand(visitor: Browser, till: Till) -> None:
    paid = await till.pay()
    assert paid.confidence != "official"
    await visitor.sign_in("wang_xiuying")
    html = (await visitor.get(f"/costs/{paid.number}")).text
    assert "有些数字还没有官方来源" in html
    assert html.count("这个数还没有官方来源") >= 1


async def test_the_personal_account_and_cash_are_told_apart(visitor: Browser, till: Till, app: Litestar) -> None:
    paid = await till.pay(
        LIU,
        insurance_type=InsuranceType.EMPLOYEE,
        institution_code=await _hospital_in(app, "140100"),
        total_fen=2_000_000,
    )
    assert paid.account_fen > 0
    assert paid.cash_fen > 0
    await visitor.sign_in("liu_zhiqiang")
    words = text_of((await visitor.get(f"/costs/{paid.number}")).text)
    assert f"个人账户付 {paid.account_fen / 100:,.2f} 元" in words
    assert f"现金付 {paid.cash_fen / 100:,.2f} 元" in words


async def test_an_outpatient_visit(visitor: Browser, till: Till) -> None:
    paid = await till.pay(care_kind=CareKind.OUTPATIENT, total_fen=32_050, admitted_on=VISIT, settled_on=VISIT)
    await visitor.sign_in("wang_xiuying")
    assert "普通门诊 · 2026年11月20日" in text_of((await visitor.get(f"/costs/{paid.number}")).text)


async def _cancel(app: Litestar, paid: Settled) -> None:
    assert paid.settlement_serial is not None
    async with app.state.pool.acquire() as db:
        await settlement.cancel(
            db,
            app.state.pack,
            CancelRequest(
                person_id=paid.person_id,
                settlement_serial=paid.settlement_serial,
                institution_code=paid.institution_code,
                message_id=f"{paid.institution_code}20261122100000{paid.settlement_serial:06d}",
                transaction_code="2305",
                request_hash=b"x",
            ),
            now=app.state.clock(),
        )


async def test_a_bill_after_a_cancelled_one_says_what_that_means_for_it(
    visitor: Browser, till: Till, app: Litestar
) -> None:
    bill = {
        "insurance_type": InsuranceType.EMPLOYEE,
        "institution_code": await _hospital_in(app, "140100"),
        "total_fen": 2_000_000,
    }
    first, second = await till.pay(LI, **bill), await till.pay(LI, **bill)
    await visitor.sign_in("li_jing")
    assert "前面有一笔结算后来撤销了" not in text_of((await visitor.get(f"/costs/{second.number}")).text)

    await _cancel(app, first)

    words = text_of((await visitor.get(f"/costs/{second.number}")).text)
    assert f"这次为什么付 {second.person_share_fen / 100:,.2f} 元" in words
    assert "前面有一笔结算后来撤销了，这笔的金额没有变。" in words
    # The same bills: the second would have been what the first was.
    more = (first.person_share_fen - second.person_share_fen) / 100
    assert f"要是当初没有那一笔，您自己会多付 {more:,.2f} 元。" in words


async def test_the_law_the_product_runs_under_is_kept_from_the_start(app: Litestar) -> None:
    async with app.state.pool.acquire() as db:
        found = await settlement.packs_of(db, [app.state.pack.version])
    assert found[app.state.pack.version].text == app.state.pack.text


async def test_a_cancelled_settlement_says_so(visitor: Browser, till: Till, app: Litestar) -> None:
    paid = await till.pay()
    await _cancel(app, paid)
    await visitor.sign_in("wang_xiuying")
    assert "已撤销" in (await visitor.get("/costs")).text
    assert "这笔结算已经撤销" in (await visitor.get(f"/costs/{paid.number}")).text


async def test_somebody_elses_settlement_is_not_there(visitor: Browser, till: Till) -> None:
    paid = await till.pay()
    await visitor.sign_in("li_jing")
    response = await visitor.get(f"/costs/{paid.number}")
    assert response.status_code == 404
    assert "协和" not in response.text


@pytest.mark.parametrize("number", ["x", "S1", str(OutsideNumber(SETTLEMENT, LI, 7)), "B" + "1" * 18, "S" + "9" * 40])
async def test_a_number_that_is_none_is_a_404(visitor: Browser, number: str) -> None:
    await visitor.sign_in("li_jing")
    assert (await visitor.get(f"/costs/{number}")).status_code == 404


async def test_looking_at_a_settlement_is_recorded(visitor: Browser, till: Till, app: Litestar) -> None:
    paid = await till.pay()
    await visitor.sign_in("wang_xiuying")
    before = await count(app, "infra.audit")
    await visitor.get(f"/costs/{paid.number}")
    async with app.state.pool.acquire() as db:
        row = await db.fetchrow("select actor, action, subject from infra.audit order by audit_id desc limit 1")
    assert tuple(row) == (f"person:{WANG}", "settlement.viewed", paid.number)
    assert await count(app, "infra.audit") == before + 1


async def test_looking_at_the_list_is_recorded(visitor: Browser, till: Till, app: Litestar) -> None:
    await till.pay()
    await visitor.sign_in("wang_xiuying")
    await visitor.get("/costs")
    await visitor.get("/filing/records")
    async with app.state.pool.acquire() as db:
        rows = await db.fetch("select actor, action, person_id from infra.audit order by audit_id desc limit 2")
    assert [tuple(row) for row in rows] == [
        (f"person:{WANG}", "filings.listed", WANG),
        (f"person:{WANG}", "settlements.listed", WANG),
    ]


async def test_costs_page_by_page(visitor: Browser, till: Till, clock: Clock) -> None:
    numbers = []
    for _ in range(22):
        clock.later(seconds=1)
        paid = await till.pay(
            care_kind=CareKind.OUTPATIENT,
            total_fen=20_000,
            admitted_on=date(2026, 11, 20),
            settled_on=date(2026, 11, 20),
        )
        numbers.append(paid.number)
    await visitor.sign_in("wang_xiuying")
    first = (await visitor.get("/costs")).text
    link = re.search(r'href="(/costs\?before=[^"]+)"', first)
    assert link
    second = (await visitor.get(link[1])).text
    seen = re.findall(r'href="/costs/(S\d+)"', first) + re.findall(r'href="/costs/(S\d+)"', second)
    assert seen[:22] == numbers[::-1]


async def _hospital_in(app: Litestar, pool_code: str) -> str:
    async with app.state.pool.acquire() as db:
        code: str = await db.fetchval(
            """select institution_code from directory.institution
               where pool_code = $1 and hospital_level = '02' and settles_inpatient limit 1""",
            pool_code,
        )
    return code
