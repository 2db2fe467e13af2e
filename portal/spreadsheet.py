"""Tables for spreadsheet programs: semicolons, a byte order mark so that they see UTF-8, and no cell that they would take for a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

# also the full-width twins, which some of them read alike
_FORMULA = re.compile(r"'*[=+\-@\t\uff1d\uff0b\uff0d\uff20]")


def as_text(cell: str) -> str:
    """The cell as a spreadsheet program shows it, not as it would compute it."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def as_written(cell: str) -> str:
    """What was given to `as_text`."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def write_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """The whole file. Numbers stay numbers, also negative ones."""
    target = io.StringIO(newline="")
    writer = csv.writer(target, delimiter=";", lineterminator="\r\n")
    writer.writerow(head)
    for row in rows:
        writer.writerow([cell if isinstance(cell, int | float) else as_text(str(cell)) for cell in row])
    return "\N{BYTE ORDER MARK}" + target.getvalue()
