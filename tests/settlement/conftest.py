"""The small country, furnished, and a hospital in it."""

from collections.abc import AsyncIterator

import pytest
from settlement_kit import PLACES, Hospital, Town, furnish

from tongban.directory import Regions
from tongban.infra.db import Connection, Pool, create_pool
from tongban.law import Pack


@pytest.fixture(scope="session")
def regions() -> Regions:
    return Regions(PLACES, {"140105": "140100", "110105": "110000"})


@pytest.fixture
async def town(owner_db: Connection) -> Town:
    await furnish(owner_db)
    return Town(owner_db)


@pytest.fixture
def hospital(db: Connection, pack: Pack, regions: Regions, town: Town) -> Hospital:
    return Hospital(db, pack, regions)


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    """Sixteen connections, for things that happen at once."""
    pool = await create_pool(database_url, size_min=16, size_max=16)
    yield pool
    await pool.close()
