"""Looking at filings and cancelling them: who may, until when, and what is shown."""

from dataclasses import replace
from datetime import timedelta

import pytest
from filing_kit import BEIJING, NOW, SHIJIAZHUANG, TODAY, Desk, Registry, Resident

from tongban.filing import (
    CAN_STAMP_SQL,
    FilingNotFound,
    FilingStatus,
    FilingWay,
    SettledHere,
    get_filing,
    list_filings,
)
from tongban.infra.crypto import Vault
from tongban.infra.db import Connection


async def test_cancelled_is_closed_with_time_and_reason(
    db: Connection, desk: Desk, retiree: Resident, vault: Vault
) -> None:
    filing = await desk.file(db, retiree)
    closed = await desk.cancel(db, filing, reason="  不去了 ")
    assert closed.status is FilingStatus.CLOSED
    assert closed.status_zh(TODAY) == "已关闭"
    assert not closed.is_in_force(TODAY)
    detail = await get_filing(db, vault, viewer_id=retiree.person_id, number=filing.number)
    assert detail.filing == closed
    assert [(event.what, event.note) for event in detail.events] == [("filed", ""), ("closed", "不去了")]


async def test_cancelling_twice_changes_nothing(
    owner_db: Connection, db: Connection, desk: Desk, retiree: Resident
) -> None:
    filing = await desk.file(db, retiree)
    first = await desk.cancel(db, filing, reason="第一次")
    assert await desk.cancel(db, filing, reason="第二次") == first
    assert await owner_db.fetchval("select count(*) from filing.event where what = 'closed'") == 1
    assert await owner_db.fetchval("select count(*) from infra.audit where action = 'filing.cancelled'") == 1


async def test_the_place_is_free_again_after_cancelling(db: Connection, desk: Desk, retiree: Resident) -> None:
    await desk.cancel(db, await desk.file(db, retiree))
    assert (await desk.file(db, retiree)).filing_serial == 2


async def test_a_settled_filing_is_not_cancelled(
    owner_db: Connection, db: Connection, desk: Desk, retiree: Resident
) -> None:
    filing = await desk.file(db, retiree)
    await owner_db.execute("update filing.filing set settlements_here = 2")
    with pytest.raises(SettledHere, match="已经结算过，不能取消"):
        await desk.cancel(db, filing)
    assert await db.fetchval("select status from filing.filing") == "active"


async def test_a_stranger_neither_sees_nor_cancels(
    db: Connection, desk: Desk, registry: Registry, vault: Vault
) -> None:
    owner, stranger = await registry.add(), await registry.add("别人")
    filing = await desk.file(db, owner)
    with pytest.raises(FilingNotFound):
        await desk.cancel(db, filing, stranger.person_id)
    with pytest.raises(FilingNotFound):
        await get_filing(db, vault, viewer_id=stranger.person_id, number=filing.number)
    assert await list_filings(db, viewer_id=stranger.person_id) == []
    assert await list_filings(db, viewer_id=stranger.person_id, whose="others") == []


async def test_whoever_filed_it_sees_and_cancels_it_too(
    owner_db: Connection, db: Connection, desk: Desk, registry: Registry, vault: Vault
) -> None:
    mother, son = await registry.add(), await registry.add("王建国")
    filing = await desk.file(db, mother)
    await owner_db.execute("update filing.filing set filed_by = $1, relation = 'parent'", son.person_id)
    assert [f.number for f in await list_filings(db, viewer_id=son.person_id, whose="others")] == [filing.number]
    assert await list_filings(db, viewer_id=son.person_id, whose="self") == []
    assert [f.number for f in await list_filings(db, viewer_id=mother.person_id)] == [filing.number]
    assert (await get_filing(db, vault, viewer_id=son.person_id, number=filing.number)).filing.relation == "parent"
    assert (await desk.cancel(db, filing, son.person_id)).status is FilingStatus.CLOSED


@pytest.mark.parametrize("number", ["", "B1", "x", "B" + "9" * 18, "S20000000000000110"])
async def test_a_number_that_is_none_finds_nothing(
    db: Connection, vault: Vault, retiree: Resident, number: str
) -> None:
    with pytest.raises(FilingNotFound):
        await get_filing(db, vault, viewer_id=retiree.person_id, number=number)


async def test_lists_are_newest_first_and_filtered_by_way(
    owner_db: Connection, db: Connection, desk: Desk, retiree: Resident
) -> None:
    older = await desk.file(db, retiree)
    newer = await desk.file(db, retiree, to=BEIJING, now=NOW + timedelta(minutes=1))
    assert [f.number for f in await list_filings(db, viewer_id=retiree.person_id)] == [newer.number, older.number]
    await owner_db.execute("update filing.filing set way = 'hospital' where filing_serial = $1", older.filing_serial)

    async def numbers(way: FilingWay) -> list[str]:
        return [f.number for f in await list_filings(db, viewer_id=retiree.person_id, way=way)]

    assert await numbers(FilingWay.SELF) == [newer.number]
    assert await numbers(FilingWay.HOSPITAL) == [older.number]
    assert await numbers(FilingWay.WINDOW) == []


async def test_status_words_and_notes(db: Connection, desk: Desk, retiree: Resident) -> None:
    filing = await desk.file(db, retiree, starts_on=TODAY, ends_on=TODAY + timedelta(days=5))
    assert filing.status_zh(TODAY - timedelta(days=1)) == "已备案（未到开始日）"
    assert filing.status_zh(TODAY) == "已备案"
    assert filing.status_zh(TODAY + timedelta(days=5)) == "已备案"
    assert filing.status_zh(TODAY + timedelta(days=6)) == "已备案（已到期）"
    due = replace(filing, status=FilingStatus.MATERIALS_DUE)
    assert due.status_zh(TODAY) == "要补材料"


async def test_the_view_and_the_look_before_stamping(db: Connection, desk: Desk, retiree: Resident) -> None:
    filing = await desk.file(db, retiree)
    row = await db.fetchrow("select * from filing.v_filing where person_id = $1", retiree.person_id)
    assert row["treatment_pool"] == SHIJIAZHUANG
    look = CAN_STAMP_SQL.format(person_id="$1::bigint", serials="$2::integer[]")
    assert len(await db.fetch(look, retiree.person_id, [filing.filing_serial])) == 1
    await desk.cancel(db, filing)
    assert await db.fetch(look, retiree.person_id, [filing.filing_serial]) == []
