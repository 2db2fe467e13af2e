"""Meetings from plan to minutes; two people at the same thing at once; the nights when the clock changes."""

from __future__ import annotations

import io
import re
import threading
import uuid
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from bs4 import BeautifulSoup
from icalendar import Calendar
from pypdf import PdfReader
from werkzeug.test import TestResponse

from portal import audit, db, guard
from portal.errors import Conflict
from portal.meetings import actions
from portal.meetings.actions import Guest, Plan
from portal.meetings.agenda import actions as agenda
from portal.meetings.followup import actions as followup
from portal.meetings.forms import at
from portal.meetings.minutes import actions as minutes
from portal.meetings.models import (
    AgendaItem,
    Answer,
    Invitation,
    ItemKind,
    Meeting,
    MeetingState,
    MinutesNote,
    MinutesVersion,
)
from portal.outbox import Job
from portal.pdf_child import _showable
from portal.people import actions as people
from portal.people.models import Person
from portal.web import Edge
from tests import factories
from tests.conftest import Browser, Sign, send
from tests.factories import Network

NUMBER = "811228-9874"  # Skatteverket's published test number
pytestmark = pytest.mark.usefixtures("built_front_end")

PLAN = {
    "title": "LAMP i november", "on": "2031-11-25", "starts": "09:30", "ends": "15:30", "place": "Rosenbad 4, Stockholm",
    "link": "https://video.example/abc", "reply_by": "2031-11-20", "practical": "Ta med *lägesbild*.",
}  # fmt: skip
ITEM = {"title": "Lägesbild", "kind": "discussion", "minutes_allotted": "30", "owner": "0", "description": "Se bilaga."}


def planned(client: Browser, **changes: str) -> int:
    answer = send(client, "/groups/natverket/meetings/new", **{**PLAN, **changes})
    assert answer.status_code == 302, answer.text
    return int(answer.headers["Location"].rsplit("/", 1)[1])


def item_of(meeting_id: int) -> int:
    db.rollback()
    return (
        db.session.scalars(
            sa.select(AgendaItem.id).where(AgendaItem.meeting_id == meeting_id).order_by(AgendaItem.position)
        ).first()
        or 0
    )


def fields(answer: TestResponse) -> dict[str, str]:
    """What stands in the fields of a page's form."""
    page = BeautifulSoup(answer.data, "html.parser")
    found = {
        str(area["name"]): area.text.removeprefix("\r").removeprefix("\n") for area in page.select("textarea[name]")
    }
    return found | {str(field["name"]): str(field.get("value", "")) for field in page.select("main input[name]")}


# --- the whole way ------------------------------------------------------------------------------------------------------


def test_from_plan_to_minutes(network: Network, sign_in: Sign) -> None:
    convener, member = sign_in(network.convener), sign_in(network.member)
    number = planned(convener)
    where = f"/meetings/{number}"
    assert member.get(where).status_code == 404, "still being planned"
    assert "LAMP i november" not in member.get("/calendar").text
    for title in ("Lägesbild", "Beslut om kampanj"):
        assert send(convener, f"{where}/items/new", **{**ITEM, "title": title}).status_code == 302
    assert send(convener, f"{where}/call").status_code == 302
    page = member.get(where).text
    for words in (
        "LAMP i november",
        "kl. 09.30–15.30",
        "Rosenbad 4, Stockholm",
        "https://video.example/abc",
        "Lägesbild",
        "10.00",
    ):
        assert words in page, words
    assert "<em>lägesbild</em>" in page
    assert "LAMP i november" in member.get("/").text
    assert send(member, f"{where}/answer", answer="online").status_code == 302
    assert "LAMP i november" in convener.get(where).text
    answer = db.session.scalars(sa.select(Invitation.answer).where(Invitation.person_id == network.member.id)).one()
    assert answer is Answer.ONLINE
    first = item_of(number)
    saved = send(
        convener,
        f"/agenda-items/{first}/minutes",
        text="Vi gick **igenom** läget.",
        based_on="0",
    )
    assert saved.status_code == 302
    noted = db.session.get_one(AgendaItem, first)
    followup.add_decision(noted, text="Gruppen beslutade.", client_id=str(uuid.uuid4()), by=network.convener)
    db.commit()
    minutes = member.get(f"{where}/minutes").text
    assert "<strong>igenom</strong>" in minutes
    assert "Gruppen beslutade." in minutes
    made = member.get(f"{where}/minutes.pdf")
    assert made.mimetype == "application/pdf"
    text = "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(made.data)).pages)
    for words in ("LAMP i november", "Lägesbild", "igenom", "Gruppen beslutade.", "Med Lem"):
        assert words in text, words
    (event,) = Calendar.from_ical(member.get(f"{where}/ics").data).walk("VEVENT")
    assert event.decoded("dtstart") == datetime(2031, 11, 25, 8, 30, tzinfo=UTC)
    assert event["url"] == f"https://portal.test/meetings/{number}"
    assert audit.verify() is None


def test_a_call_goes_to_the_members_of_now(network: Network) -> None:
    left = people.add_member(network.group, network.outsider, by=None)
    db.session.flush()
    people.remove_member(left, by=None)
    network.secretary.status = type(network.secretary.status).DISABLED
    meeting = factories.meeting(network.group, network.convener)
    db.commit()
    called = set(db.session.scalars(sa.select(Invitation.person_id).where(Invitation.meeting_id == meeting.id)))
    assert called == {network.convener.id, network.member.id, network.observer.id}


def test_a_meeting_is_called_once(network: Network, sign_in: Sign) -> None:
    convener = sign_in(network.convener)
    number = planned(convener)
    assert send(convener, f"/meetings/{number}/call").status_code == 302
    answer = send(convener, f"/meetings/{number}/call")
    assert answer.status_code == 409
    assert db.session.scalar(sa.select(sa.func.count(Invitation.id))) == 4


def test_a_cancelled_meeting_stays_to_be_read(network: Network, sign_in: Sign) -> None:
    convener, member = sign_in(network.convener), sign_in(network.member)
    number = planned(convener)
    send(convener, f"/meetings/{number}/call")
    assert send(convener, f"/meetings/{number}/cancellation").status_code == 302
    assert send(convener, f"/meetings/{number}/cancellation").status_code == 409
    assert member.get(f"/meetings/{number}").status_code == 200
    assert send(member, f"/meetings/{number}/answer", answer="online").status_code == 403
    assert b"STATUS:CANCELLED" in member.get(f"/meetings/{number}/ics").data
    assert "LAMP i november" not in member.get("/").text


def test_why_a_meeting_is_cancelled_goes_to_those_who_were_called(network: Network, sign_in: Sign) -> None:
    convener, why = sign_in(network.convener), "Sjukdom: vi <återkommer>"
    meeting = factories.meeting(network.group, network.convener)
    actions.invite_guest(meeting, Guest("Eva Ek", "eva@firma.example"), by=network.convener)
    db.commit()
    where = f"/meetings/{meeting.id}/cancellation"
    for wrong in ("x" * 201, "811228-9874"):
        answer = send(convener, where, reason=wrong)
        assert (answer.status_code, wrong in answer.text) == (422, True), "nothing is lost"
        assert db.session.get_one(Meeting, meeting.id).state is MeetingState.CALLED
    assert send(convener, where, reason=why).status_code == 302
    assert "Sjukdom: vi &lt;återkommer&gt;" in sign_in(network.member).get("/notices").text
    jobs = db.session.scalars(sa.select(Job).where(Job.kind == "invitation_mail"))
    assert {job.payload["because"] for job in jobs} == {why}


def test_answers_end_with_the_meeting(network: Network, sign_in: Sign) -> None:
    meeting = factories.meeting(network.group, network.convener)
    db.commit()
    number, ends_at = meeting.id, meeting.ends_at
    member, outsider = sign_in(network.member), sign_in(network.outsider)
    for answer in ("on_site", "online", "declined"):
        assert send(member, f"/meetings/{number}/answer", answer=answer).status_code == 302
    assert send(member, f"/meetings/{number}/answer", answer="maybe").status_code == 400
    assert send(member, f"/meetings/{number}/answer").status_code == 400
    assert send(outsider, f"/meetings/{number}/answer", answer="online").status_code == 404
    last = db.session.scalars(sa.select(Invitation.answer).where(Invitation.person_id == network.member.id)).one()
    assert last is Answer.DECLINED
    with time_machine.travel(ends_at, tick=False):
        later = sign_in(network.member)
        assert send(later, f"/meetings/{number}/answer", answer="online").status_code == 403


def test_who_was_not_called_has_nothing_to_answer(network: Network, sign_in: Sign) -> None:
    meeting = factories.meeting(network.group, network.convener)
    people.add_member(network.group, network.outsider, by=None)
    db.commit()
    newcomer = sign_in(network.outsider)
    assert newcomer.get(f"/meetings/{meeting.id}").status_code == 200
    assert send(newcomer, f"/meetings/{meeting.id}/answer", answer="online").status_code == 403


# --- agenda ---------------------------------------------------------------------------------------------------------------


def titles(meeting: Meeting) -> list[str]:
    db.session.expire_all()
    return [item.title for item in meeting.items]


def test_items_move_up_and_down_and_stop_at_the_ends(network: Network, sign_in: Sign) -> None:
    meeting = factories.meeting(network.group, network.convener, items=3)
    db.commit()
    ids = [item.id for item in meeting.items]
    convener = sign_in(network.convener)
    for item_id, direction, order in (
        (ids[0], "up", "123"), (ids[2], "down", "123"), (ids[2], "up", "132"), (ids[2], "up", "312"), (ids[0], "down", "321"),
        (ids[1], "down", "312"), (ids[1], "down", "312"),
    ):  # fmt: skip
        assert send(convener, f"/agenda-items/{item_id}/place", direction=direction).status_code == 302
        assert "".join(title.split()[1] for title in titles(meeting)) == order, (item_id, direction)


def test_times_follow_the_agenda_and_breaks_have_no_number(network: Network) -> None:
    meeting = factories.meeting(network.group, network.convener, items=0)
    for title, kind, length in (
        ("Ett", ItemKind.INFORMATION, 20),
        ("Paus", ItemKind.BREAK, 15),
        ("Två", ItemKind.DECISION, 5),
    ):
        agenda.add_item(meeting, agenda.ItemPlan(title, kind, length), by=network.convener)
    db.commit()
    db.session.expire_all()
    start = meeting.starts_at
    assert [(item.title, at - start, number) for item, at, number in meeting.timetable()] == [
        ("Ett", timedelta(0), 1), ("Paus", timedelta(minutes=20), None), ("Två", timedelta(minutes=35), 2),
    ]  # fmt: skip
    assert meeting.minutes_planned == 40


def test_an_item_with_minutes_stays(network: Network, sign_in: Sign) -> None:
    meeting = factories.meeting(network.group, network.convener, items=2)
    first, second = meeting.items if meeting.items else []
    minutes.save_note(first, text="Skrivet", based_on=0, by=network.convener)
    db.commit()
    ids = first.id, second.id
    convener = sign_in(network.convener)
    assert send(convener, f"/agenda-items/{ids[0]}/removal").status_code == 409
    assert send(convener, f"/agenda-items/{ids[1]}/removal").status_code == 302
    assert send(convener, f"/agenda-items/{ids[1]}/removal").status_code == 404
    assert titles(meeting) == ["Punkt 1"]


def test_an_item_s_owner_is_a_member(network: Network, sign_in: Sign) -> None:
    meeting = factories.meeting(network.group, network.convener, items=0)
    db.commit()
    convener, where = sign_in(network.convener), f"/meetings/{meeting.id}/items/new"
    assert send(convener, where, **{**ITEM, "owner": str(network.outsider.id)}).status_code == 422
    assert send(convener, where, **{**ITEM, "owner": "x"}).status_code == 422
    assert send(convener, where, **{**ITEM, "owner": str(network.member.id)}).status_code == 302
    db.session.expire_all()
    assert [item.owner_id for item in meeting.items] == [network.member.id]


@pytest.mark.parametrize("changes", [{"minutes_allotted": "0"}, {"minutes_allotted": "601"}, {"minutes_allotted": "x"}, {"title": ""},
                                     {"title": "x" * 301}, {"kind": "party"}, {"title": "   "}], ids=range(7))  # fmt: skip
def test_wrong_items_are_told(network: Network, sign_in: Sign, changes: dict[str, str]) -> None:
    meeting = factories.meeting(network.group, network.convener, items=0)
    db.commit()
    convener = sign_in(network.convener)
    assert send(convener, f"/meetings/{meeting.id}/items/new", **{**ITEM, **changes}).status_code == 422
    assert titles(meeting) == []


@pytest.mark.parametrize("field", ["title", "description"])
def test_s33_items_are_guarded(network: Network, sign_in: Sign, field: str) -> None:
    meeting = factories.meeting(network.group, network.convener, items=1)
    db.commit()
    convener = sign_in(network.convener)
    for where in (f"/meetings/{meeting.id}/items/new", f"/agenda-items/{item_of(meeting.id)}/edit"):
        answer = send(convener, where, **{**ITEM, field: f"Om {NUMBER}"})
        assert answer.status_code == 422
        assert f"Om {NUMBER}" in answer.text, "what was written stays in the form"
    assert titles(meeting) == ["Punkt 1"]


# --- the form of a meeting ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"title": ""}, {"title": "x" * 201}, {"on": ""}, {"on": "2031-02-30"}, {"on": "i morgon"}, {"starts": ""}, {"starts": "25:00"},
        {"ends": "09:30"}, {"ends": "08:00"}, {"link": "javascript:alert(1)"}, {"link": "data:text/html,x"}, {"link": "//evil.example"},
        {"link": "https://a.example/" + "x" * 500}, {"reply_by": "2031-11-26"}, {"place": "x" * 201}, {"practical": "x" * 5001},
        {"on": "0001-01-01"}, {"on": "9999-12-31"}, {"on": "1989-12-31"}, {"reply_by": "0001-01-01"}, {"title": "   "},
        {"on": "2027-03-28", "starts": "02:30", "ends": "04:00", "reply_by": ""},
        {"on": "2027-03-28", "starts": "01:00", "ends": "02:30", "reply_by": ""},
        {"title": f"Om {NUMBER}"}, {"place": f"Om {NUMBER}"}, {"practical": f"Om {NUMBER}"}, {"link": f"https://a.example/{NUMBER}"},
    ],
    ids=range(27),
)  # fmt: skip
def test_wrong_plans_are_told_and_kept_in_the_form(network: Network, sign_in: Sign, changes: dict[str, str]) -> None:
    convener = sign_in(network.convener)
    answer = send(convener, "/groups/natverket/meetings/new", **{**PLAN, **changes})
    assert answer.status_code == 422
    assert fields(answer)["practical"] == changes.get("practical", PLAN["practical"])
    assert db.session.scalar(sa.select(sa.func.count(Meeting.id))) == 0


def test_the_hours_of_the_two_nights() -> None:
    night = date(2027, 3, 28)
    assert at(night, time(1, 59)).astimezone(UTC) == datetime(2027, 3, 28, 0, 59, tzinfo=UTC)
    assert at(night, time(3, 0)).astimezone(UTC) == datetime(2027, 3, 28, 1, 0, tzinfo=UTC)
    for clock in (time(2, 0), time(2, 59)):
        with pytest.raises(ValueError, match="no such hour"):
            at(night, clock)
    night = date(2026, 10, 25)
    assert at(night, time(2, 30)).astimezone(UTC) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert at(night, time(3, 0)).astimezone(UTC) == datetime(2026, 10, 25, 2, 0, tzinfo=UTC)


def test_a_meeting_over_the_change_of_the_clock(network: Network, sign_in: Sign) -> None:
    convener = sign_in(network.convener)
    number = planned(convener, on="2026-10-25", starts="01:30", ends="04:00", reply_by="")
    meeting = db.session.get_one(Meeting, number)
    assert meeting.ends_at - meeting.starts_at == timedelta(hours=3, minutes=30)
    found = fields(convener.get(f"/meetings/{number}/edit"))
    assert (found["on"], found["starts"][:5], found["ends"][:5]) == ("2026-10-25", "01:30", "04:00")


def test_what_was_stored_comes_back_in_the_form(network: Network, sign_in: Sign) -> None:
    convener = sign_in(network.convener)
    number = planned(convener)
    found = fields(convener.get(f"/meetings/{number}/edit"))
    assert {name: found[name][:5] if name in {"starts", "ends"} else found[name] for name in PLAN} == PLAN


def test_two_people_change_the_same_meeting(network: Network, sign_in: Sign) -> None:
    convener, secretary = sign_in(network.convener), sign_in(network.secretary)
    number = planned(convener)
    seen = fields(convener.get(f"/meetings/{number}/edit"))["based_on"]
    assert (
        send(secretary, f"/meetings/{number}/edit", **{**PLAN, "place": "Solna", "based_on": seen}).status_code == 302
    )
    answer = send(convener, f"/meetings/{number}/edit", **{**PLAN, "title": "Nytt namn", "based_on": seen})
    assert answer.status_code == 409
    assert fields(answer)["title"] == "Nytt namn", "what was written stays"
    meeting = db.session.get_one(Meeting, number)
    db.session.refresh(meeting)
    assert (meeting.title, meeting.place) == ("LAMP i november", "Solna")
    again = fields(answer)["based_on"]
    assert (
        send(convener, f"/meetings/{number}/edit", **{**PLAN, "title": "Nytt namn", "based_on": again}).status_code
        == 302
    )


def test_the_calendar_entry_s_number_grows(network: Network, sign_in: Sign) -> None:
    convener = sign_in(network.convener)
    number = planned(convener)
    where = f"/meetings/{number}"
    seen = []
    for change in (
        lambda: None,
        lambda: send(convener, f"{where}/call"),
        lambda: send(convener, f"{where}/items/new", **ITEM),
        lambda: send(
            convener,
            f"{where}/edit",
            **{**PLAN, "place": "Solna", "based_on": fields(convener.get(f"{where}/edit"))["based_on"]},
        ),
        lambda: send(convener, f"{where}/cancellation"),
    ):
        change()
        (event,) = Calendar.from_ical(convener.get(f"{where}/ics").data).walk("VEVENT")
        seen.append(int(str(event["sequence"])))
    assert seen == sorted(set(seen)), "each change is newer than the one before"


# --- minutes --------------------------------------------------------------------------------------------------------------------


def test_two_people_save_the_same_minutes(network: Network, sign_in: Sign) -> None:
    meeting = factories.meeting(network.group, network.convener)
    db.commit()
    where = f"/agenda-items/{item_of(meeting.id)}/minutes"
    convener, secretary = sign_in(network.convener), sign_in(network.secretary)
    assert send(secretary, where, text="Sekreterarens text", based_on="0").status_code == 302
    answer = send(convener, where, text="Min text", based_on="0")
    assert answer.status_code == 409
    for words in ("Sekreterarens text", "Min text", "Sek Reterare"):
        assert words in answer.text, words
    note = db.session.scalars(sa.select(MinutesNote)).one()
    assert (note.text, note.revision) == ("Sekreterarens text", 1)
    found = fields(answer)
    assert (found["text"], found["based_on"]) == ("Min text", "1")
    assert send(convener, where, text="Min text", based_on="1").status_code == 302
    db.session.expire_all()
    note = db.session.scalars(sa.select(MinutesNote)).one()
    kept = db.session.scalars(sa.select(MinutesVersion)).one()
    assert (note.text, note.revision, note.written_by_id) == ("Min text", 2, network.convener.id)
    assert (kept.text, kept.revision, kept.written_by_id) == ("Sekreterarens text", 1, network.secretary.id)


def test_saving_the_same_again_makes_no_version(network: Network) -> None:
    item = factories.meeting(network.group, network.convener).items[0]
    for based_on in (0, 1):
        minutes.save_note(item, text="Text", based_on=based_on, by=network.convener)
    db.commit()
    assert db.session.scalars(sa.select(MinutesNote.revision)).one() == 1
    assert db.session.scalar(sa.select(sa.func.count(MinutesVersion.id))) == 0


def test_every_version_is_kept(network: Network) -> None:
    item = factories.meeting(network.group, network.convener).items[0]
    for number in range(5):
        minutes.save_note(item, text=f"Text {number}", based_on=number, by=network.convener)
    db.commit()
    assert db.session.scalars(sa.select(MinutesVersion.text).order_by(MinutesVersion.revision)).all() == [
        f"Text {number}" for number in range(4)
    ]


@pytest.mark.parametrize("based_on", [1, 99])
def test_minutes_based_on_what_never_was(network: Network, based_on: int) -> None:
    item = factories.meeting(network.group, network.convener).items[0]
    with pytest.raises(Conflict):
        minutes.save_note(item, text="Text", based_on=based_on, by=network.convener)


def at_once(app: Edge, *works: Any) -> list[BaseException]:
    """Do all at the same time, each in a context and transaction of its own; what was raised."""
    raised: list[BaseException] = []
    start = threading.Barrier(len(works))

    def run(work: Any) -> None:
        with app.app_context():
            start.wait()
            try:
                work()
                db.commit()
            except Exception as error:
                db.rollback()
                raised.append(error)

    db.session.remove()
    workers = [threading.Thread(target=run, args=(work,)) for work in works]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return raised


def test_first_writers_at_once(app: Edge, network: Network) -> None:
    meeting = factories.meeting(network.group, network.convener, items=8)
    db.commit()
    items, writers = [item.id for item in meeting.items], [network.convener.id, network.secretary.id]
    for item_id in items:

        def write(who: int, item_id: int = item_id) -> None:
            item, by = db.session.get_one(AgendaItem, item_id), db.session.get_one(Person, who)
            minutes.save_note(item, text=f"Av {who}", based_on=0, by=by)

        raised = at_once(app, *(lambda who=who: write(who) for who in writers))
        assert [type(error) for error in raised] == [Conflict]
    assert db.session.scalar(sa.select(sa.func.count(MinutesNote.id))) == len(items)
    assert db.session.scalar(sa.select(sa.func.count(MinutesVersion.id))) == 0
    assert audit.verify() is None


def test_later_writers_at_once(app: Edge, network: Network) -> None:
    item = factories.meeting(network.group, network.convener).items[0]
    minutes.save_note(item, text="Före", based_on=0, by=network.convener)
    db.commit()
    item_id, by_id = item.id, network.convener.id

    def write(number: int) -> None:
        found = db.session.get_one(AgendaItem, item_id)
        minutes.save_note(found, text=f"Text {number}", based_on=1, by=db.session.get_one(Person, by_id))

    raised = at_once(app, *(lambda number=number: write(number) for number in range(5)))
    assert [type(error) for error in raised] == [Conflict] * 4
    assert db.session.scalars(sa.select(MinutesVersion.text)).all() == ["Före"]


def test_items_added_at_once_get_places_of_their_own(app: Edge, network: Network) -> None:
    meeting = factories.meeting(network.group, network.convener, items=1)
    db.commit()
    meeting_id, by_id, before = meeting.id, network.convener.id, meeting.revision

    def add(number: int) -> None:
        found, by = db.session.get_one(Meeting, meeting_id), db.session.get_one(Person, by_id)
        agenda.add_item(found, agenda.ItemPlan(f"Ny {number}", ItemKind.DECISION, 5), by=by)

    assert at_once(app, *(lambda number=number: add(number) for number in range(6))) == []
    places = db.session.scalars(sa.select(AgendaItem.position).order_by(AgendaItem.position)).all()
    assert places == list(range(1, 8))
    assert db.session.get_one(Meeting, meeting_id).revision == before + 6


def test_calls_at_once_call_once(app: Edge, network: Network) -> None:
    starts = db.now() + timedelta(days=3)
    meeting = actions.plan_meeting(
        network.group, Plan("Möte", starts, starts + timedelta(hours=1)), by=network.convener
    )
    db.commit()
    meeting_id, by_id = meeting.id, network.convener.id

    def call() -> None:
        actions.call_meeting(db.session.get_one(Meeting, meeting_id), by=db.session.get_one(Person, by_id))

    assert [type(error) for error in at_once(app, call, call, call)] == [Conflict, Conflict]
    assert db.session.scalar(sa.select(sa.func.count(Invitation.id))) == 4


def test_an_item_is_taken_away_while_somebody_begins_to_write(app: Edge, network: Network) -> None:
    meeting = factories.meeting(network.group, network.convener, items=6)
    db.commit()
    items, by_id = [item.id for item in meeting.items], network.convener.id
    for item_id in items:

        def write(item_id: int = item_id) -> None:
            item = db.session.get_one(AgendaItem, item_id)
            minutes.save_note(item, text="Skrivet", based_on=0, by=db.session.get_one(Person, by_id))

        def remove(item_id: int = item_id) -> None:
            agenda.remove_item(db.session.get_one(AgendaItem, item_id), by=db.session.get_one(Person, by_id))

        raised = at_once(app, write, remove)
        assert len(raised) == 1, raised
    left = set(db.session.scalars(sa.select(AgendaItem.id)))
    assert set(db.session.scalars(sa.select(MinutesNote.item_id))) == left, "what was written stands, the rest is gone"


@pytest.mark.parametrize("field", ["text"])
def test_s33_minutes_are_guarded(network: Network, sign_in: Sign, field: str) -> None:
    meeting = factories.meeting(network.group, network.convener)
    db.commit()
    where = f"/agenda-items/{item_of(meeting.id)}/minutes"
    answer = send(
        sign_in(network.convener),
        where,
        **{"text": "Text", "based_on": "0", field: f"Om {NUMBER}"},
    )
    assert answer.status_code == 422
    assert fields(answer)[field] == f"Om {NUMBER}"
    assert db.session.scalar(sa.select(sa.func.count(MinutesNote.id))) == 0


def test_what_the_writer_keeps_is_noted(network: Network) -> None:
    item = factories.meeting(network.group, network.convener).items[0]
    text = "Ring 070-174 06 58"
    with pytest.raises(guard.Stopped):
        minutes.save_note(item, text=text, based_on=0, by=network.convener)
    keep = [find.key for find in guard.scan(text, field="text")]
    minutes.save_note(item, text=text, based_on=0, keep=keep, by=network.convener)
    db.commit()
    noted = db.session.scalars(sa.select(audit.AuditEntry).where(audit.AuditEntry.action == "guard_kept")).one()
    assert (noted.object_type, noted.details) == ("minutes_note", {"kinds": ["phone"], "count": 1})


def test_only_leaders_write_and_only_when_it_was_called(network: Network, sign_in: Sign) -> None:
    convener = sign_in(network.convener)
    number = planned(convener)
    send(convener, f"/meetings/{number}/items/new", **ITEM)
    where, form = f"/agenda-items/{item_of(number)}/minutes", {"text": "Text", "based_on": "0"}
    assert send(convener, where, **form).status_code == 403, "not called yet"
    send(convener, f"/meetings/{number}/call")
    for person, status in (
        (network.member, 403),
        (network.observer, 403),
        (network.outsider, 404),
        (network.secretary, 302),
    ):
        assert send(sign_in(person), where, **form).status_code == status


# --- odd words ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "title",
    ['#panic("x") $x^2$', "\\section{x} \\input{/etc/passwd}", "<script>alert(1)</script>", "{{ 7*7 }} {% raise %}", "%s %(x)s {0}",
     "= Rubrik *fet* _lutad_ `kod`", "🧭 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 עברית", "a" * 200, "\"citat\" & 'apostrof'", "Rad\r\nett"],
    ids=range(10),
)  # fmt: skip
def test_any_title_goes_through_page_calendar_and_pdf(network: Network, sign_in: Sign, title: str) -> None:
    convener = sign_in(network.convener)
    number = planned(convener, title=title)
    send(convener, f"/meetings/{number}/items/new", **{**ITEM, "title": title, "description": title})
    send(convener, f"/meetings/{number}/call")
    send(convener, f"/agenda-items/{item_of(number)}/minutes", text=title, based_on="0")
    shown = " ".join(title.split())
    for where in (f"/meetings/{number}", f"/meetings/{number}/minutes", "/calendar?view=list", "/"):
        answer = convener.get(where)
        assert answer.status_code == 200
        assert "<script>alert" not in answer.text
        assert shown in " ".join(BeautifulSoup(answer.data, "html.parser").text.split()), where
    (event,) = Calendar.from_ical(convener.get(f"/meetings/{number}/ics").data).walk("VEVENT")
    assert event["summary"] == shown
    made = convener.get(f"/meetings/{number}/minutes.pdf")
    assert made.status_code == 200
    reader = PdfReader(io.BytesIO(made.data))
    assert reader.metadata is not None
    title_there = str(reader.metadata.title)
    assert shown in title_there or _showable(shown) in title_there  # as the fonts of this machine let it
    assert re.fullmatch(r'attachment; filename="[a-z0-9.-]+"', made.headers["Content-Disposition"])


def test_outsiders_see_nothing_of_it(network: Network, sign_in: Sign) -> None:
    meeting = factories.meeting(network.closed, network.convener, "Hemligt möte")
    minutes.save_note(meeting.items[0], text="Hemligt", based_on=0, by=network.convener)
    db.commit()
    number, item = meeting.id, meeting.items[0].id
    for person in (network.member, network.outsider, network.admin):
        client = sign_in(person)
        for where in (f"/meetings/{number}", f"/meetings/{number}/ics", f"/meetings/{number}/minutes", f"/meetings/{number}/minutes.pdf",
                      f"/meetings/{number}/edit", f"/agenda-items/{item}/edit", f"/agenda-items/{item}/minutes"):  # fmt: skip
            assert client.get(where).status_code == 404, where
        for where in ("/calendar", "/", "/groups"):
            assert "Hemligt" not in client.get(where).text
    assert db.session.get_one(Meeting, number).state is MeetingState.CALLED


def test_a_sensitive_group_s_agenda_stays_out_of_calendars(network: Network, sign_in: Sign) -> None:
    meeting = factories.meeting(network.closed, network.convener, text="hemlig punkt")
    db.commit()
    content = sign_in(network.secretary).get(f"/meetings/{meeting.id}/ics").data
    assert b"DESCRIPTION:1." not in content
    assert b"Punkt 1" not in content
