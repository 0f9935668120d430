"""消息: read by their owner, opened into what they are about, and nobody else's."""

import re
from datetime import timedelta

import pytest
from litestar import Litestar
from portal_kit import Browser, Clock, Till

from bills_kit import WANG
from tongban.doors.worker import Context
from tongban.doors.worker.chores import tell_settlements
from tongban.infra.db import Pool
from tongban.notices import NoticeKind, inbox, look_through, post
from tongban.settlement import CancelRequest, cancel


@pytest.fixture
def pool(app: Litestar) -> Pool:
    found: Pool = app.state.pool
    return found


async def tell(pool: Pool, clock: Clock, person_id: int, title: str, link: str = "") -> None:
    async with pool.acquire() as db:
        await post(
            db,
            person_id=person_id,
            kind=NoticeKind.FILING,
            subject="",
            title=title,
            body="点开看详细的。",
            link=link,
            now=clock(),
        )


async def numbers(pool: Pool, person_id: int) -> list[int]:
    async with pool.acquire() as db:
        return [notice.notice_no for notice in await inbox(db, person_id)]


def without_token(text: str) -> str:
    return re.sub('name="csrf" value="[^"]+"', "", text)


async def test_an_empty_inbox_says_what_will_come(visitor: Browser) -> None:
    await visitor.sign_in("wang_xiuying")
    page = await visitor.get("/inbox")
    assert page.status_code == 200
    assert "还没有消息" in page.text


async def test_opening_leads_on_and_counts_as_read(visitor: Browser, pool: Pool, clock: Clock) -> None:
    await visitor.sign_in("wang_xiuying")
    await tell(pool, clock, WANG, "备案办好了", "/costs")
    await tell(pool, clock, WANG, "账户有变动")
    page = await visitor.get("/inbox")
    assert "有 2 条没看" in page.text
    assert page.text.index("账户有变动") < page.text.index("备案办好了")
    assert '<b class="num">2<' in page.text  # the header counts too
    without_link, with_link = await numbers(pool, WANG)
    assert (await visitor.get(f"/inbox/{with_link}")).headers["location"] == "/costs"
    assert (await visitor.get(f"/inbox/{without_link}")).headers["location"] == "/inbox"
    assert "都看过了" in (await visitor.get("/inbox")).text


async def test_all_read_spares_what_came_after_the_page(visitor: Browser, pool: Pool, clock: Clock) -> None:
    await visitor.sign_in("wang_xiuying")
    await tell(pool, clock, WANG, "一")
    await visitor.get("/inbox")
    seen = (await numbers(pool, WANG))[0]
    await tell(pool, clock, WANG, "二")
    assert (await visitor.post("/inbox/read", {"up_to": str(seen)})).status_code == 303
    assert "有 1 条没看" in (await visitor.get("/inbox")).text


async def test_twenty_a_page(visitor: Browser, pool: Pool, clock: Clock) -> None:
    await visitor.sign_in("wang_xiuying")
    for number in range(21):
        await tell(pool, clock, WANG, f"第{number}条")
    page = await visitor.get("/inbox")
    assert page.text.count('class="hit"') == 20
    before = (await numbers(pool, WANG))[19]
    later = await visitor.get(f"/inbox?before={before}")
    assert "第0条" in later.text
    assert "没有更早的了" in (await visitor.get("/inbox?before=1")).text


@pytest.mark.parametrize("number", ["0", "-1", "x", "9" * 30, "%20", "1;drop"])
async def test_numbers_that_are_none_are_not_found(visitor: Browser, number: str) -> None:
    await visitor.sign_in("wang_xiuying")
    assert (await visitor.get(f"/inbox/{number}")).status_code == 404


async def test_somebody_elses_message_looks_like_none_and_stays_unread(
    visitor: Browser, app: Litestar, pool: Pool, clock: Clock
) -> None:
    await tell(pool, clock, WANG, "只给王秀英看的")
    number = (await numbers(pool, WANG))[0]
    await visitor.sign_in("zhang_jianguo")
    theirs, none = await visitor.get(f"/inbox/{number}"), await visitor.get(f"/inbox/{number + 10_000}")
    assert theirs.status_code == none.status_code == 404
    told = [without_token(page.text) for page in (theirs, none)]
    assert told[0] == told[1].replace(f"/inbox/{number + 10_000}", f"/inbox/{number}")
    await visitor.get("/inbox")
    await visitor.post("/inbox/read", {"up_to": str(number)})
    async with pool.acquire() as db:
        assert (await inbox(db, WANG))[0].read_at is None


async def test_visitors_are_sent_to_sign_in(visitor: Browser) -> None:
    response = await visitor.get("/inbox")
    assert response.headers["location"].startswith("/sign-in?next=%2Finbox")


async def test_settling_and_cancelling_are_told_once(
    visitor: Browser, app: Litestar, till: Till, pool: Pool, clock: Clock
) -> None:
    state = app.state
    context = Context(state.settings, pool, state.vault, clock, {})
    async with pool.acquire() as db:
        await look_through(db, "settlements", clock())
    settled = await till.pay()
    for _ in range(2):
        clock.later(minutes=1)
        await tell_settlements(context, {})
    async with pool.acquire() as db:
        told = await inbox(db, WANG)
        assert [notice.link for notice in told] == [f"/costs/{settled.number}"]
        assert "北京协和医院结算了一笔" in told[0].title
        await cancel(
            db,
            state.pack,
            CancelRequest(
                person_id=WANG,
                settlement_serial=settled.settlement_serial or 0,
                institution_code=settled.institution_code,
                message_id="cancel-1",
                transaction_code="2305",
                request_hash=b"1",
            ),
            now=clock(),
        )
    clock.later(minutes=1)
    await tell_settlements(context, {})
    clock.later(days=2)
    await tell_settlements(context, {})
    async with pool.acquire() as db:
        told = await inbox(db, WANG)
    assert [("撤销" in notice.title) for notice in told] == [True, False]
    await visitor.sign_in("wang_xiuying")
    page = await visitor.get("/inbox")
    # What is in the inbox needs no amounts: they are behind the sign-in and the link.
    assert "元" not in page.text.split("<main", 1)[1].split("</main", 1)[0]
    assert timedelta(days=2) < clock() - settled.settled_at
