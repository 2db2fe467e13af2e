"""Mail addresses of our own that only we can make: the address of PORTAL_REPLY_TO with a signed part after a plus sign.

Each part begins with what it is for: a number is an invitation, `b` takes mail that comes back, `r` takes answers to posts.
"""

from __future__ import annotations

import base64
import hmac

from flask import current_app

_BYTES = 15  # 24 letters: the part before the @ has at most 64


def _own() -> tuple[str, str]:
    address: str = current_app.config["SETTINGS"].reply_to
    local, _at, domain = address.rpartition("@")
    return local, domain


def signature(bound_to: str) -> str:
    """What nobody else can make for this text, in letters and digits whose case does not matter: mail servers may change it."""
    secret: str = current_app.config["SETTINGS"].secret_key.get_secret_value()
    digest = hmac.digest(secret.encode(), bound_to.encode(), "sha256")[:_BYTES]
    return base64.b32encode(digest).decode().lower()


def is_signature(found: str, bound_to: str) -> bool:
    """Whether it is the signature of this text, in a time that tells nothing."""
    return hmac.compare_digest(found.encode(), signature(bound_to).encode())


def address_with(part: str) -> str:
    """Our address with that part; empty if the portal takes no mail (setting PORTAL_REPLY_TO)."""
    local, domain = _own()
    return f"{local}+{part}@{domain}" if local else ""


def part_of(address: str) -> str:
    """The part after the plus sign of an address of ours, in lower case; empty for any other address."""
    local, domain = (text.casefold() for text in _own())
    found, _at, found_domain = address.strip().strip("<>").casefold().rpartition("@")
    if not local or found_domain != domain or not found.startswith(f"{local}+"):
        return ""
    return found.removeprefix(f"{local}+")
