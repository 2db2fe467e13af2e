"""What the browser keeps as a draft goes when the portal says that the form has been stored, and not before."""

from __future__ import annotations

import re
import uuid

import pytest

from tests.conftest import Browser, Sign, send
from tests.factories import Network

pytestmark = pytest.mark.usefixtures("built_front_end")

NEW = "/groups/natverket/threads/new"


def start(client: Browser, name: str, *, title: str = "Rubrik", body: str = "Text", client_id: str = "") -> int:
    client_id = client_id or str(uuid.uuid4())
    form = {"title": title, "body": body, "kind": "discussion", "client_id": client_id, "draft_sent": name}
    return send(client, NEW, **form).status_code


def said(client: Browser) -> list[str]:
    """The names that the next page says have arrived."""
    return re.findall(r'<meta name="portal-arrived" content="([^"]*)">', client.get("/groups").text)


def test_the_next_page_says_once_what_was_stored(network: Network, sign_in: Sign) -> None:
    client = sign_in(network.member)
    names = [str(uuid.uuid4()), str(uuid.uuid4())]
    assert [start(client, name) for name in names] == [302, 302]
    assert said(client) == names
    assert said(client) == []


def test_what_was_refused_has_not_arrived(network: Network, sign_in: Sign) -> None:
    client, outsider = sign_in(network.member), sign_in(network.outsider)
    assert start(client, str(uuid.uuid4()), title="") == 422
    assert start(outsider, str(uuid.uuid4())) == 404
    assert said(client) == said(outsider) == []


def test_only_names_that_our_page_makes_are_said(network: Network, sign_in: Sign) -> None:
    client = sign_in(network.member)
    for name in ("", "x", '"><script>', f"{uuid.uuid4()}\n", f"{uuid.uuid4()} "):
        assert start(client, name) == 302
    assert said(client) == []


def test_a_session_keeps_no_endless_list(network: Network, sign_in: Sign) -> None:
    client = sign_in(network.member)
    names = [str(uuid.uuid4()) for _ in range(22)]
    for name in names:
        start(client, name)
    assert said(client) == names[2:]


@pytest.mark.parametrize("other", [{"body": "Text och mer"}, {"title": "En annan rubrik"}])
def test_a_form_sent_again_with_other_words_has_not_arrived(
    network: Network, sign_in: Sign, other: dict[str, str]
) -> None:
    client, one = sign_in(network.member), str(uuid.uuid4())
    names = [str(uuid.uuid4()) for _ in range(3)]
    assert start(client, names[0], client_id=one) == 302
    assert start(client, names[1], client_id=one) == 302, "the same words again are the same thread"
    assert said(client) == names[:2]
    assert start(client, names[2], client_id=one, **other) == 422
    assert said(client) == []
