"""Change: close and file anew in one step; of two who come at once one is told what happened."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import asyncpg
import pytest
from filing_kit import BEIJING, SHIJIAZHUANG, TANGSHAN, Desk, Registry, Resident

from tongban.filing import (
    STAMP_SQL,
    ChangeRefused,
    Filing,
    FilingNotFound,
    FilingOverlaps,
    FilingStatus,
    NothingToChange,
    SettledHere,
    get_filing,
    signature_holds,
)
from tongban.infra.crypto import Vault
from tongban.infra.db import Connection, connected
from tongban.kernel.vocabulary import FilingKind
from tongban.notices import inbox
from tongban.signing import SignatureVoid


async def _change(desk: Desk, db: Connection, who: Resident, old: Filing, **changed: Any) -> Filing:
    answers = desk.answers(who, to=changed.pop("to", TANGSHAN), replaces=old.number, **changed)
    return await desk.file(db, who, answers)


async def _stand(db: Connection, who: Resident) -> list[Any]:
    return await db.fetch(
        """select filing_serial, status, treatment_pool, replaces_serial, replaced_by_serial, close_reason
           from filing.filing where person_id = $1 order by filing_serial""",
        who.person_id,
    )


async def test_one_is_closed_and_the_other_open_and_each_knows_the_other(
    db: Connection, desk: Desk, retiree: Resident, vault: Vault
) -> None:
    old = await desk.file(db, retiree)
    new = await _change(desk, db, retiree, old)
    rows = await _stand(db, retiree)
    assert [tuple(row) for row in rows] == [
        (1, "closed", SHIJIAZHUANG, None, 2, "改备案"),
        (2, "active", TANGSHAN, 1, None, ""),
    ]
    before = await get_filing(db, vault, viewer_id=retiree.person_id, number=old.number)
    after = await get_filing(db, vault, viewer_id=retiree.person_id, number=new.number)
    assert (before.filing.replaced_by, after.filing.replaces) == (new.number, old.number)
    assert [event.what for event in before.events] == ["filed", "changed"]
    assert new.number in before.events[1].note
    assert signature_holds(after)
    assert (await inbox(db, retiree.person_id))[0].title == "备案改好了"


async def test_the_same_place_may_be_filed_anew_with_another_start(
    db: Connection, desk: Desk, retiree: Resident
) -> None:
    """The old one stands in nobody's way: it is closed before the new one is written."""
    old = await desk.file(db, retiree)
    assert await _change(desk, db, retiree, old, to=SHIJIAZHUANG, kind=FilingKind.SETTLED_RETIREE)


async def test_a_third_filing_that_stands_in_the_way_leaves_the_old_one_open(
    db: Connection, desk: Desk, retiree: Resident
) -> None:
    old, third = await desk.file(db, retiree), await desk.file(db, retiree, to=TANGSHAN)
    with pytest.raises(FilingOverlaps) as refused:
        await _change(desk, db, retiree, old)
    assert refused.value.existing == third
    assert [row["status"] for row in await _stand(db, retiree)] == ["active", "active"]


async def test_after_a_settlement_there_it_is_refused_with_a_reason(
    db: Connection, owner_db: Connection, desk: Desk, retiree: Resident
) -> None:
    old = await desk.file(db, retiree)
    await owner_db.execute("update filing.filing set settlements_here = 1")
    with pytest.raises(SettledHere, match="结算过"):
        await _change(desk, db, retiree, old)
    assert [row["status"] for row in await _stand(db, retiree)] == ["active"]


async def test_a_closed_one_is_not_changed(db: Connection, desk: Desk, retiree: Resident) -> None:
    old = await desk.file(db, retiree)
    await desk.cancel(db, old)
    with pytest.raises(NothingToChange, match="重新办"):
        await _change(desk, db, retiree, old)


async def test_somebody_elses_is_not_found(db: Connection, desk: Desk, registry: Registry) -> None:
    owner, stranger = await registry.add(), await registry.add("别人")
    old = await desk.file(db, owner)
    with pytest.raises(FilingNotFound):
        await _change(desk, db, stranger, old)
    assert [row["status"] for row in await _stand(db, owner)] == ["active"]
    assert await _stand(db, stranger) == []


async def test_a_referral_is_the_hospitals_to_change(
    db: Connection, owner_db: Connection, desk: Desk, retiree: Resident
) -> None:
    old = await desk.file(db, retiree)
    await owner_db.execute("update filing.filing set kind = 'referral', way = 'hospital'")
    with pytest.raises(ChangeRefused, match="医院重新转诊"):
        await _change(desk, db, retiree, old)


async def test_the_signature_stands_under_what_is_replaced(db: Connection, desk: Desk, retiree: Resident) -> None:
    """A name put under a new filing does not close an old one."""
    old = await desk.file(db, retiree)
    answers = desk.answers(retiree, to=TANGSHAN)
    signature = desk.sign(retiree, answers)
    with pytest.raises(SignatureVoid):
        await desk.file(db, retiree, replace(answers, replaces=old.number), signature=signature)


@pytest.fixture
async def two(database_url: str) -> AsyncIterator[list[Connection]]:
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(connected(database_url)) for _ in range(4)]


async def test_changed_by_several_at_once_it_has_one_successor(
    two: list[Connection], desk: Desk, retiree: Resident
) -> None:
    old = await desk.file(two[0], retiree)
    places = (TANGSHAN, BEIJING, TANGSHAN, BEIJING)
    results = await asyncio.gather(
        *(_change(desk, db, retiree, old, to=place) for db, place in zip(two, places, strict=True)),
        return_exceptions=True,
    )
    assert sum(isinstance(result, Filing) for result in results) == 1
    assert sum(isinstance(result, NothingToChange) for result in results) == 3
    assert [row["status"] for row in await _stand(two[0], retiree)] == ["closed", "active"]


async def test_killed_between_closing_and_filing_anew_nothing_has_changed(
    two: list[Connection], owner_db: Connection, desk: Desk, retiree: Resident
) -> None:
    changing, watcher, killer, _ = two
    old = await desk.file(watcher, retiree)
    told = len(await inbox(watcher, retiree.person_id))
    # In nobody's way yet, but not taken back either: whoever writes there, the old one closed, has to wait.
    standing = owner_db.transaction()
    await standing.start()
    await owner_db.execute(
        """insert into filing.filing
           select (jsonb_populate_record(f, jsonb_build_object(
                    'filing_serial', 99, 'treatment_pool', $1::text, 'submit_token', gen_random_uuid()))).*
           from filing.filing f""",
        TANGSHAN,
    )
    backend = changing.get_server_pid()
    waiting = asyncio.create_task(_change(desk, changing, retiree, old))
    while not await watcher.fetchval("select exists (select from pg_locks where pid = $1 and not granted)", backend):
        await asyncio.sleep(0.01)
    assert await killer.fetchval("select pg_terminate_backend($1)", backend)
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
        await waiting
    await standing.rollback()
    assert [(row["status"], row["replaced_by_serial"]) for row in await _stand(watcher, retiree)] == [("active", None)]
    assert await watcher.fetchval("select count(*) from filing.event") == 1
    assert await watcher.fetchval("select count(*) from signing.signature") == 1
    assert len(await inbox(watcher, retiree.person_id)) == told
    assert (await _change(desk, killer, retiree, old)).replaces == old.number


@pytest.mark.parametrize("again", range(3))
async def test_changing_cancelling_and_settling_at_once_never_close_under_a_settlement(
    two: list[Connection], desk: Desk, retiree: Resident, again: int
) -> None:
    old = await desk.file(two[0], retiree)
    stamp = STAMP_SQL.format(person_id="$1::bigint", serials="$2::integer[]")
    changed, cancelled, stamped = await asyncio.gather(
        _change(desk, two[0], retiree, old),
        desk.cancel(two[1], old),
        two[2].fetch(stamp, retiree.person_id, [old.filing_serial]),
        return_exceptions=True,
    )
    rows = await _stand(two[3], retiree)
    settled = await two[3].fetchval("select settlements_here from filing.filing where filing_serial = 1")
    assert settled == (1 if isinstance(stamped, list) and stamped else 0)
    if settled:
        assert rows[0]["status"] == "active"
        assert isinstance(changed, SettledHere)
        assert isinstance(cancelled, SettledHere)
    else:
        assert rows[0]["status"] == "closed"
        assert isinstance(changed, Filing) == (len(rows) == 2)
        assert isinstance(cancelled, Filing)
    assert FilingStatus.ACTIVE.value in {row["status"] for row in rows} or len(rows) == 1
