"""What a signature is put under: a commitment's text and all answers, bound together by one hash."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from tongban.signing.errors import SignatureVoid
from tongban.signing.model import Commitment, Signature, SignatureMethod, SignedText
from tongban.signing.strokes import choose_strokes, draw_png

# Without these a signature could be lifted from one person's matter to another's.
_MUST_HOLD: Final = frozenset({"person_id", "signer_id"})


def answers_hash(commitment: Commitment, answers: Mapping[str, Any]) -> bytes:
    """What a `Signature` must carry to stand under this text and these answers.

    `answers` is JSON-able and holds everything that is signed for: `person_id` (whose matter), `signer_id`, all that
    was typed, and the sha256 of every picture. Raises ValueError when one of the two ids is missing.
    """
    return _hash(commitment.version, commitment.text, answers)


def _hash(version: str, text: str, answers: Mapping[str, Any]) -> bytes:
    """SHA-256 over version, text and answers, as JSON with sorted keys and no spaces. Changing it voids all before."""
    if missing := _MUST_HOLD - answers.keys():
        raise ValueError(f"a signature must be bound to {', '.join(sorted(missing))}")
    bound = {"text_version": version, "text": text, "answers": dict(answers)}
    written = json.dumps(bound, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(written.encode()).digest()


def sign(
    signature: Signature,
    commitment: Commitment,
    answers: Mapping[str, Any],
    *,
    signer_id: int,
    signer_name: str,
    now: datetime,
) -> SignedText:
    """The signature as it is kept.

    Raises SignatureVoid when it was put under anything else than this text and these answers, SignatureRefused when
    it is no name. Fields of the refusals: ``sign``, ``typed``.
    """
    bound_to = answers_hash(commitment, answers)
    if not hmac.compare_digest(signature.answers_hash, bound_to):
        raise SignatureVoid("您改过填的内容，原来的签名作废了，请核对后再签一次", field="sign")
    strokes = choose_strokes(signature, signer_name)
    return SignedText(
        signer_id=signer_id,
        signer_name=signer_name,
        method=SignatureMethod.STROKES if strokes else SignatureMethod.TYPED,
        title=commitment.title,
        text_version=commitment.version,
        text=commitment.text,
        strokes=strokes.record() if strokes else None,
        picture_png=draw_png(strokes) if strokes else None,
        answers_hash=bound_to,
        signed_at=now,
    )


def holds(signed: SignedText, answers: Mapping[str, Any]) -> bool:
    """Whether text and `answers` are still, letter for letter, what was signed."""
    return hmac.compare_digest(_hash(signed.text_version, signed.text, answers), signed.answers_hash)
