"""What people read is short and plain: every template, every text file, every sentence in the pages' code."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tongban.doors.portal.glossary import glossary

SOURCE = Path(__file__).parents[2] / "src" / "tongban"
TEMPLATES = sorted((SOURCE / "doors" / "portal" / "templates").rglob("*.html"))
# Official texts have their own measure: what is signed and printed is law before it is plain.
SIGNED = {"notice.yaml", "relation.yaml", "consent.yaml", "in_province.yaml", "cross_province.yaml"}
CONTENT = sorted(
    path for path in SOURCE.rglob("*.yaml") if path.name not in SIGNED and not path.name.startswith("commitment")
)
POLICIES = sorted((SOURCE.parents[1] / "policies").rglob("*.yaml"))
# Operators and hospitals have words of their own.
CODE = sorted(
    path
    for path in SOURCE.rglob("*.py")
    if not {"cli", "gateway", "api", "population"} & set(path.relative_to(SOURCE).parts)
)
OTHER_TEXTS = sorted(path for path in SOURCE.rglob("*") if path.suffix in (".js", ".typ"))
# Whose sentences citizens read; what `people.scan` says is for the counter, what `people.demo_` holds are names.
TO_CITIZENS = [
    path
    for path in CODE
    if re.match(
        r"doors/portal/|(?:advice|drafts|filing|journeys|materials|mutual_aid|notices|reimbursement|signing)/"
        r"|people/(?!demo_|scan)|kernel/(?!capitals)",
        path.relative_to(SOURCE).as_posix(),
    )
]
LONGEST = 25
_HAN = re.compile(r"[\u4e00-\u9fff]")


def spoken(template: str) -> str:
    """The words of a template: tags, addresses and what Jinja fills in are none; blocks end a sentence."""
    text = re.sub(r"\{#.*?#\}", "", template, flags=re.S)
    text = re.sub(
        r"\{%-?\s*(?:block|endblock|call|endcall|macro|endmacro|elif|else|if|endif|for|endfor).*?%\}", "。", text
    )
    strings = re.findall(r"'([^'{}<>]*[\u4e00-\u9fff][^'{}<>]*)'", text)
    text = re.sub(r"\{[{%].*?[%}]\}", "x", text, flags=re.S)
    text = re.sub(r"</?(?:b|span|small|a|i|em)\b[^>]*>", "", text)
    return "。".join([re.sub(r"<[^>]+>", "。", text), *strings])


def sentences(text: str) -> Iterator[str]:
    """A list of names is no sentence: what stands between 、 counts once."""
    for sentence in re.split(r"[。？！；：\n·]", re.sub(r"《.*?》|（.*?）|“.*?”", "", text)):
        yield re.sub(r"(?:[^，、]{1,12}、)+", "", sentence)


def values(node: Any) -> Iterator[str]:
    """Every text of a YAML file, without the keys."""
    if isinstance(node, dict):
        for value in node.values():
            yield from values(value)
    elif isinstance(node, list):
        for value in node:
            yield from values(value)
    elif isinstance(node, str):
        yield node


def said_in(path: Path) -> Iterator[str]:
    """The Chinese texts of a module, docstrings excepted; what is filled in counts as nothing."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    quiet = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    joined = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) for part in node.values if isinstance(part, ast.Constant))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in quiet | joined:
            yield node.value


def too_long(texts: Iterator[str]) -> list[str]:
    return [s.strip() for text in texts for s in sentences(text) if len(_HAN.findall(s)) > LONGEST]


def banned(texts: Iterator[str]) -> list[str]:
    words = glossary().banned
    return [f"{word}: {text[:60]}" for text in texts for word in words if word in text]


def name(path: Path) -> str:
    return str(path.relative_to(SOURCE))


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_a_page_is_short_and_plain(path: Path) -> None:
    text = spoken(path.read_text(encoding="utf-8"))
    assert too_long(iter([text])) == []
    assert banned(iter([text])) == []


@pytest.mark.parametrize("path", CONTENT, ids=name)
def test_a_text_file_is_short_and_plain(path: Path) -> None:
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    if path.name == "glossary.yaml":
        content.pop("banned")
    assert too_long(values(content)) == []
    assert banned(values(content)) == []


@pytest.mark.parametrize("path", CODE, ids=name)
def test_what_code_says_is_plain(path: Path) -> None:
    assert banned(said_in(path)) == []


@pytest.mark.parametrize("path", TO_CITIZENS, ids=name)
def test_what_code_says_to_citizens_is_short(path: Path) -> None:
    assert too_long(said_in(path)) == []


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.name)
def test_what_the_law_says_is_plain(path: Path) -> None:
    assert banned(values(yaml.safe_load(path.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize("path", OTHER_TEXTS, ids=name)
def test_scripts_and_printed_papers_are_plain(path: Path) -> None:
    assert banned(iter([path.read_text(encoding="utf-8")])) == []


def test_the_measures_can_fail() -> None:
    long = "这一句话里面的字实在是太多了所以老人家看到后面就已经忘记前面说的是什么"
    assert too_long(iter([spoken(f"<p>{long}</p>")])) == [long]
    assert too_long(iter([spoken(f"<p>{long[:20]}，<b>{long[20:]}</b></p>")])) != []
    assert banned(iter([spoken("{{ m.note('请输入正确的手机号') }}")])) != []
    assert too_long(iter([spoken("<p>短的。</p><p>也是短的</p>")])) == []


def test_the_glossary_names_no_two_things_alike() -> None:
    words = glossary()
    assert len({term.key for term in words.terms}) == len(words.terms)
    assert len({entrance.title for entrance in words.entrances}) == len(words.entrances)
    for term in words.terms:
        assert term.plain != term.term
