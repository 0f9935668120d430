"""What a pool's other readings change at the desk: cancelling, periods, back-dating, kinds, places."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from filing_kit import (
    BEIJING,
    BINGTUAN,
    DATONG,
    PLACES,
    POLICIES,
    SHIJIAZHUANG,
    TODAY,
    Desk,
    Registry,
    Resident,
    choosing,
)

from tongban.directory import FilingLevel, Regions
from tongban.filing import (
    CAN_STAMP_SQL,
    STAMP_SQL,
    UNSTAMP_SQL,
    FilingStatus,
    KindRefused,
    MedicalCodeNotActive,
    PlaceRefused,
    SettledHere,
    get_filing,
    is_long_term,
)
from tongban.infra.crypto import Vault
from tongban.infra.db import Connection
from tongban.kernel.errors import Invalid
from tongban.kernel.vocabulary import FilingKind
from tongban.law import load_pack

STAMP = STAMP_SQL.format(person_id="$1::bigint", serials="$2::integer[]")
UNSTAMP = UNSTAMP_SQL.format(person_id="$1::bigint", serials="$2::integer[]")
LOOK = CAN_STAMP_SQL.format(person_id="$1::bigint", serials="$2::integer[]")


@pytest.fixture
def one_stay(vault: Vault, regions: Regions, tmp_path: Path) -> Desk:
    """太原, where a temporary filing is for one stay and a long-term one for a year."""
    return Desk(vault, choosing(tmp_path, "I-4: one_year_one_stay"), regions)


async def test_a_settled_filing_is_cancelled_only_where_the_pool_lets_it(
    db: Connection, desk: Desk, retiree: Resident, vault: Vault, regions: Regions, tmp_path: Path
) -> None:
    filing = await desk.file(db, retiree)
    await db.fetch(STAMP, retiree.person_id, [filing.filing_serial])
    with pytest.raises(SettledHere, match="已经结算过"):
        await desk.cancel(db, filing)
    free = Desk(vault, choosing(tmp_path, "I-12: free"), regions)
    assert (await free.cancel(db, filing)).status is FilingStatus.CLOSED
    # The settlement that rests on it may still be taken back.
    assert len(await db.fetch(UNSTAMP, retiree.person_id, [filing.filing_serial])) == 1


async def test_a_filing_for_one_stay_is_used_up_by_one_settlement(
    db: Connection, one_stay: Desk, retiree: Resident, vault: Vault
) -> None:
    filing = await one_stay.file(db, retiree, kind=FilingKind.UNREFERRED)
    key = (retiree.person_id, [filing.filing_serial])
    assert (filing.valid_to, filing.stays_max) == (None, 1)
    assert filing.status_zh(TODAY) == "已备案"
    assert len(await db.fetch(LOOK, *key)) == len(await db.fetch(STAMP, *key)) == 1
    used = (await get_filing(db, vault, viewer_id=retiree.person_id, number=filing.number)).filing
    assert used.status_zh(TODAY) == "已备案（已用完）"
    assert not used.is_in_force(TODAY)
    assert await db.fetch(LOOK, *key) == await db.fetch(STAMP, *key) == []
    # The next stay has a filing of its own; taking back the settlement gives the first its stay again.
    await one_stay.file(db, retiree, kind=FilingKind.UNREFERRED)
    await db.fetch(UNSTAMP, *key)
    again = (await get_filing(db, vault, viewer_id=retiree.person_id, number=filing.number)).filing
    assert again.is_in_force(TODAY)
    assert len(await db.fetch(LOOK, *key)) == 1


async def test_a_filing_for_a_period_counts_no_stays(db: Connection, desk: Desk, retiree: Resident) -> None:
    filing = await desk.file(db, retiree, kind=FilingKind.UNREFERRED)
    for _ in range(3):
        assert len(await db.fetch(STAMP, retiree.person_id, [filing.filing_serial])) == 1
    assert filing.stays_max is None


async def test_a_year_for_whoever_lives_there(db: Connection, one_stay: Desk, retiree: Resident) -> None:
    with pytest.raises(Invalid, match="最长 12 个月"):
        await one_stay.file(db, retiree)
    filing = await one_stay.file(db, retiree, ends_on=TODAY + timedelta(days=364))
    assert (filing.valid_to, filing.stays_max) == (TODAY + timedelta(days=364), None)


async def test_somebody_in_hospital_files_only_where_the_pool_lets_them(
    db: Connection, desk: Desk, retiree: Resident, vault: Vault, regions: Regions, tmp_path: Path
) -> None:
    yesterday, before = TODAY - timedelta(days=1), TODAY - timedelta(days=2)
    never = Desk(vault, choosing(tmp_path, "I-13: never_backdate"), regions)
    with pytest.raises(Invalid) as refused:
        await never.file(db, retiree, starts_on=before, admitted_on=yesterday)
    assert [problem.field for problem in refused.value.problems] == ["admitted"]
    assert "赶在住院以前" in refused.value.problems[0].sentence
    with pytest.raises(Invalid, match="最早从今天开始"):
        await never.file(db, retiree, starts_on=before)
    assert await never.file(db, retiree, to=BEIJING, admitted_on=TODAY + timedelta(days=3))
    assert await desk.file(db, retiree, starts_on=before, admitted_on=yesterday)


async def test_only_taiyuan_files_the_self_employed(
    db: Connection, desk: Desk, registry: Registry, vault: Vault, regions: Regions, tmp_path: Path
) -> None:
    kind = FilingKind.SELF_EMPLOYED_WORKER
    assert is_long_term(kind)
    worker = await registry.add("张强", category="active")
    filing = await desk.file(db, worker, kind=kind)
    assert (filing.kind, filing.valid_to) == (kind, None)
    elsewhere = await registry.add("刘洋", category="active", pool_code=DATONG)
    with pytest.raises(KindRefused, match="请选别的一类"):
        await desk.file(db, elsewhere, desk.answers(elsewhere, kind, residence_address="新华道 126 号"))
    as_in_the_guide = Desk(vault, choosing(tmp_path, "I-9: guide"), regions)
    with pytest.raises(KindRefused):
        await as_in_the_guide.file(db, worker, as_in_the_guide.answers(worker, kind, to=BEIJING))


async def test_who_is_long_term_depends_on_what_one_is(
    db: Connection, desk: Desk, registry: Registry, retiree: Resident, vault: Vault, regions: Regions, tmp_path: Path
) -> None:
    worker = await registry.add("张强", category="active")
    with pytest.raises(KindRefused, match="在职"):
        await desk.file(db, worker, kind=FilingKind.SETTLED_RETIREE)
    with pytest.raises(KindRefused, match="退休"):
        await desk.file(db, retiree, kind=FilingKind.POSTED_WORKER)
    assert await desk.file(db, retiree, kind=FilingKind.SETTLED_RETIREE)
    assert await desk.file(db, worker, kind=FilingKind.POSTED_WORKER)
    after_retirement = Desk(vault, choosing(tmp_path, "I-9: after_retirement"), regions)
    with pytest.raises(KindRefused):
        await after_retirement.file(db, worker, to=BEIJING)
    assert await after_retirement.file(db, retiree, to=BEIJING)


async def test_a_place_on_another_level_than_the_law_files_to(
    db: Connection, desk: Desk, retiree: Resident, vault: Vault, regions: Regions, tmp_path: Path
) -> None:
    assert await desk.file(db, retiree, to=BINGTUAN)
    six = Desk(vault, choosing(tmp_path, "I-11: six"), regions)
    with pytest.raises(PlaceRefused, match="具体的城市"):
        await six.file(db, retiree, replace(six.answers(retiree, to=BINGTUAN), starts_on=TODAY + timedelta(days=1)))
    whole = tuple(replace(place, filing_level=FilingLevel.PROVINCE) for place in PLACES)
    too_wide = Desk(vault, desk.pack, Regions(whole, {}))
    with pytest.raises(PlaceRefused, match="具体的城市"):
        await too_wide.file(db, retiree, to=SHIJIAZHUANG)
    split = tuple(replace(place, filing_level=FilingLevel.CITY) for place in PLACES)
    with pytest.raises(PlaceRefused, match="整个省"):
        await Desk(vault, desk.pack, Regions(split, {})).file(db, retiree, to=BEIJING)


@pytest.mark.parametrize("is_needed", [True, False])
async def test_the_medical_code_is_asked_for_because_the_guide_says_so(
    db: Connection, registry: Registry, vault: Vault, regions: Regions, tmp_path: Path, is_needed: bool
) -> None:
    someone = await registry.add(code_state="inactive")
    (tmp_path / "shanxi" / "taiyuan").mkdir(parents=True)
    (tmp_path / "shanxi" / "taiyuan" / "code.yaml").write_text(
        f"""values:
  - parameter: online_needs_medical_code
    from: 2025-03-31
    table: {str(is_needed).lower()}
    confidence: illustrative
"""
    )
    desk = Desk(vault, load_pack(POLICIES, tmp_path), regions)
    if is_needed:
        with pytest.raises(MedicalCodeNotActive):
            await desk.file(db, someone)
    else:
        assert await desk.file(db, someone)
