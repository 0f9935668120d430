"""Commitments and the names put under them, for every flow: the text as content, the strokes, one hash over both."""

from tongban.signing.commitment import answers_hash, holds, sign
from tongban.signing.errors import CommitmentNotAgreed, NotConfirmed, SignatureRefused, SignatureVoid
from tongban.signing.model import Clause, Commitment, Segment, Signature, SignatureMethod, SignedText
from tongban.signing.pages import REVIEW_KEYS, SIGN_KEYS, read_confirmed, read_signature
from tongban.signing.store import keep, signatures_of
from tongban.signing.strokes import choose_strokes, is_same_name
from tongban.signing.texts import commitment_from, content_of, segments, text_version

__all__ = [
    "Commitment",
    "Clause",
    "Segment",
    "Signature",
    "SignatureMethod",
    "SignedText",
    "commitment_from",
    "content_of",
    "segments",
    "text_version",
    "answers_hash",
    "sign",
    "holds",
    "keep",
    "signatures_of",
    "REVIEW_KEYS",
    "SIGN_KEYS",
    "read_confirmed",
    "read_signature",
    "choose_strokes",
    "is_same_name",
    "NotConfirmed",
    "CommitmentNotAgreed",
    "SignatureRefused",
    "SignatureVoid",
]
