"""Minutes as a document: what stands on its pages, and the PDF that is made of it. Exports use the same words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask_babel import get_locale, ngettext
from flask_babel import gettext as _

from portal import markup
from portal.meetings.minutes.content import Content
from portal.people.models import HandlingClass
from portal.people.words import class_name
from portal.times import clock, date_text, local, long_day, span

NBSP = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True, slots=True)
class Approval:
    """Who approved, for which organisation, and when."""

    name: str
    organisation: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Seal:
    """When something was sealed, the checksum of what was sealed, and who had approved it."""

    at: datetime
    sha256: str
    approvals: Sequence[Approval]


@dataclass(frozen=True, slots=True)
class Addition:
    """A sealed addendum."""

    number: int
    paragraph: int | None
    text: str
    made_by: str
    seal: Seal


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the document stands: its edition (0: a draft), its checksum, its seal, and what was added after that."""

    edition: int = 0
    made_at: datetime | None = None
    sha256: str = ""
    seal: Seal | None = None
    additions: Sequence[Addition] = ()
    record_number: str = ""


def grouped(sha256: str) -> str:
    """A checksum in groups of four, as people compare it."""
    return " ".join(sha256[place : place + 4] for place in range(0, len(sha256), 4))


def title_of(content: Content) -> str:
    """The document's title."""
    return str(_("Minutes: %(title)s", title=content["title"]))


def state_line(standing: Standing) -> str:
    """In which state the document is."""
    if standing.seal is not None:
        return str(_("Approved and sealed %(day)s", day=date_text(standing.seal.at)))
    if standing.edition:
        return str(_("Edition %(number)s, not approved yet", number=standing.edition))
    return str(_("Draft minutes"))


def when_and_where(content: Content) -> str:
    """`tisdag 24 november 2026, kl. 09.30–15.30, Göteborg`."""
    starts, ends = datetime.fromisoformat(content["starts_at"]), datetime.fromisoformat(content["ends_at"])
    hours = "" if content["is_all_day"] else f", {span(starts, ends)}"
    where = f", {content['place']}" if content["place"] else ""
    return f"{long_day(starts)} {local(starts).year}{hours}{where}"


def attendance_rows(content: Content) -> list[list[str]]:
    """Organisation, name, how, and from when to when."""
    ways = {"on_site": _("On site"), "online": _("Online")}
    rows = []
    for organisation in content["attendance"]["organisations"]:
        for person in organisation["people"]:
            name = person["name"]
            if person["instead_of"]:
                name = _("%(name)s (instead of %(other)s)", name=name, other=person["instead_of"])
            how = ", ".join(dict.fromkeys(str(ways.get(stay["way"], "")) for stay in person["stays"]))
            rows.append([organisation["name"], name, how, ", ".join(filter(None, map(_hours, person["stays"])))])
    return rows


def _hours(stay: dict[str, str | None]) -> str:
    came, left = stay["came_at"], stay["left_at"]
    if came is None:
        return ""
    until = clock(datetime.fromisoformat(left)) if left else ""
    return f"{clock(datetime.fromisoformat(came))}–{until}"


def attendance_notes(content: Content) -> list[str]:
    """Who is missing: organisations that were called and seats that nobody holds; or that nobody noted who was there."""
    found, is_noted = [], content["attendance"]["basis"] == "noted"
    if not is_noted:
        found.append(_("Attendance was not noted."))
    if is_noted and content["attendance"]["absent"]:
        found.append(_("Not represented: %(names)s.", names=", ".join(content["attendance"]["absent"])))
    if vacant := content["attendance"]["vacant"]:
        found.append(
            ngettext("Vacant seat: %(names)s.", "Vacant seats: %(names)s.", len(vacant), names=", ".join(vacant))
        )
    return found


def action_line(action: dict[str, Any]) -> str:
    """Who answers for an action, and until when."""
    who = f"{action['owner']}, {action['organisation']}" if action["owner"] else action["organisation"]
    due = date_text(date.fromisoformat(action["due_on"])) if action["due_on"] else ""
    return f"{who}, {due}" if due else str(who)


def previous_line(content: Content) -> str:
    """Which minutes went before."""
    before = content["previous"]
    if before is None:
        return ""
    on = date_text(datetime.fromisoformat(before["starts_at"]))
    return str(
        _(
            "Previous minutes: %(title)s, %(day)s (SHA-256 %(sum)s).",
            title=before["title"],
            day=on,
            sum=before["sha256"],
        )
    )


def words() -> dict[str, Any]:
    """What the documents say beside what people wrote."""
    return {
        "present": _("Present"), "announced": _("Said that they come"),
        "columns": [_("Organisation"), _("Name"), _("How"), _("Time")], "decision": _("Decision"), "action": _("Action"),
        "open_actions": _("Open actions"), "adjusters": _("Adjusters"), "adjuster_columns": [_("Name"), _("Organisation"), _("Approved")],
        "seal": _("Seal"), "sum": _("Checksum of the content (SHA-256)"), "addendum": _("Addendum"), "record": _("Diary number"),
        "page": _("Page"), "of": _("of"), "missing": _("Characters shown as � are missing in the fonts of this file. The text in the portal has them."),
    }  # fmt: skip


def seal_data(seal: Seal) -> dict[str, Any]:
    """A seal as rows."""
    return {
        "at": _("Sealed %(day)s at %(time)s.", day=date_text(seal.at), time=clock(seal.at)),
        "sum": grouped(seal.sha256),
        "rows": [[one.name, one.organisation, f"{date_text(one.at)} {clock(one.at)}"] for one in seal.approvals],
    }


def _date(instant: datetime) -> dict[str, int]:
    at = instant
    return {
        "year": at.year,
        "month": at.month,
        "day": at.day,
        "hour": at.hour,
        "minute": at.minute,
        "second": at.second,
    }


def _item_data(item: dict[str, Any]) -> dict[str, Any]:
    return {
        "paragraph": item["paragraph"],
        "title": item["title"],
        "text": markup.blocks(item["note"]),
        "decisions": [{"number": one["number"], "text": markup.blocks(one["text"])} for one in item["decisions"]],
        "actions": [{"text": one["text"], "who": action_line(one)} for one in item["actions"]],
        "open_actions": [{"text": one["text"], "who": action_line(one)} for one in item["open_actions"]],
    }


def pdf_data(content: Content, standing: Standing) -> dict[str, Any]:
    """What the template `minutes.typ` shows, in the present language."""
    locale, author = get_locale(), content["written_by"]
    group = content["group"] if not content["number"] else f"{content['group']} {content['number']}"
    made_at = standing.seal.at if standing.seal is not None else standing.made_at
    return {
        "title": title_of(content),
        "subtitle": f"{when_and_where(content)}. {state_line(standing)}.",
        "authors": [content["group"], *([author["name"], author["organisation"]] if author else [])],
        "keywords": [_("minutes"), content["group"], *([content["series"]] if content["series"] else []), class_name(HandlingClass(content["class"]))],
        "date": _date(made_at) if made_at is not None else None,
        "group": group,
        "class": class_name(HandlingClass(content["class"])),
        "lang": locale.language if locale else "sv",
        "present": attendance_rows(content),
        "present_title": words()["present" if content["attendance"]["basis"] == "noted" else "announced"],
        "present_notes": attendance_notes(content),
        "previous": previous_line(content),
        "items": [_item_data(item) for item in content["items"]],
        "adjusters": [[one["name"], one["organisation"], ""] for one in content["adjusters"]] if standing.seal is None else [],
        "seal": seal_data(standing.seal) if standing.seal is not None else None,
        "words": words(),
    }  # fmt: skip


def addendum_data(content: Content, addition: Addition) -> dict[str, Any]:
    """The same for an addendum: the template is the same, too."""
    title = _("Addendum %(number)s to the minutes of %(title)s", number=addition.number, title=content["title"])
    about = f"§{NBSP}{addition.paragraph}. " if addition.paragraph else ""
    data = pdf_data(content | {"items": [], "adjusters": []}, Standing(edition=1, seal=addition.seal))
    return data | {
        "title": title,
        "subtitle": f"{when_and_where(content)}. {about}{_('By %(name)s.', name=addition.made_by)}",
        "present": [],
        "present_notes": [],
        "previous": "",
        "text": markup.blocks(addition.text),
    }
