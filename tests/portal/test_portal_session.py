"""Signing in and out, forms from elsewhere, sessions that end."""

import re
from http.cookies import SimpleCookie

import pytest
from litestar import Litestar
from portal_kit import Browser, Clock, count

from bills_kit import WANG
from tongban.doors.portal import csrf, session, signin
from tongban.doors.portal.consent import consent_text
from tongban.doors.portal.session import ABSOLUTE, IDLE


def cookies_set(response: object) -> SimpleCookie:
    jar: SimpleCookie = SimpleCookie()
    for text in response.headers.get_list("set-cookie"):  # type: ignore[attr-defined]
        jar.load(text)
    return jar


async def test_a_visitor_writes_nothing(app: Litestar, visitor: Browser) -> None:
    for path in ("/", "/sign-in", "/contact", "/hospitals?place=太原", "/privacy", "/costs", "/nope"):
        await visitor.get(path)
    assert await count(app, "infra.session") == 0
    assert await count(app, "infra.rate") == 0
    assert await count(app, "infra.audit") == 0
    assert not any("session" in cookies_set(response) for response in visitor.seen)


async def test_signing_in_leads_to_the_consent_and_back(visitor: Browser) -> None:
    response = await visitor.get("/costs")
    assert response.headers["location"] == "/sign-in?next=%2Fcosts"
    response = await visitor.follow(response)
    assert "王秀英" in response.text
    response = await visitor.post("/sign-in", {"resident": "wang_xiuying", "next": "/costs"})
    assert response.headers["location"] == "/consent?next=%2Fcosts"
    await visitor.follow(response)
    response = await visitor.post("/consent", {"agree": "1", "next": "/costs"})
    assert response.headers["location"] == "/costs"
    assert (await visitor.follow(response)).status_code == 200


async def test_nothing_is_shown_before_the_consent(app: Litestar, visitor: Browser) -> None:
    await visitor.sign_in("wang_xiuying", consent=False)
    for path in ("/", "/costs", "/code"):
        response = await visitor.get(path)
        assert response.headers["location"].startswith("/consent?next=")
    assert await count(app, "people.consent") == 0
    await visitor.get("/consent")
    response = await visitor.post("/consent", {})
    assert response.status_code == 422
    assert "<title>有 1 处要改" in response.text
    assert 'href="#agree"' in response.text
    assert 'aria-invalid="true"' in response.text
    await visitor.post("/consent", {"agree": "1"})
    async with app.state.pool.acquire() as db:
        row = await db.fetchrow("select person_id, text_version, agreed_at, channel from people.consent")
        kept = await db.fetchval("select text from people.consent_text")
    text = consent_text()
    assert tuple(row) == (WANG, text.version, app.state.clock(), "portal")
    assert kept == f"{text.title}\n{text.text}"


async def test_consent_is_asked_once(app: Litestar, visitor: Browser) -> None:
    await visitor.sign_in("wang_xiuying")
    again = Browser.of(app)
    assert (await again.sign_in("wang_xiuying", consent=False)).url.path == "/"


async def test_changed_words_are_asked_anew_even_in_a_session_under_way(
    app: Litestar, visitor: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    await visitor.sign_in("wang_xiuying")
    assert (await visitor.get("/costs")).status_code == 200
    changed = consent_text()._replace(version="2027-01-01-abcdef", text="别的话。")
    for module in (session, signin):
        monkeypatch.setattr(module, "consent_text", lambda: changed)
    response = await visitor.follow(await visitor.get("/costs"))
    assert response.url.path == "/consent"
    assert "别的话。" in response.text
    await visitor.post("/consent", {"agree": "1"})
    async with app.state.pool.acquire() as db:
        rows = await db.fetch("select text_version from people.consent where person_id = $1 order by 1", WANG)
    assert {row["text_version"] for row in rows} == {"2027-01-01-abcdef", consent_text().version}


async def test_a_consent_taken_back_ends_every_session_and_is_asked_again(app: Litestar, visitor: Browser) -> None:
    other_phone = Browser.of(app)
    await visitor.sign_in("wang_xiuying")
    await other_phone.sign_in("wang_xiuying")
    daughter = Browser.of(app)
    await daughter.sign_in("li_jing")
    assert "照旧有效" in (await visitor.get("/consent/withdraw")).text
    response = await visitor.follow(await visitor.post("/consent/withdraw"))
    assert "不再查您的信息" in response.text
    for phone in (visitor, other_phone):
        assert (await phone.get("/costs")).headers["location"].startswith("/sign-in")
    assert (await daughter.get("/costs")).status_code == 200
    again = await other_phone.sign_in("wang_xiuying", consent=False)
    assert again.url.path == "/consent"
    for path in ("/", "/costs", "/code", "/family", "/inbox"):
        assert (await other_phone.get(path)).headers["location"].startswith("/consent?next=")


async def test_an_id_made_elsewhere_is_never_adopted(app: Litestar, visitor: Browser) -> None:
    planted = "attacker-knows-this-id"
    visitor.http.cookies.set("session", planted, domain="portal.test")
    await visitor.sign_in("wang_xiuying")
    given = [value for name, value in visitor.http.cookies.items() if name == "session"]
    assert planted not in given[-1]
    attacker = Browser.of(app)
    attacker.http.cookies.set("session", planted)
    assert (await attacker.get("/costs")).status_code == 303


async def test_the_id_changes_at_sign_in_and_the_old_one_is_dead(app: Litestar, visitor: Browser) -> None:
    await visitor.sign_in("wang_xiuying")
    first = visitor.http.cookies["session"]
    await visitor.post("/sign-out")
    await visitor.sign_in("li_jing")
    assert visitor.http.cookies["session"] != first
    old = Browser.of(app)
    old.http.cookies.set("session", first)
    assert (await old.get("/costs")).status_code == 303
    assert await count(app, "infra.session") == 1


async def test_the_database_does_not_hold_the_id(app: Litestar, visitor: Browser) -> None:
    await visitor.sign_in("wang_xiuying")
    async with app.state.pool.acquire() as db:
        row = await db.fetchrow("select * from infra.session")
    assert visitor.http.cookies["session"].encode() not in row["key_hash"] + row["data"]


async def test_a_lost_phone_is_signed_out_from_another(app: Litestar, visitor: Browser) -> None:
    lost, daughter = Browser.of(app), Browser.of(app)
    await lost.sign_in("wang_xiuying")
    await daughter.sign_in("li_jing")
    await visitor.sign_in("wang_xiuying")
    assert "所有手机都退出登录" in (await visitor.get("/code")).text
    response = await visitor.post("/sign-out", {"everywhere": "1"})
    assert response.headers["location"] == "/"
    for phone in (lost, visitor):
        assert (await phone.get("/costs")).headers["location"].startswith("/sign-in")
    assert (await daughter.get("/costs")).status_code == 200
    assert await count(app, f"infra.audit where action = 'portal.signed_out_everywhere' and person_id = {WANG}") == 1


async def test_over_tls_the_browser_is_told_to_drop_the_cookie_in_words_it_takes(app: Litestar) -> None:
    """A browser ignores what is set under ``__Host-`` without ``Secure`` and ``Path=/``."""
    browser = Browser.of(app, "https://portal.test")
    await browser.sign_in("wang_xiuying")
    await browser.get("/")
    dropped = cookies_set(await browser.post("/sign-out"))["__Host-session"]
    assert (dropped.value, dropped["max-age"], dropped["path"]) == ("", "0", "/")
    assert dropped["secure"]
    assert dropped["httponly"]


async def test_signing_out_ends_the_session_on_the_server(app: Litestar, visitor: Browser) -> None:
    await visitor.sign_in("wang_xiuying")
    kept = visitor.http.cookies["session"]
    await visitor.get("/")
    await visitor.post("/sign-out")
    assert await count(app, "infra.session") == 0
    thief = Browser.of(app)
    thief.http.cookies.set("session", kept)
    assert (await thief.get("/costs")).status_code == 303


async def test_an_idle_session_ends_after_half_an_hour(visitor: Browser, clock: Clock) -> None:
    await visitor.sign_in("wang_xiuying")
    clock.later(minutes=29)
    assert (await visitor.get("/costs")).status_code == 200
    clock.later(minutes=29)
    assert (await visitor.get("/costs")).status_code == 200
    clock.now += IDLE
    assert (await visitor.get("/costs")).status_code == 303


async def test_typing_keeps_a_session(visitor: Browser, clock: Clock) -> None:
    await visitor.sign_in("wang_xiuying")
    for _ in range(4):
        clock.later(minutes=20)
        assert (await visitor.get("/still-here")).status_code == 204
    assert (await visitor.get("/costs")).status_code == 200


async def test_a_session_ends_after_twelve_hours_whatever_happens(visitor: Browser, clock: Clock) -> None:
    await visitor.sign_in("wang_xiuying")
    began = clock.now
    while clock.now < began + ABSOLUTE:
        assert (await visitor.get("/costs")).status_code == 200
        clock.later(minutes=25)
    assert (await visitor.get("/costs")).status_code == 303


async def test_a_session_is_renewed_at_most_once_a_minute(app: Litestar, visitor: Browser, clock: Clock) -> None:
    async def until() -> object:
        async with app.state.pool.acquire() as db:
            return await db.fetchval("select until from infra.session")

    await visitor.sign_in("wang_xiuying")
    first = await until()
    clock.later(seconds=50)
    await visitor.get("/costs")
    assert await until() == first
    clock.later(seconds=15)
    await visitor.get("/costs")
    assert await until() == clock.now + IDLE


async def test_over_tls_cookies_belong_to_this_very_host(app: Litestar) -> None:
    visitor = Browser.of(app, "https://portal.test")
    await visitor.sign_in("wang_xiuying")
    made = {name: morsel for response in visitor.seen for name, morsel in cookies_set(response).items()}
    assert set(made) == {"__Host-session", "__Host-csrf"}
    for morsel in made.values():
        assert morsel["secure"]
        assert morsel["httponly"]
        assert morsel["samesite"].lower() == "lax"
        assert morsel["path"] == "/"
        assert not morsel["domain"]


# -- forms ------------------------------------------------------------------------------------------------------------


async def test_a_form_without_a_token_gets_our_own_page(app: Litestar, visitor: Browser) -> None:
    await visitor.get("/sign-in")
    response = await visitor.http.post("/sign-in", data={"resident": "wang_xiuying"})
    assert response.status_code == 403
    assert "返回上一页，刷新后再提交一次" in response.text
    assert await count(app, "infra.session") == 0


async def test_a_token_of_another_browser_does_not_count(app: Litestar, visitor: Browser) -> None:
    other = Browser.of(app)
    await other.get("/sign-in")
    await visitor.get("/sign-in")
    visitor.page = other.page
    assert (await visitor.post("/sign-in", {"resident": "wang_xiuying"})).status_code == 403


async def test_a_forged_cookie_does_not_count(visitor: Browser) -> None:
    secret = b"s" * 18
    mask = b"m" * 18
    masked = mask + bytes(a ^ b for a, b in zip(mask, secret, strict=True))
    visitor.http.cookies.set("csrf", f"{csrf._encode(secret)}.{csrf._encode(b'x' * 18)}", domain="portal.test")
    fields = {"csrf": csrf._encode(masked), "resident": "wang_xiuying"}
    assert (await visitor.http.post("/sign-in", data=fields)).status_code == 403


async def test_a_form_another_site_sent_is_refused(visitor: Browser) -> None:
    await visitor.get("/sign-in")
    response = await visitor.post("/sign-in", {"resident": "wang_xiuying"}, headers={"sec-fetch-site": "cross-site"})
    assert response.status_code == 403


async def test_each_page_masks_the_secret_anew(visitor: Browser) -> None:
    tokens = {re.search(r'name="csrf" value="([^"]+)"', (await visitor.get("/")).text)[1] for _ in range(3)}  # type: ignore[index]
    assert len(tokens) == 3


@pytest.mark.parametrize(
    "body",
    [b"csrf=%zz", b"\xff\xfe", b"a=%ff%fe", b"&".join(b"f%d=1" % n for n in range(300))],
)
async def test_an_unreadable_form_is_a_page_not_a_failure(visitor: Browser, body: bytes) -> None:
    kind = {"content-type": "application/x-www-form-urlencoded"}
    assert (await visitor.http.post("/prefs", content=body, headers=kind)).status_code in (400, 403)


async def test_json_is_no_form(visitor: Browser) -> None:
    response = await visitor.http.post("/prefs", json={"elder": "1"})
    assert response.status_code == 400


async def test_trying_too_often_is_refused(visitor: Browser, clock: Clock) -> None:
    await visitor.get("/sign-in")
    statuses = [(await visitor.post("/sign-in", {"resident": "nobody"})).status_code for _ in range(60)]
    assert set(statuses) == {422}
    refused = await visitor.post("/sign-in", {"resident": "wang_xiuying"})
    assert refused.status_code == 429
    assert "请过一分钟再试" in refused.text
    clock.later(minutes=1)
    assert (await visitor.post("/sign-in", {"resident": "wang_xiuying"})).status_code == 303


@pytest.mark.parametrize(
    "place",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "/\t/evil.example", "javascript:alert(1)", ""],
)
async def test_no_link_leads_away_after_signing_in(visitor: Browser, place: str) -> None:
    await visitor.get("/sign-in")
    response = await visitor.post("/sign-in", {"resident": "wang_xiuying", "next": place})
    assert response.headers["location"] == "/consent?next=%2F"
