"""Signing in at a real OpenID Connect provider, on an installation that is no demo."""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
import structlog
from litestar import Litestar
from portal_kit import Browser, Clock, count

from bills_kit import WANG
from oidc_kit import CLIENT_ID, CLIENT_SECRET, Provider, running, with_parameters
from tongban.app import create_app
from tongban.notices.wechat import openid_of
from tongban.people import demo_cast
from tongban.settings import IdentityProvider, Settings

HERE = "https://portal.test"
RETURN = f"{HERE}/sign-in/return"
ACCOUNTS = {
    "wang": {
        "name": "王秀英",
        "id_number": next(p.id_number for p in demo_cast() if p.person_id == WANG),
        "wechat_openid": "o-wang",
    },
    "stranger": {"name": "外省人", "id_number": "11010519491231002X"},
    "nameless": {"name": "没有号码的人"},
}


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with running(RETURN, ACCOUNTS) as served:
        yield served


@pytest.fixture
def clock() -> Clock:
    """The provider's tokens tell the real time, so this application lives in it too."""
    return Clock(datetime.now(UTC))


@pytest.fixture
def real(demo: Settings, provider: Provider, tmp_path: Path) -> Settings:
    """The same data with keys of its own kind: not a demo's."""
    content = json.loads(demo.secrets_file.read_text())
    own = tmp_path / "own.json"
    own.write_text(json.dumps(content | {"made_for_demo": False}))
    own.chmod(0o600)
    told = IdentityProvider(provider.issuer, CLIENT_ID, CLIENT_SECRET, HERE, "id_number", "wechat_openid")
    return replace(demo, is_demo=False, secrets_file=own, identity_provider=told)


@pytest.fixture
async def app(real: Settings, clock: Clock) -> AsyncIterator[Litestar]:
    application = create_app(real, clock)
    async with application.lifespan():
        yield application


@pytest.fixture
def visitor(app: Litestar) -> Browser:
    return Browser.of(app, HERE)


async def leave(visitor: Browser, next_path: str = "/costs") -> str:
    """Where the person is sent."""
    response = await visitor.get(f"/sign-in/start?next={next_path}")
    assert response.status_code == 303
    return response.headers["location"]


async def refused(app: Litestar, visitor: Browser, address: str, reason: str, status: int = 403) -> httpx.Response:
    """The page does not say why; the log does, so that a test cannot pass for another reason than its own."""
    sessions = await count(app, "infra.session")
    with structlog.testing.capture_logs() as logged:
        response = await visitor.get(address)
    assert [line["reason"] for line in logged if line["event"] == "sign_in_failed"] == [reason]
    assert response.status_code == status
    assert await count(app, "infra.session") == sessions
    assert "再登录一次" in response.text
    return response


async def test_signing_in_and_coming_back_to_the_page(app: Litestar, visitor: Browser, provider: Provider) -> None:
    there = await leave(visitor)
    assert await count(app, "infra.session") == 0
    response = await visitor.get(await provider.sign_in(there, "wang"))
    assert response.headers["location"] == "/consent?next=%2Fcosts"
    await visitor.follow(response)
    response = await visitor.follow(await visitor.post("/consent", {"agree": "1", "next": "/costs"}))
    assert response.status_code == 200
    assert "__Host-pending" not in visitor.http.cookies
    async with app.state.pool.acquire() as db:
        action, person_id, detail = await db.fetchrow(
            "select action, person_id, detail from infra.audit where action like 'portal.%'"
        )
    assert (action, person_id, detail) == ("portal.signed_in", WANG, {"how": "oidc"})


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"nonce": "another"}, "id token: InvalidClaimError"),
        # The challenge of another verifier: the provider refuses the code when ours is sent.
        ({"code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "HTTPStatusError"),
        ({"state": "another"}, "state"),
    ],
)
async def test_a_sign_in_that_was_tampered_with_on_the_way_out(
    app: Litestar, visitor: Browser, provider: Provider, asked: dict[str, str], reason: str
) -> None:
    await refused(app, visitor, await provider.sign_in(await leave(visitor), "wang", **asked), reason)


@pytest.mark.parametrize(
    ("answered", "reason"),
    [
        ({"state": "another"}, "state"),
        ({"iss": "http://elsewhere"}, "iss parameter"),
        ({"code": "", "error": "access_denied"}, "no code: access_denied"),
        ({"code": "unknown"}, "HTTPStatusError"),
    ],
)
async def test_an_answer_that_was_tampered_with_on_the_way_back(
    app: Litestar, visitor: Browser, provider: Provider, answered: dict[str, str], reason: str
) -> None:
    back = await provider.sign_in(await leave(visitor), "wang")
    await refused(app, visitor, with_parameters(back, **answered), reason)


async def test_an_answer_counts_once(app: Litestar, visitor: Browser, provider: Provider) -> None:
    """A thief who has the cookie from before the sign-in and the address of the return comes too late."""
    back = await provider.sign_in(await leave(visitor), "wang")
    stolen = visitor.http.cookies["__Host-pending"]
    assert (await visitor.get(back)).status_code == 303
    thief = Browser.of(app, HERE)
    thief.http.cookies.set("__Host-pending", stolen, domain="portal.test")
    await refused(app, thief, back, "HTTPStatusError")


async def test_somebody_elses_finished_sign_in_opens_nothing_here(
    app: Litestar, visitor: Browser, provider: Provider
) -> None:
    back = await provider.sign_in(await leave(visitor), "wang")
    await refused(app, Browser.of(app, HERE), back, "no sign-in under way")
    other = Browser.of(app, HERE)
    await leave(other)
    await refused(app, other, back, "state")


async def test_a_sign_in_that_took_too_long(app: Litestar, visitor: Browser, provider: Provider, clock: Clock) -> None:
    back = await provider.sign_in(await leave(visitor), "wang")
    clock.later(minutes=11)
    await refused(app, visitor, back, "too late")


async def test_a_token_out_of_date(app: Litestar, visitor: Browser, provider: Provider, clock: Clock) -> None:
    back = await provider.sign_in(await leave(visitor), "wang")
    clock.later(minutes=5)  # the provider's tokens are good for two
    await refused(app, visitor, back, "id token: ExpiredTokenError")


async def test_changed_keys_are_read_again(app: Litestar, visitor: Browser, provider: Provider) -> None:
    assert (await visitor.get(await provider.sign_in(await leave(visitor), "wang"))).status_code == 303
    known = app.state.oidc._keys
    assert known is not None
    await provider.rotate()
    other = Browser.of(app, HERE)
    assert (await other.get(await provider.sign_in(await leave(other), "wang"))).status_code == 303
    assert app.state.oidc._keys.as_dict() != known.as_dict()


async def test_somebody_without_a_record_is_told_where_to_go(
    app: Litestar, visitor: Browser, provider: Provider
) -> None:
    response = await visitor.get(await provider.sign_in(await leave(visitor), "stranger"))
    assert response.status_code == 404
    assert "没有查到您在山西的参保记录" in response.text
    assert ACCOUNTS["stranger"]["id_number"] not in response.text
    assert await count(app, "infra.session") == 0


async def test_an_account_without_an_id_number(app: Litestar, visitor: Browser, provider: Provider) -> None:
    back = await provider.sign_in(await leave(visitor), "nameless")
    await refused(app, visitor, back, "no claim id_number")


async def test_without_tls_nobody_is_sent_away(app: Litestar) -> None:
    response = await Browser.of(app).get("/sign-in/start")
    assert response.status_code == 403
    assert "https" in response.text


async def test_a_provider_that_calls_itself_otherwise(real: Settings, clock: Clock, provider: Provider) -> None:
    assert real.identity_provider is not None
    address = provider.issuer.replace("127.0.0.1", "localhost")
    application = create_app(replace(real, identity_provider=replace(real.identity_provider, issuer=address)), clock)
    async with application.lifespan():
        await refused(application, Browser.of(application, HERE), "/sign-in/start", "issuer of the discovery document")


async def test_a_provider_that_is_down_is_said_to_be_down(real: Settings, clock: Clock) -> None:
    with running(RETURN, ACCOUNTS) as short_lived:
        assert real.identity_provider is not None
        told = replace(real.identity_provider, issuer=short_lived.issuer)
        application = create_app(replace(real, identity_provider=told), clock)
        async with application.lifespan():
            visitor = Browser.of(application, HERE)
            back = await short_lived.sign_in(await leave(visitor), "wang")
            short_lived.process.kill()
            short_lived.process.wait()
            response = await refused(application, visitor, back, "ConnectError", 503)
            assert "统一身份认证现在连不上" in response.text
            assert "请过几分钟再试" in response.text
    application = create_app(replace(real, identity_provider=told), clock)
    async with application.lifespan():
        await refused(application, Browser.of(application, HERE), "/sign-in/start?next=/costs", "ConnectError", 503)


# -- sessions ---------------------------------------------------------------------------------------------------------


async def test_an_id_that_a_browser_brings_along_is_never_taken_over(
    app: Litestar, visitor: Browser, provider: Provider
) -> None:
    planted = "attacker-knows-this-id"
    visitor.http.cookies.set("__Host-session", planted, domain="portal.test")
    await visitor.get(await provider.sign_in(await leave(visitor), "wang"))
    given = [value for name, value in visitor.http.cookies.items() if name == "__Host-session"]
    assert planted not in given[-1]
    attacker = Browser.of(app, HERE)
    attacker.http.cookies.set("__Host-session", planted)
    assert (await attacker.get("/costs")).headers["location"].startswith("/sign-in")


async def test_the_id_changes_at_sign_in_and_sign_out_ends_it(
    app: Litestar, visitor: Browser, provider: Provider
) -> None:
    await visitor.get(await provider.sign_in(await leave(visitor), "wang"))
    first = visitor.http.cookies["__Host-session"]
    await visitor.get(await provider.sign_in(await leave(visitor), "wang"))
    second = visitor.http.cookies["__Host-session"]
    assert first != second
    assert await count(app, "infra.session") == 1
    await visitor.get("/consent")
    await visitor.post("/sign-out")
    assert await count(app, "infra.session") == 0
    for stolen in (first, second):
        thief = Browser.of(app, HERE)
        thief.http.cookies.set("__Host-session", stolen)
        assert (await thief.get("/costs")).headers["location"].startswith("/sign-in")


async def test_what_the_person_is_sent_away_with_holds_no_secret(visitor: Browser) -> None:
    asked = dict(parse_qsl(urlsplit(await leave(visitor)).query))
    assert asked["redirect_uri"] == RETURN
    assert asked["scope"] == "openid profile"
    assert asked["code_challenge_method"] == "S256"
    assert CLIENT_SECRET not in str(asked)
    assert not {"code_verifier", "client_secret"} & set(asked)


async def test_messages_go_to_the_wechat_of_who_signed_in_until_the_person_wants_none(
    app: Litestar, visitor: Browser, provider: Provider
) -> None:
    async def sign_in() -> None:
        await visitor.follow(await visitor.get(await provider.sign_in(await leave(visitor, "/inbox"), "wang")))
        if "/consent" in str(visitor.seen[-1].url):
            await visitor.follow(await visitor.post("/consent", {"agree": "1"}))

    async def sign_out() -> None:
        await visitor.get("/inbox")
        await visitor.post("/sign-out")

    async def openid() -> str:
        async with app.state.pool.acquire() as db:
            return await openid_of(db, app.state.vault, WANG)

    await sign_in()
    assert await openid() == ""  # not before the person has consented
    await sign_out()
    await sign_in()
    assert await openid() == "o-wang"
    assert "消息也会发到您的微信" in (await visitor.get("/inbox")).text
    await visitor.follow(await visitor.post("/inbox/wechat", {"send": "no"}))
    assert "您说过不要发到微信" in visitor.page
    await sign_out()
    await sign_in()
    assert await openid() == ""
    await visitor.get("/inbox")
    await visitor.follow(await visitor.post("/inbox/wechat", {"send": "yes"}))
    assert "下次登录以后" in visitor.page
    await sign_out()
    await sign_in()
    assert await openid() == "o-wang"
    async with app.state.pool.acquire() as db:
        rows = await db.fetch(
            "select action from infra.audit where action like 'notices.wechat%' and person_id = $1 order by audit_id",
            WANG,
        )
    steps = ["bound", "stopped", "allowed", "bound"]
    assert [row["action"] for row in rows] == [f"notices.wechat_{step}" for step in steps]
