"""Runs as `pdf_child.py TEMPLATE`, after child_start.py: reads JSON on standard input, writes the PDF on standard output.

PDF/A takes no character that the fonts do not have. What is written in other scripts is then replaced, and the data says so
(`"missing": true`): minutes must be had as a file whatever somebody pasted into them.
"""

import json
import re
import sys
import unicodedata
from pathlib import Path
from typing import Any

import typst

MISSING = "\N{REPLACEMENT CHARACTER}"
# What the fonts that come with typst have, whatever else is installed on the machine.
_OTHER = re.compile(
    "[^\n\t\x20-\x7e\xa0-\u024f\u0386-\u038a\u038c\u038e-\u03a1\u03a3-\u03ce\u0400-\u045f\u1e00-\u1eff"
    "\u2010-\u2027\u2030-\u203e\u20ac\u2116\u2122\u2190-\u2199\u21d2\u2212\u2260\u2264\u2265"
    "\u25a0\u25a1\u25aa\u25cb\u25cf\u2610\u2611\u2713\u2714\u2717\ufffd]"
)


def _compile(template: Path, data: str) -> bytes:
    made: bytes = typst.compile(
        str(template), root=str(template.parent), sys_inputs={"data": data}, pdf_standards=["a-2a", "ua-1"]
    )
    return made


def _showable(value: Any) -> Any:
    """The same data with each character that the fonts may lack replaced."""
    if isinstance(value, str):
        return _OTHER.sub(MISSING, unicodedata.normalize("NFC", value))
    if isinstance(value, dict):
        return {key: _showable(one) for key, one in value.items()}
    return [_showable(one) for one in value] if isinstance(value, list) else value


def main() -> None:
    """Compile the template; its data comes in as the system input `data`."""
    template, data = Path(sys.argv[1]), sys.stdin.buffer.read().decode()
    try:
        content = _compile(template, data)
    except typst.TypstError as error:
        if "could not be displayed with font" not in str(error):
            raise
        content = _compile(template, json.dumps(_showable(json.loads(data)) | {"missing": True}))
    sys.stdout.buffer.write(content)


if __name__ == "__main__":
    main()
