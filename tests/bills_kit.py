"""Bills of the demo's residents, settled as a hospital would."""

import hashlib
import itertools
from datetime import date, datetime

from tongban import settlement
from tongban.directory import Regions
from tongban.infra.db import Db
from tongban.kernel.identifiers import ENCOUNTER, OutsideNumber
from tongban.kernel.vocabulary import CareKind, InsuranceType
from tongban.law import Pack
from tongban.settlement import Delivery, LineUpload, OpenEncounter, Settled, SettleRequest

WANG, LI, LIU = 318204759610243, 604917382055126, 815360247719084  # 居民 太原, 职工 太原, 职工 大同
BEIJING_HOSPITAL = "H11010122385"

_serials = itertools.count(1)


async def pay(
    db: Db,
    pack: Pack,
    regions: Regions,
    *,
    person_id: int,
    insurance_type: InsuranceType,
    institution_code: str,
    now: datetime,
    total_fen: int = 3_860_000,
    care_kind: CareKind = CareKind.INPATIENT,
    admitted_on: date,
    settled_on: date,
    delivery: Delivery | None = None,
) -> Settled:
    """One bill of one class-A and one class-B item, settled as a hospital would; with a `delivery`, of a birth."""
    serial = next(_serials)
    message = f"{institution_code}{now:%Y%m%d%H%M%S}{serial:06d}"
    encounter = await settlement.open_encounter(
        db,
        pack,
        regions,
        OpenEncounter(
            person_id=person_id,
            institution_code=institution_code,
            care_kind=care_kind,
            hospital_serial=f"ZY{serial}-{now:%H%M%S}",
            insurance_type=insurance_type,
            admitted_on=admitted_on,
            is_birth=delivery is not None,
            delivery=delivery,
            message_id=message,
            transaction_code="2401",
            request_hash=hashlib.sha256(message.encode()).digest(),
        ),
        now=now,
    )
    number = OutsideNumber(ENCOUNTER, person_id, encounter.encounter_serial)
    batch = "" if care_kind is CareKind.INPATIENT else f"P{serial}"
    part = total_fen // 4
    lines = [
        LineUpload(
            line_serial=f"L{serial}-{item}",
            item_code=item,
            happened_on=admitted_on,
            quantity_e4=10_000,
            unit_price_e6=amount * 10_000,
            total_fen=amount,
            batch=batch,
        )
        for item, amount in zip(await _items(db), (total_fen - part, part), strict=True)
    ]
    await settlement.upload_lines(db, number, institution_code, lines, now=now)
    return await settlement.settle(
        db,
        pack,
        regions,
        SettleRequest(
            person_id=person_id,
            encounter_serial=encounter.encounter_serial,
            institution_code=institution_code,
            insurance_type=insurance_type,
            total_fen=total_fen,
            use_account=True,
            settled_on=settled_on,
            discharged_on=settled_on if care_kind is CareKind.INPATIENT else None,
            batch=batch,
            message_id=message + "S",
            transaction_code="2304" if care_kind is CareKind.INPATIENT else "2207",
            request_hash=hashlib.sha256(message.encode() + b"S").digest(),
        ),
        now=now,
    )


async def _items(db: Db) -> tuple[str, str]:
    """A class-A and a class-B item without a price cap that the whole nation lists."""
    rows = await db.fetch(
        """select distinct on (catalog_class) item_code from directory.catalog_item
           where catalog_region = '000000' and catalog_class in ('a', 'b') and price_cap_microyuan is null
             and not is_restricted
           order by catalog_class, item_code"""
    )
    return rows[0]["item_code"], rows[1]["item_code"]
