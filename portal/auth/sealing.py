"""Secrets at rest: what stands in the database is useless without the portal's secret key (security.md no. 46)."""

from __future__ import annotations

import base64

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


def seal(secret: str, *, key: str) -> str:
    """`secret`, encrypted and signed with a key made from `key` (the setting secret_key)."""
    return _box(key).encrypt(secret.encode()).decode()


def unseal(sealed: str, *, key: str) -> str:
    """The secret again. Raises ValueError when it was sealed with another key, or changed."""
    try:
        return _box(key).decrypt(sealed).decode()
    except InvalidToken as error:
        raise ValueError("sealed with another key") from error


def _box(key: str) -> Fernet:
    derived = HKDF(SHA256(), 32, salt=None, info=b"portal: client secrets of identity providers").derive(key.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
