"""The portal's own key for Web Push (VAPID, RFC 8292): made once, kept in the data directory, read by nobody else."""

from __future__ import annotations

import base64
import contextlib
import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from flask import current_app
from joserfc import jwt
from joserfc.jwk import ECKey

LIFE = 12 * 3600  # seconds that a proof of ours is good; a day is the most there may be


def _file() -> Path:
    folder: Path = current_app.config["SETTINGS"].data_dir
    return folder / "vapid.pem"


def _key() -> ec.EllipticCurvePrivateKey:
    file = _file()
    if not file.exists():
        _make(file)
    key = serialization.load_pem_private_key(file.read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("vapid.pem holds no key on an elliptic curve")
    return key


def _make(file: Path) -> None:
    """Two processes that make one at once end with the same: whose link comes first."""
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
        opened.write(pem)
    try:
        with contextlib.suppress(FileExistsError):
            os.link(fresh, file)
    finally:
        fresh.unlink()


def public_key() -> str:
    """What browsers are told when they subscribe, as they want it."""
    point = _key().public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )  # fmt: skip
    return base64.urlsafe_b64encode(point).rstrip(b"=").decode()


def proof(origin: str, *, now: int) -> str:
    """The header by which a push service knows that it is us, and whom it may write to."""
    pem = _key().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    claims = {"aud": origin, "exp": now + LIFE, "sub": f"mailto:{current_app.config['SETTINGS'].mail_from}"}
    token = jwt.encode({"alg": "ES256", "typ": "JWT"}, claims, ECKey.import_key(pem))
    return f"vapid t={token}, k={public_key()}"
