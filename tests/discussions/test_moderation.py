"""Reports, what leaders do about them, slow mode, and suspension from writing."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine

from portal import db, guard
from portal.discussions import actions as discussions
from portal.discussions.models import Post, PostKind, Thread
from portal.discussions.moderation import actions, policy
from portal.discussions.moderation.models import ActKind, ModerationAct, PostReport, ReportReason, Suspension
from portal.discussions.moderation.standing import pace_of, suspension_of
from portal.discussions.policy import can_post_in_thread, can_start_thread
from portal.discussions.removal.actions import show_post
from portal.errors import Conflict, Invalid, TooSoon
from portal.notifications.models import Notice
from portal.times import today
from portal.web import Edge
from tests import factories
from tests.conftest import Sign, send
from tests.factories import Network

NUMBER = "19811228-9874"


@pytest.fixture
def post(network: Network) -> Post:
    """A post of the member."""
    thread = factories.thread(network.group, network.convener)
    made = factories.post(thread, network.member, "Orden som någon inte tycker om")
    db.commit()
    return made


def write(thread: Thread, network: Network, key: str = "") -> Post:
    return discussions.add_post(
        thread, body="Mer", kind=PostKind.REPLY, client_id=key or str(uuid.uuid4()), by=network.member,
        render=factories.plain_render,
    )  # fmt: skip


def kinds_told(person_id: int) -> list[str]:
    return list(db.session.scalars(sa.select(Notice.kind).where(Notice.person_id == person_id).order_by(Notice.id)))


def test_a_report_reaches_the_leaders_once(network: Network, post: Post) -> None:
    reports = [
        actions.report_post(post, reason=ReportReason.UNKIND, words=" Det sårar ", by=network.observer)
        for _ in range(2)
    ]
    assert reports[0] is reports[1]
    assert kinds_told(network.convener.id) == kinds_told(network.secretary.id) == ["post_reported"]
    assert policy.open_reports(network.convener, network.group) == 1
    assert policy.open_reports(network.member, network.group) is None
    assert list(db.session.scalars(policy.visible_reports(network.convener, network.group))) == reports[:1]
    assert list(db.session.scalars(policy.visible_reports(network.member, network.group))) == []


def test_a_report_is_guarded_and_nobody_reports_himself(network: Network, post: Post) -> None:
    with pytest.raises(guard.Stopped):
        actions.report_post(post, reason=ReportReason.OTHER, words=f"Det står {NUMBER}", by=network.observer)
    assert not policy.can_report_post(network.member, post)
    assert policy.can_report_post(network.observer, post)
    assert not policy.can_decide_report(network.member, post)
    own = factories.post(post.thread, network.convener)
    assert not policy.can_decide_report(network.convener, own)
    assert policy.can_decide_report(network.secretary, own)


@pytest.mark.parametrize("step", ["dismiss", "warn", "hide", "close"])
def test_each_decision_has_a_reason_that_the_author_is_told(
    network: Network, post: Post, step: str, sign_in: Sign
) -> None:
    actions.report_post(post, reason=ReportReason.UNKIND, by=network.observer)
    db.commit()
    client = sign_in(network.convener)
    assert "Obs Ervatör" in client.get("/groups/natverket/moderation").text
    assert send(client, f"/posts/{post.id}/decision", step=step, reason=" ").status_code == 422
    assert send(client, f"/posts/{post.id}/decision", step=step, reason=f"Här står {NUMBER}").status_code == 422
    assert policy.open_reports(network.convener, network.group) == 1
    db.commit()
    assert send(client, f"/posts/{post.id}/decision", step=step, reason="Så skriver vi inte").status_code == 302
    assert policy.open_reports(network.convener, network.group) == 0
    act = db.session.scalars(sa.select(ModerationAct)).one()
    told = {"dismiss": None, "warn": "author_warned", "hide": "post_removed", "close": "thread_closed"}[step]
    assert kinds_told(network.member.id) == ([told] if told else [])
    assert (act.reason, act.by_id) == ("Så skriver vi inte", network.convener.id)
    page = client.get("/groups/natverket/moderation").text
    assert "Så skriver vi inte" in page
    assert "Obs Ervatör" not in page.split("<main")[1].split("</section>")[0]
    db.session.refresh(post)
    assert (post.gone is not None) is (step == "hide")
    assert (db.session.get_one(Thread, post.thread_id).closed_at is not None) is (step == "close")
    if told:
        inside = sign_in(network.member)
        assert "Så skriver vi inte" in inside.get("/notices").text


def test_who_reported_is_shown_to_leaders_only(network: Network, post: Post, sign_in: Sign) -> None:
    own = factories.post(post.thread, network.convener, "Den sammankallandes ord")
    actions.report_post(own, reason=ReportReason.UNTRUE, words="Jag tror inte på det", by=network.observer)
    db.commit()
    theirs = sign_in(network.secretary).get("/groups/natverket/moderation").text.split("<main")[1]
    assert "Obs Ervatör" in theirs
    reported = sign_in(network.convener).get("/groups/natverket/moderation").text.split("<main")[1]
    assert "Jag tror inte på det" not in reported, "in a small group the words say whose they are"
    assert "Obs Ervatör" not in reported
    assert sign_in(network.member).get("/groups/natverket/moderation").status_code == 403
    assert send(sign_in(network.convener), f"/posts/{own.id}/decision", step="hide", reason="x").status_code == 403


def test_what_is_gone_or_decided_is_not_reported_again(network: Network, post: Post) -> None:
    actions.report_post(post, reason=ReportReason.UNKIND, by=network.observer)
    actions.hide_reported(post, reason="Ovänligt", by=network.convener, render=factories.plain_render)
    with pytest.raises(Conflict):
        actions.report_post(post, reason=ReportReason.UNKIND, by=network.secretary)
    show_post(post, by=network.convener, render=factories.plain_render)
    with pytest.raises(Conflict):
        actions.report_post(post, reason=ReportReason.UNKIND, by=network.observer)
    assert db.session.scalars(sa.select(PostReport)).one().act_id is not None
    acts = db.session.scalars(sa.select(ModerationAct.kind).order_by(ModerationAct.id)).all()
    assert acts == [ActKind.HIDDEN, ActKind.SHOWN]


def test_slow_mode_of_a_thread(network: Network, post: Post) -> None:
    thread = post.thread
    with pytest.raises(Invalid):
        actions.set_thread_pace(thread, 60, reason="", by=network.convener)
    with pytest.raises(Invalid):
        actions.set_thread_pace(thread, actions.SLOWEST + 1, reason="Fort", by=network.convener)
    actions.set_thread_pace(thread, 60, reason="Det går fort", by=network.convener)
    start = db.now() + timedelta(hours=1)
    with time_machine.travel(start, tick=False) as clock:
        key = str(uuid.uuid4())
        first = write(thread, network, key)
        clock.shift(20)
        assert write(thread, network, key) is first  # the same once more is no new one
        with pytest.raises(TooSoon) as stopped:
            write(thread, network)
        assert stopped.value.seconds == 40
        assert pace_of(network.member, network.group, thread).wait == 40
        assert pace_of(network.convener, network.group, thread).seconds == 0
        write(factories.thread(network.group, network.convener, "En annan"), network)  # only that thread is slow
        clock.shift(40)
        assert pace_of(network.member, network.group, thread).wait == 0
        write(thread, network)
        actions.set_thread_pace(thread, 0, reason="Lugnt igen", by=network.convener)
        write(thread, network)


def test_slow_mode_of_a_group_counts_all_its_threads(network: Network, post: Post) -> None:
    actions.set_group_pace(network.group, 120, reason="Det går fort", by=network.convener)
    other = factories.thread(network.group, network.convener, "En annan")
    with time_machine.travel(db.now() + timedelta(hours=1), tick=False) as clock:
        write(post.thread, network)
        with pytest.raises(TooSoon):
            write(other, network)
        with pytest.raises(TooSoon):
            factories.thread(network.group, network.member, "Ny")
        factories.thread(network.group, network.convener, "Ledare väntar inte")
        clock.shift(120)
        factories.thread(network.group, network.member, "Ny")


def test_slow_mode_in_the_browser(network: Network, post: Post, sign_in: Sign) -> None:
    actions.set_thread_pace(post.thread, 600, reason="Det går fort", by=network.convener)
    thread_id = post.thread_id
    db.commit()
    client = sign_in(network.member)
    page = client.get(f"/threads/{thread_id}").text
    assert "10 minuter" in page
    form = {"body": "Ord som <b>inte</b> försvinner", "kind": "reply", "client_id": str(uuid.uuid4())}
    answer = send(client, f"/threads/{thread_id}/posts", **form)
    assert answer.status_code == 429
    assert 500 < int(answer.headers["Retry-After"]) <= 600
    assert "Ord som &lt;b&gt;inte&lt;/b&gt; försvinner" in answer.text
    part = client.post(
        f"/threads/{thread_id}/posts", data={**form, "csrf_token": client.csrf}, headers={"X-Fragment": "1"}
    )
    assert part.status_code == 429
    assert "data-slow=" in client.get(f"/threads/{thread_id}/standing").text


def test_a_suspended_person_reads_on(network: Network, post: Post, sign_in: Sign) -> None:
    client, leader = sign_in(network.member), sign_in(network.convener)
    until = today() + timedelta(days=2)
    form = {"person": str(network.member.id), "until_on": until.isoformat(), "reason": "Tre varningar"}
    assert send(leader, "/groups/natverket/suspensions", **form).status_code == 302
    page = client.get(f"/threads/{post.thread_id}")
    assert page.status_code == 200
    assert "Tre varningar" in page.text
    assert "data-composer " not in page.text
    assert "support@portal.example" in page.text
    posted = {"body": "Jag skriver <i>ändå</i> nu", "kind": "reply", "client_id": str(uuid.uuid4())}
    answer = send(client, f"/threads/{post.thread_id}/posts", **posted)
    assert answer.status_code == 403
    assert "Jag skriver &lt;i&gt;ändå&lt;/i&gt; nu" in answer.text
    assert client.get("/groups/natverket/threads/new").status_code == 403
    assert client.get(f"/posts/{post.id}/edit").status_code == 403
    assert "Tre varningar" in client.get("/notices").text
    assert "Med Lem" in leader.get("/groups/natverket/moderation").text
    assert can_start_thread(network.member, network.group) is False
    with time_machine.travel(db.now() + timedelta(days=3)):
        assert suspension_of(network.member, network.group) is None
        assert can_post_in_thread(network.member, db.session.get_one(Thread, post.thread_id))
    ended = send(leader, f"/groups/natverket/suspensions/{network.member.id}/end")
    assert ended.status_code == 302
    assert db.session.scalars(sa.select(Suspension)).all() == []
    assert client.get("/groups/natverket/threads/new").status_code == 200
    assert kinds_told(network.member.id) == ["person_suspended", "person_released"]


def test_no_leader_is_suspended(network: Network, sign_in: Sign) -> None:
    leader = sign_in(network.convener)
    until = (today() + timedelta(days=2)).isoformat()
    for other in (network.convener, network.secretary, network.outsider, network.observer):
        form = {"person": str(other.id), "until_on": until, "reason": "Försök"}
        assert send(leader, "/groups/natverket/suspensions", **form).status_code == 422, other.name
        assert not (other.id == network.secretary.id and policy.can_suspend(network.convener, other, network.group))
    assert not policy.can_suspend(network.convener, network.convener, network.group)
    assert not policy.can_suspend(network.member, network.observer, network.group)


@pytest.mark.parametrize("days", [-1, 367])
def test_a_suspension_ends_within_a_year(network: Network, days: int) -> None:
    with pytest.raises(Invalid):
        actions.suspend(
            network.member, network.group, until_on=today() + timedelta(days=days), reason="Ord", by=network.convener
        )
    with pytest.raises(guard.Stopped):
        actions.suspend(network.member, network.group, until_on=today(), reason=NUMBER, by=network.convener)
    assert db.session.scalars(sa.select(Suspension)).all() == []


def test_the_group_says_how_many_posts_are_reported(network: Network, post: Post, sign_in: Sign, app: Edge) -> None:
    actions.report_post(post, reason=ReportReason.UNKIND, by=network.observer)
    db.commit()
    assert "/groups/natverket/moderation" in sign_in(network.convener).get("/groups/natverket").text
    assert "/groups/natverket/moderation" not in sign_in(network.member).get("/groups/natverket").text
