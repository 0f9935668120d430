"""The residents with a story, in a fresh database."""

import pytest

from tongban.infra.crypto import Vault
from tongban.infra.db import Connection
from tongban.people import demo_cast, load_demo_people


@pytest.fixture
async def cast(owner_db: Connection, vault: Vault) -> None:
    await load_demo_people(owner_db, vault, demo_cast())
