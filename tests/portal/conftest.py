"""The whole application on a database with the shipped tables and the demo's people, copied afresh for each test."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from litestar import Litestar
from portal_kit import NOW, Browser, Clock, Till

from tongban.app import create_app
from tongban.doors.cli.data import load_all
from tongban.doors.cli.demo import load_demo
from tongban.settings import Settings

if TYPE_CHECKING:
    from tests.conftest import Databases, Urls


@pytest.fixture(scope="session")
def furnished(databases: "Databases", tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The name of the furnished database, and the secrets its people are sealed with."""
    var = tmp_path_factory.mktemp("furnished")
    with databases.fresh() as urls:
        settings = _settings(var, urls)
        assert load_all(settings).problems == []
        load_demo(settings, 0)
        yield urlsplit(urls.app).path[1:], settings.secrets_file


@pytest.fixture
def demo(databases: "Databases", furnished: tuple[str, Path], tmp_path: Path) -> Iterator[Settings]:
    """A demo installation of its own."""
    with _installation(databases, furnished, tmp_path) as settings:
        yield settings


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
async def app(demo: Settings, clock: Clock) -> AsyncIterator[Litestar]:
    """The application on a database nobody else uses."""
    application = create_app(demo, clock)
    async with application.lifespan():
        yield application


@pytest.fixture
def visitor(app: Litestar) -> Browser:
    return Browser.of(app)


@pytest.fixture(scope="module")
def shared_clock() -> Clock:
    return Clock(NOW)


@pytest.fixture(scope="module")
def shared_demo(
    databases: "Databases", furnished: tuple[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    with _installation(databases, furnished, tmp_path_factory.mktemp("shared")) as settings:
        yield settings


@pytest.fixture(scope="module")
async def shared_app(shared_demo: Settings, shared_clock: Clock, anyio_backend: str) -> AsyncIterator[Litestar]:
    """The application for all tests of a file that only look, or that do not mind what others did."""
    application = create_app(shared_demo, shared_clock)
    async with application.lifespan():
        yield application


@pytest.fixture
def till(app: Litestar) -> Till:
    return Till(app)


@contextmanager
def _installation(databases: "Databases", furnished: tuple[str, Path], var: Path) -> Iterator[Settings]:
    template, secrets_file = furnished
    with databases.fresh(template) as urls:
        yield replace(_settings(var, urls), secrets_file=secrets_file)


def _settings(var: Path, urls: "Urls") -> Settings:
    return Settings.from_env(
        {
            "TONGBAN_VAR": str(var),
            "TONGBAN_DEMO": "1",
            "TONGBAN_PORT": "0",
            "DATABASE_URL": urls.app,
            "TONGBAN_OWNER_DATABASE_URL": urls.owner,
        }
    )
