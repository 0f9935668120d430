"""The notice and the commitment: content that an agency may replace, read from files, each version known by its hash.

Whoever signed keeps the whole text with the signature, so an old text needs no file here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from tongban.kernel.vocabulary import FilingKind, Locality
from tongban.signing import Clause, Commitment, commitment_from, content_of, segments, text_version

_OWN = Path(__file__).parent
_FILES = ("notice.yaml", "commitment.yaml", "relation.yaml", "places.yaml")


class Notice(NamedTuple):
    """What one kind of filing is told before it is made. `version` changes with any word of it."""

    version: str
    title: str
    clauses: tuple[Clause, ...]


@dataclass(frozen=True)
class Texts:
    """All texts of one directory. Build with `load_texts`."""

    notice_file: Mapping[str, Any]
    commitment_file: Mapping[str, Any]
    relation_file: Mapping[str, Any]
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
        return Notice(text_version(self.notice_file["dated"], said), title, clauses)

    def whole_notice(self) -> tuple[Clause, ...]:
        """Every clause for every kind, for those who want to read all of it."""
        return tuple(Clause(str(row["id"]), segments(str(row["zh"]))) for row in self.notice_file["clauses"])

    def commitment(self, kind: FilingKind, *, place: str, proof: str, insured: str = "") -> Commitment:
        """`place` is the region's full name, `proof` names the papers the kind demands, empty when it demands none;
        `insured` is the insured person's name where somebody else signs for them."""
        return commitment_from(
            self.commitment_file, {"kind": kind.zh, "place": place, "proof": proof, "insured": insured}
        )

    def relation(self, *, insured: str, signer: str, relation: str) -> Commitment:
        """What a proxy signs first: who they are to the insured person. `relation` in words (母亲)."""
        return commitment_from(self.relation_file, {"insured": insured, "signer": signer, "relation": relation})


@lru_cache(maxsize=8)
def load_texts(directory: Path | None = None) -> Texts:
    """The texts of `directory`; a file it lacks is taken from those that come with the product."""
    found = {name: directory / name if directory and (directory / name).exists() else _OWN / name for name in _FILES}
    notice, commitment, relation, places = (content_of(found[name]) for name in _FILES)
    return Texts(notice, commitment, relation, tuple(str(code) for code in places["places"]))
