"""The running product, and what is asked of every page."""

from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

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

        async def inside() -> T:
            async with connected(str(self.settings.database_url)) as db:
                return await work(db, load_pack(self.settings.policies_dir), await all_regions(db))

        return _elsewhere(inside)

    def execute(self, statement: str) -> list[Any]:
        """Run one statement as the owner of the database; its rows."""

        async def inside() -> list[Any]:
            async with connected(str(self.settings.owner_database_url)) as db:
                return list(await db.fetch(statement))

        return _elsewhere(inside)


def _elsewhere(work: Callable[[], Awaitable[T]]) -> T:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(anyio.run, work).result()


def violations(page: Page) -> list[str]:
    """What axe finds against WCAG 2.0 to 2.2 A and AA and its best practices."""
    found = Axe().run(page).response["violations"]
    return [f"{rule['id']}: {[node['target'] for node in rule['nodes']][:5]}" for rule in found]


def overflow(page: Page) -> int:
    """Pixels that the page is wider than the screen."""
    wide: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return wide
