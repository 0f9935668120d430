"""People, places and answers for tests of filings."""

import pytest
from filing_kit import PLACES, Desk, Registry, Resident

from tongban.directory import Regions
from tongban.infra.crypto import Vault
from tongban.infra.db import Connection
from tongban.law import Pack


@pytest.fixture(scope="session")
def regions() -> Regions:
    return Regions(PLACES, {})


@pytest.fixture
def registry(owner_db: Connection, vault: Vault) -> Registry:
    return Registry(owner_db, vault)


@pytest.fixture
async def retiree(registry: Registry) -> Resident:
    """A retired employee of 太原 with an active medical code."""
    return await registry.add()


@pytest.fixture
async def farmer(registry: Registry) -> Resident:
    """A resident-insured elder of 太原."""
    return await registry.add("李建军", "resident", "elder")


@pytest.fixture
def desk(vault: Vault, pack: Pack, regions: Regions) -> Desk:
    return Desk(vault, pack, regions)
