"""Secrets: tokens the hub checks are kept as keyed hashes, tokens it presents are encrypted.

AES-256-GCM, bound to the row by additional data. What is sealed carries the id of its key, so that a new master
key can be introduced while old rows are still being re-encrypted. The key for the hashes is itself a sealed row:
a new master key does not make the hub forget the tokens it gave out.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_KEY_ID_BYTES: Final = 4


class VaultError(Exception):
    """A secret that cannot be opened with the keys at hand."""


class Vault:
    """Seals and opens with master keys; the first is the one in use, the others only open."""

    def __init__(self, master_keys: Sequence[bytes]) -> None:
        if not master_keys or any(len(key) != KEY_BYTES for key in master_keys):
            raise VaultError("a master key is 32 bytes")
        self._keys = {key_id(key): AESGCM(key) for key in master_keys}
        self._current = key_id(master_keys[0])

    @property
    def current(self) -> bytes:
        """The id of the key in use."""
        return self._current

    @property
    def known(self) -> Iterable[bytes]:
        """The ids of all keys at hand."""
        return self._keys.keys()

    def knows(self, sealed: bytes) -> bool:
        """Whether the key that this was sealed with is at hand."""
        return sealed[:_KEY_ID_BYTES] in self._keys

    def adopt(self, key: bytes) -> None:
        """Use this master key from now on; those that were in use still open."""
        self._current = key_id(key)
        self._keys.setdefault(self._current, AESGCM(key))

    def seal(self, secret: str, row: str, *, key: bytes = b"") -> bytes:
        """Encrypt a secret so that it opens only for this row (`table.column:id`); `key` is the id of another key."""
        key, nonce = key or self._current, os.urandom(_NONCE_BYTES)
        return key + nonce + self._keys[key].encrypt(nonce, secret.encode(), row.encode())

    def unseal(self, sealed: bytes, row: str) -> str:
        """Open what was sealed for this row. Raises VaultError for a missing key, another row or changed bytes."""
        key_id, nonce, text = sealed[:4], sealed[4 : 4 + _NONCE_BYTES], sealed[4 + _NONCE_BYTES :]
        key = self._keys.get(key_id)
        if key is None:
            raise VaultError(
                f"{row} is sealed with master key {key_id.hex()}, which is not at hand: "
                "is security.master_key or security.master_key_file that of this store?"
            )
        try:
            return key.decrypt(nonce, text, row.encode()).decode()
        except (InvalidTag, ValueError):
            raise VaultError(f"{row} does not open: it was changed, or belongs to another row") from None


class Fingerprints:
    """The keyed hash under which tokens and admin keys are kept and looked up."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of(self, token: str) -> bytes:
        """The hash of a token: the same token always gives the same 32 bytes."""
        return hmac.digest(self._key, token.encode(), "sha256")


def new_token() -> str:
    """A credentials token: 43 characters that every OCPI version accepts (string(64), U+0021 to U+007E)."""
    return secrets.token_urlsafe(32)


def new_key() -> str:
    """A master key, as text."""
    return base64.b64encode(os.urandom(KEY_BYTES)).decode()


def read_keys(text: str) -> list[bytes]:
    """The master keys of a key file, one a line in Base64, the one in use first. Raises VaultError."""
    try:
        keys = [base64.b64decode(line, validate=True) for line in text.split()]
    except ValueError:
        raise VaultError("a master key is 32 bytes in Base64") from None
    if not keys or any(len(key) != KEY_BYTES for key in keys):
        raise VaultError("a master key is 32 bytes in Base64")
    return keys


def keys_from_file(file: Path) -> list[bytes]:
    """The master keys of a file; a missing file is made with a new key and mode 0600. Raises VaultError."""
    try:
        if not file.exists():
            _make(file)
        text = file.read_text(encoding="ascii", errors="replace")
    except OSError as error:
        raise VaultError(f"the master key file {file} cannot be made or read: {error.strerror}") from None
    try:
        return read_keys(text)
    except VaultError as error:
        raise VaultError(f"the master key file {file} cannot be used: {error}") from None


def _make(file: Path) -> None:
    """Write a new key beside the file, then give it its name: whole or not at all, and the first node wins."""
    draft = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as handle:
            handle.write(new_key() + "\n")
            handle.flush()
            os.fsync(handle.fileno())
        with suppress(FileExistsError):
            os.link(draft, file)
    finally:
        draft.unlink()
    folder = os.open(file.parent, os.O_RDONLY)
    os.fsync(folder)  # the name must outlive a power cut, too: without this key the store is lost
    os.close(folder)


def key_id(key: bytes) -> bytes:
    """What is sealed begins with the id of its key."""
    return hashlib.sha256(b"key-id:" + key).digest()[:_KEY_ID_BYTES]
