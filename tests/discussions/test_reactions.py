"""Reactions: a fixed set, one of each kind for each person, shown to all as the same fragment."""

from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup, Tag

from portal import db
from portal.discussions.models import Post, Reaction, ReactionKind, Thread
from portal.discussions.reacting import actions
from portal.discussions.removal import actions as removal
from portal.errors import Conflict
from portal.people.models import Person
from portal.web import Edge
from tests import factories
from tests.conftest import Sign, send
from tests.factories import Network, plain_render


@pytest.fixture
def post(network: Network) -> Post:
    thread = factories.thread(network.group, network.convener, "Om tolkar")
    made = factories.post(thread, network.member, "Hej")
    db.commit()
    return made


def buttons(page: str, post_id: int) -> dict[str, Tag]:
    """The pills under a post, by kind."""
    found = BeautifulSoup(page, "lxml").select(f"#post-{post_id} .reactions > button")
    return {str(one["value"]): one for one in found}


def test_a_reaction_is_shown_and_taken_back(
    post: Post, network: Network, sign_in: Sign, built_front_end: object
) -> None:
    one, other = sign_in(network.observer), sign_in(network.convener)
    where, thread = f"/posts/{post.id}/reactions", f"/threads/{post.thread_id}"
    for _twice in range(2):
        assert send(one, where, on="thanks").headers["Location"] == f"/posts/{post.id}"
    own, others = (buttons(client.get(thread).text, post.id)["thanks"] for client in (one, other))
    assert (own["aria-pressed"], own["name"]) == ("true", "off")
    assert (others["aria-pressed"], others["name"]) == ("false", "on")
    assert others.text.split()[-1] == "1"
    assert network.observer.name in BeautifulSoup(other.get(where).text, "lxml").select(".reacted-by")[0].text
    lives = [client.get(f"{thread}/posts?after=2").text for client in (one, other)]
    assert lives[0] == lives[1], "everybody gets the same bytes"
    assert 'aria-pressed="true"' not in lives[0]
    assert send(one, where, off="thanks").status_code == 302
    assert buttons(one.get(thread).text, post.id) == {}
    for wrong in ({"on": "rocket"}, {}, {"off": ""}):
        assert send(one, where, **wrong).status_code == 400


def test_the_answer_to_a_script_is_the_post(
    post: Post, network: Network, sign_in: Sign, built_front_end: object
) -> None:
    client = sign_in(network.convener)
    form = {"csrf_token": client.csrf, "on": "agree"}
    answer = client.post(f"/posts/{post.id}/reactions", data=form, headers={"X-Fragment": "1"})
    assert answer.status_code == 200
    assert answer.text == client.get(f"/threads/{post.thread_id}/posts?after=2").text


def test_what_is_gone_or_a_line_takes_no_reaction(post: Post, network: Network) -> None:
    actions.add_reaction(post, ReactionKind.SEEN, by=network.convener, render=plain_render)
    removal.delete_post(post, by=network.member, render=plain_render)
    with pytest.raises(Conflict):
        actions.add_reaction(post, ReactionKind.SEEN, by=network.convener, render=plain_render)
    actions.take_reaction_back(post, ReactionKind.SEEN, by=network.convener, render=plain_render)


def test_many_at_once_count_once_each(app: Edge, post: Post, network: Network) -> None:
    """The same person eight times, and three others: four reactions, and a number in the thread for each."""
    ids = [network.convener.id] * 8 + [network.secretary.id, network.observer.id, network.member.id]
    post_id, thread_id, errors = post.id, post.thread_id, []

    def press(person_id: int) -> None:
        with app.app_context():
            try:
                actions.add_reaction(
                    db.session.get_one(Post, post_id), ReactionKind.THUMB, by=db.session.get_one(Person, person_id),
                    render=plain_render,
                )  # fmt: skip
                db.commit()
            except Exception as error:  # what goes wrong in a thread must be seen in the test
                errors.append(error)
                db.rollback()

    db.pause()
    threads = [threading.Thread(target=press, args=(one,)) for one in ids]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert errors == []
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Reaction)) == 4
    assert db.session.get_one(Thread, thread_id).last_seq == 2 + 4
