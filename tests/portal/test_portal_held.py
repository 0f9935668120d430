"""What was typed survives the end of its session: for the same person, and for nobody else."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from html import unescape
from uuid import UUID

import httpx
import pytest
from litestar import Litestar
from portal_kit import Browser, Clock, count

from bills_kit import WANG
from tongban import drafts
from tongban.doors.portal import csrf, held
from tongban.doors.portal.session import ABSOLUTE, IDLE
from tongban.infra.db import create_pool

TYPED = {"contact": "李静 & <儿媳>", "tel": "19900000002", "addr": "北京市朝阳区\n某某路 1 号"}
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')


@pytest.fixture
async def draft(visitor: Browser) -> str:
    """The address of a draft's page, in the mother's name."""
    await visitor.sign_in("wang_xiuying")
    await visitor.get("/filing")
    response = await visitor.post("/filing/start")
    assert response.status_code == 303, response.text
    address = re.match(r"(/filing/[0-9a-f-]{36})", response.headers["location"])
    assert address, response.headers["location"]
    await visitor.get(response.headers["location"])
    return address[1]


async def kept(app: Litestar, draft: str) -> dict[str, str]:
    """What the step holds."""
    state = app.state
    async with state.pool.acquire() as db:
        found = await drafts.load(
            db, state.vault, person_id=WANG, draft_id=UUID(draft.rpartition("/")[2]), now=state.clock()
        )
    return dict(found.values("contact"))


async def test_a_step_sent_after_the_session_ended_is_there_after_signing_in(
    app: Litestar, visitor: Browser, clock: Clock, draft: str
) -> None:
    clock.now += IDLE
    response = await visitor.post(f"{draft}/contact?from=review", TYPED)
    assert response.headers["location"] == "/sign-in?next=%2Fheld"
    await visitor.follow(response)
    response = await visitor.follow(await visitor.post("/sign-in", {"resident": "wang_xiuying", "next": "/held"}))
    assert response.url.path == "/held"
    assert "您刚才填的还在" in response.text
    assert f'action="{draft}/contact?from=review"' in response.text
    fields = dict(_HIDDEN.findall(response.text.partition("<main")[2]))
    assert fields["contact"] == "李静 &amp; &lt;儿媳&gt;"
    response = await visitor.post(f"{draft}/contact?from=review", TYPED | {"held": "1"})
    assert response.status_code in (303, 422)
    assert TYPED.items() <= (await kept(app, draft)).items()
    assert await count(app, "infra.held_form") == 0
    assert (await visitor.get("/held")).headers["location"] == "/"


@pytest.mark.parametrize("after", [IDLE, ABSOLUTE, timedelta(hours=20)])
async def test_whatever_ended_the_session(visitor: Browser, clock: Clock, draft: str, after: timedelta) -> None:
    clock.now += after
    await visitor.follow(await visitor.post(f"{draft}/contact", TYPED))
    response = await visitor.follow(await visitor.post("/sign-in", {"resident": "wang_xiuying"}))
    assert response.url.path == "/held"


async def test_a_form_whose_cookies_are_all_gone_is_kept_too(app: Litestar, visitor: Browser, draft: str) -> None:
    """A phone that restarted its browser: the page is still there, the cookies are not."""
    visitor.http.cookies.clear()
    response = await visitor.follow(await visitor.post(f"{draft}/contact", TYPED))
    assert response.url.path == "/sign-in"
    assert response.url.query == b"next=%2Fheld"
    response = await visitor.follow(await visitor.post("/sign-in", {"resident": "wang_xiuying"}))
    assert response.url.path == "/held"


async def test_a_token_that_is_gone_alone_costs_one_tap(app: Litestar, visitor: Browser, draft: str) -> None:
    """Still signed in, but the form's cookie is another one by now."""
    del visitor.http.cookies["csrf"]
    response = await visitor.post(f"{draft}/contact", TYPED)
    assert response.headers["location"] == "/held"
    assert "您刚才填的还在" in (await visitor.follow(response)).text
    response = await visitor.post(f"{draft}/contact", TYPED | {"held": "1"})
    assert response.status_code in (303, 422)
    assert TYPED.items() <= (await kept(app, draft)).items()


async def test_somebody_else_who_signs_in_sees_nothing_of_it(
    app: Litestar, visitor: Browser, clock: Clock, draft: str
) -> None:
    clock.now += IDLE
    await visitor.follow(await visitor.post(f"{draft}/contact", TYPED))
    response = await visitor.follow(await visitor.post("/sign-in", {"resident": "li_jing", "next": "/held"}))
    response = await visitor.follow(await visitor.post("/consent", {"agree": "1", "next": "/held"}))
    assert response.url.path == "/"
    everything = "".join(seen.text for seen in visitor.seen[-6:])
    assert TYPED["tel"] not in everything
    assert draft not in everything
    await visitor.post("/held/drop")
    assert await count(app, "infra.held_form") == 1
    await visitor.post("/sign-out")
    await visitor.get("/sign-in")
    response = await visitor.follow(await visitor.post("/sign-in", {"resident": "wang_xiuying"}))
    assert response.url.path == "/held"


async def test_it_lies_sealed_and_is_let_go(app: Litestar, visitor: Browser, clock: Clock, draft: str) -> None:
    clock.now += IDLE
    await visitor.follow(await visitor.post(f"{draft}/contact", TYPED))
    async with app.state.pool.acquire() as db:
        row = await db.fetchrow("select * from infra.held_form")
    assert row["person_id"] == WANG
    assert b"19900000002" not in row["sealed"]
    await visitor.follow(await visitor.post("/sign-in", {"resident": "wang_xiuying"}))
    await visitor.post("/held/drop")
    assert await count(app, "infra.held_form") == 0


async def test_it_is_forgotten_after_a_while(visitor: Browser, clock: Clock, draft: str) -> None:
    clock.now += IDLE
    await visitor.follow(await visitor.post(f"{draft}/contact", TYPED))
    clock.now += held.KEPT
    response = await visitor.follow(await visitor.post("/sign-in", {"resident": "wang_xiuying"}))
    assert response.url.path == "/"


async def test_a_page_of_yesterday_is_not_kept(app: Litestar, visitor: Browser, clock: Clock, draft: str) -> None:
    clock.later(seconds=csrf.OWNER_KNOWN_SECONDS + 1)
    response = await visitor.post(f"{draft}/contact", TYPED)
    assert response.headers["location"].startswith("/sign-in")
    assert await count(app, "infra.held_form") == 0


@pytest.mark.parametrize("token", ["", "x", "A" * 48, "A" * 103])
async def test_a_forged_token_keeps_nothing(app: Litestar, visitor: Browser, draft: str, token: str) -> None:
    visitor.http.cookies.clear()
    response = await visitor.http.post(f"{draft}/contact", data=TYPED | {"csrf": token})
    assert response.status_code == 403
    assert await count(app, "infra.held_form") == 0


async def test_another_site_keeps_nothing(app: Litestar, visitor: Browser, clock: Clock, draft: str) -> None:
    clock.now += IDLE
    response = await visitor.post(f"{draft}/contact", TYPED, headers={"sec-fetch-site": "cross-site"})
    assert response.status_code == 403
    assert await count(app, "infra.held_form") == 0


async def test_a_visitors_form_is_nobodys(app: Litestar) -> None:
    visitor = Browser.of(app)
    await visitor.get("/sign-in")
    assert (await visitor.post("/code/activate")).headers["location"].startswith("/sign-in")
    assert await count(app, "infra.held_form") == 0


# -- two people, one phone --------------------------------------------------------------------------------------------


async def test_a_page_made_for_another_person_does_not_act_for_this_one(
    app: Litestar, visitor: Browser, draft: str
) -> None:
    """The mother's page is still open in another window when the daughter signs in."""
    mothers = visitor.page
    await visitor.get("/")
    await visitor.post("/sign-out")
    await visitor.sign_in("li_jing")
    fields = dict(_HIDDEN.findall(mothers)) | TYPED
    response = await visitor.http.post(f"{draft}/contact", data=fields)
    assert response.status_code == 403
    visitor.page = mothers
    assert (await visitor.post("/code/activate")).status_code == 403
    assert await count(app, "infra.held_form") == 0


async def test_a_token_from_before_the_sign_in_counts_no_more(app: Litestar, visitor: Browser) -> None:
    """Planted by whoever had the phone, or the network, before."""
    await visitor.get("/sign-in")
    planted, page = visitor.http.cookies["csrf"], visitor.page
    await visitor.sign_in("wang_xiuying")
    visitor.http.cookies.set("csrf", planted, domain="portal.test")
    token = re.search(r'name="csrf" value="([^"]+)"', page)
    assert token
    response = await visitor.http.post("/prefs", data={"csrf": token[1], "elder": "1"})
    assert response.status_code == 403


# --- a fault of ours --------------------------------------------------------------------------------------------------


@asynccontextmanager
async def without_database(app: Litestar) -> AsyncIterator[None]:
    """Nobody listens where the database was."""
    pool = app.state.pool
    async with await create_pool("postgresql://nobody@127.0.0.1:1/gone", size_min=0) as gone:
        app.state.pool = gone
        yield
    app.state.pool = pool


def again(page: httpx.Response) -> tuple[str, dict[str, str]]:
    """The form of the page that says what failed: where it leads, and its fields as a browser sends them."""
    main = page.text.partition("<main")[2].partition("</main")[0]
    action = re.search(r'<form method="post" action="([^"]+)">', main)
    assert action, page.text
    return unescape(action[1]), {name: unescape(value) for name, value in _HIDDEN.findall(main)}


async def test_a_form_that_met_an_outage_is_sent_again_with_one_tap(
    app: Litestar, visitor: Browser, draft: str
) -> None:
    async with without_database(app):
        response = await visitor.post(f"{draft}/contact?from=review", TYPED)
        assert response.status_code == 503
        assert "再交一次" in response.text
        assert TYPED["tel"] not in str(response.url)
        action, fields = again(response)
        assert action == f"{draft}/contact?from=review"
        assert TYPED.items() <= fields.items()
        still = await visitor.http.post(action, data=fields)  # too early: the page is there once more, unchanged
        assert (still.status_code, again(still)) == (503, (action, fields))
    response = await visitor.http.post(action, data=fields)
    assert response.status_code in (303, 422)
    assert TYPED.items() <= (await kept(app, draft)).items()


@pytest.mark.parametrize("token", ["", "AAAA"])
async def test_an_outage_hands_no_form_back_that_was_not_ours(
    app: Litestar, visitor: Browser, draft: str, token: str
) -> None:
    """Else any site could have its own words sent from a page of ours."""
    async with without_database(app):
        response = await visitor.http.post(f"{draft}/contact", data=TYPED | {"csrf": token})
    assert response.status_code == 503
    assert TYPED["tel"] not in response.text


async def test_a_form_sent_again_after_the_session_ended_is_held(
    app: Litestar, visitor: Browser, clock: Clock, draft: str
) -> None:
    async with without_database(app):
        action, fields = again(await visitor.post(f"{draft}/contact", TYPED))
    clock.now += IDLE
    response = await visitor.http.post(action, data=fields)
    assert response.headers["location"] == "/sign-in?next=%2Fheld"
    await visitor.follow(response)
    response = await visitor.follow(await visitor.post("/sign-in", {"resident": "wang_xiuying", "next": "/held"}))
    assert TYPED["tel"] in response.text
