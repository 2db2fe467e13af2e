"""Threads are pinned, closed, answered, supported, moved and split; nothing written is lost, and nobody sees what he may not."""

from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup

from portal import audit, db, guard, search
from portal.discussions import lifting
from portal.discussions.actions import mark_read
from portal.discussions.models import LineKind, Post, ReadMark, Thread, ThreadKind, ThreadSupport
from portal.discussions.policy import unread_by_thread, visible_posts
from portal.discussions.states import actions, moving_actions, policy
from portal.errors import Conflict
from portal.meetings.agenda import proposal_actions as proposals
from portal.meetings.agenda.actions import ItemPlan
from portal.meetings.minutes import actions as minutes
from portal.outbox import Job
from portal.people import actions as people
from portal.people.models import Person, Role
from portal.topics.keeping import find_or_make
from portal.web import Edge
from tests import factories
from tests.conftest import Sign, send
from tests.factories import Network, plain_render

NUMBER = "811228-9874"  # Skatteverket's published test number


def asked(network: Network, kind: ThreadKind = ThreadKind.QUESTION) -> Thread:
    """A thread of that kind by the convener, with two posts by the member."""
    thread = factories.thread(network.group, network.convener, "Hur gör ni?", "Frågan")
    thread.kind = kind
    for number in (1, 2):
        factories.post(thread, network.member, f"Svar {number}")
    db.session.flush()
    return thread


def in_section(page: str, selector: str) -> str:
    found = BeautifulSoup(page, "lxml").select_one(selector)
    assert found is not None, selector
    return found.text


def posts_of(thread: Thread) -> list[Post]:
    query = sa.select(Post).where(Post.thread_id == thread.id).order_by(Post.seq)
    return list(db.session.scalars(query))


# --- pinned and closed --------------------------------------------------------------------------------------------------


def test_a_pinned_thread_stands_first(network: Network, sign_in: Sign, built_front_end: object) -> None:
    first = factories.thread(network.group, network.convener, "Den fästa tråden")
    factories.thread(network.group, network.convener, "Den senaste tråden")
    db.commit()
    client = sign_in(network.convener)
    assert send(client, f"/threads/{first.id}/state", step="pin").status_code == 302
    page = client.get("/groups/natverket").text
    assert page.index("Den fästa tråden") < page.index("Den senaste tråden")
    assert send(client, f"/threads/{first.id}/state", step="unpin").status_code == 302
    page = client.get("/groups/natverket").text
    assert page.index("Den senaste tråden") < page.index("Den fästa tråden")
    assert send(client, f"/threads/{first.id}/state", step="melt").status_code == 400


def test_the_top_of_a_group_has_room_for_few(network: Network) -> None:
    for _number in range(actions.MOST_PINNED):
        actions.pin_thread(factories.thread(network.group, network.convener), by=network.convener)
    with pytest.raises(Conflict):
        actions.pin_thread(factories.thread(network.group, network.convener), by=network.convener)


def test_nobody_writes_in_a_closed_thread_and_nothing_typed_is_lost(
    network: Network, sign_in: Sign, built_front_end: object
) -> None:
    thread = asked(network)
    db.commit()
    leader, member = sign_in(network.convener), sign_in(network.member)
    assert send(member, f"/threads/{thread.id}/state", step="close").status_code == 403
    for _twice in range(2):
        assert send(leader, f"/threads/{thread.id}/state", step="close").status_code == 302
    form = {"body": "Det jag skrev just då", "client_id": "6d1f0c5e-0d0a-4a53-9a55-5f2a3c1b7e11"}
    refused = send(member, f"/threads/{thread.id}/posts", **form)
    assert refused.status_code == 422
    assert "Det jag skrev just då" in refused.text
    assert [post.line for post in posts_of(thread)] == [None, None, None, LineKind.CLOSED]
    assert thread.post_count == 3
    assert 'id="composer-text"' not in member.get(f"/threads/{thread.id}").text
    assert send(leader, f"/threads/{thread.id}/state", step="open").status_code == 302
    assert send(member, f"/threads/{thread.id}/posts", **form).status_code == 302


def test_a_line_is_not_unread(network: Network) -> None:
    thread = asked(network)
    mark_read(db.session(), person_id=network.member.id, thread_id=thread.id, seq=thread.last_seq)
    actions.close_thread(thread, by=network.convener, render=plain_render)
    db.commit()
    assert unread_by_thread(network.member) == {}


# --- the answer ---------------------------------------------------------------------------------------------------------


def test_the_accepted_answer_is_shown_under_the_question(
    network: Network, sign_in: Sign, built_front_end: object
) -> None:
    thread = asked(network)
    answer = posts_of(thread)[1]
    db.commit()
    asker, member = sign_in(network.convener), sign_in(network.member)
    where = f"/posts/{answer.id}/acceptance"
    assert send(member, where).status_code == 403, "not of one's own post"
    assert asker.get(where).status_code == 200
    assert send(asker, where).headers["Location"] == f"/posts/{answer.id}"
    page = member.get(f"/threads/{thread.id}").text
    assert page.index("Frågan") < page.index('class="answer"') < page.index(f'id="post-{answer.id}"')
    assert member.get(f"/posts/{answer.id}").headers["Location"].endswith(f"?at=2#post-{answer.id}")
    assert "post-answer" in member.get(f"/threads/{thread.id}/posts?after=3").text, "those who look get it anew"
    assert send(asker, where, step="withdraw").status_code == 302
    assert 'class="answer"' not in member.get(f"/threads/{thread.id}").text


def test_another_answer_takes_the_place_of_the_first(network: Network) -> None:
    thread = asked(network)
    question, first, second = posts_of(thread)
    for post in (first, first, second):
        actions.accept_answer(post, by=network.convener, render=plain_render)
    assert thread.answer_seq == second.seq
    assert first.change_seq > 3, "it is shown without its mark"
    with pytest.raises(Conflict):
        actions.accept_answer(question, by=network.convener, render=plain_render)
    thread.kind = ThreadKind.DISCUSSION
    with pytest.raises(Conflict):
        actions.accept_answer(first, by=network.convener, render=plain_render)


# --- a raised problem ---------------------------------------------------------------------------------------------------


def test_organisations_support_a_problem_once_each(network: Network, sign_in: Sign, built_front_end: object) -> None:
    thread = asked(network, ThreadKind.LIFTED)
    colleague = factories.person(network.ngo, "Kol Lega")
    people.add_member(network.group, colleague, by=None)
    db.commit()
    where = f"/threads/{thread.id}/support"
    assert send(sign_in(network.convener), where).status_code == 403, "the own organisation raised it"
    assert send(sign_in(network.observer), where).status_code == 403
    for person in (network.member, network.member, colleague):
        assert send(sign_in(person), where).status_code == 302
    assert lifting.lifted([thread], network.member)[thread.id].supporters == 1
    assert "Foreningen" in in_section(sign_in(network.convener).get(f"/threads/{thread.id}").text, ".lifted")
    assert send(sign_in(colleague), where, step="withdraw").status_code == 302
    assert db.session.scalar(sa.select(sa.func.count()).select_from(ThreadSupport)) == 0


def test_the_same_support_at_once_counts_once(app: Edge, network: Network) -> None:
    thread_id, person_id = asked(network, ThreadKind.LIFTED).id, network.member.id
    db.commit()
    db.session.remove()
    failures: list[Exception] = []
    start = threading.Barrier(4)

    def support() -> None:
        with app.app_context():
            start.wait()
            try:
                thread = db.session.get_one(Thread, thread_id)
                actions.support_thread(thread, by=db.session.get_one(Person, person_id))
                db.commit()
            except Exception as error:  # shown by the assertion below
                failures.append(error)
                db.rollback()

    senders = [threading.Thread(target=support) for _number in range(4)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert failures == []
    assert db.session.scalar(sa.select(sa.func.count()).select_from(ThreadSupport)) == 1
    noted = sa.select(sa.func.count()).where(audit.AuditEntry.action == "thread_supported")
    assert db.session.scalar(noted) == 1


def test_a_problem_goes_from_raised_over_an_agenda_to_its_answer(network: Network) -> None:
    thread = asked(network)
    by = network.convener
    held = factories.held_meeting(network.group, by, text="x")
    proposal = proposals.propose_item(network.group, ItemPlan("Lyft"), thread=thread, by=by)

    def state(person: Person = network.member) -> lifting.Lifted:
        db.session.flush()
        return lifting.lifted([thread], person)[thread.id]

    assert (state().step, state().agenda.path) == ("agenda", "/groups/natverket/proposals")  # type: ignore[union-attr]
    proposals.postpone_proposal(proposal, by=by)
    held.starts_at, held.ends_at = db.now(), db.now()
    item = proposals.accept_proposal(proposal, held, by=by)
    assert "§\u00a02" in state().text
    minutes.save_note(item, text="Vi gör så här", based_on=0, by=by)
    factories.circulated(held, network.secretary, [network.member])
    assert state().step == "answered"
    answer = policy.accepted_answer(network.member, thread)
    assert answer is not None
    assert "Vi gör så här" in answer.body


def test_an_answer_of_minutes_reaches_a_closed_thread(network: Network) -> None:
    thread = asked(network)
    by = network.convener
    held = factories.held_meeting(network.group, by, text="x")
    proposal = proposals.propose_item(network.group, ItemPlan("Lyft"), thread=thread, by=by)
    item = proposals.accept_proposal(proposal, held, by=by)
    minutes.save_note(item, text="Svaret", based_on=0, by=by)
    actions.close_thread(thread, by=by, render=plain_render)
    factories.circulated(held, network.secretary, [network.member])
    assert posts_of(thread)[-1].body.count("Svaret") == 1


def test_a_meeting_that_is_being_planned_is_not_named(network: Network) -> None:
    thread = asked(network)
    proposal = proposals.propose_item(network.group, ItemPlan("Lyft"), thread=thread, by=network.convener)
    called = factories.meeting(network.group, network.convener, "Hemligt möte")
    proposals.accept_proposal(proposal, called, by=network.convener)
    called.state = type(called.state).PLANNING
    db.session.flush()
    assert lifting.lifted([thread], network.member)[thread.id].agenda.path.endswith("/proposals")  # type: ignore[union-attr]
    assert lifting.lifted([thread], network.convener)[thread.id].agenda.path.startswith("/meetings/")  # type: ignore[union-attr]


# --- what it is about ---------------------------------------------------------------------------------------------------


def test_threads_are_found_by_county_topic_and_state(network: Network, sign_in: Sign, built_front_end: object) -> None:
    (topic,) = find_or_make(["Tolkar"], controlled=["Tolkar"])
    db.commit()
    client = sign_in(network.convener)
    form = {"title": "Tolkar i Örebro", "kind": "question", "body": "Hur gör ni?", "counties": ["T"], "topics": [str(topic.id)]}  # fmt: skip
    made = send(client, "/groups/natverket/threads/new", client_id="6d1f0c5e-0d0a-4a53-9a55-5f2a3c1b7e12", **form)
    assert made.status_code == 302
    factories.thread(network.group, network.member, "En annan tråd")
    db.commit()
    for asks in ("county=T", f"topic={topic.id}", "show=questions", "state=unanswered"):
        page = client.get(f"/groups/natverket?{asks}").text
        assert "Tolkar i Örebro" in page, asks
        assert "En annan tråd" not in page, asks
    for asks in ("county=AB", "topic=999", "show=updates", "state=closed"):
        assert "Tolkar i Örebro" not in client.get(f"/groups/natverket?{asks}").text, asks
    assert "Tolkar i Örebro" in client.get("/groups/natverket?county=%22&topic=x&show=1&state=-").text
    bad = send(client, "/groups/natverket/threads/new", client_id="6d1f0c5e-0d0a-4a53-9a55-5f2a3c1b7e13", **form | {"counties": ["QQ"]})  # fmt: skip
    assert bad.status_code == 422


def test_what_a_thread_is_called_is_changed_by_one_at_a_time(
    network: Network, sign_in: Sign, built_front_end: object
) -> None:
    thread = asked(network)
    db.commit()
    client = sign_in(network.convener)
    where, form = f"/threads/{thread.id}/edit", {"kind": "discussion", "counties": ["T", "AB"], "based_on": "1"}
    assert send(client, where, title=f"Om {NUMBER}", **form).status_code == 422
    assert send(client, where, title="Den nya", **form).status_code == 302
    late = send(client, where, title="Den sena", **form)
    assert late.status_code == 409
    assert "Den nya" in late.text
    assert "Den sena" in late.text
    db.session.refresh(thread)
    assert (thread.title, [county.code for county in thread.counties]) == ("Den nya", ["AB", "T"])


# --- moved --------------------------------------------------------------------------------------------------------------


def test_a_moved_thread_is_read_by_the_other_group(network: Network, sign_in: Sign, built_front_end: object) -> None:
    thread = asked(network)
    last = posts_of(thread)[-1]
    db.session.execute(sa.delete(Job))
    db.commit()
    leader, member = sign_in(network.convener), sign_in(network.member)
    asks = leader.get(f"/threads/{thread.id}/move?group=slutna").text
    assert "Med Lem" in asks, "who wrote here and will not read it any more"
    assert send(leader, f"/threads/{thread.id}/move", group="slutna").status_code == 302
    assert member.get(f"/threads/{thread.id}").status_code == 404
    assert member.get(f"/posts/{last.id}").status_code == 404
    assert "Sam Mankallande" in in_section(leader.get(f"/threads/{thread.id}").text, ".post-line")
    jobs = db.session.scalars(sa.select(Job).where(Job.kind == search.JOB))
    noted = {(job.payload["type"], job.payload["id"]) for job in jobs}
    assert {("thread", thread.id), ("post", last.id)} <= noted, "the index learns who may find them"


def test_a_more_open_group_is_asked_about(network: Network, sign_in: Sign, built_front_end: object) -> None:
    thread = factories.thread(network.closed, network.convener, "Hemligt")
    db.commit()
    leader = sign_in(network.convener)
    refused = send(leader, f"/threads/{thread.id}/move", group="natverket")
    assert refused.status_code == 422
    assert "4 personer" in refused.text
    assert sign_in(network.member).get(f"/threads/{thread.id}").status_code == 404
    assert send(leader, f"/threads/{thread.id}/move", group="natverket", sure="y").status_code == 302
    assert sign_in(network.member).get(f"/threads/{thread.id}").status_code == 200
    assert send(leader, f"/threads/{thread.id}/move", group="finns-inte").status_code == 422


def test_nobody_moves_a_thread_where_he_may_not_write(network: Network, sign_in: Sign, built_front_end: object) -> None:
    thread = factories.thread(network.closed, network.convener)
    observed = people.add_group("sedda", "Sedda", description="", handling_class=network.group.handling_class, by=None)
    people.add_member(observed, network.convener, role=Role.OBSERVER, by=None)
    db.commit()
    assert send(sign_in(network.convener), f"/threads/{thread.id}/move", group="sedda", sure="y").status_code == 422


# --- split --------------------------------------------------------------------------------------------------------------


def test_a_split_thread_loses_nothing(network: Network) -> None:
    thread = asked(network)
    for number in (3, 4):
        factories.post(thread, network.convener, f"Svar {number}")
    actions.accept_answer(posts_of(thread)[3], by=network.convener, render=plain_render)
    mark_read(db.session(), person_id=network.secretary.id, thread_id=thread.id, seq=4)
    words = [post.body for post in posts_of(thread)]
    new = moving_actions.split_thread(thread, from_seq=3, title="Den nya", by=network.convener, render=plain_render)
    db.commit()
    old_posts, new_posts = posts_of(thread), posts_of(new)
    assert [post.body for post in old_posts if not post.line] + [
        post.body for post in new_posts if not post.line
    ] == words
    assert [post.seq for post in new_posts] == [1, 2, 3, 4]
    assert (new_posts[0].line, old_posts[-1].line, old_posts[-1].line_seq) == (LineKind.SPLIT_IN, LineKind.SPLIT_OUT, 3)
    assert (thread.post_count, new.post_count, new.last_seq) == (2, 3, 4)
    assert new.organisation_id == network.ngo.id, "who wrote the first of them"
    assert thread.answer_seq is None, "it went with the posts"
    assert db.session.get_one(ReadMark, (network.secretary.id, new.id)).seq == 3, "two of them were read"
    factories.post(new, network.member, "Det går vidare")
    assert posts_of(new)[-1].seq == 5


def test_the_first_post_stays(network: Network, sign_in: Sign, built_front_end: object) -> None:
    thread = asked(network)
    db.commit()
    leader = sign_in(network.convener)
    for number, status in (("1", 409), ("99", 409), ("x", 422), ("", 422), ("99999999999", 422)):
        answer = send(leader, f"/threads/{thread.id}/split", from_seq=number, title="Ny")
        assert answer.status_code == status, number
    with pytest.raises(guard.Stopped):
        moving_actions.split_thread(thread, from_seq=2, title=f"Om {NUMBER}", by=network.convener, render=plain_render)
    assert send(leader, f"/threads/{thread.id}/split", from_seq="2", title="").status_code == 422
    assert thread.post_count == 3


def test_lines_tell_of_the_other_thread_and_not_its_title(
    network: Network, sign_in: Sign, built_front_end: object
) -> None:
    thread = asked(network)
    db.commit()
    leader, member = sign_in(network.convener), sign_in(network.member)
    assert leader.get(f"/threads/{thread.id}/split?from=2").status_code == 200
    made = send(leader, f"/threads/{thread.id}/split", from_seq="2", title="Hemlig titel")
    new = made.headers["Location"]
    assert f'href="/threads/{thread.id}"' in member.get(new).text
    old = member.get(f"/threads/{thread.id}").text
    assert 'data-gone-from="2"' in old
    assert f'href="{new}"' in old
    send(leader, f"{new}/move", group="slutna")
    assert "Hemlig titel" not in member.get(f"/threads/{thread.id}").text
    visible = db.session.scalars(visible_posts(network.member)).unique().all()
    assert {post.thread_id for post in visible} == {thread.id}
