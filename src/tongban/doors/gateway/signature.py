"""Who sent a message: the ``x-tif-*`` headers.

``x-tif-signature`` is the lower-case hex of SHA-256 over timestamp + secret + nonce + timestamp. The body is not part
of it, so the transport must be TLS in production; a copied request is stopped by its nonce.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple

from tongban.doors.gateway.errors import ClockSkewed, SignatureRefused

WINDOW_SECONDS: Final = 300
# A timestamp may lie the whole window ahead and stays good until the whole window behind, so a nonce is remembered
# for both and a little longer.
NONCE_KEPT_SECONDS: Final = 2 * WINDOW_SECONDS + 60

_TIMESTAMP = re.compile(r"\d{10}")
_NONCE = re.compile(r"[\x21-\x7e]{1,36}")
_SIGNATURE = re.compile(r"[0-9a-fA-F]{64}")
_ACCOUNT = re.compile(r"[\x21-\x7e]{1,64}")


class SignedHeaders(NamedTuple):
    account: str
    timestamp: str
    nonce: str
    signature: str


def sign(timestamp: str, secret: str, nonce: str) -> str:
    """The signature a hospital's system sends: ``sign("1700000000", "demo-secret", "abc123")`` is
    ``1110f10f76885fff4039393e372856dfc423c0260e72395dc2fd27040f1d8c58``."""
    return hashlib.sha256(f"{timestamp}{secret}{nonce}{timestamp}".encode()).hexdigest()


def signed_headers(headers: Mapping[str, str]) -> SignedHeaders:
    """The four headers, checked for form. `headers` looks names up without regard to case."""
    texts = {
        name: (headers.get(f"x-tif-{name}") or "").strip() for name in ("paasid", "timestamp", "nonce", "signature")
    }
    missing = [f"x-tif-{name}" for name, text in texts.items() if not text]
    if missing:
        raise SignatureRefused(f"请求头缺少 {'、'.join(missing)}，请让系统厂商按接口说明补上签名")
    for name, pattern, form in (
        ("paasid", _ACCOUNT, "1 到 64 个字母、数字或符号"),
        ("timestamp", _TIMESTAMP, "10 位数字（Unix 时间，精确到秒）"),
        ("nonce", _NONCE, "1 到 36 个字母、数字或符号"),
        ("signature", _SIGNATURE, "64 位十六进制"),
    ):
        if pattern.fullmatch(texts[name]) is None:
            raise SignatureRefused(f"请求头 x-tif-{name} 应该是 {form}，请让系统厂商检查")
    return SignedHeaders(texts["paasid"], texts["timestamp"], texts["nonce"], texts["signature"].lower())


def check_signature(headers: SignedHeaders, secret: str) -> None:
    """Compares in constant time. Raises SignatureRefused."""
    if not hmac.compare_digest(sign(headers.timestamp, secret, headers.nonce), headers.signature):
        raise SignatureRefused("签名不对，请让系统厂商核对账号的密钥，以及签名拼接的先后：时间、密钥、随机数、时间")


def check_clock(headers: SignedHeaders, now: datetime) -> None:
    """Raises ClockSkewed, saying by how much the sender's clock is off."""
    ahead = int(headers.timestamp) - int(now.timestamp())
    if abs(ahead) <= WINDOW_SECONDS:
        return
    direction = "快" if ahead > 0 else "慢"
    raise ClockSkewed(
        f"医院系统的时钟比平台{direction}了 {_duration(abs(ahead))}，最多只能差 {WINDOW_SECONDS // 60} 分钟。"
        "请把服务器时间校准后重发"
    )


def _duration(seconds: int) -> str:
    for unit, size in (("天", 86_400), ("小时", 3_600), ("分", 60)):
        if seconds >= size:
            whole, rest = divmod(seconds, size)
            smaller = {"天": ("小时", 3_600), "小时": ("分", 60), "分": ("秒", 1)}[unit]
            part = rest // smaller[1]
            return f"{whole} {unit}" + (f" {part} {smaller[0]}" if part else "")
    return f"{seconds} 秒"
