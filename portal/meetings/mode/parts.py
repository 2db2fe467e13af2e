"""The parts of the meeting-mode page that change while people look: rendered once for all watchers (house rule 6).

A part is an element with an id. It holds nothing that only one may see: buttons belong to a form that stands outside, with
the reader's own token, and those for the group's leaders are only hidden from others; the views ask the policy.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import render_template
from flask_babel import force_locale

from portal import db, live
from portal.i18n import LANGUAGES
from portal.meetings.followup.policy import actions_of, decisions_of
from portal.meetings.mode import policy
from portal.meetings.mode.models import Attendance
from portal.meetings.models import AgendaItem, Answer, Invitation, Meeting
from portal.meetings.watchers import next_seq

OF_MEETING = ("head", "agenda", "people", "floor", "totals")
OF_ITEM = ("clock", "note", "rows", "comments")
_BETTER = (None, Answer.ONLINE, Answer.ON_SITE)


def _people(meeting: Meeting) -> dict[str, Any]:
    """Per organisation how it is represented now, or was once the meeting is closed: the best of its people."""
    stays = policy.attendance_of(meeting)
    rows: list[tuple[Invitation, list[Attendance], Attendance | None]] = []
    cells: dict[int, tuple[Invitation, Answer | None]] = {}
    for invitation in policy.participants(meeting):
        own = stays.get(invitation.id, [])
        here = own[-1] if own and (own[-1].left_at is None or meeting.is_over) else None
        rows.append((invitation, own, here))
        key = invitation.organisation_id or -invitation.id
        way = here.way if here else None
        if key not in cells or _BETTER.index(way) > _BETTER.index(cells[key][1]):
            cells[key] = (invitation, way)
    ways = [way for _invitation, way in cells.values()]
    return {
        "people": rows, "cells": list(cells.values()), "counts": {way: ways.count(way) for way in _BETTER},
        "vacant": policy.vacant_seats(meeting),
    }  # fmt: skip


def _context(name: str, meeting: Meeting, item: AgendaItem | None) -> dict[str, Any]:
    if name == "people":
        return _people(meeting)
    if name == "floor":
        return {"speakers": policy.speakers(meeting)}
    if name == "totals":
        return {
            "decisions": sum(map(len, decisions_of(meeting).values())),
            "actions": sum(map(len, actions_of(meeting).values())),
        }
    if name == "rows" and item is not None:
        return {"decisions": decisions_of(meeting).get(item.id, []), "actions": actions_of(meeting).get(item.id, [])}
    if name == "comments" and item is not None:
        return {"comments": policy.comments_of(item)}
    return {}


def render(names: Iterable[str], meeting: Meeting, item: AgendaItem | None = None) -> str:
    """Some parts in the present language, one after the other. Parts of an item need the item."""
    numbers = {row.id: number for row, _starts, number in meeting.timetable()}
    common = {
        "meeting": meeting, "item": item, "numbers": numbers, "now": db.now(), "current": policy.current_item(meeting),
    }  # fmt: skip
    return "".join(
        render_template(f"meetings/mode/_{name}.html", **common, **_context(name, meeting, item)) for name in names
    )


def publish(meeting: Meeting, names: Iterable[str], item: AgendaItem | None = None) -> int:
    """Send parts to all who watch, once the present transaction is stored; returns the topic's new number."""
    seq = next_seq(meeting)
    html, chosen = {}, tuple(names)
    for language in LANGUAGES:
        with force_locale(language):
            html[language] = render(chosen, meeting, item)
    live.publish(meeting.topic, seq=seq, html=html)
    return seq
