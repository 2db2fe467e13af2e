"""Signed addresses by which mail of one sort is stopped without signing in (RFC 8058)."""

from __future__ import annotations

import hashlib

from flask import current_app
from itsdangerous import BadSignature, Signer

from portal import db
from portal.notifications.models import GATHERED
from portal.people.models import Person
from portal.web import LARGEST_NUMBER


def _signer() -> Signer:
    secret: str = current_app.config["SETTINGS"].secret_key.get_secret_value()
    return Signer(secret, salt="notifications.unsubscribe", digest_method=hashlib.sha256)


def unsubscribe_token(person: Person, sort: str) -> str:
    """What stands in the address; `sort` is `kind-<name>`, `group-<id>` or `gathered-<channel>` of those
    that gather.
    """
    return _signer().sign(f"{person.id}.{sort}").decode()


def unsubscribing(token: str) -> tuple[Person, str, str] | None:
    """Who wants no more mail, and of what: the sort's first and second part. None if the token was not made here,
    or would stop what no mail says that it stops (all that comes at once).
    """
    try:
        signed = _signer().unsign(token).decode()
    except (BadSignature, UnicodeError):
        return None
    number, _dot, sort = signed.partition(".")
    if not number.isdigit() or int(number) > LARGEST_NUMBER:
        return None
    person = db.session.get(Person, int(number))
    what, _dash, which = sort.partition("-")
    if what == "gathered" and which not in GATHERED:
        return None
    return (person, what, which) if person is not None else None
