"""Commitments as content: an agency may put its own file in place of ours, and every wording is known by its hash.

A file holds ``dated``, ``title``, ``points`` (a few lines to read first) and ``paragraphs`` (all of what is signed).
Each line has its words under ``zh``: ``**…**`` is set bold, ``{word}`` stands for a word given by the flow. A line
may depend on a word: ``needs: proof`` keeps it only where `proof` has something to say, ``without: proof`` only where
it has nothing; of several words in a list all must hold. Whoever signed keeps the whole text with the signature, so an
old wording needs no file.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from tongban.signing.model import Clause, Commitment, Segment


@lru_cache(maxsize=64)
def content_of(file: Path) -> Mapping[str, Any]:
    """What a content file says; read once per process."""
    content: Mapping[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return content


def commitment_from(content: Mapping[str, Any], words: Mapping[str, str]) -> Commitment:
    """The commitment with `words` filled in. Raises KeyError for a placeholder or condition that names no word."""
    points = tuple(
        Clause(f"point_{number}", segments(line)) for number, line in enumerate(_lines(content["points"], words), 1)
    )
    text = "\n".join(_lines(content["paragraphs"], words))
    title = str(content["title"])
    return Commitment(text_version(content["dated"], [title, text]), title, points, text)


def _lines(rows: Iterable[Mapping[str, Any]], words: Mapping[str, str]) -> list[str]:
    return [
        # One pass: a word that looks like a placeholder is only text.
        re.sub(r"\{(\w+)\}", lambda found: words[found[1]], str(row["zh"]))
        for row in rows
        if all(words[word] for word in _named(row, "needs")) and not any(words[w] for w in _named(row, "without"))
    ]


def _named(row: Mapping[str, Any], key: str) -> list[str]:
    """One word or several."""
    named = row.get(key, [])
    return [named] if isinstance(named, str) else list(named)


def segments(line: str) -> tuple[Segment, ...]:
    """``a **b** c`` → a, b (strong), c."""
    return tuple(Segment(part, number % 2 == 1) for number, part in enumerate(line.split("**")) if part)


def text_version(dated: object, said: Iterable[str]) -> str:
    """``2026-11-01.1a2b3c4d``: the day the file gives itself and a hash over every word."""
    digest = hashlib.sha256("\n".join(said).encode()).hexdigest()
    return f"{dated}.{digest[:8]}"
