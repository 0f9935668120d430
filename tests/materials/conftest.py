"""A desk that sends pictures, over a fresh database and a folder."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from materials_kit import Desk

from tongban.infra.crypto import Vault
from tongban.infra.db import Connection
from tongban.infra.files import DiskFiles


@pytest.fixture
def files(tmp_path: Path) -> DiskFiles:
    return DiskFiles(tmp_path / "files")


@pytest.fixture
def desk(db: Connection, vault: Vault, files: DiskFiles) -> Desk:
    return Desk(db, vault, files, datetime.now(UTC))
