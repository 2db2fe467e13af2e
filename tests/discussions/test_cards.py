"""Cards under a post: of what it links to in the portal, and only what every reader of the group may see."""

from __future__ import annotations

import uuid

import pytest
from bs4 import BeautifulSoup

from portal import db
from portal.discussions import cards
from portal.discussions.models import Post
from portal.discussions.removal import actions as removal
from portal.library.models import FileState, ResourceShare
from portal.meetings.followup import actions as followup
from portal.meetings.models import Meeting, MeetingState
from portal.people.models import Group
from tests import factories
from tests.conftest import Sign
from tests.factories import Network, plain_render
from tests.test_queries import counted


def titles(post: Post) -> list[str]:
    return [card.title for card in cards.cards_of([post]).get(post.id, [])]


def written(network: Network, body: str, group: Group | None = None) -> Post:
    thread = factories.thread(group or network.group, network.convener, "Här")
    post = factories.post(thread, network.convener, body)
    db.session.flush()
    return post


def test_a_link_shows_what_it_leads_to(network: Network, sign_in: Sign, built_front_end: object) -> None:
    material = factories.resource(network.group, network.convener, "Manualen <b>")
    meeting = factories.meeting(network.group, network.convener, "Novembermötet")
    db.session.refresh(meeting)
    decision = followup.add_decision(meeting.items[0], text="Ja", client_id=str(uuid.uuid4()), by=network.convener)
    other = factories.thread(network.group, network.convener, "Den andra tråden")
    body = (
        f"Se [manualen](https://portal.test/resources/{material.id}), /meetings/{meeting.id}/agenda\n\n"
        f"och https://portal.test/decisions/{decision.id} i (/threads/{other.id})."
    )
    post = written(network, body)
    db.commit()
    assert titles(post) == ["Manualen <b>", "Novembermötet", "Punkt 1", "Den andra tråden"]
    client = sign_in(network.member)
    shown = [
        BeautifulSoup(client.get(f"/threads/{post.thread_id}{end}").text, "lxml") for end in ("", "/posts?after=1")
    ]
    for page in shown:
        assert [one.text for one in page.select(".post-card a")] == titles(post)
        assert page.select(".post-card b") == []


@pytest.mark.parametrize(
    "form",
    ["https://evil.example/resources/{0}", "//evil.example/resources/{0}", "[x](https://evil.example/resources/{0})", "`/resources/{0}`",
     "> /resources/{0}", "x/resources/{0}", "/resources/{0}x", "/resources/999999999", "/resources/99999999999999999999", "/resourcesx/{0}"],
)  # fmt: skip
def test_what_only_looks_like_an_address_of_ours_has_no_card(form: str, network: Network) -> None:
    material = factories.resource(network.group, network.convener)
    assert titles(written(network, form.format(material.id))) == []


def test_nothing_is_shown_that_one_of_the_readers_may_not_see(network: Network) -> None:
    """The writer may see all of it; others in the group may not."""
    hidden = factories.resource(network.closed, network.secretary, "Hemlig titel")
    unread = factories.resource(network.group, network.convener, "Inte läst än")
    unread.state = FileState.CHECKING
    planned = factories.meeting(network.group, network.convener, "Planeras bara")
    planned.state = MeetingState.PLANNING
    secret = factories.thread(network.closed, network.secretary, "Hemlig tråd")
    first = factories.post(secret, network.secretary)
    body = (
        f"/resources/{hidden.id} /resources/{unread.id} /meetings/{planned.id} /threads/{secret.id} /posts/{first.id}"
    )
    assert titles(written(network, body)) == []
    db.session.add(ResourceShare(resource=hidden, group=network.group, shared_by_id=network.secretary.id))
    db.session.flush()
    assert titles(written(network, body)) == ["Hemlig titel"], "now it is shared with them"
    open_one = factories.resource(network.open, network.convener, "Öppet")
    assert titles(written(network, f"/resources/{open_one.id}", network.closed)) == ["Öppet"]
    mine = factories.resource(network.group, network.convener, "Nätverkets")
    assert titles(written(network, f"/resources/{mine.id}", network.open)) == [], "an open thread has readers outside"


def test_a_post_that_is_gone_is_no_card_and_has_none(network: Network) -> None:
    target = written(network, "Hej")
    post = written(network, f"/posts/{target.id}")
    assert titles(post) == ["Här"]
    removal.delete_post(target, by=network.convener, render=plain_render)
    assert titles(post) == []
    thread = factories.thread(network.group, network.convener)
    linked = factories.post(thread, network.convener, f"/threads/{post.thread_id}")
    removal.delete_post(linked, by=network.convener, render=plain_render)
    assert titles(linked) == []


def test_a_page_of_cards_costs_the_same_however_many(network: Network, sign_in: Sign, built_front_end: object) -> None:
    thread = factories.thread(network.group, network.convener)
    client, costs = sign_in(network.member), []
    for _round in range(2):
        for _number in range(6):
            material = factories.resource(network.group, network.convener)
            meeting: Meeting = factories.meeting(network.group, network.convener)
            factories.post(
                thread, network.convener, f"/resources/{material.id} /meetings/{meeting.id} /threads/{thread.id}"
            )
        db.commit()
        for _warm in range(2):
            with counted() as asked:
                assert "post-card" in client.get(f"/threads/{thread.id}").text
        costs.append(len(asked))
    assert costs[0] == costs[1]
