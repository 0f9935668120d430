"""A browser without scripts: follows links and sends forms exactly as they stand in the page, with what was typed."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any, ClassVar
from urllib.parse import urljoin

import httpx


@dataclass
class Form:
    method: str
    action: str
    values: dict[str, str] = field(default_factory=dict)


class _Forms(HTMLParser):
    """Collects a page's forms with what a browser would send: hidden and typed values, checked boxes, selections."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._open: Form | None = None
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        a = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = Form(a.get("method", "get"), a.get("action", ""))
            self.forms.append(self._open)
        elif self._open is None:
            return
        elif tag == "input" and a.get("name"):
            is_choice = a.get("type") in ("radio", "checkbox")
            if not is_choice or "checked" in a:
                self._open.values[a["name"]] = a.get("value", "")
        elif tag == "select":
            self._select = a.get("name", "")
            self._open.values[self._select] = ""
        elif tag == "option" and "selected" in a:
            self._open.values[self._select] = a.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None


class Visitor:
    """Somebody at a browser. `page` is what they see now. `close_all` ends what a test opened."""

    _open: ClassVar[list["Visitor"]] = []

    def __init__(self, url: str) -> None:
        self._open.append(self)
        self.http = httpx.Client(base_url=url, timeout=30, headers={"accept": "text/html"})
        self.page: httpx.Response = self.http.get("/")

    @classmethod
    def close_all(cls) -> None:
        while cls._open:
            cls._open.pop().http.close()

    def get(self, path: str) -> httpx.Response:
        self.page = self.http.get(path, follow_redirects=True)
        return self.page

    @property
    def path(self) -> str:
        return self.page.url.path

    def forms(self) -> list[Form]:
        parser = _Forms()
        parser.feed(self.page.text)
        return parser.forms

    def form(self, action: str = "") -> Form:
        """The main form of the page: of those in it the one that leads to `action`, or the last that is not the
        footer's."""
        own = [f for f in self.forms() if f.action not in ("/prefs", "/sign-out") and f.action.endswith(action)]
        assert own, f"no form at {self.path}"
        return own[-1]

    def send(self, *, action: str = "", follow: bool = True, **typed: str) -> httpx.Response:
        """Press the form's button after typing. A keyword with a trailing underscore loses it (`for_`)."""
        form = self.form(action)
        values = form.values | {name.rstrip("_"): value for name, value in typed.items()}
        target = urljoin(str(self.page.url), form.action)
        self.page = (
            self.http.get(target, params=values, follow_redirects=follow)
            if form.method == "get"
            else self.http.post(target, data=values, follow_redirects=follow)
        )
        return self.page

    def photo(self, slot: str, body: bytes) -> httpx.Response:
        """Send a picture from the form of that slot of a photo page."""
        form = next(f for f in self.forms() if f"/{slot}?" in f.action)
        files = {"file": ("photo.jpg", body, "image/jpeg")}
        target = urljoin(str(self.page.url), form.action)
        fields = {name: value for name, value in form.values.items() if name != "file"}
        self.page = self.http.post(target, data=fields, files=files, follow_redirects=True)
        return self.page

    def sign_in(self, resident: str) -> "Visitor":
        self.get("/sign-in")
        self.send(resident=resident)
        if self.path == "/consent":
            self.send(agree="1")
        assert self.page.status_code == 200
        return self

    def start(self) -> str:
        """Begin a filing by way of the questions; returns the draft's address. Who has one insurance is not asked."""
        self.get("/filing")
        self.send(trip="cross_province", care="inpatient", why="long_term")
        self.send(action="/filing/start")
        draft, _, step = self.path.rpartition("/")
        assert step in ("who", "place"), self.path
        return draft

    def walk(self, until: str = "", **typed: str) -> None:
        """From 给谁办 on to the page `until`, or to the result, as one who makes no mistakes."""
        steps: list[tuple[str, dict[str, Any]]] = [
            ("who", {"for_": "self"}),
            ("place", {"area": "130200"}),
            ("kind", {"kind": "long_term_resident"}),
            ("notice", {"notice_read": "1"}),
            (
                "contact",
                {
                    "start_choice": "today",
                    "admitted_choice": "no",
                    "end_choice": "long",
                    "residence": "路北区新华道 126 号",
                    "tel": "13800000001",
                    "addr": "太原市小店区体育路 8 号",
                },
            ),
            ("review", {}),
            ("sign", {"agree": "1", "typed": "张建国"}),
        ]
        for step, values in steps:
            if not self.path.endswith("/" + step):
                continue
            if step == until:
                return
            self.send(**{name: typed.get(name, value) for name, value in values.items()})
            assert self.page.status_code == 200, self.page.text
