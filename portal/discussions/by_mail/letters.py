"""A word of help to whoever answered a post by mail in vain."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

from flask import current_app, render_template
from flask_babel import force_locale
from flask_babel import gettext as _

from portal import db, i18n, mail, outbox
from portal.discussions.models import Thread
from portal.discussions.policy import visible_threads
from portal.notifications.delivery.bounces import bounce_address, letter_key
from portal.notifications.letters import refused
from portal.people.models import HandlingClass, Person

log = logging.getLogger("portal.mail")


@outbox.handler("reply_help")
def send_help(*, person_id: int, thread_id: int, reason: str, finds: Sequence[str]) -> None:
    """Tell why an answer was not taken: of a sensitive group without naming it, and never what was written."""
    person = db.session.get(Person, person_id)
    if person is None or not person.is_active:
        return
    thread = _nameable(person, thread_id)
    base: str = current_app.config["SETTINGS"].base_url
    with force_locale(i18n.known(person.language)):
        subject = str(_("Your answer by mail was not taken"))
        address = base + thread.path if thread is not None else base
        text = render_template("mail/reply_help.txt", thread=thread, reason=reason, finds=finds, address=address)
    _deliver(person, subject, text)


@outbox.handler("left_out_mail")
def send_left_out(*, person_id: int, thread_id: int, text: str) -> None:
    """Tell what of an answer was left out, unless the group has become sensitive or may no longer be read."""
    person = db.session.get(Person, person_id)
    thread = _nameable(person, thread_id) if person is not None and person.is_active else None
    if person is None or thread is None:
        return
    base: str = current_app.config["SETTINGS"].base_url
    with force_locale(i18n.known(person.language)):
        subject = str(_("Part of your answer by mail was left out"))
        body = render_template("mail/reply_left_out.txt", thread=thread, text=text, address=base + thread.path)
    _deliver(person, subject, body)


def _nameable(person: Person, thread_id: int) -> Thread | None:
    """The thread, if the person may read it and mail may name it."""
    thread = db.session.scalar(visible_threads(person).where(Thread.id == thread_id))
    return thread if thread is not None and thread.group.handling_class is not HandlingClass.SENSITIVE else None


def _deliver(person: Person, subject: str, text: str) -> None:
    person_id = person.id
    letter = mail.Mail(person.name, person.email, subject, text)
    letter = replace(letter, bounce_to=bounce_address(person_id, letter_key("")))
    db.pause()
    try:
        mail.deliver(letter)
    except mail.Undeliverable as error:
        log.warning("help to person %s was refused", person_id)
        refused(person_id, error)
