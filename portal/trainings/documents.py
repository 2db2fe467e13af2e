"""Trainings as files: the certificate, and the coverage as a table for spreadsheet programs."""

from __future__ import annotations

from typing import Any

from flask_babel import get_locale
from flask_babel import gettext as _

from portal import spreadsheet
from portal.county_codes import county_name
from portal.db import now
from portal.people.words import class_name
from portal.times import clock, date_text, local
from portal.trainings.forms import AUTHORITY_NAMES, OCCASION_KINDS
from portal.trainings.models import Authority, Nomination


def certificate_data(nomination: Nomination) -> dict[str, Any]:
    """What the template `certificate.typ` shows, in the present language."""
    cohort, at, locale = nomination.cohort, local(now()), get_locale()
    training = cohort.training
    assert nomination.graduated_at is not None  # asked for by whoever calls
    return {
        "title": _("Certificate"),
        "subtitle": f"{training.title}, {cohort.name}",
        "group": training.group.name,
        "class": class_name(training.group.handling_class),
        "lang": locale.language if locale else "sv",
        "date": {"year": at.year, "month": at.month, "day": at.day, "hour": at.hour, "minute": at.minute, "second": at.second},
        "name": nomination.name,
        "employer": nomination.employer,
        "sentence": _("has completed the training"),
        "training": training.title,
        "cohort": cohort.name,
        "occasions": [
            [date_text(one.starts_at), str(OCCASION_KINDS[one.kind]), one.title] for one in cohort.occasions
        ],
        "signed": _("%(organisation)s, %(day)s", organisation=training.organisation.name, day=date_text(nomination.graduated_at)),
        "made": _("Made in Samverkansportalen %(time)s.", time=f"{date_text(now())} {clock(now())}"),
        "words": {"programme": _("The occasions of the cohort"), "day": _("Day"), "kind": _("Kind"), "what": _("Title")},
    }  # fmt: skip


def coverage_table(found: dict[str, dict[Authority, int]]) -> str:
    """The coverage as a spreadsheet."""
    head = [_("Letter"), _("County"), *(str(name) for name in AUTHORITY_NAMES.values())]
    rows = [[code, county_name(code), *(row[kind] for kind in AUTHORITY_NAMES)] for code, row in found.items()]
    return spreadsheet.write_table(head, rows)
