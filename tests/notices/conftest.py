"""A sender on a fresh database."""

from collections.abc import AsyncIterator

import pytest

from notices_kit import add_person
from tongban.infra.crypto import Vault
from tongban.infra.db import Connection, Pool, create_pool


@pytest.fixture
async def li(owner_db: Connection, vault: Vault) -> None:
    """Somebody with a phone."""
    await add_person(owner_db, vault)


@pytest.fixture
async def pool(database_url: str, li: None) -> AsyncIterator[Pool]:
    found = await create_pool(database_url)
    yield found
    await found.close()
