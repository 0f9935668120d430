"""The two commitments: content that an agency may replace, read from files, each version known by its hash."""

from pathlib import Path

from tongban.kernel.money import Fen, yuan
from tongban.kernel.vocabulary import Locality, Relation
from tongban.signing import Commitment, commitment_from, content_of

_OWN = Path(__file__).parent


def commitment(
    locality: Locality, *, receiver: str, relation: Relation, place: str, limit_fen: Fen, directory: Path | None = None
) -> Commitment:
    """The text for a receiver insured there; `place` is their insured region's name. A file `directory` lacks is taken
    from those that come with the product."""
    name = "cross_province.yaml" if locality is Locality.CROSS_PROVINCE else "in_province.yaml"
    file = directory / name if directory and (directory / name).exists() else _OWN / name
    words = {"receiver": receiver, "relation": relation.zh, "place": place, "amount": yuan(limit_fen)}
    return commitment_from(content_of(file), words)
