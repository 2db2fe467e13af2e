"""The `sendmail` of a mail program: what mail servers do with an answer on its way, and LMTP into the portal.

Called with the port of that door, the name of the server that checks, and what a mail program tells sendmail.
"""

from __future__ import annotations

import smtplib
import sys
from email import message_from_bytes
from email.utils import parseaddr


def main() -> int:
    """Hand over what stands on standard input. The portal's own mail server says on top that it has checked the sender."""
    port, checked_by, *told = sys.argv[1:]
    content = sys.stdin.buffer.read()
    sender = parseaddr(message_from_bytes(content)["From"])[1]
    found = f"Authentication-Results: {checked_by}; dmarc=pass header.from={sender.rpartition('@')[2]}\r\n"
    with smtplib.LMTP("127.0.0.1", int(port), timeout=60) as door:
        refused = door.sendmail(sender, told[told.index("--") + 1 :], found.encode() + content.replace(b"\n", b"\r\n"))
    return len(refused)


if __name__ == "__main__":
    sys.exit(main())
