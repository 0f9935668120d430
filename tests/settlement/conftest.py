"""The small country, furnished, and a hospital in it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from settlement_kit import NOW, PLACES, Hospital, Town, furnish

from tongban import settlement
from tongban.directory import Regions
from tongban.infra.db import Connection, Pool, create_pool
from tongban.law import Pack, load_pack

POLICIES = Path(__file__).resolve().parents[2] / "policies"


@pytest.fixture(scope="session")
def regions() -> Regions:
    return Regions(PLACES, {"140105": "140100", "110105": "110000"})


@pytest.fixture
async def town(owner_db: Connection) -> Town:
    await furnish(owner_db)
    return Town(owner_db)


@pytest.fixture
async def hospital(db: Connection, pack: Pack, regions: Regions, town: Town) -> Hospital:
    # As the product does when it starts.
    await settlement.keep_version(db, pack, now=NOW)
    return Hospital(db, pack, regions)


@pytest.fixture
def stricter(tmp_path: Path) -> Pack:
    """The law with another deductible for employees of Taiyuan from 1 November 2026."""
    (tmp_path / "shanxi" / "taiyuan").mkdir(parents=True)
    (tmp_path / "shanxi" / "taiyuan" / "draft.yaml").write_text(
        """values:
  - parameter: inpatient_deductible
    from: 2026-11-01
    table: {employee: {class_1: 1000_00}}
    sources: [{id: city-collection-2026}]
    confidence: illustrative
    checked_on: 2026-11-22
"""
    )
    return load_pack(POLICIES, tmp_path)


@pytest.fixture
def silent(tmp_path: Path) -> Pack:
    """The law without the city's file on stays of employees of Taiyuan."""
    file = tmp_path / "shanxi" / "taiyuan" / "employees_inpatient.yaml"
    file.parent.mkdir(parents=True)
    file.write_text("values: []\n")
    return load_pack(POLICIES, tmp_path)


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    """Sixteen connections, for things that happen at once."""
    pool = await create_pool(database_url, size_min=16, size_max=16)
    yield pool
    await pool.close()
