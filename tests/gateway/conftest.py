"""One running product for all tests of the gateway; each takes people nobody else uses."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import httpx
import pytest

from product_kit import Patient, World, running_world
from tongban.doors.cli.his import Hospital
from tongban.settings import Settings

if TYPE_CHECKING:
    from tests.conftest import Databases


@pytest.fixture(scope="session")
def world(databases: "Databases", tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with databases.fresh() as urls:
        settings = Settings.from_env(
            {
                "TONGBAN_VAR": str(tmp_path_factory.mktemp("var")),
                "TONGBAN_DEMO": "1",
                "TONGBAN_PORT": "0",
                "DATABASE_URL": urls.app,
                "TONGBAN_OWNER_DATABASE_URL": urls.owner,
            }
        )
        with running_world(settings) as running:
            yield running


@pytest.fixture
def http(world: World) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=world.url, timeout=30) as client:
        yield client


@pytest.fixture
def beijing(world: World) -> Hospital:
    return world.hospitals["demo-beijing"]


@pytest.fixture
def taiyuan(world: World) -> Hospital:
    return world.hospitals["demo-taiyuan"]


@pytest.fixture
def datong(world: World) -> Hospital:
    return world.hospitals["demo-datong"]


@pytest.fixture
def patient(world: World, http: httpx.Client, beijing: Hospital) -> Patient:
    """A resident of Taiyuan in Beijing who filed nothing."""
    return Patient(http, beijing, world.person())


@pytest.fixture
def worker(world: World, http: httpx.Client, taiyuan: Hospital) -> Patient:
    """An employee of Taiyuan at home."""
    return Patient(http, taiyuan, world.person("employee", "active"), insutype="310")
