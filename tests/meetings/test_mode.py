"""The meeting while it is held: the running item, attendance, the floor, decisions and actions, and minutes as they are written."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine

from portal import db, guard
from portal.errors import Conflict, NotFound
from portal.meetings.agenda import actions as agenda
from portal.meetings.followup import actions as followup
from portal.meetings.followup.models import ActionItem, Decision
from portal.meetings.minutes import actions as minutes
from portal.meetings.mode import actions as mode
from portal.meetings.mode import policy
from portal.meetings.mode.models import Attendance, ItemComment, SpeakerRequest
from portal.meetings.models import Answer, Invitation, ItemKind, Meeting, MinutesNote, MinutesVersion, Seat
from tests import factories
from tests.conftest import Browser, Sign, send
from tests.factories import Network

NUMBER = "811228-9874"


def running(network: Network, *, items: int = 3) -> Meeting:
    meeting = factories.meeting(network.group, network.convener, items=items)
    db.session.refresh(meeting)
    mode.open_meeting(meeting, by=network.convener)
    db.commit()
    return meeting


def key() -> str:
    return str(uuid.uuid4())


# --- the running item -------------------------------------------------------------------------------------------------


def test_time_is_counted_per_item_also_when_it_comes_again(network: Network) -> None:
    meeting = factories.meeting(network.group, network.convener, items=2)
    db.session.refresh(meeting)
    first, second = meeting.items
    start = db.now()
    with time_machine.travel(start, tick=False) as clock:
        mode.open_meeting(meeting, by=network.convener)
        assert policy.current_item(meeting) is first
        clock.shift(timedelta(minutes=7))
        mode.go_to_item(meeting, second, by=network.convener)
        clock.shift(timedelta(minutes=2))
        mode.go_to_item(meeting, first, by=network.convener)
        clock.shift(timedelta(minutes=1))
        mode.extend_item(first, minutes=5, by=network.convener)
        mode.close_meeting(meeting, by=network.convener)
    assert (first.spent_seconds, second.spent_seconds) == (8 * 60, 2 * 60)
    assert (first.extra_minutes, first.is_done, second.is_done) == (5, True, True)
    assert policy.current_item(meeting) is None


def test_one_item_is_current_however_often_it_is_said(network: Network) -> None:
    meeting = running(network)
    for item in (meeting.items[1], meeting.items[1], meeting.items[2]):
        mode.go_to_item(meeting, item, by=network.secretary)
    assert [item.began_at is not None for item in meeting.items] == [False, False, True]
    assert policy.next_item(meeting) is None


@pytest.mark.parametrize("state", ["planning", "running", "closed", "sealed", "cancelled"])
def test_a_meeting_begins_only_when_it_may(network: Network, state: str) -> None:
    meeting = factories.meeting(network.group, network.convener)
    if state in {"running", "closed", "sealed"}:
        mode.open_meeting(meeting, by=network.convener)
    if state in {"closed", "sealed"}:
        mode.close_meeting(meeting, by=network.convener)
    if state == "closed":
        mode.open_meeting(meeting, by=network.convener)  # closed by mistake: one goes on
        assert meeting.is_running
        return
    if state == "sealed":
        meeting.sealed_at = db.now()
    if state in {"planning", "cancelled"}:
        meeting.state = type(meeting.state)(state)
    db.session.flush()
    with pytest.raises(Conflict):
        mode.open_meeting(meeting, by=network.convener)


def test_nothing_is_done_in_a_meeting_that_does_not_run(network: Network) -> None:
    meeting = factories.meeting(network.group, network.convener)
    db.session.refresh(meeting)
    invitation = db.session.scalars(sa.select(Invitation)).first()
    assert invitation is not None
    for act in (
        lambda: mode.close_meeting(meeting, by=network.convener),
        lambda: mode.go_to_item(meeting, meeting.items[0], by=network.convener),
        lambda: mode.extend_item(meeting.items[0], minutes=5, by=network.convener),
        lambda: mode.note_arrival(invitation, Answer.ON_SITE, by=network.convener),
        lambda: mode.note_departure(invitation, by=network.convener),
        lambda: mode.note_announced(meeting, by=network.convener),
        lambda: mode.ask_for_floor(meeting, by=network.member),
    ):
        with pytest.raises(Conflict):
            act()


# --- who is there -----------------------------------------------------------------------------------------------------


def test_attendance_keeps_who_came_changed_over_left_and_came_again(network: Network) -> None:
    meeting = running(network)
    invitation = db.session.scalars(sa.select(Invitation).where(Invitation.person_id == network.member.id)).one()
    for _twice in range(2):
        mode.note_arrival(invitation, Answer.ONLINE, by=network.secretary)
    mode.note_arrival(invitation, Answer.ON_SITE, by=network.secretary)
    mode.note_departure(invitation, by=network.secretary)
    mode.note_departure(invitation, by=network.secretary)
    mode.note_arrival(invitation, Answer.ON_SITE, by=network.secretary)
    stays = db.session.scalars(sa.select(Attendance).order_by(Attendance.id)).all()
    assert [(stay.way, stay.left_at is None) for stay in stays] == [
        (Answer.ONLINE, False), (Answer.ON_SITE, False), (Answer.ON_SITE, True),
    ]  # fmt: skip
    mode.close_meeting(meeting, by=network.convener)
    db.session.expire_all()
    assert db.session.scalar(sa.select(sa.func.count()).where(Attendance.left_at.is_(None))) == 0


def test_all_who_said_so_are_noted_once(network: Network) -> None:
    meeting = running(network)
    for person, answer in (
        (network.member, Answer.ONLINE),
        (network.secretary, Answer.ON_SITE),
        (network.observer, Answer.DECLINED),
    ):
        row = db.session.scalars(sa.select(Invitation).where(Invitation.person_id == person.id)).one()
        row.answer = answer
    assert mode.note_announced(meeting, by=network.convener) == 2
    assert mode.note_announced(meeting, by=network.convener) == 0


# --- over HTTP --------------------------------------------------------------------------------------------------------


def room(client: Browser, meeting: Meeting) -> str:
    return client.get(f"/meetings/{meeting.id}/room").text


def test_a_whole_meeting_over_http(network: Network, sign_in: Sign) -> None:
    meeting = factories.meeting(network.group, network.convener, items=2)
    db.commit()
    where, items = f"/meetings/{meeting.id}", [item.id for item in meeting.items]
    secretary, member = sign_in(network.secretary), sign_in(network.member)
    assert send(secretary, f"{where}/opening", sure="1").status_code == 302
    invitation = db.session.scalars(sa.select(Invitation.id).where(Invitation.person_id == network.member.id)).one()
    assert send(secretary, f"{where}/attendance", invitation_way=f"{invitation} on_site").status_code == 302
    assert send(member, f"{where}/floor").status_code == 302
    asked = db.session.scalars(sa.select(SpeakerRequest.id)).one()
    assert send(member, f"/floor/{asked}", step="give").status_code == 403
    assert send(secretary, f"/floor/{asked}", step="give").status_code == 302
    assert send(member, f"/floor/{asked}", step="end").status_code == 302
    assert (
        send(secretary, f"/agenda-items/{items[0]}/decisions", text="Vi **bjuder** in.", client_id=key()).status_code
        == 302
    )
    assert send(
        secretary, f"/agenda-items/{items[0]}/actions", text="Bjud in", client_id=key(), who=f"p{network.member.id}", due_on="2031-01-01"
    ).status_code == 302  # fmt: skip
    assert send(member, f"/agenda-items/{items[0]}/comments", body="Jag heter Åsa", client_id=key()).status_code == 302
    assert send(secretary, f"/agenda-items/{items[1]}/turn").status_code == 302
    seen = member.get(f"{where}/room?item={items[0]}").text
    for words in ("<strong>bjuder</strong>", "Bjud in", "Jag heter Åsa"):
        assert words in seen
    assert send(secretary, f"{where}/closing").status_code == 302
    action = db.session.scalars(sa.select(ActionItem)).one()
    assert (action.owner_id, action.organisation_id, str(action.due_on)) == (
        network.member.id,
        network.member.organisation_id,
        "2031-01-01",
    )
    assert [event.what for event in action.events] == ["created"]


def test_parts_are_asked_for_only_when_something_happened(network: Network, sign_in: Sign) -> None:
    meeting = running(network)
    db.commit()
    member, secretary = sign_in(network.member), sign_in(network.secretary)
    where = f"/meetings/{meeting.id}/room/parts"
    before = int(member.get(where).headers["X-Last-Seq"])
    assert member.get(f"{where}?after={before}").text == ""
    send(secretary, f"/agenda-items/{meeting.items[1].id}/turn")
    after = member.get(f"{where}?after={before}")
    assert int(after.headers["X-Last-Seq"]) > before
    for part in (
        "mode-head",
        "mode-agenda",
        "mode-people",
        "mode-floor",
        "mode-totals",
        "mode-clock-",
        "mode-note-",
        "mode-rows-",
        "mode-comments-",
    ):
        assert f'id="{part}' in after.text
    assert "csrf_token" not in after.text, "what goes to all holds nobody's token"


def test_a_meeting_closed_by_mistake_goes_on_with_those_who_were_there(network: Network) -> None:
    meeting = running(network)
    rows = {one.person_id: one for one in meeting.invitations}
    for person in (network.member, network.observer):
        mode.note_arrival(rows[person.id], Answer.ON_SITE, by=network.convener)
    with time_machine.travel(db.now() + timedelta(minutes=1)):
        mode.note_departure(rows[network.observer.id], by=network.convener)
    with time_machine.travel(db.now() + timedelta(minutes=5)):
        mode.close_meeting(meeting, by=network.convener)
        mode.open_meeting(meeting, by=network.convener)
    db.session.expire_all()
    here = {key for key, stays in policy.attendance_of(meeting).items() if stays[-1].left_at is None}
    assert here == {rows[network.member.id].id}


def test_the_floor_is_given_to_nobody_who_has_spoken(network: Network) -> None:
    meeting = running(network)
    for person in (network.member, network.secretary):
        mode.ask_for_floor(meeting, by=person)
    first, second = policy.speakers(meeting)
    mode.give_floor(first, by=network.convener)
    mode.end_floor(first, by=network.convener)
    mode.give_floor(second, by=network.convener)
    mode.give_floor(first, by=network.secretary)
    db.session.expire_all()
    assert [(one.person_id, one.given_at is None) for one in policy.speakers(meeting)] == [
        (network.secretary.id, False)
    ]
    mode.close_meeting(meeting, by=network.convener)
    with pytest.raises(Conflict):
        mode.give_floor(second, by=network.convener)


def test_an_item_that_was_taken_away_is_not_begun(network: Network) -> None:
    meeting = running(network)
    item = meeting.items[2]
    agenda.remove_item(item, by=network.convener)
    with pytest.raises(NotFound):
        mode.go_to_item(meeting, item, by=network.convener)


def test_the_room_shows_papers_and_the_lifted_question_to_those_who_may_read_them(
    network: Network, sign_in: Sign
) -> None:
    meeting = running(network)
    item = meeting.items[0]
    paper = factories.resource(network.group, network.convener, "Underlag om tolkar", "innehåll", "a.txt")
    agenda.add_paper(item, paper, by=network.convener)
    foreign = factories.thread(network.closed, network.convener, "I en annan grupp")
    item.thread_id = factories.thread(network.group, network.member, "Vem betalar?").id
    meeting.items[1].thread_id = foreign.id
    db.commit()
    member, where = sign_in(network.member), f"/meetings/{meeting.id}/room"
    page = member.get(where).text
    assert "Underlag om tolkar" in page
    assert f"/threads/{item.thread_id}" in page
    assert f"/threads/{foreign.id}" not in member.get(f"{where}?item={meeting.items[1].id}").text


def test_who_was_there_is_counted_after_the_close(network: Network, sign_in: Sign) -> None:
    meeting = running(network)
    invitation = next(one for one in meeting.invitations if one.person_id == network.member.id)
    mode.note_arrival(invitation, Answer.ON_SITE, by=network.convener)
    mode.close_meeting(meeting, by=network.convener)
    db.commit()
    page = sign_in(network.member).get(f"/meetings/{meeting.id}/room").text
    assert "<strong>1</strong>" in page.split('id="mode-people"')[1].split("</p>")[0]


def test_vacant_seats_stand_in_the_room(network: Network, sign_in: Sign) -> None:
    meeting = running(network)
    vacant, held = factories.organisation("Tomma länet"), factories.organisation("Fyllda länet")
    db.session.add(Seat(group_id=network.group.id, organisation_id=vacant.id))
    db.session.add(Seat(group_id=network.group.id, organisation_id=held.id, ordinary_id=network.member.id))
    db.commit()
    page = sign_in(network.member).get(f"/meetings/{meeting.id}/room").text
    assert "Vakant plats: Tomma Länet." in page
    assert "Fyllda Länet" not in page


@pytest.mark.parametrize("what", ["decisions", "actions", "comments"])
def test_sent_twice_it_is_one_and_personal_data_is_not_stored(network: Network, sign_in: Sign, what: str) -> None:
    meeting = running(network)
    secretary, where = sign_in(network.secretary), f"/agenda-items/{meeting.items[0].id}/{what}"
    form = {"text": "Text", "body": "Text", "who": f"o{network.ngo.id}", "client_id": key()}
    for _twice in range(2):
        assert send(secretary, where, **form).status_code == 302
    table = {"decisions": Decision, "actions": ActionItem, "comments": ItemComment}[what]
    assert db.session.scalar(sa.select(sa.func.count()).select_from(table)) == 1
    refused = send(secretary, where, **(form | {"text": f"Om {NUMBER}", "body": f"Om {NUMBER}", "client_id": key()}))
    assert refused.status_code == 422
    assert f"Om {NUMBER}" in refused.text, "the text stays in the form"
    empty = send(secretary, where, **(form | {"text": " ", "body": "", "client_id": key()}))
    assert empty.status_code == 422
    assert db.session.scalar(sa.select(sa.func.count()).select_from(table)) == 1


def test_somebody_who_is_not_called_cannot_be_made_responsible(network: Network, sign_in: Sign) -> None:
    meeting = running(network)
    secretary, where = sign_in(network.secretary), f"/agenda-items/{meeting.items[0].id}/actions"
    for who in (f"p{network.outsider.id}", "p999999", "x1", "", "p"):
        assert send(secretary, where, text="Text", who=who, client_id=key()).status_code == 422
    assert db.session.scalar(sa.select(sa.func.count()).select_from(ActionItem)) == 0


@pytest.mark.parametrize("way", ["", "7", "x on_site", "0 on_site", "{own} tentative", "{foreign} on_site", "²  left"])
def test_attendance_of_nobody_is_refused(network: Network, sign_in: Sign, way: str) -> None:
    meeting = running(network)
    other = factories.meeting(network.closed, network.convener)
    foreign = db.session.scalars(sa.select(Invitation.id).where(Invitation.meeting_id == other.id)).first()
    own = db.session.scalars(sa.select(Invitation.id).where(Invitation.meeting_id == meeting.id)).first()
    db.commit()
    chosen = way.format(own=own, foreign=foreign)
    answer = send(sign_in(network.secretary), f"/meetings/{meeting.id}/attendance", invitation_way=chosen)
    assert answer.status_code == 400


def test_a_decision_is_reworded_taken_back_and_never_overwritten(network: Network, sign_in: Sign) -> None:
    meeting = running(network)
    made = followup.add_decision(meeting.items[0], text="Ett", client_id=key(), by=network.secretary)
    db.commit()
    where, secretary = f"/decisions/{made.id}", sign_in(network.secretary)
    assert send(secretary, where, **{f"text-{made.id}": "Två", "based_on": "1"}).status_code == 302
    assert send(secretary, where, **{f"text-{made.id}": "Tre", "based_on": "1"}).status_code == 409
    assert send(secretary, where, **{f"text-{made.id}": f"Om {NUMBER}", "based_on": "2"}).status_code == 422
    assert send(secretary, where, **{f"text-{made.id}": " ", "based_on": "2"}).status_code == 422
    db.session.expire_all()
    assert (made.text, made.revision, made.number) == ("Två", 2, 1)
    refused = send(secretary, where, text="Tre på sidan", based_on="1")
    assert (refused.status_code, "Tre på sidan" in refused.text, "Två" in refused.text) == (409, True, True)
    stopped = send(secretary, where, text=f"Om {NUMBER}", based_on="2")
    assert (stopped.status_code, f"Om {NUMBER}" in stopped.text) == (422, True), "what was written stays in the form"
    page = secretary.get(where).text
    assert [version.text for version in made.versions] == ["Ett"]
    assert '<pre class="version-text">Ett</pre>' in page
    assert "version-text" not in sign_in(network.member).get(where).text
    assert send(secretary, where, withdraw="1").status_code == 302
    assert sign_in(network.member).get(where).status_code == 404
    assert send(secretary, where, text="Fyra", based_on="2").status_code == 409
    assert send(secretary, where, restore="1").status_code == 302
    assert sign_in(network.member).get(where).status_code == 200
    assert send(secretary, where, withdraw="1").status_code == 302
    again = followup.add_decision(meeting.items[0], text="Nytt", client_id=key(), by=network.secretary)
    assert again.number == 2, "a number is not used again"


def test_a_number_in_a_decision_is_asked_about_once(network: Network) -> None:
    item = running(network).items[0]
    keys = [find.key for find in guard.scan("Ring 070-123 45 67.", field="text")]
    made = followup.add_decision(item, text="Ring 070-123 45 67.", client_id=key(), keep=keys, by=network.secretary)
    followup.change_decision(made, text="Ring 070-123 45 67 i maj.", based_on=1, by=network.secretary)
    with pytest.raises(guard.Stopped):
        followup.change_decision(made, text="Ring 070-765 43 21.", based_on=2, by=network.secretary)


def test_nothing_is_written_on_a_break(network: Network) -> None:
    meeting = running(network)
    item = agenda.add_item(meeting, agenda.ItemPlan("Kaffe", ItemKind.BREAK), by=network.convener)
    task = followup.Task("Ring", network.ngo)
    for write in (
        lambda: minutes.save_note(item, text="Ord", based_on=0, by=network.secretary),
        lambda: followup.add_decision(item, text="Ord", client_id=key(), by=network.secretary),
        lambda: followup.add_action(
            network.group, task, client_id=key(), meeting=meeting, item=item, by=network.secretary
        ),
    ):
        with pytest.raises(Conflict):
            write()


# --- minutes as they are written --------------------------------------------------------------------------------------


def save(
    network: Network, meeting: Meeting, text: str, based_on: int, writer: str, *, by_convener: bool = False
) -> MinutesNote:
    by = network.convener if by_convener else network.secretary
    return minutes.save_note(meeting.items[0], text=text, based_on=based_on, writer_key=writer, by=by)


def test_an_editor_whose_answer_got_lost_is_no_conflict_with_itself(network: Network) -> None:
    meeting, mine = running(network), key()
    save(network, meeting, "A", 0, mine)
    save(network, meeting, "AB", 1, mine)
    save(network, meeting, "ABC", 1, mine)  # the answer to "AB" never came
    assert save(network, meeting, "ABCD", 0, mine).text == "ABCD"


def test_somebody_between_is_a_conflict_and_nothing_is_overwritten(network: Network) -> None:
    meeting, mine, theirs = running(network), key(), key()
    save(network, meeting, "A", 0, mine)
    save(network, meeting, "Hennes", 1, theirs, by_convener=True)
    with pytest.raises(Conflict):
        save(network, meeting, "AB", 1, mine)
    db.session.flush()
    with pytest.raises(Conflict):
        save(network, meeting, "AB", 1, "")
    note = save(network, meeting, "AB", 2, mine)  # chosen
    with pytest.raises(Conflict):
        save(network, meeting, "ABC", 1, mine)  # its own run began at 2
    assert (note.text, note.revision, note.run_base) == ("AB", 3, 2)
    kept = db.session.scalars(sa.select(MinutesVersion.text).order_by(MinutesVersion.revision)).all()
    assert list(kept) == ["A", "Hennes"]


def test_another_person_with_the_same_editor_is_another_editor(network: Network) -> None:
    """On a shared computer the tab's name outlives the session."""
    meeting, tab = running(network), key()
    save(network, meeting, "A", 0, tab)
    save(network, meeting, "AB", 1, tab)
    with pytest.raises(Conflict):
        save(network, meeting, "Min", 1, tab, by_convener=True)


def test_typing_makes_few_versions_and_a_large_loss_makes_one(network: Network) -> None:
    meeting, mine, start = running(network), key(), db.now()
    text, revision = "", 0
    with time_machine.travel(start, tick=False) as clock:
        for number in range(120):  # ten minutes, a save every five seconds
            text += f"Mening {number}. "
            revision = save(network, meeting, text, revision, mine).revision
            clock.shift(timedelta(seconds=5))
        versions = sa.select(sa.func.count()).select_from(MinutesVersion)
        assert 1 <= (db.session.scalar(versions) or 0) <= 4
        before = db.session.scalar(versions) or 0
        save(network, meeting, "Borta", revision, mine)
        assert db.session.scalar(versions) == before + 1
    kept = db.session.scalars(sa.select(MinutesVersion.text).order_by(MinutesVersion.revision.desc())).first()
    assert kept == text


def test_the_editor_over_http(network: Network, sign_in: Sign) -> None:
    meeting = running(network)
    item, mine = meeting.items[0].id, key()
    where, fragment = f"/agenda-items/{item}/minutes", {"X-Fragment": "1"}
    secretary, convener = sign_in(network.secretary), sign_in(network.convener)

    def save_as(client: Browser, **form: str) -> tuple[int, str | None, str]:
        answer = client.post(where, data={"csrf_token": client.csrf, **form}, headers=fragment)
        return answer.status_code, answer.headers.get("X-Revision"), answer.text

    assert save_as(secretary, text="Å\r\nÄ", based_on="0", writer_key=mine)[:2] == (204, "1")
    assert secretary.get(where, headers=fragment).text == "Å\nÄ"
    status, revision, page = save_as(convener, text="Mitt", based_on="0", writer_key=key())
    assert (status, revision) == (409, "1")
    assert "Å\nÄ" in page
    assert "Mitt" in page
    assert save_as(secretary, text=f"Om {NUMBER}", based_on="1", writer_key=mine)[0] == 422
    assert save_as(secretary, text="x" * 50_001, based_on="1", writer_key=mine)[0] == 422
    assert save_as(secretary, text="Text", based_on="1", writer_key="inte ett namn")[0] == 422
    assert db.session.scalars(sa.select(MinutesNote.text)).one() == "Å\nÄ"


def test_sealed_minutes_take_nothing_more(network: Network) -> None:
    meeting = running(network)
    decision = followup.add_decision(meeting.items[0], text="Ett", client_id=key(), by=network.secretary)
    meeting.sealed_at = db.now()
    db.commit()
    for act in (
        lambda: minutes.save_note(meeting.items[0], text="Sent", based_on=0, by=network.secretary),
        lambda: followup.add_decision(meeting.items[0], text="Sent", client_id=key(), by=network.secretary),
        lambda: followup.change_decision(decision, text="Sent", based_on=1, by=network.secretary),
        lambda: followup.withdraw_decision(decision, by=network.secretary),
    ):
        with pytest.raises(Conflict):
            act()


def test_the_guard_reads_what_actions_say_about_themselves(network: Network) -> None:
    task = followup.Task("Ring", network.ngo, network.member)
    action = followup.add_action(network.group, task, client_id=key(), by=network.convener)
    with pytest.raises(guard.Stopped):
        followup.change_action(action, task, based_on=1, note=NUMBER, by=network.member)
