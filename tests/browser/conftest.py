"""A real Chromium against a real server process with the demo's people.

Playwright keeps an event loop running in the main thread for as long as it lives, so browser tests run after all
others, and what is asynchronous here runs in a thread of its own (`Site.run`).
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from browser_kit import MODES, NARROWEST, PHONE, Site, sign_in_as
from playwright.sync_api import Browser, ConsoleMessage, Page, expect
from walk import Walk

from tongban.doors.cli.data import load_all
from tongban.doors.cli.demo import load_demo
from tongban.settings import Settings

if TYPE_CHECKING:
    from tests.conftest import Databases

HERE = Path(__file__).parent
CHROMIUM = "/usr/bin/chromium"
# The suggestions under the address bar of a window that nobody sees are web pages, and cost as much as ours. Of two
# lists the last counts, so what Playwright would switch off for the sake of pages is named again.
SWITCHED_OFF = (
    "WebUIOmniboxPopup,WebUIOmniboxAimPopup",
    "AvoidUnnecessaryBeforeUnloadCheckSync,DestroyProfileOnBrowserClose,HttpsUpgrades,MediaRouter,OptimizationHints",
    "PaintHolding,ThirdPartyStoragePartitioning",
)
FLAGS = [
    f"--disable-features={','.join(SWITCHED_OFF)}",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
TIMEOUT_MS = 15_000  # two cores shared with the server and its database are slow at times


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: HERE in item.path.parents)
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def site(databases: "Databases", tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One server process on a port of its own, over a migrated database with the shipped tables and the demo."""
    var = tmp_path_factory.mktemp("site")
    with databases.fresh() as urls:
        settings = Settings.from_env(
            {
                "TONGBAN_VAR": str(var),
                "TONGBAN_DEMO": "1",
                "DATABASE_URL": urls.app,
                "TONGBAN_OWNER_DATABASE_URL": urls.owner,
            }
        )
        assert load_all(settings).problems == []
        load_demo(settings, 0)
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen(128)
            command = [sys.executable, "-m", "uvicorn", "--factory", "tongban.app:app_from_env"]
            options = ["--fd", str(listener.fileno()), "--no-access-log", "--log-level", "warning"]
            with (var / "log").open("wb") as log:
                server = subprocess.Popen(
                    command + options,
                    env={**os.environ, **settings.for_workers()},
                    pass_fds=[listener.fileno()],
                    stdout=log,
                    stderr=log,
                )
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        _wait(url, server, var / "log")
        yield Site(url, settings)
        server.terminate()
        server.wait(20)


def _wait(url: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline and server.poll() is None:
        try:
            if httpx.get(f"{url}/health", timeout=5).text == "ok":
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(f"the server did not start: {log.read_text()[-2000:]}")


@pytest.fixture(scope="session")
def browser_type_launch_args(site: Site) -> dict[str, Any]:
    """Names `site`, so that the server is started before Playwright occupies the thread, and stopped after it."""
    return {"executable_path": CHROMIUM, "args": FLAGS, "env": {**os.environ, "LANGUAGE": "zh_CN"}}


@pytest.fixture(scope="session")
def browser_context_args(site: Site) -> dict[str, Any]:
    return {
        "base_url": site.url,
        "viewport": PHONE,
        "locale": "zh-CN",
        "timezone_id": "Asia/Shanghai",
        "has_touch": True,
        "reduced_motion": "reduce",  # a colour on its way to another is neither
    }


@pytest.fixture(scope="session")
def looked_at() -> set[tuple[str, str, str]]:
    """The pages that some walk has looked at closely: mode, address, kinds of elements."""
    return set()


def listen(page: Page) -> list[str]:
    """What the console of `page` complains of from now on: refused styles, broken scripts, missing files."""
    complaints: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        # A page of ours with an error status is what some tests ask for.
        if message.type in ("error", "warning") and "the server responded with a status of 4" not in message.text:
            complaints.append(message.text)

    page.set_default_timeout(TIMEOUT_MS)
    expect.set_options(timeout=TIMEOUT_MS)
    page.on("console", hear)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return complaints


@pytest.fixture
def page(page: Page) -> Iterator[Page]:
    """Fails the test for anything the console complains of."""
    complaints = listen(page)
    yield page
    assert complaints == []


@pytest.fixture
def walk(
    browser: Browser, browser_context_args: dict[str, Any], looked_at: set[tuple[str, str, str]]
) -> Iterator[Callable[..., Walk]]:
    """``walk(key, mode, check=…, story=…, **context options)``: a phone of its own for each call, signed in as one
    of the demo's residents (`key` "" for nobody). Two calls are two people in one test."""
    contexts, complaints = [], []

    def start(key: str = "", mode: str = "normal", *, check: bool = False, story: str = "page", **more: Any) -> Walk:
        without = {"java_script_enabled": False, "viewport": NARROWEST} if mode == "nojs" else {}
        options = {**browser_context_args, **without, **more}
        context = browser.new_context(**options)
        contexts.append(context)
        if mode == "elder":
            context.request.get("/sign-in?elder=1")
        if key:
            sign_in_as(context.request, key)
        page = context.new_page()
        complaints.append(listen(page))
        return Walk(page, mode, check=check, story=story, looked_at=looked_at)

    yield start
    for context in contexts:
        context.close()
    assert [text for heard in complaints for text in heard] == []


@pytest.fixture
def sign_in(page: Page) -> Callable[[str], None]:
    """As one of the demo's residents."""
    return lambda key: sign_in_as(page.context.request, key)


@pytest.fixture
def look(page: Page, site: Site) -> Callable[[str], None]:
    """Choose one of MODES, as the form for it would."""

    def do(mode: str) -> None:
        page.context.add_cookies([{"name": "prefs", "value": MODES[mode], "url": site.url}])

    return do


@pytest.fixture
def shoot() -> Callable[[Page, str], None]:
    """A picture of the whole page in the folder TONGBAN_SHOTS, to look at; nothing without that."""
    folder = os.environ.get("TONGBAN_SHOTS")

    def do(page: Page, name: str) -> None:
        if folder:
            page.screenshot(path=Path(folder) / f"{name}.png", full_page=True, animations="disabled")

    return do
