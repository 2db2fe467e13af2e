"""The agenda while it is prepared: items, papers, proposals, lifted threads, and what was sent."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine
from bs4 import BeautifulSoup

from portal import db, guard
from portal.discussions.models import Thread, ThreadKind
from portal.errors import Conflict, NotFound
from portal.library.models import Resource
from portal.meetings import actions as meetings
from portal.meetings.agenda import actions, policy, proposal_actions
from portal.meetings.agenda.actions import ItemPlan
from portal.meetings.agenda.models import AgendaEdition, AgendaProposal, ItemPaper, ItemVersion, ProposalState
from portal.meetings.agenda.reminders import remind_of_papers
from portal.meetings.followup import actions as followup
from portal.meetings.minutes import actions as minutes
from portal.meetings.mode import actions as mode
from portal.meetings.models import AgendaItem, ItemKind, Meeting, MeetingState
from portal.notifications.models import Notice
from portal.people import actions as people
from portal.people.models import Membership
from tests import factories
from tests.conftest import Browser, Sign, send
from tests.factories import Network

NUMBER = "811228-9874"
ITEM = {"title": "Punkt", "kind": "discussion", "minutes_allotted": "15", "owner": "0", "description": "Text"}


def made(network: Network, *, items: int = 3, days: int = 7) -> Meeting:
    meeting = factories.meeting(network.group, network.convener, items=items, days=days)
    db.session.refresh(meeting)
    db.commit()
    return meeting


def titles(meeting: Meeting) -> list[str]:
    db.session.expire_all()
    return [item.title for item in meeting.items]


def told(person_id: int) -> list[str]:
    return list(db.session.scalars(sa.select(Notice.kind).where(Notice.person_id == person_id).order_by(Notice.id)))


# --- items ------------------------------------------------------------------------------------------------------------


def form_of(client: Browser, item_id: int) -> dict[str, str]:
    """What a browser sends back when nothing is touched."""
    page = BeautifulSoup(client.get(f"/agenda-items/{item_id}/edit").text, "html.parser")
    form = page.select_one("main form")
    assert form is not None
    values = {
        str(field["name"]): str(field.get("value", "")) for field in form.select("input[name]:not([type=checkbox])")
    }
    values |= {str(area["name"]): area.get_text().removeprefix("\n") for area in form.select("textarea")}
    values |= {str(box["name"]): "y" for box in form.select("input[type=checkbox][checked]")}
    for choice in form.select("select"):
        chosen = choice.select_one("option[selected]") or choice.select("option")[0]
        values[str(choice["name"])] = str(chosen["value"])
    return values


def test_saving_an_untouched_form_changes_nothing(network: Network, sign_in: Sign) -> None:
    meeting = made(network)
    item, client = meeting.items[0], sign_in(network.convener)
    before = (item.title, item.kind, item.minutes_allotted, item.owner_id, item.description, item.wants_paper)
    assert client.post(f"/agenda-items/{item.id}/edit", data=form_of(client, item.id)).status_code == 302
    db.session.expire_all()
    assert (item.title, item.kind, item.minutes_allotted, item.owner_id, item.description, item.wants_paper) == before


def test_an_owner_who_left_the_group_stays_until_another_is_chosen(network: Network, sign_in: Sign) -> None:
    meeting = made(network)
    item, client = meeting.items[0], sign_in(network.convener)
    actions.change_item(item, ItemPlan("Hens", owner=network.member), based_on=1, by=network.convener)
    place = db.session.scalars(sa.select(Membership).where(Membership.person_id == network.member.id)).all()
    for membership in place:
        people.remove_member(membership, by=network.convener)
    db.commit()
    assert client.post(f"/agenda-items/{item.id}/edit", data=form_of(client, item.id)).status_code == 302
    db.session.expire_all()
    assert item.owner_id == network.member.id


def test_two_change_one_item_and_nothing_is_lost(network: Network, sign_in: Sign) -> None:
    meeting = made(network)
    where = f"/agenda-items/{meeting.items[0].id}/edit"
    convener, secretary = sign_in(network.convener), sign_in(network.secretary)
    assert (
        send(convener, where, **ITEM | {"description": "Ett halvt dygns underlag", "based_on": "1"}).status_code == 302
    )
    refused = send(secretary, where, **ITEM | {"description": "Kort", "based_on": "1"})
    assert refused.status_code == 409
    assert "Ett halvt dygns underlag" in refused.text
    assert "Kort" in refused.text
    assert send(secretary, where, **ITEM | {"description": "Kort", "based_on": "2"}).status_code == 302
    kept = db.session.scalars(sa.select(ItemVersion.description).order_by(ItemVersion.revision)).all()
    assert "Ett halvt dygns underlag" in kept


def test_an_item_that_was_taken_away_meanwhile_is_not_there(network: Network) -> None:
    meeting = made(network)
    item = meeting.items[0]
    db.session.execute(
        sa.delete(AgendaItem).where(AgendaItem.id == item.id).execution_options(synchronize_session=False)
    )
    with pytest.raises(NotFound):
        actions.change_item(item, ItemPlan("Sent"), based_on=1, by=network.convener)
    db.rollback()


@pytest.mark.parametrize(("place", "order"), [(1, "3 1 2"), (2, "1 3 2"), (3, "1 2 3"), (99, "1 2 3"), (-4, "3 1 2")])
def test_an_item_is_dragged_to_a_place(network: Network, sign_in: Sign, place: int, order: str) -> None:
    meeting = made(network)
    answer = send(sign_in(network.convener), f"/agenda-items/{meeting.items[2].id}/place", place=str(place))
    assert answer.status_code == 302
    assert titles(meeting) == [f"Punkt {number}" for number in order.split()]
    assert [item.position for item in meeting.items] == [1, 2, 3]


@pytest.mark.parametrize("form", [{}, {"place": "x"}, {"direction": "sideways"}, {"place": ""}])
def test_a_move_to_nowhere_is_refused(network: Network, sign_in: Sign, form: dict[str, str]) -> None:
    meeting = made(network)
    assert send(sign_in(network.convener), f"/agenda-items/{meeting.items[0].id}/place", **form).status_code == 400


@pytest.mark.parametrize("end", ["cancelled", "closed"])
def test_the_agenda_of_a_meeting_that_is_over_stands(network: Network, end: str) -> None:
    meeting = made(network)
    if end == "cancelled":
        meetings.cancel_meeting(meeting, by=network.convener)
    else:
        mode.open_meeting(meeting, by=network.convener)
        mode.close_meeting(meeting, by=network.convener)
    item, by = meeting.items[0], network.convener
    material = factories.resource(network.group, by)
    for act in (
        lambda: actions.add_item(meeting, ItemPlan("Sen"), by=by),
        lambda: actions.change_item(item, ItemPlan("Sen"), based_on=item.revision, by=by),
        lambda: actions.place_item(item, place=2, by=by),
        lambda: actions.remove_item(item, by=by),
        lambda: actions.add_paper(item, material, by=by),
        lambda: proposal_actions.propose_item(network.group, ItemPlan("Sen"), meeting=meeting, by=network.member),
        lambda: actions.send_agenda(meeting, by=by),
    ):
        with pytest.raises(Conflict):
            act()


def test_an_item_with_a_decision_stays(network: Network) -> None:
    meeting = made(network)
    followup.add_decision(meeting.items[0], text="Beslut", client_id=str(uuid.uuid4()), by=network.convener)
    with pytest.raises(Conflict):
        actions.remove_item(meeting.items[0], by=network.convener)
    assert len(meeting.items) == 3


def test_two_hundred_items_are_shown(network: Network, sign_in: Sign) -> None:
    meeting = made(network, items=0)
    for number in range(200):
        actions.add_item(meeting, ItemPlan(f"Punkt {number}", minutes_allotted=1), by=network.convener)
    db.commit()
    page = sign_in(network.convener).get(f"/meetings/{meeting.id}").text
    assert "Punkt 199" in page
    assert "200 punkter" in page


# --- papers -----------------------------------------------------------------------------------------------------------


def test_a_paper_is_added_once_shown_to_those_who_may_read_it_and_taken_off(network: Network, sign_in: Sign) -> None:
    meeting, client = made(network), sign_in(network.convener)
    item = meeting.items[0]
    material = factories.resource(network.group, network.convener, "Underlaget")
    db.commit()
    for _twice in range(2):
        assert send(client, f"/agenda-items/{item.id}/papers", resource=str(material.id)).status_code == 302
    paper = db.session.scalars(sa.select(ItemPaper)).one()
    assert "Underlaget" in sign_in(network.member).get(f"/meetings/{meeting.id}").text
    assert send(client, f"/papers/{paper.id}/removal").status_code == 302
    assert db.session.scalar(sa.select(sa.func.count()).select_from(ItemPaper)) == 0
    assert db.session.get(Resource, material.id) is not None


@pytest.mark.parametrize("resource", ["", "0", "x", "999999", "foreign", "99999999999999999999999"])
def test_what_is_no_material_of_the_group_is_no_paper(network: Network, sign_in: Sign, resource: str) -> None:
    meeting = made(network)
    foreign = factories.resource(network.closed, network.convener)
    db.commit()
    value = str(foreign.id) if resource == "foreign" else resource
    answer = send(sign_in(network.convener), f"/agenda-items/{meeting.items[0].id}/papers", resource=value)
    assert answer.status_code == 404


def test_the_owner_of_an_item_adds_its_paper_and_nobody_else(network: Network, sign_in: Sign) -> None:
    meeting = made(network)
    item = meeting.items[0]
    actions.change_item(item, ItemPlan("Hens", owner=network.member), based_on=1, by=network.convener)
    material = factories.resource(network.group, network.convener)
    db.commit()
    where = f"/agenda-items/{item.id}/papers"
    assert send(sign_in(network.member), where, resource=str(material.id)).status_code == 302
    assert send(sign_in(network.observer), where, resource=str(material.id)).status_code == 403


def test_whoever_owes_a_paper_is_reminded_twice_and_not_again(network: Network) -> None:
    meeting = made(network, days=20)
    item = meeting.items[0]
    actions.change_item(
        item, ItemPlan("Med handling", owner=network.member, wants_paper=True), based_on=1, by=network.convener
    )
    db.commit()
    for days_left, wanted in ((10, 0), (6, 1), (5, 1), (1, 2), (1, 2)):
        with time_machine.travel(meeting.starts_at - timedelta(days=days_left), tick=False):
            remind_of_papers()
            db.commit()
        assert told(network.member.id).count("paper_missing") == wanted, days_left
    with time_machine.travel(meeting.starts_at + timedelta(hours=1), tick=False):
        remind_of_papers()
    assert told(network.member.id).count("paper_missing") == 2


def test_who_has_left_the_group_is_not_told_of_its_papers(network: Network) -> None:
    meeting = made(network, days=5)
    for item in meeting.items[:2]:
        item.wants_paper, item.owner = True, network.member
    db.session.flush()
    people.remove_member(next(one for one in network.member.memberships if one.left_at is None), by=None)
    db.session.flush()
    remind_of_papers()
    assert "paper_missing" not in told(network.member.id)
    meeting.items[2].wants_paper, meeting.items[2].owner = True, network.convener
    remind_of_papers()
    assert "paper_missing" in told(network.convener.id)


def test_nobody_is_reminded_of_a_paper_that_is_there(network: Network) -> None:
    meeting = made(network, days=1)
    item = meeting.items[0]
    actions.change_item(item, ItemPlan("Klar", owner=network.member, wants_paper=True), based_on=1, by=network.convener)
    actions.add_paper(item, factories.resource(network.group, network.convener), by=network.convener)
    remind_of_papers()
    assert "paper_missing" not in told(network.member.id)


# --- proposals --------------------------------------------------------------------------------------------------------


def test_a_lifted_thread_comes_onto_the_agenda(network: Network, sign_in: Sign) -> None:
    meeting = made(network)
    thread = factories.thread(network.group, network.member, "Vem betalar tolken?")
    db.commit()
    member, convener = sign_in(network.member), sign_in(network.convener)
    where = f"/groups/natverket/proposals/new?thread={thread.id}"
    assert "Vem betalar tolken?" in member.get(where).text
    assert send(member, where, **ITEM | {"title": "Vem betalar tolken?", "meeting": str(meeting.id)}).status_code == 302
    assert "item_proposed" in told(network.convener.id)
    again = send(member, where, **ITEM | {"meeting": "0"})
    assert again.status_code == 409, "it waits for its answer already"
    proposal = db.session.scalars(sa.select(AgendaProposal)).one()
    answer = send(convener, f"/proposals/{proposal.id}", step="accept", meeting=str(meeting.id), answer="Bra fråga")
    assert answer.status_code == 302
    db.session.expire_all()
    assert (proposal.state, db.session.get_one(Thread, thread.id).kind) == (ProposalState.ACCEPTED, ThreadKind.LIFTED)
    last = meeting.items[-1]
    assert (last.title, last.thread_id, last.owner_id) == ("Vem betalar tolken?", thread.id, network.member.id)
    assert "proposal_answered" in told(network.member.id)
    assert f"/threads/{thread.id}" in member.get(f"/meetings/{meeting.id}").text


def test_what_is_put_off_is_the_backlog_and_comes_up_later(network: Network, sign_in: Sign) -> None:
    meeting = made(network)
    proposal = proposal_actions.propose_item(network.group, ItemPlan("Senare"), meeting=meeting, by=network.member)
    db.commit()
    convener = sign_in(network.convener)
    assert (
        send(convener, f"/proposals/{proposal.id}", step="postpone", meeting="0", answer="Inte nu").status_code == 302
    )
    db.session.expire_all()
    assert (proposal.state, proposal.meeting_id) == (ProposalState.POSTPONED, None)
    assert "Inte nu" in sign_in(network.member).get("/groups/natverket/proposals").text
    assert send(convener, f"/proposals/{proposal.id}", step="accept", meeting=str(meeting.id)).status_code == 302
    again = send(convener, f"/proposals/{proposal.id}", step="accept", meeting=str(meeting.id))
    assert again.status_code == 409
    assert titles(meeting).count("Senare") == 1


@pytest.mark.parametrize("step", ["accept", "postpone", "", "delete"])
def test_a_member_withdraws_the_own_proposal_and_nothing_else(network: Network, sign_in: Sign, step: str) -> None:
    proposal = proposal_actions.propose_item(network.group, ItemPlan("Min"), by=network.member)
    foreign = proposal_actions.propose_item(network.group, ItemPlan("Annans"), by=network.secretary)
    db.commit()
    member = sign_in(network.member)
    assert send(member, f"/proposals/{proposal.id}", step=step, meeting="0").status_code == 403
    assert send(member, f"/proposals/{foreign.id}", step="withdraw", meeting="0").status_code == 403
    assert send(member, f"/proposals/{proposal.id}", step="withdraw", meeting="0").status_code == 302


def test_proposals_end_with_their_day(network: Network) -> None:
    meeting = made(network)
    meeting.proposals_by = db.now() - timedelta(minutes=1)
    with pytest.raises(Conflict):
        proposal_actions.propose_item(network.group, ItemPlan("Sent"), meeting=meeting, by=network.member)
    assert proposal_actions.propose_item(network.group, ItemPlan("Till nästa"), by=network.member).meeting is None


@pytest.mark.parametrize("meeting", ["0", "999999", "foreign", "x"])
def test_a_proposal_is_accepted_onto_a_meeting_of_its_group(network: Network, sign_in: Sign, meeting: str) -> None:
    proposal = proposal_actions.propose_item(network.group, ItemPlan("Min"), by=network.member)
    foreign = factories.meeting(network.closed, network.convener)
    db.commit()
    chosen = str(foreign.id) if meeting == "foreign" else meeting
    answer = send(sign_in(network.convener), f"/proposals/{proposal.id}", step="accept", meeting=chosen)
    assert answer.status_code == 422
    db.session.expire_all()
    assert proposal.state is ProposalState.WAITING


def test_what_the_proposer_chose_to_keep_is_not_asked_again(network: Network) -> None:
    plan = ItemPlan("Ring 070-123 45 67 om mallen")
    keep = [find.key for find in guard.scan(plan.title, field="title")]
    assert keep
    proposal = proposal_actions.propose_item(network.group, plan, keep=keep, by=network.member)
    assert proposal_actions.accept_proposal(proposal, made(network), by=network.convener).title == plan.title


@pytest.mark.parametrize("field", ["title", "description"])
def test_s33_proposals_and_answers_are_guarded(network: Network, sign_in: Sign, field: str) -> None:
    where = "/groups/natverket/proposals/new"
    refused = send(sign_in(network.member), where, **ITEM | {"meeting": "0", field: f"Om {NUMBER}"})
    assert refused.status_code == 422
    assert f"Om {NUMBER}" in refused.text
    assert db.session.scalar(sa.select(sa.func.count()).select_from(AgendaProposal)) == 0
    proposal = proposal_actions.propose_item(network.group, ItemPlan("Min"), by=network.member)
    db.commit()
    answer = send(sign_in(network.convener), f"/proposals/{proposal.id}", step="postpone", meeting="0", answer=NUMBER)
    assert answer.status_code == 422


def test_a_proposal_is_withdrawn_by_whoever_made_it_alone(network: Network, sign_in: Sign) -> None:
    proposal = proposal_actions.propose_item(network.group, ItemPlan("Min"), by=network.member)
    db.commit()
    assert send(sign_in(network.convener), f"/proposals/{proposal.id}", step="withdraw", meeting="0").status_code == 403


def test_a_meeting_in_planning_is_not_told_to_those_who_propose(network: Network, sign_in: Sign) -> None:
    meeting = made(network)
    meeting.state, meeting.title = MeetingState.PLANNING, "Ännu hemligt"
    own = proposal_actions.propose_item(network.group, ItemPlan("Ledarens"), meeting=meeting, by=network.convener)
    theirs = proposal_actions.propose_item(network.group, ItemPlan("Medlemmens"), by=network.member)
    proposal_actions.accept_proposal(theirs, meeting, by=network.convener)
    db.commit()
    assert own.meeting_id == meeting.id
    member, convener = sign_in(network.member), sign_in(network.convener)
    for where in ("/groups/natverket/proposals/new", "/groups/natverket/proposals"):
        assert "Ännu hemligt" not in member.get(where).text
        assert "Ännu hemligt" in convener.get(where).text
    chosen = send(member, "/groups/natverket/proposals/new", **ITEM | {"meeting": str(meeting.id)})
    assert chosen.status_code == 422
    path = db.session.scalars(sa.select(Notice.path).where(Notice.kind == "proposal_answered")).one()
    assert path == "/groups/natverket/proposals", "the meeting's page would not open"


@pytest.mark.parametrize("how", ["removed", "cancelled"])
def test_a_question_that_was_accepted_comes_back_if_its_place_is_gone(
    network: Network, sign_in: Sign, how: str
) -> None:
    meeting, later = made(network), made(network)
    thread = factories.thread(network.group, network.member, "Vem betalar tolken?")
    proposal = proposal_actions.propose_item(network.group, ItemPlan("Tolken"), thread=thread, by=network.member)
    item = proposal_actions.accept_proposal(proposal, meeting, by=network.convener)
    if how == "removed":
        actions.remove_item(item, by=network.convener)
    else:
        meetings.cancel_meeting(meeting, by=network.convener)
    db.commit()
    convener = sign_in(network.convener)
    assert "Tolken" in convener.get("/groups/natverket/proposals").text
    again = send(convener, f"/proposals/{proposal.id}", step="accept", meeting=str(later.id))
    assert again.status_code == 302
    db.session.expire_all()
    assert [one.title for one in later.items if one.thread_id == thread.id] == ["Tolken"]
    assert send(convener, f"/proposals/{proposal.id}", step="accept", meeting=str(later.id)).status_code == 409


def test_a_question_can_be_lifted_again_once_it_was_answered(network: Network) -> None:
    meeting = factories.held_meeting(network.group, network.convener)
    thread = factories.thread(network.group, network.member, "Vem betalar tolken?")
    first = proposal_actions.propose_item(network.group, ItemPlan("Tolken"), thread=thread, by=network.member)
    proposal_actions.accept_proposal(first, meeting, by=network.convener)
    with pytest.raises(Conflict):
        proposal_actions.propose_item(network.group, ItemPlan("Igen"), thread=thread, by=network.member)
    factories.circulated(meeting, network.secretary, [network.member])
    again = proposal_actions.propose_item(network.group, ItemPlan("Igen"), thread=thread, by=network.member)
    assert again.state is ProposalState.WAITING


def test_what_was_written_stays_in_the_form_when_the_meeting_is_over(network: Network, sign_in: Sign) -> None:
    meeting = made(network)
    meetings.cancel_meeting(meeting, by=network.convener)
    thread = factories.thread(network.group, network.member)
    proposal_actions.propose_item(network.group, ItemPlan("Tolken"), thread=thread, by=network.member)
    db.commit()
    form = ITEM | {"meeting": "0", "description": "Det här skrev jag länge på."}
    for client, where in (
        (sign_in(network.convener), f"/meetings/{meeting.id}/items/new"),
        (sign_in(network.member), f"/groups/natverket/proposals/new?thread={thread.id}"),
    ):
        answer = send(client, where, **form)
        assert answer.status_code == 409
        assert "Det här skrev jag länge på." in answer.text


@pytest.mark.parametrize("what", ["note", "decision", "action", "comment"])
def test_an_item_that_something_is_written_on_becomes_no_break(network: Network, what: str) -> None:
    meeting = made(network)
    item = meeting.items[0]
    if what == "note":
        minutes.save_note(item, text="Vi talade.", based_on=0, by=network.secretary)
    elif what == "decision":
        followup.add_decision(item, text="Vi gör så.", client_id="x", by=network.secretary)
    elif what == "action":
        task = followup.Task("Ring", network.ngo)
        followup.add_action(network.group, task, client_id="x", meeting=meeting, item=item, by=network.secretary)
    else:
        mode.add_comment(item, body="Hör ni?", client_id="x", by=network.member)
    revision = item.revision
    with pytest.raises(Conflict):
        actions.change_item(item, ItemPlan("Paus", ItemKind.BREAK), based_on=revision, by=network.convener)
    with pytest.raises(Conflict):
        actions.remove_item(item, by=network.convener)


def test_a_thread_of_another_group_cannot_be_lifted(network: Network, sign_in: Sign) -> None:
    foreign = factories.thread(network.closed, network.convener)
    db.commit()
    for client in (sign_in(network.member), sign_in(network.convener)):
        assert client.get(f"/groups/natverket/proposals/new?thread={foreign.id}").status_code == 404


# --- editions ---------------------------------------------------------------------------------------------------------


def test_changes_are_shown_against_what_was_sent(network: Network) -> None:
    meeting = made(network, items=4)
    edition = actions.send_agenda(meeting, by=network.convener)
    assert not policy.changes_since(edition, meeting)
    one, two, three, four = meeting.items
    actions.change_item(one, ItemPlan("Ny rubrik"), based_on=1, by=network.convener)
    actions.remove_item(two, by=network.convener)
    new = actions.add_item(meeting, ItemPlan("Ny punkt", ItemKind.DECISION), by=network.convener)
    actions.add_paper(three, factories.resource(network.group, network.convener), by=network.convener)
    db.session.flush()
    db.session.expire_all()
    changes = policy.changes_since(edition, meeting)
    assert (set(changes.new), set(changes.changed), list(changes.removed)) == (
        {new.id},
        {one.id, three.id},
        ["Punkt 2"],
    )
    assert not changes.moved
    actions.place_item(four, place=1, by=network.convener)
    db.session.expire_all()
    assert policy.changes_since(edition, meeting).moved == {four.id}, "the others stand as they stood"


def test_the_agenda_is_sent_when_there_is_something_to_send(network: Network, sign_in: Sign) -> None:
    meeting = made(network, items=0)
    where, convener = f"/meetings/{meeting.id}/agenda-editions", sign_in(network.convener)
    assert send(convener, where).status_code == 409, "there is nothing on it"
    actions.add_item(meeting, ItemPlan("Ett"), by=network.convener)
    db.commit()
    assert send(convener, where).status_code == 302
    assert send(convener, where).status_code == 409, "nothing has changed"
    actions.add_item(meeting, ItemPlan("Två"), by=network.convener)
    db.commit()
    assert send(convener, where).status_code == 302
    assert db.session.scalars(sa.select(AgendaEdition.number).order_by(AgendaEdition.number)).all() == [1, 2]
    assert told(network.member.id).count("agenda_sent") == 2
    assert told(network.convener.id).count("agenda_sent") == 0, "who did it is not told"


def test_an_agenda_is_not_sent_before_the_call(network: Network) -> None:
    meeting = made(network)
    meeting.state = MeetingState.PLANNING
    db.session.flush()
    with pytest.raises(Conflict):
        actions.send_agenda(meeting, by=network.convener)


def test_the_agenda_alone_is_what_the_page_shows(network: Network, sign_in: Sign) -> None:
    meeting = made(network)
    answer = sign_in(network.member).get(f"/meetings/{meeting.id}/agenda")
    assert "Punkt 3" in answer.text
    assert "<html" not in answer.text
    assert answer.headers["X-Last-Seq"] == str(meeting.last_seq)
    assert "flytta" not in answer.text.lower(), "a member has no tools"


def test_the_agenda_says_by_how_much_it_is_too_long(network: Network, sign_in: Sign) -> None:
    meeting = made(network, items=3)  # three times ten minutes in an hour
    member = sign_in(network.member)
    where = f"/meetings/{meeting.id}"
    assert meeting.minutes_over == 0
    assert "is-warn" not in member.get(where).text
    meeting.items[0].minutes_allotted = 110
    db.commit()
    assert meeting.minutes_over == 70
    said = BeautifulSoup(member.get(where).text, "html.parser").select_one(".is-warn")
    assert said is not None
    assert "1 h 10 min" in said.text


def test_an_item_lists_what_is_open_by_choice_also_in_meeting_mode(network: Network, sign_in: Sign) -> None:
    meeting = made(network, items=1)
    task = followup.Task("Ring länen", network.ngo, network.member)
    followup.add_action(network.group, task, client_id=str(uuid.uuid4()), by=network.convener)
    db.commit()
    item, convener = meeting.items[0], sign_in(network.convener)
    room = f"/meetings/{meeting.id}/room"
    assert "Ring länen" not in convener.get(room).text
    form = form_of(convener, item.id) | {"lists_open_actions": "y"}
    assert send(convener, f"/agenda-items/{item.id}/edit", **form).status_code == 302
    db.session.refresh(item)
    assert item.lists_open_actions
    for where in (f"/meetings/{meeting.id}", room):
        assert "Ring länen" in convener.get(where).text
    assert form_of(convener, item.id)["lists_open_actions"] == "y"
