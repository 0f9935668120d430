"""An identity provider that lies: real HTTP and real signatures, and claims that no honest provider would make.

What an honest one does is tested with a real one (`oidc_kit`).
"""

import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

CLIENT_ID = "tongban"


@dataclass
class LyingProvider:
    """`claims` replaces claims of the ID token (None: left out); `profile` is what userinfo says."""

    now: datetime
    issuer: str = ""
    id_number: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    profile: dict[str, Any] | None = None
    algorithm: str = "RS256"
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.change_keys()

    def change_keys(self) -> None:
        self.key: RSAKey | ECKey = (
            RSAKey.generate_key(2048, {"kid": secrets.token_hex(4)})
            if self.algorithm == "RS256"
            else ECKey.generate_key("P-256", {"kid": secrets.token_hex(4)})
        )
        self.signing_key = self.key

    def authorize(self, address: str) -> str:
        """What the person's browser gets from the provider after signing in there: where it goes next."""
        query = dict(parse_qsl(urlsplit(address).query))
        code = secrets.token_urlsafe(12)
        self._codes[code] = query
        return f"{query['redirect_uri']}?code={code}&state={query['state']}"

    def token(self, form: dict[str, str]) -> dict[str, Any]:
        asked = self._codes.pop(form["code"])
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "sub": "someone",
            "exp": int((self.now + timedelta(minutes=5)).timestamp()),
            "iat": int(self.now.timestamp()),
            "nonce": asked["nonce"],
        }
        if self.profile is None:
            claims["id_number"] = self.id_number
        claims = {name: value for name, value in (claims | self.claims).items() if value is not None}
        header = {"alg": self.algorithm, "kid": self.key.kid}
        id_token = jwt.encode(header, claims, self.signing_key, algorithms=[self.algorithm])
        return {"access_token": "opaque", "token_type": "Bearer", "id_token": id_token}

    def answer(self, path: str, body: str, authorization: str) -> tuple[int, dict[str, Any]]:
        if path == "/.well-known/openid-configuration":
            return 200, {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                "userinfo_endpoint": f"{self.issuer}/userinfo",
            }
        if path == "/keys":
            return 200, dict(KeySet([self.key]).as_dict(private=False))
        if path == "/token":
            return 200, self.token(dict(parse_qsl(body)))
        if path == "/userinfo" and self.profile is not None and authorization == "Bearer opaque":
            return 200, self.profile
        return 404, {}


@contextmanager
def running(now: datetime) -> Iterator[LyingProvider]:
    provider = LyingProvider(now)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer("")

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers["content-length"])).decode())

        def _answer(self, body: str) -> None:
            status, content = provider.answer(self.path, body, self.headers.get("authorization", ""))
            packed = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(packed)))
            self.end_headers()
            self.wfile.write(packed)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        provider.issuer = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield provider
        server.shutdown()
        thread.join()
