"""Photos of papers in a real Chromium: with scripts, over a line that breaks, and without scripts."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from browser_kit import COLOURS, MODES, PHONE, SIZES, Site, overflow_at_320, sign_in_as, violations
from playwright.sync_api import Browser, Page, Route, expect

from conftest import _wait  # type: ignore[import-not-found]

sys.path.append(str(Path(__file__).parents[1] / "materials"))
from pictures_kit import encoded, photo
from PIL import Image

NEW = "/test-papers/new"
PIECE = 131_072


@pytest.fixture(scope="module")
def photo_site(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The product with one page more, which has slots for photos (tests/portal/papers_page.py)."""
    log = tmp_path_factory.mktemp("photo") / "log"
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        folder = str(Path(__file__).parents[1] / "portal")
        command = [sys.executable, "-m", "uvicorn", "--app-dir", folder, "--factory", "papers_page:app_with_page"]
        options = ["--fd", str(listener.fileno()), "--no-access-log", "--log-level", "warning"]
        with log.open("wb") as out:
            server = subprocess.Popen(
                command + options,
                env={**os.environ, **site.settings.for_workers()},
                pass_fds=[listener.fileno()],
                stdout=out,
                stderr=out,
            )
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    _wait(url, server, log)
    yield url
    server.terminate()
    server.wait(20)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Files on a phone: a photo of a card, a big one, and a page that calls itself a photo."""
    folder = tmp_path_factory.mktemp("pictures")
    noise = Image.effect_noise((2600, 1900), 60).convert("RGB")
    contents = {
        "card": photo("身份证", size=(1600, 1000)),
        "big": encoded(noise, "JPEG", quality=85),
        "script": b"<!doctype html><script>alert(1)</script>",
    }
    for name, content in contents.items():
        (folder / f"{name}.jpg").write_bytes(content)
    return {name: folder / f"{name}.jpg" for name in contents}


def slot(page: Page, name: str) -> "Slot":
    return Slot(page, name)


class Slot:
    def __init__(self, page: Page, name: str) -> None:
        self.page, self.part = page, page.locator(f"section#{name}")

    def give(self, path: Path) -> None:
        self.part.locator("input[type=file]").last.set_input_files(path)

    def holds(self, count: int) -> None:
        # Sent in pieces, decoded in a process apart: seconds on a busy machine.
        expect(self.part.locator("img.shot")).to_have_count(count, timeout=20_000)


def test_photos_with_scripts_shrink_go_on_where_the_line_broke_and_leave_the_page_alone(
    browser: Browser, photo_site: str, pictures: dict[str, Path], shoot: Callable[[Page, str], None]
) -> None:
    context = browser.new_context(base_url=photo_site, viewport=PHONE, locale="zh-CN")
    page = context.new_page()
    page.set_default_timeout(8_000)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    sign_in_as(context.request, "li_jing")
    page.goto(NEW)
    shoot(page, "papers-empty")
    assert violations(page) == []
    page.get_by_label("还想说什么").fill("下午才能去")
    card = slot(page, "id_front")
    card.give(pictures["card"])
    card.holds(1)
    expect(card.part.get_by_role("status")).to_have_text("照片存好了。")
    expect(page.get_by_label("还想说什么")).to_have_value("下午才能去")

    # The line breaks in the third piece; what was sent is not sent again.
    sent: list[int] = []
    broken = {"left": 1}

    def line(route: Route) -> None:
        at = int(re.findall(r"at=(\d+)", route.request.url)[0])
        if route.request.method == "PUT":
            if at >= 2 * PIECE and broken["left"]:
                broken["left"] -= 1
                route.abort("connectionreset")
                return
            sent.append(at)
        route.continue_()

    page.route("**/piece?*", line)
    invoice = slot(page, "invoice")
    invoice.give(pictures["big"])
    expect(invoice.part.get_by_role("status")).to_contain_text("网断了，正在接着传")
    shoot(page, "papers-going")
    invoice.holds(1)
    assert len(sent) == len(set(sent)) >= 4
    assert max(sent) < 1_500_000  # the phone's picture was made small before it was sent

    # The phone is switched off in the middle: chosen again, the same picture goes on.
    broken["left"] = 99
    page.locator("section#proof input[type=file]").set_input_files(pictures["big"])
    expect(slot(page, "proof").part.get_by_role("status")).to_contain_text("网断了，正在接着传")
    page.reload()
    broken["left"] = 0
    sent.clear()
    page.locator("section#proof input[type=file]").set_input_files(pictures["big"])
    slot(page, "proof").holds(1)
    assert min(sent) == 2 * PIECE

    # What is no photo is said beside the slot, without leaving the page.
    page.locator("section#invoice input[type=file]").last.set_input_files(pictures["script"])
    expect(invoice.part.get_by_role("status")).to_contain_text("这是网页或程序，不是照片")
    invoice.holds(1)
    shoot(page, "papers-full")
    for mode in ("elder", "largest", "dark"):
        context.add_cookies([{"name": "prefs", "value": MODES[mode], "url": photo_site}])
        page.reload()
        shoot(page, f"papers-full-{mode}")
        assert (mode, violations(page, COLOURS + SIZES), overflow_at_320(page)) == (mode, [], 0)

    # By keyboard: the field takes the focus, and its button shows where it is.
    field = page.locator("section#invoice input[type=file]").last
    field.focus()
    outline = field.evaluate("e => getComputedStyle(e.nextElementSibling).outlineStyle")
    assert outline == "solid"
    page.locator("section#invoice").get_by_role("button", name="删除").first.click()
    slot(page, "invoice").holds(0)
    assert complaints == []
    context.close()


def test_photos_without_scripts(
    browser: Browser, photo_site: str, pictures: dict[str, Path], shoot: Callable[[Page, str], None]
) -> None:
    context = browser.new_context(base_url=photo_site, java_script_enabled=False, viewport=PHONE, locale="zh-CN")
    page = context.new_page()
    page.set_default_timeout(8_000)
    sign_in_as(context.request, "gao_jianjun")
    page.goto(NEW)
    page.get_by_label("拍照或选照片：医疗发票").set_input_files(pictures["script"])
    page.locator("section#invoice").get_by_role("button", name="传这张照片").click()
    expect(page.get_by_role("alert").first).to_be_visible()
    expect(page.locator("#invoice-err")).to_contain_text("这是网页或程序，不是照片")
    assert page.title().startswith("有 1 处要改")
    shoot(page, "papers-nojs-error")
    assert overflow_at_320(page) == 0
    page.get_by_label("拍照或选照片：医疗发票").set_input_files(pictures["card"])
    page.locator("section#invoice").get_by_role("button", name="传这张照片").click()
    slot(page, "invoice").holds(1)
    assert "invoice" in page.url
    page.get_by_label("再加一张：医疗发票").set_input_files(pictures["big"])
    page.locator("section#invoice form button").last.click()
    slot(page, "invoice").holds(2)
    shoot(page, "papers-nojs-two")
    page.locator("section#invoice").get_by_role("button", name="删除").first.click()
    slot(page, "invoice").holds(1)
    page.get_by_role("link", name="看大图：医疗发票").click()
    assert re.search(r"/papers/look/M\d+/1$", page.url)
    page.go_back()
    page.get_by_role("button", name="下一步").click()
    expect(page.locator(".errbox")).to_contain_text("还没有身份证（有照片那面）的照片")
    context.close()
