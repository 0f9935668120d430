"""What a signature is put under: the commitment's text and all answers, bound together by one hash."""

import hashlib
import json
from dataclasses import asdict
from datetime import date
from typing import Any

from tongban.filing.model import FilingAnswers, Signature
from tongban.filing.texts import Commitment

# Kept sealed in columns of their own, never in the archive's plain JSON.
SEALED_ANSWERS = ("contact_phone", "contact_address", "residence_address")


def canonical(person_id: int, signer_id: int, answers: FilingAnswers) -> dict[str, Any]:
    """All answers as plain JSON values, with whom they are about and who signs. Changing its shape voids old hashes."""
    values = {name: value.isoformat() if isinstance(value, date) else value for name, value in asdict(answers).items()}
    return {"person_id": person_id, "signer_id": signer_id, **values}


def hash_canonical(text_version: str, text: str, answers: dict[str, Any]) -> bytes:
    """SHA-256 over version, text and answers, as JSON with sorted keys and no spaces."""
    bound = {"text_version": text_version, "text": text, "answers": answers}
    written = json.dumps(bound, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(written.encode()).digest()


def hash_answers(commitment: Commitment, person_id: int, signer_id: int, answers: FilingAnswers) -> bytes:
    """What a `Signature` must carry to stand under this text and these answers."""
    return hash_canonical(commitment.version, commitment.text, canonical(person_id, signer_id, answers))


def sign_by_typing(
    commitment: Commitment, person_id: int, signer_id: int, answers: FilingAnswers, name: str
) -> Signature:
    """The signature of somebody who types their full name under `commitment` and `answers`."""
    return Signature(hash_answers(commitment, person_id, signer_id, answers), typed_name=name)
