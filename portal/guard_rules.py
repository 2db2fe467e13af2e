"""What the personal-data guard looks for in one plain spelling of a text (`guard_text.View`), and how sure it
is.

Sources: folkbokföringslagen (1991:481) 18 and 18 a §§ (date, birth number 001-999, check digit, plus sign
from the year of turning 100; coordination numbers add 60 to the day). Skatteverket also gives out
coordination numbers with month 00 or day 60 where the date of birth is not known. An organisation number has
a third digit of at least 2, so it never has a valid month. Every pattern is bounded: no input makes one back-
track over more than some forty characters.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum

from stdnum import luhn


class Verdict(StrEnum):
    """What to do with a find: stop the text, ask its author, or let it through."""

    BLOCK = "block"
    ASK = "ask"
    PASS = "pass"  # noqa: S105 - a verdict, no password


class Kind(StrEnum):
    """What a find is."""

    PERSONAL = "personal_identity_number"
    COORDINATION = "coordination_number"
    PHONE = "phone"
    EMAIL = "email"
    ACCOUNT = "account"


PERSONAL_NUMBERS = frozenset({Kind.PERSONAL, Kind.COORDINATION})


@dataclass(frozen=True, slots=True)
class Hit:
    """A find in one view: offsets in the view's text, the normalised value (never shown), and what may be
    shown.
    """

    kind: Kind
    verdict: Verdict
    start: int
    end: int
    value: str
    masked: str


# Patterns start with a plain set of characters and look behind afterwards: that lets the engine skip what
# cannot match.
_HEAD = r"(?P<year>[0-9](?<![0-9]{2})[0-9](?:[0-9]{2})?)"
_MONTH = r"(?P<month>0[0-9]|1[0-2])"
_DAY = r"(?P<day>[0-2][0-9]|3[01]|[6-8][0-9]|9[01])"
_BETWEEN = r"(?P<between>[ \t\r\n]{0,3}[-+]{1,3}[ \t\r\n]{0,3}|[ ]{1,3}|[\t\r\n,.:;][ \t\r\n]{0,2}|[/_|·*]"
_COMPACT = re.compile(
    rf"{_HEAD}{_MONTH}{_DAY}{_BETWEEN}|)(?P<tail>[0-9]{{4}}|[0-9]{{2}} [0-9]{{2}}|[0-9]{{3}} [0-9])(?![0-9])"
)
_PARTED = re.compile(rf"{_HEAD}(?P<mark>[-./ ]){_MONTH}(?P=mark){_DAY}{_BETWEEN})(?P<tail>[0-9]{{4}})(?![0-9])")
_NEXT = r"[ ./_|*+-]{1,3}[0-9]"
_SPELT = re.compile(  # digits one by one in the date, the last four, or both; not a stretch of a longer row
    rf"[0-9](?<![0-9]{{2}})(?<![0-9][ ./_|*+-][0-9])"
    rf"(?:(?:{_NEXT}){{5}}(?:(?:{_NEXT}){{2}})?{_NEXT}(?:[0-9]{{3}}|(?:{_NEXT}){{3}})"
    rf"|[0-9]{{5}}(?:[0-9]{{2}})?(?:{_NEXT}){{4}})"
    rf"(?![ ./_|*+-]?[0-9])"
)
_LABEL = (
    r"(?:person(?:al)?[ -]?(?:identity[ -]?|id[ -]?)?(?:nummer|number|numret|nr|no\b)"
    r"|person(?:beteckning|[ -]?id\b)|pers?[. -]{0,2}nr\b|pnr\b"
    r"|samordnings?[ -]?(?:nummer|numret|nr)|samnr\b|identitets(?:nummer|beteckning)"
    r"|i(?<!\wi)d[ -]?(?:nummer|nr)|f[oö]delsen(?:umme)?r"
    r"|fyra sista|coordination number|social security|s(?<!\ws)sn\b)"
)
_LABELLED = re.compile(_LABEL)
_BORN = re.compile(r"f(?<!\wf)[oö]dd(?:a|es)?\b|f[oö]delse(?:datum|tid)|f(?<!\wf)\.|born\b|date of birth|birth ?date")
_ODD = re.compile(  # any grouping at all, straight after a word that says what it is
    rf"{_LABEL}[^0-9\n]{{0,24}}+(?:\n[^0-9\n]{{0,8}}+)?"
    rf"(?P<number>[0-9](?:[ ./_|*+-]{{0,3}}[0-9]){{9}}(?:(?:[ ./_|*+-]{{0,3}}[0-9]){{2}})?)(?![0-9])"
)
# Ten or twelve digits parted in any way that keeps year, month, day and the last four apart. Bars, brackets and signs
# stand before the last four only: within a date they part the columns of a table.
_PART = r"[ ./_*+-]{1,3}"
_LOOSE = re.compile(
    r"(?P<date>[0-9]{2}(?<![0-9]{3})(?<![0-9][ ./_|*+-][0-9]{2})(?:"
    rf"[0-9]{{2}}(?:[0-9]{{2}}(?:[0-9]{{2}})?|{_PART}[0-9]{{2}}(?:[0-9]{{2}}|{_PART}[0-9]{{2}})?)"
    rf"|{_PART}[0-9]{{2}}(?:[0-9]{{2}}|{_PART}[0-9]{{2}}(?:[0-9]{{2}})?)))"
    r"(?:[^\w\n]|_){1,4}"
    rf"(?P<tail>[0-9]{{4}}|[0-9]{{2}}{_PART}[0-9]{{2}}|[0-9]{{3}}{_PART}[0-9]|[0-9]{_PART}[0-9]{{3}})"
    r"(?![ ./_*+-]?[0-9])"
)
_LAST_WORDS = ("fyra sista", "sista fyra", "sista siffror", "kontrollsiffror", "last four")
_LAST_FOUR = re.compile(  # 1981-12-28, fyra sista 9874
    r"(?P<date>[0-9]{2}(?<![0-9]{3})(?:[0-9]{2}){2,3}|[0-9]{2}(?<![0-9]{3})(?:[0-9]{2})?[-./ ][0-9]{2}[-./ ][0-9]{2})"
    rf"(?![0-9])[^0-9\n]{{1,40}}(?:{'|'.join(_LAST_WORDS)})[^0-9\n]{{0,20}}"
    r"(?P<tail>[0-9]{4})(?![0-9])"
)
_DATE_GOES_ON = re.compile(r"[-./]\d{1,2}[-./]\d")
_BEFORE, _AFTER = 48, 32  # how near a word must stand, in characters


def _is_date(century: str, yy: str, mm: str, dd: str) -> bool:
    """Is it a day on which a person with that number can have been born?"""
    month, day = int(mm), int(dd)
    year = int(century + yy) if century else 2000 + int(yy)  # without a century 2000 stands in: same leap years
    if day >= 60:
        # 60 and month 00: the date is not known. The day is not held against the month: test numbers are not.
        possible = month <= 12 and day <= 91
        month, day = max(month, 1), 1
    else:
        possible = True
    try:
        born = date(year, month, day)
    except ValueError:
        return False
    return possible and (not century or born <= datetime.now(UTC).date())


def _kind_of(digits: str) -> Kind | None:
    """Personal or coordination number (10 or 12 digits), or None: date, birth number and check digit are
    tested.
    """
    century, ten = digits[:-10], digits[-10:]
    if century not in ("", "18", "19", "20") or ten[6:9] == "000":
        return None
    if not _is_date(century, ten[:2], ten[2:4], ten[4:6]) or not luhn.is_valid(ten):
        return None
    return Kind.COORDINATION if ten[4] >= "6" else Kind.PERSONAL


def _masked(digits: str) -> str:
    return f"{digits[:-4]}-****"


def _year_or_time(tail: str) -> bool:
    return 1800 <= int(tail) <= 2199 or (tail[:2] < "24" and tail[2:] < "60")


def _near(text: str, start: int, end: int, *, words: re.Pattern[str]) -> bool:
    return bool(words.search(text, max(0, start - _BEFORE), start) or words.search(text, end, end + _AFTER))


def _weak(separator: str) -> bool:
    """Full stop, comma, colon, tab and line break part columns and sentences more often than they part a
    number.
    """
    return separator[:1] in ("\t", "\r", "\n", ",", ".", ":", ";")


def _recent(year: str) -> bool:
    """May the date be that of a file or a meeting rather than a birth?"""
    if len(year) == 2:
        year = ("20" if 2000 + int(year) <= datetime.now(UTC).year else "19") + year
    return int(year) >= 1995


def _of_compact(text: str, match: re.Match[str]) -> Verdict:
    start, end = match.span()
    separator, tail = match["between"], match["tail"].replace(" ", "")
    if _near(text, start, end, words=_LABELLED) or _near(text, start, end, words=_BORN):
        return Verdict.BLOCK
    amount = text[end : end + 1] in (".", ",") and text[end + 1 : end + 2].isdigit()
    fraction = start >= 2 and text[start - 1] in ".," and text[start - 2].isdigit()
    if not separator:
        if amount or fraction or text[start - 1 : start] == "+":
            return Verdict.PASS
        return Verdict.BLOCK if len(match["year"]) == 4 else Verdict.ASK
    loose = separator.isspace() or separator == "_"
    if _weak(separator) or (loose and (amount or (_recent(match["year"]) and _year_or_time(tail)))):
        return Verdict.ASK  # "161123 0930" is a date with a time as often as a number
    return Verdict.BLOCK


def _of_parted(text: str, match: re.Match[str]) -> Verdict:
    start, end = match.span()
    separator, tail = match["between"], match["tail"]
    if _DATE_GOES_ON.match(text, end):  # 2016-11-23–2017-01-05
        return Verdict.PASS
    tight = not _weak(separator) and not any(map(str.isspace, separator))
    labelled = _near(text, start, end, words=_LABELLED)
    if not tight and _year_or_time(tail) and not labelled:  # 2016-11-23 2017, 2016-11-23 0930
        return Verdict.PASS
    if labelled or _near(text, start, end, words=_BORN):
        return Verdict.BLOCK
    if match["mark"] == " " or _weak(separator) or (tight and _year_or_time(tail)):
        return Verdict.ASK
    return Verdict.BLOCK


def _of_loose(text: str, match: re.Match[str], digits: str) -> Verdict:
    start, end = match.span()
    if _near(text, start, end, words=_LABELLED) or _near(text, start, end, words=_BORN):
        return Verdict.BLOCK
    year, tail = digits[:-8], digits[-4:]
    if _year_or_time(tail) and (len(year) == 4 or _recent(year)):  # 2016-11-23 (2017), 161123 / 0930
        return Verdict.PASS
    if re.match(
        r"[0-9]{2}[^0-9]+(?:1[89]|20|21)[0-9]{2}[^0-9]|(?:1[89]|20|21)[0-9]{2}[^0-9]+[0-9]{2}[^0-9]+[0-9]{4}", match[0]
    ):
        return Verdict.PASS  # Dnr 2009-11-2345: a year and running numbers
    if re.match(r"0[0-9]-", match[0]):  # 08-11 12 34 56
        return Verdict.PASS
    return Verdict.ASK


def _loose_numbers(text: str) -> Iterator[Hit]:
    """Numbers whose parts stand apart in ways that nobody is taught, and that a reader puts together at a glance."""
    for match in _LOOSE.finditer(text):
        date, tail = ("".join(filter(str.isdigit, match[part])) for part in ("date", "tail"))
        day_first = date[4:] + date[2:4] + date[:2]  # 28121981-9874
        for candidate in (date + tail, day_first + tail) if len(date) == 8 else (date + tail,):
            kind = _kind_of(candidate)
            if kind is not None and (verdict := _of_loose(text, match, candidate)) is not Verdict.PASS:
                yield Hit(kind, verdict, *match.span(), candidate[-10:], _masked(candidate))
                break
    # the words are looked for first: that costs nothing where they are not
    for match in _LAST_FOUR.finditer(text) if any(word in text for word in _LAST_WORDS) else ():
        digits = "".join(filter(str.isdigit, match["date"] + match["tail"]))
        if (kind := _kind_of(digits)) is not None:
            yield Hit(kind, Verdict.BLOCK, *match.span(), digits[-10:], _masked(digits))


def personal_numbers(text: str) -> Iterator[Hit]:
    """Personal identity numbers and coordination numbers in a view's text."""
    for pattern, judge in ((_COMPACT, _of_compact), (_PARTED, _of_parted)):
        for match in pattern.finditer(text):
            digits = f"{match['year']}{match['month']}{match['day']}{match['tail'].replace(' ', '')}"
            kind = _kind_of(digits)
            if kind is not None and (verdict := judge(text, match)) is not Verdict.PASS:
                yield Hit(kind, verdict, *match.span(), digits[-10:], _masked(digits))
    for match in _SPELT.finditer(text):
        digits = "".join(filter(str.isdigit, match[0]))
        kind = _kind_of(digits)
        if kind is not None:
            yield Hit(kind, Verdict.BLOCK, *match.span(), digits[-10:], _masked(digits))
    for match in _ODD.finditer(text):
        digits = "".join(filter(str.isdigit, match["number"]))
        for candidate in (digits, digits[:10]):
            kind = _kind_of(candidate) if len(candidate) in (10, 12) else None
            if kind is not None and not _DATE_GOES_ON.match(text, match.end()):
                yield Hit(kind, Verdict.BLOCK, *match.span("number"), candidate[-10:], _masked(candidate))
                break
    yield from _loose_numbers(text)
