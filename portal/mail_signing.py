"""Signing what goes out (DKIM, RFC 6376), so that other servers can tell that it is ours. Off until a key is configured."""

from __future__ import annotations

from pathlib import Path

import dkim
from flask import current_app

# what a reader sees or what steers mail programs: none of it may be changed or added on the way
SIGNED = (
    "From", "To", "Subject", "Date", "Message-ID", "Reply-To", "In-Reply-To", "References", "Auto-Submitted", "List-Id",
    "List-Unsubscribe", "List-Unsubscribe-Post", "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
)  # fmt: skip


def signed(content: bytes) -> bytes:
    """The message with a signature before it, or as it was when there is no key (settings PORTAL_DKIM_…).

    Raises `OSError` when the key cannot be read, and `dkim.DKIMException` when it is none: then nothing is sent, and the
    outbox shows why.
    """
    settings = current_app.config["SETTINGS"]
    if not settings.dkim_key_file:
        return content
    key = Path(settings.dkim_key_file).read_bytes()
    domain = settings.dkim_domain or settings.mail_from.rpartition("@")[2]
    header: bytes = dkim.sign(
        content, settings.dkim_selector.encode(), domain.encode(), key, canonicalize=(b"relaxed", b"relaxed"),
        include_headers=[name.encode() for name in SIGNED],
    )  # fmt: skip
    return header + content
