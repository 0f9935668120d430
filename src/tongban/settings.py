"""Everything that differs between installations, read once from the environment into one frozen value."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal, Self, TypeAlias, get_args

from tongban.infra.secrets import Secrets, create_secrets, is_demo_file, load_secrets
from tongban.kernel.errors import Refusal

PostgresKind: TypeAlias = Literal["embedded", "system", "external"]

_CHECKOUT = Path(__file__).resolve().parents[2]
_FALSE = {"0", "false", "no", "off", ""}
_TRUE = {"1", "true", "yes", "on"}


class SettingsWrong(Refusal):
    """An environment variable holds something the product cannot start with."""

    code = "settings_wrong"


@dataclass(frozen=True)
class IdentityProvider:
    """Who tells us who somebody is (OpenID Connect). `id_number_claim` is the claim that holds the resident ID number;
    `public_url` is where people reach this installation, without a slash at the end."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    public_url: str
    id_number_claim: str


@dataclass(frozen=True)
class Settings:
    """`Settings.from_env()` in programs; tests build their own with `dataclasses.replace`.

    `database_url` is the web processes' (app role); `owner_database_url` may change the schema. Both are None until
    somebody who owns the database has started it (see `infra.db.server`).
    """

    var_dir: Path
    policies_dir: Path
    data_dir: Path
    secrets_file: Path
    database_url: str | None
    owner_database_url: str | None
    postgres: PostgresKind
    is_demo: bool
    host: str
    port: int
    workers: int
    identity_provider: IdentityProvider | None = None

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Raises SettingsWrong with a sentence that names the variable."""
        var_dir = Path(environ.get("TONGBAN_VAR") or "var").absolute()
        secrets_file = Path(environ.get("TONGBAN_SECRETS_FILE") or var_dir / "secrets.json").absolute()
        database_url = environ.get("DATABASE_URL") or None
        return cls(
            var_dir=var_dir,
            policies_dir=Path(environ.get("TONGBAN_POLICIES") or _CHECKOUT / "policies").absolute(),
            data_dir=Path(environ.get("TONGBAN_DATA") or _CHECKOUT / "data").absolute(),
            secrets_file=secrets_file,
            database_url=database_url,
            owner_database_url=environ.get("TONGBAN_OWNER_DATABASE_URL") or None,
            postgres=_postgres_kind(environ, has_url=database_url is not None),
            is_demo=_flag(environ, "TONGBAN_DEMO", default=is_demo_file(secrets_file)),
            host=environ.get("TONGBAN_HOST") or "127.0.0.1",
            port=_number(environ, "TONGBAN_PORT", default=8000, low=0, high=65535),
            workers=_number(environ, "TONGBAN_WORKERS", default=max(2, os.cpu_count() or 1), low=1, high=256),
            identity_provider=_identity_provider(environ),
        )

    @cached_property
    def secrets(self) -> Secrets:
        """The keys of this installation; the demo makes its own at the first start, nothing else does.

        Raises SecretsWrong when they are missing, malformed, readable by others, or a demo's outside the demo.
        """
        if self.is_demo and not self.secrets_file.exists():
            create_secrets(self.secrets_file, for_demo=True)
        return load_secrets(self.secrets_file, is_demo=self.is_demo)

    def for_workers(self) -> dict[str, str]:
        """The environment from which a web process reads the same settings, without the owner's rights."""
        if self.database_url is None:
            raise SettingsWrong("数据库还没有启动，不能启动网页程序")
        return {
            "TONGBAN_VAR": str(self.var_dir),
            "TONGBAN_SECRETS_FILE": str(self.secrets_file),
            "TONGBAN_POLICIES": str(self.policies_dir),
            "TONGBAN_DATA": str(self.data_dir),
            "TONGBAN_POSTGRES": "external",
            "DATABASE_URL": self.database_url,
            "TONGBAN_OWNER_DATABASE_URL": "",
            "TONGBAN_DEMO": "1" if self.is_demo else "0",
            "TONGBAN_HOST": self.host,
            "TONGBAN_PORT": str(self.port),
            "TONGBAN_WORKERS": str(self.workers),
        }


def _postgres_kind(environ: Mapping[str, str], *, has_url: bool) -> PostgresKind:
    kind = environ.get("TONGBAN_POSTGRES") or ("external" if has_url else "embedded")
    if has_url and kind != "external":
        raise SettingsWrong(f"DATABASE_URL 和 TONGBAN_POSTGRES={kind[:20]} 说的不是一个数据库，请去掉其中一个")
    for known in get_args(PostgresKind):
        if kind == known:
            return known  # type: ignore[no-any-return]
    raise SettingsWrong(f"TONGBAN_POSTGRES 只能是 embedded、system 或 external，现在是“{kind[:20]}”")


def _identity_provider(environ: Mapping[str, str]) -> IdentityProvider | None:
    """None unless an issuer is set; then everything else must be, too."""
    issuer = environ.get("TONGBAN_OIDC_ISSUER", "").strip()
    if not issuer:
        return None
    needed = {
        name: environ.get(name, "").strip()
        for name in ("TONGBAN_OIDC_CLIENT_ID", "TONGBAN_OIDC_CLIENT_SECRET", "TONGBAN_PUBLIC_URL")
    }
    if missing := [name for name, value in needed.items() if not value]:
        raise SettingsWrong(f"设了 TONGBAN_OIDC_ISSUER，还要设 {'、'.join(missing)}")
    return IdentityProvider(
        issuer=issuer,
        client_id=needed["TONGBAN_OIDC_CLIENT_ID"],
        client_secret=needed["TONGBAN_OIDC_CLIENT_SECRET"],
        public_url=needed["TONGBAN_PUBLIC_URL"].rstrip("/"),
        id_number_claim=environ.get("TONGBAN_OIDC_ID_NUMBER_CLAIM", "id_number").strip(),
    )


def _flag(environ: Mapping[str, str], name: str, *, default: bool) -> bool:
    if name not in environ:
        return default
    text = environ[name].strip().lower()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise SettingsWrong(f"{name} 只能是 1 或 0，现在是“{text[:20]}”")


def _number(environ: Mapping[str, str], name: str, *, default: int, low: int, high: int) -> int:
    text = environ.get(name, "").strip()
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
        raise SettingsWrong(f"{name} 应该是 {low} 到 {high} 的整数，现在是“{text[:20]}”")
    return int(text)
