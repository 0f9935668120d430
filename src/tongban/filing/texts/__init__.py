"""The notice and the commitment: content that an agency may replace, read from files, each version known by its hash.

Whoever signed keeps the whole text with the signature, so an old text needs no file here.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tongban.kernel.vocabulary import FilingKind, Locality

_OWN = Path(__file__).parent
_FILES = ("notice.yaml", "commitment.yaml", "places.yaml")


class Segment(NamedTuple):
    text: str
    is_strong: bool


class Clause(NamedTuple):
    clause_id: str
    segments: tuple[Segment, ...]

    @property
    def plain(self) -> str:
        return "".join(segment.text for segment in self.segments)


class Notice(NamedTuple):
    """What one kind of filing is told before it is made. `version` changes with any word of it."""

    version: str
    title: str
    clauses: tuple[Clause, ...]


class Commitment(NamedTuple):
    """`points` say it in three lines; `text` is what is signed, paragraphs parted by line breaks."""

    version: str
    title: str
    points: tuple[Clause, ...]
    text: str

    @property
    def paragraphs(self) -> list[str]:
        return self.text.split("\n")


@dataclass(frozen=True)
class Texts:
    """All texts of one directory. Build with `load_texts`."""

    notice_file: Mapping[str, Any]
    commitment_file: Mapping[str, Any]
    frequent_places: tuple[str, ...]

    def notice(self, kind: FilingKind, locality: Locality) -> Notice:
        """Only the clauses this kind needs, at this distance."""
        title = str(self.notice_file["title"])
        clauses = tuple(
            Clause(str(row["id"]), segments(str(row["zh"])))
            for row in self.notice_file["clauses"]
            if kind in row.get("for", (kind,)) and locality in row.get("where", (locality,))
        )
        said = [title, *(f"{clause.clause_id} {clause.plain}" for clause in clauses)]
        return Notice(_version(self.notice_file["dated"], said), title, clauses)

    def whole_notice(self) -> tuple[Clause, ...]:
        """Every clause for every kind, for those who want to read all of it."""
        return tuple(Clause(str(row["id"]), segments(str(row["zh"]))) for row in self.notice_file["clauses"])

    def commitment(self, kind: FilingKind, *, place: str, proof: str) -> Commitment:
        """`place` is the region's full name, `proof` names the papers the kind demands, empty when it demands none."""
        words = {"{kind}": kind.zh, "{place}": place, "{proof}": proof}

        def chosen(rows: Iterable[Mapping[str, Any]]) -> list[str]:
            return [
                re.sub("|".join(map(re.escape, words)), lambda found: words[found[0]], str(row["zh"]))
                for row in rows
                if row.get("needs_proof", bool(proof)) == bool(proof)
            ]

        points = tuple(
            Clause(f"point_{number}", segments(line))
            for number, line in enumerate(chosen(self.commitment_file["points"]), 1)
        )
        text = "\n".join(chosen(self.commitment_file["paragraphs"]))
        title = str(self.commitment_file["title"])
        return Commitment(_version(self.commitment_file["dated"], [title, text]), title, points, text)


def segments(line: str) -> tuple[Segment, ...]:
    """``a **b** c`` → a, b (strong), c."""
    return tuple(Segment(part, number % 2 == 1) for number, part in enumerate(line.split("**")) if part)


def _version(dated: object, said: Iterable[str]) -> str:
    digest = hashlib.sha256("\n".join(said).encode()).hexdigest()
    return f"{dated}.{digest[:8]}"


@lru_cache(maxsize=8)
def load_texts(directory: Path | None = None) -> Texts:
    """The texts of `directory`; a file it lacks is taken from those that come with the product."""
    found = {name: directory / name if directory and (directory / name).exists() else _OWN / name for name in _FILES}
    notice, commitment, places = (yaml.safe_load(found[name].read_text(encoding="utf-8")) for name in _FILES)
    return Texts(notice, commitment, tuple(str(code) for code in places["places"]))
