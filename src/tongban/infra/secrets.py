"""The keys of one installation, in one JSON file that only its owner can read.

```json
{"made_for_demo": false, "data_keys": {"1": "<base64, 32 bytes>"}, "index_key": "…", "session_key": "…",
 "csrf_key": "…", "app_password": "<at least 24 characters>"}
```

`data_keys` is a set, so that a key can be replaced: everything new is sealed with the highest number, everything old
still opens. `index_key` must never change: the blind indexes in the database are made with it.
"""

import base64
import binascii
import json
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tongban.kernel.errors import Refusal

_KEY_BYTES = 32
_PASSWORD_LENGTH_MIN = 24


class SecretsWrong(Refusal):
    code = "secrets_wrong"


@dataclass(frozen=True)
class Secrets:
    """Nothing here shows in a repr: settings end up in tracebacks and logs."""

    data_keys: dict[int, bytes] = field(repr=False)
    index_key: bytes = field(repr=False)
    session_key: bytes = field(repr=False)
    csrf_key: bytes = field(repr=False)
    app_password: str = field(repr=False)


def create_secrets(path: Path, *, for_demo: bool) -> None:
    """Write fresh random keys to `path` (0600). Two processes at once: the first wins, the second leaves it as it is.

    Raises SecretsWrong if the file exists already and is not for the demo: overwriting keys loses the data.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "made_for_demo": for_demo,
        "data_keys": {"1": _new_key()},
        "index_key": _new_key(),
        "session_key": _new_key(),
        "csrf_key": _new_key(),
        "app_password": secrets.token_urlsafe(32),
    }
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        json.dump(content, out, indent=1)
        out.flush()
        os.fsync(out.fileno())
    try:
        # A link appears whole or not at all, and never replaces what is there.
        os.link(draft, path)
    except FileExistsError:
        if not for_demo:
            raise SecretsWrong(f"{path} 已经有密钥，不会覆盖：换掉它，已加密的数据就再也打不开了") from None
    finally:
        draft.unlink()


def is_demo_file(path: Path) -> bool:
    """Whether the keys at `path` were made by a demo's first start."""
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(content, dict) and content.get("made_for_demo") is True


def load_secrets(path: Path, *, is_demo: bool) -> Secrets:
    """Raises SecretsWrong, naming the file and the key at fault, never a value."""
    content = _read(path)
    if content.get("made_for_demo") is True and not is_demo:
        raise SecretsWrong(f"{path} 是演示时自动生成的密钥，正式使用请用 tongban db new-secrets 另外生成一份")
    data_keys = content.get("data_keys")
    if not isinstance(data_keys, dict) or not data_keys:
        raise SecretsWrong(f"{path} 里缺 data_keys，请补上，或用 tongban db new-secrets 看一份完整的样子")
    password = content.get("app_password")
    if not isinstance(password, str) or len(password) < _PASSWORD_LENGTH_MIN or len(set(password)) < 8:
        raise SecretsWrong(f"{path} 里的 app_password 缺失或太简单，至少要 {_PASSWORD_LENGTH_MIN} 个随机字符")
    loaded = Secrets(
        data_keys={
            _key_number(number, path): _key(text, f"data_keys.{number}", path) for number, text in data_keys.items()
        },
        index_key=_key(content.get("index_key"), "index_key", path),
        session_key=_key(content.get("session_key"), "session_key", path),
        csrf_key=_key(content.get("csrf_key"), "csrf_key", path),
        app_password=password,
    )
    every_key = [*loaded.data_keys.values(), loaded.index_key, loaded.session_key, loaded.csrf_key]
    if len(set(every_key)) != len(every_key):
        raise SecretsWrong(f"{path} 里有两个密钥相同，每个密钥都要单独随机生成")
    return loaded


def _read(path: Path) -> dict[str, Any]:
    try:
        mode = path.stat().st_mode
        content = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise SecretsWrong(
            f"没有找到密钥文件 {path}：试用请运行 make run；正式使用请先运行 tongban db new-secrets，再妥善备份"
        ) from None
    except PermissionError:
        raise SecretsWrong(f"密钥文件 {path} 不让当前用户读，请检查它的所有者") from None
    except ValueError:
        raise SecretsWrong(f"密钥文件 {path} 不是合格的 JSON，请从备份恢复") from None
    if mode & 0o077:
        raise SecretsWrong(f"密钥文件 {path} 别的用户也能读，请运行 chmod 600 {path}")
    if not isinstance(content, dict):
        raise SecretsWrong(f"密钥文件 {path} 的内容不对，最外层应该是一个对象")
    return content


def _new_key() -> str:
    return base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()


def _key_number(text: str, path: Path) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 255:
        raise SecretsWrong(f"{path} 里 data_keys 的编号应该是 1 到 255 的整数")
    return int(text)


def _key(text: object, name: str, path: Path) -> bytes:
    """A key of 32 bytes that could have come from a random source: placeholders repeat few bytes."""
    try:
        key = base64.b64decode(text, validate=True) if isinstance(text, str) else b""
    except binascii.Error:
        key = b""
    if len(key) != _KEY_BYTES or len(set(key)) < 16:
        raise SecretsWrong(f"{path} 里的 {name} 缺失或不是随机密钥，应该是 32 个随机字节的 base64")
    return key
