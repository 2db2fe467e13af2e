"""Drafts on all devices of who writes."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine

from portal import db
from portal.discussions import actions as discussions
from portal.discussions.drafting import actions
from portal.discussions.drafting.models import ThreadDraft
from portal.discussions.drafting.policy import own_draft
from portal.discussions.models import PostKind, Thread
from portal.people.models import Person
from tests import factories
from tests.conftest import Sign, send
from tests.factories import Network

NUMBER = "19811228-9874"


def save(thread: Thread, body: str, *, based_on: int = 0, by: Person) -> ThreadDraft:
    draft = actions.save_draft(thread, body, based_on=based_on, by=by)
    assert draft is not None
    return draft


def test_each_has_their_own_and_it_goes_on_from_what_was_known(network: Network) -> None:
    thread = factories.thread(network.group, network.convener)
    first = save(thread, "Ett", by=network.member).revision
    second = save(thread, "Två", based_on=first, by=network.member).revision
    assert second == first + 1
    save(thread, "Mitt", by=network.convener)
    own = own_draft(network.member, thread)
    assert own is not None
    assert (own.body, own.revision) == ("Två", second)
    assert actions.save_draft(thread, "  ", based_on=second, by=network.member) is None
    assert own_draft(network.member, thread) is None
    other = own_draft(network.convener, thread)
    assert other is not None
    assert other.body == "Mitt"


@pytest.mark.parametrize("text", ["Äldre och längre", " "])
def test_what_another_device_saved_is_not_overwritten(network: Network, text: str) -> None:
    thread = factories.thread(network.group, network.convener)
    known = save(thread, "Ett", by=network.member).revision
    newest = save(thread, "Två", based_on=known, by=network.member).revision
    for based_on in (known, 0, newest + 1):
        with pytest.raises(actions.Newer) as told:
            actions.save_draft(thread, text, based_on=based_on, by=network.member)
        assert (told.value.draft.body, told.value.draft.revision) == ("Två", newest)
    assert save(thread, "Två", based_on=known, by=network.member).revision == newest, "the same text, sent again"


def test_a_draft_begun_anew_is_not_taken_for_the_one_before(network: Network) -> None:
    thread = factories.thread(network.group, network.convener)
    known = save(thread, "Ett", by=network.member).revision
    actions.save_draft(thread, "", based_on=known, by=network.member)
    save(thread, "Något annat", by=network.member)
    with pytest.raises(actions.Newer):
        actions.save_draft(thread, "Ett till", based_on=known, by=network.member)


def test_a_sent_post_forgets_the_draft_it_was_and_no_newer_one(network: Network) -> None:
    thread = factories.thread(network.group, network.convener)

    def post(draft: int) -> None:
        discussions.add_post(
            thread, body="Helt", kind=PostKind.REPLY, client_id=str(uuid.uuid4()), draft=draft, by=network.member,
            render=factories.plain_render,
        )  # fmt: skip

    sent = save(thread, "Halvt", by=network.member).revision
    newer = save(thread, "Halvt, och mer på en annan enhet", based_on=sent, by=network.member).revision
    for older in (sent, 0):
        post(older)
        assert own_draft(network.member, thread) is not None
    post(newer)
    assert own_draft(network.member, thread) is None


def test_two_devices_at_once_make_one_draft(network: Network, sign_in: Sign) -> None:
    thread = factories.thread(network.group, network.convener)
    db.commit()
    where = f"/threads/{thread.id}/draft"
    one, other = sign_in(network.member), sign_in(network.member)
    first = send(one, where, body="Ett", based_on=0).get_json()
    late = send(other, where, body="Två", based_on=0)
    assert late.status_code == 409
    assert late.get_json() == first | {"body": "Ett"}
    assert (
        send(other, where, body="Ett och två", based_on=first["revision"]).get_json()["revision"]
        == first["revision"] + 1
    )
    sent = {"body": "Ett", "kind": "reply", "client_id": str(uuid.uuid4()), "draft_revision": first["revision"]}
    assert send(one, f"/threads/{thread.id}/posts", **sent).status_code == 302
    assert 'data-shared-draft="Ett och två"' in one.get(f"/threads/{thread.id}").text


def test_a_draft_can_be_read_where_nothing_can_be_written(network: Network, sign_in: Sign) -> None:
    thread = factories.thread(network.group, network.convener)
    save(thread, "Halvt <b>", by=network.member)
    thread.closed_at = db.now()
    db.commit()
    for where in (f"/threads/{thread.id}", f"/threads/{thread.id}/standing"):
        page = sign_in(network.member).get(where).text
        assert "composer-text" not in page
        assert "readonly>\nHalvt &lt;b&gt;</textarea>" in page
        assert "Halvt" not in sign_in(network.convener).get(where).text


def test_a_draft_is_shown_to_its_writer_alone(network: Network, sign_in: Sign) -> None:
    thread = factories.thread(network.group, network.convener)
    db.commit()
    member, leader = sign_in(network.member), sign_in(network.convener)
    where = f"/threads/{thread.id}/draft"
    saved = send(member, where, body='Det gäller "oss" <b>kanske</b>')
    stopped = send(member, where, body=f"Det gäller {NUMBER}", based_on=str(saved.get_json()["revision"]))
    assert stopped.status_code == 422
    assert [draft.body for draft in db.session.scalars(sa.select(ThreadDraft))] == ['Det gäller "oss" <b>kanske</b>']
    page = member.get(f"/threads/{thread.id}").text
    assert "&lt;b&gt;kanske" in page
    assert f'data-shared-at="{saved.get_json()["saved_at"]}"' in page
    assert "kanske" not in leader.get(f"/threads/{thread.id}").text
    assert send(member, where, body="x" * 50_001).status_code == 413
    assert send(sign_in(network.observer), where, body="Ord").status_code == 403
    assert send(sign_in(network.outsider), where, body="Ord").status_code == 404
    emptied = send(member, where, based_on=saved.get_json()["revision"])
    assert emptied.get_json() == {"revision": 0, "saved_at": "", "time": ""}
    assert db.session.scalars(sa.select(ThreadDraft)).all() == []


def test_a_forgotten_draft_goes_after_a_month(network: Network) -> None:
    thread = factories.thread(network.group, network.convener)
    actions.save_draft(thread, "Gammalt", by=network.member)
    with time_machine.travel(db.now() + timedelta(days=29)):
        actions.sweep_drafts()
        assert own_draft(network.member, thread) is not None
        actions.save_draft(thread, "Nyare", by=network.convener)
    with time_machine.travel(db.now() + timedelta(days=31)):
        actions.sweep_drafts()
        assert own_draft(network.member, thread) is None
        assert own_draft(network.convener, thread) is not None
