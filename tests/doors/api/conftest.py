"""The whole application on an empty database: the law needs no rows."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import httpx
import pytest
from litestar import Litestar

from tongban.app import create_app
from tongban.settings import Settings

if TYPE_CHECKING:
    from tests.conftest import Databases

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def api_settings(databases: "Databases", tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with databases.fresh() as urls:
        yield Settings.from_env(
            {
                "TONGBAN_VAR": str(tmp_path_factory.mktemp("api")),
                "TONGBAN_DEMO": "1",
                "TONGBAN_PORT": "0",
                "DATABASE_URL": urls.app,
                "TONGBAN_OWNER_DATABASE_URL": urls.owner,
            }
        )


@pytest.fixture(scope="module")
async def api_app(api_settings: Settings, anyio_backend: str) -> AsyncIterator[Litestar]:
    application = create_app(api_settings, lambda: NOW)
    async with application.lifespan():
        yield application


@pytest.fixture(scope="module")
async def api(api_app: Litestar, anyio_backend: str) -> AsyncIterator[httpx.AsyncClient]:
    """Errors are answered, not raised: what a caller sees is what is tested."""
    transport = httpx.ASGITransport(app=api_app, raise_app_exceptions=False)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://api.test") as client:
        yield client
