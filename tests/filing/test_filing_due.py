"""Reminders of filings that end or begin soon: each said once, to whoever it concerns."""

from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta

import pytest
from filing_kit import NOW, TODAY, Desk, Resident

from tongban.doors.worker import Context
from tongban.doors.worker.chores import remind
from tongban.filing import filings_ending, filings_starting, validity_zh
from tongban.infra.crypto import Vault
from tongban.infra.db import Db, Pool, create_pool
from tongban.kernel.vocabulary import FilingKind
from tongban.notices import Notice, NoticeKind, inbox
from tongban.settings import Settings


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    found = await create_pool(database_url)
    yield found
    await found.close()


async def told_over(
    settings: Settings, pool: Pool, vault: Vault, db: Db, who: Resident, days: list[int]
) -> list[tuple[int, Notice]]:
    """What `who` is reminded of on each of those days after NOW; the worker runs on these days only."""
    found: list[tuple[int, Notice]] = []
    for day in days:
        now: datetime = NOW + timedelta(days=day)
        await remind(Context(settings, pool, vault, lambda now=now: now, {}), {})  # type: ignore[misc]
        known = {notice.notice_no for _, notice in found}
        told = await inbox(db, who.person_id, limit=100)
        found += [(day, n) for n in told if n.kind is NoticeKind.REMINDER and n.notice_no not in known]
    return found


async def ending_on(db: Db, owner_db: Db, desk: Desk, who: Resident, day: date) -> str:
    filing = await desk.file(db, who, kind=FilingKind.UNREFERRED)
    await owner_db.execute("update filing.filing set valid_to = $1, stays_max = null", day)
    return filing.number


async def test_the_end_is_told_fourteen_and_three_days_before(
    db: Db, owner_db: Db, desk: Desk, retiree: Resident, settings: Settings, pool: Pool, vault: Vault
) -> None:
    number = await ending_on(db, owner_db, desk, retiree, TODAY + timedelta(days=40))
    told = await told_over(settings, pool, vault, db, retiree, list(range(45)))
    assert [day for day, _ in told] == [40 - 14, 40 - 3]
    assert {notice.link for _, notice in told} == {f"/filing/records/{number}"}
    assert all("2027年1月1日" in notice.body for _, notice in told)


async def test_a_worker_that_slept_over_the_day_says_it_later(
    db: Db, owner_db: Db, desk: Desk, retiree: Resident, settings: Settings, pool: Pool, vault: Vault
) -> None:
    await ending_on(db, owner_db, desk, retiree, TODAY + timedelta(days=40))
    told = await told_over(settings, pool, vault, db, retiree, [0, 25, 28, 36, 39, 40, 41])
    assert [day for day, _ in told] == [28, 39]


async def test_what_was_just_filed_or_is_closed_is_not_reminded_of(
    db: Db, owner_db: Db, desk: Desk, retiree: Resident, settings: Settings, pool: Pool, vault: Vault
) -> None:
    await ending_on(db, owner_db, desk, retiree, TODAY + timedelta(days=3))
    assert await filings_ending(db, after=TODAY, until=TODAY + timedelta(days=3), now=NOW) == []
    later = NOW + timedelta(days=3)
    assert len(await filings_ending(db, after=TODAY, until=TODAY + timedelta(days=3), now=later)) == 1
    await owner_db.execute("update filing.filing set status = 'closed', closed_at = $1", NOW)
    assert await told_over(settings, pool, vault, db, retiree, [1, 2, 3]) == []


async def test_the_day_before_it_begins(
    db: Db, owner_db: Db, desk: Desk, retiree: Resident, settings: Settings, pool: Pool, vault: Vault
) -> None:
    await desk.file(db, retiree)
    await owner_db.execute("update filing.filing set valid_from = $1", TODAY + timedelta(days=10))
    told = await told_over(settings, pool, vault, db, retiree, list(range(12)))
    assert [day for day, _ in told] == [9]
    assert "明天生效" in told[0][1].title
    assert await filings_starting(db, TODAY + timedelta(days=10), now=NOW) == []


async def test_the_word_for_whoever_checks_a_paper(db: Db, owner_db: Db, desk: Desk, retiree: Resident) -> None:
    filing = await desk.file(db, retiree)
    assert await validity_zh(db, filing.number, now=NOW) == "有效"
    await owner_db.execute("update filing.filing set valid_to = $1", TODAY)
    assert await validity_zh(db, filing.number, now=NOW + timedelta(days=1)) == "已到期"
    await owner_db.execute("update filing.filing set valid_from = $1", TODAY + timedelta(days=-1))
    assert await validity_zh(db, filing.number, now=NOW - timedelta(days=2)) == "未到开始日"
    await desk.cancel(db, filing)
    assert await validity_zh(db, filing.number, now=NOW) == "已取消"
    assert await validity_zh(db, "B123", now=NOW) == ""
    assert await validity_zh(db, f"B{'1' * 20}", now=NOW) == ""
