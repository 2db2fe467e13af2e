"""Minutes from draft to seal: circulation, editions, remarks, adjusting, addenda, and what goes wrong on the way."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from portal import audit, db, guard, outbox
from portal.discussions.models import Post, Thread, ThreadKind
from portal.discussions.states import actions as states
from portal.errors import Conflict, Invalid
from portal.meetings import actions as meetings
from portal.meetings.agenda import actions as agenda
from portal.meetings.followup import actions as followup
from portal.meetings.followup.models import ActionState, Decision
from portal.meetings.minutes import actions, adjusting_actions, jobs, remark_actions
from portal.meetings.minutes.content import assemble, canonical, digest
from portal.meetings.minutes.models import (
    Addendum,
    Adjuster,
    AdjusterState,
    Minutes,
    MinutesEdition,
    MinutesState,
    RecordNumber,
    Remark,
    RemarkState,
    RemarkSupport,
)
from portal.meetings.mode import actions as mode
from portal.meetings.models import Answer, ItemKind, Meeting, MeetingSeries, MinutesNote, Seat
from portal.notifications.models import Notice
from portal.people import actions as people
from portal.people.models import Person, PersonStatus, Role
from portal.web import Edge
from tests import factories
from tests.conftest import Sign, send
from tests.factories import Network, plain_render
from tests.meetings.test_meetings import NUMBER, at_once

pytestmark = pytest.mark.usefixtures("built_front_end")


def key() -> str:
    return str(uuid.uuid4())


def held(
    network: Network, title: str = "Möte", *, items: int = 2, days: int = -1, text: str = "Vi **talade**."
) -> Meeting:
    """A meeting that is over, with notes and a decision."""
    meeting = factories.meeting(network.group, network.convener, title, items=items, days=2)
    db.session.refresh(meeting)
    starts = db.now() + timedelta(days=days)
    meeting.starts_at, meeting.ends_at = starts, starts + timedelta(hours=1)
    for item in meeting.items:
        actions.save_note(item, text=text, based_on=0, by=network.secretary)
    followup.add_decision(meeting.items[0], text="Vi gör så.", client_id=key(), by=network.secretary)
    db.session.flush()
    return meeting


def circulate(network: Network, meeting: Meeting, *adjusters: Person) -> Minutes:
    named = adjusters or (network.member, network.convener)
    made = actions.circulate(
        meeting, adjusters=named, adjust_by=db.now() + timedelta(days=14), render=plain_render, by=network.secretary
    )
    db.session.flush()
    db.session.refresh(made)
    return made


def sealed(network: Network, *, title: str = "Möte") -> Minutes:
    minutes = circulate(network, held(network, title))
    for adjuster in minutes.adjusters:
        adjusting_actions.approve(adjuster, edition=1, by=adjuster.person)
    return minutes


def state(minutes: Minutes) -> MinutesState:
    return minutes.state


def sealed_at(addendum: Addendum) -> datetime | None:
    return addendum.sealed_at


def told(person: Person, kind: str) -> list[Notice]:
    return list(db.session.scalars(sa.select(Notice).where(Notice.person_id == person.id, Notice.kind == kind)))


# --- content ------------------------------------------------------------------------------------------------------------


def test_the_content_says_all_and_its_sum_is_the_same_wherever_it_is_made(network: Network) -> None:
    meeting = held(network)
    task = followup.Task("Ring länen", network.ngo, network.member)
    followup.add_action(
        network.group, task, client_id=key(), meeting=meeting, item=meeting.items[1], by=network.convener
    )
    db.session.add(Seat(group_id=network.group.id, organisation_id=network.ngo.id))
    db.session.flush()
    content = assemble(meeting, adjusters=[network.member], by=network.secretary)
    first, second = content["items"]
    assert (first["paragraph"], first["note"]) == (1, "Vi **talade**.")
    assert first["decisions"] == [{"number": "1:1", "text": "Vi gör så."}]
    assert second["actions"] == [
        {"text": "Ring länen", "owner": "Med Lem", "organisation": "Foreningen", "due_on": None}
    ]
    assert content["adjusters"] == [{"name": "Med Lem", "organisation": "Foreningen"}]
    assert content["attendance"]["vacant"] == ["Foreningen"]
    assert canonical({"b": 1, "a": "ö"}) == '{"a":"ö","b":1}'.encode()
    assert digest(content) == digest(dict(reversed(content.items())))
    minutes = circulate(network, meeting)
    db.session.expire_all()
    assert digest(minutes.newest.content) == minutes.newest.sha256, "as the database gives it back"


def test_attendance_is_told_by_organisation(network: Network) -> None:
    meeting = factories.meeting(network.group, network.convener)
    mode.open_meeting(meeting, by=network.convener)
    rows = {invitation.person_id: invitation for invitation in meeting.invitations}
    mode.note_arrival(rows[network.member.id], Answer.ONLINE, by=network.convener)
    mode.note_departure(rows[network.member.id], by=network.convener)
    mode.note_arrival(rows[network.member.id], Answer.ON_SITE, by=network.convener)
    rows[network.member.id].replaces = rows[network.observer.id]
    mode.close_meeting(meeting, by=network.convener)
    there = assemble(meeting)["attendance"]
    assert there["basis"] == "noted"
    (ngo,) = there["organisations"]
    assert [(one["name"], one["instead_of"], [stay["way"] for stay in one["stays"]]) for one in ngo["people"]] == [
        ("Med Lem", "Obs Ervatör", ["online", "on_site"])
    ]
    assert there["absent"] == ["Lansstyrelsen", "Myndigheten"]


def test_what_was_announced_counts_where_nobody_noted_who_came(network: Network) -> None:
    meeting = held(network)
    rows = {invitation.person_id: invitation for invitation in meeting.invitations}
    rows[network.member.id].answer = Answer.ONLINE
    there = assemble(meeting)["attendance"]
    assert there["basis"] == "announced"
    assert [one["name"] for one in there["organisations"]] == ["Foreningen"]


def test_the_minutes_before_are_named_with_their_sum(network: Network) -> None:
    first = circulate(network, held(network, "Det första", days=-30))
    content = circulate(network, held(network, "Det andra", days=-2)).newest.content
    assert content["previous"]["title"] == "Det första"
    assert content["previous"]["sha256"] == first.newest.sha256


def test_open_actions_stand_where_the_agenda_asks_for_them(network: Network) -> None:
    task = followup.Task("Gammal uppgift", network.ngo)
    old = followup.add_action(network.group, task, client_id=key(), by=network.convener)
    old.created_at = db.now() - timedelta(days=30)
    meeting = held(network)
    meeting.items[0].lists_open_actions = True
    db.session.flush()
    first, second = assemble(meeting)["items"]
    assert [action["text"] for action in first["open_actions"]] == ["Gammal uppgift"]
    assert second["open_actions"] == []


# --- circulation --------------------------------------------------------------------------------------------------------


def test_circulating_fixes_the_text_and_tells_everybody(network: Network) -> None:
    meeting = held(network)
    minutes = circulate(network, meeting)
    assert (minutes.state, minutes.newest.number, meeting.first_paragraph) == (MinutesState.CIRCULATED, 1, 1)
    assert meeting.closed_at == meeting.ends_at
    assert len(told(network.member, "adjusting_requested")) == 1
    assert told(network.member, "minutes_circulated") == []
    assert len(told(network.observer, "minutes_circulated")) == 1
    assert told(network.secretary, "minutes_circulated") == [], "who did it is not told"
    assert audit.verify() is None


@pytest.mark.parametrize("case", ["running", "to come", "twice", "no agenda", "planning"])
def test_minutes_are_circulated_only_when_they_can_be(network: Network, case: str) -> None:
    meeting = held(network, items=1)
    if case == "no agenda":
        meeting.items[0].kind = ItemKind.BREAK
    elif case == "running":
        meeting.opened_at = db.now()
    elif case == "to come":
        meeting.ends_at = db.now() + timedelta(hours=1)
    elif case == "twice":
        circulate(network, meeting)
    else:
        meeting.state = type(meeting.state).PLANNING
    db.session.flush()
    with pytest.raises(Conflict):
        circulate(network, meeting)


@pytest.mark.parametrize("who", ["nobody", "writer", "outsider", "observer", "disabled"])
def test_adjusters_are_members_and_not_the_writer_alone(network: Network, who: str) -> None:
    meeting = held(network)
    if who == "disabled":
        network.member.status = PersonStatus.DISABLED
        db.session.flush()
    named = {
        "nobody": [], "writer": [network.secretary], "outsider": [network.outsider, network.member],
        "observer": [network.observer], "disabled": [network.member],
    }[who]  # fmt: skip
    with pytest.raises(Invalid) as raised:
        actions.circulate(meeting, adjusters=named, adjust_by=db.now(), render=plain_render, by=network.secretary)
    assert raised.value.field == "adjusters"
    assert db.session.scalar(sa.select(sa.func.count(Minutes.id))) == 0


def test_what_was_on_the_agenda_stands_after_circulation(network: Network) -> None:
    meeting = held(network)
    circulate(network, meeting)
    with pytest.raises(Conflict):
        agenda.add_item(meeting, agenda.ItemPlan("Ny"), by=network.convener)
    with pytest.raises(Conflict):
        mode.open_meeting(meeting, by=network.convener)


def series_of(network: Network, *, run_on: bool) -> MeetingSeries:
    series = MeetingSeries(
        group=network.group, name="Serien", paragraphs_run_on=run_on, created_by_id=network.convener.id
    )
    db.session.add(series)
    return series


def test_paragraphs_run_on_through_the_year(network: Network) -> None:
    series = series_of(network, run_on=True)
    year = db.now().year
    firsts = []
    for number, items in enumerate((3, 2, 4), 1):
        meeting = held(network, f"Möte {number}", items=items)
        meeting.series = series
        meeting.starts_at = meeting.starts_at.replace(year=year - 1 if number == 1 else year, month=1, day=number * 5)
        meeting.ends_at = min(meeting.starts_at + timedelta(hours=1), db.now() - timedelta(seconds=1))
        firsts.append(circulate(network, meeting).newest.content["items"][0]["paragraph"])
    assert firsts == [1, 1, 3], "the first was last year's"


def test_paragraphs_of_two_circulated_at_once_do_not_overlap(app: Edge, network: Network) -> None:
    series = series_of(network, run_on=True)
    meetings = [held(network, f"Möte {number}", items=3) for number in range(3)]
    for meeting in meetings:
        meeting.series = series
        meeting.starts_at, meeting.ends_at = db.now() - timedelta(minutes=2), db.now() - timedelta(minutes=1)
    db.commit()
    ids, by, adjuster = [meeting.id for meeting in meetings], network.secretary.id, network.member.id

    def go(meeting_id: int) -> None:
        actions.circulate(
            db.session.get_one(Meeting, meeting_id), adjusters=[db.session.get_one(Person, adjuster)],
            adjust_by=db.now() + timedelta(days=1), render=plain_render, by=db.session.get_one(Person, by),
        )  # fmt: skip

    assert at_once(app, *(lambda one=one: go(one) for one in ids)) == []
    numbers = [
        item["paragraph"]
        for edition in db.session.scalars(sa.select(MinutesEdition)) for item in edition.content["items"]
    ]  # fmt: skip
    assert sorted(numbers) == list(range(1, 10))


def test_lifted_questions_are_answered_once_and_never_in_another_group(network: Network) -> None:
    thread = factories.thread(network.group, network.member, "Lyft fråga")
    elsewhere = factories.thread(network.closed, network.convener, "I en annan grupp")
    meeting = held(network, items=3)
    meeting.items[0].thread_id, meeting.items[1].thread_id = thread.id, elsewhere.id
    db.session.flush()
    circulate(network, meeting)
    posts = db.session.scalars(sa.select(Post).where(Post.author_id == network.secretary.id)).all()
    assert [post.thread_id for post in posts] == [thread.id]
    assert "Vi gör så." in posts[0].body
    assert f"/meetings/{meeting.id}/minutes#item-{meeting.items[0].id}" in posts[0].body
    actions._answer_threads(meeting, assemble(meeting), plain_render, by=network.secretary)
    assert db.session.scalar(sa.select(sa.func.count(Post.id)).where(Post.author_id == network.secretary.id)) == 1


def test_an_edition_that_says_otherwise_answers_a_lifted_question_anew(network: Network) -> None:
    raised, plain = (factories.thread(network.group, network.member, title) for title in ("Lyft fråga", "Samtal"))
    raised.kind = ThreadKind.LIFTED
    meeting = held(network, items=3)
    meeting.items[0].thread_id, meeting.items[1].thread_id = raised.id, plain.id
    db.session.flush()
    minutes = circulate(network, meeting)
    with pytest.raises(Conflict):
        circulate(network, meeting)
    states.close_thread(raised, by=network.convener, render=plain_render)

    def said(thread: Thread) -> list[str]:
        rows = sa.select(Post.body).where(Post.thread_id == thread.id, Post.seq > 1, Post.line.is_(None))
        return list(db.session.scalars(rows.order_by(Post.seq)))

    def answer() -> str | None:
        return db.session.scalar(sa.select(Post.body).where(Post.thread_id == raised.id, Post.seq == raised.answer_seq))

    decision = db.session.scalars(sa.select(Decision).where(Decision.meeting_id == meeting.id)).one()
    followup.change_decision(decision, text="Vi gör inte så.", based_on=1, by=network.secretary)
    actions.make_edition(minutes, reason="Fel ord", based_on=1, render=plain_render, by=network.convener)
    first, second = said(raised)
    assert "Vi gör så." in first, "what was said first is not rewritten"
    assert "Ändrat i version 2 av protokollet från Möte" in second
    assert "Vi gör inte så." in second
    assert f"/meetings/{meeting.id}/minutes#item-{meeting.items[0].id}" in second
    assert answer() == second
    assert len(said(plain)) == 1, "of this item the minutes say what they said"

    db.session.refresh(minutes)
    actions.save_note(meeting.items[1], text="Vi talade om annat.", based_on=1, by=network.secretary)
    actions.make_edition(minutes, reason="Mer", based_on=2, render=plain_render, by=network.secretary)
    assert len(said(raised)) == 2
    assert "Vi talade om annat." in said(plain)[1]
    assert said(plain)[1].startswith("**Ändrat i version 3 ")
    assert raised.answered_at is not None
    assert plain.answered_at is None
    db.session.refresh(minutes)
    for adjuster in minutes.adjusters:
        adjusting_actions.approve(adjuster, edition=3, by=adjuster.person)
    assert state(minutes) is MinutesState.SEALED
    assert answer() == second, "sealing answers nothing anew"


def test_a_number_that_the_writer_kept_does_not_stop_the_answer(network: Network) -> None:
    thread = factories.thread(network.group, network.member, "Lyft fråga")
    meeting = factories.meeting(network.group, network.convener)
    meeting.ends_at = db.now() - timedelta(hours=1)
    text = "Ring 070-123 45 67."
    keys = [find.key for find in guard.scan(text, field="text")]
    assert keys
    actions.save_note(meeting.items[0], text=text, based_on=0, keep=keys, by=network.secretary)
    meeting.items[0].thread_id = thread.id
    circulate(network, meeting)
    assert "070-123 45 67" in db.session.scalars(sa.select(Post.body).where(Post.seq == 2)).one()


# --- editions -----------------------------------------------------------------------------------------------------------


def test_a_new_edition_lapses_approvals(network: Network) -> None:
    minutes = circulate(network, held(network))
    first, second = minutes.adjusters
    adjusting_actions.approve(first, edition=1, by=first.person)
    assert state(minutes) is MinutesState.ADJUSTING
    item = minutes.meeting.items[0]
    actions.save_note(item, text="Nya ord", based_on=1, by=network.secretary)
    actions.make_edition(minutes, reason="Rättat § 1", based_on=1, render=plain_render, by=network.secretary)
    adjusting_actions.approve(second, edition=2, by=second.person)
    assert state(minutes) is MinutesState.ADJUSTING, "the first has approved edition 1 only"
    assert (first.has_approved(2), second.has_approved(2)) == (False, True)
    with pytest.raises(Conflict):
        adjusting_actions.approve(first, edition=1, by=first.person)
    adjusting_actions.approve(first, edition=2, by=first.person)
    assert state(minutes) is MinutesState.SEALED
    assert minutes.newest.content["items"][0]["note"] == "Nya ord"


def test_an_edition_needs_a_change_and_a_base(network: Network) -> None:
    minutes = circulate(network, held(network))
    with pytest.raises(Conflict):
        actions.make_edition(minutes, reason="Inget", based_on=1, render=plain_render, by=network.secretary)
    actions.save_note(minutes.meeting.items[0], text="Nya ord", based_on=1, by=network.secretary)
    with pytest.raises(guard.Stopped):
        actions.make_edition(minutes, reason=NUMBER, based_on=1, render=plain_render, by=network.secretary)
    actions.make_edition(minutes, reason="Nytt", based_on=1, render=plain_render, by=network.secretary)
    actions.save_note(minutes.meeting.items[0], text="Ännu nyare", based_on=2, by=network.secretary)
    with pytest.raises(Conflict):
        actions.make_edition(minutes, reason="Nytt", based_on=1, render=plain_render, by=network.convener)


# --- remarks ------------------------------------------------------------------------------------------------------------


def test_remarks_are_numbered_supported_and_answered(network: Network) -> None:
    minutes = circulate(network, held(network))
    item, client = minutes.meeting.items[0], key()
    remark = remark_actions.add_remark(minutes, item, text="Skriv så.", client_id=client, by=network.member)
    again = remark_actions.add_remark(minutes, item, text="Skriv så.", client_id=client, by=network.member)
    other = remark_actions.add_remark(minutes, item, text="Och så.", client_id=key(), by=network.convener)
    assert (again.id, remark.number, other.number, remark.edition) == (remark.id, 1, 2, 1)
    assert len(told(network.secretary, "remark_made")) == 2
    for _time in range(2):
        remark_actions.support_remark(remark, by=network.convener)
    db.session.flush()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(RemarkSupport)) == 1
    with pytest.raises(Invalid):
        remark_actions.answer_remark(remark, RemarkState.REJECTED, answer=" ", by=network.secretary)
    with pytest.raises(guard.Stopped):
        remark_actions.answer_remark(remark, RemarkState.DONE, answer=NUMBER, by=network.secretary)
    remark_actions.answer_remark(remark, RemarkState.DONE, by=network.secretary)
    with pytest.raises(Conflict):
        remark_actions.answer_remark(remark, RemarkState.REJECTED, answer="Nej", by=network.convener)
    assert len(told(network.member, "remark_answered")) == 1


def test_the_guard_reads_remarks_and_addenda(network: Network) -> None:
    minutes = circulate(network, held(network))
    with pytest.raises(guard.Stopped):
        remark_actions.add_remark(minutes, minutes.meeting.items[0], text=NUMBER, client_id=key(), by=network.member)
    with pytest.raises(guard.Stopped):
        adjusting_actions.decline(minutes.adjusters[0], reason=NUMBER, by=network.member)
    with pytest.raises(guard.Stopped):
        adjusting_actions.note_record_number(minutes, number=NUMBER, by=network.member)
    other = sealed(network)
    with pytest.raises(guard.Stopped):
        adjusting_actions.add_addendum(other, text=NUMBER, item=None, adjusters=[network.member], by=network.secretary)
    assert db.session.scalar(sa.select(sa.func.count(Remark.id))) == 0


# --- adjusting ----------------------------------------------------------------------------------------------------------


def test_the_last_approval_seals(network: Network) -> None:
    minutes = sealed(network)
    assert state(minutes) is MinutesState.SEALED
    assert minutes.sealed_at == minutes.meeting.sealed_at
    assert len(told(network.observer, "minutes_sealed")) == 1
    assert audit.verify() is None


def test_sealing_puts_back_what_was_changed_and_never_sent(network: Network, sign_in: Sign) -> None:
    minutes = circulate(network, held(network))
    meeting = minutes.meeting
    actions.save_note(meeting.items[0], text="Smygändrat", based_on=1, by=network.secretary)
    decision = db.session.scalars(sa.select(Decision)).one()
    followup.change_decision(decision, text="Något annat", based_on=1, by=network.secretary)
    late = followup.add_decision(meeting.items[1], text="Sent beslut", client_id=key(), by=network.secretary)
    for adjuster in minutes.adjusters:
        adjusting_actions.approve(adjuster, edition=1, by=adjuster.person)
    assert meeting.items[0].note is not None
    assert meeting.items[0].note.text == "Vi **talade**."
    db.session.expire(decision)
    assert decision.text == "Vi gör så."
    assert [version.text for version in decision.versions] == ["Något annat", "Vi gör så."], "never sent, and not lost"
    assert (late.text, late.withdrawn_at is None) == ("Sent beslut", False)
    db.commit()
    secretary, member = sign_in(network.secretary), sign_in(network.member)
    page = secretary.get(f"/meetings/{meeting.id}/minutes").text
    for one in (decision, late):
        assert f"/decisions/{one.id}" in page
    assert "Något annat" in secretary.get(f"/decisions/{decision.id}").text
    assert "Sent beslut" in secretary.get(f"/decisions/{late.id}").text
    assert "Något annat" not in member.get(f"/decisions/{decision.id}").text, "what was never decided is the leaders'"
    assert member.get(f"/decisions/{late.id}").status_code == 404


def test_nothing_changes_after_the_seal(network: Network) -> None:
    minutes = sealed(network)
    item, before = minutes.meeting.items[0], minutes.newest.sha256
    task = followup.Task("Sent", network.ngo)
    for act in (
        lambda: actions.save_note(item, text="Sent", based_on=1, by=network.secretary),
        lambda: actions.make_edition(minutes, reason="Sent", based_on=1, render=plain_render, by=network.secretary),
        lambda: remark_actions.add_remark(minutes, item, text="Sent", client_id=key(), by=network.member),
        lambda: followup.add_decision(item, text="Sent", client_id=key(), by=network.secretary),
        lambda: followup.add_action(
            network.group, task, client_id=key(), meeting=item.meeting, item=item, by=network.member
        ),
        lambda: mode.open_meeting(minutes.meeting, by=network.convener),
        lambda: adjusting_actions.decline(minutes.adjusters[0], reason="Nej", by=network.member),
        lambda: adjusting_actions.replace_adjuster(minutes.adjusters[0], network.secretary, by=network.convener),
    ):
        with pytest.raises(Conflict):
            act()
    assert digest(minutes.newest.content) == before


def test_what_was_written_too_late_is_shown_to_its_writer(network: Network, sign_in: Sign) -> None:
    minutes = sealed(network)
    db.commit()
    item = minutes.meeting.items[0].id
    answer = send(sign_in(network.member), f"/agenda-items/{item}/remarks", text="Det var <inte> så.", client_id=key())
    assert answer.status_code == 409
    assert "Det var &lt;inte&gt; så." in answer.text
    assert "csrf" not in answer.text.split("version-text")[1].split("</pre>")[0]


def test_who_declines_is_replaced(network: Network) -> None:
    minutes = circulate(network, held(network))
    first, second = minutes.adjusters
    adjusting_actions.decline(first, reason="Jag var inte med.", by=first.person)
    assert len(told(network.convener, "adjuster_declined")) == 1
    with pytest.raises(Conflict):
        adjusting_actions.approve(first, edition=1, by=first.person)
    adjusting_actions.approve(second, edition=1, by=second.person)
    assert state(minutes) is MinutesState.ADJUSTING, "one is still needed"
    with pytest.raises(Invalid):
        adjusting_actions.replace_adjuster(first, network.observer, by=network.secretary)
    with pytest.raises(Conflict):
        adjusting_actions.replace_adjuster(first, second.person, by=network.secretary)
    named = adjusting_actions.replace_adjuster(first, network.secretary, by=network.secretary)
    with pytest.raises(Conflict):
        adjusting_actions.replace_adjuster(first, network.secretary, by=network.convener)
    adjusting_actions.approve(named, edition=1, by=network.secretary)
    assert state(minutes) is MinutesState.SEALED


def test_the_writer_alone_never_remains(network: Network) -> None:
    minutes = circulate(network, held(network), network.member)
    with pytest.raises(Invalid):
        adjusting_actions.replace_adjuster(minutes.adjusters[0], network.secretary, by=network.convener)


def test_somebody_who_was_replaced_can_be_named_again(network: Network) -> None:
    minutes = circulate(network, held(network))
    first = minutes.adjusters[0]
    other = adjusting_actions.replace_adjuster(first, network.secretary, by=network.convener)
    again = adjusting_actions.replace_adjuster(other, network.member, by=network.convener)
    assert again.id == first.id
    assert (again.state, again.replaced_at) == (AdjusterState.WAITING, None)


def test_approving_at_once_is_one_seal(app: Edge, network: Network) -> None:
    minutes = circulate(network, held(network))
    db.commit()
    ids = [(adjuster.id, adjuster.person_id) for adjuster in minutes.adjusters] * 3

    def go(adjuster_id: int, person_id: int) -> None:
        adjuster = db.session.get_one(Adjuster, adjuster_id)
        assert adjuster.minutes.newest.number == 1
        adjusting_actions.approve(adjuster, edition=1, by=db.session.get_one(Person, person_id))

    assert at_once(app, *(lambda one=one: go(*one) for one in ids)) == []
    entries = db.session.scalars(sa.select(audit.AuditEntry.action)).all()
    assert entries.count("minutes_sealed") == 1
    assert entries.count("minutes_approved") == 2


@pytest.mark.parametrize("_round", range(3))
def test_an_approval_and_a_new_edition_at_once_never_seal_the_old_text(
    app: Edge, network: Network, _round: int
) -> None:
    minutes = circulate(network, held(network), network.member)
    actions.save_note(minutes.meeting.items[0], text="Nya ord", based_on=1, by=network.secretary)
    db.commit()
    minutes_id, adjuster_id = minutes.id, minutes.adjusters[0].id
    by, writer = network.member.id, network.secretary.id

    def approve() -> None:
        adjuster = db.session.get_one(Adjuster, adjuster_id)
        assert adjuster.minutes.newest.number >= 1
        adjusting_actions.approve(adjuster, edition=1, by=db.session.get_one(Person, by))

    def revise() -> None:
        made = db.session.get_one(Minutes, minutes_id)
        assert made.newest.number == 1
        actions.make_edition(
            made, reason="Nytt", based_on=1, render=plain_render, by=db.session.get_one(Person, writer)
        )

    assert [type(error) for error in at_once(app, approve, revise)] == [Conflict]
    after = db.session.get_one(Minutes, minutes_id)
    assert (after.state is MinutesState.SEALED) == (len(after.editions) == 1)


def test_writing_and_sealing_at_once(app: Edge, network: Network) -> None:
    minutes = circulate(network, held(network), network.member)
    db.commit()
    adjuster_id, item_id, person, writer = (
        minutes.adjusters[0].id, minutes.meeting.items[0].id, network.member.id, network.secretary.id,
    )  # fmt: skip

    def approve() -> None:
        adjusting_actions.approve(
            db.session.get_one(Adjuster, adjuster_id), edition=1, by=db.session.get_one(Person, person)
        )

    def write() -> None:
        item = db.session.get_one(type(minutes.meeting.items[0]), item_id)
        actions.save_note(item, text="Sent", based_on=1, by=db.session.get_one(Person, writer))

    raised = at_once(app, approve, write)
    assert all(isinstance(error, Conflict) for error in raised)
    assert (
        db.session.scalars(sa.select(MinutesNote.text).where(MinutesNote.item_id == item_id)).one() == "Vi **talade**."
    )


def test_what_happens_after_the_meeting_does_not_change_what_was_circulated(network: Network, sign_in: Sign) -> None:
    task = followup.Task("Ring länen", network.ngo, network.member)
    before = followup.add_action(network.group, task, client_id=key(), by=network.convener)
    before.created_at = db.now() - timedelta(days=9)
    earlier = circulate(network, held(network, "Det första", days=-8))
    meeting = held(network, "Det andra")
    meeting.items[0].lists_open_actions = True
    followup.set_action_state(before, ActionState.DONE, by=network.member)
    minutes = circulate(network, meeting)
    assert [one["text"] for one in minutes.newest.content["items"][0]["open_actions"]] == ["Ring länen"], (
        "it was open then"
    )
    network.group.name = "Nytt namn"
    actions.save_note(earlier.meeting.items[0], text="Annat", based_on=1, by=network.secretary)
    actions.make_edition(earlier, reason="Nytt", based_on=1, render=plain_render, by=network.secretary)
    db.commit()
    page = sign_in(network.secretary).get(f"/meetings/{meeting.id}/minutes").text
    assert "har ändrats sedan" not in page
    with pytest.raises(Conflict):
        actions.make_edition(minutes, reason="Inget", based_on=1, render=plain_render, by=network.secretary)
    actions.save_note(meeting.items[0], text="Nya ord", based_on=1, by=network.secretary)
    made = actions.make_edition(minutes, reason="Nytt", based_on=1, render=plain_render, by=network.secretary)
    old, new = minutes.editions[0].content, made.content
    assert {name for name in new if new[name] != old[name]} == {"items"}
    assert new["items"][0]["note"] == "Nya ord"


def test_whoever_was_there_stands_in_the_minutes_although_the_call_was_taken_back(network: Network) -> None:
    meeting = factories.meeting(network.group, network.convener)
    mode.open_meeting(meeting, by=network.convener)
    invitation = next(one for one in meeting.invitations if one.person_id == network.member.id)
    mode.note_arrival(invitation, Answer.ON_SITE, by=network.convener)
    meetings.withdraw_invitation(invitation, by=network.convener)
    (ngo,) = assemble(meeting)["attendance"]["organisations"]
    assert [one["name"] for one in ngo["people"]] == ["Med Lem"]


def test_who_has_declined_is_not_asked_again_by_a_new_edition(network: Network) -> None:
    minutes = circulate(network, held(network))
    adjusting_actions.decline(minutes.adjusters[0], reason="Nej", by=network.member)
    actions.save_note(minutes.meeting.items[0], text="Nya ord", based_on=1, by=network.secretary)
    made = actions.make_edition(minutes, reason="Nytt", based_on=1, render=plain_render, by=network.secretary)
    assert [one["name"] for one in made.content["adjusters"]] == ["Sam Mankallande"]
    assert len(told(network.member, "adjusting_requested")) == 1


def test_who_cannot_adjust_is_left_out_and_the_others_are_enough(network: Network, sign_in: Sign) -> None:
    minutes = circulate(network, held(network))
    first, second = minutes.adjusters
    with pytest.raises(Invalid):
        adjusting_actions.drop_adjuster(first, by=network.secretary)
    adjusting_actions.approve(second, edition=1, by=second.person)
    network.member.status = PersonStatus.DISABLED
    db.commit()
    secretary = sign_in(network.secretary)
    assert f"/adjusters/{first.id}/removal" in secretary.get(f"/meetings/{minutes.meeting_id}/minutes").text
    assert send(secretary, f"/adjusters/{first.id}/removal").status_code == 302
    db.session.expire_all()
    assert state(minutes) is MinutesState.SEALED
    assert [one.name for one in jobs.approvals_of(minutes.adjusters, 1)] == ["Sam Mankallande"]
    assert send(secretary, f"/adjusters/{first.id}/removal").status_code == 409


def test_nobody_is_left_out_if_only_the_writer_would_remain(network: Network) -> None:
    minutes = circulate(network, held(network), network.member, network.secretary)
    adjusting_actions.decline(minutes.adjusters[0], reason="Nej", by=network.member)
    with pytest.raises(Invalid):
        adjusting_actions.drop_adjuster(minutes.adjusters[0], by=network.convener)
    alone = circulate(network, held(network, "Ett till"), network.member)
    adjusting_actions.decline(alone.adjusters[0], reason="Nej", by=network.member)
    with pytest.raises(Invalid):
        adjusting_actions.drop_adjuster(alone.adjusters[0], by=network.convener)
    assert state(alone) is not MinutesState.SEALED


def test_one_who_approved_and_left_is_no_obstacle_to_naming_another(network: Network) -> None:
    minutes = circulate(network, held(network))
    first, second = minutes.adjusters
    adjusting_actions.approve(first, edition=1, by=network.member)
    people.remove_member(next(one for one in network.member.memberships if one.left_at is None), by=None)
    db.session.flush()
    named = adjusting_actions.replace_adjuster(second, network.secretary, by=network.convener)
    adjusting_actions.approve(named, edition=1, by=network.secretary)
    assert state(minutes) is MinutesState.SEALED


def test_an_adjuster_who_became_an_observer_cannot_approve(network: Network, sign_in: Sign) -> None:
    minutes = circulate(network, held(network))
    next(one for one in network.member.memberships if one.left_at is None).role = Role.OBSERVER
    db.commit()
    where = f"/adjusters/{minutes.adjusters[0].id}"
    assert send(sign_in(network.member), f"{where}/approval", edition="1").status_code == 403


def test_dropping_and_approving_at_once_is_one_seal(app: Edge, network: Network) -> None:
    minutes = circulate(network, held(network), network.member, network.convener)
    adjusting_actions.decline(minutes.adjusters[0], reason="Nej", by=network.member)
    db.commit()
    declined, waiting = (one.id for one in minutes.adjusters)
    by, leader = network.convener.id, network.secretary.id

    def approve() -> None:
        adjusting_actions.approve(db.session.get_one(Adjuster, waiting), edition=1, by=db.session.get_one(Person, by))

    def drop() -> None:
        adjusting_actions.drop_adjuster(db.session.get_one(Adjuster, declined), by=db.session.get_one(Person, leader))

    assert at_once(app, approve, drop) == []
    entries = db.session.scalars(sa.select(audit.AuditEntry.action)).all()
    assert entries.count("minutes_sealed") == 1


def test_a_number_that_stands_already_is_not_asked_about_at_each_save(network: Network) -> None:
    meeting = held(network)
    item, text = meeting.items[0], "Ring 070-123 45 67."
    keys = [find.key for find in guard.scan(text, field="text")]
    actions.save_note(item, text=text, based_on=1, keep=keys, by=network.secretary)
    db.session.flush()
    actions.save_note(item, text=f"{text} Tolv kom.", based_on=2, by=network.secretary)
    with pytest.raises(guard.Stopped):
        actions.save_note(item, text=f"{text} Eller 070-765 43 21.", based_on=3, by=network.secretary)
    with pytest.raises(guard.Stopped):
        actions.save_note(item, text=f"{text} {NUMBER}", based_on=3, by=network.secretary)
    assert db.session.scalars(sa.select(audit.AuditEntry.action)).all().count("guard_kept") == 1


# --- addenda ------------------------------------------------------------------------------------------------------------


def test_sealed_minutes_are_corrected_by_addenda_that_are_adjusted_too(network: Network) -> None:
    minutes = sealed(network)
    item = minutes.meeting.items[0]
    addendum = adjusting_actions.add_addendum(
        minutes, text="Det var *tisdag*.", item=item, adjusters=[network.member, network.convener], by=network.secretary
    )
    db.session.flush()
    db.session.refresh(addendum)
    assert addendum.number == 1
    db.session.refresh(minutes)
    assert len(minutes.adjusters) == 2, "those of the addendum are not the minutes' own"
    first, second = addendum.adjusters
    adjusting_actions.decline(first, reason="Kan inte", by=first.person)
    named = adjusting_actions.replace_adjuster(first, network.secretary, by=network.convener)
    adjusting_actions.approve(second, edition=1, by=second.person)
    assert sealed_at(addendum) is None
    adjusting_actions.approve(named, edition=1, by=named.person)
    adjusting_actions.approve(named, edition=1, by=named.person)
    assert sealed_at(addendum) is not None
    assert addendum.sha256 is not None
    assert len(told(network.observer, "addendum_sealed")) == 1
    another = adjusting_actions.add_addendum(
        minutes, text="Till", item=None, adjusters=[network.member], by=network.secretary
    )
    assert another.number == 2


def test_an_addendum_needs_a_seal_and_adjusters(network: Network) -> None:
    open_ones = circulate(network, held(network))
    with pytest.raises(Conflict):
        adjusting_actions.add_addendum(
            open_ones, text="Ett", item=None, adjusters=[network.member], by=network.secretary
        )
    minutes = sealed(network)
    with pytest.raises(Invalid):
        adjusting_actions.add_addendum(
            minutes, text="Ett", item=None, adjusters=[network.secretary], by=network.secretary
        )
    assert db.session.scalar(sa.select(sa.func.count(Addendum.id))) == 0


def test_an_organisation_notes_its_own_number(network: Network) -> None:
    minutes = circulate(network, held(network))
    adjusting_actions.note_record_number(minutes, number="2026-00123", by=network.member)
    adjusting_actions.note_record_number(minutes, number="Dnr 2026/124", by=network.member)
    adjusting_actions.note_record_number(minutes, number="AB 1", by=network.convener)
    db.session.flush()
    rows = dict(db.session.execute(sa.select(RecordNumber.organisation_id, RecordNumber.number)).all())
    assert rows == {network.ngo.id: "Dnr 2026/124", network.authority.id: "AB 1"}


# --- over HTTP ----------------------------------------------------------------------------------------------------------


def test_the_whole_way_over_http(network: Network, sign_in: Sign) -> None:
    meeting = held(network, "LAMP-möte")
    db.commit()
    where, item = f"/meetings/{meeting.id}/minutes", meeting.items[0].id
    secretary, member, convener = sign_in(network.secretary), sign_in(network.member), sign_in(network.convener)
    assert "Med Lem" in secretary.get(f"{where}/circulation").text
    day = (db.now() + timedelta(days=10)).date().isoformat()
    wrong = send(secretary, f"{where}/circulation", adjusters=[network.secretary.id], adjust_by=day)
    assert wrong.status_code == 422
    assert "Utse minst en justerare som inte själv skriver protokollet." in wrong.text
    form: dict[str, Any] = {"adjusters": [network.member.id, network.convener.id], "adjust_by": day}
    assert send(secretary, f"{where}/circulation", **form).status_code == 302
    assert send(secretary, f"{where}/circulation", **form).status_code == 409
    page = member.get(where).text
    assert "LAMP-möte" in page
    assert member.get(f"{where}.pdf").status_code == 409, "the worker has not made it yet"
    stopped = send(member, f"/agenda-items/{item}/remarks", text=f"Om {NUMBER}", client_id=key())
    assert stopped.status_code == 422
    assert f"Om {NUMBER}" in stopped.text, "nothing typed is lost"
    assert send(member, f"/agenda-items/{item}/remarks", text="Skriv så", client_id=key()).status_code == 302
    remark = db.session.scalars(sa.select(Remark)).one().id
    assert send(member, f"/remarks/{remark}/support").status_code == 403, "the own one"
    assert send(convener, f"/remarks/{remark}/support").status_code == 302
    assert send(member, f"/remarks/{remark}/answer", state="done").status_code == 403
    assert send(secretary, f"/remarks/{remark}/answer", state="rejected").status_code == 422
    assert send(secretary, f"/remarks/{remark}/answer", state="rejected", answer="Det stämmer").status_code == 302
    assert (
        send(secretary, f"/agenda-items/{item}/minutes", text="Vi **talade** länge.", based_on="1").status_code == 302
    )
    assert send(secretary, f"{where}/editions", reason="", based_on="1").status_code == 422
    assert send(secretary, f"{where}/editions", reason="Förtydligat", based_on="1").status_code == 302
    changed = member.get(f"{where}?changes=1").text
    assert "<ins>" in changed
    assert "länge." in changed
    adjusters = {one.person_id: one.id for one in db.session.scalars(sa.select(Adjuster))}
    mine, hers = adjusters[network.member.id], adjusters[network.convener.id]
    assert send(convener, f"/adjusters/{mine}/approval", edition="2").status_code == 403
    assert send(member, f"/adjusters/{mine}/approval", edition="1").status_code == 409
    assert send(member, f"/adjusters/{mine}/approval", edition="x").status_code == 400
    assert send(member, f"/adjusters/{mine}/approval", edition="2").status_code == 302
    assert send(convener, f"/adjusters/{hers}/approval", edition="2", sure="1").status_code == 302
    outbox.run_all()
    page = member.get(where).text
    assert db.session.scalars(sa.select(MinutesEdition.sha256).where(MinutesEdition.number == 2)).one()[:4] in page
    assert send(secretary, f"/agenda-items/{item}/minutes", text="Sent", based_on="2").status_code == 409
    form = {"text": "Det var tisdag.", "item": item, "adjusters": [network.member.id]}
    assert send(secretary, f"{where}/addenda", **(form | {"text": ""})).status_code == 422
    assert send(secretary, f"{where}/addenda", **form).status_code == 302
    extra = db.session.scalars(sa.select(Adjuster.id).where(Adjuster.addendum_id.is_not(None))).one()
    assert send(member, f"/adjusters/{extra}/approval", edition="2", sure="1").status_code == 302
    outbox.run_all()
    addendum = db.session.scalars(sa.select(Addendum)).one()
    assert member.get(f"/addenda/{addendum.id}/file").mimetype == "application/pdf"
    assert "Det var tisdag." in member.get(where).text


def test_a_member_who_left_neither_reads_nor_approves(network: Network, sign_in: Sign) -> None:
    minutes = circulate(network, held(network))
    member, adjuster = sign_in(network.member), minutes.adjusters[0].id
    membership = next(one for one in network.member.memberships if one.left_at is None)
    people.remove_member(membership, by=None)
    db.commit()
    assert send(member, f"/adjusters/{adjuster}/approval", edition="1").status_code == 404
    page = sign_in(network.secretary).get(f"/meetings/{minutes.meeting_id}/minutes").text
    assert "kan inte längre justera" in page


@pytest.mark.parametrize("step", ["circulate", "edition"])
def test_threads_are_held_before_the_log_as_every_post_does_it(app: Edge, network: Network, step: str) -> None:
    """PostgreSQL would else let two of them wait for each other."""
    if db.engine().dialect.name != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    thread = factories.thread(network.group, network.member, "Lyft fråga")
    meeting = held(network)
    meeting.items[0].thread_id = thread.id
    db.session.flush()
    minutes = circulate(network, meeting) if step == "edition" else None
    db.commit()
    said: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        said.append(statement)

    sa.event.listen(db.engine(), "before_cursor_execute", note)
    try:
        if minutes is None:
            circulate(network, meeting)
        else:
            followup.change_decision(
                db.session.scalars(sa.select(Decision)).one(), text="Annorlunda.", based_on=1, by=network.secretary
            )
            said.clear()
            actions.make_edition(minutes, reason="Rättat", based_on=1, render=plain_render, by=network.secretary)
    finally:
        sa.event.remove(db.engine(), "before_cursor_execute", note)
    holds = next(at for at, one in enumerate(said) if "FROM thread" in one and "FOR UPDATE" in one)
    assert holds < next(at for at, one in enumerate(said) if "pg_advisory_xact_lock" in one)
