"""The stream of an organisation: what the reader may see of it, one update pinned."""

from __future__ import annotations

import uuid

from portal import db
from portal.discussions import actions
from portal.discussions.models import Post, PostKind, ThreadKind
from portal.people.models import Group, Person
from tests import factories
from tests.conftest import Sign, send
from tests.factories import Network, plain_render


def tell(group: Group, by: Person, words: str) -> Post:
    """An update in a thread of its own."""
    thread = actions.start_thread(
        group, title=f"Om {words}", body=words, kind=ThreadKind.UPDATE, client_id=str(uuid.uuid4()), by=by,
        render=plain_render,
    )  # fmt: skip
    post = factories.post(thread, by, f"Mer om {words}")
    post.kind = PostKind.UPDATE
    db.session.flush()
    return post


def test_a_stream_shows_what_the_reader_may_see(network: Network, sign_in: Sign, built_front_end: object) -> None:
    tell(network.group, network.convener, "nätverket")
    tell(network.closed, network.convener, "hemligheten")
    factories.thread(network.group, network.convener, "En vanlig tråd")
    db.commit()
    where = f"/organisations/{network.authority.id}/updates"
    page = sign_in(network.member).get(where).text
    assert "Mer om nätverket" in page
    assert "hemligheten" not in page
    assert "En vanlig tråd" not in page
    assert "hemligheten" in sign_in(network.secretary).get(where).text
    assert sign_in(network.outsider).get(where).status_code == 404, "nothing of it is theirs to read"
    assert where in sign_in(network.member).get("/contacts").text
    assert where not in sign_in(network.outsider).get("/contacts").text


def test_one_update_is_pinned_at_a_time(network: Network, sign_in: Sign, built_front_end: object) -> None:
    posts = [tell(network.group, network.member, words) for words in ("ettan", "tvåan", "trean")]
    db.commit()
    own, other = sign_in(network.member), sign_in(network.convener)
    assert send(other, f"/posts/{posts[0].id}/pin").status_code == 403
    for post in posts[:2]:
        assert send(own, f"/posts/{post.id}/pin").status_code == 302
    page = other.get(f"/organisations/{network.ngo.id}/updates").text
    assert page.index("Mer om tvåan") < page.index("Mer om trean") < page.index("Mer om ettan")
    assert page.count("Mer om tvåan") == 1
    assert send(own, f"/posts/{posts[1].id}/pin", step="unpin").status_code == 302
    page = other.get(f"/organisations/{network.ngo.id}/updates").text
    assert page.index("Mer om trean") < page.index("Mer om tvåan")


def test_a_pinned_update_that_one_may_not_read_is_not_shown(
    network: Network, sign_in: Sign, built_front_end: object
) -> None:
    tell(network.group, network.convener, "nätverket")
    hidden = tell(network.closed, network.convener, "hemligheten")
    db.commit()
    assert send(sign_in(network.convener), f"/posts/{hidden.id}/pin").status_code == 302
    where = f"/organisations/{network.authority.id}/updates"
    assert "hemligheten" not in sign_in(network.member).get(where).text
    assert "hemligheten" in sign_in(network.secretary).get(where).text


def test_older_updates_are_on_further_pages(network: Network, sign_in: Sign, built_front_end: object) -> None:
    for number in range(13):
        tell(network.group, network.member, f"nummer {number:02d}.")
    db.commit()
    client, where = sign_in(network.convener), f"/organisations/{network.ngo.id}/updates"
    first = client.get(where).text
    assert "nummer 12." in first
    assert "nummer 00." not in first
    assert "before=" in first
    older = first.split("before=")[1].split('"')[0]
    assert "nummer 00." in client.get(f"{where}?before={older}").text
    assert client.get(f"{where}?before=x").status_code == 200
