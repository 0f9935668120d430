"""The whole application on a database with the shipped tables and the demo's people, copied afresh for each test."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from litestar import Litestar
from portal_kit import BEIJING_HOSPITAL, NOW, WANG, Browser, Clock, pay

from tongban.app import create_app
from tongban.doors.cli.data import load_all
from tongban.doors.cli.demo import load_demo
from tongban.kernel.vocabulary import CareKind, InsuranceType
from tongban.settings import Settings
from tongban.settlement import Settled

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


@dataclass
class Till:
    """A hospital in Beijing that settles bills of the demo's residents."""

    app: Litestar

    async def pay(self, person_id: int = WANG, **more: Any) -> Settled:
        state = self.app.state
        known = {
            "insurance_type": InsuranceType.RESIDENT,
            "institution_code": BEIJING_HOSPITAL,
            "now": state.clock(),
            "care_kind": CareKind.INPATIENT,
            "admitted_on": date(2026, 11, 12),
            "settled_on": date(2026, 11, 21),
        }
        async with state.pool.acquire() as db:
            return await pay(db, state.pack, state.regions, person_id=person_id, **(known | more))


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
