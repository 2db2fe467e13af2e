"""Official statements: marked, by whoever has the right from the organisation's administrator, and taken out as such."""

from __future__ import annotations

import uuid

import pytest
import sqlalchemy as sa

from portal import db
from portal.audit import AuditEntry
from portal.discussions.models import Post, Thread
from portal.people import actions as people
from tests import factories
from tests.conftest import Sign, send
from tests.factories import Network


@pytest.fixture
def thread(network: Network) -> Thread:
    made = factories.thread(network.group, network.convener, "Om tolkar")
    db.commit()
    return made


def form(**more: str) -> dict[str, str]:
    return {"body": "Vi anser", "client_id": str(uuid.uuid4()), "kind": "reply", **more}


def test_an_administrator_gives_the_right_and_takes_it_back(
    network: Network, thread: Thread, sign_in: Sign, built_front_end: object
) -> None:
    admin, speaker = sign_in(network.admin), sign_in(network.convener)
    posts, right = f"/threads/{thread.id}/posts", f"/people/{network.convener.id}/speaking"
    assert network.admin.organisation_id == network.convener.organisation_id
    assert "is_statement" not in speaker.get(f"/threads/{thread.id}").text
    assert send(speaker, posts, **form(is_statement="y")).status_code == 403
    assert send(speaker, right).status_code == 403, "nobody gives it to himself"
    assert send(sign_in(network.member), right).status_code == 404, "nor does another organisation"
    assert send(admin, right).status_code == 302
    assert "is_statement" in speaker.get(f"/threads/{thread.id}").text
    assert send(speaker, posts, **form(is_statement="y")).status_code == 302
    assert send(speaker, posts, **form()).status_code == 302
    stated, plain = db.session.scalars(sa.select(Post).where(Post.seq > 1).order_by(Post.seq)).all()
    assert (stated.is_statement, plain.is_statement) == (True, False)
    page = sign_in(network.observer).get(f"/threads/{thread.id}").text
    assert page.count("post-statement-band") == 1
    assert speaker.get(f"/posts/{stated.id}/edit").status_code == 200
    assert send(admin, right, step="withdraw").status_code == 302
    assert speaker.get(f"/posts/{stated.id}/edit").status_code == 403, (
        "who speaks no more changes nothing that was said"
    )
    assert speaker.get(f"/posts/{plain.id}/edit").status_code == 200
    noted = db.session.scalars(
        sa.select(AuditEntry.action).where(AuditEntry.action.like("speaker%")).order_by(AuditEntry.id)
    ).all()
    assert noted == ["speaker_appointed", "speaker_dismissed"]


def test_a_statement_is_taken_out_as_one(
    network: Network, thread: Thread, sign_in: Sign, built_front_end: object
) -> None:
    people.set_speaker(network.convener, is_speaker=True, by=network.admin)
    db.commit()
    client = sign_in(network.convener)
    send(client, f"/threads/{thread.id}/posts", **form(is_statement="y"))
    heads = [line for line in client.get(f"/threads/{thread.id}/export.md").text.splitlines() if line.startswith("## ")]
    assert [head.count("Myndigheten") for head in heads] == [1, 2]
