"""A long thread is shown in part: around the first unread post, with what is before and after it a step away."""

from __future__ import annotations

import re

import pytest
from bs4 import BeautifulSoup

from portal import db
from portal.discussions import window
from portal.discussions.actions import mark_read
from portal.discussions.models import ReadMark, Thread
from tests import factories
from tests.conftest import Browser, Sign
from tests.factories import Network
from tests.test_queries import counted


def numbers(page: str) -> list[int]:
    """The places of the posts on a page."""
    return [int(number) for number in re.findall(r' data-seq="(\d+)"', page)]


@pytest.fixture
def long_thread(network: Network) -> Thread:
    thread = factories.thread(network.group, network.convener, "Den långa tråden")
    factories.many_posts(thread.id, network.convener, 5_000)
    db.commit()
    db.session.refresh(thread)
    return thread


def read_to(thread: Thread, network: Network, seq: int) -> None:
    mark_read(db.session(), person_id=network.member.id, thread_id=thread.id, seq=seq)
    db.commit()


def test_the_page_begins_where_one_stopped_reading(
    network: Network, long_thread: Thread, sign_in: Sign, built_front_end: object
) -> None:
    read_to(long_thread, network, 2_000)
    client = sign_in(network.member)
    page = client.get(f"/threads/{long_thread.id}").text
    assert numbers(page) == list(range(2_001 - window.READ_BEFORE, 2_001 + window.POSTS_A_PAGE - window.READ_BEFORE))
    assert 'id="new"' in page
    thread = BeautifulSoup(page, "lxml").select_one("[data-thread]")
    assert thread is not None
    assert not thread.has_attr("data-live"), "what is new does not belong below a gap"
    mark = db.session.get_one(ReadMark, (network.member.id, long_thread.id))
    assert mark.seq == numbers(page)[-1], "what was not shown is not read"


def test_both_ways_lead_to_every_post(
    network: Network, long_thread: Thread, sign_in: Sign, built_front_end: object
) -> None:
    read_to(long_thread, network, 4_900)
    client, where = sign_in(network.member), f"/threads/{long_thread.id}/window"
    shown = numbers(client.get(f"/threads/{long_thread.id}").text)
    while True:
        answer = client.get(f"{where}?after={shown[-1]}")
        shown += numbers(answer.text)
        if answer.headers["X-More"] == "0":
            break
    for _step in range(3):
        shown = numbers(client.get(f"{where}?before={shown[0]}").text) + shown
    assert shown == list(range(shown[0], 5_002))
    assert client.get(f"{where}?before=1").headers["X-More"] == "0"
    assert client.get(f"{where}?after=99999").text == ""
    assert client.get(f"{where}?after=99999999999&before=x").status_code == 200


def test_a_post_far_up_is_shown_with_those_around_it(
    network: Network, long_thread: Thread, sign_in: Sign, built_front_end: object
) -> None:
    client = sign_in(network.member)
    shown = numbers(client.get(f"/threads/{long_thread.id}?at=700").text)
    assert 700 in shown[10:20]
    assert len(shown) == window.POSTS_A_PAGE
    assert db.session.get(ReadMark, (network.member.id, long_thread.id)) is None, "the rest has not been read"
    assert numbers(client.get(f"/threads/{long_thread.id}?at=5001").text)[-1] == 5_001
    assert numbers(client.get(f"/threads/{long_thread.id}?at=1").text)[0] == 1


def test_a_long_thread_asks_no_more_of_the_database(
    network: Network, long_thread: Thread, sign_in: Sign, built_front_end: object
) -> None:
    short = factories.thread(network.group, network.convener, "Den korta tråden")
    factories.many_posts(short.id, network.convener, 50)
    db.commit()
    client = sign_in(network.member)

    def asked(of: Browser, thread: Thread) -> int:
        of.get(f"/threads/{thread.id}?at=20")
        with counted() as statements:
            of.get(f"/threads/{thread.id}?at=20")
        return len(statements)

    assert asked(client, short) == asked(client, long_thread)
