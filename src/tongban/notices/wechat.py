"""Whether a person's messages go to their WeChat, too: brought along by the sign-in, ended by the person."""

from datetime import datetime
from enum import Enum

from tongban.infra import audit
from tongban.infra.crypto import Vault
from tongban.infra.db import Db
from tongban.notices import store

_CONTEXT = "person.wechat"


class Wechat(Enum):
    """NONE: no sign-in has said who the person is at WeChat. OFF: the person wants no messages there."""

    NONE = "none"
    ON = "on"
    OFF = "off"


async def bind_wechat(db: Db, vault: Vault, *, person_id: int, openid: str, now: datetime) -> None:
    """Messages go to this WeChat user, too, unless the person does not want them there. `openid` is the name WeChat
    has for the person at the service account that sends."""
    if await openid_of(db, vault, person_id) == openid:
        return
    if await store.bind_wechat(db, person_id, vault.seal(openid, _CONTEXT), now):
        await _note(db, person_id, "notices.wechat_bound", now)


async def stop_wechat(db: Db, *, person_id: int, now: datetime) -> None:
    """No more messages to WeChat, and the name there is forgotten; a later sign-in does not bring it back."""
    if await store.stop_wechat(db, person_id, now):
        await _note(db, person_id, "notices.wechat_stopped", now)


async def allow_wechat(db: Db, *, person_id: int, now: datetime) -> None:
    """Messages may go to WeChat again, from the next sign-in on: only that says who the person is there."""
    if await store.allow_wechat(db, person_id):
        await _note(db, person_id, "notices.wechat_allowed", now)


async def wechat_of(db: Db, person_id: int) -> Wechat:
    """As it is now."""
    is_on = await store.is_wechat_on(db, person_id)
    return Wechat.NONE if is_on is None else Wechat.ON if is_on else Wechat.OFF


async def openid_of(db: Db, vault: Vault, person_id: int) -> str:
    """What WeChat calls the person; "" for nobody."""
    sealed = await store.openid_of(db, person_id)
    return vault.open(sealed, _CONTEXT) if sealed else ""


async def _note(db: Db, person_id: int, action: str, now: datetime) -> None:
    actor = f"person:{person_id}"
    await audit.record(db, now=now, actor=actor, channel="portal", action=action, person_id=person_id)
