"""The audit log: what is noted, that it cannot be changed unseen, and what must never stand in it."""

from __future__ import annotations

import json
import logging
import threading
import uuid
from datetime import timedelta

import pytest
import sqlalchemy as sa

from portal import audit, db, outbox
from portal.audit import AuditEntry
from portal.discussions import actions as discussions
from portal.meetings import actions as meetings
from portal.meetings.actions import Plan
from portal.meetings.agenda import actions as agenda
from portal.meetings.followup import actions as followup
from portal.meetings.followup.models import ActionState
from portal.meetings.minutes import actions as minutes
from portal.meetings.minutes import adjusting_actions, remark_actions
from portal.meetings.minutes.models import RemarkState
from portal.meetings.models import AgendaItem, Answer, Meeting
from portal.outbox import Job
from portal.people.models import Group, HandlingClass, Person
from portal.web import Edge
from tests import commands, factories
from tests.conftest import Sign
from tests.factories import Network

CANARY = "kanariefågel"
TAMPERED: dict[str, object] = {
    "at": sa.text("'2001-01-01 00:00:00+00:00'"),
    "action": "nothing_happened",
    "person_id": 4711,
    "organisation_id": 4711,
    "object_type": "forged",
    "object_id": 4711,
    "details": {"slug": "annat"},
    "previous_hash": "1" * 64,
    "entry_hash": "2" * 64,
}


def entries(action: str | None = None) -> list[AuditEntry]:
    db.rollback()
    query = sa.select(AuditEntry).order_by(AuditEntry.id)
    return list(db.session.scalars(query.where(AuditEntry.action == action) if action else query))


def change(statement: sa.Executable) -> None:
    """Past the portal, as somebody with a password to the database would."""
    db.session.execute(statement)
    db.commit()
    db.session.expire_all()


# --- the chain ----------------------------------------------------------------------------------------------------------


def test_s43_an_untouched_chain_verifies(app: Edge, network: Network) -> None:
    assert len(entries()) > 10
    assert audit.verify() is None
    done = commands.run(app, "audit", "verify")
    assert (done.exit_code, done.output) == (0, "The audit log is whole.\n")


def test_s43_an_empty_log_is_whole(app: Edge) -> None:
    assert audit.verify() is None


def test_s43_every_column_is_covered() -> None:
    assert set(TAMPERED) == {column.name for column in AuditEntry.__table__.columns} - {"id"}


@pytest.mark.parametrize("column", TAMPERED)
def test_s43_a_changed_column_shows(app: Edge, network: Network, column: str) -> None:
    middle = entries()[5].id
    change(sa.update(AuditEntry).where(AuditEntry.id == middle).values({column: TAMPERED[column]}))
    assert audit.verify() == middle
    done = commands.run(app, "audit", "verify")
    assert done.exit_code == 1
    assert f"Row {middle}" in done.output


@pytest.mark.parametrize("place", [0, 5])
def test_s43_a_row_that_is_cut_out_shows(network: Network, place: int) -> None:
    rows = [entry.id for entry in entries()]
    change(sa.delete(AuditEntry).where(AuditEntry.id == rows[place]))
    assert audit.verify() == rows[place + 1]


def test_s43_a_row_that_is_put_in_shows(network: Network) -> None:
    last = entries()[-1]
    forged = AuditEntry(
        at=db.now(), action="signed_in", person_id=None, organisation_id=None, object_type=None, object_id=None, details={},
        previous_hash=last.previous_hash,
    )  # fmt: skip
    forged.entry_hash = forged.digest()
    db.session.add(forged)
    db.commit()
    assert audit.verify() == forged.id


def test_s43_rows_that_change_places_show(network: Network) -> None:
    first, second = entries()[3:5]
    ids = first.id, second.id
    hashes = first.entry_hash, second.entry_hash
    change(sa.update(AuditEntry).where(AuditEntry.id == ids[0]).values(entry_hash="x"))
    change(sa.update(AuditEntry).where(AuditEntry.id == ids[1]).values(entry_hash=hashes[0]))
    change(sa.update(AuditEntry).where(AuditEntry.id == ids[0]).values(entry_hash=hashes[1]))
    assert audit.verify() == ids[0]


def test_s43_many_writers_keep_the_chain(app: Edge, network: Network) -> None:
    number, failures = network.convener.id, []

    def write() -> None:
        with app.app_context():
            try:
                for _ in range(15):
                    audit.record("tested", by=db.session.get_one(Person, number))
                    db.commit()
            except Exception as error:
                failures.append(error)
                db.rollback()

    db.session.remove()
    writers = [threading.Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert failures == []
    assert len(entries("tested")) == 60
    assert audit.verify() is None


def test_s43_what_is_rolled_back_leaves_no_hole(network: Network) -> None:
    audit.record("tested", by=None)
    db.rollback()
    audit.record("tested", by=network.convener, number=1, text="å")
    db.commit()
    assert audit.verify() is None
    assert entries("tested")[0].details == {"number": 1, "text": "å"}


# --- what is noted --------------------------------------------------------------------------------------------------------


@pytest.fixture
def sensitive(network: Network) -> dict[str, int]:
    """One of each in the closed group, every text of theirs with the canary in it."""
    group, by = network.closed, network.convener
    thread = factories.thread(group, by, f"Rubrik {CANARY}", f"Text {CANARY}")
    post = factories.post(thread, by, f"Svar {CANARY}")
    starts = db.now() + timedelta(days=1)
    plan = Plan(f"Möte {CANARY}", starts, starts + timedelta(hours=1), place=CANARY, practical=CANARY)
    meeting = meetings.plan_meeting(group, plan, by=by)
    item = add_item(meeting, f"Punkt {CANARY}", by)
    meetings.call_meeting(meeting, by=by)
    db.session.flush()
    minutes.save_note(item, text=f"Anteckning {CANARY}", based_on=0, by=by)
    task = followup.Task(f"Åtgärd {CANARY}", network.authority, by)
    action = followup.add_action(group, task, client_id="1", by=by)
    planned = factories.cooperation(network, group, CANARY)
    trained = factories.trained(network, group, CANARY)
    reported = factories.reports(network, group, CANARY)
    db.commit()
    numbers = {key: value for key, value in {**planned, **trained, **reported}.items() if isinstance(value, int)}
    return {
        "thread": thread.id, "post": post.id, "meeting": meeting.id, "item": item.id, "action_item": action.id, "group": group.id,
        "cooperation_plan": numbers["plan_id"], "training": numbers["training_id"], "report_round": numbers["round_id"], **numbers,
    }  # fmt: skip


def add_item(meeting: Meeting, title: str, by: Person) -> AgendaItem:
    return agenda.add_item(meeting, agenda.ItemPlan(title, minutes_allotted=5, description=CANARY), by=by)


READS = {
    "/threads/{thread}": ("thread_read", "thread"),
    "/threads/{thread}?before=2": ("thread_read", "thread"),
    "/threads/{thread}/posts?after=0": ("thread_read", "thread"),
    "/posts/{post}/versions": ("thread_read", "thread"),
    "/meetings/{meeting}": ("meeting_read", "meeting"),
    "/meetings/{meeting}/ics": ("meeting_read", "meeting"),
    "/meetings/{meeting}/minutes": ("minutes_read", "meeting"),
    "/meetings/{meeting}/minutes.pdf": ("minutes_read", "meeting"),
    "/agenda-items/{item}/minutes": ("minutes_read", "meeting"),
    "/meetings/{meeting}/minutes.docx": ("minutes_read", "meeting"),
    "/meetings/{meeting}/minutes.md": ("minutes_read", "meeting"),
    "/actions/{action_item}": ("action_read", "action_item"),
    "/groups/slutna/actions": ("actions_read", "group"),
    "/groups/slutna/decisions": ("decisions_read", "group"),
    "/plans/{plan_id}": ("plan_read", "cooperation_plan"),
    "/plans/{plan_id}/sections/{section_id}/versions": ("plan_read", "cooperation_plan"),
    "/plans/{plan_id}/sections/{section_id}/edit": ("plan_read", "cooperation_plan"),
    "/plans/{plan_id}/editions/1": ("plan_read", "cooperation_plan"),
    "/trainings/{training_id}": ("training_read", "training"),
    "/trainings/cohorts/{cohort_id}": ("training_read", "training"),
    "/rounds/{round_id}/answers.csv": ("round_read", "report_round"),
}


def test_s42_reading_in_a_sensitive_group_is_noted(
    network: Network, sensitive: dict[str, int], sign_in: Sign, built_front_end: object
) -> None:
    client = sign_in(network.secretary)
    for address, (action, kind) in READS.items():
        before = len(entries(action))
        assert client.get(address.format(**sensitive)).status_code == 200
        noted = entries(action)
        assert len(noted) == before + 1, address
        last = noted[-1]
        assert (last.person_id, last.organisation_id) == (network.secretary.id, network.county.id)
        assert (last.object_type, last.object_id, last.details) == (kind, sensitive[kind], {})
    assert audit.verify() is None


def test_s42_a_thread_shown_around_a_refused_form_is_noted_too(
    network: Network, sensitive: dict[str, int], sign_in: Sign, built_front_end: object
) -> None:
    client = sign_in(network.secretary)
    address, form = f"/threads/{sensitive['thread']}/posts", {"body": " ", "client_id": "x", "csrf_token": client.csrf}
    answer = client.post(address, data=form)
    assert answer.status_code == 422
    assert CANARY in answer.text
    assert [(row.person_id, row.object_id) for row in entries("thread_read")] == [
        (network.secretary.id, sensitive["thread"])
    ]
    assert client.post(address, data=form, headers={"X-Fragment": "1"}).status_code == 422
    assert len(entries("thread_read")) == 1, "the composer alone shows no posts"


def test_s42_what_somebody_may_not_see_is_no_read(
    network: Network, sensitive: dict[str, int], sign_in: Sign, built_front_end: object
) -> None:
    client, before = sign_in(network.member), len(entries())
    for address in READS:
        assert client.get(address.format(**sensitive)).status_code == 404
    assert len(entries()) == before


def test_s42_reading_elsewhere_is_not_noted(
    network: Network, sensitive: dict[str, int], sign_in: Sign, built_front_end: object
) -> None:
    db.session.execute(
        sa.update(Group).where(Group.id == network.closed.id).values(handling_class=HandlingClass.NETWORK)
    )
    db.commit()
    client, before = sign_in(network.secretary), len(entries())
    for address in READS:
        assert client.get(address.format(**sensitive)).status_code == 200
    assert len(entries()) == before


def test_s42_a_change_is_noted_with_who_and_what(network: Network) -> None:
    thread = factories.thread(network.group, network.member)
    db.commit()
    noted = entries("thread_started")[0]
    assert (noted.person_id, noted.organisation_id, noted.object_type, noted.object_id) == (
        network.member.id, network.ngo.id, "thread", thread.id,
    )  # fmt: skip
    assert noted.at <= db.now()


# --- and what is not --------------------------------------------------------------------------------------------------------


def _minute(network: Network) -> None:
    """Everything that is written while minutes are adjusted and followed up, with the canary in it."""
    by, member = network.secretary, network.member
    held = factories.held_meeting(network.group, network.convener, f"Hållet {CANARY}", text=CANARY)
    made = factories.circulated(held, by, [member, network.convener], text=CANARY)
    remark_actions.answer_remark(made.remarks[0], RemarkState.DONE, answer=CANARY, by=by)
    remark_actions.support_remark(made.remarks[0], by=network.convener)
    minutes.save_note(held.items[0], text=f"Ändrat {CANARY}", based_on=1, by=by)
    minutes.make_edition(made, reason=CANARY, based_on=1, render=factories.plain_render, by=by)
    adjusting_actions.decline(made.adjusters[0], reason=CANARY, by=member)
    adjusting_actions.replace_adjuster(made.adjusters[0], by, by=network.convener)
    db.session.flush()
    db.session.refresh(made)
    for adjuster in made.adjusters:
        if adjuster.replaced_at is None:
            adjusting_actions.approve(adjuster, edition=2, by=adjuster.person)
    adjusting_actions.add_addendum(made, text=CANARY, item=None, adjusters=[member], by=by)
    adjusting_actions.note_record_number(made, number=CANARY[:60], by=member)
    task = followup.Task(CANARY, network.ngo, member)
    action = followup.add_action(network.group, task, client_id="2", by=by)
    followup.change_action(action, followup.Task(f"{CANARY} 2", network.ngo), based_on=1, note=CANARY, by=member)
    followup.set_action_state(action, ActionState.DONE, note=CANARY, by=member)


def test_s42_no_word_of_what_people_write_is_in_the_log(
    network: Network, sensitive: dict[str, int], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    by = network.convener
    meeting = db.session.get_one(Meeting, sensitive["meeting"])
    item, spare = meeting.items[0], add_item(meeting, f"Extra {CANARY}", by)
    plan = Plan(f"Nytt {CANARY}", meeting.starts_at, meeting.ends_at, place=CANARY, practical=CANARY)
    db.session.flush()
    meetings.change_meeting(meeting, plan, based_on=meeting.revision, by=by)
    minutes.save_note(item, text=f"Mer {CANARY}", based_on=1, by=by)
    agenda.remove_item(spare, by=by)
    invitation = next(row for row in meeting.invitations if row.person_id == by.id)
    meetings.answer_invitation(invitation, Answer.ONLINE, by=by)
    post = factories.post(factories.thread(network.closed, by, CANARY, CANARY), by, CANARY)
    discussions.edit_post(post, body=f"Ändrat {CANARY}", based_on=1, by=by, render=factories.plain_render)
    meetings.cancel_meeting(meeting, by=by)
    _minute(network)
    db.commit()
    outbox.run_all()
    for entry in entries():
        assert CANARY not in json.dumps(entry.details, ensure_ascii=False), entry.action
    assert CANARY not in caplog.text
    assert CANARY not in "".join(job.error or "" for job in db.session.scalars(sa.select(Job)))


def test_s42_an_error_of_the_database_does_not_quote_what_was_to_be_stored(
    network: Network, sign_in: Sign, built_front_end: object, caplog: pytest.LogCaptureFixture
) -> None:
    thread_id = factories.thread(network.group, network.convener).id
    db.commit()
    client = sign_in(network.member)
    with db.engine().begin() as connection:
        connection.execute(sa.text("ALTER TABLE post RENAME TO post_away"))
    try:
        form = {"body": f"Text {CANARY}", "client_id": str(uuid.uuid4()), "csrf_token": client.csrf}
        answer = client.post(f"/threads/{thread_id}/posts", data=form)
    finally:
        with db.engine().begin() as connection:
            connection.execute(sa.text("ALTER TABLE post_away RENAME TO post"))
    assert answer.status_code >= 500
    assert "post" in caplog.text
    assert CANARY not in caplog.text


def test_s42_a_line_of_the_log_stays_one_line(
    network: Network, sign_in: Sign, caplog: pytest.LogCaptureFixture, built_front_end: object
) -> None:
    client = sign_in(network.member)
    client.post("/groups/a%0d%0aERROR%20forged%20line/threads/new", data={"body": "x"})
    lines = [record.getMessage() for record in caplog.records if record.name == "portal.security"]
    assert lines
    assert not any("\n" in line or "\r" in line for line in lines)


def test_s42_a_cookie_or_token_is_never_in_the_log(
    network: Network, sign_in: Sign, caplog: pytest.LogCaptureFixture, built_front_end: object
) -> None:
    caplog.set_level(logging.INFO)
    client = sign_in(network.member)
    cookie = client.get_cookie("__Host-session", domain="portal.test")
    assert cookie is not None
    client.get("/groups")
    client.post("/sign-out", data={"csrf_token": client.csrf})
    written = caplog.text + json.dumps([entry.details for entry in entries()])
    assert cookie.value not in written
    assert client.csrf not in written
