"""What relatives add to a settlement: how often the database is asked, and that every row is found by a key."""

from family_kit import Family
from plans_kit import Watched, whole_scans
from settlement_kit import Hospital

from tongban import mutual_aid, settlement
from tongban.infra.db import Connection
from tongban.kernel.vocabulary import Relation
from tongban.law import Pack

BILL_FEN = 2_000_000


async def test_telling_relatives_is_all_that_is_asked_besides(
    family: Family, hospital: Hospital, several: Pack, db: Connection
) -> None:
    """Nobody gives: two statements. Whoever pays is told: a transaction, and for each a name, a message and the
    job that carries it out of the house."""
    givers, receiver = [await family.employee() for _ in range(2)], await family.resident()
    bills = [await hospital.stay(receiver, fen) for fen in (30_000, 30_000, BILL_FEN)]
    await settlement.keep_version(db, several, now=hospital.now)
    watched = Watched(db)
    await hospital.settle(bills[0])
    assert len(await watched.take()) == 2
    for bill, law, payers in ((bills[1], family.pack, 1), (bills[2], several, 2)):
        hospital.pack = law
        for giver in givers[:payers]:
            if not await mutual_aid.grants_by(db, giver.person_id, now=hospital.now):
                await family.bound_and_given(giver, receiver, 60_000, Relation.SIBLING)
        await hospital.preview(bill)
        await watched.take()
        settled = await hospital.settle(bill)
        asked = [query for query, _ in await watched.take()]
        assert len(settled.mutual_aid) == payers
        assert len(asked) == 2 + 2 + 3 * payers, asked


async def test_every_row_is_found_by_a_key(family: Family, hospital: Hospital, db: Connection) -> None:
    giver, receiver = await family.employee(), await family.resident()
    watched = Watched(db)
    grant = await family.bound_and_given(giver, receiver, 30_000)
    opening = await watched.take()
    settled = await hospital.settle(await hospital.stay(receiver, BILL_FEN))
    settling = await watched.take()
    await hospital.cancel(settled)
    cancelling = await watched.take()
    await mutual_aid.grants_by(db, giver.person_id, now=hospital.now)
    await mutual_aid.grants_for(db, receiver.person_id, now=hospital.now)
    await mutual_aid.history_of(db, receiver.person_id, grant.number)
    await family.rank(receiver, grant)
    await family.limit(grant, 20_000)
    await mutual_aid.end_lapsed(db, family.pack, now=hospital.now)
    await family.revoke(grant)
    looking = await watched.take()

    # With this off a table is read whole only where no index leads to its rows, however few they are.
    await db.execute("set enable_seqscan = off")
    for statements in (opening, settling, cancelling, looking):
        assert statements
        assert await whole_scans(db, statements) == set()


async def test_looking_for_what_has_lapsed_asks_once_however_many_are_in_force(family: Family, db: Connection) -> None:
    """Whatever is in force is looked through in one statement; what ends is asked about again, and only that."""
    watched, asked = Watched(db), []
    for more in (1, 4):
        grants = [
            await family.bound_and_given(await family.employee(), await family.resident(), 30_000) for _ in range(more)
        ]
        await watched.take()
        assert await mutual_aid.end_lapsed(db, family.pack, now=family.now) == []
        asked.append(len(await watched.take()))
        await family.town.owner_db.execute(
            "update people.enrollment set payment_state = 'stopped' where person_id = $1", grants[0].receiver_id
        )
        (ended,) = await mutual_aid.end_lapsed(db, family.pack, now=family.now)
        assert ended.number == grants[0].number
        asked.append(len(await watched.take()))
    assert asked[0] == asked[2] == 1
    assert asked[1] == asked[3] > 1
