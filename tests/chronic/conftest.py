"""A small country with an agency."""

from pathlib import Path

import pytest
from recognition_kit import Office, Registry, Resident, furnish, law_that_says

from tongban.infra.crypto import Vault
from tongban.infra.db import Connection
from tongban.infra.files import DiskFiles
from tongban.law import Pack


@pytest.fixture
async def registry(owner_db: Connection, vault: Vault) -> Registry:
    await furnish(owner_db)
    return Registry(owner_db, vault)


@pytest.fixture
async def elder(registry: Registry) -> Resident:
    return await registry.add()


@pytest.fixture
def office(db: Connection, vault: Vault, pack: Pack, registry: Registry, tmp_path: Path) -> Office:
    del registry
    return Office(db, vault, pack, DiskFiles(tmp_path / "files"))


@pytest.fixture(scope="session")
def outspoken(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    folder: Path = tmp_path_factory.mktemp("law")
    return law_that_says(folder)
