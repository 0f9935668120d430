"""The words of the pages, from one file: where things are found, what official terms mean, what is never said.

The file is content (`glossary.yaml`); another one in its shape may replace it.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import yaml

_FILE = Path(__file__).parent / "glossary.yaml"
_FOUND_MAX = 8

Found = TypeVar("Found", "Entrance", "Term")


class Door(NamedTuple):
    """One address of an entrance, and what its link says."""

    text: str
    href: str


class Entrance(NamedTuple):
    """Something a person can open. `also` are the other names it is looked for by, official and everyday ones;
    `pinyin` is the title as it is typed without an input method: whole, and by initials."""

    key: str
    title: str
    line: str
    doors: tuple[Door, ...]
    also: tuple[str, ...]
    pinyin: tuple[str, ...]

    def name_for(self, asked: str) -> str:
        """The name that was asked for, where it is one of ours; else empty."""
        wanted = _plain(asked)
        return next((name for name in self.also if _plain(name) == wanted), "")


class Term(NamedTuple):
    """An official term, what the pages say instead, and what it means in a sentence or two."""

    key: str
    term: str
    plain: str
    says: str


class Glossary(NamedTuple):
    entrances: tuple[Entrance, ...]
    terms: tuple[Term, ...]
    banned: Mapping[str, str]

    def term(self, key: str) -> Term:
        """Raises KeyError for a key that the file does not hold."""
        for term in self.terms:
            if term.key == key:
                return term
        raise KeyError(key)

    def find(self, asked: str) -> tuple[tuple[Entrance, ...], tuple[Term, ...]]:
        """What somebody may mean by `asked`, the likeliest first; nothing for a text without any letter."""
        if not _plain(asked):
            return (), ()
        entrances = _best([(each, _nearness(asked, each)) for each in self.entrances])
        terms = _best([(term, max(_likeness(asked, term.term), _likeness(asked, term.plain))) for term in self.terms])
        return entrances, terms


@cache
def glossary(path: Path = _FILE) -> Glossary:
    """The words of `path`. Raises KeyError or ValueError for a file that is not in shape."""
    raw: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return Glossary(
        entrances=tuple(_entrance(row) for row in raw["entrances"]),
        terms=tuple(Term(row["key"], row["term"], row["plain"], row["says"]) for row in raw["terms"]),
        banned={str(word): str(instead) for word, instead in raw["banned"].items()},
    )


def _entrance(row: Mapping[str, Any]) -> Entrance:
    links = row.get("links") or [(row["title"], row["href"])]
    doors = tuple(Door(str(text), str(href)) for text, href in links)
    also, pinyin = tuple(map(str, row.get("also", ()))), tuple(str(row.get("pinyin", "")).split())
    return Entrance(row["key"], row["title"], row["line"], doors, also, pinyin)


def _best(scored: Sequence[tuple[Found, int]]) -> tuple[Found, ...]:
    """Those as near as the nearest, down to half of it."""
    best = max(score for _, score in scored)
    kept = [pair for pair in scored if pair[1] * 2 >= best and pair[1] > 0]
    kept.sort(key=lambda pair: -pair[1])
    return tuple(found for found, _ in kept[:_FOUND_MAX])


def _nearness(asked: str, entrance: Entrance) -> int:
    """By any of its names, or by a part of how the title is typed: letters alone are alike too easily."""
    by_name = max(_likeness(asked, name) for name in (entrance.title, *entrance.also))
    return max(by_name, *(_part(_plain(asked), typed) for typed in entrance.pinyin), 0)


def _likeness(asked: str, name: str) -> int:
    """100 for the name itself, less where one holds the other, the share of common pairs of characters otherwise."""
    wanted, known = _plain(asked), _plain(name)
    if held := _part(wanted, known):
        return held
    pairs, others = _pairs(wanted), _pairs(known)
    common = len(pairs & others)
    share = 100 * common // max(len(pairs), 1)
    return share // 2 if share >= 34 else 0


def _part(wanted: str, known: str) -> int:
    """100 for the same, less the smaller a part one is of the other; 0 where neither holds the other."""
    if wanted == known:
        return 100
    shorter, longer = sorted((wanted, known), key=len)
    return 60 + 30 * len(shorter) // len(longer) if len(shorter) > 1 and shorter in longer else 0


def _pairs(text: str) -> set[str]:
    return {text[place : place + 2] for place in range(len(text) - 1)}


def _plain(text: str) -> str:
    """Without what people type differently: width, case, spaces, punctuation."""
    narrow = unicodedata.normalize("NFKC", text).lower()
    return "".join(character for character in narrow if character.isalnum())
