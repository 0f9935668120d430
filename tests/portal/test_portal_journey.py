"""One thing through its pages: said once, one page of progress, the relative told, nobody else let in."""

import asyncio
import html
import re

import pytest
from litestar import Litestar
from portal_kit import Browser, Clock, Till, count

from bills_kit import LI, WANG
from tongban.people import demo_cast

OPERATION = {"event": "operation", "for": "self", "why": "long_term", "area": "110000", "start_choice": "today"}


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


async def begin(visitor: Browser, **more: str) -> str:
    """The address of a new journey."""
    await visitor.get(f"/journey/new?event={more.get('event', 'operation')}")
    token = re.search(r'name="open_token" value="([^"]+)"', visitor.page)[1]  # type: ignore[index]
    response = await visitor.post("/journey/new", OPERATION | {"open_token": token} | more)
    assert response.status_code == 303, text_of(response.text)
    return str(response.headers["location"])


async def test_anybody_may_look_what_there_is_and_signs_in_to_begin(visitor: Browser) -> None:
    page = await visitor.get("/journey")
    assert "去外地住院、做手术" in page.text
    response = await visitor.get("/journey/new?event=operation")
    assert response.headers["location"] == "/sign-in?next=%2Fjourney%2Fnew%3Fevent%3Doperation"


async def test_said_once_it_shows_every_errand_and_the_next_step(visitor: Browser) -> None:
    await visitor.sign_in("wang_xiuying")
    page = await visitor.get(await begin(visitor))
    said = text_of(page.text)
    for words in ("异地就医备案 要办", "家庭共济 可办可不办", "直接结算 到时候再办", "医疗费报销 到时候再办"):
        assert words in said
    main = page.text.partition("<main")[2].partition("</main")[0]
    assert main.count('class="btn"') == 1  # never two filled buttons
    assert "下一步：去备案" in said
    assert "自己少付" in said  # what it changes in yuan
    home = text_of((await visitor.get("/")).text)
    assert "去外地住院、做手术" in home
    assert "下一步：去备案" in home


async def test_the_errand_opens_with_what_is_known_and_is_the_same_draft_again(visitor: Browser) -> None:
    await visitor.sign_in("zhang_jianguo")
    where = await begin(visitor, event="retire")
    await visitor.get(where)
    first = await visitor.post(f"{where}/filing")
    page = await visitor.follow(first)
    assert "北京市" in page.text
    await visitor.get(where)
    again = await visitor.post(f"{where}/filing")
    assert again.headers["location"] == first.headers["location"]
    assert "接着办" in (await visitor.get(where)).text


async def test_a_form_for_one_place_is_not_taken_up_for_another(visitor: Browser) -> None:
    await visitor.sign_in("zhang_jianguo")
    drafts = []
    for area, name in (("120000", "天津市"), ("310000", "上海市")):
        where = await begin(visitor, event="retire", area=area)
        page = await visitor.get(where)
        assert "异地就医备案 要办" in text_of(page.text)
        taken_up = await visitor.post(f"{where}/filing")
        drafts.append(taken_up.headers["location"])
        assert name in (await visitor.follow(taken_up)).text
        assert "异地就医备案 办了一半" in text_of((await visitor.get(where)).text)
    assert len(set(drafts)) == 2


async def test_two_taps_of_an_errand_begin_one_form(visitor: Browser) -> None:
    await visitor.sign_in("zhang_jianguo")
    where = await begin(visitor, event="retire", area="330100")
    for _ in range(3):  # taps meet only where every connection has run these statements before
        await asyncio.gather(*(visitor.get(where) for _ in range(6)))
    sent = await asyncio.gather(*(visitor.post(f"{where}/filing") for _ in range(6)))
    assert len({response.headers["location"] for response in sent}) == 1


async def test_what_it_will_cost_is_answered_without_asking_again(visitor: Browser) -> None:
    """For oneself with one's own insurance; for a mother with hers, without a name in the address."""
    await visitor.sign_in("li_jing")
    for whom, says in (("self", "职工医保 · 太原市"), ("1", "居民医保 · 太原市")):
        page = await visitor.get(await begin(visitor, **{"for": whom}))
        link = html.unescape(re.search(r'href="(/estimate[^"]*)"', page.text)[1])  # type: ignore[index]
        assert str(WANG) not in link
        answered = await visitor.get(link)
        assert answered.status_code == 200
        assert f"{says} · 长期住在那里" in text_of(answered.text)
        assert "去外省住院，自己付多少" in answered.text


async def test_a_relative_bound_on_the_way_is_chosen_already(visitor: Browser) -> None:
    zhang = next(person for person in demo_cast() if person.name == "张建国")
    await visitor.sign_in("han_guilan")
    page = await visitor.get("/journey/new?event=operation")
    link = html.unescape(re.search(r'href="(/family/new[^"]*)"', page.text)[1])  # type: ignore[index]
    form = await visitor.get(link)
    target = html.unescape(re.findall(r'name="next" value="([^"]*)"', form.text)[-1])
    assert target.startswith("/journey/new?")
    typed = {"name": zhang.name, "id_number": zhang.id_number, "relation": "sibling", "next": target}
    wrong = await visitor.post("/family/new", typed | {"relation": ""})
    assert f'name="next" value="{html.escape(target)}"' in wrong.text
    back = await visitor.follow(await visitor.post("/family/new", typed))
    assert back.url.path == "/journey/new"
    assert re.search(r'name="for" value="1"[^>]* checked', back.text)
    assert "张建国（兄弟）" in back.text
    away = await visitor.post("/family/new", typed | {"next": "https://evil.test/"})
    assert away.headers["location"] == "/family?done=bound"


async def test_two_taps_begin_one_journey(visitor: Browser, app: Litestar) -> None:
    await visitor.sign_in("liu_zhiqiang")
    await visitor.get("/journey/new?event=operation")
    token = re.search(r'name="open_token" value="([^"]+)"', visitor.page)[1]  # type: ignore[index]
    before = await count(app, "journeys.journey")
    sent = [visitor.post("/journey/new", OPERATION | {"open_token": token}) for _ in range(6)]
    places = {response.headers["location"] for response in await asyncio.gather(*sent)}
    assert len(places) == 1
    assert await count(app, "journeys.journey") == before + 1


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"for": "7"}, "请选给谁办"),
        ({"for": "0"}, "请选给谁办"),
        ({"for": str(WANG)}, "请选给谁办"),
        ({"why": "emergency"}, "请选为什么去那里看"),
        ({"area": ""}, "请选要去看病的地方"),
        ({"area": "999999"}, "请选要去看病的地方"),
        ({"area": "140100"}, "在那里看病不用办"),
        ({"start_choice": "date", "start": "2031-01-01"}, "请选一年以内的"),
        ({"start_choice": "date", "start": "明年"}, "日子"),
    ],
)
async def test_what_fits_no_journey_is_refused_and_kept(visitor: Browser, typed: dict[str, str], says: str) -> None:
    await visitor.sign_in("wang_xiuying")
    await visitor.get("/journey/new?event=operation")
    response = await visitor.post("/journey/new", OPERATION | typed)
    assert response.status_code == 422
    assert says in text_of(response.text)
    assert 'name="for" value="self"' in response.text


async def test_a_province_that_is_filed_to_as_a_whole_is_place_enough(visitor: Browser) -> None:
    await visitor.sign_in("wang_xiuying")
    chosen = {"area": "", "area_province": "460000"}
    await visitor.get("/journey/new?event=operation")
    shown = await visitor.post("/journey/new", OPERATION | chosen | {"go": "province"})
    assert re.search(r'value="460000" data-label="海南省" checked', shown.text)
    assert "去海南省 ·" in text_of((await visitor.get(await begin(visitor, **chosen))).text)
    city = await visitor.post("/journey/new", OPERATION | chosen | {"area_province": "130000"})
    assert "请选要去看病的地方" in text_of(city.text)


async def test_in_the_filing_too(visitor: Browser) -> None:
    await visitor.sign_in("liu_zhiqiang")
    await visitor.get("/filing")
    page = await visitor.follow(await visitor.post("/filing/start", {"why": "own_choice"}))
    draft = page.url.path.rpartition("/")[0]
    fields = {"version": re.search(r'name="version" value="(\d+)"', page.text)[1], "area_province": "460000"}  # type: ignore[index]
    onward = await visitor.follow(await visitor.post(f"{draft}/place", fields))
    assert not onward.url.path.endswith("/place")
    assert "海南省" in (await visitor.get(f"{draft}/place")).text


async def test_two_insurances_are_asked_for(visitor: Browser) -> None:
    await visitor.sign_in("chen_yuhang")
    await visitor.get("/journey/new?event=operation")
    response = await visitor.post("/journey/new", OPERATION)
    assert "请选按哪份医保办" in response.text
    number = re.search(r'name="enrollment" value="(\d+)"', response.text)[1]  # type: ignore[index]
    chosen = await visitor.post("/journey/new", OPERATION | {"enrollment": number})
    assert chosen.status_code == 303


async def test_the_relative_is_told_and_can_end_it(visitor: Browser, app: Litestar) -> None:
    await visitor.sign_in("li_jing")
    where = await begin(visitor, **{"for": "1"})
    page = await visitor.get(where)
    assert "为 <b>王秀英</b>（母亲）办理" in page.text
    mother = Browser.of(app)
    await mother.sign_in("wang_xiuying")
    assert "家人在帮您办一件事" in (await mother.get("/inbox")).text
    seen = await mother.get(where)
    assert "李静在帮您办" in seen.text
    await mother.get(f"{where}/end")
    await mother.follow(await mother.post(f"{where}/end"))
    assert "这件事已经停了" in mother.page
    await visitor.get(where)
    assert (await visitor.post(f"{where}/filing")).status_code == 422


async def test_who_is_no_relative_any_more_sees_it_no_more(visitor: Browser, app: Litestar) -> None:
    """The page shows what holds today, the insurance too; the mother still has it, and binding again brings it back."""
    await visitor.sign_in("guo_xiaoyan")
    where = await begin(visitor, **{"for": "1"})
    mother = Browser.of(app)
    await mother.sign_in("zhao_yumei")
    address = re.search(r"/family/[0-9a-f]{16}/release", (await mother.get("/family")).text)[0]  # type: ignore[index]
    await mother.get(address)
    assert (await mother.post(address)).status_code == 303
    for path in (where, f"{where}/end"):
        assert (await visitor.get(path)).status_code == 404
    await visitor.get("/family/new")
    assert (await visitor.post(f"{where}/filing")).status_code == 404
    assert "赵玉梅" not in (await visitor.get("/")).text
    assert (await mother.get(where)).status_code == 200
    zhao = next(person for person in demo_cast() if person.name == "赵玉梅")
    await visitor.get("/family/new")
    await visitor.post("/family/new", {"name": zhao.name, "id_number": zhao.id_number, "relation": "parent"})
    assert (await visitor.get(where)).status_code == 200


async def test_a_helper_sees_no_bill_of_the_person(visitor: Browser, app: Litestar, till: Till) -> None:
    paid = await till.pay()
    await visitor.sign_in("li_jing")
    where = await begin(visitor, **{"for": "1", "start_choice": "date", "start": "2026-11-10", "why": "own_choice"})
    page = await visitor.get(where)
    assert str(paid.number) not in page.text
    assert "直接结算 到时候再办" in text_of(page.text)
    mother = Browser.of(app)
    await mother.sign_in("wang_xiuying")
    own = await mother.get(where)
    assert f'href="/costs/{paid.number}"' in own.text
    assert "医疗费报销 不用办已经直接结算过" in text_of(own.text)


async def test_somebody_elses_is_answered_like_none(visitor: Browser, app: Litestar) -> None:
    await visitor.sign_in("wang_xiuying")
    where = await begin(visitor)
    stranger = Browser.of(app)
    await stranger.sign_in("gao_jianjun")
    for path in (where, f"{where}/end", "/journey/Y318204759610243999999", "/journey/nonsense"):
        response = await stranger.get(path)
        assert response.status_code == 404, path
        assert "没有找到" in response.text
    await stranger.get("/journey")
    await stranger.get("/")
    for path in (f"{where}/filing", f"{where}/end"):
        assert (await stranger.post(path)).status_code == 404
    assert "这件事已经停了" not in (await visitor.get(where)).text


async def test_a_look_is_recorded_for_the_person_looked_at(visitor: Browser, app: Litestar) -> None:
    await visitor.sign_in("li_jing")
    where = await begin(visitor, **{"for": "1"})
    await visitor.get(where)
    async with app.state.pool.acquire() as connection:
        row = await connection.fetchrow(
            "select actor, person_id from infra.audit where action = 'journey.viewed' order by audit_id desc limit 1"
        )
    assert tuple(row) == (f"person:{LI}", WANG)
