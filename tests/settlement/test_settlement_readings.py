"""What a pool's own readings change at the hospital's counter."""

import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from settlement_kit import BEIJING, BEIJING_HOSPITAL, DATONG_HOSPITAL, NOW, PLACES, Hospital, Town

from tongban import settlement
from tongban.directory import FilingLevel, Region, Regions
from tongban.infra.db import Connection
from tongban.law import load_pack

POLICIES = Path(__file__).resolve().parents[2] / "policies"
XINZHOU = "140900"
WITH_XINZHOU = Regions(
    (*PLACES, Region(XINZHOU, "忻州市", "忻州市", "140000", "", FilingLevel.CITY, True, "p140900", "i140900")),
    {"140105": "140100"},
)


@pytest.mark.parametrize(("choice", "to_taiyuan_bp"), [("exempt", 8000), ("as_elsewhere", 6500)])
async def test_xinzhou_employees_go_to_taiyuan_as_if_referred(
    db: Connection, town: Town, tmp_path: Path, choice: str, to_taiyuan_bp: int
) -> None:
    # 忻州自己的比例没有查到，借大同的来算：转诊 80%，没有转诊 65%。
    folder = tmp_path / "shanxi" / "xinzhou"
    folder.mkdir(parents=True)
    shutil.copy(POLICIES / "shanxi" / "datong" / "employees_inpatient.yaml", folder)
    scope = (POLICIES / "shanxi" / "xinzhou" / "scope.yaml").read_text(encoding="utf-8")
    (folder / "scope.yaml").write_text(f"{scope}choices: {{I-25: {choice}}}\n", encoding="utf-8")
    pack = load_pack(POLICIES, tmp_path)
    await settlement.keep_version(db, pack, now=NOW)
    taiyuan = Hospital(db, pack, WITH_XINZHOU)
    person = await town.person(pool=XINZHOU)

    there = await taiyuan.settle(await taiyuan.stay(person, 2_000_000))
    elsewhere = taiyuan.at(DATONG_HOSPITAL)
    further = await elsewhere.settle(await elsewhere.stay(person, 2_000_000))

    assert (there.rate_bp, there.filing_serial) == (to_taiyuan_bp, None)
    assert further.rate_bp == 6500


async def test_a_filing_for_one_stay_serves_one_settlement(hospital: Hospital, town: Town) -> None:
    person = await town.person("resident", "adult")
    await town.filing(person, "referral", BEIJING, valid_from=date(2026, 9, 1))
    await town.owner_db.execute("update filing.filing set stays_max = 1")
    beijing = hospital.at(BEIJING_HOSPITAL)

    first = await beijing.settle(await beijing.stay(person, 1_000_000))
    second = await beijing.settle(await beijing.stay(person, 1_000_000))

    assert (first.filing_serial, first.assessment["case"]["path"]) == (1, "referral")
    assert (second.filing_serial, second.assessment["case"]["path"]) == (None, "own_choice")
    assert await town.settlements_here(person) == 1

    # Taken back, the first stay gives the filing its one stay again.
    await beijing.cancel(first)
    third = await beijing.settle(await beijing.stay(person, 1_000_000))
    assert third.filing_serial == 1


async def test_two_stays_cannot_share_a_filing_for_one(hospital: Hospital, town: Town, db: Connection) -> None:
    person = await town.person("resident", "adult")
    await town.filing(person, "referral", BEIJING, valid_from=date(2026, 9, 1))
    await town.owner_db.execute("update filing.filing set stays_max = 1")
    beijing = replace(hospital.at(BEIJING_HOSPITAL), db=db)
    bills = [await beijing.stay(person, 1_000_000) for _ in range(2)]
    previews = [await beijing.preview(bill) for bill in bills]
    settled = [await beijing.settle(bill) for bill in bills]
    assert [each.filing_serial for each in previews] == [1, 1]
    assert [each.filing_serial for each in settled] == [1, None]
