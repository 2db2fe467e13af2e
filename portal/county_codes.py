"""The counties of Sweden by their letters. Activities, reports and material point at them by letter."""

from __future__ import annotations

from collections.abc import Collection

# SCB's letters, in the order of the counties' numbers (01 to 25), which every Swedish list of counties follows
COUNTIES = {
    "AB": "Stockholms län", "C": "Uppsala län", "D": "Södermanlands län", "E": "Östergötlands län",
    "F": "Jönköpings län", "G": "Kronobergs län", "H": "Kalmar län", "I": "Gotlands län", "K": "Blekinge län",
    "M": "Skåne län", "N": "Hallands län", "O": "Västra Götalands län", "S": "Värmlands län", "T": "Örebro län",
    "U": "Västmanlands län", "W": "Dalarnas län", "X": "Gävleborgs län", "Y": "Västernorrlands län",
    "Z": "Jämtlands län", "AC": "Västerbottens län", "BD": "Norrbottens län",
}  # fmt: skip


def county_name(code: str) -> str:
    """The county of a letter: "Örebro län". Names are not translated. An unknown letter is answered as it is."""
    return COUNTIES.get(code, code)


def in_order(codes: Collection[str]) -> list[str]:
    """The letters that are counties, each once, in the usual order."""
    return [code for code in COUNTIES if code in codes]
