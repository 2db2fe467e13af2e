"""Calendar feed of 500 meetings: made anew, against the bare serialisation of the very same calendar by icalendar; and what a
program costs that asks again, against the making.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from time import process_time

from flask.testing import FlaskClient
from icalendar import Calendar

from bench import data
from bench.figures import Row, compare, milliseconds
from portal import calendar, db, web
from portal.meetings.calls import actions as calls
from portal.meetings.calls import feeds
from portal.meetings.calls.models import CalendarFeed
from portal.meetings.models import AgendaItem, Invitation, Meeting, MeetingState
from portal.people.models import Group, HandlingClass, Person
from portal.people.policy import own_groups

MEETINGS = 500
ITEMS = 5
ROUNDS = 7
ASKED = 10  # times a round


def _group_of(person: Person) -> Group:
    """A group of the person whose meetings are told with all they have."""
    return next(
        one for one in db.session.scalars(own_groups(person)) if one.handling_class is not HandlingClass.SENSITIVE
    )


def _fill(person: Person) -> None:
    """Meetings of the group, called, with places, links and agendas; written as rows, since the calls are not what is measured."""
    group = _group_of(person)
    for number in range(MEETINGS):
        starts = db.now() + timedelta(days=number % 365 + 1)
        meeting = Meeting(
            group=group, title=f"Mätmöte nummer {number}", starts_at=starts, ends_at=starts + timedelta(hours=2), place="Rosenbad 4, Stockholm",
            link=f"https://video.example/{number}", state=MeetingState.CALLED, created_by=person, organisation_id=person.organisation_id,
            uid=f"bench-{number}@samverkansportalen", series=None,
        )  # fmt: skip
        meeting.items = [
            AgendaItem(position=item, title=f"Lägesbild och samordning, del {item}") for item in range(1, ITEMS + 1)
        ]
        meeting.invitations = [Invitation(person=person, organisation_id=person.organisation_id)]
        db.session.add(meeting)
    db.commit()


def _timed(do: Callable[[], object], times: int = 1) -> float:
    gc.collect()  # what went before is not counted
    began = process_time()  # others use this machine too
    for _time in range(times):
        do()
    return (process_time() - began) / times


def _get(client: FlaskClient, where: str, tag: str = "") -> int:
    answer = client.get(where, headers={"If-None-Match": tag} if tag else {})
    content = answer.data
    return answer.status_code if content or tag else 0


def _forget() -> None:
    feeds._body.cache_clear()
    calendar._written.cache_clear()
    db.session.rollback()


def run(folder: Path) -> list[Row]:
    """Make, and ask again."""
    with data.opened(folder) as app:
        web.limiter.enabled = False
        person = data.busiest_person()
        group = _group_of(person)
        _fill(person)
        feed, token = calls.make_feed("Mätning", group=group, by=person)
        db.commit()
        feed_id, where = feed.id, f"/calendar/feed/{token}.ics"
        db.session.rollback()
        client = app.test_client()
        first = client.get(where)
        tag, ready = first.headers["ETag"], Calendar.from_ical(first.data)
        number = first.data.count(b"BEGIN:VEVENT")
        times: dict[str, list[float]] = {name: [] for name in ("bare", "made", "whole", "warm", "cached", "unchanged")}
        for _round in range(ROUNDS):
            times["bare"].append(_timed(lambda: ready.to_ical(sorted=False)))
            _forget()
            times["made"].append(_timed(lambda: feeds.make(db.session.get_one(CalendarFeed, feed_id))))
            _forget()
            times["whole"].append(_timed(lambda: _get(client, where)))
            feeds._body.cache_clear()
            times["warm"].append(_timed(lambda: _get(client, where)))
            times["cached"].append(_timed(lambda: _get(client, where), ASKED))
            assert _get(client, where, tag) == 304
            times["unchanged"].append(_timed(lambda: _get(client, where, tag), ASKED))
        web.limiter.enabled = True
    return [
        compare(f"feed of {number} meetings made anew; bare: icalendar writes the ready calendar", ours=times["made"], bare=times["bare"], show=milliseconds),
        compare("the same when some meetings changed; bare: made anew, with its request", ours=times["warm"], bare=times["whole"], show=milliseconds),
        compare("asked for by a second program; bare: made anew, with its request", ours=times["cached"], bare=times["whole"], show=milliseconds),
        compare("asked again, nothing new (304); bare: made anew, with its request", ours=times["unchanged"], bare=times["whole"], show=milliseconds),
    ]  # fmt: skip
