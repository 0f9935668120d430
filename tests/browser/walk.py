"""Walking through the pages as a person does, with every action counted.

::

    def test_a_story(walk):
        mother, daughter = walk("wang_xiuying", "elder", story="share"), walk("li_jing", story="share")
        daughter.open("/family-account")
        daughter.choose("王秀英")
        daughter.fill("能用多少？", "500")
        daughter.tap("下一步")
        daughter.sign("李静")
        daughter.tap("签好了，提交")
        mother.open("/inbox")           # another phone, another session, the same test
        assert daughter.actions == 5

One action is one tap, one field typed, one choice, one signature or one photo; opening an address and signing in at
the start are none. With `check` each page that no walk of this mode has met before is asked of by axe and must fit a
screen of 320 pixels; so do refused forms, which are pages of their own. With TONGBAN_SHOTS set, each page is also left
there as a picture, ``<story>-<mode>-<nn>.png``.
"""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from browser_kit import COLOURS, dressed, overflow, overflow_at_320, violations
from playwright.sync_api import Locator, Page

# Where the strokes of a name go on the pad: parts of its width and height.
_LETTERS = (
    ((0.08, 0.3), (0.3, 0.3)),
    ((0.18, 0.15), (0.18, 0.85)),
    ((0.4, 0.25), (0.6, 0.25), (0.5, 0.8)),
    ((0.72, 0.2), (0.93, 0.2), (0.93, 0.85), (0.72, 0.85)),
)
# Numbers, draft ids and slots of addresses: pages that differ by them alone are one page.
_OWN = re.compile(r"/(?:[A-Z]?\d[\w-]*|[0-9a-f]{8}-[0-9a-f-]{27})(?=/|$)")
# The kinds of elements a page is made of. Two pages of one address with the same kinds are one page to axe.
_KINDS = """() => [...new Set([...document.body.querySelectorAll('*')].map(e =>
    `${e.tagName}.${e.getAttribute('class')}.${e.type || ''}${e.hidden ? '!' : ''}`))].sort().join()"""
_STOP = """() => { const e = document.activeElement, box = e.getBoundingClientRect();
    const seen = e.matches('.tile input') ? e.nextElementSibling : e;
    const middle = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
    const words = e => (e.labels && e.labels[0] ? e.labels[0].textContent : e.textContent).trim();
    return {text: words(e), group: e.type === 'radio' ? [...document.getElementsByName(e.name)].map(words) : [],
        isRinged: getComputedStyle(seen).outlineStyle !== 'none', y: box.top + scrollY,
        isInView: box.top >= 0 && box.top < innerHeight,
        isCovered: !e.contains(middle) && !seen.contains(middle) && !(e.labels && e.labels[0]?.contains(middle)),
        isInMain: !!e.closest('main'), leadsOn: e.matches('a[href], button')}; }"""


class Walk:
    """One person with one phone. `mode`: "normal", "elder", or "nojs" (where axe, a script itself, cannot run, on the
    narrowest phone)."""

    def __init__(
        self,
        page: Page,
        mode: str = "normal",
        *,
        check: bool = False,
        story: str = "page",
        looked_at: set[tuple[str, str, str]] | None = None,
    ) -> None:
        self.page = page
        self.mode = mode
        self.actions = 0
        self.pages_seen: set[str] = set()
        self._check = check
        self._looked_at = set() if looked_at is None else looked_at
        self._shown: set[tuple[str, str]] = set()
        self._story = story
        self._shots = 0

    # ---- actions ----

    def open(self, path: str) -> None:
        """Go to an address. Not an action: it is where the story begins, or what a message links to."""
        self.page.goto(path)
        self.arrived()

    def tap(self, name: str, *, exact: bool = True, within: str = "body") -> None:
        """Tap the button or link called `name`; `within` a part of the page (CSS), if others are called so too."""
        part = self.page.locator(within)
        target = part.get_by_role("button", name=name, exact=exact).or_(
            part.get_by_role("link", name=name, exact=exact)
        )
        self._act(target.first.click)
        self.arrived()

    def choose(self, label: str, *, exact: bool = True) -> None:
        """Tick the radio button or the box labelled `label`."""
        self._act(self.page.get_by_label(label, exact=exact).first.check)

    def pick(self, label: str, option: str) -> None:
        """Choose `option` in the drop-down list labelled `label`."""
        self._act(lambda: self.page.get_by_label(label).first.select_option(label=option))

    def fill(self, label: str, text: str, *, exact: bool = False) -> None:
        """Type `text` into the field labelled `label` (spoken with its hint by some readers, so not exact)."""
        self._act(lambda: self.page.get_by_label(label, exact=exact).first.fill(text))

    def unfold(self, text: str) -> None:
        """Open the folded part whose line says `text`."""
        self._act(self.page.locator("summary", has_text=text).first.click)

    def photo(self, label: str, path: Path) -> None:
        """Give the file for the picture labelled `label`; without scripts its own button sends it."""
        field = self.page.get_by_label(label, exact=False).first
        self._act(lambda: field.set_input_files(path))
        if self.mode == "nojs":
            self._act(field.locator("xpath=ancestor::form[1]").locator("button").first.click)
            self.arrived()

    def sign(self, name: str) -> None:
        """Write the name: on the pad with a finger, or typed where there is no pad."""
        if self.mode == "nojs":
            field = self.page.get_by_label("打字写下全名")
            if not field.is_visible():
                self.page.locator("summary", has_text="手写不方便").click()
            self._act(lambda: field.fill(name))
        else:
            self._act(lambda: self._draw(self.page.locator("canvas").first))

    def tab_to(self, words: str) -> dict[str, Any]:
        """Press Tab until the focus is on what says `words`; inside a group of radio buttons, which is one stop, the
        arrow keys. Every stop on the way has to be seen, ringed, not covered, and to come in the order of reading.
        Returns what is known of the stop."""
        last = -1.0
        for _ in range(80):
            self.page.keyboard.press("Tab")
            stop = self._stop()
            if not stop["isInMain"]:
                continue
            assert stop["y"] >= last - 80, stop  # beside each other in one row counts as in order
            last = stop["y"]
            for _ in stop["group"] if any(words in other for other in stop["group"]) else ():
                if words in stop["text"]:
                    break
                self.page.keyboard.press("ArrowDown")
                stop = self._stop()
            if words in stop["text"]:
                return stop
        raise AssertionError(f"no stop of {self.page.url} says {words}")

    def press(self, words: str, key: str = "Enter") -> None:
        """By the keyboard alone: go to what says `words`, press `key` there."""
        if self.tab_to(words)["leadsOn"]:
            with self.page.expect_navigation():
                self._act(lambda: self.page.keyboard.press(key))
        else:
            self._act(lambda: self.page.keyboard.press(key))

    # ---- what is seen ----

    @property
    def title(self) -> str:
        """The page's question: its one heading of the first order."""
        return self.page.locator("h1").inner_text().strip()

    @property
    def path(self) -> str:
        """Where the person is, without the host and the query."""
        return re.sub(r"^https?://[^/]+|[?#].*$", "", self.page.url)

    def says(self, text: str) -> bool:
        """Whether the page shows `text` (waits for it)."""
        self.page.get_by_text(text).locator("visible=true").first.wait_for()
        return True

    def refused(self, count: int) -> None:
        """Assert that the page says how many things are to be mended, in its title and where the reader is."""
        assert self.page.title().startswith(f"有 {count} 处要改"), (self.page.title(), self.page.url)
        if self.mode != "nojs":
            assert self.page.evaluate("document.activeElement.className") == "errbox"

    def arrived(self) -> None:
        """Look at the page shown, if it was not met before."""
        self.page.wait_for_load_state("domcontentloaded")
        address = _OWN.sub("/…", self.path) + ("?" if "?" in self.page.url else "")
        address += "!" if self.page.title().startswith("有 ") else ""
        self.pages_seen.add(address)
        kinds = str(self.page.evaluate(_KINDS))
        if (address, kinds) not in self._shown:
            self._shown.add((address, kinds))
            self.shoot()
        if self._check and (self.mode, address, kinds) not in self._looked_at:
            self._looked_at.add((self.mode, address, kinds))
            self.look_closely()

    def look_closely(self) -> None:
        """Assert that the page shown breaks no rule that axe knows and fits the narrowest phone.

        In elder mode, whose pages differ by style alone, the page has to fit with the largest letters. There too the
        colours of the dark are looked at, with usual letters: large ones may be paler.
        """
        found: list[str] = []
        if self.mode == "elder":
            with dressed(self.page, size="4"):
                wide = overflow_at_320(self.page)
            with dressed(self.page, theme="dark", size=None):
                found = violations(self.page, COLOURS)
        elif self.mode == "nojs":
            wide = overflow(self.page)
        else:
            wide = overflow_at_320(self.page)
            found = violations(self.page)
        assert not found, (self.page.url, found)
        assert wide == 0, f"{self.page.url} is wider than 320 pixels"

    def shoot(self) -> None:
        """Leave a picture of the whole page, if pictures are asked for."""
        if folder := os.environ.get("TONGBAN_SHOTS"):
            self._shots += 1
            name = f"{self._story}-{self.mode}-{self._shots:02d}.png"
            self.page.screenshot(path=Path(folder) / name, full_page=True, animations="disabled")

    # ---- inside ----

    def _act(self, action: Callable[[], object]) -> None:
        self.actions += 1
        action()

    def _stop(self) -> dict[str, Any]:
        stop: dict[str, Any] = self.page.evaluate(_STOP)
        if stop["isInMain"]:
            assert stop["isRinged"], stop
            assert stop["isInView"], stop
            assert not stop["isCovered"], stop
        return stop

    def _draw(self, pad: Locator) -> None:
        pad.scroll_into_view_if_needed()
        box = pad.bounding_box()
        assert box is not None
        mouse = self.page.mouse
        for first, *others in _LETTERS:
            mouse.move(box["x"] + box["width"] * first[0], box["y"] + box["height"] * first[1])
            mouse.down()
            for x, y in others:
                mouse.move(box["x"] + box["width"] * x, box["y"] + box["height"] * y, steps=3)
            mouse.up()
