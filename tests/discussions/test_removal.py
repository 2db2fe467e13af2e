"""A post that is deleted or hidden: a trace stays, its words are nowhere but with those who lead."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup

from portal import db, search
from portal.discussions.models import Gone, PinnedUpdate, Post, PostKind, PostVersion, Thread, ThreadKind
from portal.discussions.notices import content
from portal.discussions.policy import visible_versions
from portal.discussions.removal import actions
from portal.discussions.states import actions as states
from portal.errors import Conflict, Invalid
from portal.guard import Stopped
from portal.notifications.models import Notice
from tests import factories
from tests.conftest import Sign, send
from tests.factories import Network, plain_render

WORD = "hemligordet"
NUMBER = "811228-9874"  # Skatteverket's published test number


@pytest.fixture
def post(network: Network) -> Post:
    thread = factories.thread(network.group, network.convener, "Om tolkar")
    made = factories.post(thread, network.member, f"Det var {WORD}")
    db.commit()
    search.mend()
    return made


def trace(page: str) -> str:
    found = BeautifulSoup(page, "lxml").select_one(".post-trace")
    assert found is not None
    return found.text


def kept(post: Post) -> list[str]:
    return list(db.session.scalars(sa.select(PostVersion.body).where(PostVersion.post_id == post.id)))


def test_an_author_deletes_and_a_trace_stays(
    post: Post, network: Network, sign_in: Sign, built_front_end: object
) -> None:
    author, other, leader = (sign_in(one) for one in (network.member, network.observer, network.convener))
    where = f"/posts/{post.id}/removal"
    assert WORD in author.get(where).text
    assert send(other, where, step="delete").status_code == 403
    assert send(author, where, step="delete").status_code == 302
    assert send(author, where, step="delete").status_code == 403, "it is gone already"
    search.mend()
    thread = post.thread_id
    for client in (author, other):
        pages = (f"/threads/{thread}", f"/threads/{thread}/posts?after=0", f"/threads/{thread}/window?after=0", f"/threads/{thread}/export.md",
                 f"/search?q={WORD[:7]}*", f"/posts/{post.id}/versions")  # fmt: skip
        for page in pages:
            assert WORD not in client.get(page).text, page
    assert network.member.name in trace(other.get(f"/threads/{thread}").text)
    assert WORD in leader.get(f"/posts/{post.id}/versions").text
    assert author.get(f"/posts/{post.id}/edit").status_code == 403
    assert other.get(f"/threads/{thread}/posts?after=2").text.count("<article") == 1, "who looks gets it anew"


def test_a_leader_hides_with_a_reason_and_shows_again(
    post: Post, network: Network, sign_in: Sign, built_front_end: object
) -> None:
    author, other, leader = (sign_in(one) for one in (network.member, network.observer, network.convener))
    where, versions = f"/posts/{post.id}/removal", f"/posts/{post.id}/versions"
    assert send(author, where, step="hide", reason="x").status_code == 403
    assert send(leader, where, step="hide", reason="  ").status_code == 422
    refused = send(leader, where, step="hide", reason=f"Om {NUMBER}")
    assert refused.status_code == 422
    assert WORD in leader.get(f"/threads/{post.thread_id}").text, "a refused reason hides nothing"
    assert send(leader, where, step="hide", reason="Det hör inte hit").status_code == 302
    assert network.convener.name in trace(other.get(f"/threads/{post.thread_id}").text)
    own = author.get(versions).text
    assert WORD in own
    assert "Det hör inte hit" in own
    for hidden in (WORD, "Det hör inte hit"):
        assert hidden not in other.get(versions).text
        assert hidden not in other.get(f"/threads/{post.thread_id}").text
    assert "Det hör inte hit" in author.get("/notices").text
    assert send(author, where, step="show").status_code == 403
    for _twice in range(2):
        answer = send(leader, where, step="show")
    assert answer.status_code == 403, "it is not hidden any more"
    assert WORD in other.get(f"/threads/{post.thread_id}").text
    db.session.refresh(post)
    assert (post.revision, post.gone, kept(post)) == (1, None, [])


def test_a_leader_deletes_and_the_author_reads_it_no_more(post: Post, network: Network) -> None:
    with pytest.raises(Invalid):
        actions.delete_post(post, by=network.convener, render=plain_render)
    with pytest.raises(Stopped):
        actions.delete_post(post, reason=NUMBER, by=network.convener, render=plain_render)
    actions.delete_post(post, reason="Inget skäl " + "x" * 600, by=network.convener, render=plain_render)
    db.commit()
    assert post.gone is Gone.DELETED
    assert len(post.gone_reason) == actions.LONGEST_REASON
    assert db.session.scalars(visible_versions(network.member, post)).all() == []
    assert [row.body for row in db.session.scalars(visible_versions(network.convener, post))] == [f"Det var {WORD}"]
    told = db.session.scalars(sa.select(Notice).where(Notice.kind == "post_removed")).all()
    assert [one.person_id for one in told] == [network.member.id]
    with pytest.raises(Conflict):
        actions.hide_post(post, reason="igen", by=network.convener, render=plain_render)
    actions.show_post(post, by=network.convener, render=plain_render)
    assert post.gone is Gone.DELETED, "what is deleted does not come back"


def test_mail_that_waits_says_nothing_of_a_post_that_is_gone(post: Post, network: Network) -> None:
    told = content(network.convener, {"post_id": post.id})
    assert told is not None
    assert WORD in told.text
    actions.delete_post(post, by=network.member, render=plain_render)
    db.commit()
    assert content(network.convener, {"post_id": post.id}) is None


def test_an_answer_or_a_pinned_update_that_goes_is_one_no_more(post: Post, network: Network) -> None:
    thread: Thread = post.thread
    thread.kind, post.kind = ThreadKind.QUESTION, PostKind.UPDATE
    states.accept_answer(post, by=network.convener, render=plain_render)
    db.session.add(PinnedUpdate(organisation_id=network.ngo.id, post_id=post.id, pinned_by_id=network.member.id))
    db.session.flush()
    actions.delete_post(post, by=network.member, render=plain_render)
    db.commit()
    assert (thread.answer_seq, thread.answered_at) == (None, None)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(PinnedUpdate)) == 0
    with pytest.raises(Conflict):
        states.accept_answer(post, by=network.convener, render=plain_render)


def test_a_line_of_the_portal_cannot_be_taken_out(post: Post, network: Network, sign_in: Sign) -> None:
    states.close_thread(post.thread, by=network.convener, render=plain_render)
    db.commit()
    line = db.session.scalars(sa.select(Post).where(Post.line.is_not(None))).one()
    leader = sign_in(network.convener)
    assert send(leader, f"/posts/{line.id}/removal", step="hide", reason="x").status_code == 403
    with pytest.raises(Conflict):
        actions.hide_post(line, reason="x", by=network.convener, render=plain_render)
