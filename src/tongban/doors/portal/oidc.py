"""Signing in through an identity provider: OpenID Connect, authorization code with PKCE.

What has to be remembered while the person is away is kept in a signed cookie of ten minutes, so that visitors
write nothing here.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import quote_plus, urlencode

import httpx
import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from tongban.kernel.errors import Refusal
from tongban.settings import IdentityProvider, Settings

RETURN_PATH = "/sign-in/return"
PENDING_SECONDS = 600
_ALGORITHMS = ["RS256", "ES256"]
_TIMEOUT = httpx.Timeout(10.0)


class SignInFailed(Refusal):
    """Something about the provider's answer does not fit. The person is told to start again, not what."""

    code = "sign_in_failed"
    status = 403

    def __init__(self, reason: str) -> None:
        super().__init__("登录没有成功，请回到登录页再试一次")
        self.reason = reason


class ProviderUnreachable(Refusal):
    """The provider does not answer; nothing the person did is wrong."""

    code = "provider_unreachable"
    status = 503

    def __init__(self, reason: str) -> None:
        super().__init__("统一身份认证现在连不上。请过几分钟再试；着急的事，请打下面的电话")
        self.reason = reason


class TwoSignIns(Refusal):
    code = "two_sign_ins"


class Pending(msgspec.Struct, frozen=True):
    """A sign-in under way."""

    state: str
    nonce: str
    verifier: str
    next_path: str
    began_at: datetime


class Metadata(msgspec.Struct, frozen=True):
    """What we use of the provider's discovery document."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""


class Identity(NamedTuple):
    """Whoever signed in: the resident ID number, and what WeChat calls the person ("" where the provider tells not)."""

    id_number: str
    wechat_openid: str


class OidcClient:
    """One provider. `redirect_uri` is where it sends people back to."""

    def __init__(self, provider: IdentityProvider, redirect_uri: str) -> None:
        self._provider = provider
        self._redirect_uri = redirect_uri
        self._metadata: Metadata | None = None
        self._keys: KeySet | None = None

    async def start(self, next_path: str, now: datetime) -> tuple[str, Pending]:
        """The address to send the person to, and what to remember meanwhile. Raises ProviderUnreachable."""
        metadata = await self._discover()
        pending = Pending(
            secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_urlsafe(48), next_path, now
        )
        challenge = base64.urlsafe_b64encode(hashlib.sha256(pending.verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "response_type": "code",
            "client_id": self._provider.client_id,
            "redirect_uri": self._redirect_uri,
            "scope": "openid profile",
            "state": pending.state,
            "nonce": pending.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        join = "&" if "?" in metadata.authorization_endpoint else "?"
        return f"{metadata.authorization_endpoint}{join}{urlencode(query)}", pending

    async def finish(self, pending: Pending, answer: Mapping[str, str], now: datetime) -> Identity:
        """Whoever signed in. Raises SignInFailed, ProviderUnreachable."""
        if not hmac.compare_digest(answer.get("state", "").encode(), pending.state.encode()):
            raise SignInFailed("state")
        if answer.get("iss", self._provider.issuer) != self._provider.issuer:
            raise SignInFailed("iss parameter")
        if not (code := answer.get("code", "")):
            raise SignInFailed(f"no code: {answer.get('error', '')[:40]}")
        metadata = await self._discover()
        async with httpx.AsyncClient(timeout=_TIMEOUT) as http:
            tokens = await _json(
                http.post(
                    metadata.token_endpoint,
                    data={
                        "grant_type": "authorization_code",
                        "code": code,
                        "redirect_uri": self._redirect_uri,
                        "code_verifier": pending.verifier,
                    },
                    # RFC 6749, 2.3.1: form-encoded before they are put together, or a secret with a "+" is another.
                    auth=(quote_plus(self._provider.client_id), quote_plus(self._provider.client_secret)),
                )
            )
            claims = await self._verified(http, metadata, str(tokens.get("id_token", "")), pending.nonce, now)
            name, wechat = self._provider.id_number_claim, self._provider.wechat_claim
            if (name not in claims or (wechat and wechat not in claims)) and metadata.userinfo_endpoint:
                bearer = {"authorization": f"Bearer {tokens.get('access_token', '')}"}
                profile = await _json(http.get(metadata.userinfo_endpoint, headers=bearer))
                if profile.get("sub") != claims.get("sub"):
                    raise SignInFailed("userinfo of somebody else")
                claims = profile | claims
        if not isinstance(number := claims.get(name), str) or not number:
            raise SignInFailed(f"no claim {name}")
        openid = claims.get(wechat) if wechat else ""
        return Identity(number, openid if isinstance(openid, str) else "")

    async def _verified(
        self, http: httpx.AsyncClient, metadata: Metadata, id_token: str, nonce: str, now: datetime
    ) -> dict[str, Any]:
        """The claims of a token that is the provider's, for us, for this sign-in, and not out of date."""
        registry = jwt.JWTClaimsRegistry(
            now=int(now.timestamp()),
            leeway=60,
            iss={"essential": True, "value": self._provider.issuer},
            aud={"essential": True, "value": self._provider.client_id},
            exp={"essential": True},
            sub={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        had_keys = self._keys is not None
        try:
            try:
                token = jwt.decode(id_token, await self._key_set(http, metadata), algorithms=_ALGORITHMS)
            except (JoseError, ValueError):
                if not had_keys:
                    raise
                # The provider may have changed its keys since we read them: once more with fresh ones.
                self._keys = None
                token = jwt.decode(id_token, await self._key_set(http, metadata), algorithms=_ALGORITHMS)
            registry.validate(token.claims)
        except (JoseError, ValueError) as error:
            raise SignInFailed(f"id token: {type(error).__name__}") from None
        return token.claims

    async def _discover(self) -> Metadata:
        if self._metadata is None:
            address = self._provider.issuer.rstrip("/") + "/.well-known/openid-configuration"
            async with httpx.AsyncClient(timeout=_TIMEOUT) as http:
                try:
                    metadata = msgspec.convert(await _json(http.get(address)), Metadata)
                except msgspec.ValidationError:
                    raise SignInFailed("discovery document") from None
            if metadata.issuer != self._provider.issuer:
                raise SignInFailed("issuer of the discovery document")
            self._metadata = metadata
        return self._metadata

    async def _key_set(self, http: httpx.AsyncClient, metadata: Metadata) -> KeySet:
        if self._keys is None:
            self._keys = KeySet.import_key_set(await _json(http.get(metadata.jwks_uri)))  # type: ignore[arg-type]
        return self._keys


async def _json(request: Any) -> dict[str, Any]:
    try:
        response: httpx.Response = await request
        response.raise_for_status()
        content = response.json()
    except httpx.TransportError as error:
        raise ProviderUnreachable(type(error).__name__) from None
    except (httpx.HTTPError, ValueError) as error:
        if isinstance(error, httpx.HTTPStatusError) and error.response.is_server_error:
            raise ProviderUnreachable(f"status {error.response.status_code}") from None
        raise SignInFailed(type(error).__name__) from None
    if not isinstance(content, dict):
        raise SignInFailed("not an object")
    return content


def client_for(settings: Settings) -> OidcClient | None:
    """The client of the provider in the settings. Raises TwoSignIns for a demo that names one: whoever can choose a
    made-up resident must not be able to meet real ones."""
    provider = settings.identity_provider
    if provider is None:
        return None
    if settings.is_demo:
        raise TwoSignIns("演示系统不能同时接真实身份登录：请去掉 TONGBAN_DEMO，或者去掉 TONGBAN_OIDC_ISSUER")
    return OidcClient(provider, provider.public_url + RETURN_PATH)


def seal(pending: Pending, key: bytes) -> str:
    """For a cookie: signed, not secret; it is the person's own."""
    body = base64.urlsafe_b64encode(msgspec.json.encode(pending)).rstrip(b"=").decode()
    return f"{body}.{_signature(body, key)}"


def unseal(text: str, key: bytes, now: datetime) -> Pending:
    """Raises SignInFailed when there is none, it is not ours, or it is too old."""
    body, _, signature = text.rpartition(".")
    if not body or not hmac.compare_digest(signature.encode(), _signature(body, key).encode()):
        raise SignInFailed("no sign-in under way")
    pending = msgspec.json.decode(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)), type=Pending)
    if now - pending.began_at > timedelta(seconds=PENDING_SECONDS):
        raise SignInFailed("too late")
    return pending


def _signature(body: str, key: bytes) -> str:
    return hmac.new(key, b"oidc\0" + body.encode(), hashlib.sha256).hexdigest()
