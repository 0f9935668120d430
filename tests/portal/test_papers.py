"""Photos sent through the pages: with a form, in pieces, by strangers, and by people who send something else."""

import hashlib
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from litestar import Litestar
from papers_page import with_page
from portal_kit import Browser, Clock, count

sys.path.append(str(Path(__file__).parents[1] / "materials"))
from pictures_kit import opened, photo

from tongban.app import create_app
from tongban.settings import Settings

_FORM = re.compile(r'<form class="send" method="post" action="([^"]+)"')
_IMAGE = re.compile(r'<img class="shot" src="([^"]+)"')


@pytest.fixture
async def app(demo: Settings, clock: Clock) -> AsyncIterator[Litestar]:
    application = with_page(create_app(demo, clock))
    async with application.lifespan():
        yield application


class Sender:
    """Somebody with a page of slots before them."""

    def __init__(self, browser: Browser, url: str) -> None:
        self.browser, self.url = browser, url

    @classmethod
    async def of(cls, app: Litestar, resident: str = "wang_xiuying") -> "Sender":
        browser = Browser.of(app)
        await browser.sign_in(resident)
        response = await browser.follow(await browser.get("/test-papers/new"))
        assert response.status_code == 200
        return cls(browser, str(response.url.path))

    @property
    def token(self) -> str:
        found = re.search(r'name="csrf" value="([^"]+)"', self.browser.page)
        assert found
        return found[1]

    def action(self, slot: str) -> str:
        """Where the form of that slot on the page shown sends to."""
        for action in _FORM.findall(self.browser.page):
            if f"/{slot}?" in action:
                return str(action).replace("&amp;", "&")
        raise AssertionError(f"no form for {slot}")

    async def send(self, slot: str, body: bytes, name: str = "photo.jpg", kind: str = "image/jpeg") -> httpx.Response:
        response = await self.browser.http.post(
            self.action(slot), data={"csrf": self.token}, files={"file": (name, body, kind)}
        )
        return await self.browser.follow(response)

    async def piece(self, slot: str, body: bytes, at: int, content: bytes | None = None, **more: Any) -> httpx.Response:
        return await self.browser.http.put(
            self.piece_url(slot, body, at),
            content=body[at:] if content is None else content,
            headers={"x-csrf": self.token, **more.get("headers", {})},
        )

    def piece_url(self, slot: str, body: bytes, at: int) -> str:
        query = urlencode({"size": len(body), "sha256": hashlib.sha256(body).hexdigest(), "at": at})
        return self.action(slot).replace("?", "/piece?") + "&" + query

    async def pictures(self) -> list[bytes]:
        """The small pictures the page shows."""
        found = []
        for source in _IMAGE.findall(self.browser.page):
            response = await self.browser.http.get(source)
            assert (response.status_code, response.headers["content-type"]) == (200, "image/jpeg")
            assert response.headers["cache-control"] == "no-store"
            found.append(response.content)
        return found


@pytest.fixture
async def sender(app: Litestar) -> Sender:
    return await Sender.of(app)


async def test_a_photo_sent_with_a_form_is_kept_and_shown(sender: Sender, app: Litestar) -> None:
    response = await sender.send("id_front", photo("身份证"))
    assert (response.status_code, response.url.path) == (200, sender.url)
    [thumb] = await sender.pictures()
    assert max(opened(thumb).size) == 240
    assert "已存好" in response.text
    assert "重拍" in response.text
    assert await count(app, "materials.material") == 1
    # A step's own judgement knows which slot is still empty.
    judged = await sender.browser.post(sender.url)
    assert judged.status_code == 422
    assert 'href="#invoice">还没有医疗发票的照片' in judged.text
    assert "身份证（有照片那面）的照片，请拍" not in judged.text


async def test_more_pictures_of_a_list_until_it_is_full_and_taken_out_again(sender: Sender) -> None:
    for text in ("一", "二", "三"):
        name = "invoice" if text == "一" else f"invoice.{2 if text == '二' else 3}"
        await sender.send(name, photo(text))
    assert len(await sender.pictures()) == 3
    assert "再加一张" not in sender.browser.page
    second = re.findall(r'action="([^"]+/invoice.2/remove[^"]+)"', sender.browser.page)[0].replace("&amp;", "&")
    await sender.browser.follow(await sender.browser.post(second))
    assert len(await sender.pictures()) == 2
    await sender.send("invoice.2", photo("四"))
    assert len(await sender.pictures()) == 3
