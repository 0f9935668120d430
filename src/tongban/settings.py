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
MessengerKind: TypeAlias = Literal["off", "recorded", "http"]

_CHECKOUT = Path(__file__).resolve().parents[2]
_FALSE = {"0", "false", "no", "off", ""}
_TRUE = {"1", "true", "yes", "on"}


class NoDatabase(Refusal):
    """Nobody has started or named a database yet."""

    code = "no_database"


class SettingsWrong(Refusal):
    """An environment variable holds something the product cannot start with."""

    code = "settings_wrong"


@dataclass(frozen=True)
class IdentityProvider:
    """Who tells us who somebody is (OpenID Connect). `id_number_claim` is the claim that holds the resident ID number;
    `wechat_claim` the one that holds what WeChat calls the person at the service account that sends messages, "" for
    none; `public_url` is where people reach this installation, without a slash at the end."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    public_url: str
    id_number_claim: str
    wechat_claim: str = ""


@dataclass(frozen=True)
class S3Settings:
    """Where pictures go instead of a folder: a service that speaks S3, addressed as ``endpoint/bucket/prefix/name``."""

    endpoint: str
    bucket: str
    region: str
    access_key_id: str = field(repr=False)
    secret_access_key: str = field(repr=False)
    prefix: str = ""


@dataclass(frozen=True)
class Messages:
    """How messages leave the house.

    `messenger`: "http" sends SMS through `sms_url` and, where `wechat_app_id` is set, WeChat messages; "recorded"
    writes them to a file instead, for trying things out; "off" leaves them in the inbox. No SMS goes out from hour
    `quiet_from` to hour `quiet_to`, China time; equal hours: never quiet.
    """

    messenger: MessengerKind = "off"
    quiet_from: int = 22
    quiet_to: int = 7
    sms_url: str = ""
    sms_key: str = field(default="", repr=False)
    wechat_url: str = "https://api.weixin.qq.com"
    wechat_app_id: str = ""
    wechat_secret: str = field(default="", repr=False)
    wechat_template: str = ""


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
    s3: S3Settings | None = None  # None: pictures lie in a folder under var_dir
    messages: Messages = Messages()
    purges_materials: bool = False  # whether the worker deletes what was kept long enough, or only counts it
    has_worker: bool = True  # whether `tongban run` starts the worker, too
    claim_four_eyes_fen: int | None = None  # from this payout up, whoever computed a claim does not pay it
    public_url: str = ""  # where people reach this installation, for links on paper and in messages

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Raises SettingsWrong with a sentence that names the variable."""
        var_dir = Path(environ.get("TONGBAN_VAR") or "var").absolute()
        secrets_file = Path(environ.get("TONGBAN_SECRETS_FILE") or var_dir / "secrets.json").absolute()
        database_url = environ.get("DATABASE_URL") or None
        is_demo = _flag(environ, "TONGBAN_DEMO", default=is_demo_file(secrets_file))
        return cls(
            var_dir=var_dir,
            policies_dir=Path(environ.get("TONGBAN_POLICIES") or _CHECKOUT / "policies").absolute(),
            data_dir=Path(environ.get("TONGBAN_DATA") or _CHECKOUT / "data").absolute(),
            secrets_file=secrets_file,
            database_url=database_url,
            owner_database_url=environ.get("TONGBAN_OWNER_DATABASE_URL") or None,
            postgres=_postgres_kind(environ, has_url=database_url is not None),
            is_demo=is_demo,
            host=environ.get("TONGBAN_HOST") or "127.0.0.1",
            port=_number(environ, "TONGBAN_PORT", default=8000, low=0, high=65535),
            workers=_number(environ, "TONGBAN_WORKERS", default=max(2, os.cpu_count() or 1), low=1, high=256),
            identity_provider=_identity_provider(environ),
            s3=_s3(environ),
            messages=_messages(environ, is_demo=is_demo),
            purges_materials=_flag(environ, "TONGBAN_PURGE_MATERIALS", default=False),
            has_worker=_flag(environ, "TONGBAN_WORKER", default=True),
            claim_four_eyes_fen=_amount(environ, "TONGBAN_CLAIM_FOUR_EYES_YUAN"),
            public_url=environ.get("TONGBAN_PUBLIC_URL", "").strip().rstrip("/"),
        )

    @cached_property
    def secrets(self) -> Secrets:
        """The keys of this installation; the demo makes its own at the first start, nothing else does.

        Raises SecretsWrong when they are missing, malformed, readable by others, or a demo's outside the demo.
        """
        if self.is_demo and not self.secrets_file.exists():
            create_secrets(self.secrets_file, for_demo=True)
        return load_secrets(self.secrets_file, is_demo=self.is_demo)

    def require_secrets(self) -> None:
        """Say now what is wrong with the keys, not when the first one is needed. Raises SecretsWrong."""
        _ = self.secrets

    def require_database_url(self) -> str:
        """The web processes' database. Raises NoDatabase where none has been started or named yet."""
        if self.database_url is None:
            raise NoDatabase("还没有数据库可用：请先用 tongban run 启动，或设置 DATABASE_URL")
        return self.database_url

    def for_workers(self) -> dict[str, str]:
        """The environment from which a web process reads the same settings, without the owner's rights."""
        return {
            "TONGBAN_VAR": str(self.var_dir),
            "TONGBAN_SECRETS_FILE": str(self.secrets_file),
            "TONGBAN_POLICIES": str(self.policies_dir),
            "TONGBAN_DATA": str(self.data_dir),
            "TONGBAN_POSTGRES": "external",
            "DATABASE_URL": self.require_database_url(),
            "TONGBAN_OWNER_DATABASE_URL": "",
            "TONGBAN_DEMO": "1" if self.is_demo else "0",
            "TONGBAN_HOST": self.host,
            "TONGBAN_PORT": str(self.port),
            "TONGBAN_WORKERS": str(self.workers),
            **self._files_for_workers(),
        }

    def _files_for_workers(self) -> dict[str, str]:
        if self.s3 is None:
            return {"TONGBAN_FILES": "disk"}
        given = {name: str(getattr(self.s3, key)) for key, name in _S3.items()}
        return {
            "TONGBAN_FILES": "s3",
            **given,
            "TONGBAN_S3_REGION": self.s3.region,
            "TONGBAN_S3_PREFIX": self.s3.prefix,
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
        wechat_claim=environ.get("TONGBAN_OIDC_WECHAT_CLAIM", "").strip(),
    )


_S3 = {
    "endpoint": "TONGBAN_S3_ENDPOINT",
    "bucket": "TONGBAN_S3_BUCKET",
    "access_key_id": "TONGBAN_S3_ACCESS_KEY_ID",
    "secret_access_key": "TONGBAN_S3_SECRET_ACCESS_KEY",
}


def _s3(environ: Mapping[str, str]) -> S3Settings | None:
    """None for a folder. Half a set of settings is refused either way: pictures must not end up where nobody looks."""
    kind = environ.get("TONGBAN_FILES", "").strip() or "disk"
    if kind not in ("disk", "s3"):
        raise SettingsWrong(f"TONGBAN_FILES 只能是 disk 或 s3，现在是“{kind[:20]}”")
    given = {key: environ.get(name, "").strip() for key, name in _S3.items()}
    if kind == "disk":
        if named := [_S3[key] for key, value in given.items() if value]:
            raise SettingsWrong(f"设了 {'、'.join(named)}，可是 TONGBAN_FILES 不是 s3：请改成 s3，或去掉它们")
        return None
    if missing := [_S3[key] for key, value in given.items() if not value]:
        raise SettingsWrong(f"TONGBAN_FILES 是 s3，还要设 {'、'.join(missing)}")
    if not given["endpoint"].startswith(("https://", "http://")):
        raise SettingsWrong("TONGBAN_S3_ENDPOINT 应该是 https:// 开头的网址")
    return S3Settings(
        endpoint=given["endpoint"].rstrip("/"),
        bucket=given["bucket"],
        region=environ.get("TONGBAN_S3_REGION", "").strip() or "us-east-1",
        access_key_id=given["access_key_id"],
        secret_access_key=given["secret_access_key"],
        prefix=environ.get("TONGBAN_S3_PREFIX", "").strip().strip("/"),
    )


def _messages(environ: Mapping[str, str], *, is_demo: bool) -> Messages:
    """The stand-in is the demo's default and nobody else's: elsewhere it has to be asked for by name."""
    kind = environ.get("TONGBAN_MESSENGER", "").strip() or ("recorded" if is_demo else "off")
    if kind not in get_args(MessengerKind):
        raise SettingsWrong(f"TONGBAN_MESSENGER 只能是 off、recorded 或 http，现在是“{kind[:20]}”")
    given = {key: environ.get(name, "").strip() for key, name in _MESSENGER.items()}
    if kind == "http" and (missing := [_MESSENGER[key] for key in ("sms_url", "sms_key") if not given[key]]):
        raise SettingsWrong(f"TONGBAN_MESSENGER 是 http，还要设 {'、'.join(missing)}")
    wechat = {key: given[key] for key in ("wechat_app_id", "wechat_secret", "wechat_template")}
    if any(wechat.values()) and not all(wechat.values()):
        missing = [_MESSENGER[key] for key, value in wechat.items() if not value]
        raise SettingsWrong(f"要发微信消息，还要设 {'、'.join(missing)}")
    for key in ("sms_url", "wechat_url"):
        if given[key] and not given[key].startswith(("https://", "http://")):
            raise SettingsWrong(f"{_MESSENGER[key]} 应该是 https:// 开头的网址")
    default = Messages()
    return Messages(
        messenger=kind,  # type: ignore[arg-type]
        quiet_from=_number(environ, "TONGBAN_QUIET_FROM", default=default.quiet_from, low=0, high=23),
        quiet_to=_number(environ, "TONGBAN_QUIET_TO", default=default.quiet_to, low=0, high=23),
        **{**given, "wechat_url": given["wechat_url"].rstrip("/") or default.wechat_url},
    )


_MESSENGER = {
    "sms_url": "TONGBAN_SMS_URL",
    "sms_key": "TONGBAN_SMS_KEY",
    "wechat_url": "TONGBAN_WECHAT_URL",
    "wechat_app_id": "TONGBAN_WECHAT_APP_ID",
    "wechat_secret": "TONGBAN_WECHAT_SECRET",
    "wechat_template": "TONGBAN_WECHAT_TEMPLATE",
}


def _flag(environ: Mapping[str, str], name: str, *, default: bool) -> bool:
    if name not in environ:
        return default
    text = environ[name].strip().lower()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise SettingsWrong(f"{name} 只能是 1 或 0，现在是“{text[:20]}”")


def _amount(environ: Mapping[str, str], name: str) -> int | None:
    """Fen from an amount in whole yuan; None when it is not set."""
    text = environ.get(name, "").strip()
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 12:
        raise SettingsWrong(f"{name} 应该是整数，单位是元，现在是“{text[:20]}”")
    return int(text) * 100


def _number(environ: Mapping[str, str], name: str, *, default: int, low: int, high: int) -> int:
    text = environ.get(name, "").strip()
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
        raise SettingsWrong(f"{name} 应该是 {low} 到 {high} 的整数，现在是“{text[:20]}”")
    return int(text)
