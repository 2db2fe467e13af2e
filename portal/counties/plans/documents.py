"""A plan as a document: what is sealed, the data of its PDF, and the table of all counties for spreadsheet programs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask_babel import get_locale
from flask_babel import gettext as _

from portal import markup, spreadsheet
from portal.counties.plans.models import CooperationPlan, PlanEdition, PlanState
from portal.counties.plans.overview import CountyPlan
from portal.meetings.minutes.documents import grouped
from portal.people.words import class_name
from portal.times import clock, date_text, local

Content = dict[str, Any]


def content_of(plan: CooperationPlan) -> Content:
    """What is sealed when a plan is adopted. Empty sections that the template no longer has are left out."""
    return {
        "group": plan.group.name,
        "county_code": plan.county_code,
        "county": plan.county,
        "template": plan.template.number,
        "organisations": [one.organisation.name for one in plan.participants],
        "sections": [
            {"heading": one.heading, "text": one.text, "is_removed": one.is_removed}
            for one in plan.sections
            if one.text or not one.is_removed
        ],
    }


def title_of(county: str) -> str:
    """The document's title."""
    return str(_("Regional cooperation plan: %(county)s", county=county))


def pdf_data(edition: PlanEdition) -> dict[str, Any]:
    """What the template `plan.typ` shows, in the present language."""
    content, at, locale = edition.content, local(edition.sealed_at), get_locale()
    return {
        "title": title_of(content["county"]),
        "subtitle": _(
            "Edition %(number)s, adopted %(day)s. To be revised by %(last)s.",
            number=edition.number, day=date_text(edition.adopted_on), last=date_text(edition.revise_by),
        ),
        "group": content["group"],
        "class": class_name(edition.plan.group.handling_class),
        "lang": locale.language if locale else "sv",
        "date": {"year": at.year, "month": at.month, "day": at.day, "hour": at.hour, "minute": at.minute, "second": at.second},
        "organisations": ", ".join(content["organisations"]),
        "sections": [
            {"heading": one["heading"], "blocks": markup.blocks(one["text"]), "is_removed": one["is_removed"]}
            for one in content["sections"]
        ],
        "seal": _("Sealed %(day)s %(time)s. Adopted by %(name)s.", day=date_text(edition.sealed_at), time=clock(edition.sealed_at),
                  name=edition.adopted_by.organisation.name),
        "sum": grouped(edition.sha256),
        "words": {
            "page": _("Page"), "of": _("of"), "organisations": _("Organisations that take part"), "empty": _("Nothing is written here."),
            "removed": _("No longer in the template"), "seal": _("Seal"), "sum": _("Checksum (SHA-256) of the content"),
        },
    }  # fmt: skip


def state_words() -> dict[PlanState | None, str]:
    """What a plan's state is called; None: the county has none."""
    return {
        PlanState.DRAFT: _("Draft"), PlanState.IN_REVIEW: _("In review"), PlanState.ADOPTED: _("Adopted"), None: _("No plan"),
    }  # fmt: skip


def table(rows: Iterable[CountyPlan]) -> str:
    """All counties as CSV."""
    head = [_("County"), _("Letter"), _("State"), _("To be revised"), _("Adopted on"), _("To be revised by"), _("Template version"),
            _("Organisations")]  # fmt: skip
    words = state_words()
    return spreadsheet.write_table(
        head,
        (
            (
                row.name, row.code, words[row.state], _("yes") if row.is_to_be_revised else "",
                row.plan.adopted_on or "" if row.plan else "", row.plan.revise_by or "" if row.plan else "",
                row.plan.template.number if row.plan else "", ", ".join(row.organisations),
            )
            for row in rows
        ),
    )  # fmt: skip
