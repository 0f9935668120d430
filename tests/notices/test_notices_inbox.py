"""Messages: told with the change, once, and read by nobody else."""

from datetime import timedelta

import pytest

from notices_kit import LI, NOW, WANG, tell
from tongban.infra.db import Db
from tongban.notices import NoticeNotFound, inbox, mark_all_read, mark_read, told_about, unread


async def test_newest_first_and_page_by_page(db: Db) -> None:
    for number in range(5):
        await tell(db, title=f"第 {number} 条", now=NOW + timedelta(minutes=number))
    first = await inbox(db, LI, limit=3)
    assert [notice.title for notice in first] == ["第 4 条", "第 3 条", "第 2 条"]
    rest = await inbox(db, LI, before=first[-1].notice_no, limit=3)
    assert [notice.title for notice in rest] == ["第 1 条", "第 0 条"]


async def test_said_once_whatever_is_repeated(db: Db) -> None:
    for _ in range(3):
        await tell(db, once="filing.opened B1")
    await tell(db, person_id=WANG, once="filing.opened B1")
    assert len(await inbox(db, LI)) == 1
    assert len(await inbox(db, WANG)) == 1
    assert await db.fetchval("select count(*) from jobs.pgqueuer") == 2


async def test_the_message_falls_with_the_change(db: Db) -> None:
    async def change_fails() -> None:
        async with db.transaction():
            await tell(db)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await change_fails()
    assert await inbox(db, LI) == []
    assert await db.fetchval("select count(*) from jobs.pgqueuer") == 0


async def test_reading_counts_down_and_keeps_the_first_moment(db: Db) -> None:
    await tell(db)
    await tell(db)
    assert await unread(db, LI) == 2
    notice_no = (await inbox(db, LI))[0].notice_no
    await mark_read(db, person_id=LI, notice_no=notice_no, now=NOW)
    again = await mark_read(db, person_id=LI, notice_no=notice_no, now=NOW + timedelta(days=1))
    assert (again.read_at, await unread(db, LI)) == (NOW, 1)


async def test_what_was_told_about_a_matter_oldest_first_and_to_whom_was_asked_for(db: Db) -> None:
    await tell(db, subject="B1", title="办好了")
    await tell(db, person_id=WANG, subject="B1", title="替您办了", now=NOW + timedelta(minutes=1))
    await tell(db, subject="B2", title="另一件")
    told = await told_about(db, "B1", person_ids=[LI, WANG])
    assert [(notice.person_id, notice.title) for notice in told] == [(LI, "办好了"), (WANG, "替您办了")]
    assert [notice.title for notice in await told_about(db, "B1", person_ids=[WANG])] == ["替您办了"]
    assert await unread(db, WANG) == 1


async def test_somebody_elses_message_is_as_none(db: Db) -> None:
    await tell(db)
    notice_no = (await inbox(db, LI))[0].notice_no
    with pytest.raises(NoticeNotFound) as theirs:
        await mark_read(db, person_id=WANG, notice_no=notice_no, now=NOW)
    with pytest.raises(NoticeNotFound) as none:
        await mark_read(db, person_id=WANG, notice_no=notice_no + 1000, now=NOW)
    assert theirs.value.sentence == none.value.sentence
    assert await unread(db, LI) == 1


async def test_all_read_leaves_what_came_meanwhile(db: Db) -> None:
    await tell(db)
    seen = (await inbox(db, LI))[0].notice_no
    await tell(db)
    await mark_all_read(db, person_id=LI, up_to=seen, now=NOW)
    assert await unread(db, LI) == 1


async def test_a_link_leads_into_the_portal(db: Db) -> None:
    for link in ("https://elsewhere.example/", "//elsewhere.example/"):
        with pytest.raises(Exception, match="notice_link_check"):
            await tell(db, link=link)
