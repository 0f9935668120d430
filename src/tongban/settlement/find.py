"""Looking settlements up: for the hospital that made them, and for the person they belong to."""

from datetime import datetime

from tongban.infra.db import Db
from tongban.kernel.identifiers import SETTLEMENT, parse_outside_number
from tongban.kernel.vocabulary import InsuranceType
from tongban.law import DiseaseTotals, YearTotals
from tongban.settlement import store_records
from tongban.settlement.errors import SettlementNotFound
from tongban.settlement.model import SettlementChange, SettlementRecord, SettlementWay

PAGE_LIMIT_MAX = 200


async def find(
    db: Db,
    person_id: int,
    *,
    settlement_serial: int | None = None,
    encounter_serial: int | None = None,
    batch: str | None = None,
    institution_code: str | None = None,
) -> SettlementRecord:
    """By its serial, or by its visit: then the one in force, else the last that was.

    `institution_code` limits an institution to what it settled itself. Raises SettlementNotFound.
    """
    record: SettlementRecord | None = None
    if settlement_serial is not None:
        record = await store_records.settlement(db, person_id, settlement_serial)
        if encounter_serial is not None and record is not None and record.encounter_serial != encounter_serial:
            record = None
    elif encounter_serial is not None:
        record = await store_records.settlement_of_encounter(db, person_id, encounter_serial, batch)
    is_own = institution_code is None or (
        record is not None and record.institution_code == institution_code and record.way is SettlementWay.DIRECT
    )
    if record is None or not is_own:
        raise _not_found()
    return record


async def settlements_of(
    db: Db, person_id: int, *, before: datetime | None = None, limit: int = 50, in_force_only: bool = False
) -> list[SettlementRecord]:
    """Newest first; `before` is the `settled_at` of the last one on the page before."""
    return await store_records.settlements_of(
        db, person_id, before=before, limit=min(limit, PAGE_LIMIT_MAX), in_force_only=in_force_only
    )


async def get_settlement(db: Db, viewer_id: int, number: str) -> SettlementRecord:
    """For the insured person alone. Raises SettlementNotFound for somebody else's number as for none."""
    parsed = parse_outside_number(number, SETTLEMENT)
    if parsed.person_id != viewer_id:
        raise _not_found()
    return await find(db, viewer_id, settlement_serial=parsed.serial)


async def year_totals(db: Db, person_id: int, benefit_year: int) -> dict[InsuranceType, YearTotals]:
    """The year's running totals by insurance; an insurance without any settlement is absent."""
    return await store_records.year_totals(db, person_id, benefit_year)


async def year_of_diseases(
    db: Db, person_id: int, benefit_year: int, insurance_type: InsuranceType
) -> dict[str, DiseaseTotals]:
    """What the year holds of each chronic disease, by the law's word; one without any settlement is absent."""
    return await store_records.year_of_diseases(db, person_id, benefit_year, insurance_type)


async def changes_between(
    db: Db, since: datetime, until: datetime, *, after: tuple[int, int] = (0, 0), limit: int
) -> list[SettlementChange]:
    """What hospitals settled or cancelled from `since` on and before `until`, over all persons, by person and serial;
    `after` is the last one's of the page before. A settlement cancelled at once comes as cancelled alone."""
    return await store_records.changes_between(db, since, until, after, limit)


def _not_found() -> SettlementNotFound:
    return SettlementNotFound("没有找到这笔结算，请核对结算号")
