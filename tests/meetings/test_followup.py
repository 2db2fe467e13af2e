"""What follows from meetings: actions with their history and reminders, decisions, and who answers when somebody is gone."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
import time_machine
from bs4 import BeautifulSoup

from portal import db, guard, outbox
from portal.errors import Conflict
from portal.home.nav import Navigation
from portal.meetings.followup import actions, reminders, views
from portal.meetings.followup.models import ActionItem, ActionState
from portal.meetings.followup.policy import open_actions
from portal.meetings.minutes import adjusting_actions
from portal.meetings.minutes import reminders as minutes_reminders
from portal.meetings.minutes.models import AdjusterState
from portal.notifications.models import Notice
from portal.people import actions as people
from portal.people.models import HandlingClass, Person, Role
from tests import factories
from tests.conftest import Sign, send
from tests.factories import Network
from tests.meetings.test_meetings import NUMBER

pytestmark = pytest.mark.usefixtures("built_front_end")
NOW = datetime(2031, 3, 3, 10, tzinfo=UTC)


def action(
    network: Network, text: str = "Ring länen", *, owner: Person | None = None, due: date | None = None
) -> ActionItem:
    task = actions.Task(text, (owner or network.member).organisation, owner or network.member, due)
    made = actions.add_action(network.group, task, client_id=str(uuid.uuid4()), by=network.convener)
    db.session.flush()
    return made


def told(person: Person, kind: str) -> int:
    rows = sa.select(sa.func.count(Notice.id)).where(Notice.person_id == person.id, Notice.kind == kind)
    return db.session.scalar(rows) or 0


def what(made: ActionItem) -> list[str]:
    return [event.what for event in made.events]


def state(made: ActionItem) -> ActionState:
    return made.state


# --- the history --------------------------------------------------------------------------------------------------------


def test_an_action_goes_from_hand_to_hand_and_remembers_it(network: Network) -> None:
    made = action(network)
    task = actions.Task("Ring länen", network.authority, network.convener, date(2031, 1, 1))
    actions.change_action(made, task, based_on=1, note="Du har numren", by=network.member)
    with pytest.raises(Conflict):
        actions.change_action(made, task, based_on=1, by=network.member)
    with pytest.raises(Conflict):
        actions.set_action_state(made, ActionState.DONE, based_on=1, by=network.convener)
    actions.set_action_state(made, ActionState.DONE, based_on=2, note="Klart", by=network.convener)
    actions.set_action_state(made, ActionState.DONE, based_on=2, by=network.convener)
    actions.set_action_state(made, ActionState.OPEN, by=network.convener)
    actions.set_action_state(made, ActionState.DROPPED, by=network.convener)
    assert what(made) == ["created", "moved", "handed_over", "done", "reopened", "dropped"]
    assert told(network.convener, "action_assigned") == 1


def test_the_page_of_an_action(network: Network, sign_in: Sign) -> None:
    made = action(network, 'Ring <länen> "å" # $ \\ @', due=date(2020, 1, 1))
    db.commit()
    where = f"/actions/{made.id}"
    member, secretary, observer = sign_in(network.member), sign_in(network.secretary), sign_in(network.observer)
    assert "Ring &lt;länen&gt;" in observer.get(where).text
    assert send(observer, where, text="x").status_code == 403
    form = {
        "text": "Ring alla län",
        "who": f"o{network.county.id}",
        "due_on": "2031-01-01",
        "based_on": "1",
        "note": "Ni kan det",
    }
    assert send(member, where, **(form | {"text": f"Om {NUMBER}"})).status_code == 422
    assert send(member, where, **(form | {"text": "x" * 1001})).status_code == 422
    assert send(member, where, **(form | {"who": "p999999"})).status_code == 422
    assert send(member, where, **(form | {"who": "p" + "1" * 400})).status_code == 422
    assert send(member, where, **(form | {"due_on": "igår"})).status_code == 422
    assert send(member, where, **form).status_code == 302
    again = send(secretary, where, **(form | {"text": "Min text"}))
    assert again.status_code == 409
    assert "Min text" in again.text
    assert send(member, f"{where}/state", state="done", based_on="2").status_code == 403, "it is the county's now"
    assert send(secretary, f"{where}/state", state="done", based_on="2", note=NUMBER).status_code == 422
    assert send(secretary, f"{where}/state", state="lost", based_on="2").status_code == 422
    assert send(secretary, f"{where}/state", state="done", based_on="1").status_code == 409
    assert send(secretary, f"{where}/state", state="done", based_on="2", note="Klart nu").status_code == 302
    page = member.get(where).text
    for words in ("Ni kan det", "Klart nu", "Ring &lt;länen&gt;"):
        assert words in page, words


def test_an_action_is_added_outside_a_meeting(network: Network, sign_in: Sign) -> None:
    where, client_id = "/groups/natverket/actions/new", str(uuid.uuid4())
    db.commit()
    member, convener = sign_in(network.member), sign_in(network.convener)
    assert where in member.get("/groups/natverket/actions").text
    assert where not in sign_in(network.observer).get("/groups/natverket/actions").text
    mine, theirs = f"p{network.member.id}", f"p{network.convener.id}"
    page = member.get(where).text
    assert f'value="{mine}"' in page
    assert f'value="{theirs}"' not in page, "members make their own organisation responsible"
    form = {"text": "Ring länen", "who": mine, "due_on": "2031-01-01", "client_id": client_id}
    for wrong in (
        {"text": ""},
        {"text": f"Om {NUMBER}"},
        {"text": "x" * 1001},
        {"who": theirs},
        {"who": "p9" * 40},
        {"due_on": "i går"},
    ):
        refused = send(member, where, **form | wrong)
        assert refused.status_code == 422
        assert wrong.get("text", "Ring länen") in refused.text, "what was written stays"
    for _twice in range(2):
        assert send(member, where, **form).status_code == 302
    assert (
        send(convener, where, **form | {"who": f"o{network.ngo.id}", "client_id": str(uuid.uuid4())}).status_code == 302
    )
    made = db.session.scalars(sa.select(ActionItem).order_by(ActionItem.id)).all()
    assert [(one.owner_id, one.organisation_id, one.meeting_id) for one in made] == [
        (network.member.id, network.ngo.id, None), (None, network.ngo.id, None),
    ]  # fmt: skip


def test_observers_change_nothing_of_their_organisation_s_actions(network: Network, sign_in: Sign) -> None:
    made = action(network, owner=network.member)
    colleague = factories.person(network.ngo, "Kol Lega")
    people.add_member(network.group, colleague, role=Role.OBSERVER, by=None)
    db.commit()
    where = f"/actions/{made.id}/state"
    assert send(sign_in(colleague), where, state="done", based_on="1").status_code == 403
    assert send(sign_in(network.member), where, state="done", based_on="1").status_code == 302


def test_done_actions_go_on_page_by_page(network: Network, sign_in: Sign, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "MOST_ACTIONS", 2)
    for number in range(5):
        actions.set_action_state(action(network, f"Gjort {number}"), ActionState.DONE, by=network.member)
    db.commit()
    client, where, seen = sign_in(network.member), "/groups/natverket/actions?show=done", []
    for _page in range(3):
        page = BeautifulSoup(client.get(where).text, "html.parser")
        seen += [link.get_text() for link in page.select("[data-row-link]")]
        older = page.select_one("a[href*='before=']")
        where = str(older["href"]) if older else ""
    assert seen == [f"Gjort {number}" for number in reversed(range(5))]
    assert where == ""


def test_the_group_s_actions_and_what_the_agenda_lists(network: Network, sign_in: Sign) -> None:
    late = action(network, "Sen uppgift", due=date(2020, 1, 1))
    action(network, "Utan dag")
    soon = action(network, "Snart", owner=network.secretary, due=date(2090, 1, 1))
    actions.set_action_state(action(network, "Gjord uppgift"), ActionState.DONE, by=network.member)
    db.commit()
    assert [one.text for one in db.session.scalars(open_actions(network.member, network.group))] == [
        "Sen uppgift", "Snart", "Utan dag",
    ]  # fmt: skip
    client = sign_in(network.observer)
    page = client.get("/groups/natverket/actions").text
    assert page.index("Sen uppgift") < page.index("Snart") < page.index("Utan dag")
    assert "Gjord uppgift" not in page
    assert "Gjord uppgift" in client.get("/groups/natverket/actions?show=done").text
    some = client.get(f"/groups/natverket/actions?organisation={soon.organisation_id}").text
    assert "Snart" in some
    assert "Sen uppgift" not in some
    assert late.text in client.get("/groups/natverket").text
    assert sign_in(network.outsider).get("/groups/natverket/actions").status_code == 404


# --- who is gone --------------------------------------------------------------------------------------------------------


def test_what_somebody_leaves_behind_falls_to_the_organisation(network: Network) -> None:
    mine, done = action(network, owner=network.secretary), action(network, "Gjord", owner=network.secretary)
    actions.set_action_state(done, ActionState.DONE, by=network.secretary)
    people.add_member(network.group, factories.person(network.county, "Kollega"), by=None)
    db.session.flush()
    people.disable_person(network.secretary, by=network.admin)
    assert (mine.owner, done.owner) == (None, network.secretary)
    assert (mine.organisation, what(mine)) == (network.county, ["created", "handed_over"])
    assert told(network.observer, "action_fell") == 1


@pytest.mark.parametrize("how", ["left the group", "moved on", "organisation closed"])
def test_so_does_what_those_leave_who_go_in_other_ways(network: Network, how: str) -> None:
    made = action(network)
    if how == "left the group":
        people.remove_member(next(one for one in network.member.memberships if one.left_at is None), by=None)
    elif how == "moved on":
        network.member.organisation = network.county
    else:
        people.close_organisation(network.ngo, by=None)
    db.session.flush()
    reminders.release_left()
    reminders.release_left()
    assert made.owner is None
    assert made.organisation == network.ngo
    assert what(made) == ["created", "handed_over"]


def test_administrators_see_what_has_no_name_and_others_their_own(network: Network) -> None:
    people.add_member(network.group, network.admin, by=None)
    task = actions.Task("Utan namn", network.authority)
    actions.add_action(network.group, task, client_id="x", by=network.secretary)
    action(network, "Med namn")
    db.session.flush()
    assert [one.text for one in Navigation(network.admin).actions] == ["Utan namn"]
    assert [one.text for one in Navigation(network.member).actions] == ["Med namn"]
    assert Navigation(network.convener).actions == []


def test_today_shows_what_waits(network: Network, sign_in: Sign) -> None:
    action(network, "Försenad uppgift", due=date(2020, 1, 1))
    held = factories.held_meeting(network.group, network.convener, "Mötet i går")
    made = factories.circulated(held, network.secretary, [network.member])
    db.commit()
    client = sign_in(network.member)
    page = client.get("/").text
    for words in ("Försenad uppgift", "tag-bad", "Mötet i går", f"/meetings/{held.id}/minutes"):
        assert words in page, words
    adjusting_actions.approve(made.adjusters[0], edition=1, by=network.member)
    db.commit()
    assert Navigation(network.member).adjusting == []


# --- reminders ----------------------------------------------------------------------------------------------------------


def test_reminders_come_a_week_before_a_day_before_and_weekly_after(network: Network) -> None:
    with time_machine.travel(NOW, tick=False):
        action(network, due=date(2031, 3, 20))
    given = []
    for day in range(4, 60):
        with time_machine.travel(NOW.replace(day=1) + timedelta(days=day - 1), tick=False):
            for _hour in range(2):
                reminders.remind_of_actions()
            given.append((day, told(network.member, "action_due"), told(network.member, "action_overdue")))
    changed = [given[at][0] for at in range(1, len(given)) if given[at][1:] != given[at - 1][1:]]
    assert changed == [13, 19, 21, 28, 35, 42, 49, 56]
    assert given[-1][1:] == (2, 6)


def test_a_reminder_goes_to_who_answers_and_stops_when_it_is_done(network: Network) -> None:
    with time_machine.travel(NOW, tick=False):
        task = actions.Task("Utan namn", network.ngo, None, date(2031, 3, 20))
        made = actions.add_action(network.group, task, client_id="x", by=network.convener)
        soon = action(network, "Bråttom", due=date(2031, 3, 5))
        db.session.flush()
        reminders.remind_of_actions()
        assert told(network.member, "action_due") == 0, "who undertook it today knows"
    with time_machine.travel(NOW + timedelta(days=40), tick=False):
        actions.set_action_state(soon, ActionState.DONE, by=network.member)
        reminders.remind_of_actions()
        assert told(network.member, "action_overdue") == 1
        actions.set_action_state(made, ActionState.DROPPED, by=network.member)
    with time_machine.travel(NOW + timedelta(days=80), tick=False):
        reminders.remind_of_actions()
        assert told(network.member, "action_overdue") == 1


def test_minutes_that_nobody_circulates_are_asked_for_weekly(network: Network) -> None:
    held = factories.held_meeting(network.group, network.convener)
    counts = []
    for days in (5, 13, 15, 16, 22, 29, 400):
        with time_machine.travel(held.ends_at + timedelta(days=days, hours=1), tick=False):
            minutes_reminders.remind_to_circulate()
            counts.append(told(network.secretary, "minutes_late"))
    assert counts == [0, 0, 1, 1, 2, 3, 3]
    assert told(network.member, "minutes_late") == 0


def test_who_has_not_approved_is_reminded_before_and_at_the_deadline(network: Network) -> None:
    held = factories.held_meeting(network.group, network.convener)
    made = factories.circulated(held, network.secretary, [network.member, network.convener])
    adjusting_actions.approve(made.adjusters[1], edition=1, by=network.convener)
    assert made.adjust_by is not None
    counts = []
    for days in (-8, -3, -2, 0, 1):
        with time_machine.travel(made.adjust_by + timedelta(days=days), tick=False):
            minutes_reminders.remind_adjusters()
            counts.append((told(network.member, "adjusting_requested"), told(network.convener, "adjusting_requested")))
    assert counts == [(1, 1), (2, 1), (2, 1), (3, 1), (3, 1)]


@pytest.mark.parametrize("how", ["disabled", "left"])
def test_the_leaders_hear_of_an_adjuster_who_is_gone(network: Network, how: str) -> None:
    held = factories.held_meeting(network.group, network.convener)
    made = factories.circulated(held, network.secretary, [network.member])
    if how == "disabled":
        people.disable_person(network.member, by=network.admin)
    else:
        people.remove_member(next(one for one in network.member.memberships if one.left_at is None), by=None)
    db.session.flush()
    for _hour in range(2):
        minutes_reminders.remind_adjusters()
    assert told(network.convener, "adjuster_gone") == 1
    named = adjusting_actions.replace_adjuster(made.adjusters[0], network.convener, by=network.secretary)
    assert named.state is AdjusterState.WAITING


# --- decisions ----------------------------------------------------------------------------------------------------------


def test_decisions_are_listed_found_and_forgotten_when_taken_back(network: Network, sign_in: Sign) -> None:
    meeting = factories.meeting(network.group, network.convener, "Mötet", items=2)
    db.session.refresh(meeting)
    made = [
        actions.add_decision(meeting.items[1], text=f"Kampanjen {word} börjar.", client_id=str(uuid.uuid4()), by=network.convener)
        for word in ("i taxi", "på hotell")
    ]  # fmt: skip
    action(network, "Beställ trycksaker till kampanjen")
    db.commit()
    outbox.run_all()
    client = sign_in(network.member)
    page = client.get("/groups/natverket/decisions").text
    assert "2:1" in page
    assert page.index("på hotell") < page.index("i taxi")
    found = client.get("/groups/natverket/decisions?q=hotell").text
    assert "på hotell" in found
    assert "i taxi" not in found
    everywhere = client.get("/search?q=kampanjen").text
    assert "hotell" in everywhere
    assert "Beställ trycksaker" in everywhere
    assert "/groups/natverket/decisions" not in sign_in(network.outsider).get("/search?q=kampanjen").text
    actions.withdraw_decision(made[1], by=network.convener)
    db.commit()
    outbox.run_all()
    assert "på hotell" not in client.get("/groups/natverket/decisions").text
    assert "på hotell" not in client.get("/groups/natverket/decisions?q=hotell").text


def test_the_decisions_come_page_by_page(network: Network, sign_in: Sign) -> None:
    meeting = factories.meeting(network.group, network.convener, "Mötet")
    for number in range(35):
        actions.add_decision(meeting.items[0], text=f"Nummer {number:02d}.", client_id=str(number), by=network.convener)
    db.commit()
    client = sign_in(network.member)
    first = client.get("/groups/natverket/decisions").text
    assert first.count("Nummer ") == 30
    last = first.rsplit('id="decision-', 1)[1].split('"')[0]
    second = client.get(f"/groups/natverket/decisions?before={last}").text
    assert second.count("Nummer ") == 5
    assert client.get("/groups/natverket/decisions?before=99999999999999999999").status_code == 200


def test_s28_a_closed_group_s_decisions_and_actions_stay_there(network: Network, sign_in: Sign) -> None:
    network.closed.handling_class = HandlingClass.SENSITIVE
    factories.things(network, network.closed, word="kanariefågel")
    outbox.run_all()
    client = sign_in(network.member)
    for where in (
        "/",
        "/search?q=kanariefågel",
        "/groups/natverket/actions",
        "/groups/natverket/decisions?q=kanariefågel",
    ):
        page = client.get(where).text.replace('value="kanariefågel"', "").replace("”kanariefågel”", "")
        assert "Beslut kanariefågel" not in page, where
        assert "Åtgärd kanariefågel" not in page, where
    assert "Beslut" in sign_in(network.secretary).get("/groups/slutna/decisions?q=kanariefågel").text


def test_the_guard_and_the_seal(network: Network) -> None:
    with pytest.raises(guard.Stopped):
        action(network, f"Ring {NUMBER}")
    held = factories.held_meeting(network.group, network.convener)
    made = factories.circulated(held, network.secretary, [network.member])
    task = actions.Task("I mötet", network.ngo, network.member)
    kept = actions.add_action(
        network.group, task, client_id="k", meeting=held, item=held.items[0], by=network.secretary
    )
    adjusting_actions.approve(made.adjusters[0], edition=1, by=network.member)
    actions.set_action_state(kept, ActionState.DONE, by=network.member)
    assert state(kept) is ActionState.DONE, "what is done goes on after the seal"


def test_a_day_that_has_passed_is_asked_about_once(network: Network, sign_in: Sign) -> None:
    member = sign_in(network.member)
    where = f"/groups/{network.group.slug}/actions/new"
    form = {"text": "Ring", "who": f"p{network.member.id}", "due_on": "2020-01-02", "client_id": str(uuid.uuid4())}
    asked = send(member, where, **form)
    assert asked.status_code == 422
    page = BeautifulSoup(asked.text, "html.parser")
    hidden = page.select_one("input[name=due_asked]")
    assert hidden is not None
    assert hidden["value"] == "2020-01-02"
    assert send(member, where, **form | {"due_on": "2020-01-03"}, due_asked="2020-01-02").status_code == 422, (
        "another day"
    )
    assert send(member, where, **form, due_asked="2020-01-02").status_code == 302
    made = db.session.scalars(sa.select(ActionItem)).one()
    page = BeautifulSoup(member.get(f"/actions/{made.id}").text, "html.parser")
    hidden = page.select_one("input[name=due_asked]")
    assert hidden is not None
    assert hidden["value"] == "2020-01-02", "what is late already is not asked about when other words are saved"


def test_decisions_of_minutes_that_are_not_sealed_are_marked(network: Network, sign_in: Sign) -> None:
    held = factories.held_meeting(network.group, network.convener)
    made = factories.circulated(held, network.secretary, [network.member])
    db.commit()
    member, where = sign_in(network.member), f"/groups/{network.group.slug}/decisions"
    marked = ".decision-row .tag-warn"
    assert BeautifulSoup(member.get(where).text, "html.parser").select(marked)
    adjusting_actions.approve(made.adjusters[0], edition=1, by=network.member)
    db.commit()
    assert not BeautifulSoup(member.get(where).text, "html.parser").select(marked)
