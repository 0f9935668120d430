"""The running product, and what is asked of every page."""

import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import anyio
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tongban.directory import Regions, all_regions
from tongban.infra.db import Connection, connected
from tongban.law import Pack, load_pack
from tongban.settings import Settings

T = TypeVar("T")

MODES = {
    "normal": "0.0.light",
    "elder": "1.3.light",
    "largest": "1.4.light",
    "dark": "0.0.dark",
    "elder and dark": "1.3.dark",
}


@dataclass
class Site:
    """The running product."""

    url: str
    settings: Settings

    def run(self, work: Callable[[Connection, Pack, Regions], Awaitable[T]]) -> T:
        """`work` with a connection as the web processes have it, in a thread without a running event loop."""
        answers: list[T] = []

        async def inside() -> None:
            async with connected(str(self.settings.database_url)) as db:
                answers.append(await work(db, load_pack(self.settings.policies_dir), await all_regions(db)))

        thread = threading.Thread(target=lambda: anyio.run(inside))
        thread.start()
        thread.join()
        return answers[0]


def violations(page: Page) -> list[str]:
    """What axe finds against WCAG 2.0 to 2.2 A and AA and its best practices."""
    found = Axe().run(page).response["violations"]
    return [f"{rule['id']}: {[node['target'] for node in rule['nodes']][:5]}" for rule in found]


def overflow(page: Page) -> int:
    """Pixels that the page is wider than the screen."""
    wide: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return wide
