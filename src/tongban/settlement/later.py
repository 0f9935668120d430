"""A cancellation in the middle of a year: the settlements after it counted on it, and would have come out differently.

They keep their amounts, because money has been paid and hospitals have closed their books. What each would have been
is computed by the law it was settled under and told to whoever decides about it.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from tongban import law
from tongban.infra.db import Connection, Db
from tongban.kernel.vocabulary import InsuranceType
from tongban.law import BillShares, CaseRefused, Pack, RecordUnreadable, Rederived
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
    found: list[LaterChange] = []
    for _, group in groupby(records, lambda record: (record.benefit_year, record.insurance_type)):
        year = list(group)
        found += [_change(record, outcome) for record, outcome in _rederive(pack, packs, year)]
    return found


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
    cancelled = record.settlement_serial
    assert cancelled is not None
    records = await store_year.records_in_force(db, record.person_id, record.benefit_year, record.insurance_type)
    packs = await _packs_of(db, pack, records)
    rest = [other for other in records if other.settlement_serial != cancelled]
    with_it = {other.settlement_serial: outcome for other, outcome in _rederive(pack, packs, records)}
    return [
        _change(other, without, cancelled)
        for other, without in _rederive(pack, packs, rest)
        if other.settlement_serial > cancelled and (without.is_unknown or without != with_it[other.settlement_serial])
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
    return await packs_of(db, {record.assessment.get("version", "") for record in records}, pack)


class _Outcome(NamedTuple):
    """What a settlement would be. `is_unknown`: the year could not be computed; nobody knows whether it differs."""

    would_be: BillShares | None
    undetermined: str = ""
    is_unknown: bool = False


def _rederive(pack: Pack, packs: Mapping[str, Pack], year: Sequence[YearRecord]) -> list[tuple[YearRecord, _Outcome]]:
    """A year anew. One that cannot be computed, because a record or its law is gone, must stop nobody from cancelling:
    then each settlement in it says so instead of an amount."""
    missing = [version for record in year if (version := record.assessment.get("version")) not in packs]
    if missing:
        return _unknown(year, f"第 {missing[0]} 版规则不在存档里，这一年没有重推")
    try:
        rederived = law.rederive_year(pack, [record.assessment for record in year], packs)
    except (RecordUnreadable, CaseRefused):
        return _unknown(year, "这一年有一笔结算的记录读不出，没有重推")
    return [(record, _outcome(found)) for record, found in zip(year, rederived, strict=True)]


def _unknown(year: Sequence[YearRecord], reason: str) -> list[tuple[YearRecord, _Outcome]]:
    return [(record, _Outcome(None, reason, is_unknown=True)) for record in year]


def _outcome(rederived: Rederived) -> _Outcome:
    missing = rederived.anew.undetermined
    return _Outcome(rederived.would_be, "" if missing is None else missing.reason)


def _change(record: YearRecord, outcome: _Outcome, cancelled_serial: int | None = None) -> LaterChange:
    return LaterChange(
        person_id=record.person_id,
        settlement_serial=record.settlement_serial,
        institution_code=record.institution_code,
        care_kind=record.care_kind,
        benefit_year=record.benefit_year,
        insurance_type=record.insurance_type,
        settled_on=record.settled_on,
        settled=record.settled,
        would_be=outcome.would_be,
        undetermined=outcome.undetermined,
        cancelled_serial=cancelled_serial,
    )
