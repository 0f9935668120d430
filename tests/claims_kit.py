"""A claim filled in right, step by step, unless a test says otherwise; and the agency's counter."""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from PIL import Image
from settlement_kit import DATONG_HOSPITAL, NOW, TAIYUAN

from tongban import drafts, materials, reimbursement
from tongban.agency import Operator
from tongban.directory import Regions
from tongban.infra.crypto import Vault
from tongban.infra.db import Connection, Db
from tongban.infra.files import DiskFiles
from tongban.kernel.identifiers import id_check_character
from tongban.law import Pack
from tongban.materials import MaterialKind
from tongban.reimbursement import FLOW, KEYS, Claim, Finding, Reading, Step
from tongban.settlement import Split

REVIEWER, CASHIER = Operator("reviewer", frozenset({TAIYUAN})), Operator("cashier", frozenset({TAIYUAN}))


def luhn_card(first: str = "622202123456789012") -> str:
    """`first` with its check digit."""
    for digit in "0123456789":
        total = 0
        for place, character in enumerate(reversed(first + digit)):
            value = int(character) * (1 + place % 2)
            total += value - 9 if value > 9 else value
        if total % 10 == 0:
            return first + digit
    raise AssertionError("one of ten digits fits")


GOOD_CARD = luhn_card()


def photo(colour: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (320, 240), (colour % 256, colour // 256 % 256, 90)).save(out, "JPEG")
    return out.getvalue()


class Registry:
    """Puts people into the database, as the owner would."""

    def __init__(self, owner_db: Connection, vault: Vault) -> None:
        self._db, self._vault, self._count = owner_db, vault, 0

    async def add(
        self,
        name: str,
        insurance_type: str = "resident",
        category: str = "adult",
        pool_code: str = TAIYUAN,
        *,
        born: int = 1960,
        valid_from: date = date(2020, 1, 1),
        code_state: str = "active",
    ) -> int:
        self._count += 1
        person_id = 500_000_000_000_000 + self._count
        first17 = f"140105{born}0101{self._count:03d}"
        number = first17 + id_check_character(first17)
        await self._db.execute(
            """insert into people.person (person_id, name, is_male, birth_date, id_number_enc, phone_enc)
               values ($1, $2, false, $3, $4, $5)""",
            person_id,
            name,
            date(born, 1, 1),
            self._vault.seal(number, "person.id_number"),
            self._vault.seal("13800000001", "person.phone"),
        )
        await self._db.execute(
            """insert into people.enrollment (person_id, enrollment_no, insurance_type, category, pool_code, valid_from,
                 payment_state) values ($1, 1, $2, $3, $4, $5, 'paid')""",
            person_id,
            insurance_type,
            category,
            pool_code,
            valid_from,
        )
        await self._db.execute(
            "insert into people.credential (person_id, kind, state, changed_at) values ($1, 'medical_code', $2, $3)",
            person_id,
            code_state,
            NOW,
        )
        return person_id


@dataclass
class Desk:
    """Somebody with a phone, and the agency."""

    db: Db
    vault: Vault
    pack: Pack
    regions: Regions
    files: DiskFiles
    now: Any = NOW
    _pictures: int = field(default=0)

    def on(self, db: Db) -> "Desk":
        return Desk(db, self.vault, self.pack, self.regions, self.files, self.now)

    def values(self, **changes: Any) -> dict[Step, dict[str, str]]:
        """What would be typed for a good claim of 10,000 yuan; `changes` by field."""
        typed: dict[Step, dict[str, str]] = {
            Step.WHO: {"whom": "self", "phone": "13800000001"},
            Step.HOSPITAL: {"hospital": DATONG_HOSPITAL},
            Step.STAY: {
                "care": "inpatient",
                "admitted": "2026-11-10",
                "discharged": "2026年11月18日",
                "total": "10,000",
                "injury": "no",
            },
            Step.PHOTOS: {},
            Step.INVOICES: {"number_1": "14 0000 5678", "date_1": "2026-11-18", "amount_1": "10000.00"},
            Step.BANK: {"bank": "建设银行太原分行", "card": GOOD_CARD},
        }
        for name, value in changes.items():
            step = next((step for step, keys in KEYS.items() if name in keys), None)
            assert step is not None, name
            typed[step][name] = value
        return typed

    async def picture(self, kind: MaterialKind, *, whose: int, by: int, colour: int | None = None) -> str:
        self._pictures += 1
        made = await materials.accept(
            self.db,
            self.vault,
            self.files,
            person_id=whose,
            uploaded_by=by,
            kind=kind,
            body=photo(by % 1000 * 97 + self._pictures if colour is None else colour),
            now=self.now,
        )
        return made.number

    async def begin(
        self, person_id: int, patient_id: int | None = None, *, without: tuple[str, ...] = (), **changes: Any
    ) -> UUID:
        """A draft with every page filled in but the last two, and all the pictures there."""
        patient = patient_id or person_id
        draft = await drafts.start(
            self.db, self.vault, person_id=person_id, flow=FLOW, for_person_id=patient, now=self.now
        )
        if patient != person_id:
            changes = {"whom": "other", "relation": "parent", "holder": "patient", **changes}
        for step, values in self.values(**changes).items():
            await self.save(person_id, draft.draft_id, step, values)
        kinds = {
            "invoice": MaterialKind.INVOICE,
            "fee_list": MaterialKind.FEE_LIST,
            "discharge_record": MaterialKind.DISCHARGE_RECORD,
        }
        for slot, kind in kinds.items():
            if slot not in without:
                await self.put_picture(person_id, draft.draft_id, slot, kind, whose=patient)
        return draft.draft_id

    async def put_picture(
        self, person_id: int, draft_id: UUID, slot: str, kind: MaterialKind, *, whose: int, colour: int | None = None
    ) -> None:
        number = await self.picture(kind, whose=whose, by=person_id, colour=colour)
        await drafts.save_paper(
            self.db,
            self.vault,
            person_id=person_id,
            draft_id=draft_id,
            slot=slot,
            material_number=number,
            now=self.now,
        )

    async def save(self, person_id: int, draft_id: UUID, step: Step, values: Mapping[str, str]) -> None:
        keys = KEYS.get(step, ("confirmed", "agree", "sign", "typed", "signed_hash"))
        await drafts.save_step(
            self.db,
            self.vault,
            person_id=person_id,
            draft_id=draft_id,
            step=step,
            keys=keys,
            values=values,
            seen_version=None,
            is_submitted=True,
            now=self.now,
        )

    async def read(self, person_id: int, draft_id: UUID) -> Reading:
        draft = await drafts.load(self.db, self.vault, person_id=person_id, draft_id=draft_id, now=self.now)
        return await reimbursement.read(self.db, self.vault, self.pack, self.regions, draft, now=self.now)

    async def sign(self, person_id: int, draft_id: UUID) -> None:
        """Looked through, and the name typed under it."""
        reading = await self.read(person_id, draft_id)
        assert reading.answers_hash is not None, reading.problems
        shown = reading.answers_hash.hex()
        await self.save(person_id, draft_id, Step.REVIEW, {"confirmed": shown})
        name = reading.facts.applicant.name
        await self.save(person_id, draft_id, Step.SIGN, {"agree": "1", "typed": name, "signed_hash": shown})

    async def submit(self, person_id: int, draft_id: UUID) -> Claim:
        return await reimbursement.submit_claim(
            self.db,
            self.vault,
            self.pack,
            self.regions,
            person_id=person_id,
            draft_id=draft_id,
            channel="portal",
            now=self.now,
        )

    async def claim(self, person_id: int, patient_id: int | None = None, **changes: Any) -> Claim:
        """Handed in."""
        draft_id = await self.begin(person_id, patient_id, **changes)
        await self.sign(person_id, draft_id)
        return await self.submit(person_id, draft_id)

    async def compute(self, claim: Claim, finding: Finding | None = None, operator: Operator = REVIEWER) -> Claim:
        finding = finding or Finding(charges=Split(0, 0, 0, claim.total_fen))
        return await reimbursement.compute(
            self.db, self.pack, self.regions, operator=operator, number=claim.number, finding=finding, now=self.now
        )
