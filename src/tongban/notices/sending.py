"""Send one notice through one channel: at least once tried, never again once the provider's receipt is written down.

No transaction stays open while a provider is asked. A worker first writes down that it is trying and until when nobody
else may; then it asks; then it writes down the answer. Killed in between, the next worker waits out the time and asks
again with the same `ref`. So is a provider that took the message and answered too late. Whatever happens, a provider is
asked TRIES_MAX times at most.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta

import asyncpg
import structlog

from tongban.infra.clock import in_china
from tongban.infra.crypto import Vault
from tongban.infra.db import Pool
from tongban.notices import store
from tongban.notices.messengers import TRY_TIMEOUT, Messenger, Never, NotNow
from tongban.notices.model import Channel, Delivery
from tongban.notices.texts import sms_text, wechat_text
from tongban.notices.wechat import openid_of
from tongban.people import get_person

# How long to wait after the first, second … try that came to nothing; after the last there is no other.
_WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 360))
TRIES_MAX = len(_WAITS) + 1


_log = structlog.get_logger("tongban.notices")


@dataclass(frozen=True, slots=True)
class QuietHours:
    """No SMS from hour `start` on until hour `end`, China time."""

    start: int
    end: int

    def over_at(self, now: datetime) -> datetime | None:
        """When sending may go on; None: now."""
        local = in_china(now)
        hour = local.hour
        is_quiet = self.start <= hour < self.end if self.start <= self.end else hour >= self.start or hour < self.end
        if not is_quiet:
            return None
        day = local.date() if hour < self.end else local.date() + timedelta(days=1)
        return datetime.combine(day, time(self.end), local.tzinfo)


@dataclass(frozen=True, slots=True)
class Sender:
    """What sending needs besides the delivery itself. `public_url` makes a path of the portal a link."""

    pool: Pool
    vault: Vault
    messengers: Mapping[Channel, Messenger]
    quiet: QuietHours
    public_url: str


async def deliver(
    sender: Sender, *, person_id: int, notice_no: int, channel: Channel, now: datetime
) -> datetime | None:
    """One try. Returns when to come back, or None when there is nothing left to do."""
    if channel is Channel.SMS and (later := sender.quiet.over_at(now)) is not None:
        return later
    async with sender.pool.acquire() as db:
        taken = await store.take_delivery(db, person_id, notice_no, channel, now=now, until=now + TRY_TIMEOUT)
    if not isinstance(taken, Delivery):
        return taken
    failure, again = "", None
    try:
        if taken.attempts > TRIES_MAX:
            raise Never("试了几次都没有等到回执")
        messenger = sender.messengers.get(channel)
        if messenger is None:
            raise Never(f"没有接{channel.zh}")
        to = await _address(sender, taken)
        text = sms_text(taken.kind) if channel is Channel.SMS else wechat_text(taken.kind)
        link = sender.public_url + taken.link if sender.public_url and taken.link else ""
        receipt = await messenger.send(to, text, str(taken.ref), link)
    except NotNow as reason:
        failure, again = str(reason), _next_try(taken, now)
    except Never as reason:
        failure = str(reason)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        raise  # our own database is gone: nothing can be written down now
    except Exception as error:
        # A messenger that has a bug, a person who is gone: the try counts, and its end can be seen.
        _log.error("delivery failed", channel=channel.value, error=type(error).__name__)
        failure, again = f"程序出错（{type(error).__name__}）", _next_try(taken, now)
    else:
        async with sender.pool.acquire() as db:
            await store.delivery_sent(db, taken, receipt.provider_id, now=now)
        return None
    async with sender.pool.acquire() as db:
        if again is not None:
            await store.delivery_waits(db, taken, failure, until=again)
        else:
            await store.delivery_failed(db, taken, failure, now=now)
    return again


def _next_try(delivery: Delivery, now: datetime) -> datetime | None:
    return now + _WAITS[delivery.attempts - 1] if delivery.attempts < TRIES_MAX else None


async def _address(sender: Sender, delivery: Delivery) -> str:
    """Raises Never when there is none."""
    async with sender.pool.acquire() as db:
        if delivery.channel is Channel.SMS:
            to = (await get_person(db, sender.vault, delivery.person_id)).phone
        else:
            to = await openid_of(db, sender.vault, delivery.person_id)
    if not to:
        raise Never(f"没有可以发{delivery.channel.zh}的号码")
    return to
