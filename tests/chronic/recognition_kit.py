"""People, a directory, drafts and an agency for tests of recognition."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from tongban import chronic, drafts, materials
from tongban.agency import Operator
from tongban.chronic import FLOW, Application, Decision, Reading
from tongban.drafts import Draft
from tongban.infra.clock import day_of
from tongban.infra.crypto import Vault
from tongban.infra.db import Connection, Db
from tongban.infra.files import Files
from tongban.kernel.identifiers import id_check_character
from tongban.law import Pack, load_pack
from tongban.materials import MaterialKind

POLICIES = Path(__file__).parents[2] / "policies"
NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)  # ten in the morning of 22 November in China
TODAY = day_of(NOW)
TAIYUAN, DATONG = "140100", "140200"
HOSPITAL, OTHER_HOSPITAL, UNCONNECTED, PHARMACY = "H14010000001", "H14010000002", "H14010000003", "P14010000001"
HYPERTENSION, DIABETES, EPILEPSY, HYPERTENSION_DRUGS = "M03900", "M01600", "M02500", "LB0001"
AGENCY = Operator("李经办", frozenset({TAIYUAN}))
COLLEAGUE = Operator("赵经办", frozenset({TAIYUAN}))
DATONG_AGENCY = Operator("孙经办", frozenset({DATONG}))
AS_APPLIED = Decision()


@dataclass(frozen=True)
class Resident:
    person_id: int
    name: str


async def furnish(owner_db: Connection) -> None:
    await owner_db.executemany(
        """insert into directory.pooling_region (pool_code, name, full_name, province_code, province_name, filing_level,
             can_file_to, pinyin, initials, sort_key)
           values ($1, $2, $2, '140000', '山西省', 'city', true, $1, $1, 1)""",
        [(TAIYUAN, "太原市"), (DATONG, "大同市")],
    )
    await owner_db.executemany(
        """insert into directory.institution (institution_code, code_is_official, name, hospital_level, kind, pool_code,
             province_code, settles_inpatient, settles_outpatient, source)
           values ($1, false, $2, '02', $3, $4, '140000', $5, $5, 'test')""",
        [
            (HOSPITAL, "太原甲医院", "hospital", TAIYUAN, True),
            (OTHER_HOSPITAL, "太原乙医院", "hospital", TAIYUAN, True),
            (UNCONNECTED, "太原丙医院", "hospital", TAIYUAN, False),
            (PHARMACY, "太原药店", "pharmacy", TAIYUAN, True),
        ],
    )
    await owner_db.executemany(
        """insert into directory.chronic_disease (code, name, code_status, source)
           values ($1, $2, 'seen', 'test')""",
        [
            ("M03900", "高血压病"),
            ("M01600", "糖尿病"),
            ("M00201", "慢性乙型肝炎"),
            ("M02500", "癫痫"),
            ("M02300", "帕金森病"),
        ],
    )


class Registry:
    """Puts people into the database, as the owner would."""

    def __init__(self, owner_db: Connection, vault: Vault) -> None:
        self.db, self.vault, self._count = owner_db, vault, 0

    async def add(
        self,
        name: str = "王秀兰",
        insurance_type: str = "resident",
        category: str = "elder",
        pool: str = TAIYUAN,
        *,
        code_state: str = "active",
    ) -> Resident:
        self._count += 1
        person_id = 210_000_000_000_000 + self._count
        first17 = f"14010519550101{self._count:03d}"
        await self.db.execute(
            """insert into people.person (person_id, name, is_male, birth_date, id_number_enc, phone_enc)
               values ($1, $2, false, '1955-01-01', $3, $4)""",
            person_id,
            name,
            self.vault.seal(first17 + id_check_character(first17), "person.id_number"),
            self.vault.seal("13800000001", "person.phone"),
        )
        await self.enroll(person_id, 1, insurance_type, category, pool)
        await self.db.execute(
            "insert into people.credential (person_id, kind, state, changed_at) values ($1, 'medical_code', $2, $3)",
            person_id,
            code_state,
            NOW,
        )
        return Resident(person_id, name)

    async def enroll(self, person_id: int, number: int, insurance_type: str, category: str, pool: str) -> None:
        await self.db.execute(
            """insert into people.enrollment (person_id, enrollment_no, insurance_type, category, pool_code,
                 valid_from, payment_state) values ($1, $2, $3, $4, $5, '2020-01-01', 'paid')""",
            person_id,
            number,
            insurance_type,
            category,
            pool,
        )

    async def bind(self, person: Resident, kin: Resident, relation: str, back: str) -> None:
        """`kin` is `relation` to `person`."""
        await self.db.executemany(
            "insert into people.kin (person_id, kin_id, relation, bound_at) values ($1, $2, $3, $4)",
            [
                (person.person_id, kin.person_id, relation, NOW),
                (kin.person_id, person.person_id, back, NOW),
            ],
        )


# What a careful person types; a test changes what it is about.
ANSWERS: dict[str, dict[str, str]] = {
    "enrollment": {},
    "disease": {"diseases": HYPERTENSION},
    "institutions": {"institutions": HOSPITAL},
    "photos": {},
    "contact": {"contact": "王秀兰", "tel": "13800000001"},
}


@dataclass
class Office:
    """Fills drafts in and hands them in, as the pages do."""

    db: Db
    vault: Vault
    pack: Pack
    files: Files
    _pictures: int = 0

    def on(self, db: Db) -> "Office":
        return replace(self, db=db)

    async def draft(
        self,
        who: Resident,
        *,
        patient: Resident | None = None,
        order: tuple[str, ...] = tuple(ANSWERS),
        start: dict[str, str] | None = None,
        **changed: dict[str, str],
    ) -> Draft:
        made = await drafts.start(
            self.db,
            self.vault,
            person_id=who.person_id,
            for_person_id=patient.person_id if patient else None,
            flow=FLOW,
            known={"start": start or {}},
            now=NOW,
        )
        for step in order:
            made = await self.save(made, step, changed.get(step, ANSWERS[step]))
        return made

    async def save(self, draft: Draft, step: str, values: dict[str, str]) -> Draft:
        return await drafts.save_step(
            self.db,
            self.vault,
            person_id=draft.person_id,
            draft_id=draft.draft_id,
            step=step,
            keys=list(values),
            values=values,
            seen_version=None,
            is_submitted=True,
            now=NOW,
        )

    async def read(self, draft: Draft) -> Reading:
        return await chronic.read(self.db, self.vault, self.pack, draft, now=NOW)

    async def sign(self, draft: Draft, name: str) -> Draft:
        """Look through it and put a typed name under it."""
        bound_to = (await self.read(draft)).answers_hash
        assert bound_to is not None
        draft = await self.save(draft, "review", {"confirmed": bound_to.hex()})
        return await self.save(draft, "sign", {"agree": "1", "typed": name, "signed_hash": bound_to.hex(), "sign": ""})

    async def hand_in(self, draft: Draft, *, now: datetime = NOW) -> Application:
        return await chronic.submit_draft(
            self.db,
            self.vault,
            self.pack,
            person_id=draft.person_id,
            draft_id=draft.draft_id,
            channel="portal",
            now=now,
        )

    async def picture(self, who: Resident, kind: MaterialKind = MaterialKind.EXAM_REPORT) -> str:
        """A photo of their own, another one each time; returns its number."""
        self._pictures += 1
        drawn = BytesIO()
        Image.new("RGB", (300, 400), (self._pictures, 80, 40)).save(drawn, "JPEG")
        made = await materials.accept(
            self.db,
            self.vault,
            self.files,
            person_id=who.person_id,
            uploaded_by=who.person_id,
            kind=kind,
            body=drawn.getvalue(),
            now=NOW,
        )
        return made.number

    async def supply(self, who: Resident, number: str, papers: list[str]) -> Application:
        return await chronic.supply_materials(
            self.db, self.pack, viewer_id=who.person_id, number=number, papers=papers, channel="portal", now=NOW
        )

    async def apply(self, who: Resident, *, signed_as: str | None = None, **changed: Any) -> Application:
        draft = await self.draft(who, **changed)
        return await self.hand_in(await self.sign(draft, signed_as or who.name))

    async def recognise(self, who: Resident, decision: Decision = AS_APPLIED, **changed: Any) -> Application:
        """Applied, taken, and recognised."""
        application = await self.apply(who, **changed)
        await chronic.accept(self.db, AGENCY, application.number, now=NOW)
        await chronic.approve(self.db, self.pack, AGENCY, application.number, decision, now=NOW)
        return await chronic.application_seen_by(self.db, who.person_id, application.number)


LAW = """values:
  - parameter: chronic_months_valid
    from: 2025-01-01
    table: {any: 24}
    sources: []
    confidence: illustrative
    checked_on: 2026-11-22
  - parameter: chronic_institutions_max
    from: 2025-01-01
    table: 1
    sources: []
    confidence: illustrative
    checked_on: 2026-11-22
  - parameter: handling_working_days
    from: 2025-03-31
    table: {chronic: 10}
    sources: []
    confidence: illustrative
    checked_on: 2026-11-22
lists:
  - list: chronic_papers
    from: 2025-01-01
    table: {online: [diagnosis_certificate, exam_report], window: [diagnosis_certificate, exam_report]}
    sources: []
    confidence: illustrative
    checked_on: 2026-11-22
tables:
  - table: act_for_another
    zh: 谁可以替谁办（太原）
    from: 2025-03-31
    overrides_wider_region: true
    rows:
      - id: TEST-01
        when: {act: recognise, relation: [spouse, parent, child]}
        outcome: allowed
        sentence: 父母、子女、配偶可以替他申请。
        sources: [{id: shanxi-guide-2025}]
        confidence: illustrative
      - id: TEST-02
        when:
          act: recognise
          relation: [sibling, grandparent, maternal_grandparent, grandchild, daughters_child, other]
        outcome: refused
        sentence: 只有父母、子女、配偶可以替他申请。
        sources: [{id: shanxi-guide-2025}]
        confidence: illustrative
"""


def law_that_says(folder: Path) -> Pack:
    """A law with papers, months, one institution, a time for the agency, and relatives who may apply, in 太原."""
    file = folder / "shanxi" / "taiyuan" / "recognition.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(LAW, encoding="utf-8")
    return load_pack(POLICIES, folder)


def day(text: str) -> date:
    return date.fromisoformat(text)
