"""What forms do with what was typed, before anything looks at it."""

from __future__ import annotations


def one_line(value: str | None) -> str | None:
    """The words of a field of one line: no line breaks, no double spaces, no null characters (PostgreSQL takes none)."""
    return " ".join(value.replace("\x00", "").split()) if value else value
