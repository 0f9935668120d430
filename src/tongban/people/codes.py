"""The number behind a medical code. It is derived, so that the database holds only its hash and can still show it."""

from datetime import UTC, datetime, timedelta

from tongban.infra.crypto import Vault

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CODE_LENGTH = 28


def code_number(vault: Vault, person_id: int, issued_at: datetime) -> str:
    """28 characters that only a holder of the index key can make; a code issued anew is another number."""
    microseconds = (issued_at - _EPOCH) // timedelta(microseconds=1)
    return vault.index(f"{person_id}:{microseconds}", "medical_code").hex()[:_CODE_LENGTH].upper()
