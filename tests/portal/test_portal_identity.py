"""What a provider of identities may say that is not to be believed, and installations that are set up halfway."""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import structlog
from joserfc.jwk import RSAKey
from litestar import Litestar
from lying_provider import CLIENT_ID, LyingProvider, running
from portal_kit import NOW, Browser, Clock, count

from bills_kit import WANG
from tongban.app import create_app
from tongban.doors.portal.oidc import TwoSignIns
from tongban.people import get_person
from tongban.settings import IdentityProvider as ProviderSettings
from tongban.settings import Settings, SettingsWrong

HERE = "https://portal.test"
CLIENT_SECRET = "a secret of the tests"


@pytest.fixture
def provider() -> Iterator[LyingProvider]:
    with running(NOW) as served:
        yield served


def provider_settings(provider: LyingProvider) -> ProviderSettings:
    return ProviderSettings(provider.issuer, CLIENT_ID, CLIENT_SECRET, HERE, "id_number")


@pytest.fixture
def real(demo: Settings, provider: LyingProvider, tmp_path: Path) -> Settings:
    """The same data with keys of its own kind: not a demo's."""
    content = json.loads(demo.secrets_file.read_text())
    own = tmp_path / "own.json"
    own.write_text(json.dumps(content | {"made_for_demo": False}))
    own.chmod(0o600)
    return replace(demo, is_demo=False, secrets_file=own, identity_provider=provider_settings(provider))


@pytest.fixture
async def app(real: Settings, clock: Clock, provider: LyingProvider) -> AsyncIterator[Litestar]:
    application = create_app(real, clock)
    async with application.lifespan():
        async with application.state.pool.acquire() as db:
            provider.id_number = (await get_person(db, application.state.vault, WANG)).id_number
        yield application


@pytest.fixture
def visitor(app: Litestar) -> Browser:
    return Browser.of(app, HERE)


async def leave(visitor: Browser, provider: LyingProvider) -> str:
    """Off to the provider and signed in there; the address the browser is sent back to."""
    response = await visitor.get("/sign-in/start?next=/costs")
    assert response.status_code == 303
    assert response.headers["location"].startswith(provider.issuer)
    return provider.authorize(response.headers["location"])


def changed(address: str, **parts: str) -> str:
    split = urlsplit(address)
    return f"{split.path}?{urlencode(dict(parse_qsl(split.query)) | parts)}"


async def test_the_id_number_may_come_from_userinfo(visitor: Browser, provider: LyingProvider) -> None:
    provider.profile = {"sub": "someone", "id_number": provider.id_number}
    assert (await visitor.get(await leave(visitor, provider))).status_code == 303


async def test_elliptic_keys_are_taken(visitor: Browser, provider: LyingProvider) -> None:
    provider.algorithm = "ES256"
    provider.change_keys()
    assert (await visitor.get(await leave(visitor, provider))).status_code == 303


async def refused(app: Litestar, visitor: Browser, address: str, reason: str) -> None:
    """The page does not say why; the log does, so that a test cannot pass for another reason than its own."""
    with structlog.testing.capture_logs() as logged:
        response = await visitor.get(address)
    assert [line["reason"] for line in logged if line["event"] == "sign_in_failed"] == [reason]
    assert response.status_code == 403
    assert "请回到登录页再试一次" in response.text
    assert await count(app, "infra.session") == 0


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"nonce": "another"}, "id token: InvalidClaimError"),
        ({"nonce": None}, "id token: MissingClaimError"),
        ({"iss": "http://127.0.0.1:1"}, "id token: InvalidClaimError"),
        ({"iss": None}, "id token: MissingClaimError"),
        ({"aud": "another client"}, "id token: InvalidClaimError"),
        ({"aud": None}, "id token: MissingClaimError"),
        ({"exp": int((NOW - timedelta(minutes=5)).timestamp())}, "id token: ExpiredTokenError"),
        ({"exp": None}, "id token: MissingClaimError"),
        ({"sub": None}, "id token: MissingClaimError"),
        ({"id_number": None}, "HTTPStatusError"),
        ({"id_number": 7}, "no claim id_number"),
    ],
)
async def test_a_token_that_does_not_fit_is_refused(
    app: Litestar, visitor: Browser, provider: LyingProvider, claims: dict[str, object], reason: str
) -> None:
    provider.claims = claims
    await refused(app, visitor, await leave(visitor, provider), reason)


async def test_a_token_of_another_key_is_refused(app: Litestar, visitor: Browser, provider: LyingProvider) -> None:
    provider.signing_key = RSAKey.generate_key(2048)
    await refused(app, visitor, await leave(visitor, provider), "id token: BadSignatureError")


async def test_userinfo_of_another_is_refused(app: Litestar, visitor: Browser, provider: LyingProvider) -> None:
    provider.profile = {"sub": "somebody else", "id_number": provider.id_number}
    await refused(app, visitor, await leave(visitor, provider), "userinfo of somebody else")


@pytest.mark.parametrize("cookie", ["", "x", "x.y", "e30.00", "…"])
async def test_a_forged_memory_is_refused(
    app: Litestar, visitor: Browser, provider: LyingProvider, cookie: str
) -> None:
    address = changed(await leave(visitor, provider))
    forged = Browser.of(app, HERE)
    response = await forged.http.get(address, headers=[(b"cookie", b"__Host-pending=" + cookie.encode())])  # type: ignore[list-item]
    assert response.status_code == 403


# -- never both -------------------------------------------------------------------------------------------------------


async def test_outside_the_demo_no_resident_can_be_chosen(app: Litestar, visitor: Browser) -> None:
    page = await visitor.get("/sign-in")
    assert "王秀英" not in page.text
    assert "去登录" in page.text
    assert (await visitor.post("/sign-in", {"resident": "wang_xiuying"})).status_code == 404
    assert await count(app, "infra.session") == 0


async def test_in_the_demo_nobody_is_sent_to_a_provider(demo: Settings, clock: Clock) -> None:
    application = create_app(demo, clock)
    async with application.lifespan():
        assert (await Browser.of(application, HERE).get("/sign-in/start")).status_code == 404


def test_a_demo_with_a_provider_does_not_start(demo: Settings, provider: LyingProvider) -> None:
    with pytest.raises(TwoSignIns, match="不能同时"):
        create_app(replace(demo, identity_provider=provider_settings(provider)))


def test_half_a_provider_does_not_start() -> None:
    with pytest.raises(SettingsWrong, match="TONGBAN_OIDC_CLIENT_SECRET、TONGBAN_PUBLIC_URL"):
        Settings.from_env({"TONGBAN_OIDC_ISSUER": "https://id.example", "TONGBAN_OIDC_CLIENT_ID": "tongban"})


def test_the_secret_does_not_show() -> None:
    assert CLIENT_SECRET not in repr(ProviderSettings("i", CLIENT_ID, CLIENT_SECRET, HERE, "id_number"))
