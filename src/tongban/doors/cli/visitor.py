"""Somebody who uses the pages without JavaScript: opens them, fills forms as they stand, follows where they lead."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final
from urllib.parse import urljoin, urlsplit

import httpx

# What a reader sees as a new line.
_BREAKS: Final = frozenset({"br", "dd", "div", "dt", "h1", "h2", "h3", "li", "p"})
_VOID: Final = frozenset({"input", "br", "hr", "img", "meta", "link", "rect", "path", "circle", "source", "wbr"})


class PageTrouble(Exception):
    """A page said that something is wrong, or was not the one expected. The text is what the page says."""


@dataclass
class Form:
    """What a form would send if nobody touched it, and its buttons that carry a value."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Element:
    tag: str
    classes: frozenset[str]
    text: str = ""


class Page(HTMLParser):
    """A page as it was read: its forms, links (text, address), workings (label, amount, formula), texts by class."""

    def __init__(self, url: str, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.url = url
        self.forms: list[Form] = []
        self.links: list[tuple[str, str]] = []
        self._open: list[Element] = []
        self._closed: list[Element] = []
        self._form: Form | None = None
        self._select = ""
        self._textarea = ""
        self._href = ""
        self.workings: list[tuple[str, str, str]] = []
        self.feed(html)
        self.close()

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    @property
    def title(self) -> str:
        return next((self._squeezed(element) for element in self._closed if element.tag == "h1"), "")

    def texts(self, css_class: str) -> list[str]:
        """The text of every element of that class, in page order of their ends."""
        return [self._squeezed(element) for element in self._closed if css_class in element.classes]

    def form(self, ending: str) -> Form:
        """The form whose action ends so. Raises PageTrouble."""
        for form in self.forms:
            if urlsplit(form.action).path.endswith(ending):
                return form
        raise PageTrouble(f"页面“{self.title}”上没有要填的表（{ending}）")

    def _squeezed(self, element: Element) -> str:
        return " ".join(element.text.split())

    # --- reading ---

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        if tag in _BREAKS:
            self.handle_data(" ")
        if tag not in _VOID:
            self._open.append(Element(tag, frozenset(known.get("class", "").split())))
        if tag == "form":
            self._form = Form(urljoin(self.url, known.get("action", self.url)), known.get("method", "get").lower())
            self.forms.append(self._form)
        elif tag == "a":
            self._href = known.get("href", "")
        elif self._form is not None and known.get("name"):
            self._read_field(self._form, tag, known)
        elif self._form is not None and tag == "option" and self._select:
            self._read_option(self._form, known)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._textarea = ""
        while any(element.tag == tag for element in self._open):
            element = self._open.pop()
            self._closed.append(element)
            self._read_working(element)
            if element.tag == tag:
                if tag == "a":
                    self.links.append((self._squeezed(element), self._href))
                break

    def _read_working(self, element: Element) -> None:
        """Lines of an amount's working: a label, its amount, and perhaps a formula right after."""
        if not any("calc" in outer.classes for outer in self._open):
            return
        text = self._squeezed(element)
        if element.classes & {"t"}:
            self.workings.append((text, "", ""))
        elif self.workings and "v" in element.classes:
            self.workings[-1] = (self.workings[-1][0], text, "")
        elif self.workings and "formula" in element.classes:
            self.workings[-1] = (*self.workings[-1][:2], text)

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data
        if self._form is not None and self._textarea:
            self._form.fields[self._textarea] += data

    def _read_field(self, form: Form, tag: str, known: Mapping[str, str]) -> None:
        name, kind = known["name"], known.get("type", "text")
        if tag == "button":
            form.buttons.append((name, known.get("value", "")))
        elif tag == "select":
            self._select = name
            form.fields[name] = ""
        elif tag == "textarea":
            self._textarea = name
            form.fields[name] = ""
        elif tag == "input" and kind in ("radio", "checkbox"):
            if "checked" in known:
                form.fields[name] = known.get("value", "on")
        elif tag == "input":
            form.fields[name] = known.get("value", "")

    def _read_option(self, form: Form, known: Mapping[str, str]) -> None:
        if "selected" in known:
            form.fields[self._select] = known.get("value", "")


class Visitor:
    """One person's browser: cookies are kept, redirects followed, problems on a page raised as PageTrouble."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def open(self, path: str) -> Page:
        return self._read(self._client.get(path, follow_redirects=True))

    def send(self, form: Form, answers: Mapping[str, str], *, button: tuple[str, str] | None = None) -> Page:
        """Everything the form holds, with `answers` filled in, and the button pressed."""
        fields = form.fields | dict(answers) | (dict([button]) if button else {})
        if form.method == "get":
            return self._read(self._client.get(form.action, params=fields, follow_redirects=True))
        return self._read(self._client.post(form.action, data=fields, follow_redirects=True))

    def _read(self, response: httpx.Response) -> Page:
        page = Page(str(response.url), response.text)
        problems = page.texts("errbox")
        if problems or response.status_code >= 400:
            raise PageTrouble(problems[0] if problems else page.title or f"HTTP {response.status_code}")
        return page
