"""Threads and posts: numbers, idempotency, versions, what the guard stops, what is unread."""

from __future__ import annotations

import threading
import uuid

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup

from portal import audit, db, guard, search
from portal.audit import AuditEntry
from portal.discussions import actions, policy
from portal.discussions.models import Post, PostKind, PostVersion, Thread, ThreadKind
from portal.errors import Conflict
from portal.outbox import Job
from portal.people import actions as people
from portal.people.models import Group, Membership, Person, PersonStatus
from portal.web import Edge
from tests import factories
from tests.conftest import Sign
from tests.factories import Network

NUMBER = "811228-9874"  # Skatteverket's published test number


def test_posts_take_numbers_in_order(network: Network) -> None:
    thread = factories.thread(network.group, network.convener)
    for _ in range(3):
        factories.post(thread, network.member)
    db.commit()
    assert [post.seq for post in db.session.scalars(sa.select(Post).order_by(Post.id))] == [1, 2, 3, 4]
    assert (thread.last_seq, thread.post_count) == (4, 4)


def test_sending_twice_makes_one_post(network: Network) -> None:
    thread = factories.thread(network.group, network.convener)
    client_id = str(uuid.uuid4())
    made = [
        actions.add_post(
            thread,
            body="Samma",
            kind=PostKind.REPLY,
            client_id=client_id,
            by=network.member,
            render=factories.plain_render,
        )
        for _ in range(2)
    ]
    db.commit()
    assert made[0].id == made[1].id
    assert thread.post_count == 2


def test_two_writers_at_once_never_share_a_number(app: Edge, network: Network) -> None:
    thread_id = factories.thread(network.group, network.convener).id
    db.commit()
    author_id, failures = network.member.id, []

    def write(count: int) -> None:
        with app.app_context():
            for _ in range(count):
                try:
                    thread = db.session.get_one(Thread, thread_id)
                    factories.post(thread, db.session.get_one(type(network.member), author_id))
                    db.commit()
                except Exception as error:  # shown by the assertion below
                    failures.append(error)
                    db.rollback()

    db.session.remove()
    threads = [threading.Thread(target=write, args=(10,)) for _ in range(4)]
    for worker in threads:
        worker.start()
    for worker in threads:
        worker.join()
    assert failures == []
    seqs = db.session.scalars(sa.select(Post.seq).where(Post.thread_id == thread_id).order_by(Post.seq)).all()
    assert seqs == list(range(1, 42))
    assert audit.verify() is None


@pytest.mark.parametrize("what", ["post", "thread"])
def test_the_same_form_sent_twice_at_once_makes_one(app: Edge, network: Network, what: str) -> None:
    thread_id, group_id, by_id = (
        factories.thread(network.group, network.convener).id,
        network.group.id,
        network.member.id,
    )
    db.commit()
    client_id, made, failures = str(uuid.uuid4()), [], []
    start = threading.Barrier(4)

    def send() -> None:
        with app.app_context():
            start.wait()
            try:
                by = db.session.get_one(Person, by_id)
                if what == "post":
                    post = actions.add_post(
                        db.session.get_one(Thread, thread_id), body="Samma", kind=PostKind.REPLY, client_id=client_id, by=by,
                        render=factories.plain_render,
                    )  # fmt: skip
                    made.append(post.id)
                else:
                    thread = actions.start_thread(
                        db.session.get_one(Group, group_id), title="Samma", body="Samma", kind=ThreadKind.DISCUSSION,
                        client_id=client_id, by=by, render=factories.plain_render,
                    )  # fmt: skip
                    made.append(thread.id)
                db.commit()
            except Exception as error:  # shown by the assertion below
                failures.append(error)
                db.rollback()

    db.session.remove()
    senders = [threading.Thread(target=send) for _ in range(4)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert failures == []
    assert len(made) == 4
    assert len(set(made)) == 1
    assert db.session.scalar(sa.select(sa.func.count(Post.id)).where(Post.client_id == client_id)) == 1


def test_editing_keeps_what_was_written_before(network: Network) -> None:
    thread = factories.thread(network.group, network.convener)
    post = factories.post(thread, network.member, "Före")
    db.commit()
    actions.edit_post(post, body="Efter", based_on=1, by=network.member, render=factories.plain_render)
    db.commit()
    assert db.session.scalars(sa.select(PostVersion.body)).all() == ["Före"]
    assert (post.revision, post.seq, post.change_seq, thread.last_seq) == (2, 2, 3, 3)


def test_editing_an_older_revision_is_a_conflict(network: Network) -> None:
    post = factories.post(factories.thread(network.group, network.convener), network.member, "Före")
    db.commit()
    actions.edit_post(post, body="Efter", based_on=1, by=network.member, render=factories.plain_render)
    db.commit()
    with pytest.raises(Conflict):
        actions.edit_post(post, body="Annat", based_on=1, by=network.member, render=factories.plain_render)


@pytest.mark.parametrize("where", ["title", "body"])
def test_s33_a_personal_identity_number_is_not_stored(network: Network, where: str) -> None:
    texts = {"title": "Rubrik", "body": "Text"} | {where: f"född {NUMBER}"}
    with pytest.raises(guard.Stopped):
        factories.thread(network.group, network.convener, **texts)
    db.rollback()
    assert db.session.scalar(sa.select(sa.func.count(Post.id))) == 0


def test_what_is_kept_is_noted_without_the_number(network: Network) -> None:
    thread = factories.thread(network.group, network.convener)
    body = "Ring mig på 070-174 06 58"
    key = guard.scan(body, field="body")[0].key
    with pytest.raises(guard.Stopped):
        factories.post(thread, network.member, body)
    actions.add_post(
        thread,
        body=body,
        kind=PostKind.REPLY,
        client_id=str(uuid.uuid4()),
        keep=[key],
        by=network.member,
        render=factories.plain_render,
    )
    db.commit()
    entry = db.session.scalars(sa.select(audit.AuditEntry).where(audit.AuditEntry.action == "guard_kept")).one()
    assert entry.details == {"kinds": ["phone"], "count": 1}


def test_unread_counts_others_posts_since_joining(network: Network) -> None:
    thread = factories.thread(network.group, network.convener)
    factories.post(thread, network.member)
    people.add_member(network.group, network.outsider, by=None)
    db.session.flush()
    factories.post(thread, network.convener)
    db.commit()
    assert policy.unread(network.member) == {(network.group.id, thread.id): 2}
    assert policy.unread(network.outsider) == {(network.group.id, thread.id): 1}
    assert policy.unread(network.convener) == {(network.group.id, thread.id): 1}
    actions.mark_read(db.session(), person_id=network.member.id, thread_id=thread.id, seq=thread.last_seq)
    actions.mark_read(db.session(), person_id=network.member.id, thread_id=thread.id, seq=1)
    db.commit()
    assert policy.unread_by_thread(network.member) == {}


def test_a_flush_notes_what_the_index_must_learn(network: Network) -> None:
    db.session.execute(sa.delete(Job))
    thread = factories.thread(network.group, network.convener)
    db.commit()
    noted = {
        (job.payload["type"], job.payload["id"])
        for job in db.session.scalars(sa.select(Job).where(Job.kind == search.JOB))
    }
    assert ("thread", thread.id) in noted
    assert any(type_ == "post" for type_, _id in noted)


def test_the_audience_is_those_who_can_sign_in(network: Network) -> None:
    assert policy.audience(network.group) == (4, 3)
    network.observer.status = PersonStatus.DISABLED
    assert policy.audience(network.group) == (3, 3)
    network.ngo.is_active = False
    assert policy.audience(network.group) == (2, 2)
    assert policy.audience(network.closed) == (2, 2)
    assert policy.audience(network.open) is None


def test_the_page_says_who_can_read(network: Network, sign_in: Sign, built_front_end: object) -> None:
    client = sign_in(network.convener)
    assert "4 personer i 3 organisationer" in client.get("/groups/natverket/threads/new").text
    page = client.get("/groups/oppna/threads/new").text
    assert "alla som är inloggade" in page or "everybody who is signed in" in page
    assert "organisationer" not in BeautifulSoup(page, "lxml").select_one("main").text  # type: ignore[union-attr]


def test_fragments_are_made_while_nobody_waits_for_the_audit_log(network: Network) -> None:
    noted: list[int] = []

    def render(post: Post) -> dict[str, str]:
        noted.append(db.session.scalar(sa.select(sa.func.count()).select_from(AuditEntry)) or 0)
        return factories.plain_render(post)

    def count() -> int:
        return db.session.scalar(sa.select(sa.func.count()).select_from(AuditEntry)) or 0

    before = [count()]
    thread = actions.start_thread(
        network.group, title="T", body="B", kind=ThreadKind.DISCUSSION, client_id=str(uuid.uuid4()), by=network.convener,
        render=render,
    )  # fmt: skip
    before.append(count())
    post = actions.add_post(
        thread, body="C", kind=PostKind.REPLY, client_id=str(uuid.uuid4()), by=network.convener, render=render
    )
    before.append(count())
    actions.edit_post(post, body="D", based_on=1, by=network.convener, render=render)
    assert noted == before


def test_a_client_id_that_the_table_cannot_hold_is_refused(
    network: Network, sign_in: Sign, built_front_end: object
) -> None:
    thread = factories.thread(network.group, network.convener)
    db.commit()
    client = sign_in(network.convener)
    for bad in (uuid.uuid4().hex, f"{{{uuid.uuid4()}}}", f"urn:uuid:{uuid.uuid4()}"):
        form = {"body": "Text", "client_id": bad, "csrf_token": client.csrf}
        assert client.post(f"/threads/{thread.id}/posts", data=form).status_code == 422


def test_leaving_ends_seeing(network: Network) -> None:
    thread = factories.thread(network.group, network.convener)
    db.commit()
    assert policy.may_watch_thread(network.member.id, thread.id)
    membership = db.session.scalars(sa.select(Membership).where(Membership.person_id == network.member.id)).one()
    people.remove_member(membership, by=None)
    db.commit()
    assert not policy.may_watch_thread(network.member.id, thread.id)
