"""The account web processes sign in to the database with: it reads and writes rows and never changes the schema."""

import base64
import hashlib
import hmac
import os
import unicodedata
from dataclasses import dataclass, field

from tongban.infra.db import Db
from tongban.infra.db.errors import MigrationRefused

APP_ROLE = "tongban_app"
_SCRAM_ROUNDS = 4096


@dataclass(frozen=True)
class AppLogin:
    """The account of the web processes. A password of None leaves an existing account's password alone."""

    user: str
    password: str | None = field(repr=False)


async def admit(db: Db, login: AppLogin) -> None:
    """Let `login` sign in as a member of the app role. Raises MigrationRefused if it could do more than that."""
    role = await db.fetchrow(
        "select rolsuper, rolname = current_user as is_owner from pg_roles where rolname = $1", login.user
    )
    if role is not None and (role["rolsuper"] or role["is_owner"]):
        raise MigrationRefused(
            f"数据库用户 {login.user} 权限太大，网页程序不能用它：请在 DATABASE_URL 里换一个普通用户"
        )
    if role is None:
        await _execute(db, "create role %I login", login.user)
    if login.password is not None:
        await _execute(db, "alter role %I login password %L", login.user, scram_verifier(login.password))
    await _execute(db, f"grant {APP_ROLE} to %I", login.user)


async def _execute(db: Db, template: str, *names: str) -> None:
    """Role statements take no parameters: PostgreSQL itself does the quoting."""
    await db.execute(await db.fetchval("select format($1, variadic $2::text[])", template, list(names)))


def scram_verifier(password: str) -> str:
    """What PostgreSQL stores of `password`, so that the password itself stands in no statement and no log. RFC 5802."""
    salt = os.urandom(16)
    prepared = unicodedata.normalize("NFKC", password).encode()
    salted = hashlib.pbkdf2_hmac("sha256", prepared, salt, _SCRAM_ROUNDS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    text = [base64.b64encode(part).decode() for part in (salt, stored, server)]
    return f"SCRAM-SHA-256${_SCRAM_ROUNDS}:{text[0]}${text[1]}:{text[2]}"
