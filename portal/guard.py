"""The personal-data guard: no text with a personal identity number is stored, and contact details only on
purpose.

`scan` finds, `check` decides. BLOCK: a Swedish personal identity or coordination number whose date and check
digit are right and that has a separator, a century or a telling word near it. ASK: the bare ten digits, phone
numbers, e-mail addresses and bank accounts, which the author may keep by ticking the find's key. What was
stopped is never logged or stored; `Find.masked` is all that may be shown.
"""

import hashlib
import hmac
import secrets
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain

from flask_babel import gettext as _

from portal import errors
from portal.guard_contacts import accounts, emails, phones
from portal.guard_rules import PERSONAL_NUMBERS, Hit, Kind, Verdict, personal_numbers
from portal.guard_text import View, views

__all__ = ["PERSONAL_NUMBERS", "Find", "Kind", "Stopped", "Verdict", "check", "check_numbers", "init", "scan"]

_KEY_LENGTH = 12
_ORDER = {
    kind: place for place, kind in enumerate((Kind.PERSONAL, Kind.COORDINATION, Kind.ACCOUNT, Kind.EMAIL, Kind.PHONE))
}
_secret = secrets.token_bytes(32)


def init(secret: bytes) -> None:
    """Set the secret of the finds' keys; all processes of one portal must share it. Raises ValueError below
    16 bytes.
    """
    global _secret  # one value for the process, set once when the app starts
    if len(secret) < 16:
        raise ValueError("the guard's secret needs at least 16 bytes")
    _secret = hashlib.sha256(b"portal.guard\0" + secret).digest()


@dataclass(frozen=True, slots=True)
class Find:
    """Something that looks like personal data.

    `start` and `end` are offsets in the raw text and `line` counts from 1. `masked` may be shown to the
    author. `key` names the find from one sending of a form to the next: the same value in the same field has
    the same key, and without the portal's secret no value can be found from it.
    """

    kind: Kind
    verdict: Verdict
    field: str
    line: int
    start: int
    end: int
    masked: str
    key: str


class Stopped(errors.Invalid):
    """The texts may not be stored as they are; `finds` says why, and the message is for the author."""

    finds: list[Find]

    def __init__(self, finds: list[Find]) -> None:
        worst = min(finds, key=lambda find: (find.verdict is not Verdict.BLOCK, find.field, find.start))
        super().__init__(_message(worst), field=worst.field or None)
        self.finds = finds


def _message(find: Find) -> str:
    message: str
    if find.verdict is Verdict.BLOCK and find.kind is Kind.COORDINATION:
        message = _("This cannot be published yet: it contains a coordination number.")
    elif find.verdict is Verdict.BLOCK:
        message = _("This cannot be published yet: it contains a personal identity number.")
    elif find.kind is Kind.PHONE:
        message = _("This looks like a phone number. Is it a work number?")
    elif find.kind is Kind.EMAIL:
        message = _("This looks like an e-mail address. Is it a work address?")
    elif find.kind is Kind.ACCOUNT:
        message = _("This looks like a bank account. Does it belong to an organisation?")
    else:
        message = _("This looks like a personal identity number. Is it something else?")
    return message


def _key(kind: Kind, field: str, value: str) -> str:
    message = "\0".join((kind, field, value)).encode("utf-8", "surrogatepass")
    return hmac.digest(_secret, message, "sha256").hex()[:_KEY_LENGTH]


def _hits(view: View) -> Iterator[Hit]:
    text = view.text
    return chain(personal_numbers(text), accounts(text), emails(text), phones(text))


def _in_raw(raw: str, view: View, hit: Hit) -> Hit:
    """The hit with offsets in the raw text. Bare ten digits that the raw text splits by marks have a
    separator after all.
    """
    start, end = view.span(hit.start, hit.end)
    verdict = hit.verdict
    if verdict is Verdict.ASK and hit.kind in (Kind.PERSONAL, Kind.COORDINATION) and view.steps:
        bare = view.text[hit.start : hit.end].isdigit()
        if bare and not raw[start:end].isdigit():
            verdict = Verdict.BLOCK
    return replace(hit, start=start, end=end, verdict=verdict)


def _without_overlaps(hits: list[Hit]) -> list[Hit]:
    """Of hits that overlap the gravest stays; the answer is in the order of the text."""
    hits.sort(key=lambda hit: (hit.verdict is not Verdict.BLOCK, _ORDER[hit.kind], hit.start, -hit.end))
    starts: list[int] = []
    kept: list[Hit] = []
    for hit in hits:
        place = bisect_left(starts, hit.start)
        free = place == 0 or kept[place - 1].end <= hit.start
        if free and (place == len(kept) or hit.end <= kept[place].start):
            starts.insert(place, hit.start)
            kept.insert(place, hit)
    return kept


def scan(text: str, *, field: str = "") -> list[Find]:
    """Everything in `text` that looks like personal data, in its order and without overlaps; never a PASS.

    `field` is the name of the form field or document part; it becomes part of the finds and of their keys.
    """
    hits = [_in_raw(text, view, hit) for view in views(text) for hit in _hits(view)]
    if not hits:
        return []
    line_ends = [at for at, char in enumerate(text) if char == "\n"]
    finds = []
    for hit in _without_overlaps(hits):
        line = bisect_right(line_ends, hit.start - 1) + 1
        key = _key(hit.kind, field, hit.value)
        finds.append(Find(hit.kind, hit.verdict, field, line, hit.start, hit.end, hit.masked, key))
    return finds


def check(texts: Mapping[str, str], *, keep: Collection[str] = ()) -> list[Find]:
    """Stop personal data in `texts` (field name -> text) before anything is stored.

    `keep` holds the keys of the finds that the author has ticked. Answers the finds that were kept, for the
    audit log. Raises `Stopped` with everything that stands in the way: a BLOCK, or an ASK that was not
    ticked.
    """
    finds = [find for field, text in texts.items() for find in scan(text, field=field)]
    stopping = [find for find in finds if find.verdict is Verdict.BLOCK or find.key not in keep]
    if stopping:
        raise Stopped(stopping)
    return finds


def kept_in(texts: Mapping[str, str]) -> set[str]:
    """The keys of what stands in texts that are stored: its author was asked then, and nobody is asked at each save."""
    return {find.key for field, text in texts.items() for find in scan(text, field=field)}


def check_numbers(texts: Mapping[str, str]) -> None:
    """Stop only personal and coordination numbers, also those that a writer would be asked about.

    For what is made of contact details (the register of contacts) and where nobody can be asked (published files).
    Raises `Stopped`.
    """
    finds = [find for field, text in texts.items() for find in scan(text, field=field)]
    numbers = [find for find in finds if find.kind in PERSONAL_NUMBERS]
    if numbers:
        raise Stopped(numbers)
