"""The words a person agrees to before anything is looked up: content of the agency, each version known by its hash."""

from functools import cache
from pathlib import Path

from tongban.signing import Commitment, commitment_from, content_of

_FILE = Path(__file__).with_name("consent.yaml")


@cache
def consent_text() -> Commitment:
    """`points` are shown first, `text` is what is agreed to; `version` changes with any word of it."""
    return commitment_from(content_of(_FILE), {})
