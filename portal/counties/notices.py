"""What people are told about situation reports: one line for each kind of notice, in the reader's language."""

from __future__ import annotations

from datetime import date

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.notifications import kinds
from portal.times import day


def _by(until: str) -> str:
    return day(date.fromisoformat(until))


def register() -> None:
    """Make the kinds known, in the order in which the preferences list them."""
    section = _l("Situation reports")
    kinds.register(
        "round_opened", label=_l("A round of situation reports was opened"), section=section,
        text=lambda title, until: _("%(title)s: hand in your county's situation report by %(day)s.", title=title, day=_by(until)),
    )  # fmt: skip
    kinds.register(
        "round_moved", label=_l("The deadline of a round was moved"), section=section,
        text=lambda title, until: _("%(title)s: the deadline is now %(day)s.", title=title, day=_by(until)),
    )  # fmt: skip
    kinds.register(
        "round_changed", label=_l("The questions of a round were changed"), section=section,
        text=lambda title: _("%(title)s: the questions have changed since your county began. Look through your answers.", title=title),
    )  # fmt: skip
    kinds.register(
        "report_missing", label=_l("Your county's situation report is missing"), section=section,
        text=lambda title, until: _("%(title)s: your county's report is missing. The deadline is %(day)s.", title=title, day=_by(until)),
    )  # fmt: skip
    kinds.register(
        "report_submitted", label=_l("A county handed in its situation report"), section=section,
        text=lambda title, county: _("%(title)s: %(county)s has handed in its report.", title=title, county=county),
    )  # fmt: skip
    kinds.register(
        "report_returned", label=_l("Your county's situation report was sent back"), section=section,
        text=lambda title, county: _("%(title)s: the report of %(county)s has come back for completion.", title=title, county=county),
    )  # fmt: skip
    kinds.register(
        "report_taken_over", label=_l("Somebody else hands in your situation report"), section=section,
        text=lambda title, county, name: _(
            "%(title)s: %(name)s is now responsible for the report of %(county)s.", title=title, county=county, name=name
        ),
    )  # fmt: skip
