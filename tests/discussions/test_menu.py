"""The menu of a post: what each reader may do with it, in the menu and on a page of its own."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup
from flask.testing import FlaskClient

from portal import db
from portal.discussions.models import Post, ThreadKind
from portal.discussions.removal import actions as removal
from portal.discussions.states import actions as states
from tests import factories
from tests.conftest import Sign
from tests.factories import Network, plain_render

SCRIPT = {"X-Fragment": "1"}


@pytest.fixture
def post(network: Network) -> Post:
    thread = factories.thread(network.group, network.convener, "Om tolkar")
    thread.kind = ThreadKind.QUESTION
    made = factories.post(thread, network.member, "Ett svar")
    db.commit()
    return made


def items(client: FlaskClient, post_id: int) -> set[str]:
    """The ends of the addresses in the menu."""
    page = BeautifulSoup(client.get(f"/posts/{post_id}/menu", headers=SCRIPT).text, "lxml")
    return {str(link["href"]).removeprefix(f"/posts/{post_id}").partition("?")[0] for link in page.select("a")}


def test_each_reader_has_a_menu_of_what_is_allowed(post: Post, network: Network, sign_in: Sign) -> None:
    thread = f"/threads/{post.thread_id}"
    author, leader, observer = (sign_in(one) for one in (network.member, network.convener, network.observer))
    assert items(author, post.id) == {"", "/edit", "/attachments", "/removal"}
    assert items(leader, post.id) == {"", "/removal", "/report", "/acceptance", f"{thread}/split"}
    assert items(observer, post.id) == {"", "/report"}
    assert sign_in(network.outsider).get(f"/posts/{post.id}/menu").status_code == 404


def test_a_closed_thread_and_a_post_that_is_gone(post: Post, network: Network, sign_in: Sign) -> None:
    states.close_thread(post.thread, by=network.convener, render=plain_render)
    db.commit()
    author, leader = sign_in(network.member), sign_in(network.convener)
    assert items(author, post.id) == {"", "/edit", "/attachments", "/removal"}
    removal.hide_post(post, reason="Fel tråd", by=network.convener, render=plain_render)
    db.commit()
    assert items(author, post.id) == items(leader, post.id) == {"", "/versions"}
    assert items(sign_in(network.observer), post.id) == {""}


def test_without_scripts_it_is_a_page(post: Post, network: Network, sign_in: Sign, built_front_end: object) -> None:
    author = sign_in(network.member)
    page = BeautifulSoup(author.get(f"/threads/{post.thread_id}").text, "lxml")
    link = page.select_one(f"#post-{post.id} .post-menu a")
    assert link is not None
    answer = BeautifulSoup(author.get(str(link["href"])).text, "lxml")
    assert answer.select_one("h1") is not None
    assert answer.select_one(f'main a[href="/posts/{post.id}/edit"]') is not None
