"""SQL of messages."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from tongban.infra.db import Db
from tongban.notices.model import Channel, Delivery, DeliveryState, Notice, NoticeKind

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
             where openid_enc is not null
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


async def notices_about(db: Db, subject: str, person_ids: Sequence[int]) -> list[Notice]:
    rows = await db.fetch(
        f"""select {_NOTICE} from notices.notice
            where person_id = any($1::bigint[]) and subject = $2 order by created_at, notice_no""",  # noqa: S608
        list(person_ids),
        subject,
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


# ---- on the way out ----


async def take_delivery(
    db: Db, person_id: int, notice_no: int, channel: Channel, *, now: datetime, until: datetime
) -> Delivery | datetime | None:
    """The delivery, ours until `until` and counted as tried once more; or the moment from which it may be taken; or
    None when it has ended or there is none."""
    row = await db.fetchrow(
        """with taken as (
             update notices.delivery set attempts = attempts + 1, not_before = $5
             where person_id = $1 and notice_no = $2 and channel = $3 and state = 'queued'
               and (not_before is null or not_before <= $4)
             returning person_id, notice_no, channel, ref, attempts
           )
           select channel, ref, attempts, kind, title, link
           from taken join notices.notice using (person_id, notice_no)""",
        person_id,
        notice_no,
        channel.value,
        now,
        until,
    )
    if row is not None:
        known = {**row, "channel": Channel(row["channel"]), "kind": NoticeKind(row["kind"])}
        return Delivery(person_id=person_id, notice_no=notice_no, **known)
    later: datetime | None = await db.fetchval(
        """select not_before from notices.delivery
           where person_id = $1 and notice_no = $2 and channel = $3 and state = 'queued'""",
        person_id,
        notice_no,
        channel.value,
    )
    return later


async def delivery_sent(db: Db, delivery: Delivery, provider_id: str, *, now: datetime) -> None:
    await _end(db, delivery, DeliveryState.SENT, provider_id, "", now)


async def delivery_failed(db: Db, delivery: Delivery, failure: str, *, now: datetime) -> None:
    await _end(db, delivery, DeliveryState.FAILED, "", failure, now)


async def _end(db: Db, delivery: Delivery, state: DeliveryState, provider_id: str, failure: str, now: datetime) -> None:
    """What the provider acknowledged stays acknowledged, whatever a slower try says afterwards."""
    await db.execute(
        """update notices.delivery
           set state = $4, provider_id = $5, last_failure = $6, ended_at = $7, not_before = null
           where person_id = $1 and notice_no = $2 and channel = $3 and (state = 'queued' or $4 = 'sent')""",
        delivery.person_id,
        delivery.notice_no,
        delivery.channel.value,
        state.value,
        provider_id,
        failure,
        now,
    )


async def delivery_waits(db: Db, delivery: Delivery, failure: str, *, until: datetime) -> None:
    await db.execute(
        """update notices.delivery set last_failure = $4, not_before = $5
           where person_id = $1 and notice_no = $2 and channel = $3 and state = 'queued'""",
        delivery.person_id,
        delivery.notice_no,
        delivery.channel.value,
        failure,
        until,
    )


async def deliveries(db: Db, limit: int) -> list[Any]:
    """The latest across all persons, for operators: no texts, no addresses."""
    return await db.fetch(
        """select n.created_at, n.kind, d.channel, d.state, d.attempts, d.last_failure, d.provider_id, d.ref
           from notices.delivery d join notices.notice n using (person_id, notice_no)
           order by n.created_at desc, d.channel limit $1""",
        limit,
    )


async def left_behind(db: Db, before: datetime, limit: int) -> list[tuple[int, int, Channel]]:
    """Deliveries that have not ended and that somebody should have taken up before that moment."""
    rows = await db.fetch(
        """select person_id, notice_no, channel from notices.delivery join notices.notice using (person_id, notice_no)
           where state = 'queued' and coalesce(not_before, created_at) < $1
           order by not_before nulls first limit $2""",
        before,
        limit,
    )
    return [(row["person_id"], row["notice_no"], Channel(row["channel"])) for row in rows]


# ---- WeChat ----


async def openid_of(db: Db, person_id: int) -> bytes | None:
    sealed: bytes | None = await db.fetchval("select openid_enc from notices.wechat where person_id = $1", person_id)
    return sealed


async def is_wechat_on(db: Db, person_id: int) -> bool | None:
    """None: nothing is known."""
    is_on: bool | None = await db.fetchval(
        "select openid_enc is not null from notices.wechat where person_id = $1", person_id
    )
    return is_on


async def bind_wechat(db: Db, person_id: int, openid_enc: bytes, now: datetime) -> bool:
    """False for a person who wants no messages there."""
    done = await db.execute(
        """insert into notices.wechat as w (person_id, openid_enc, bound_at) values ($1, $2, $3)
           on conflict (person_id) do update set openid_enc = excluded.openid_enc, bound_at = excluded.bound_at
             where w.openid_enc is not null""",
        person_id,
        openid_enc,
        now,
    )
    return done.endswith(" 1")


async def stop_wechat(db: Db, person_id: int, now: datetime) -> bool:
    """False when there was nothing to stop."""
    done = await db.execute(
        """update notices.wechat set openid_enc = null, stopped_at = $2
           where person_id = $1 and openid_enc is not null""",
        person_id,
        now,
    )
    return done.endswith(" 1")


async def allow_wechat(db: Db, person_id: int) -> bool:
    """False when it was not stopped."""
    done = await db.execute("delete from notices.wechat where person_id = $1 and openid_enc is null", person_id)
    return done.endswith(" 1")


# ---- what was looked through ----


async def looked_through(db: Db, source: str) -> datetime | None:
    until: datetime | None = await db.fetchval("select until from notices.looked_through where source = $1", source)
    return until


async def look_through(db: Db, source: str, until: datetime) -> None:
    await db.execute(
        """insert into notices.looked_through (source, until) values ($1, $2)
           on conflict (source) do update set until = greatest(notices.looked_through.until, excluded.until)""",
        source,
        until,
    )
