"""The pages under docs/ say what the program does: names, links, commands and settings are held against it."""

import importlib.util
import itertools
import re
import shlex
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer

from tongban.doors.cli import app
from tongban.doors.worker.registry import CHORES

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
HOUSE = (DOCS / "concepts" / "house.md").read_text()
COMMANDS = DOCS / "reference" / "commands.md"
SOURCES = sorted((ROOT / "src").rglob("*.py"))
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), ROOT / "data" / "MANIFEST.md"])

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_PATH = re.compile(r"`((?:src|docs|tests|bench|policies|data|scripts)/[\w./*-]+)`")
_BLOCK = re.compile(r"^```(?:sh|bash)?\n(.*?)^```", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def between(text: str, mark: str) -> str:
    return text.split(f"<!-- {mark} -->")[1].split("<!-- end -->")[0]


def anchors(page: Path) -> set[str]:
    """How links name the headings of a page."""
    kept = (re.sub(r"[^\w\- ]", "", title.lower()) for title in _HEADING.findall(page.read_text()))
    return {title.strip().replace(" ", "-") for title in kept}


@pytest.mark.parametrize("page_file", PAGES, ids=_name)
def test_links_and_paths_lead_somewhere(page_file: Path) -> None:
    lost = []
    for link in _LINK.findall(page_file.read_text()):
        path, _, anchor = link.partition("#")
        target = page_file.parent / path if path else page_file
        if "://" in link:
            continue
        if not target.exists() or (anchor and anchor not in anchors(target)):
            lost.append(link)
    lost += [path for path in _PATH.findall(page_file.read_text()) if not any(ROOT.glob(path.rstrip("/")))]
    assert lost == []


def test_every_page_is_in_the_table_of_contents() -> None:
    contents = DOCS / "README.md"
    listed = {(DOCS / link).resolve() for link in _LINK.findall(contents.read_text())} | {contents}
    listed |= set((DOCS / "adr").glob("*.md"))  # in the index of their own
    assert [str(page.relative_to(ROOT)) for page in sorted(DOCS.rglob("*.md")) if page not in listed] == []


def test_every_decision_is_in_the_index() -> None:
    index = (DOCS / "adr" / "README.md").read_text()
    listed = dict(re.findall(r"^\| \[\d{4}\]\((\d{4}[\w-]+\.md)\) \| (.+) \|$", index, re.MULTILINE))
    titles = {
        path.name: path.read_text().splitlines()[0].removeprefix(f"# {path.name[:4]} ")
        for path in (DOCS / "adr").glob("[0-9]*.md")
    }
    assert listed == titles


@pytest.mark.parametrize("page_file", sorted((DOCS / "adr").glob("[0-9]*.md")), ids=_name)
def test_a_decision_says_why_what_follows_and_what_carries_it(page_file: Path) -> None:
    parts = re.findall(r"^## (.+)$", page_file.read_text(), re.MULTILINE)
    wanted = ["Context", "Decision", "What follows", "Weighed", "Carried by"]
    assert [part for part in parts if part in wanted] == wanted


def test_every_setting_is_in_the_reference_and_nothing_else() -> None:
    name = re.compile(r"\bTONGBAN_[A-Z0-9_]+\b")
    read = set(name.findall((ROOT / "src" / "tongban" / "settings.py").read_text()))
    assert set(name.findall((DOCS / "reference" / "settings.md").read_text())) == read
    known = {"TONGBAN_SHOTS"}  # where browser tests leave pictures
    assert {found for page in PAGES for found in name.findall(page.read_text())} <= read | known


def test_the_drawing_of_the_layers_is_the_contract() -> None:
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]["layers"]
    wanted = [{name.rsplit(".", 1)[-1] for name in layer.split(" : ")} for layer in contract]
    rows = [re.split(r" {2,}", row)[0] for row in between(HOUSE, "layers").splitlines() if re.match(r"[a-z]", row)]
    assert [set(row.split(" · ")) for row in rows] == wanted


def test_every_table_and_view_is_on_the_map() -> None:
    statements = "\n".join(path.read_text() for path in (ROOT / "src/tongban/infra/db/migrations").glob("*.sql"))
    tables: dict[str, list[set[str]]] = {}
    for place, kind in enumerate(("table", "view")):
        for schema, name in re.findall(rf"^create (?:or replace )?{kind} (\w+)\.(\w+)", statements, re.MULTILINE):
            tables.setdefault(schema, [set(), set()])[place].add(name)
    rows = (row.strip("|").split("|") for row in between(HOUSE, "tables").splitlines() if row.startswith("| `"))
    drawn = {schema.strip(" `"): [set(re.findall(r"`(\w+)`", cell)) for cell in cells] for schema, *cells in rows}
    assert drawn.pop("jobs") == [set(), set()]  # the queue's own tables come with its library
    assert drawn == tables


def test_every_chore_is_in_the_reference() -> None:
    table = between((DOCS / "reference" / "worker.md").read_text(), "chores")
    named = re.findall(r"^\| `(chores\.\w+)`", table, re.MULTILINE)
    assert sorted(named) == sorted(chore.name for chore in CHORES)


def test_the_page_of_commands_is_what_the_program_says() -> None:
    assert COMMANDS.read_text() == script("commands_page").page()


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def written_commands(page: Path) -> Iterator[list[str]]:
    """The words of every ``tongban …`` in the page's blocks of shell, up to a comment or a pipe."""
    for block in _BLOCK.findall(page.read_text()):
        for line in block.replace("\\\n", " ").splitlines():
            if found := re.search(r"(?:^|\| )(?:\.venv/bin/)?tongban (.+)$", line.strip()):
                words = shlex.split(found[1], comments=True)
                yield list(itertools.takewhile(lambda word: word not in ("|", ">", "<"), words))


@pytest.mark.parametrize("page_file", PAGES, ids=_name)
def test_commands_that_pages_tell_people_to_type_exist(page_file: Path) -> None:
    root: Any = typer.main.get_command(app)
    for words in written_commands(page_file):
        command, rest = root, list(words)
        while children := getattr(command, "commands", {}):
            assert rest, words
            assert rest[0] in children, words
            command = children[rest.pop(0)]
        options = {name for parameter in command.params for name in parameter.opts}
        assert {word.partition("=")[0] for word in rest if word.startswith("--")} <= options, words
