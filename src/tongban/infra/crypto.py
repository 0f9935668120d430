"""Personal numbers at rest: sealed with AES-256-GCM, looked up by a keyed blind index."""

import hashlib
import hmac
import os
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

if TYPE_CHECKING:
    from tongban.settings import Settings

_NONCE_BYTES = 12


class NotOpened(Exception):
    """Sealed bytes were altered, belong to another context, or were sealed with a key this installation lacks."""


class Vault:
    """Seals and opens personal data, and makes the blind indexes that find a row without opening any.

    A context (``"person.id_number"``) is bound into what is sealed, so that a value copied from one column into
    another does not open there. Layout: one byte key number, twelve bytes nonce, ciphertext with its 16-byte tag.
    """

    def __init__(self, data_keys: dict[int, bytes], index_key: bytes) -> None:
        self._ciphers = {number: AESGCM(key) for number, key in data_keys.items()}
        self._newest = max(data_keys)
        self._index_key = index_key

    @classmethod
    def from_settings(cls, settings: "Settings") -> "Vault":
        """Raises SecretsWrong when the installation has no usable keys."""
        return cls(settings.secrets.data_keys, settings.secrets.index_key)

    def seal(self, plain: bytes | str, context: str) -> bytes:
        data = plain.encode() if isinstance(plain, str) else plain
        nonce = os.urandom(_NONCE_BYTES)
        return bytes([self._newest]) + nonce + self._ciphers[self._newest].encrypt(nonce, data, context.encode())

    def open(self, sealed: bytes, context: str) -> str:
        """The text that was sealed for `context`. Raises NotOpened; the message never holds the data."""
        try:
            return self.open_bytes(sealed, context).decode()
        except UnicodeDecodeError:
            raise NotOpened(f"sealed data of {context} is no text") from None

    def open_bytes(self, sealed: bytes, context: str) -> bytes:
        """Like `open`, for what is no text, such as a picture."""
        cipher = self._ciphers.get(sealed[0]) if sealed else None
        if cipher is None:
            raise NotOpened(f"no key for sealed data of {context}")
        nonce, body = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        try:
            return cipher.decrypt(nonce, body, context.encode())
        except (InvalidTag, ValueError):
            raise NotOpened(f"sealed data of {context} does not open") from None

    def index(self, text: str, purpose: str) -> bytes:
        """32 bytes, the same for the same text and purpose: HMAC-SHA-256 under a key the database never sees.

        The purpose is set off by a byte no text contains, so that no two pairs run together.
        """
        return hmac.new(self._index_key, purpose.encode() + b"\0" + text.encode(), hashlib.sha256).digest()
