"""Quotes and the preview, and texts that are too much: long, deep, hostile."""

from __future__ import annotations

import threading
import time
import uuid
from pathlib import Path

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup

from portal import db, markup
from portal.discussions.models import Post
from portal.discussions.removal import actions as removal
from portal.discussions.writing.quoting import LONGEST, quote_of
from portal.web import Edge
from tests import factories
from tests.conftest import Browser, Sign, make_portal, send, signed_in
from tests.factories import Network, plain_render


@pytest.fixture
def post(network: Network) -> Post:
    thread = factories.thread(network.group, network.convener, "Om tolkar")
    made = factories.post(thread, network.member, "> Ett äldre citat\n\nMitt **svar**\n\n- punkt")
    db.commit()
    return made


# --- quotes -------------------------------------------------------------------------------------------------------------


def test_a_quote_names_its_author_and_its_place(post: Post, network: Network) -> None:
    assert quote_of(post).startswith(f"> **{network.member.name}, Foreningen** ([")
    shown = BeautifulSoup(markup.render(quote_of(post) + "Jag håller med"), "lxml")
    quote = shown.select_one("blockquote")
    assert quote is not None
    assert quote.select_one(f'a[href="/posts/{post.id}"]') is not None
    assert "punkt" in quote.text
    assert "äldre citat" not in quote.text, "a quote does not grow with those before it"
    assert "Jag håller med" not in quote.text


def test_a_name_is_no_markdown_and_a_long_post_is_cut(post: Post, network: Network) -> None:
    network.member.name = "*Stjärna* [länk](http://x.example) `kod` <b>"
    post.body = "ord " * 5_000
    quoted = quote_of(post)
    assert network.member.name in BeautifulSoup(markup.render(quoted), "lxml").text
    assert len(quoted) < LONGEST + 200


def test_a_quote_of_a_quote_stays_one_deep(post: Post) -> None:
    for _number in range(20):
        post.body = quote_of(post) + "Svar"
    assert "> >" not in post.body
    assert len(post.body) < 300


def test_a_quote_stands_in_the_field_without_scripts(
    post: Post, network: Network, sign_in: Sign, built_front_end: object
) -> None:
    client = sign_in(network.convener)
    other = factories.thread(network.group, network.convener, "En annan tråd")
    db.commit()
    where = f"/threads/{post.thread_id}?quote={post.id}"

    def field(address: str) -> str:
        found = BeautifulSoup(client.get(address).text, "lxml").select_one("textarea[name=body]")
        assert found is not None
        return found.text

    assert "Mitt **svar**" in field(where)
    assert client.get(f"/posts/{post.id}/quote").text == quote_of(post)
    assert field(f"/threads/{other.id}?quote={post.id}").strip() == "", "not of this thread"
    assert sign_in(network.outsider).get(f"/posts/{post.id}/quote").status_code == 404
    post = db.session.get_one(Post, post.id)
    removal.delete_post(post, by=network.member, render=plain_render)
    db.commit()
    assert field(where).strip() == ""
    assert client.get(f"/posts/{post.id}/quote").status_code == 404


# --- the preview --------------------------------------------------------------------------------------------------------


def test_the_preview_is_what_is_shown_later(network: Network, sign_in: Sign) -> None:
    client, text = sign_in(network.member), "**Fet** och <script>alert(1)</script> ![bild](https://spion.example/x.gif)"
    answer = send(client, "/posts/preview", body=text)
    assert answer.text == str(markup.render(text))
    assert "<script" not in answer.text
    assert "<img" not in answer.text
    assert send(client, "/posts/preview", body="  ").status_code == 422
    assert send(client, "/posts/preview", body="x" * 200_001).status_code == 422
    assert client.post("/posts/preview", data={"body": "x"}).status_code == 400, "without its token"


def test_the_preview_has_its_limit(network: Network, tmp_path: Path) -> None:
    app = make_portal(tmp_path, write_limit="3/minute")
    with app.app_context():
        db.Base.metadata.create_all(db.engine())
        other = Network()
        other.make()
        db.commit()
        client = signed_in(app, other.member)
        answers = [send(client, "/posts/preview", body="x") for _number in range(4)]
        db.engine().dispose()
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]


# --- too much -----------------------------------------------------------------------------------------------------------

LINE = "Det här är en rad i ett långt inlägg. "
TOO_MUCH = {
    "100 kB": (LINE * 3_000)[:100_000],
    "10,000 lines": "\n".join(f"Rad {number}" for number in range(10_000)),
    "deep quotes": ">" * 5_000 + " djupt",
    "deep lists": "\n".join("  " * depth + "- punkt" for depth in range(500)),
    "many marks": "*" * 50_000,
    "many links": "[a](http://a.example) " * 4_000,
}


@pytest.mark.parametrize("name", TOO_MUCH)
def test_a_huge_post_is_stored_and_shown_or_refused_in_words(
    name: str, network: Network, sign_in: Sign, built_front_end: object
) -> None:
    text = TOO_MUCH[name]
    thread = factories.thread(network.group, network.convener)
    db.commit()
    client, started = sign_in(network.member), time.monotonic()
    answer = send(client, f"/threads/{thread.id}/posts", body=text, client_id=str(uuid.uuid4()), kind="reply")
    page = client.get(f"/threads/{thread.id}")
    assert time.monotonic() - started < 20
    assert page.status_code == 200
    if answer.status_code == 422:
        assert "field-error" in answer.text
        assert text[:20] in answer.text, "nothing typed is lost"
    else:
        assert answer.status_code == 302
        stored = db.session.scalars(sa.select(Post.body).where(Post.thread_id == thread.id, Post.seq == 2)).one()
        assert stored.strip() == text.strip()


def test_the_same_post_twenty_times_at_once_with_one_key_is_one(
    app: Edge, network: Network, sign_in: Sign, built_front_end: object
) -> None:
    thread = factories.thread(network.group, network.convener)
    where, form = f"/threads/{thread.id}/posts", {"body": "En gång", "client_id": str(uuid.uuid4()), "kind": "reply"}
    db.commit()
    clients = [sign_in(network.member) for _number in range(4)]
    got: list[int] = []

    def press(client: Browser) -> None:
        for _number in range(5):
            got.append(send(client, where, **form).status_code)

    senders = [threading.Thread(target=press, args=(client,)) for client in clients]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert got == [302] * 20
    count = sa.select(sa.func.count()).where(Post.thread_id == thread.id, Post.seq > 1)
    assert db.session.scalar(count) == 1
