"""A small country for tests of settlement: places, institutions, a catalogue, people, and a hospital with messages."""

import hashlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tongban import account, settlement
from tongban.directory import FilingLevel, Region, Regions
from tongban.infra.db import Connection, Db
from tongban.kernel.identifiers import ENCOUNTER, OutsideNumber
from tongban.kernel.vocabulary import CareKind, InsuranceType
from tongban.law import Pack
from tongban.settlement import (
    Cancelled,
    CancelRequest,
    ChargeLine,
    Encounter,
    LineUpload,
    OpenEncounter,
    Reversed,
    ReverseRequest,
    Settled,
    SettleRequest,
    YearTotals,
)

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)  # ten in the morning of 22 November in China
TODAY = date(2026, 11, 22)
ADMITTED = date(2026, 11, 10)

TAIYUAN, DATONG, CHANGZHI, BEIJING = "140100", "140200", "140400", "110000"
TAIYUAN_HOSPITAL, DATONG_HOSPITAL, BEIJING_HOSPITAL = "H14010000001", "H14020000001", "H11000000001"
TAIYUAN_CLINIC, UNCONNECTED_HOSPITAL, TAIYUAN_PHARMACY = "H14010000002", "H14010000003", "P14010000001"
CHANGZHI_HOSPITAL = "H14040000001"

CLASS_A, CLASS_B, CLASS_C, RESTRICTED, CAPPED = "XA01", "XB01", "XC01", "XR01", "XP01"


def _region(code: str, name: str, province: str, level: str = "city") -> Region:
    return Region(code, name, name, province, "", FilingLevel(level), True, f"p{code}", f"i{code}")


PLACES = (
    _region(TAIYUAN, "太原市", "140000"),
    _region(DATONG, "大同市", "140000"),
    _region(CHANGZHI, "长治市", "140000"),
    _region(BEIJING, "北京市", "110000", "province"),
)

# code, level, kind, pool, province, connected
_INSTITUTIONS = (
    (TAIYUAN_HOSPITAL, "02", "hospital", TAIYUAN, "140000", True),
    (TAIYUAN_CLINIC, "10", "hospital", TAIYUAN, "140000", True),
    (UNCONNECTED_HOSPITAL, "02", "hospital", TAIYUAN, "140000", False),
    (TAIYUAN_PHARMACY, "", "pharmacy", TAIYUAN, "140000", True),
    (DATONG_HOSPITAL, "02", "hospital", DATONG, "140000", True),
    (CHANGZHI_HOSPITAL, "02", "hospital", CHANGZHI, "140000", True),
    (BEIJING_HOSPITAL, "02", "hospital", BEIJING, "110000", True),
)

# code, class, first self-pay, cap in millionths of a yuan, restricted
_ITEMS = (
    (CLASS_A, "a", 0, None, False),
    (CLASS_B, "b", 1000, None, False),
    (CLASS_C, "c", 10000, None, False),
    (RESTRICTED, "b", 500, None, True),
    (CAPPED, "a", 0, 10_000_000, False),
)


async def furnish(owner_db: Connection) -> None:
    """The reference tables of the small country."""
    await owner_db.executemany(
        """insert into directory.pooling_region (pool_code, name, full_name, province_code, province_name, filing_level,
             can_file_to, pinyin, initials, sort_key) values ($1, $2, $2, $3, '', $4, true, $1, $1, $5)""",
        [(r.pool_code, r.name, r.province_code, r.filing_level.value, no) for no, r in enumerate(PLACES)],
    )
    await owner_db.executemany(
        """insert into directory.institution (institution_code, code_is_official, name, hospital_level, kind, pool_code,
             province_code, settles_inpatient, settles_outpatient, source)
           values ($1, false, '机构' || $1, $2, $3, $4, $5, $6, $6, 'test')""",
        _INSTITUTIONS,
    )
    await owner_db.executemany(
        """insert into directory.catalog_item (catalog_region, item_code, kind, name, catalog_class, preselfpay_bp,
             price_cap_microyuan, is_restricted, confidence, source)
           values ('000000', $1, 'drug', '药' || $1, $2, $3, $4, $5, 'illustrative', 'test')""",
        _ITEMS,
    )


WITHOUT_LAW = """
  select count(*) from settlement.settlement s
  where not exists (select from settlement.policy_version v where v.version = s.policy_version)
"""

_person_numbers = itertools.count(1)
_serials = itertools.count(1)


@dataclass(frozen=True)
class Insured:
    person_id: int
    insurance_type: InsuranceType


@dataclass
class Town:
    """Puts people and filings into the database, as the owner would."""

    owner_db: Connection

    async def person(
        self,
        insurance_type: str = "employee",
        category: str = "active",
        pool: str = TAIYUAN,
        *,
        balance_fen: int | None = 50_000,
        payment_state: str = "paid",
        valid_from: date = date(2020, 1, 1),
        valid_to: date | None = None,
    ) -> Insured:
        person_id = 300_000_000_000_000 + next(_person_numbers)
        await self.owner_db.execute(
            """insert into people.person (person_id, name, is_male, birth_date, id_number_enc)
               values ($1, '测试', true, '1960-01-01', '\\x00')""",
            person_id,
        )
        await self.owner_db.execute(
            """insert into people.enrollment (person_id, enrollment_no, insurance_type, category, pool_code, valid_from,
                 valid_to, payment_state) values ($1, 1, $2, $3, $4, $5, $6, $7)""",
            person_id,
            insurance_type,
            category,
            pool,
            valid_from,
            valid_to,
            payment_state,
        )
        if insurance_type == "employee" and balance_fen is not None:
            await account.open_account(self.owner_db, person_id, balance_fen, NOW)
        return Insured(person_id, InsuranceType(insurance_type))

    async def filing(
        self,
        person: Insured,
        kind: str,
        treatment_pool: str,
        *,
        insured_pool: str = TAIYUAN,
        valid_from: date = date(2026, 1, 1),
        valid_to: date | None = None,
        scopes: str = "{[1,4)}",
        serial: int = 1,
        status: str = "active",
    ) -> int:
        closed_at = NOW if status == "closed" else None
        await self.owner_db.execute(
            """insert into filing.filing (person_id, filing_serial, kind, scopes, treatment_pool, insured_pool,
                 insurance_type, category, valid_from, valid_to, status, channel, way, filed_by, contact_name,
                 contact_phone_enc, contact_address_enc, answers, policy_version, decision, submit_token, filed_at,
                 closed_at)
               values ($1, $2, $3, $4::text::int4multirange, $5, $6, $7, 'active', $8, $9, $10, 'portal', 'self', $1,
                 '测试', '\\x00', '\\x00', '{}', '', '{}', gen_random_uuid(), $11, $12)""",
            person.person_id,
            serial,
            kind,
            scopes,
            treatment_pool,
            insured_pool,
            person.insurance_type,
            valid_from,
            valid_to,
            status,
            NOW,
            closed_at,
        )
        return serial

    async def settlements_here(self, person: Insured, serial: int = 1) -> int:
        count: int = await self.owner_db.fetchval(
            "select settlements_here from filing.filing where person_id = $1 and filing_serial = $2",
            person.person_id,
            serial,
        )
        return count


def line(total_fen: int, item: str = CLASS_A, *, quantity: int = 1, **changes: Any) -> LineUpload:
    """One charge of `quantity` units that costs `total_fen` in all (which must divide)."""
    assert total_fen % quantity == 0
    made = LineUpload(
        line_serial=f"L{next(_serials)}",
        item_code=item,
        happened_on=ADMITTED,
        quantity_e4=quantity * 10_000,
        unit_price_e6=total_fen // quantity * 10_000,
        total_fen=total_fen,
    )
    return replace(made, **changes)


def returned(original: LineUpload, quantity: int, **changes: Any) -> LineUpload:
    """A return of `quantity` units of a charge."""
    made = LineUpload(
        line_serial=f"L{next(_serials)}",
        item_code=original.item_code,
        happened_on=ADMITTED,
        quantity_e4=-quantity * 10_000,
        unit_price_e6=original.unit_price_e6,
        total_fen=-quantity * original.unit_price_e6 // 10_000,
        batch=original.batch,
        returns_line=original.line_serial,
    )
    return replace(made, **changes)


def _hash(*parts: object) -> bytes:
    return hashlib.sha256(repr(parts).encode()).digest()


@dataclass
class Hospital:
    """A hospital's information system: it numbers its messages and remembers what it asked for."""

    db: Db
    pack: Pack
    regions: Regions
    code: str = TAIYUAN_HOSPITAL
    now: datetime = NOW

    def on(self, db: Db) -> "Hospital":
        """The same hospital over another connection."""
        return replace(self, db=db)

    def at(self, code: str) -> "Hospital":
        return replace(self, code=code)

    def message_id(self) -> str:
        return f"{self.code}20261122100000{next(_serials):06d}"

    def admission(self, person: Insured, **changes: Any) -> OpenEncounter:
        made = OpenEncounter(
            person_id=person.person_id,
            institution_code=self.code,
            care_kind=CareKind.INPATIENT,
            hospital_serial=f"ZY{next(_serials)}",
            insurance_type=person.insurance_type,
            admitted_on=ADMITTED,
            message_id=self.message_id(),
            transaction_code="2401",
            request_hash=b"",
        )
        made = replace(made, **changes)
        return replace(made, request_hash=changes.get("request_hash", _hash(made)))

    async def open(self, request: OpenEncounter) -> Encounter:
        return await settlement.open_encounter(self.db, self.pack, self.regions, request, now=self.now)

    async def admit(self, person: Insured, **changes: Any) -> Encounter:
        return await self.open(self.admission(person, **changes))

    async def visit(self, person: Insured, care_kind: CareKind = CareKind.OUTPATIENT, **changes: Any) -> Encounter:
        return await self.admit(
            person, **{"care_kind": care_kind, "transaction_code": "2201", "admitted_on": TODAY, **changes}
        )

    async def upload(self, encounter: Encounter, *lines: LineUpload) -> list[ChargeLine]:
        return await settlement.upload_lines(self.db, number_of(encounter), self.code, lines, now=self.now)

    def bill(self, encounter: Encounter, total_fen: int, **changes: Any) -> SettleRequest:
        made = SettleRequest(
            person_id=encounter.person_id,
            encounter_serial=encounter.encounter_serial,
            institution_code=self.code,
            insurance_type=encounter.insurance_type,
            total_fen=total_fen,
            use_account=True,
            settled_on=TODAY,
            message_id=self.message_id(),
            transaction_code="2304" if encounter.care_kind is CareKind.INPATIENT else "2207",
        )
        made = replace(made, **changes)
        return replace(made, request_hash=changes.get("request_hash", _hash(made)))

    async def preview(self, request: SettleRequest) -> Settled:
        return await settlement.preview(self.db, self.pack, self.regions, request, now=self.now)

    async def settle(self, request: SettleRequest) -> Settled:
        return await settlement.settle(self.db, self.pack, self.regions, request, now=self.now)

    async def stay(self, person: Insured, total_fen: int, *, item: str = CLASS_A, **admission: Any) -> SettleRequest:
        """Admitted and charged, ready to be settled."""
        encounter = await self.admit(person, **admission)
        await self.upload(encounter, line(total_fen, item))
        return self.bill(encounter, total_fen)

    def cancellation(self, settled: Settled, **changes: Any) -> CancelRequest:
        assert settled.settlement_serial is not None
        made = CancelRequest(
            person_id=settled.person_id,
            settlement_serial=settled.settlement_serial,
            encounter_serial=settled.encounter_serial,
            institution_code=self.code,
            message_id=self.message_id(),
            transaction_code="2305",
            request_hash=b"",
        )
        made = replace(made, **changes)
        return replace(made, request_hash=_hash(made))

    async def cancel(self, settled: Settled, **changes: Any) -> Cancelled:
        return await settlement.cancel(self.db, self.pack, self.cancellation(settled, **changes), now=self.now)

    async def reverse(self, original: SettleRequest | OpenEncounter) -> Reversed:
        return await settlement.reverse(
            self.db,
            self.pack,
            ReverseRequest(
                person_id=original.person_id,
                institution_code=self.code,
                transaction_code=original.transaction_code,
                message_id=original.message_id,
            ),
            now=self.now + timedelta(minutes=5),
        )


def number_of(encounter: Encounter) -> OutsideNumber:
    return OutsideNumber(ENCOUNTER, encounter.person_id, encounter.encounter_serial)


async def year_of(db: Db, person: Insured) -> YearTotals:
    totals = await settlement.year_totals(db, person.person_id, TODAY.year)
    return totals.get(person.insurance_type, YearTotals())


async def balance_of(db: Db, person: Insured) -> int | None:
    found = await account.balance(db, person.person_id)
    return None if found is None else found.balance_fen


async def book_of(db: Db, person: Insured) -> dict[str, int]:
    """What every ledger account holds after all of this person's entries; accounts at zero are left out."""
    book: dict[str, int] = {}
    for entry in await account.ledger_of(db, person.person_id):
        for name, amount in entry.postings:
            book[name] = book.get(name, 0) + amount
    return {name: amount for name, amount in book.items() if amount}


async def check_books(db: Db, person: Insured, *, opening_fen: int | None) -> None:
    """What must hold whatever happened: the year is the sum of live settlements, the ledger explains the balance, and
    the law of everything settled is in the archive."""
    assert await db.fetchval(WITHOUT_LAW) == 0
    live = [s for s in await settlement.settlements_of(db, person.person_id, limit=200) if s.state == "settled"]
    deltas = await db.fetch(
        "select year_delta from settlement.settlement where person_id = $1 and state = 'settled'", person.person_id
    )
    assert await year_of(db, person) == _sum_of([YearTotals(**row["year_delta"]) for row in deltas])
    for record in live:
        assert record.total_fen == record.fund_payment_fen + record.person_share_fen
    entries = await account.ledger_of(db, person.person_id)
    assert all(sum(posting.amount_fen for posting in entry.postings) == 0 for entry in entries)
    book = await book_of(db, person)
    assert sum(book.values()) == 0
    if opening_fen is not None:
        expected = opening_fen - sum(record.account_fen for record in live)
        assert await balance_of(db, person) == expected == book.get(f"personal:{person.person_id}", 0)
    owed = sum(amount for name, amount in book.items() if name.startswith("institution:"))
    assert owed == sum(record.fund_payment_fen + record.account_fen + record.mutual_aid_fen for record in live)


async def check_changes(hospital: Hospital, person: Insured) -> None:
    """What is written down of each settlement in force is what its year, looked at now, says of it."""
    for found in await settlement.rederived_settlements(hospital.db, hospital.pack, person.person_id):
        written = await settlement.change_of(hospital.db, person.person_id, found.settlement_serial)
        if not found.differs:
            assert written is None
        else:
            assert written is not None
            assert replace(written, cancelled_serial=None) == found


def _sum_of(deltas: Sequence[YearTotals]) -> YearTotals:
    return YearTotals(*(sum(parts) for parts in zip(YearTotals(), *deltas, strict=True)))
