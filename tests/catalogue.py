"""Are all texts translated? Run by `make check`: extracts the texts anew and compares them with the Swedish catalogue."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parent.parent
SWEDISH = ROOT / "portal/translations/sv/LC_MESSAGES/messages.po"
_PLACE = re.compile(r"%\((\w+)\)s")


def extracted() -> Catalog:
    """The texts that the code asks for now."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "messages.pot"
        command = [sys.executable, "-m", "babel.messages.frontend", "-q", "extract", "-F", "babel.cfg", "-k", "_l",
                   "-k", "lazy_gettext", "-o", str(target), "."]  # fmt: skip
        subprocess.run(command, cwd=ROOT, check=True)
        return read_po(io.BytesIO(target.read_bytes()))


def faults(wanted: Catalog, swedish: Catalog) -> list[str]:
    """What is missing, fuzzy, or has other places for values than the English text."""
    found = ["the whole catalogue is marked as fuzzy, so it is never compiled"] if swedish.fuzzy else []
    for message in wanted:
        if not message.id:
            continue
        translated: Message | None = swedish.get(message.id)
        if translated is None or not translated.string:
            found.append(f"not translated: {message.id!r}")
        elif translated.fuzzy:
            found.append(f"fuzzy: {message.id!r}")
        elif set(_PLACE.findall(str(message.id))) != set(_PLACE.findall(str(translated.string))):
            found.append(f"other places: {message.id!r}")
    return found


def main() -> int:
    """Print what is wrong; exit code 1 if anything is."""
    swedish = read_po(io.BytesIO(SWEDISH.read_bytes()))
    found = faults(extracted(), swedish)
    for fault in found:
        print(fault)
    print(f"{len(found)} faults in the Swedish catalogue.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
