"""Two at once, on two real connections: one filing, one winner, and never a filing closed under a settlement."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from uuid import uuid4

import pytest
from filing_kit import BEIJING, NAME_IN_STROKES, NOW, SHIJIAZHUANG, TANGSHAN, Desk, Resident

from tongban.drafts import load, save_step, start
from tongban.filing import (
    FLOW,
    STAMP_SQL,
    UNSTAMP_SQL,
    Filing,
    FilingOverlaps,
    FilingStatus,
    SettledHere,
    Step,
    read,
    submit_draft,
)
from tongban.infra.crypto import Vault
from tongban.infra.db import Connection, Db, connected

Connect = Callable[[], Awaitable[Connection]]


@pytest.fixture
async def connect(database_url: str) -> AsyncIterator[Connect]:
    """Opens as many connections as asked for and closes them at the end."""
    async with AsyncExitStack() as stack:

        async def one_more() -> Connection:
            return await stack.enter_async_context(connected(database_url))

        yield one_more


async def _lock_waits(db: Db) -> bool:
    return bool(await db.fetchval("select exists (select from pg_locks where not granted)"))


async def _until_waiting(db: Db) -> None:
    """Until somebody waits for a lock: only then is the race one."""
    for _ in range(500):
        if await _lock_waits(db):
            return
        await asyncio.sleep(0.01)
    raise AssertionError("nobody had to wait")


async def test_two_submits_with_one_token_make_one_filing(connect: Connect, desk: Desk, retiree: Resident) -> None:
    token = uuid4()
    connections = [await connect() for _ in range(6)]
    filings = await asyncio.gather(*(desk.file(db, retiree, token=token) for db in connections))
    assert len({filing.number for filing in filings}) == 1
    assert await connections[0].fetchval("select count(*) from filing.filing") == 1
    assert await connections[0].fetchval("select count(*) from signing.signature") == 1


async def test_of_two_overlapping_submits_one_is_refused(connect: Connect, desk: Desk, retiree: Resident) -> None:
    connections = [await connect() for _ in range(4)]
    results = await asyncio.gather(*(desk.file(db, retiree) for db in connections), return_exceptions=True)
    assert sum(isinstance(result, Filing) for result in results) == 1
    refused = [result for result in results if isinstance(result, FilingOverlaps)]
    assert len(refused) == 3
    assert all(refusal.existing.number in refusal.sentence for refusal in refused)


async def test_the_refusal_is_seen_even_while_the_winner_is_not_yet_committed(
    connect: Connect, desk: Desk, retiree: Resident
) -> None:
    winner, loser, watcher = await connect(), await connect(), await connect()
    transaction = winner.transaction()
    await transaction.start()
    first = await desk.file(winner, retiree)
    waiting = asyncio.create_task(desk.file(loser, retiree))
    await _until_waiting(watcher)
    await transaction.commit()
    with pytest.raises(FilingOverlaps) as refused:
        await waiting
    assert refused.value.existing == first


async def test_a_winner_that_is_taken_back_leaves_the_place_free(
    connect: Connect, desk: Desk, retiree: Resident
) -> None:
    winner, second, watcher = await connect(), await connect(), await connect()
    transaction = winner.transaction()
    await transaction.start()
    await desk.file(winner, retiree)
    waiting = asyncio.create_task(desk.file(second, retiree))
    await _until_waiting(watcher)
    await transaction.rollback()
    assert (await waiting).filing_serial == 1


async def test_serials_stay_apart_when_many_places_are_filed_at_once(
    connect: Connect, desk: Desk, retiree: Resident
) -> None:
    places = (SHIJIAZHUANG, TANGSHAN, BEIJING)
    connections = [await connect() for _ in places]
    pairs = zip(connections, places, strict=True)
    filings = await asyncio.gather(*(desk.file(db, retiree, to=place) for db, place in pairs))
    assert sorted(filing.filing_serial for filing in filings) == [1, 2, 3]


async def test_a_double_tap_on_the_last_page_makes_one_filing(
    connect: Connect, desk: Desk, retiree: Resident, vault: Vault
) -> None:
    db = await connect()
    draft = await start(db, vault, person_id=retiree.person_id, flow=FLOW, now=NOW)
    common = {"person_id": retiree.person_id, "draft_id": draft.draft_id, "now": NOW}
    answers = desk.answers(retiree)
    for step, values in {
        Step.WHO: {"for": "self", "enrollment": "1"},
        Step.PLACE: {"area": SHIJIAZHUANG},
        Step.KIND: {"kind": "long_term_resident"},
        Step.NOTICE: {"notice_read": answers.notice_version},
        Step.CONTACT: {
            "start_choice": "today",
            "residence": answers.residence_address,
            "contact": retiree.name,
            "tel": "13800000001",
            "addr": answers.contact_address,
        },
    }.items():
        draft = await save_step(
            db,
            vault,
            step=step,
            keys=step.keys,
            values=values,
            seen_version=None,
            is_submitted=True,
            **common,  # type: ignore[arg-type]
        )
    seen = (await read(db, vault, desk.pack, desk.regions, draft, now=NOW)).answers_hash
    assert seen is not None
    last = {
        Step.REVIEW: {"confirmed": seen.hex()},
        Step.SIGN: {"agree": "1", "sign": NAME_IN_STROKES, "signed_hash": seen.hex()},
    }
    for step, values in last.items():
        await save_step(
            db,
            vault,
            step=step,
            keys=step.keys,
            values=values,
            seen_version=None,
            is_submitted=True,
            **common,  # type: ignore[arg-type]
        )

    async def tap(connection: Connection) -> Filing:
        return await submit_draft(
            connection,
            vault,
            desk.pack,
            desk.regions,
            person_id=retiree.person_id,
            draft_id=draft.draft_id,
            channel="portal",
            now=NOW,
        )

    filings = await asyncio.gather(*[tap(await connect()) for _ in range(5)])
    assert len({filing.number for filing in filings}) == 1
    assert await db.fetchval("select count(*) from filing.filing") == 1
    finished = await load(db, vault, person_id=retiree.person_id, draft_id=draft.draft_id, now=NOW)
    assert finished.outcome == filings[0].number


# --- cancel against a settlement's stamp ---

STAMP = STAMP_SQL.format(person_id="$1::bigint", serials="$2::integer[]")
UNSTAMP = UNSTAMP_SQL.format(person_id="$1::bigint", serials="$2::integer[]")
# As settlement uses it: nothing is written unless every serial could be stamped.
SETTLE = f"with stamped as ({STAMP}) select count(*) = cardinality($2::integer[]) from stamped"


async def test_a_stamp_that_comes_first_stops_the_cancelling(connect: Connect, desk: Desk, retiree: Resident) -> None:
    settling, cancelling, watcher = await connect(), await connect(), await connect()
    filing = await desk.file(watcher, retiree)
    transaction = settling.transaction()
    await transaction.start()
    assert await settling.fetchval(SETTLE, filing.person_id, [filing.filing_serial])
    waiting = asyncio.create_task(desk.cancel(cancelling, filing))
    await _until_waiting(watcher)
    await transaction.commit()
    with pytest.raises(SettledHere):
        await waiting


async def test_a_cancelling_that_comes_first_leaves_nothing_to_stamp(
    connect: Connect, desk: Desk, retiree: Resident
) -> None:
    settling, cancelling, watcher = await connect(), await connect(), await connect()
    filing = await desk.file(watcher, retiree)
    transaction = cancelling.transaction()
    await transaction.start()
    await desk.cancel(cancelling, filing)
    waiting = asyncio.create_task(settling.fetchval(SETTLE, filing.person_id, [filing.filing_serial]))
    await _until_waiting(watcher)
    await transaction.commit()
    assert await waiting is False
    row = await watcher.fetchrow("select status, settlements_here from filing.filing")
    assert (row["status"], row["settlements_here"]) == (FilingStatus.CLOSED, 0)


async def test_many_cancels_and_stamps_never_end_in_a_settled_closed_filing(
    connect: Connect, desk: Desk, retiree: Resident
) -> None:
    watcher = await connect()
    filings = [await desk.file(watcher, retiree, to=place) for place in (SHIJIAZHUANG, TANGSHAN, BEIJING)]
    connections = [await connect() for _ in range(6)]
    work: list[Awaitable[object]] = []
    for number, filing in enumerate(filings):
        work.append(desk.cancel(connections[2 * number], filing))
        work.append(connections[2 * number + 1].fetchval(SETTLE, filing.person_id, [filing.filing_serial]))
    await asyncio.gather(*work, return_exceptions=True)
    for row in await watcher.fetch("select status, settlements_here from filing.filing"):
        assert (row["status"] == "closed") == (row["settlements_here"] == 0)


async def test_a_mark_taken_back_frees_the_filing(connect: Connect, desk: Desk, retiree: Resident) -> None:
    db = await connect()
    filing = await desk.file(db, retiree)
    await db.fetch(STAMP, filing.person_id, [filing.filing_serial])
    with pytest.raises(SettledHere):
        await desk.cancel(db, filing)
    assert len(await db.fetch(UNSTAMP, filing.person_id, [filing.filing_serial])) == 1
    assert (await desk.cancel(db, filing)).status is FilingStatus.CLOSED


async def test_a_stamp_reaches_only_the_persons_own_filings(connect: Connect, desk: Desk, retiree: Resident) -> None:
    db = await connect()
    filing = await desk.file(db, retiree)
    assert await db.fetch(STAMP, filing.person_id + 1, [filing.filing_serial]) == []
    assert await db.fetch(STAMP, filing.person_id, [filing.filing_serial + 1]) == []
