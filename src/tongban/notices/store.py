"""SQL of messages."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tongban.infra.db import Db
from tongban.notices.model import Channel, Notice, NoticeKind

_NOTICE = "person_id, notice_no, kind, subject, title, body, link, created_at, read_at"


async def insert(
    db: Db,
    *,
    person_id: int,
    kind: NoticeKind,
    subject: str,
    title: str,
    body: str,
    link: str,
    once: str,
    now: datetime,
) -> tuple[int, list[Channel]] | None:
    """The number of the new notice and the channels it goes out by; None when `once` was said before."""
    row = await db.fetchrow(
        """with told as (
             insert into notices.notice (person_id, kind, subject, title, body, link, once, created_at)
             values ($1, $2, $3, $4, $5, $6, nullif($7, ''), $8)
             on conflict on constraint notice_once do nothing
             returning person_id, notice_no
           ), going as (
             insert into notices.delivery (person_id, notice_no, channel)
             select person_id, notice_no, 'sms' from told
             union all
             select told.person_id, notice_no, 'wechat' from told join notices.wechat using (person_id)
             returning channel
           )
           select told.notice_no, (select array_agg(channel) from going) as channels from told""",
        person_id,
        kind.value,
        subject,
        title,
        body,
        link,
        once,
        now,
    )
    return (row["notice_no"], [Channel(channel) for channel in row["channels"]]) if row else None


async def notices_of(db: Db, person_id: int, before: int | None, limit: int) -> list[Notice]:
    rows = await db.fetch(
        f"""select {_NOTICE} from notices.notice
            where person_id = $1 and ($2::bigint is null or notice_no < $2)
            order by notice_no desc limit $3""",  # noqa: S608 - column names only
        person_id,
        before,
        limit,
    )
    return [_notice(row) for row in rows]


async def unread(db: Db, person_id: int) -> int:
    count: int = await db.fetchval(
        "select count(*) from notices.notice where person_id = $1 and read_at is null", person_id
    )
    return count


async def mark_read(db: Db, person_id: int, notice_no: int, now: datetime) -> Notice | None:
    """The first moment it was read stays."""
    row = await db.fetchrow(
        f"""update notices.notice set read_at = coalesce(read_at, $3) where person_id = $1 and notice_no = $2
            returning {_NOTICE}""",  # noqa: S608 - column names only
        person_id,
        notice_no,
        now,
    )
    return _notice(row) if row else None


async def mark_all_read(db: Db, person_id: int, up_to: int, now: datetime) -> None:
    await db.execute(
        "update notices.notice set read_at = $3 where person_id = $1 and notice_no <= $2 and read_at is null",
        person_id,
        up_to,
        now,
    )


def _notice(row: Mapping[str, Any]) -> Notice:
    return Notice(**{**row, "kind": NoticeKind(row["kind"])})
