"""The ways out of the house, behind one small interface: SMS, WeChat, and the stand-in that sends nothing.

A messenger is told `ref`, the same at every attempt of one delivery, so that a provider who has it already can answer
without sending again.
"""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

import httpx

from tongban.infra.clock import Clock
from tongban.notices.model import Channel
from tongban.settings import Settings

# Shorter than a delivery is held by one worker (`notices.sending`).
_TIMEOUT_SECONDS = 8.0


@dataclass(frozen=True, slots=True)
class ProviderReceipt:
    """The provider has taken the message over. `provider_id` is what the provider calls it."""

    provider_id: str


class NotNow(Exception):
    """The provider did not take it; it may later. The text names the reason without personal data."""


class Never(Exception):
    """The provider refuses this message for good, a wrong number for example."""


class Messenger(Protocol):
    async def send(self, to: str, text: str, ref: str, link: str = "") -> ProviderReceipt:
        """`to` is a phone number or what WeChat calls the person. Raises NotNow or Never."""
        ...


@dataclass(frozen=True)
class HttpSms:
    """SMS through a provider's HTTP interface: POST of phone, text and ref, answered by ``{"id": …}``.

    Other providers are other classes of this size; what they share is which answers mean later and which mean never.
    """

    url: str
    key: str = field(repr=False)
    http: httpx.AsyncClient = field(repr=False)

    async def send(self, to: str, text: str, ref: str, link: str = "") -> ProviderReceipt:
        answer = await _posted(
            self.http, self.url, {"phone": to, "text": text, "ref": ref}, {"authorization": f"Bearer {self.key}"}
        )
        provider_id = str(answer.get("id") or "")
        if not provider_id:
            raise NotNow("短信平台没有给回执号")
        return ProviderReceipt(provider_id)


@dataclass
class WechatTemplate:
    """Messages of a WeChat service account: a token for two hours, then one template message each."""

    url: str
    app_id: str
    secret: str = field(repr=False)
    template: str = ""
    http: httpx.AsyncClient = field(default_factory=httpx.AsyncClient, repr=False)
    _token: str = field(default="", repr=False)
    _token_until: float = 0.0

    # Answers of the interface: the token is no longer valid; the system is busy or the quota used up; anything else is
    # about this message.
    _TOKEN_OVER = frozenset({40001, 40014, 42001})
    _LATER = frozenset({-1, 45009, 45011})

    async def send(self, to: str, text: str, ref: str, link: str = "") -> ProviderReceipt:
        body = {
            "touser": to,
            "template_id": self.template,
            "url": link,
            "client_msg_id": ref,
            "data": {"thing1": {"value": text}},
        }
        path = f"{self.url}/cgi-bin/message/template/send?access_token="
        answer = await _posted(self.http, path + await self._valid_token(), body)
        code = answer.get("errcode", 0)
        if code == 0:
            return ProviderReceipt(str(answer.get("msgid", ref)))
        if code in self._TOKEN_OVER:
            self._token = ""
            raise NotNow(f"微信的凭证过期了（{code}）")
        raise (NotNow if code in self._LATER else Never)(f"微信没有收（{code}）")

    async def _valid_token(self) -> str:
        if not self._token or time.monotonic() >= self._token_until:
            answer = await _posted(
                self.http,
                f"{self.url}/cgi-bin/stable_token",
                {"grant_type": "client_credential", "appid": self.app_id, "secret": self.secret},
            )
            if "access_token" not in answer:
                raise NotNow(f"微信没有给凭证（{answer.get('errcode', '')}）")
            self._token = str(answer["access_token"])
            # A minute early, so that it does not end on the way.
            self._token_until = time.monotonic() + max(0, int(answer.get("expires_in", 0)) - 60)
        return self._token


async def _posted(
    http: httpx.AsyncClient, url: str, body: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The answer's object. Raises NotNow, or Never for a request that will be refused however often it is sent."""
    try:
        response = await http.post(url, json=body, headers=headers, timeout=_TIMEOUT_SECONDS)
    except httpx.HTTPError as error:
        raise NotNow(f"连不上平台：{type(error).__name__}") from None
    if response.status_code == 429 or response.status_code >= 500:
        raise NotNow(f"平台正忙（{response.status_code}）")
    if response.status_code >= 400:
        raise Never(f"平台不收（{response.status_code}）")
    try:
        answer = response.json()
    except ValueError:
        raise NotNow("平台的回答看不懂") from None
    if not isinstance(answer, dict):
        raise NotNow("平台的回答看不懂")
    return answer


@dataclass(frozen=True)
class Recorded:
    """A stand-in: it sends nothing and writes what would have gone out to a file, one JSON object a line."""

    path: Path
    clock: Clock

    async def send(self, to: str, text: str, ref: str, link: str = "") -> ProviderReceipt:
        line = {"at": self.clock().isoformat(), "to": to, "text": text, "link": link, "ref": ref, "is_stand_in": True}
        await asyncio.to_thread(self._write, json.dumps(line, ensure_ascii=False))
        return ProviderReceipt(f"recorded-{ref}")

    def _write(self, line: str) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # It holds phone numbers: nobody else reads it.
        self.path.touch(mode=0o600, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as out:
            out.write(line + "\n")


def outbox_of(settings: Settings) -> Path:
    """The folder the stand-in writes to: one file per channel."""
    return settings.var_dir / "outbox"


def messengers_for(settings: Settings, http: httpx.AsyncClient, clock: Clock) -> dict[Channel, Messenger]:
    """What the settings name; a channel without a messenger sends nothing."""
    messages = settings.messages
    if messages.messenger == "off":
        return {}
    if messages.messenger == "recorded":
        return {channel: Recorded(outbox_of(settings) / f"{channel.value}.jsonl", clock) for channel in Channel}
    found: dict[Channel, Messenger] = {Channel.SMS: HttpSms(messages.sms_url, messages.sms_key, http)}
    if messages.wechat_app_id:
        found[Channel.WECHAT] = WechatTemplate(
            messages.wechat_url, messages.wechat_app_id, messages.wechat_secret, messages.wechat_template, http
        )
    return found


TRY_TIMEOUT = timedelta(seconds=3 * _TIMEOUT_SECONDS)  # two requests of WeChat's, and room
