"""What has changed since it was read: nobody writes on the ground of what is no longer so."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from portal import db, outbox
from portal.discussions import actions
from portal.discussions.following import actions as following
from portal.discussions.following.models import Level, ThreadFollow
from portal.discussions.models import Gone, Post, PostKind, ReactionKind, Thread, ThreadKind
from portal.discussions.moderation import actions as moderation
from portal.discussions.moderation.models import ReportReason
from portal.discussions.policy import unread
from portal.discussions.reacting import actions as reacting
from portal.discussions.removal import actions as removal
from portal.discussions.states import actions as states
from portal.discussions.states import moving_actions as moving
from portal.errors import Conflict
from portal.notifications.delivery.models import Delivery
from portal.notifications.letters import gather_due
from portal.notifications.models import Notice
from portal.people import actions as people
from portal.web import Edge
from tests import factories, mail_server
from tests.conftest import Sign, send
from tests.discussions.test_following import ids, told
from tests.factories import Network, plain_render

WORD = "hemligordet"


@pytest.fixture
def post(network: Network) -> Post:
    thread = factories.thread(network.group, network.convener, "Om tolkar")
    thread.kind = ThreadKind.QUESTION
    made = factories.post(thread, network.member, f"Det var {WORD}")
    db.commit()
    return made


def behind(statement: sa.Update) -> None:
    """What another transaction stored after these objects were read."""
    db.session.execute(statement.execution_options(synchronize_session=False))


@pytest.mark.parametrize("what", ["react", "accept"])
def test_what_was_hidden_meanwhile_does_not_go_out_again(what: str, post: Post, network: Network) -> None:
    assert post.gone is None
    behind(sa.update(Post).where(Post.id == post.id).values(gone=Gone.HIDDEN, gone_at=db.now(), body=""))
    shown: list[str] = []

    def render(one: Post) -> dict[str, str]:
        shown.append(one.body)
        return {}

    def do() -> None:
        if what == "react":
            reacting.add_reaction(post, ReactionKind.THANKS, by=network.convener, render=render)
        else:
            states.accept_answer(post, by=network.convener, render=render)

    with pytest.raises(Conflict):
        do()
    assert shown == []
    assert post.thread.answer_seq is None


def test_nothing_is_written_where_the_thread_stands_no_more(post: Post, network: Network) -> None:
    thread = post.thread
    assert thread.group_id == network.group.id
    behind(sa.update(Thread).where(Thread.id == thread.id).values(group_id=network.closed.id))
    with pytest.raises(Conflict):
        actions.add_post(thread, body="Hej", kind=PostKind.REPLY, client_id="a", by=network.member, render=plain_render)


def test_one_form_with_other_words_is_not_taken_for_sent(
    post: Post, network: Network, sign_in: Sign, built_front_end: object
) -> None:
    client, path, other = sign_in(network.member), f"/threads/{post.thread_id}/posts", "Andra ord, efter ett svar"
    same = {"client_id": post.client_id, "kind": "reply"}
    assert send(client, path, body=post.body, **same).status_code == 302
    refused = send(client, path, body=other, **same)
    assert (refused.status_code, other in refused.text, post.client_id in refused.text.split("data-composer")[-1]) == (
        422,
        True,
        False,
    )


def test_what_was_told_follows_a_thread_into_a_sensitive_group(
    post: Post, network: Network, app: Edge, sign_in: Sign, built_front_end: object
) -> None:
    people.add_member(network.closed, network.convener, by=None)
    told()
    moderation.report_post(post, reason=ReportReason.OTHER, words="", by=network.observer)
    assert db.session.scalars(sa.select(Notice.id)).all()
    moving.move_thread(post.thread, network.closed, by=network.convener, render=plain_render)
    db.commit()
    groups = set(db.session.scalars(sa.select(Notice.group_id))) | set(db.session.scalars(sa.select(Delivery.group_id)))
    assert groups == {network.closed.id}
    behind(sa.update(Notice).values(due_at=db.now()))
    db.commit()
    gather_due()
    db.commit()
    outbox.run_all()
    for message in mail_server.kept(app):
        assert "Om tolkar" not in str(message)
    assert "Om tolkar" not in sign_in(network.observer).get("/notices").text


def test_who_has_read_the_first_posts_has_not_read_what_is_told_of_the_last(post: Post, network: Network) -> None:
    last = factories.post(post.thread, network.member, "Det sista")
    told()
    actions.mark_read(db.session(), person_id=network.observer.id, thread_id=post.thread_id, seq=post.seq)
    left = sa.select(Notice.details).where(Notice.person_id == network.observer.id, Notice.read_at.is_(None))
    assert [details["post_id"] for details in db.session.scalars(left)] == [last.id]


def test_a_thread_that_a_leader_closed_is_opened_by_leaders(network: Network, sign_in: Sign) -> None:
    thread = factories.thread(network.group, network.member, "Min tråd")
    db.commit()
    author, leader, path = sign_in(network.member), sign_in(network.convener), f"/threads/{thread.id}/state"
    assert [send(author, path, step=step).status_code for step in ("close", "open")] == [302, 302]
    assert send(leader, path, step="close").status_code == 302
    assert send(author, path, step="open").status_code == 403
    assert send(leader, path, step="open").status_code == 302


def test_who_wants_to_hear_nothing_hears_nothing_of_what_is_split_off(post: Post, network: Network) -> None:
    following.follow_thread(post.thread, Level.NONE, by=network.observer)
    new = moving.split_thread(post.thread, from_seq=post.seq, title="Ny", by=network.convener, render=plain_render)
    assert db.session.get_one(ThreadFollow, (network.observer.id, new.id)).level is Level.NONE
    db.commit()
    assert sum(unread(network.observer).values()) == 0
    factories.post(new, network.member, "Ett till")
    assert network.observer.id not in told()
    assert ids(network.secretary) <= told()


def test_what_the_author_deletes_is_reported_no_more(post: Post, network: Network, sign_in: Sign) -> None:
    moderation.report_post(post, reason=ReportReason.OTHER, words="Se här", by=network.observer)
    removal.delete_post(post, by=network.member, render=plain_render)
    db.commit()
    assert "Se här" not in sign_in(network.convener).get("/groups/natverket/moderation").text


def test_the_log_of_a_group_says_nothing_of_what_stands_elsewhere_now(
    post: Post, network: Network, sign_in: Sign
) -> None:
    removal.hide_post(post, reason="Fel", by=network.convener, render=plain_render)
    people.add_member(network.closed, network.convener, by=None)
    moving.move_thread(post.thread, network.closed, by=network.convener, render=plain_render)
    post.thread.title = f"Nu {WORD}"
    db.commit()
    assert WORD not in sign_in(network.convener).get("/groups/natverket/moderation").text
