"""What a measurement gives: rows of a table, and the small statistics behind them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `ratio` is ours against the bare engine."""

    what: str
    bare: str
    ours: str
    ratio: str


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that `percent` % of the values do not pass (nearest rank). Raises `ValueError` for no values."""
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def milliseconds(seconds: float) -> str:
    """`3.4 ms`."""
    return f"{seconds * 1000:.1f} ms"


def ratio(ours: Sequence[float], bare: Sequence[float]) -> str:
    """The median of the rounds' ratios, and the least and the greatest of them: `1.4 (1.3–1.6)`."""
    ratios = sorted(one / other for one, other in zip(ours, bare, strict=True))
    return f"{median(ratios):.2f} ({ratios[0]:.2f}–{ratios[-1]:.2f})"


def compare(what: str, *, ours: Sequence[float], bare: Sequence[float], show: Callable[[float], str]) -> Row:
    """A row of the medians of some rounds, shown by `show`, and of the rounds' ratios."""
    return Row(what, show(median(bare)), show(median(ours)), ratio(ours, bare))


def compare_times(what: str, *, ours: Sequence[Sequence[float]], bare: Sequence[Sequence[float]]) -> list[Row]:
    """Two rows, p50 and p99, of rounds of single times in seconds."""
    return [
        compare(
            f"{what}: p{percent}",
            ours=[percentile(one, percent) for one in ours],
            bare=[percentile(one, percent) for one in bare],
            show=milliseconds,
        )
        for percent in (50, 99)
    ]


def table(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table."""
    lines = ["| What | Bare | Ours | Ours / bare (least–greatest round) |", "|---|--:|--:|--:|"]
    lines += [f"| {row.what} | {row.bare} | {row.ours} | {row.ratio} |" for row in rows]
    return "\n".join(lines)
