"""People, places and answers for tests of filings."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from tongban.directory import FilingLevel, Region, Regions
from tongban.filing import (
    Filing,
    FilingAnswers,
    cancel_filing,
    load_texts,
    locality_of,
    open_filing,
    proof_zh,
)
from tongban.infra.clock import day_of
from tongban.infra.crypto import Vault
from tongban.infra.db import Connection, Db
from tongban.kernel.dates import last_day_of
from tongban.kernel.identifiers import id_check_character
from tongban.kernel.vocabulary import FilingKind, InsuranceType, PersonnelCategory
from tongban.law import FilingTermsUnknown, Pack, filing_terms, load_pack
from tongban.signing import Signature, answers_hash

POLICIES = Path(__file__).parents[2] / "policies"
NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)  # ten in the morning of 22 November in China
TODAY = day_of(NOW)

TAIYUAN, DATONG, SHANXI_OWN = "140100", "140200", "149900"
BEIJING, SHIJIAZHUANG, TANGSHAN, URUMQI, BINGTUAN = "110000", "130100", "130200", "650100", "660000"


def _region(code: str, name: str, province: str, province_name: str, level: str = "city", *, to: bool = True) -> Region:
    full = name if level == "province" else province_name + name
    return Region(code, name, full, province, province_name, FilingLevel(level), to, f"p{code}", f"i{code}")


PLACES = (
    _region(BEIJING, "北京市", "110000", "北京市", "province"),
    _region(SHIJIAZHUANG, "石家庄市", "130000", "河北省"),
    _region(TANGSHAN, "唐山市", "130000", "河北省"),
    _region(TAIYUAN, "太原市", "140000", "山西省"),
    _region(DATONG, "大同市", "140000", "山西省"),
    _region(SHANXI_OWN, "山西省本级", "140000", "山西省", to=False),
    _region(URUMQI, "乌鲁木齐市", "650000", "新疆维吾尔自治区"),
    _region(BINGTUAN, "新疆生产建设兵团", "660000", "新疆生产建设兵团", "province"),
)


@dataclass(frozen=True)
class Resident:
    """Somebody in the test database."""

    person_id: int
    name: str
    insurance_type: InsuranceType
    category: PersonnelCategory
    pool_code: str


class Registry:
    """Puts people into the database, as the owner would."""

    def __init__(self, owner_db: Connection, vault: Vault) -> None:
        self._db, self._vault, self._count = owner_db, vault, 0

    async def add(
        self,
        name: str = "王秀兰",
        insurance_type: str = "employee",
        category: str = "retired",
        pool_code: str = TAIYUAN,
        *,
        code_state: str | None = "active",
        valid_from: date = date(2020, 1, 1),
        valid_to: date | None = None,
        phone: str = "13800000001",
    ) -> Resident:
        self._count += 1
        person_id = 200_000_000_000_000 + self._count
        first17 = f"14010519550101{self._count:03d}"
        id_number = first17 + id_check_character(first17)
        await self._db.execute(
            """insert into people.person (person_id, name, is_male, birth_date, id_number_enc, phone_enc)
               values ($1, $2, false, '1955-01-01', $3, $4)""",
            person_id,
            name,
            self._vault.seal(id_number, "person.id_number"),
            self._vault.seal(phone, "person.phone"),
        )
        resident = Resident(person_id, name, InsuranceType(insurance_type), PersonnelCategory(category), pool_code)
        await self.enroll(resident, valid_from=valid_from, valid_to=valid_to)
        if code_state is not None:
            await self._db.execute(
                """insert into people.credential (person_id, kind, state, changed_at)
                   values ($1, 'medical_code', $2, $3)""",
                person_id,
                code_state,
                NOW,
            )
        return resident

    async def enroll(
        self, resident: Resident, number: int = 1, *, valid_from: date = date(2020, 1, 1), valid_to: date | None = None
    ) -> None:
        await self._db.execute(
            """insert into people.enrollment (person_id, enrollment_no, insurance_type, category, pool_code,
                                              valid_from, valid_to, payment_state)
               values ($1, $2, $3, $4, $5, $6, $7, 'paid')""",
            resident.person_id,
            number,
            resident.insurance_type.value,
            resident.category.value,
            resident.pool_code,
            valid_from,
            valid_to,
        )


class Desk:
    """Makes answers that are right unless told otherwise, signs them and files them."""

    def __init__(self, vault: Vault, pack: Pack, regions: Regions) -> None:
        self.vault, self.pack, self.regions, self.texts = vault, pack, regions, load_texts()

    def answers(
        self, who: Resident, kind: FilingKind = FilingKind.LONG_TERM_RESIDENT, to: str = SHIJIAZHUANG, **changed: Any
    ) -> FilingAnswers:
        region = self.regions.require(to)
        where = locality_of(self.regions, who.pool_code, region)
        answers = FilingAnswers(
            insurance_type=who.insurance_type,
            category=who.category,
            insured_pool=who.pool_code,
            treatment_pool=to,
            kind=kind,
            starts_on=TODAY,
            ends_on=None,
            admitted_on=None,
            contact_name=who.name,
            contact_phone="13800000001",
            contact_address="太原市小店区体育路 8 号",
            residence_address="长安区中山东路 126 号" if kind is not FilingKind.UNREFERRED else "",
            notice_version=self.texts.notice(kind, where).version,
            commitment_version=self.commitment(who, kind, to).version,
        )
        if kind is FilingKind.UNREFERRED:
            terms = filing_terms(self.pack, who.pool_code, kind, where, TODAY)
            answers = replace(answers, ends_on=end_of(terms.months_valid))
        return replace(answers, **changed)

    def commitment(self, who: Resident, kind: FilingKind, to: str) -> Any:
        region = self.regions.require(to)
        where = locality_of(self.regions, who.pool_code, region)
        try:
            materials = filing_terms(self.pack, who.pool_code, kind, where, TODAY).materials
        except FilingTermsUnknown:  # refused later, by what is under test
            materials = ()
        return self.texts.commitment(kind, place=region.full_name, proof=proof_zh(materials))

    def sign(self, who: Resident, answers: FilingAnswers, *, name: str | None = None) -> Signature:
        return Signature(self.bound_to(who, answers), typed_name=name or who.name)

    def draw(self, who: Resident, answers: FilingAnswers, strokes: str) -> Signature:
        return Signature(self.bound_to(who, answers), strokes=strokes)

    def bound_to(self, who: Resident, answers: FilingAnswers) -> bytes:
        commitment = self.commitment(who, answers.kind, answers.treatment_pool)
        return answers_hash(commitment, answers.signed_for(who.person_id, who.person_id))

    async def file(
        self,
        db: Db,
        who: Resident,
        answers: FilingAnswers | None = None,
        *,
        signature: Signature | None = None,
        token: UUID | None = None,
        now: datetime = NOW,
        **changed: Any,
    ) -> Filing:
        answers = answers or self.answers(who, **changed)
        return await open_filing(
            db,
            self.vault,
            self.pack,
            self.regions,
            person_id=who.person_id,
            filed_by=who.person_id,
            answers=answers,
            signature=signature or self.sign(who, answers),
            submit_token=token or uuid4(),
            channel="portal",
            now=now,
        )

    async def cancel(
        self, db: Db, filing: Filing, actor_id: int | None = None, reason: str = "", now: datetime = NOW
    ) -> Filing:
        return await cancel_filing(
            db,
            self.pack,
            person_id=filing.person_id,
            filing_serial=filing.filing_serial,
            actor_id=actor_id or filing.person_id,
            reason=reason,
            channel="portal",
            now=now,
        )


def choosing(folder: Path, choices: str) -> Pack:
    """The product's law, but 太原 has chosen other readings: ``"I-12: free"``."""
    scope = folder / "shanxi" / "taiyuan" / "scope.yaml"
    scope.parent.mkdir(parents=True, exist_ok=True)
    ours = (POLICIES / "shanxi" / "taiyuan" / "scope.yaml").read_text(encoding="utf-8").splitlines()
    kept = [line for line in ours if not line.startswith("choices")]
    scope.write_text("\n".join([*kept, f"choices: {{{choices}}}", ""]), encoding="utf-8")
    return load_pack(POLICIES, folder)


def end_of(months: int | None, start: date = TODAY) -> date | None:
    return None if months is None else last_day_of(start, months)


NAME_IN_STROKES = (
    '{"w": 358, "h": 210, "s": [[[0.1, 0.2, 0], [0.5, 0.8, 90], [0.9, 0.2, 180]], [[0.2, 0.9, 300], [0.8, 0.9, 400]]]}'
)
