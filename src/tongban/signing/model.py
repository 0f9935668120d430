"""The words of a signature: the text it stands under, the name as written, and what is kept of both."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from tongban.kernel.vocabulary import Word


class Segment(NamedTuple):
    text: str
    is_strong: bool


class Clause(NamedTuple):
    clause_id: str
    segments: tuple[Segment, ...]

    @property
    def plain(self) -> str:
        return "".join(segment.text for segment in self.segments)


class Commitment(NamedTuple):
    """`points` say it in a few lines; `text` is what is signed, paragraphs parted by line breaks.

    `version` changes with any word of it.
    """

    version: str
    title: str
    points: tuple[Clause, ...]
    text: str

    @property
    def paragraphs(self) -> list[str]:
        return self.text.split("\n")


class SignatureMethod(Word):
    STROKES = "strokes", "手写"
    TYPED = "typed", "打字"


@dataclass(frozen=True, slots=True)
class Signature:
    """A name put under a commitment.

    Either `strokes` (the JSON text a signature pad sends, see `signing.strokes.read_strokes`) or `typed_name`.
    `answers_hash` is what `signing.answers_hash` gave for the text and answers shown when the name was written:
    should any of them be another by now, the signature is void.
    """

    answers_hash: bytes
    strokes: str = ""
    typed_name: str = ""


@dataclass(frozen=True, slots=True)
class SignedText:
    """The commitment as it was signed, and the hash that binds it to the answers."""

    signer_id: int
    signer_name: str
    method: SignatureMethod
    title: str
    text_version: str
    text: str
    strokes: Mapping[str, Any] | None
    picture_png: bytes | None
    answers_hash: bytes
    signed_at: datetime
