"""People, places and answers for tests of filings."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from filing_kit import PLACES, Desk, Registry, Resident

from product_kit import World, running_world
from tongban.directory import Regions
from tongban.infra.crypto import Vault
from tongban.infra.db import Connection
from tongban.law import Pack
from tongban.settings import Settings

if TYPE_CHECKING:
    from tests.conftest import Databases


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


@pytest.fixture(scope="session")
def running(databases: "Databases", tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The product with its made-up residents, served over HTTP."""
    with databases.fresh() as urls:
        settings = Settings.from_env(
            {
                "TONGBAN_VAR": str(tmp_path_factory.mktemp("filing")),
                "TONGBAN_DEMO": "1",
                "TONGBAN_PORT": "0",
                "DATABASE_URL": urls.app,
                "TONGBAN_OWNER_DATABASE_URL": urls.owner,
            }
        )
        with running_world(settings, people=1) as world:
            yield world


@pytest.fixture
def site(running: World) -> World:
    """The running product without any filing or draft."""
    running.query(
        """truncate drafts.draft, filing.filing, filing.referral, signing.signature, filing.event, filing.person_serial,
                    notices.notice, notices.delivery, infra.rate"""
    )
    return running
