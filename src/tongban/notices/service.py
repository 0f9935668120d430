"""Tell people what happened, and let them read it.

`post` is called by whoever changes something, inside the transaction of the change: the change and its message stand
or fall together. How the message leaves the house is the worker's business (`notices.sending`).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from tongban.infra import jobs
from tongban.infra.db import Db
from tongban.notices import store
from tongban.notices.errors import NoticeNotFound
from tongban.notices.model import Channel, Notice, NoticeKind

# The worker's name for sending one notice through one channel.
DELIVER = "notices.deliver"
# Longer than any delivery waits between two tries without a job: quiet hours are over, a worker was there.
_LEFT_BEHIND = timedelta(hours=12)
_RESUMED_AT_ONCE = 1000


async def post(
    db: Db,
    *,
    person_id: int,
    kind: NoticeKind,
    subject: str,
    title: str,
    body: str,
    link: str,
    now: datetime,
    once: str = "",
) -> None:
    """A message into the person's inbox, and a job for every channel it goes out by.

    `subject` is the number of the row it is about; `title` and `body` are plain sentences without diagnoses; `link` is
    a path of the portal or empty. With `once`, a message of that key to that person is said one time, whatever is
    repeated: ``f"filing.opened {number}"``.
    """
    posted = await store.insert(
        db, person_id=person_id, kind=kind, subject=subject, title=title, body=body, link=link, once=once, now=now
    )
    if posted is None:
        return
    notice_no, channels = posted
    for channel in channels:
        await _leave_job(db, person_id, notice_no, channel)


async def resume_deliveries(db: Db, *, now: datetime) -> int:
    """Leave a job again for every delivery that has not ended and whose job is gone; returns how many there were.

    A job is given up when it failed too often for reasons of ours, or by an operator. What was to be sent is still to
    be sent: the tries that a provider was asked are counted with the delivery.
    """
    found = await store.left_behind(db, now - _LEFT_BEHIND, _RESUMED_AT_ONCE)
    return sum([await _leave_job(db, *delivery) for delivery in found])


async def _leave_job(db: Db, person_id: int, notice_no: int, channel: Channel) -> bool:
    """False where there is one already."""
    return await jobs.enqueue(
        db,
        DELIVER,
        {"person_id": person_id, "notice_no": notice_no, "channel": channel.value},
        once=f"{DELIVER} {person_id} {notice_no} {channel.value}",
    )


async def inbox(db: Db, person_id: int, *, before: int | None = None, limit: int = 20) -> list[Notice]:
    """Newest first; `before` is the number of the last one shown on the page before."""
    return await store.notices_of(db, person_id, before, limit)


async def told_about(db: Db, subject: str, *, person_ids: Sequence[int]) -> list[Notice]:
    """What those persons were told about the matter with that number, oldest first. Who may see it is the caller's to
    have checked; nothing counts as read by it."""
    return await store.notices_about(db, subject, person_ids)


async def unread(db: Db, person_id: int) -> int:
    """How many messages the person has not opened."""
    return await store.unread(db, person_id)


async def mark_read(db: Db, *, person_id: int, notice_no: int, now: datetime) -> Notice:
    """The message, read from now on. Raises NoticeNotFound for anybody else's as for none."""
    notice = await store.mark_read(db, person_id, notice_no, now)
    if notice is None:
        raise NoticeNotFound("没有找到这条消息，请从“消息”里打开")
    return notice


async def mark_all_read(db: Db, *, person_id: int, up_to: int, now: datetime) -> None:
    """Everything up to and with the number `up_to`: what came while the person looked stays unread."""
    await store.mark_all_read(db, person_id, up_to, now)


async def looked_through(db: Db, source: str) -> datetime | None:
    """Up to which moment what others write was looked through for messages; None: never yet."""
    return await store.looked_through(db, source)


async def look_through(db: Db, source: str, until: datetime) -> None:
    """Up to and without that moment everything was told. It never goes back."""
    await store.look_through(db, source, until)


async def deliveries(db: Db, limit: int = 50) -> list[Any]:
    """The latest deliveries over all persons, without texts and addresses."""
    return await store.deliveries(db, limit)
