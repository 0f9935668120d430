"""Recognised diseases for tests of settlement, and a law that has figures for them."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from types import MappingProxyType

import yaml
from settlement_kit import NOW, TAIYUAN, TODAY, Hospital, Insured, line, number_of

from tongban import settlement
from tongban.infra.db import Connection
from tongban.kernel.vocabulary import CareKind
from tongban.law import Pack, load_pack
from tongban.settlement import Encounter, SettleRequest, VisitDescription

POLICIES = Path(__file__).resolve().parents[2] / "policies"
HYPERTENSION, DIABETES, EPILEPSY, HYPERTENSION_DRUGS = "M03900", "M01600", "M02500", "LB0001"
_WORDS = {
    HYPERTENSION: "hypertension",
    DIABETES: "diabetes",
    EPILEPSY: "local",
    HYPERTENSION_DRUGS: "hypertension_medication",
    "M00201": "viral_hepatitis",
}

# Figures of the tests' own: 70 %, 100 yuan a year first, at most 1000 (hypertension) or 2000 yuan (diabetes).
FIGURES = """values:
  - parameter: chronic_deductible
    from: 2025-01-01
    table: {resident: {hypertension: 100_00, diabetes: 100_00, viral_hepatitis: 0, local: 0}}
    sources: []
    confidence: illustrative
    checked_on: 2026-11-22
  - parameter: chronic_ceiling
    from: 2025-01-01
    table: {resident: {hypertension: 1000_00, diabetes: 2000_00, viral_hepatitis: 3000_00, local: 500_00}}
    sources: []
    confidence: illustrative
    checked_on: 2026-11-22
  - parameter: chronic_adjustment
    from: 2025-01-01
    table: {resident: {cross_province: {own_choice: -1000, referral: 0, emergency: 0}}}
    sources: []
    confidence: illustrative
    checked_on: 2026-11-22
"""
BOUND = """  - parameter: chronic_is_bound_to_institutions
    from: 2025-01-01
    table: {same_pool: true, in_province: true, cross_province: false}
    sources: []
    confidence: illustrative
    checked_on: 2026-11-22
"""


def law_with_figures(folder: Path, *, more: str = "", choices: Mapping[str, str] = MappingProxyType({})) -> Pack:
    """The law with figures for the chronic diseases of residents of Taiyuan, and with other readings chosen there."""
    taiyuan = folder / "shanxi" / "taiyuan"
    taiyuan.mkdir(parents=True)
    (taiyuan / "chronic.yaml").write_text(FIGURES + more)
    if choices:
        scope = yaml.safe_load((POLICIES / "shanxi/taiyuan/scope.yaml").read_text())
        scope["choices"] = {**scope.get("choices", {}), **choices}
        (taiyuan / "scope.yaml").write_text(yaml.safe_dump(scope, allow_unicode=True))
    return load_pack(POLICIES, folder)


async def recognise(
    owner_db: Connection,
    person: Insured,
    code: str = HYPERTENSION,
    *,
    serial: int = 1,
    valid_from: date = date(2026, 1, 1),
    valid_to: date | None = None,
    institutions: tuple[str, ...] = (),
    pool: str = TAIYUAN,
) -> None:
    """A certification as the agency would have left it, with the application it came from."""
    await owner_db.execute(
        """insert into chronic.application (person_id, application_serial, purpose, insured_pool, insurance_type,
             category, state, channel, applied_by, contact_name, contact_phone_enc, answers, policy_version,
             submit_token, applied_at, accepted_by, accepted_at, decided_by, decided_at)
           values ($1, $2, 'recognise', $3, $4, 'adult', 'recognised', 'portal', $1, '测试', '\\x00', '{}', '',
             gen_random_uuid(), $5, '经办', $5, '经办', $5)""",
        person.person_id,
        serial,
        pool,
        person.insurance_type,
        NOW,
    )
    await owner_db.execute(
        """insert into chronic.certification (person_id, certification_serial, application_serial, insured_pool,
             insurance_type, disease, disease_code, valid_from, valid_to, valid_to_basis, decided_by, decided_at)
           values ($1, $2, $2, $3, $4, $5, $6, $7, $8, 'operator', '经办', $9)""",
        person.person_id,
        serial,
        pool,
        person.insurance_type,
        _WORDS[code],
        code,
        valid_from,
        valid_to,
        NOW,
    )
    await owner_db.executemany(
        """insert into chronic.designation (person_id, certification_serial, institution_code, valid_from)
           values ($1, $2, $3, $4)""",
        [(person.person_id, serial, code, valid_from) for code in institutions],
    )


async def chronic_visit(
    hospital: Hospital, person: Insured, code: str = HYPERTENSION, *, visited_on: date = TODAY
) -> Encounter:
    """Registered, and described as care for the disease the hospital says."""
    encounter = await hospital.visit(person, admitted_on=visited_on)
    description = VisitDescription(care_type="14", care_kind=CareKind.CHRONIC, details={"disease_code": code})
    return await settlement.describe_visit(
        hospital.db, number_of(encounter), hospital.code, description, now=hospital.now
    )


async def chronic_bill(
    hospital: Hospital, person: Insured, total_fen: int, code: str = HYPERTENSION, *, visited_on: date = TODAY
) -> SettleRequest:
    encounter = await chronic_visit(hospital, person, code, visited_on=visited_on)
    await hospital.upload(encounter, line(total_fen, batch="B1"))
    return hospital.bill(encounter, total_fen, batch="B1")


async def year_of_diseases(db: Connection, person: Insured) -> dict[str, tuple[int, int]]:
    """Disease → what its year holds: paid by the fund, deductible paid; diseases at zero are left out."""
    rows = await db.fetch(
        "select disease, pooled_fen, deductible_fen from settlement.chronic_year where person_id = $1", person.person_id
    )
    return {row[0]: (row[1], row[2]) for row in rows if row[1] or row[2]}
