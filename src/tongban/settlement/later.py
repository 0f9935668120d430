"""A cancellation in the middle of a year: the settlements after it counted on it, and would have come out differently.

They keep their amounts, because money has been paid and hospitals have closed their books. What each would have been
is computed by the law it was settled under and told to whoever decides about it.
"""

from collections.abc import AsyncIterator, Sequence

from tongban import law
from tongban.infra.db import Connection, Db
from tongban.kernel.vocabulary import InsuranceType
from tongban.law import Pack, Rederived
from tongban.settlement import store_year
from tongban.settlement.archive import packs_of
from tongban.settlement.model import LaterChange, SettlementRecord
from tongban.settlement.store_year import YearRecord

_BATCH = 500


async def rederived_settlements(
    db: Db,
    pack: Pack,
    person_id: int,
    *,
    benefit_year: int | None = None,
    insurance_type: InsuranceType | None = None,
) -> list[LaterChange]:
    """Every settlement in force, year by year in the order they were settled, with what it would be now.

    Most do not differ: the totals they were settled on are still those of the settlements before them.
    """
    records = await store_year.records_in_force(db, person_id, benefit_year, insurance_type)
    packs = await _packs_of(db, pack, records)
    years = dict.fromkeys((record.benefit_year, record.insurance_type) for record in records)
    return [
        _change(record, rederived)
        for year in years
        for record, rederived in _rederive(
            pack, packs, [record for record in records if (record.benefit_year, record.insurance_type) == year]
        )
    ]


async def later_changes(
    db: Db, pack: Pack, person_id: int, benefit_year: int, insurance_type: InsuranceType
) -> list[LaterChange]:
    """Those settlements in force that would differ, had the cancelled ones before them never been."""
    found = await rederived_settlements(db, pack, person_id, benefit_year=benefit_year, insurance_type=insurance_type)
    return [change for change in found if change.differs]


async def changes_without(db: Db, pack: Pack, record: SettlementRecord) -> list[LaterChange]:
    """What taking `record` (still in force) out of its year changes in the settlements after it.

    The year is carried with it and without it: only what differs between the two is this cancellation's doing.
    """
    records = await store_year.records_in_force(db, record.person_id, record.benefit_year, record.insurance_type)
    packs = await _packs_of(db, pack, records)
    rest = [other for other in records if other.settlement_serial != record.settlement_serial]
    with_it = {other.settlement_serial: found for other, found in _rederive(pack, packs, records)}
    return [
        _change(other, without, cancelled_serial=record.settlement_serial)
        for other, without in _rederive(pack, packs, rest)
        if _outcome(with_it[other.settlement_serial]) != _outcome(without)
    ]


async def changes_by(db: Db, person_id: int, cancelled_serial: int) -> list[LaterChange]:
    """What was written down with a cancellation."""
    return await store_year.changes_by(db, person_id, cancelled_serial)


async def change_of(db: Db, person_id: int, settlement_serial: int) -> LaterChange | None:
    """What is written down of a settlement in force: the newest, if it differs from what was settled."""
    change = await store_year.newest_change(db, person_id, settlement_serial)
    return change if change is not None and change.differs else None


async def recorded_changes(db: Connection) -> AsyncIterator[LaterChange]:
    """What is written down of every settlement in force that would differ, person by person: the agency's list."""
    async for change in store_year.newest_changes(db, _BATCH):
        if change.differs:
            yield change


async def _packs_of(db: Db, pack: Pack, records: Sequence[YearRecord]) -> dict[str, Pack]:
    return await packs_of(db, {record.assessment["version"] for record in records}, pack)


def _rederive(pack: Pack, packs: dict[str, Pack], records: Sequence[YearRecord]) -> list[tuple[YearRecord, Rederived]]:
    rederived = law.rederive_year(pack, [record.assessment for record in records], packs)
    return list(zip(records, rederived, strict=True))


def _outcome(rederived: Rederived) -> tuple[object, ...]:
    return (rederived.would_be, rederived.anew.undetermined)


def _change(record: YearRecord, rederived: Rederived, cancelled_serial: int | None = None) -> LaterChange:
    missing = rederived.anew.undetermined
    return LaterChange(
        person_id=record.person_id,
        settlement_serial=record.settlement_serial,
        institution_code=record.institution_code,
        care_kind=record.care_kind,
        benefit_year=record.benefit_year,
        insurance_type=record.insurance_type,
        settled_on=record.settled_on,
        settled=rederived.settled,
        would_be=rederived.would_be,
        undetermined="" if missing is None else missing.reason,
        cancelled_serial=cancelled_serial,
    )
