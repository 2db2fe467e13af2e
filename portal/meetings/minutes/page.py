"""What the page of the minutes shows, in each of their states."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask import request
from flask_babel import gettext as _
from wtforms.fields.choices import SelectChoice

from portal import db, web
from portal.meetings import policy as meeting_policy
from portal.meetings.followup.policy import changed_decisions_of
from portal.meetings.minutes import policy
from portal.meetings.minutes.changes import changed_items
from portal.meetings.minutes.content import Content, assemble, digest, renewed
from portal.meetings.minutes.documents import Standing, grouped
from portal.meetings.minutes.forms import (
    AddendumForm,
    AnswerForm,
    EditionForm,
    RecordNumberForm,
    RefusalForm,
    RemarkForm,
)
from portal.meetings.minutes.jobs import additions_of, approvals_of, seal_of
from portal.meetings.minutes.models import (
    Adjuster,
    AdjusterState,
    Minutes,
    MinutesEdition,
    MinutesState,
    RecordNumber,
    Remark,
    RemarkState,
)
from portal.meetings.models import Meeting
from portal.people.models import Person
from portal.times import clock, day, moment


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the bar at the top."""

    title: str
    meta: str
    icon: str
    is_current: bool


def _steps(minutes: Minutes | None, readers: int) -> list[Step]:
    state = minutes.state if minutes is not None else MinutesState.DRAFT
    order = list(MinutesState)
    metas, titles = ["", "", "", ""], [_("Draft"), _("Circulated"), _("Being adjusted"), _("Sealed")]
    metas[3] = _("archived as PDF/A")
    if minutes is not None:
        first = minutes.editions[0]
        metas[0] = first.made_by.name
        metas[1] = _("%(day)s to %(number)s people", day=day(first.made_at), number=readers)
        required = [one for one in minutes.adjusters if one.replaced_at is None]
        approved = len(approvals_of(minutes.adjusters, minutes.newest.number))
        metas[2] = _("%(number)s of %(all)s have approved", number=approved, all=len(required))
        if minutes.sealed_at is not None:
            metas[3] = moment(minutes.sealed_at)
    icons = ["pencil", "send", "circle-half", "lock"]
    current = order.index(state)
    return [
        Step(titles[at], metas[at], "check2" if at < current else icons[at], at == current) for at in range(len(order))
    ]


def shown_edition(minutes: Minutes | None) -> MinutesEdition | None:
    """The edition that was asked for (`?edition=2`), or the newest."""
    if minutes is None:
        return None
    wanted = web.number_of("edition")
    return next((edition for edition in minutes.editions if edition.number == wanted), minutes.newest)


def standing_of(minutes: Minutes | None, edition: MinutesEdition | None) -> Standing:
    """Where that edition stands; only the newest can be the sealed one."""
    if minutes is None or edition is None:
        return Standing()
    is_sealed = minutes.sealed_at is not None and edition is minutes.newest
    additions = additions_of(minutes) if is_sealed else []
    return Standing(edition.number, edition.made_at, edition.sha256, seal_of(minutes) if is_sealed else None, additions)


def content_of(meeting: Meeting, edition: MinutesEdition | None) -> Content:
    """What that edition says, or the draft as it stands."""
    return edition.content if edition is not None else assemble(meeting)


def _changes(minutes: Minutes | None, edition: MinutesEdition | None) -> dict[str, Any]:
    """Against the edition before, where one asked for it."""
    if minutes is None or edition is None or edition.number == 1:
        return {"changes": None, "before": None}
    before = next(one for one in minutes.editions if one.number == edition.number - 1)
    wanted = request.args.get("changes") == "1"
    return {"changes": changed_items(before.content, edition.content) if wanted else None, "before": before}


def _remarks(minutes: Minutes | None) -> dict[int, list[Remark]]:
    found: dict[int, list[Remark]] = {}
    for remark in minutes.remarks if minutes is not None else ():
        found.setdefault(remark.item_id, []).append(remark)
    return found


def _has_unsent(meeting: Meeting, minutes: Minutes) -> bool:
    """Whether the text has been changed since the newest edition."""
    return digest(renewed(meeting, minutes.newest.content)) != minutes.newest.sha256


def context(meeting: Meeting, person: Person, **given: Any) -> dict[str, Any]:
    """All that the page needs. `given` is what a refused form brings: refused (its name), form, finds, of (what it is about)."""
    minutes = policy.minutes_of(meeting)
    edition = shown_edition(minutes)
    may_lead = meeting_policy.can_write_minutes(person, meeting)
    is_open = minutes is not None and minutes.state is not MinutesState.SEALED
    members = policy.possible_adjusters(meeting.group) if minutes is not None else []
    active = {one.id for one in members}
    return {
        "meeting": meeting, "group": meeting.group, "minutes": minutes, "edition": edition, "may_lead": may_lead,
        "may_circulate": may_lead and minutes is None and bool(meeting.items) and meeting.is_over,
        "unanswered": sum(remark.state is RemarkState.WAITING for remark in minutes.remarks) if minutes is not None else 0,
        "would_seal": policy.would_seal,
        "content": content_of(meeting, edition), "standing": standing_of(minutes, edition),
        "is_newest": minutes is None or edition is minutes.newest, "is_open": is_open,
        "steps": _steps(minutes, len(policy.readers(minutes)) if minutes is not None else 0),
        "remarks": _remarks(minutes), "may_remark": minutes is not None and is_open and policy.can_remark(person, minutes),
        "mine": _mine(minutes, person), "gone": {a.id for a in _all_adjusters(minutes) if a.person_id not in active},
        "candidates": members, "has_unsent": may_lead and minutes is not None and is_open and _has_unsent(meeting, minutes),
        "record_number": record_number(minutes, person), "grouped": grouped, "day_of": _day_of, "clock_of": _clock_of,
        "changed_decisions": changed_decisions_of(meeting) if may_lead else {}, "refused": "", "of": None, "finds": (), "client_id": str(uuid.uuid4()),
        **_changes(minutes, edition), **_forms(minutes, members), **given,
    }  # fmt: skip


def _day_of(written: str) -> str:
    return day(date.fromisoformat(written))


def _clock_of(written: str) -> str:
    return clock(datetime.fromisoformat(written))


def _forms(minutes: Minutes | None, members: Any) -> dict[str, Any]:
    if minutes is None:
        return {}
    addendum = AddendumForm(formdata=None)
    fill_addendum(addendum, minutes, members)
    return {
        "edition_form": EditionForm(formdata=None, based_on=minutes.newest.number), "remark_form": RemarkForm(formdata=None),
        "answer_form": AnswerForm(formdata=None), "refusal_form": RefusalForm(formdata=None), "addendum_form": addendum,
        "number_form": RecordNumberForm(formdata=None),
    }  # fmt: skip


def fill_addendum(form: AddendumForm, minutes: Minutes, members: Any) -> None:
    """What may be chosen in the form."""
    form.item.choices = [
        SelectChoice(0, _("The whole minutes")),
        *(SelectChoice(i["id"], f"§ {i['paragraph']} {i['title']}") for i in minutes.newest.content["items"]),
    ]
    form.adjusters.choices = people_choices(members)


def people_choices(people: Any) -> list[SelectChoice]:
    """People as choices, with their organisations."""
    return [SelectChoice(one.id, f"{one.name}, {one.organisation.short_name}") for one in people]


def _all_adjusters(minutes: Minutes | None) -> list[Adjuster]:
    if minutes is None:
        return []
    return [*minutes.adjusters, *(one for addendum in minutes.addenda for one in addendum.adjusters)]


def _mine(minutes: Minutes | None, person: Person) -> dict[int | None, Adjuster]:
    """What the person is to approve, by addendum (None: the minutes): neither approved in this edition nor declined."""
    return {
        one.addendum_id: one
        for one in _all_adjusters(minutes)
        if minutes is not None and one.person_id == person.id and one.replaced_at is None
        and one.state is not AdjusterState.DECLINED and not one.has_approved(minutes.newest.number)
    }  # fmt: skip


def record_number(minutes: Minutes | None, person: Person) -> str:
    """Under which number the person's organisation keeps the minutes."""
    if minutes is None:
        return ""
    noted = db.session.scalar(policy.visible_record_numbers(person).where(RecordNumber.minutes_id == minutes.id))
    return noted.number if noted is not None else ""
