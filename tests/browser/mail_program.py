"""A person's mail program (mutt) with a mailbox of its own, and the door by which its answers come into the portal.

mutt is used as by somebody at its keyboard: it sorts by thread, decodes, quotes and answers by itself.
"""

from __future__ import annotations

import contextlib
import io
import mailbox
import os
import pty
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.browser.stack import ROOT, Stack
from tests.commands import command
from tests.servers import find_program, free_port

SETTINGS = """
set folder="{folder}" spoolfile="{mails}" record="{mails}" copy=yes mbox_type=Maildir
set header_cache="" tmpdir="{folder}" charset=utf-8 send_charset=utf-8 realname="{name}" from="{address}" use_from=yes
set sort=threads strict_threads=yes pipe_decode=yes include=yes fast_reply=yes autoedit=yes edit_headers=no reply_to=yes
set abort_unmodified=no abort_nosubject=no postpone=no delete=no move=no quit=yes confirmappend=no wait_key=no beep=no
set attribution="Den %d skrev %n:" editor="{editor}" sendmail="{sendmail}" sendmail_wait=0 collapse_unread=yes
set thorough_search=yes
unset mark_old metoo help
alternative_order text/plain text/html
"""
ROAD = Path(__file__).with_name("mail_road.py")
EDITOR = """#!/bin/sh
{ cat "$0.words"; echo; cat "$1"; } > "$1.written" && cat "$1.written" > "$1" && rm "$1.written"
"""


@dataclass
class MailProgram:
    """Somebody's mutt. `door` is where the portal takes mail (LMTP)."""

    folder: Path
    name: str
    address: str
    door: int
    checked_by: str

    def __post_init__(self) -> None:
        self.mails = mailbox.Maildir(self.folder / "mails", create=True)
        self.editor = self.folder / "editor"
        self.editor.write_text(EDITOR, encoding="utf-8")
        self.editor.chmod(0o700)
        handover = self.folder / "sendmail"
        handover.write_text(
            f'#!/bin/sh\nexec "{sys.executable}" "{ROAD}" {self.door} {self.checked_by} "$@"\n', encoding="utf-8"
        )
        handover.chmod(0o700)
        settings = SETTINGS.format(folder=self.folder, mails=self.folder / "mails", name=self.name, address=self.address,
                                   editor=self.editor, sendmail=handover)  # fmt: skip
        (self.folder / "settings").write_text(settings, encoding="utf-8")

    def receive(self, contents: Iterable[bytes]) -> None:
        """What a mail server has brought."""
        for content in contents:
            self.mails.add(content.replace(b"\r\n", b"\n"))

    def show(self, keys: str) -> str:
        """What mutt shows of the messages that `keys` tag, one after the other, with all their headers."""
        shown = self.folder / "shown"
        shown.write_text("", encoding="utf-8")
        self.press(f"{keys}<tag-prefix><pipe-message>cat >> {shown}<enter>")
        return shown.read_text(encoding="utf-8")

    def answer(self, pattern: str, words: str) -> None:
        """Answer the first message of a pattern, quoting it."""
        Path(f"{self.editor}.words").write_text(words, encoding="utf-8")
        self.press(f"<limit>{pattern}<enter><first-entry><reply><send-message>")

    def press(self, keys: str) -> None:
        """Start mutt, press the keys, and leave it."""
        quoted = f"{keys}<limit>~A<enter><quit>".replace("\\", "\\\\").replace('"', '\\"')
        words = [find_program("mutt"), "-n", "-F", str(self.folder / "settings"), "-e", f'push "{quoted}"']
        ours, theirs = pty.openpty()
        env = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "TERM": "xterm", "LC_ALL": "C.UTF-8"}
        with io.FileIO(ours, "r") as screen:
            process = subprocess.Popen(
                words, stdin=theirs, stdout=theirs, stderr=theirs, cwd=ROOT, env=env, start_new_session=True
            )
            os.close(theirs)
            drawn = bytearray()
            reader = threading.Thread(target=_drain, args=(screen, drawn), daemon=True)
            reader.start()
            try:
                if process.wait(timeout=90) != 0:
                    raise RuntimeError(f"mutt did not like that: {drawn[-2000:].decode(errors='replace')}")
            except subprocess.TimeoutExpired as error:
                raise RuntimeError(f"mutt waits for something: {drawn[-2000:].decode(errors='replace')}") from error
            finally:
                process.kill()
                process.wait()
                reader.join(timeout=10)


def _drain(screen: io.FileIO, drawn: bytearray) -> None:
    """A screen that nobody empties would stop whoever draws on it; it ends with an error when the last one has left."""
    with contextlib.suppress(OSError):
        while piece := screen.read(4096):
            drawn.extend(piece)


@contextmanager
def taking_mail(stack: Stack) -> Iterator[int]:
    """`flask mail receive` of a running demo; gives its port."""
    port = free_port()
    process = subprocess.Popen(
        command("mail", "receive", "--port", str(port)), cwd=ROOT, env=stack.environment(), stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        process.stdout.readline()
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        process.stdout.close()
