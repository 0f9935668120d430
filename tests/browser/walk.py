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
the start are none. With `check` each page met for the first time is asked of by axe and must fit a screen of 320
pixels; so do refused forms, which are pages of their own. With TONGBAN_SHOTS set, each page is also left there as a
picture, ``<story>-<mode>-<nn>.png``.
"""

import os
import re
from collections.abc import Callable
from pathlib import Path

from browser_kit import overflow, violations
from playwright.sync_api import Locator, Page, ViewportSize

# Where the strokes of a name go on the pad: parts of its width and height.
_LETTERS = (
    ((0.08, 0.3), (0.3, 0.3)),
    ((0.18, 0.15), (0.18, 0.85)),
    ((0.4, 0.25), (0.6, 0.25), (0.5, 0.8)),
    ((0.72, 0.2), (0.93, 0.2), (0.93, 0.85), (0.72, 0.85)),
)
_NARROWEST: ViewportSize = {"width": 320, "height": 640}
_PHONE: ViewportSize = {"width": 390, "height": 844}
# Numbers, draft ids and slots of addresses: pages that differ by them alone are one page.
_OWN = re.compile(r"/(?:[A-Z]?\d[\w-]*|[0-9a-f]{8}-[0-9a-f-]{27})(?=/|$)")


class Walk:
    """One person with one phone. `mode`: "normal", "elder", or "nojs" (where axe, a script itself, cannot run)."""

    def __init__(self, page: Page, mode: str = "normal", *, check: bool = False, story: str = "page") -> None:
        self.page = page
        self.mode = mode
        self.actions = 0
        self.pages_seen: set[str] = set()
        self._check = check
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
        else:
            self.page.wait_for_load_state("networkidle")
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
        seen = _OWN.sub("/…", self.path) + ("?" if "?" in self.page.url else "")
        seen += "!" if self.page.title().startswith("有 ") else ""
        if seen in self.pages_seen:
            return
        self.pages_seen.add(seen)
        self.shoot()
        if self._check:
            self.look_closely()

    def look_closely(self) -> None:
        """Assert that the page shown breaks no rule that axe knows and fits the narrowest phone."""
        if self.mode != "nojs":
            assert not (found := violations(self.page)), (self.page.url, found)
        usual = self.page.viewport_size or _PHONE
        self.page.set_viewport_size(_NARROWEST)
        assert overflow(self.page) == 0, f"{self.page.url} is wider than 320 pixels"
        self.page.set_viewport_size(usual)

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

    def _draw(self, pad: Locator) -> None:
        pad.scroll_into_view_if_needed()
        box = pad.bounding_box()
        assert box is not None
        mouse = self.page.mouse
        for first, *others in _LETTERS:
            mouse.move(box["x"] + box["width"] * first[0], box["y"] + box["height"] * first[1])
            mouse.down()
            for x, y in others:
                mouse.move(box["x"] + box["width"] * x, box["y"] + box["height"] * y, steps=6)
            mouse.up()
