"""What changes on a poll's page while people look: rendered once for all who watch (house rule 6), so without a form, and
without anything that only one may see.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import render_template
from flask_babel import force_locale

from portal import db, live
from portal.i18n import LANGUAGES
from portal.meetings.polls import policy
from portal.meetings.polls.models import DatePoll, PollInvitee, Suits
from portal.meetings.polls.ranking import Standing, better, reason, standings
from portal.meetings.watchers import next_seq
from portal.people.models import Organisation

MOST_CELLS = 1000  # people times options: beyond it people are shown one organisation at a time


@dataclass(slots=True)
class Row:
    """What one organisation says: its best answer to each time, and its people."""

    organisation: Organisation | None  # None: the guests
    best: dict[int, Suits | None]
    people: list[PollInvitee]
    answered: int = 0


@dataclass(slots=True)
class Board:
    """All that the result shows."""

    poll: DatePoll
    standings: list[Standing]
    rows: list[Row]
    answers: policy.Answers
    reasons: dict[int, str]
    shows_people: bool  # else one organisation at a time
    shows_strips: bool  # what each organisation says, at every time

    @property
    def asked(self) -> int:
        """How many are asked."""
        return sum(len(row.people) for row in self.rows)

    @property
    def answered(self) -> int:
        """How many have answered."""
        return sum(row.answered for row in self.rows)


def board(poll: DatePoll) -> Board:
    """The result as it stands now, reckoned from one reading of the answers. Its reasons are in the present language."""
    invitees, answers = policy.standing_invitees(poll), policy.answers_of(poll)
    found = standings(poll.options, invitees, answers, poll.quorum)
    rows: dict[int, Row] = {}
    for invitee in invitees:
        row = rows.setdefault(invitee.organisation_id or 0, Row(invitee.organisation, {}, []))
        row.people.append(invitee)
        row.answered += invitee.answered_at is not None
        for option in poll.options:
            row.best[option.id] = better(row.best.get(option.id), answers.get(invitee.id, {}).get(option.id))
    ordered = sorted(rows.values(), key=lambda row: row.organisation.name if row.organisation else "\uffff")
    for row in ordered:
        row.people.sort(key=lambda invitee: invitee.name)
    return Board(
        poll, found, ordered, answers, {one.option.id: reason(one, poll.quorum) for one in found},
        shows_people=len(invitees) * len(poll.options) <= MOST_CELLS, shows_strips=len(rows) * len(poll.options) <= MOST_CELLS,
    )  # fmt: skip


def render(poll: DatePoll) -> str:
    """The result in the present language."""
    return render_template("meetings/polls/_result.html", board=board(poll), poll=poll, now=db.now())


def publish(poll: DatePoll) -> int:
    """Send the result to all who watch, once the present transaction is stored; returns the topic's new number."""
    seq = next_seq(poll)
    html = {}
    for language in LANGUAGES:
        with force_locale(language):
            html[language] = render(poll)
    live.publish(poll.topic, seq=seq, html=html)
    return seq
