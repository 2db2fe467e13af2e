"""Phone numbers, e-mail addresses and bank accounts for the personal-data guard: always a question, never a
stop.

Numbers that are meant for everybody pass: the freephone and shared-cost series 020, 0200 and 077x, and short
numbers such as 112, 1177 and 114 14.
"""

import re
from collections.abc import Iterator

from stdnum import iban

from portal.guard_rules import Hit, Kind, Verdict

# Area codes of two and three digits in the Swedish numbering plan (PTS) without their 0; all others have four
# digits.
_AREA = r"(?:8|1[013689]|2[0136]|3[1356]|4[0246]|54|6[03]|7[02369]|90|[1-9][0-9]{2})"
_SWEDISH = re.compile(
    rf"(?P<area>[(0](?<![0-9+][(0])(?<![0-9][-.:/,][(0])(?:(?<=\()0)?(?<=0){_AREA}\)?)"
    r"[ ]?[-/ ][ ]?(?:[0-9]{5,8}|[0-9]{2,3}(?:[ .-][0-9]{2,3}){1,3})(?![0-9])"
)
_BARE_MOBILE = re.compile(r"(?P<area>0(?<![0-9+]0)(?<![0-9][-.:/,]0)7[02369])[0-9]{7}(?![0-9])")
_FOREIGN = re.compile(
    r"(?P<area>[+0](?<![\w+][+0])(?:(?<=\+)|0(?=46|[1-9][0-9]?[ -])) ?[1-9][0-9]?)"
    r"(?:[ ()./-]{0,3}[0-9]){6,13}(?![0-9])"
)
_FREE = ("020", "0200", "077")
_AT = re.compile(r"[@(\[](?:(?<=@)|(?:at|snabel-?a)[\])] ?)(?P<host>[^\W_](?:[\w-]{0,62}\.[^\W_]){1,8}[\w-]{1,62})")
_LOCAL = re.compile(r"[\w.%+'-]{1,64}(?= ?\Z)")
_IBAN = re.compile(r"se(?<![a-z0-9]se)[0-9]{2}(?:[ -]?[0-9]{4}){5}(?![0-9])")
_BANK = re.compile(
    r"(?:bank[- ]?giro(?:t|nummer)?|plus[- ]?giro(?:t|nummer)?|postgiro(?:t|nummer)?"
    r"|b(?<!\wb)g|p(?<!\wp)g|konto(?:nummer|numret|nr|t)?|clearing(?:nummer|nr)?|account(?: number| no)?)\b"
    r"[^0-9\n]{0,20}+(?P<number>[0-9](?:[ -]{0,2}[0-9]){6,15})(?![0-9])"
)


def _stars(text: str, keep: int) -> str:
    """The first `keep` characters as they are, every later digit or letter as a star."""
    return text[:keep] + "".join("*" if char.isalnum() else char for char in text[keep:])


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))


def _swedish_ok(area: str, digits: str) -> bool:
    """Is it a whole subscriber number that is not one of the public series?"""
    local = len(digits) - len(area)
    fits = 6 <= local <= 8 if area == "08" else 5 <= local <= 8 if len(area) == 3 else 5 <= local <= 6
    return fits and not digits.startswith(_FREE)


def phones(text: str) -> Iterator[Hit]:
    """Swedish numbers with separators, bare mobile numbers, and international ones (+ or 00)."""
    for pattern in (_SWEDISH, _BARE_MOBILE):
        for match in pattern.finditer(text):
            digits = _digits(match[0])
            if pattern is _BARE_MOBILE or _swedish_ok(_digits(match["area"]), digits):
                yield Hit(Kind.PHONE, Verdict.ASK, *match.span(), digits, _stars(match[0], len(match["area"])))
    for match in _FOREIGN.finditer(text):
        digits = _digits(match[0]).removeprefix("00")
        plain = match[0].startswith("00") and match.start() > 1 and text[match.start() - 2].isdigit()  # 12 00 45 …
        swedish = "0" + digits[2:].lstrip("0") if digits.startswith("46") else ""
        if 9 <= len(digits) <= 15 and not plain and not swedish.startswith(_FREE):
            yield Hit(Kind.PHONE, Verdict.ASK, *match.span(), digits, _stars(match[0], len(match["area"])))


def emails(text: str) -> Iterator[Hit]:
    """E-mail addresses, also with (at) and in internationalised spelling."""
    for match in _AT.finditer(text):
        start = max(0, match.start() - 65)
        local = _LOCAL.search(text[start : match.start()])
        if local is not None and (match[0][0] != "@" or start + local.end() == match.start()):
            start += local.start()
            value = f"{local[0]}@{match['host']}"
            yield Hit(Kind.EMAIL, Verdict.ASK, start, match.end(), value, f"{local[0][0]}***@{match['host']}")


def accounts(text: str) -> Iterator[Hit]:
    """Swedish IBANs with the right check digits, and account or giro numbers after a word that says so."""
    for match in _IBAN.finditer(text):
        if iban.is_valid(match[0].replace("-", " "), check_country=False):
            yield Hit(Kind.ACCOUNT, Verdict.ASK, *match.span(), _digits(match[0]), _stars(match[0].upper(), 4))
    for match in _BANK.finditer(text):
        number = match["number"]
        yield Hit(Kind.ACCOUNT, Verdict.ASK, *match.span("number"), _digits(number), _stars(number, 2))
