"""Send one notice through one channel: at least once tried, never again once the provider has taken it.

No transaction stays open while a provider is asked. A worker first writes down that it is trying and until when nobody
else may; then it asks; then it writes down the answer. Killed in between, the next worker waits out the time and asks
again with the same `ref`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from tongban.infra.clock import in_china
from tongban.infra.crypto import Vault
from tongban.infra.db import Db, Pool
from tongban.notices import store
from tongban.notices.messengers import TRY_TIMEOUT, Messenger, Never, NotNow
from tongban.notices.model import Channel, Delivery
from tongban.notices.texts import sms_text, wechat_text
from tongban.people import get_person

# How long to wait after the first, second … try that came to nothing; after the last there is no other.
_WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 360))
TRIES_MAX = len(_WAITS) + 1
_WECHAT = "person.wechat"


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
        failure = str(reason)
        again = now + _WAITS[taken.attempts - 1] if taken.attempts < TRIES_MAX else None
    except Never as reason:
        failure = str(reason)
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


async def bind_wechat(db: Db, vault: Vault, *, person_id: int, openid: str, now: datetime) -> None:
    """From now on messages go to this WeChat user, too."""
    await store.bind_wechat(db, person_id, vault.seal(openid, _WECHAT), now)


async def _address(sender: Sender, delivery: Delivery) -> str:
    """Raises Never when there is none."""
    async with sender.pool.acquire() as db:
        if delivery.channel is Channel.SMS:
            to = (await get_person(db, sender.vault, delivery.person_id)).phone
        else:
            sealed = await store.wechat_of(db, delivery.person_id)
            to = sender.vault.open(sealed, _WECHAT) if sealed else ""
    if not to:
        raise Never(f"没有可以发{delivery.channel.zh}的号码")
    return to
