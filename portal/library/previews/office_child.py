"""Runs as `office_child.py PROGRAM FOLDER FILE`, after child_start.py: becomes LibreOffice, which writes a PDF into the folder."""

import os
import sys
from pathlib import Path

NOWHERE = "http://127.0.0.1:9"  # nobody listens there: what would fetch something from elsewhere fails at once


def main() -> None:
    """Become the program, with a profile in the folder."""
    program, folder, file = sys.argv[1:]
    os.environ |= {"http_proxy": NOWHERE, "https_proxy": NOWHERE, "SAL_USE_VCLPLUGIN": "svp"}
    os.chdir(folder)
    words = [
        program, f"-env:UserInstallation={Path(folder, 'profile').as_uri()}", "--headless", "--norestore", "--nolockcheck", "--nodefault",
        "--convert-to", "pdf", "--outdir", folder, file,
    ]  # fmt: skip
    os.execv(program, words)  # noqa: S606  # no shell


if __name__ == "__main__":
    main()
