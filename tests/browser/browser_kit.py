"""The running product, and what is asked of every page.

axe takes as long as all the rest of a page's visit, most of it for the contrast of every text with its ground. So
every page is asked of by all of its rules once, and in looks that differ by style alone by the rules about `COLOURS`
and `SIZES`.
"""

import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import anyio
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import APIRequestContext, APIResponse, Page, ViewportSize
from typer.testing import CliRunner

from tongban.directory import Regions, all_regions
from tongban.doors.cli import app
from tongban.doors.portal import csrf
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
COLOURS = ("color-contrast", "link-in-text-block")
SIZES = ("target-size", "scrollable-region-focusable")
PHONE: ViewportSize = {"width": 390, "height": 844}
NARROWEST: ViewportSize = {"width": 320, "height": 640}

_AXE = Axe().axe_script
_ASK = """rules => axe.run({resultTypes: ['violations'],
        ...(rules.length ? {runOnly: {type: 'rule', values: rules}} : {})})
    .then(found => found.violations.map(rule =>
        `${rule.id}: ${rule.nodes.slice(0, 5).map(node => node.target.join(' ')).join(', ')}`))"""


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

    def review(self, *words: str) -> str:
        """What `tongban review …` prints for an operator of the agency; raises the refusal if it refuses."""

        def command() -> str:
            done = CliRunner().invoke(app, ["review", *words], env=self.settings.for_workers())
            if done.exception is not None:
                raise AssertionError(done.output) from done.exception
            return done.stdout

        with ThreadPoolExecutor(1) as pool:
            return pool.submit(command).result()


def _elsewhere(work: Callable[[], Awaitable[T]]) -> T:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(anyio.run, work).result()


def sign_in_as(phone: APIRequestContext, key: str) -> None:
    """Sign in as one of the demo's residents and agree to the query, by the forms a person fills but without drawing
    their pages; some tests walk through those."""

    def send(answer: APIResponse, **fields: str) -> APIResponse:
        (token,) = re.findall(rf'name="{csrf.FIELD}" value="([^"]+)"', answer.text())[:1]
        sent = phone.post(answer.url, form={csrf.FIELD: token, "next": "/", **fields})
        assert sent.ok, (sent.status, sent.url)
        return sent

    answer = send(phone.get("/sign-in"), resident=key)
    if answer.url.partition("?")[0].endswith("/consent"):
        send(answer, agree="1")


def violations(page: Page, rules: Sequence[str] = ()) -> list[str]:
    """What axe finds against WCAG 2.0 to 2.2 A and AA and its best practices, or against `rules` alone."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(_AXE)
    found: list[str] = page.evaluate(_ASK, list(rules))
    return found


def overflow(page: Page) -> int:
    """Pixels that the page is wider than the screen."""
    wide: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return wide


def overflow_at_320(page: Page) -> int:
    """The same on the narrowest phone; the page gets its width back."""
    usual = page.viewport_size or PHONE
    page.set_viewport_size(NARROWEST)
    wide = overflow(page)
    page.set_viewport_size(usual)
    return wide


@contextmanager
def dressed(page: Page, **looks: str | None) -> Iterator[None]:
    """The page with other attributes of its look for as long as that takes: ``dressed(page, theme="dark", size=None)``.

    Only style sheets read them, so nothing need be asked of the server again.
    """
    change = """looks => Object.entries(looks).map(([name, look]) => {
        const was = document.documentElement.dataset[name] ?? null;
        if (look === null) delete document.documentElement.dataset[name];
        else document.documentElement.dataset[name] = look;
        return [name, was]; })"""
    before = page.evaluate(change, looks)
    yield
    page.evaluate(change, dict(before))
