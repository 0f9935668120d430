"""The small country of settlement's tests, people with ID numbers in it, and a desk to claim at."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from settlement_kit import NOW, PLACES, Hospital, furnish

from claims_kit import Desk, Registry
from tongban import settlement
from tongban.directory import Regions
from tongban.infra.crypto import Vault
from tongban.infra.db import Connection, Pool, create_pool
from tongban.infra.files import DiskFiles
from tongban.law import Pack


@pytest.fixture(scope="session")
def regions() -> Regions:
    return Regions(PLACES, {"140105": "140100", "110105": "110000"})


@pytest.fixture
async def registry(owner_db: Connection, vault: Vault) -> Registry:
    await furnish(owner_db)
    return Registry(owner_db, vault)


@pytest.fixture
async def father(registry: Registry) -> int:
    """A resident-insured man of 太原."""
    return await registry.add("王大山")


@pytest.fixture
async def daughter(registry: Registry) -> int:
    return await registry.add("王小雨", "employee", "active", born=1990)


@pytest.fixture
async def stranger(registry: Registry) -> int:
    return await registry.add("赵六", born=1985)


@pytest.fixture
def desk(db: Connection, vault: Vault, pack: Pack, regions: Regions, tmp_path: Path) -> Desk:
    return Desk(db, vault, pack, regions, DiskFiles(tmp_path / "files"))


@pytest.fixture
async def hospital(db: Connection, pack: Pack, regions: Regions) -> Hospital:
    await settlement.keep_version(db, pack, now=NOW)
    return Hospital(db, pack, regions)


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    """Sixteen connections, for things that happen at once."""
    pool = await create_pool(database_url, size_min=16, size_max=16)
    yield pool
    await pool.close()
