"""Following: who is told of a post, what counts as unread, and the way to the next unread thread."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
import time_machine
from bs4 import BeautifulSoup

from portal import db, outbox
from portal.discussions import actions as discussions
from portal.discussions.following import actions, policy, telling
from portal.discussions.following.models import Level, ThreadFollow
from portal.discussions.models import Post, Thread
from portal.discussions.policy import unread, unread_by_thread
from portal.notifications.models import Notice
from portal.notifications.policy import unread_count
from portal.people import actions as people
from portal.people.models import Membership, Person
from tests import factories
from tests.conftest import Sign, send
from tests.factories import Network
from tests.test_queries import counted


def told(kind: str = "posted") -> set[int]:
    """Who has been told once the worker has had its time."""
    db.commit()
    with time_machine.travel(db.now() + actions.PATIENCE + timedelta(seconds=1), tick=False):
        outbox.run_all()
    return set(db.session.scalars(sa.select(Notice.person_id).where(Notice.kind == kind)))


def ids(*persons: Person) -> set[int]:
    return {person.id for person in persons}


def test_members_are_told_of_a_post_and_its_author_is_not(network: Network) -> None:
    factories.thread(network.group, network.member)
    assert told() == ids(network.convener, network.secretary, network.observer)


def test_nobody_is_told_in_the_first_minute(network: Network) -> None:
    factories.thread(network.group, network.member)
    db.commit()
    outbox.run_all()
    assert db.session.scalars(sa.select(Notice.id)).all() == []


def test_each_level(network: Network) -> None:
    thread = factories.thread(network.group, network.member)
    told()
    db.session.execute(sa.delete(Notice))
    actions.follow_group(network.group, Level.NONE, by=network.convener)
    actions.follow_group(network.group, Level.MENTIONS, by=network.secretary)
    actions.follow_thread(thread, Level.NONE, by=network.observer)
    factories.post(thread, network.member)
    assert told() == set()
    actions.follow_thread(thread, Level.ALL, by=network.convener)  # the thread goes before the group
    factories.post(thread, network.member)
    assert told() == ids(network.convener)


def test_writing_in_a_thread_follows_it_and_changes_no_choice(network: Network) -> None:
    actions.follow_group(network.group, Level.NONE, by=network.convener)
    thread = factories.thread(network.group, network.convener)
    assert policy.thread_level(network.convener, thread) is Level.ALL
    assert policy.group_level(network.convener, network.group) is Level.NONE
    actions.follow_thread(thread, Level.NONE, by=network.convener)
    factories.post(thread, network.convener)
    assert policy.thread_level(network.convener, thread) is Level.NONE
    assert len(db.session.scalars(sa.select(ThreadFollow)).all()) == 1


def test_who_is_mentioned_is_told_so_unless_nothing_is_wished(network: Network) -> None:
    factories.thread(network.group, network.member)
    post = db.session.scalars(sa.select(Post)).one()
    actions.follow_group(network.group, Level.MENTIONS, by=network.convener)
    actions.follow_group(network.group, Level.NONE, by=network.secretary)
    db.commit()
    mentioned = ids(network.convener, network.secretary, network.outsider, network.member) | {999_999}
    telling.tell(post_id=post.id, mentioned=mentioned)
    db.commit()
    rows = db.session.execute(sa.select(Notice.person_id, Notice.kind)).all()
    assert {(one, kind) for one, kind in rows} == {(network.convener.id, "mentioned"), (network.observer.id, "posted")}


def test_whom_a_change_mentions_first_is_told_though_read_and_nobody_else(network: Network) -> None:
    thread = factories.thread(network.group, network.member)
    body = f"Fråga till @{network.secretary.name}"
    post = factories.post(thread, network.member, body)
    told()
    db.session.execute(sa.delete(Notice))
    for person in (network.convener, network.secretary):
        discussions.mark_read(db.session(), person_id=person.id, thread_id=thread.id, seq=post.seq)
    words = f"{body} och @{network.convener.name}, @{network.secretary.name}"
    discussions.edit_post(post, body=words, based_on=1, by=network.member, render=factories.plain_render)
    assert told("mentioned") == ids(network.convener)
    assert len(db.session.scalars(sa.select(Notice.id)).all()) == 1
    db.session.execute(sa.delete(Notice))
    discussions.edit_post(post, body=words + ".", based_on=2, by=network.member, render=factories.plain_render)
    assert told("mentioned") == set()


def test_who_has_read_left_or_is_closed_is_not_told(network: Network) -> None:
    thread = factories.thread(network.group, network.member)
    discussions.mark_read(db.session(), person_id=network.convener.id, thread_id=thread.id, seq=1)
    leaving = sa.select(Membership).where(Membership.person_id == network.observer.id)
    people.remove_member(db.session.scalars(leaving).one(), by=None)
    people.disable_person(network.secretary, by=network.admin)
    assert told() == set()


def test_an_outsider_follows_a_thread_of_an_open_group(network: Network) -> None:
    thread = factories.thread(network.open, network.convener)
    assert told() == set()
    actions.follow_thread(thread, Level.ALL, by=network.outsider)
    factories.post(thread, network.convener)
    assert told() == ids(network.outsider)


def test_an_outsider_of_a_closed_group_is_never_told_whatever_is_stored(network: Network) -> None:
    thread = factories.thread(network.closed, network.convener)
    actions.follow_thread(thread, Level.ALL, by=network.outsider)
    factories.post(thread, network.convener)
    assert told() == ids(network.secretary)


def test_a_post_that_is_gone_stops_no_worker(network: Network) -> None:
    outbox.enqueue("post_told", post_id=999_999, mentioned=[])
    db.commit()
    outbox.run_all()
    assert db.session.scalars(sa.select(outbox.Job)).all() == []


def test_reading_a_thread_reads_what_was_told_of_it(network: Network) -> None:
    thread, other = (factories.thread(network.group, network.member, title) for title in ("En", "Två"))
    told()
    discussions.mark_read(db.session(), person_id=network.convener.id, thread_id=thread.id, seq=1)
    db.commit()
    assert (unread_count(network.convener), unread_count(network.observer)) == (1, 2)
    discussions.mark_all_read(network.observer, [thread.id, other.id])
    db.commit()
    assert (unread_count(network.convener), unread_count(network.observer)) == (1, 0)


def test_what_is_silenced_is_not_counted(network: Network) -> None:
    loud, silent = (factories.thread(network.group, network.member) for _ in range(2))
    actions.follow_thread(silent, Level.NONE, by=network.convener)
    assert unread_by_thread(network.convener) == {loud.id: 1}
    actions.follow_group(network.group, Level.NONE, by=network.convener)
    assert unread_by_thread(network.convener) == {}
    actions.follow_thread(silent, Level.MENTIONS, by=network.convener)
    assert unread_by_thread(network.convener) == {silent.id: 1}


def test_all_unread_counts_and_all_read_marks_are_one_question_each(network: Network) -> None:
    for _ in range(5):
        factories.thread(network.group, network.member)
    factories.thread(network.closed, network.secretary)
    db.commit()
    person = network.convener
    assert person.id
    with counted() as asked:
        counts = unread(person)
    assert (len(asked), len(counts)) == (1, 6)
    with counted() as asked:
        discussions.mark_all_read(person, [thread for _group, thread in counts])
    assert len(asked) == 2  # the marks, the notices
    assert unread(person) == {}


def test_marking_a_group_read_leaves_the_others(network: Network, sign_in: Sign) -> None:
    factories.thread(network.group, network.member)
    kept = factories.thread(network.closed, network.secretary)
    db.commit()
    client = sign_in(network.convener)
    client.post(f"/groups/{network.group.slug}/read-marks", data={"csrf_token": client.csrf})
    assert unread_by_thread(network.convener) == {kept.id: 1}


def test_a_mark_never_goes_back(network: Network) -> None:
    thread = factories.thread(network.group, network.member)
    factories.post(thread, network.member)
    discussions.mark_read(db.session(), person_id=network.convener.id, thread_id=thread.id, seq=2)
    db.session.execute(sa.update(Thread).values(last_seq=1))
    discussions.mark_all_read(network.convener, [thread.id])
    db.session.execute(sa.update(Thread).values(last_seq=2))
    assert unread_by_thread(network.convener) == {}


def test_the_buttons_and_the_number_in_the_title(network: Network, sign_in: Sign, built_front_end: object) -> None:
    thread = factories.thread(network.group, network.member)
    factories.post(thread, network.member)
    factories.thread(network.group, network.member)
    db.commit()
    client = sign_in(network.convener)

    def page(path: str) -> BeautifulSoup:
        return BeautifulSoup(client.get(path).data, "html.parser")

    assert page("/").title.get_text().startswith("(3) ")  # type: ignore[union-attr]  # it has a title
    for path in (f"/threads/{thread.id}", f"/groups/{network.group.slug}"):
        client.post(f"{path}/follow", data={"csrf_token": client.csrf, "level": "mentions"})
        pressed = page(path).select_one(".follow [aria-pressed=true]")
        assert pressed is not None
        assert pressed["value"] == "mentions"
        for wrong in ("", "loud", "ALL"):
            answer = client.post(f"{path}/follow", data={"csrf_token": client.csrf, "level": wrong})
            assert answer.status_code == 400
    assert page(f"/threads/{thread.id}").title.get_text().startswith("(1) ")  # type: ignore[union-attr]  # as above
    client.post("/read-marks", data={"csrf_token": client.csrf})
    assert not page("/").title.get_text().startswith("(")  # type: ignore[union-attr]  # as above


def test_an_outsider_of_an_open_group_cannot_follow_it_whole(
    network: Network, sign_in: Sign, built_front_end: object
) -> None:
    client = sign_in(network.outsider)
    assert "follow-group" not in client.get(f"/groups/{network.open.slug}").text
    answer = client.post(f"/groups/{network.open.slug}/follow", data={"csrf_token": client.csrf, "level": "all"})
    assert answer.status_code == 403


def test_on_to_the_next_unread_thread(network: Network, sign_in: Sign) -> None:
    first = factories.thread(network.group, network.member)
    second = factories.thread(network.group, network.member)
    elsewhere = factories.thread(network.closed, network.secretary)
    db.commit()
    client = sign_in(network.convener)

    def goes_to(query: str) -> str:
        return client.get(f"/threads/unread/next{query}").headers["Location"]

    assert goes_to(f"?after={first.id}").startswith(f"/threads/{second.id}")
    discussions.mark_read(db.session(), person_id=network.convener.id, thread_id=first.id, seq=9)
    db.commit()
    assert goes_to(f"?after={first.id}").startswith(
        f"/threads/{second.id}"
    )  # the same group first, though it has been read
    assert goes_to(f"?after={second.id}").startswith(f"/threads/{elsewhere.id}")
    for foreign in ("?after=999999", "?after=x", ""):
        assert client.get(f"/threads/unread/next{foreign}").status_code in {302, 400}
    discussions.mark_all_read(network.convener, [second.id, elsewhere.id])
    db.commit()
    assert goes_to("") == "/"


def test_a_page_that_is_looked_at_says_how_far_it_was_read(network: Network, sign_in: Sign) -> None:
    thread = factories.thread(network.group, network.convener)
    for number in range(3):
        factories.post(thread, network.convener, f"Inlägg {number}")
    db.commit()
    client, path = sign_in(network.member), f"/threads/{thread.id}/read-mark"

    def left() -> int:
        db.session.expire_all()
        return sum(unread(network.member).values())

    before = left()
    client.get(f"/threads/{thread.id}/posts?after=0")
    client.get(f"/threads/{thread.id}/window?after=0")
    assert left() == before == 4, "what a page in the background fetches is not read"
    for seq, wanted, status in ((3, 1, 204), (2, 1, 204), (4, 0, 204), (5, 0, 400), (0, 0, 400), ("x", 0, 400)):
        assert send(client, path, seq=str(seq)).status_code == status
        assert left() == wanted, seq
    assert send(sign_in(network.outsider), path, seq="1").status_code == 404


def test_what_is_between_the_mark_and_a_place_further_down_is_not_read(
    network: Network, sign_in: Sign, built_front_end: object
) -> None:
    thread = factories.thread(network.group, network.convener)
    factories.many_posts(thread.id, network.convener, 200)
    db.commit()
    client = sign_in(network.member)

    def read(query: str) -> str | None:
        page = BeautifulSoup(client.get(f"/threads/{thread.id}{query}").text, "lxml").select_one("[data-thread]")
        assert page is not None
        return str(page["data-read"]) if page.has_attr("data-read") else None

    assert read("?at=120") is None
    assert read("?after=0") is not None
    assert read("") is not None
