"""The estimate, and the places where pages say that sources contradict each other."""

import gzip
import html
import re
from urllib.parse import parse_qsl, urlsplit

import pytest
from litestar import Litestar
from portal_kit import Browser, Clock, Till

from bills_kit import LI, WANG
from tongban.doors.portal.estimate_link import SHARED

STAY = {"trip": "cross_province", "care": "inpatient", "home": "class_1", "there": "class_1"}
VISITOR = {**STAY, "insured": "resident", "pool": "140100", "total": "38600", "self_funded": "2400"}
WITH_TWO = "chen_yuhang"


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


def text_of(page: str) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page)))


def amounts(page: str) -> list[tuple[str, str]]:
    """The bars: what each way is called and what it leaves to pay."""
    rows = re.findall(r'<h3 class="t">(.*?)</h3><span class="v(?: num)?">(.*?)</span>', page)
    return [(label, amount) for label, amount in rows]


# -- the form ----------------------------------------------------------------------------------------------------------


async def test_the_first_page_leads_to_it(visitor: Browser) -> None:
    assert 'href="/estimate"' in (await visitor.get("/")).text
    page = await visitor.get("/estimate")
    assert page.status_code == 200
    assert page.text.count("<h1") == 1
    assert "不用登录" in page.text


async def test_nothing_said_is_asked_for_field_by_field(visitor: Browser) -> None:
    page = await visitor.get("/estimate", params={"care": "inpatient", "total": "三万"})
    assert page.status_code == 422
    for field in ("insured", "pool", "trip", "home", "there", "total"):
        assert f'href="#{field}"' in page.text, field
        assert f'id="{field}"' in page.text, field
        assert f'id="{field}-err"' in page.text, field
    assert 'value="三万"' in page.text
    assert "有 6 处要改" in page.text


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"total": "0"}, "总费用不能填 0"),
        ({"total": "-5"}, "总费用不能填 -5"),
        ({"total": "1e5"}, "看不懂"),
        ({"total": "1.234"}, "看不懂"),
        ({"total": "99999999999999"}, ""),
        ({"total": "999999999999999"}, "看不懂"),
        ({"total": "99999999999999万"}, "总费用不能填"),
        ({"self_funded": "-1"}, "不能报的钱不能填 -1"),
        ({"self_funded": "38600.01"}, "不能报的钱比总费用还多"),
        ({"trip": "same_pool"}, "请选要去哪里看"),
        ({"care": "pharmacy"}, "请选住院还是门诊"),
        ({"pool": "110000"}, "请选在哪个市参保"),
        ({"home": "class_9"}, "请选医院的大小"),
        ({"insured": "everybody"}, "请选参加的是哪种医保"),
    ],
)
async def test_what_cannot_be_is_refused_in_plain_words(visitor: Browser, typed: dict[str, str], says: str) -> None:
    page = await visitor.get("/estimate", params=VISITOR | typed)
    assert page.status_code == (422 if says else 200)
    assert says in text_of(page.text)


async def test_what_is_typed_does_no_harm(visitor: Browser) -> None:
    page = await visitor.get("/estimate", params=VISITOR | {"total": '"><script>alert(1)</script>'})
    assert page.status_code == 422
    assert "<script>alert" not in page.text
    page = await visitor.get("/estimate", params=VISITOR | {"way": '"><script>'})
    assert page.status_code == 200
    assert '"><script>' not in page.text


@pytest.mark.parametrize("total", ["38600", "38,600.00", "38600元", "3.86万", " 3.86 万元 ", "￥38600"])
async def test_amounts_as_people_write_them(visitor: Browser, total: str) -> None:
    page = await visitor.get("/estimate", params=VISITOR | {"total": total})
    assert "同样花 38,600.00 元" in text_of(page.text)


async def test_one_can_go_back_and_change(visitor: Browser) -> None:
    page = await visitor.get("/estimate", params=VISITOR)
    back = html.unescape(re.search(r'class="back" href="([^"]*)"', page.text)[1])  # type: ignore[index]
    form = await visitor.get(back)
    assert form.status_code == 200
    assert 'value="38600"' in form.text
    assert re.search(r'value="resident"[^>]* checked', form.text)
    assert re.search(r'value="140100" selected', form.text)


# -- the result --------------------------------------------------------------------------------------------------------


async def test_the_ways_side_by_side(visitor: Browser) -> None:
    """36,200.00 in scope, 1,000.00 deductible, 35,200.00 above.

    60 % → 21,120.00, 15,080.00 borne; 75 % of 5,080.00 → 3,810.00; own share 13,670.00. 55 % → 19,360.00 and
    5,130.00; 14,110.00. 45 % → 15,840.00 and 7,770.00; 14,990.00.
    """
    page = (await visitor.get("/estimate", params=VISITOR)).text
    assert amounts(page) == [
        ("就在参保地看", "13,670.00 元"),
        ("长期住在那里，备了案", "13,670.00 元"),
        ("医院转诊过去", "14,110.00 元"),
        ("急病，在那里抢救", "14,110.00 元"),
        ("自己去，没有转诊", "14,990.00 元"),
    ]
    said = text_of(page)
    assert "少付 1,320.00 元" in said  # staying at home, beside simply going
    assert "要先备案" in said
    assert "要医院标上“急诊”" in said
    assert "有的数还没有官方来源" in said


async def test_each_way_opens_into_its_working_and_adds_up_to_the_fen(visitor: Browser) -> None:
    """The way looked at says so; the others lead to themselves. Steps, large amount and check line are one number."""
    page = (await visitor.get("/estimate", params=VISITOR)).text
    links = [html.unescape(link) for link in re.findall(r'href="(/estimate\?[^"]*way=[^"]*)">为什么是这个数', page)]
    others = [pair for pair in amounts(page) if pair[0] != "自己去，没有转诊"]
    assert len(links) == 4
    for link, (label, amount) in zip(links, others, strict=True):
        own = amount.removesuffix(" 元")
        opened = text_of((await visitor.get(link)).text)
        assert f"太原市 · {label} · " in opened
        assert f"预计自己付{own}元" in opened
        assert f"最后自己付{own}" in opened.replace(" ", "")
        paid = re.search(r"医保报 ([\d,.]+)，自己付 ([\d,.]+)。加起来正好 ([\d,.]+)。", opened)
        assert paid is not None
        fund_fen, own_fen, total_fen = (int(re.sub(r"\D", "", part)) for part in paid.groups())
        assert (own_fen, fund_fen + own_fen) == (int(re.sub(r"\D", "", own)), total_fen)


async def test_the_steps_of_the_mocked_case_subtract_one_by_one(visitor: Browser) -> None:
    """2,400.00 not covered, 920.00 paid first: 35,280.00 in scope, less 1,000.00: 34,280.00, of which 55 %."""
    page = await visitor.get("/estimate", params=VISITOR | {"way": "referral", "preselfpay": "920"})
    said = text_of(page.text)
    for amount in ("38,600.00", "2,400.00", "920.00", "1,000.00", "34,280.00", "18,854.00"):
        assert amount in said, amount


async def test_the_link_for_sending_names_nobody_and_opens_for_a_stranger(visitor: Browser, app: Litestar) -> None:
    await visitor.sign_in("wang_xiuying")
    own = await visitor.get("/estimate", params=STAY | {"total": "38600", "way": "referral"})
    link = html.unescape(re.search(r'id="link" type="text" readonly value="([^"]*)"', own.text)[1])  # type: ignore[index]
    asked = dict(parse_qsl(urlsplit(link).query))
    assert asked == STAY | {
        "total": "38600",
        "way": "referral",
        "insured": "resident",
        "pool": "140100",
        "whose": "other",
    }
    assert not re.search(r"王|318204759610243|19620308|1990000", link)
    stranger = await Browser.of(app).get(link.removeprefix("http://portal.test"))
    assert stranger.status_code == 200
    assert "医院转诊过去" in stranger.text
    assert amounts(stranger.text)[0][0] == "就在参保地看"


async def test_the_old_address_leads_to_it(visitor: Browser) -> None:
    response = await visitor.get("/compare?trip=cross_province&care=inpatient")
    assert response.headers["location"] == "/estimate?trip=cross_province&care=inpatient"


async def test_an_unknown_total_is_the_average_and_says_so(visitor: Browser) -> None:
    page = text_of((await visitor.get("/estimate", params=VISITOR | {"total": "", "self_funded": ""})).text)
    assert "全国居民医保在三级医院住院，2025 年平均一次花 11,278.00 元。您没有填总费用，先拿这个算" in page
    visit = await visitor.get("/estimate", params=VISITOR | {"total": "", "self_funded": "", "care": "outpatient"})
    assert "拿一次 200.00 元的门诊举例" in text_of(visit.text)


async def test_a_stay_that_is_not_the_first(visitor: Browser) -> None:
    first = await visitor.get("/estimate", params=VISITOR)
    second = await visitor.get("/estimate", params=VISITOR | {"stays": "1"})
    assert amounts(first.text) != amounts(second.text)
    assert (await visitor.get("/estimate", params=VISITOR | {"stays": "many"})).status_code == 200


async def test_what_no_source_gives_is_not_guessed(visitor: Browser) -> None:
    page = (await visitor.get("/estimate", params=VISITOR | {"insured": "retired"})).text
    assert ("自己去，没有转诊", "算不出来") in amounts(page)
    assert "没有查到太原市职工医保" in page
    assert "这样去，算不出来" in page
    assert 'href="tel:0351' in page


async def test_where_nothing_is_known_there_are_no_bars_but_a_phone(visitor: Browser) -> None:
    page = (await visitor.get("/estimate", params=VISITOR | {"insured": "active", "pool": "140900"})).text
    assert amounts(page) == []
    assert "现在还算不了" in page
    assert 'href="tel:0350' in page


async def test_residents_within_the_province_pay_the_same(visitor: Browser) -> None:
    page = (await visitor.get("/estimate", params=VISITOR | {"trip": "in_province"})).text
    assert amounts(page) == [("就在参保地看", "13,670.00 元"), ("去那里看", "13,670.00 元")]
    assert "长期住、转诊、急诊也一样" in page


# -- signed in ---------------------------------------------------------------------------------------------------------


async def test_ones_own_year_counts_and_the_look_is_recorded(visitor: Browser, till: Till, app: Litestar) -> None:
    """After an unreferred stay that left 21,149.25 to be borne and brought 8,361.94 of critical-illness insurance.

    The second stay owes 500.00 of deductible: 60 % of 35,700.00 = 21,420.00, 14,780.00 borne, 35,929.25 in the year;
    75 % of 25,929.25 less 8,361.94 = 11,085.00. Own share 38,600.00 − 21,420.00 − 11,085.00 = 6,095.00.
    """
    await till.pay()
    await visitor.sign_in("wang_xiuying")
    form = await visitor.get("/estimate")
    assert "给自己算：<b>王秀英</b>" in form.text
    assert 'name="insured"' not in form.text
    page = await visitor.get("/estimate", params=STAY | {"total": "38600", "self_funded": "2400"})
    assert "今年您住过 1 次院" in page.text
    assert amounts(page.text)[0] == ("就在参保地看", "6,095.00 元")
    for link in re.findall(r'href="([^"]*)"', page.text):
        asked = {name for name, _ in parse_qsl(urlsplit(html.unescape(link)).query)}
        assert asked <= {*STAY, "total", "self_funded", "way", "why", "change", "insurance", "next"}, link
    async with app.state.pool.acquire() as connection:
        row = await connection.fetchrow(
            "select actor, action, person_id from infra.audit order by audit_id desc limit 1"
        )
    assert tuple(row) == (f"person:{WANG}", "year.viewed", WANG)


async def test_for_somebody_else_all_is_asked_again(visitor: Browser) -> None:
    await visitor.sign_in("li_jing")
    form = await visitor.get("/estimate?whose=other")
    assert 'name="insured"' in form.text
    assert "给自己算" not in form.text
    page = await visitor.get("/estimate", params=VISITOR | {"whose": "other"})
    assert amounts(page.text)[0] == ("就在参保地看", "13,670.00 元")


async def test_of_two_insurances_one_has_to_be_chosen(visitor: Browser) -> None:
    await visitor.sign_in(WITH_TWO)
    page = await visitor.get("/estimate", params=STAY | {"total": "20000"})
    assert page.status_code == 422
    assert "请选按哪份医保算" in page.text
    number = re.search(r'name="enrollment" value="(\d+)" data-label="职工', page.text)[1]  # type: ignore[index]
    chosen = await visitor.get("/estimate", params=STAY | {"total": "20000", "enrollment": number})
    assert "职工医保 · 太原市" in chosen.text
    assert 'href="tel:0351' in chosen.text  # the line of the city whose rules are asked after


async def test_who_is_in_arrears_is_told(visitor: Browser) -> None:
    await visitor.sign_in("gao_jianjun")
    page = await visitor.get("/estimate", params=STAY | {"total": "20000"})
    assert "单位欠着医保费" in page.text


async def test_the_pages_stay_small(visitor: Browser) -> None:
    for more in ({"change": "1"}, {}, {"way": "referral"}):
        page = await visitor.get("/estimate", params=VISITOR | more)
        assert len(gzip.compress(page.content, 6)) <= 6_000, more


# -- contradictions ----------------------------------------------------------------------------------------------------

ADVICE = {"trip": "cross_province", "care": "inpatient", "insurance": "resident"}


async def test_advice_says_when_sources_disagree(visitor: Browser) -> None:
    page = (await visitor.get("/filing/advice", params=ADVICE | {"why": "own_choice"})).text
    assert page.count("<h2>这里有两种说法</h2>") == 1
    assert 'href="#readings"' in page
    assert "跨省去看病，不是急诊也没有转诊，要不要先备案" in page
    assert "这里用的是" in page
    agreed = await visitor.get("/filing/advice", params=ADVICE | {"why": "own_choice", "trip": "in_province"})
    assert "这里有两种说法" not in agreed.text


async def test_advice_names_papers_place_validity_and_yuan(visitor: Browser) -> None:
    page = text_of((await visitor.get("/filing/advice", params=ADVICE | {"why": "long_term"})).text)
    for said in (
        "居住证",
        "北京、天津、上海",
        "新疆兵团备到省一级",
        "长期有效",
        "不备案，就按没有转诊算",
        "自己少付 1,541.70 元",
    ):
        assert said in page, said
    referral = text_of((await visitor.get("/filing/advice", params=ADVICE | {"why": "referral"})).text)
    for said in ("转诊证明", "6 个月", "自己少付 1,027.80 元", "转出的医院"):
        assert said in referral, said


async def test_advice_for_employees_asks_for_the_city(visitor: Browser) -> None:
    answers = ADVICE | {"why": "long_term", "insurance": "employee"}
    page = await visitor.get("/filing/advice", params=answers)
    assert "各市不一样" in page.text
    assert 'href="/estimate?trip=cross_province&amp;care=inpatient&amp;change=1"' in page.text
    await visitor.sign_in("liu_zhiqiang")
    own = text_of((await visitor.get("/filing/advice", params=answers)).text)
    # 大同, class 1, 13,335.00: 80 % against 60 % of 12,535.00
    assert "自己少付 2,507.00 元" in own


async def test_a_step_that_rests_on_a_contradiction_says_so(visitor: Browser, till: Till) -> None:
    paid = await till.pay()
    await visitor.sign_in("wang_xiuying")
    page = (await visitor.get(f"/costs/{paid.number}")).text
    assert '<a class="plainlink small" href="#readings">有两种说法</a>' in page
    assert page.count("<h2>这里有两种说法</h2>") == 1
    assert "大病保险 5 万元那一档怎么算" in page


async def test_a_settlement_leads_to_a_page_that_can_be_sent_on(visitor: Browser, till: Till, app: Litestar) -> None:
    paid = await till.pay()
    await visitor.sign_in("wang_xiuying")
    page = (await visitor.get(f"/costs/{paid.number}")).text
    link = html.unescape(re.search(r'href="(/estimate\?[^"]*whose=other)"', page)[1])  # type: ignore[index]
    asked = dict(parse_qsl(urlsplit(link).query))
    assert set(asked) == {*SHARED, "whose"}
    assert asked["total"] == f"{paid.total_fen / 100:.2f}"
    assert str(paid.number) not in link
    stranger = await Browser.of(app).get(link)
    assert stranger.status_code == 200
    assert "王秀英" not in stranger.text


# -- for a relative ----------------------------------------------------------------------------------------------------


async def test_advice_for_a_relative_asks_no_insurance_and_is_logged(visitor: Browser, app: Litestar) -> None:
    await visitor.sign_in("li_jing")
    form = await visitor.get("/filing?whose=family")
    assert re.search(r'name="for" value="1"[^>]* checked', form.text)
    assert 'name="insurance"' not in form.text
    asked = {"trip": "in_province", "care": "inpatient", "why": "own_choice", "for": "1"}
    page = await visitor.get("/filing/advice", params=asked)
    assert "王秀英不用备案" in text_of(page.text)
    assert "居民医保" in page.text
    async with app.state.pool.acquire() as connection:
        row = await connection.fetchrow(
            "select actor, person_id from infra.audit where action = 'enrollment.viewed' order by audit_id desc limit 1"
        )
    assert tuple(row) == (f"person:{LI}", WANG)
    other = await visitor.get("/filing/advice", params=asked | {"for": "other"})
    assert other.status_code == 422
    assert "请选您参加的是哪种医保" in other.text
    # A place that no relative has is nobody else's: the answer is one's own.
    assert "职工医保" in (await visitor.get("/filing/advice", params=asked | {"for": "9"})).text


async def test_a_filing_begun_from_the_advice_is_for_that_relative(visitor: Browser) -> None:
    await visitor.sign_in("li_jing")
    asked = {"trip": "cross_province", "care": "inpatient", "why": "long_term", "for": "1"}
    answer = await visitor.get("/filing/advice", params=asked)
    whom = re.search(r'name="for" value="([^"]+)"', answer.text)[1]  # type: ignore[index]
    page = await visitor.follow(await visitor.post("/filing/start", {"why": "long_term", "for": whom}))
    assert "王秀英" in page.text
