"""What people are told about cooperation plans: one line for each kind of notice, in the reader's language."""

from __future__ import annotations

from datetime import date

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.notifications import kinds
from portal.times import day


def register() -> None:
    """Make the kinds known, in the order in which the preferences list them."""
    section = _l("Cooperation plans")
    kinds.register(
        "plan_made", label=_l("A cooperation plan was begun for your county"), section=section,
        text=lambda county: _("A cooperation plan for %(county)s has been begun.", county=county),
    )  # fmt: skip
    kinds.register(
        "plan_organisation_added", label=_l("Your organisation takes part in a cooperation plan"), section=section,
        text=lambda county: _("Your organisation takes part in the cooperation plan for %(county)s. You can write in it.", county=county),
    )  # fmt: skip
    kinds.register(
        "plan_in_review", label=_l("A cooperation plan is in review"), section=section,
        text=lambda county: _("The cooperation plan for %(county)s is in review.", county=county),
    )  # fmt: skip
    kinds.register(
        "plan_returned", label=_l("A cooperation plan came back from review"), section=section,
        text=lambda county: _("The cooperation plan for %(county)s has come back from review.", county=county),
    )  # fmt: skip
    kinds.register(
        "plan_adopted", label=_l("A cooperation plan was adopted"), section=section,
        text=lambda county: _("The cooperation plan for %(county)s is adopted.", county=county),
    )  # fmt: skip
    kinds.register(
        "plan_draft_begun", label=_l("A cooperation plan is being revised"), section=section,
        text=lambda county: _("A new draft of the cooperation plan for %(county)s has been begun.", county=county),
    )  # fmt: skip
    kinds.register(
        "plan_template_changed", label=_l("The template of the cooperation plans was changed"), section=section,
        text=lambda title: _("%(title)s: the template of the cooperation plans has a new version.", title=title),
    )  # fmt: skip
    kinds.register(
        "plan_due", label=_l("Your county's cooperation plan is to be revised soon"), section=section,
        text=lambda county, until: _(
            "The cooperation plan for %(county)s is to be revised by %(day)s.", county=county, day=day(date.fromisoformat(until))
        ),
    )  # fmt: skip
    kinds.register(
        "plan_overdue", label=_l("Your county's cooperation plan should have been revised"), section=section,
        text=lambda county, until: _(
            "The cooperation plan for %(county)s should have been revised by %(day)s.", county=county, day=day(date.fromisoformat(until))
        ),
    )  # fmt: skip
