"""The live edge: who may open a socket, what it hears, and when it is closed."""

from __future__ import annotations

import contextvars
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
import redis
import sqlalchemy as sa
from flask.testing import FlaskClient

from portal import db, live, live_dispatch, live_gate, live_presence, live_rights, live_sweep, live_watchers
from portal.audit import AuditEntry
from portal.auth.models import BrowserSession
from portal.discussions import policy
from portal.discussions.actions import mark_read
from portal.discussions.models import Thread
from portal.home import live_counts
from portal.meetings.models import Meeting
from portal.meetings.polls.models import DatePoll
from portal.notifications.actions import notify
from portal.people import actions as people
from portal.people.models import Group, HandlingClass, Membership, Organisation, Person, PersonStatus
from portal.web import Edge
from tests import factories
from tests.conftest import SECRET, Sign, signed_in
from tests.factories import Network
from tests.servers import wait_for
from tests.test_queries import counted

HANDSHAKE = "/socket.io/?EIO=4&transport=polling"


class Listener:
    """A browser's socket, without the network below it."""

    def __init__(self, app: Edge, browser: FlaskClient) -> None:
        self.client: Any = self.run(partial(live_dispatch.socketio.test_client, app, flask_test_client=browser))

    def run(self, function: Callable[[], Any]) -> Any:
        """Do something as a server does it: in a context of its own, while the test holds no transaction."""
        db.pause()
        return contextvars.Context().run(function)

    def say(self, name: str, topic: str) -> Any:
        return self.run(lambda: self.client.emit(name, {"topic": topic}, callback=True))

    def heard(self, name: str) -> list[dict[str, Any]]:
        """What came under a name since the last time."""
        return [event["args"][0] for event in self.client.get_received() if event["name"] == name]

    def wait_for(self, name: str) -> list[dict[str, Any]]:
        """What comes under a name; something must."""
        heard: list[dict[str, Any]] = []

        def came() -> bool:
            heard.extend(self.heard(name))
            return bool(heard)

        wait_for(came, what=name)
        return heard

    @property
    def is_open(self) -> bool:
        return bool(self.client.is_connected())


Listen = Callable[[Person], Listener]


@pytest.fixture
def listen(app: Edge, sign_in: Sign, monkeypatch: pytest.MonkeyPatch) -> Iterator[Listen]:
    """Open sockets for people; the checks that run beside are called by the tests themselves."""
    monkeypatch.setattr(live_rights, "RECHECK_SECONDS", 3600)
    monkeypatch.setattr(live_rights, "SECONDS", 3600)
    monkeypatch.setattr(live_sweep, "SECONDS", 3600)
    monkeypatch.setattr(live_counts, "SECONDS", 3600)
    live_sweep.look(set())  # numbers of threads of earlier tests
    live_rights._forget(set(), set())  # and rights: their people had the same numbers
    opened: list[Listener] = []

    def make(person: Person) -> Listener:
        opened.append(Listener(app, sign_in(person)))
        return opened[-1]

    yield make
    for listener in opened:
        if listener.is_open:
            listener.run(listener.client.disconnect)
    wait_for(lambda: not live._presence_due, what="the last word on who is there")
    assert live_watchers.watchers == {}


@pytest.fixture
def thread(network: Network) -> Thread:
    """A thread of the closed group."""
    made = factories.thread(network.closed, network.convener)
    db.commit()
    return made


# --- the door ------------------------------------------------------------------------------------------------------------


def test_s24_a_stranger_opens_no_connection(own_portal: Edge) -> None:
    answer = own_portal.test_client().get(HANDSHAKE)
    assert answer.status_code == 401
    assert answer.headers["Cache-Control"] == "no-store"
    stale = own_portal.test_client()
    stale.set_cookie("__Host-session", "x" * 43, domain="portal.test", secure=True)
    assert stale.get(f"{HANDSHAKE}&sid=").status_code == 401
    assert live_dispatch.socketio.server.environ == {}


def test_s24_one_who_is_signed_in_does_but_not_any_number(
    own_portal: Edge, monkeypatch: pytest.MonkeyPatch, built_front_end: object
) -> None:
    monkeypatch.setattr(live_gate, "MOST_SOCKETS", 3)
    network = Network()
    network.make()
    db.commit()
    one, other = signed_in(own_portal, network.member), signed_in(own_portal, network.convener)
    assert [one.get(HANDSHAKE).status_code for _ in range(4)] == [200, 200, 200, 429]
    assert other.get(HANDSHAKE).status_code == 200
    assert len(live_dispatch.socketio.server.environ) == 4
    network.member.status = PersonStatus.DISABLED
    db.commit()
    live_rights.recheck()
    left = [environ[live_gate.PERSON] for environ in live_dispatch.socketio.server.environ.values()]
    assert left == [network.convener.id], "a connection that never named a topic ends with its session too"
    db.session.execute(sa.delete(BrowserSession))
    db.commit()
    live_rights.recheck()
    assert live_dispatch.socketio.server.environ == {}


def test_s44_a_database_that_is_away_opens_no_connection(own_portal: Edge, built_front_end: object) -> None:
    network = Network()
    network.make()
    db.commit()
    browser = signed_in(own_portal, network.member)
    db.session.execute(sa.text("DROP TABLE browser_session"))
    db.commit()
    assert browser.get(HANDSHAKE).status_code == 503


def test_s24_a_stranger_s_socket_is_refused_behind_the_door_too(app: Edge) -> None:
    db.pause()
    stranger = contextvars.Context().run(
        partial(live_dispatch.socketio.test_client, app, flask_test_client=app.test_client())
    )
    assert not stranger.is_connected()
    assert live_watchers.watchers == {}


# --- who may listen --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("topic", ["thread:999999", "thread:x", "thread:", "meeting:1", "", "thread:" + "9" * 70])
def test_what_is_no_topic_is_refused(network: Network, listen: Listen, topic: str) -> None:
    assert listen(network.member).say("watch", topic) == {"ok": False}


def test_s26_an_outsider_hears_nothing(network: Network, thread: Thread, listen: Listen) -> None:
    outsider, convener = listen(network.outsider), listen(network.convener)
    assert outsider.say("watch", thread.topic) == {"ok": False}
    assert convener.say("watch", thread.topic)["ok"] is True
    factories.post(thread, network.convener)
    db.commit()
    convener.wait_for("items")
    outsider.say("typing", thread.topic)
    assert outsider.client.get_received() == []


def test_s42_listening_to_a_sensitive_thread_is_noted(network: Network, thread: Thread, listen: Listen) -> None:
    plain = factories.thread(network.group, network.convener)
    db.commit()
    for topic in (thread.topic, plain.topic):
        assert listen(network.secretary).say("watch", topic)["ok"] is True
    noted = db.session.execute(
        sa.select(AuditEntry.person_id, AuditEntry.object_id).where(AuditEntry.action == "thread_read")
    )
    assert [tuple(row) for row in noted] == [(network.secretary.id, thread.id)]
    db.session.execute(sa.text("ALTER TABLE audit_entry RENAME TO audit_entry_away"))
    db.commit()
    try:
        assert listen(network.convener).say("watch", thread.topic) == {"ok": False}
        assert listen(network.convener).say("watch", plain.topic)["ok"] is True
    finally:
        db.session.execute(sa.text("ALTER TABLE audit_entry_away RENAME TO audit_entry"))
        db.commit()


def test_what_is_rolled_back_is_never_heard(network: Network, thread: Thread, listen: Listen) -> None:
    convener = listen(network.convener)
    convener.say("watch", thread.topic)
    factories.post(thread, network.convener)
    db.rollback()
    factories.post(thread, network.convener)
    db.commit()
    assert [item["seq"] for event in convener.wait_for("items") for item in event["items"]] == [2]


def test_s30_who_leaves_a_group_hears_nothing_from_that_moment(
    network: Network, thread: Thread, listen: Listen
) -> None:
    person, convener = listen(network.secretary), listen(network.convener)
    assert person.say("watch", thread.topic)["ok"] is True
    assert convener.say("watch", thread.topic)["ok"] is True
    membership = db.session.scalars(
        sa.select(Membership).where(
            Membership.person_id == network.secretary.id, Membership.group_id == thread.group_id
        )
    ).one()
    people.remove_member(membership, by=network.convener)
    db.commit()
    assert not person.is_open
    assert convener.is_open


@pytest.mark.parametrize("change", ["membership", "session", "person"])
def test_s19_what_another_process_changed_is_found_a_moment_later(
    network: Network, thread: Thread, listen: Listen, change: str
) -> None:
    person, convener = listen(network.secretary), listen(network.convener)
    for listener in (person, convener):
        assert listener.say("watch", thread.topic)["ok"] is True
    person_id = network.secretary.id
    statement = {
        "membership": sa.update(Membership).where(Membership.person_id == person_id).values(left_at=db.now()),
        "session": sa.delete(BrowserSession).where(BrowserSession.person_id == person_id),
        "person": sa.update(Person).where(Person.id == person_id).values(status=PersonStatus.DISABLED),
    }[change]
    db.session.execute(statement)
    db.commit()
    live_rights.recheck()
    assert not person.is_open
    assert convener.is_open


@pytest.mark.parametrize("change", ["membership", "session", "person", "organisation", "archived", "moved"])
def test_s19_what_another_process_took_away_is_over_after_one_look(
    app: Edge, network: Network, thread: Thread, listen: Listen, change: str
) -> None:
    """Nobody tells this process: the row is written as another one writes it, and the sweep looks once."""
    person, convener = listen(network.secretary), listen(network.convener)
    for listener in (person, convener):
        assert listener.say("watch", thread.topic)["ok"] is True
        listener.run(partial(look_for_rights, app))
        assert listener.is_open
    person_id, group_id = network.secretary.id, thread.group_id
    elsewhere_id = people.add_group(
        "andra", "Den andra", description="", handling_class=HandlingClass.SENSITIVE, by=None
    ).id
    statement = {
        "membership": sa.update(Membership).where(Membership.person_id == person_id).values(left_at=db.now()),
        "session": sa.delete(BrowserSession).where(BrowserSession.person_id == person_id),
        "person": sa.update(Person).where(Person.id == person_id).values(status=PersonStatus.DISABLED),
        "organisation": sa.update(Organisation)
        .where(Organisation.id == network.secretary.organisation_id)
        .values(is_active=False),
        "archived": sa.update(Group).where(Group.id == group_id).values(is_archived=True),
        "moved": sa.update(Thread).where(Thread.id == thread.id).values(group_id=elsewhere_id),
    }[change]
    db.session.execute(statement)
    db.commit()
    person.run(partial(look_for_rights, app))
    assert not person.is_open
    assert convener.is_open is (change not in {"archived", "moved"}), "only what concerns her"


def test_s19_a_right_that_goes_while_a_page_begins_to_listen_is_found_by_the_first_look(
    app: Edge, network: Network, thread: Thread, listen: Listen
) -> None:
    person = listen(network.secretary)
    assert person.say("watch", thread.topic)["ok"] is True
    db.session.execute(
        sa.update(Membership).where(Membership.person_id == network.secretary.id).values(left_at=db.now())
    )
    db.commit()
    person.run(partial(look_for_rights, app))
    assert not person.is_open


def test_looking_for_rights_asks_as_much_for_many_as_for_one(
    app: Edge, network: Network, thread: Thread, listen: Listen
) -> None:
    def questions() -> int:
        asked: list[str] = []
        note: Callable[..., None] = lambda _conn, _cursor, statement, *_rest: asked.append(statement)  # noqa: E731 - as SQLAlchemy calls it
        with app.app_context():
            engine = db.engine()
        sa.event.listen(engine, "before_cursor_execute", note)
        try:
            listener.run(partial(look_for_rights, app))
        finally:
            sa.event.remove(engine, "before_cursor_execute", note)
        return len(asked)

    listener = listen(network.secretary)
    listener.say("watch", thread.topic)
    questions()
    few = questions()
    for number in range(4):
        another = factories.thread(network.closed, network.convener)
        db.commit()
        other = listen(network.convener if number % 2 else network.secretary)
        assert other.say("watch", another.topic)["ok"] is True
        assert other.say("watch", thread.topic)["ok"] is True
    questions()
    assert questions() == few
    assert few <= 6


def test_s19_signing_out_closes_the_sockets_of_its_session_at_once(
    app: Edge, network: Network, listen: Listen, sign_in: Sign, built_front_end: object
) -> None:
    browser, elsewhere = sign_in(network.member), listen(network.member)
    tabs = [Listener(app, browser) for _ in range(2)]
    assert browser.post("/sign-out", data={"csrf_token": browser.csrf}).status_code == 200
    assert [tab.is_open for tab in tabs] == [False, False]
    assert elsewhere.is_open


def test_a_check_that_fails_is_made_again(
    app: Edge,
    network: Network,
    thread: Thread,
    listen: Listen,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whatever goes wrong in one round (here: a kind of topic that cannot answer), the next one comes."""
    broken_kind = live_watchers.Kind(lambda _person, _thing: 1 / 0 > 1, lambda _thing, by: by, lambda _thing: 0)
    person = listen(network.convener)
    person.say("watch", thread.topic)
    with monkeypatch.context() as broken:
        broken.setattr(live_rights, "RECHECK_SECONDS", 0.05)
        broken.setitem(live_watchers.kinds, "thread", broken_kind)
        live_dispatch.start_once("recheck of this test", live_rights.recheck_forever, app)
        wait_for(lambda: caplog.text.count("could not be checked again") >= 2, what="a second round")
    assert person.is_open


# --- who is there ------------------------------------------------------------------------------------------------------------


def test_many_who_come_at_once_make_one_list(
    network: Network, thread: Thread, listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = listen(network.convener)
    sleep, all_are_here = live_dispatch.socketio.sleep, threading.Event()
    with monkeypatch.context() as held:
        held.setattr(
            live_dispatch.socketio,
            "sleep",
            lambda seconds: all_are_here.wait() if seconds == live.PRESENCE_SECONDS else sleep(seconds),
        )
        assert [card["id"] for card in first.say("watch", thread.topic)["presence"]] == [network.convener.id]
        tabs = [listen(network.secretary) for _ in range(5)]
        for tab in tabs:
            assert len(tab.say("watch", thread.topic)["presence"]) == 2
        assert first.heard("presence") == []
        all_are_here.set()
        (told,) = first.wait_for("presence")
    assert {card["id"] for card in told["people"]} == {network.convener.id, network.secretary.id}
    for tab in tabs:
        tab.run(tab.client.disconnect)

    def are_gone() -> bool:
        lists = [{card["id"] for card in event["people"]} for event in first.heard("presence")]
        return {network.convener.id} in lists

    wait_for(are_gone, what="a list without those who left")


def test_typing_goes_out_to_the_others_and_not_too_often(
    network: Network, thread: Thread, listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_watchers, "TYPING_SECONDS", 3600)
    one, other = listen(network.convener), listen(network.secretary)
    for listener in (one, other):
        listener.say("watch", thread.topic)
    for _ in range(10):
        one.say("typing", thread.topic)
    assert [event["person"]["id"] for event in other.heard("typing")] == [network.convener.id]
    assert one.heard("typing") == []


def test_one_socket_cannot_come_and_go_without_end(
    network: Network, thread: Thread, listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_watchers, "CHANGES_A_MINUTE", 6)
    monkeypatch.setattr(live_watchers, "MINUTE", 3600)
    one = listen(network.convener)
    answers = []
    for _ in range(5):
        answers.append(one.say("watch", thread.topic)["ok"])
        one.say("unwatch", thread.topic)
    assert answers == [True, True, True, False, False]


# --- several processes ---------------------------------------------------------------------------------------------------------


PUBLISH = """
import sys
from portal import create_app, db, live
app = create_app()
with app.app_context():
    live.publish("thread:7", seq=3, html={"sv": "<p>Hej</p>"})
    db.commit()
    sys.stdin.read()
"""


def test_a_process_without_sockets_sends_what_it_publishes(redis_url: str, tmp_path: object) -> None:
    environment = os.environ | {
        "PORTAL_SECRET_KEY": SECRET, "PORTAL_BASE_URL": "https://portal.test", "PORTAL_DATA_DIR": str(tmp_path),
        "PORTAL_REDIS_URL": redis_url, "PORTAL_ENVIRONMENT": "test",
    }  # fmt: skip
    heard: Any = redis.Redis.from_url(redis_url).pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
    heard.subscribe("portal")
    came: list[Any] = []

    def came_in() -> bool:
        came.append(heard.get_message(timeout=1))
        return came[-1] is not None

    with subprocess.Popen([sys.executable, "-c", PUBLISH], env=environment, stdin=subprocess.PIPE) as process:
        try:
            wait_for(came_in, seconds=120, what="what the process published")
        finally:
            process.kill()
            heard.close()
    assert b"thread:7" in came[-1]["data"]


def test_processes_know_of_each_other_s_people(redis_url: str) -> None:
    one, other = live_presence.Presence(redis_url), live_presence.Presence(redis_url)
    ada, bo = {"id": 1, "name": "Ada"}, {"id": 2, "name": "Bo"}
    assert one.tell("thread:1", [bo]) == [bo]
    assert other.tell("thread:1", [ada]) == [ada, bo]
    assert one.tell("thread:1", [bo]) == [ada, bo]
    assert other.tell("thread:2", []) == []
    assert other.tell("thread:1", []) == [bo]
    assert one.tell("thread:1", []) == []


def test_without_redis_a_process_knows_its_own_people() -> None:
    away = live_presence.Presence("redis://127.0.0.1:1/0")
    assert away.tell("thread:1", [{"id": 1, "name": "Ada"}]) == [{"id": 1, "name": "Ada"}]


def test_the_queue_has_an_end(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    full: Any = type(live_dispatch._waiting)(maxsize=1)
    full.put(live_dispatch.Event("thread:1", "sv", "items", {}))
    monkeypatch.setattr(live_dispatch, "_waiting", full)
    monkeypatch.setitem(live_dispatch._started, "dispatch", (os.getpid(), id(live_dispatch.socketio.server)))
    live_dispatch.put(live_dispatch.Event("thread:1", "sv", "items", {}))
    assert "too many live events" in caplog.text


def test_what_waits_goes_out_as_one_list(listen: Listen, thread: Thread, network: Network) -> None:
    reader = listen(network.convener)
    reader.say("watch", thread.topic)
    reader.heard("items")
    waiting = [
        live_dispatch.Event(thread.topic, network.convener.language, "items", {"seq": seq}) for seq in range(1, 301)
    ]

    def put_all() -> None:
        for event in waiting:
            live_dispatch.put(event)

    reader.run(put_all)
    lists: list[list[int]] = []

    def all_came() -> bool:
        lists.extend([item["seq"] for item in event["items"]] for event in reader.heard("items"))
        return sum(map(len, lists)) == len(waiting)

    wait_for(all_came, what="the list")
    assert [seq for some in lists for seq in some] == list(range(1, 301))
    assert len(lists) < len(waiting)


# --- what other processes write -------------------------------------------------------------------------------------


def look_for_rights(app: Edge) -> None:
    with app.app_context():
        db.reads_only(True)
        live_rights.look()


def look_once(app: Edge) -> None:
    with app.app_context():
        live_sweep.look(live_watchers.topics())


def test_what_another_process_wrote_is_told_as_a_number(
    app: Edge, listen: Listen, network: Network, thread: Thread
) -> None:
    reader = listen(network.secretary)
    assert reader.say("watch", thread.topic)["ok"]
    look = partial(reader.run, partial(look_once, app))
    look()
    thread.last_seq += 1  # as another process stores it
    db.commit()
    look()
    assert reader.heard("behind") == []  # it may be on its way
    look()
    assert reader.heard("behind") == [{"topic": thread.topic, "seq": 2}]
    look()
    look()
    assert reader.heard("behind") == []


@pytest.mark.parametrize(("kind", "table"), [("meeting", Meeting), ("poll", DatePoll)])
def test_what_another_process_did_in_a_meeting_or_a_poll_is_told_too(
    app: Edge, listen: Listen, network: Network, things: dict[str, object], kind: str, table: type[Meeting | DatePoll]
) -> None:
    db.commit()
    number = int(str(things[f"{kind}_id"]))
    seq = live_watchers.kinds[kind].last_seq(number)
    reader, topic = listen(network.secretary), f"{kind}:{number}"
    assert reader.say("watch", topic)["seq"] == seq
    look = partial(reader.run, partial(look_once, app))
    look()
    assert topic in live_sweep._sent
    db.session.execute(sa.update(table).where(table.id == number).values(last_seq=seq + 3))
    db.commit()
    look()
    assert reader.heard("behind") == []
    look()
    assert reader.heard("behind") == [{"topic": topic, "seq": seq + 3}]


def test_every_kind_that_counts_is_looked_for_with_one_question(app: Edge, things: dict[str, object]) -> None:
    counting = live_watchers.kinds.keys() - {live_counts.KIND}
    assert live_sweep._kinds.keys() == counting
    for kind in counting:
        number = int(str(things[f"{kind}_id"]))
        with counted() as asked:
            found = live_sweep._kinds[kind]([number, number + 1_000])
        assert found == {number: live_watchers.kinds[kind].last_seq(number)}
        assert len(asked) == 1


def test_what_another_process_writes_before_the_first_look_is_told(
    app: Edge, listen: Listen, network: Network, thread: Thread
) -> None:
    reader = listen(network.secretary)
    assert reader.say("watch", thread.topic)["seq"] == 1
    thread.last_seq += 1
    db.commit()
    look = partial(reader.run, partial(look_once, app))
    look()
    look()
    assert reader.heard("behind") == [{"topic": thread.topic, "seq": 2}]


def test_what_this_process_sent_is_not_told_again(app: Edge, listen: Listen, network: Network, thread: Thread) -> None:
    reader = listen(network.secretary)
    assert reader.say("watch", thread.topic)["ok"]
    look = partial(reader.run, partial(look_once, app))
    look()
    factories.post(thread, network.convener)
    db.commit()
    reader.wait_for("items")
    look()
    look()
    assert reader.heard("behind") == []
    reader.say("unwatch", thread.topic)
    look()
    assert thread.topic not in live_sweep._sent, "what nobody watches is forgotten"


def look_for_numbers(app: Edge) -> None:
    with app.app_context():
        db.reads_only(True)
        live_counts.look(live_watchers.topics())


def numbers_of(app: Edge, listener: Listener) -> list[tuple[list[list[int]], int]]:
    """What a page is told of unread posts and notices by a look."""
    listener.run(partial(look_for_numbers, app))
    return [(event["threads"], event["notices"]) for event in listener.heard("counts")]


def test_the_numbers_of_the_frame_are_told_when_they_change_and_to_their_owner_alone(
    app: Edge, network: Network, listen: Listen
) -> None:
    member, secretary = listen(network.member), listen(network.secretary)
    assert member.say("watch", f"person:{network.secretary.id}") == {"ok": False}
    assert member.say("watch", f"person:{network.member.id}") == {"ok": True, "seq": 0, "presence": []}
    assert numbers_of(app, member) == [([], 0)]
    made = factories.thread(network.group, network.convener)
    notify([network.member], "mentioned", group=network.group, path=made.path, by=network.convener)
    db.commit()
    ((threads, notices),) = numbers_of(app, member)
    assert (threads, notices) == ([[network.group.id, made.id, 1]], 1)
    assert numbers_of(app, member) == [], "nothing has changed"
    mark_read(db.session(), person_id=network.member.id, thread_id=made.id, seq=made.last_seq)
    db.commit()
    ((threads, _notices),) = numbers_of(app, member)
    assert threads == []
    assert secretary.heard("counts") == []
    again = listen(network.member)
    assert again.say("watch", f"person:{network.member.id}")["ok"] is True
    assert len(numbers_of(app, again)) == 1, "a page that has come is told what the others know"


def test_no_more_is_counted_of_a_thread_than_anybody_needs(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    made, small = (factories.thread(network.group, network.convener) for _ in range(2))
    factories.many_posts(made.id, network.convener, 30)
    monkeypatch.setattr(policy, "MOST_COUNTED", 10)
    counted = policy.unread_of([network.member.id, network.convener.id])
    assert counted[network.member.id][network.group.id, made.id] == 10
    assert counted[network.member.id][network.group.id, small.id] == 1
    assert counted[network.convener.id] == {}


def test_notices_of_a_group_that_one_may_no_longer_read_are_not_counted(
    app: Edge, network: Network, listen: Listen
) -> None:
    """Another process took her out, and the number of what she has not seen is as before."""
    page = listen(network.member)
    page.say("watch", f"person:{network.member.id}")
    notify([network.member], "mentioned", group=network.group, path="/", by=network.convener)
    db.commit()
    assert numbers_of(app, page) == [([], 1)]
    statement = sa.update(Membership).where(Membership.person_id == network.member.id).values(left_at=db.now())
    db.session.execute(statement)
    db.commit()
    assert numbers_of(app, page) == [([], 0)]
