"""When mail goes out, what a mail about a post says in each handling class, and how it is stopped."""

from __future__ import annotations

import mailbox
import re
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest
import sqlalchemy as sa
import time_machine
from flask.testing import FlaskClient

from portal import audit, db, outbox
from portal.discussions.following import telling as following
from portal.discussions.models import Post, Thread
from portal.notifications import actions, letters, policy, tokens
from portal.notifications.habits import Hours, due
from portal.notifications.models import Channel, Notice
from portal.people import actions as people
from portal.people.models import Group, Membership, Person
from portal.web import Edge
from tests import factories, mail_server
from tests.conftest import Sign
from tests.factories import Network
from tests.test_queries import counted

STARTS_AT = "2026-12-01T08:30:00+00:00"
NIGHT = Hours(quiet_from=18, quiet_to=7)


def swedish(text: str) -> datetime:
    """A moment of winter time."""
    return (datetime.fromisoformat(text) - timedelta(hours=1)).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("channel", "hours", "told", "expected"),
    [
        (Channel.PORTAL, Hours(), "2026-11-24 10:20", None),
        (Channel.MAIL, Hours(), "2026-11-24 03:20", None),
        (Channel.HOURLY, Hours(), "2026-11-24 10:00", "2026-11-24 11:00"),
        (Channel.HOURLY, Hours(), "2026-11-24 10:59", "2026-11-24 11:00"),
        (Channel.DAILY, Hours(), "2026-11-24 06:59", "2026-11-24 07:00"),
        (Channel.DAILY, Hours(), "2026-11-24 07:00", "2026-11-25 07:00"),
        (Channel.DAILY, Hours(hour=16), "2026-12-31 16:01", "2027-01-01 16:00"),
        (Channel.WEEKLY, Hours(), "2026-11-24 10:00", "2026-11-30 07:00"),  # Tuesday to Monday
        (Channel.WEEKLY, Hours(hour=15, weekday=1), "2026-11-24 14:59", "2026-11-24 15:00"),
        (Channel.WEEKLY, Hours(hour=15, weekday=1), "2026-11-24 15:00", "2026-12-01 15:00"),
        (Channel.MAIL, NIGHT, "2026-11-24 17:59", None),
        (Channel.MAIL, NIGHT, "2026-11-24 18:00", "2026-11-25 07:00"),
        (Channel.MAIL, NIGHT, "2026-11-25 06:59", "2026-11-25 07:00"),
        (Channel.MAIL, NIGHT, "2026-11-25 07:00", None),
        (Channel.HOURLY, NIGHT, "2026-11-24 17:30", "2026-11-25 07:00"),
        (Channel.DAILY, Hours(hour=5, quiet_from=18, quiet_to=7), "2026-11-24 20:00", "2026-11-25 07:00"),
        (Channel.MAIL, Hours(quiet_from=11, quiet_to=13), "2026-11-24 12:30", "2026-11-24 13:00"),
        (Channel.MAIL, Hours(quiet_from=11, quiet_to=13), "2026-11-24 13:00", None),
        (Channel.MAIL, Hours(quiet_from=9, quiet_to=9), "2026-11-24 09:30", None),
    ],
)
def test_when_it_is_due(channel: Channel, hours: Hours, told: str, expected: str | None) -> None:
    assert due(channel, hours, swedish(told)) == (swedish(expected) if expected else None)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (
            datetime(2026, 3, 28, 20, tzinfo=UTC),
            datetime(2026, 3, 29, 5, tzinfo=UTC),
        ),  # the night when an hour is missing
        (
            datetime(2026, 10, 24, 20, tzinfo=UTC),
            datetime(2026, 10, 25, 6, tzinfo=UTC),
        ),  # the night when one comes twice
    ],
)
def test_seven_is_seven_when_the_clock_is_moved(told: datetime, expected: datetime) -> None:
    assert due(Channel.DAILY, Hours(), told) == due(Channel.MAIL, NIGHT, told) == expected


def tell(person: Person, group: Group, kind: str = "meeting_cancelled") -> None:
    actions.notify([person], kind, group=group, path="/", by=None, title="LAMP", starts_at="2026-12-01T08:30:00+00:00")
    db.commit()


def work(at: datetime) -> None:
    with time_machine.travel(at, tick=False):
        letters.gather_due()
        db.commit()
        outbox.run_all()


def test_the_quiet_hours_hold_mail_back_and_lose_nothing(app: Edge, network: Network) -> None:
    actions.choose_hours(network.member, NIGHT, by=network.member)
    with time_machine.travel(swedish("2026-11-24 21:00"), tick=False):
        tell(network.member, network.group)
        outbox.run_all()
    work(swedish("2026-11-25 06:55"))
    assert mail_server.kept(app) == []
    work(swedish("2026-11-25 07:00"))
    work(swedish("2026-11-25 07:05"))
    (made,) = mail_server.kept(app)
    assert "LAMP" in made["Subject"]


def test_a_choice_for_a_group_goes_before_that_for_the_kind(app: Edge, network: Network) -> None:
    actions.choose_group_channels(network.convener, {network.closed.id: Channel.PORTAL}, by=network.convener)
    tell(network.convener, network.closed)
    tell(network.convener, network.group)
    outbox.run_all()
    assert len(mail_server.kept(app)) == 1
    actions.choose_group_channels(network.convener, {network.closed.id: None}, by=network.convener)
    tell(network.convener, network.closed)
    outbox.run_all()
    assert len(mail_server.kept(app)) == 2


def mailed_post(app: Edge, network: Network, group: Group, reader: Person) -> EmailMessage:
    """The mail about a post, to one who wishes it at once."""
    for kind in ("posted", "mentioned"):
        actions.choose_channels(reader, {kind: Channel.MAIL}, by=reader)
    thread = factories.thread(group, network.convener, "Rubriken", "Hela texten\n\noch mer")
    post = db.session.scalars(sa.select(Post).where(Post.thread_id == thread.id)).one()
    db.commit()
    following.tell(post_id=post.id)
    db.commit()
    outbox.run_all()
    return next(made for made in mail_server.kept(app) if reader.email in made["To"])


def text_of(made: EmailMessage) -> str:
    return str(made.get_content())


def test_a_mail_about_a_post_carries_it_and_belongs_to_its_thread(app: Edge, network: Network) -> None:
    made = mailed_post(app, network, network.group, network.member)
    text = text_of(made)
    assert made["Subject"] == "[Nätverket] Rubriken"
    assert "Hela texten" in text
    assert "och mer" in text
    assert network.convener.name in text
    post = db.session.scalars(sa.select(Post)).one()
    assert made["References"] == made["In-Reply-To"] == f"<thread.{post.thread_id}@portal.example>"
    assert made["Message-ID"] == f"<post.{post.id}.1.{network.member.id}@portal.example>"
    assert made["List-Id"] == f"<group-{network.group.id}.portal.example>"
    assert made["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert made["Auto-Submitted"] == "auto-generated"
    assert made["List-Unsubscribe"].strip("<>") in text


def test_a_mail_about_a_post_of_a_sensitive_group_says_nothing(app: Edge, network: Network) -> None:
    made = mailed_post(app, network, network.closed, network.secretary)
    whole = made.as_string() + text_of(made)
    secrets = (
        "Rubriken",
        "Hela texten",
        network.convener.name,
        network.closed.name,
        network.closed.slug,
        "/threads",
        "posted",
    )
    for secret in secrets:
        assert secret not in whole, secret
    assert made["List-Id"] == "<notices.portal.example>"
    assert made["References"] is None


def test_gathered_mail_shows_the_beginning_of_posts_that_may_be_shown(app: Edge, network: Network) -> None:
    threads = [factories.thread(group, network.convener, "Rubriken", f"{group.slug} " + "ord " * 200)
               for group in (network.group, network.closed)]  # fmt: skip
    db.commit()
    for post in db.session.scalars(sa.select(Post)).all():
        following.tell(post_id=post.id)
        db.commit()
    assert len(threads) == 2
    work(db.now() + timedelta(days=1))
    made = next(one for one in mail_server.kept(app) if network.secretary.email in one["To"])
    assert "natverket ord" in text_of(made)
    assert "slutna" not in made.as_string() + text_of(made)
    assert len(text_of(made)) < 1500


def test_a_gathered_mail_asks_the_same_of_one_post_and_of_many(app: Edge, network: Network) -> None:
    numbers, written, asked_for = (1, letters.MOST_ROWS - 1), 0, []
    for number in numbers:
        for _ in range(number):
            written += 1
            group = people.add_group(
                f"g{written}", "Grupp", description="", handling_class=network.group.handling_class, by=None
            )
            for person in (network.convener, network.secretary):
                people.add_member(group, person, by=None)
            factories.thread(group, network.convener, "Rubriken", "LAMPA")
            (post,) = db.session.scalars(sa.select(Post).join(Post.thread).where(Thread.group_id == group.id))
            following.tell(post_id=post.id)
        db.commit()
        with time_machine.travel(db.now() + timedelta(days=written), tick=False), counted() as asked:
            letters.send_gathered(person_id=network.secretary.id)
        db.commit()
        asked_for.append(asked)
    mails = [text_of(one).count("LAMPA") for one in mail_server.kept(app)]
    assert sorted(mails) == sorted(numbers)
    assert len(asked_for[0]) == len(asked_for[1]), "\n".join(asked_for[1])


def test_a_gathered_mail_has_an_end(app: Edge, network: Network) -> None:
    actions.choose_channels(network.member, {"meeting_cancelled": Channel.DAILY}, by=network.member)
    for number in range(letters.MOST_ROWS + 3):
        actions.notify(
            [network.member], "meeting_cancelled", group=network.group, path="/", by=None, title=f"LAMP{number}.", starts_at=STARTS_AT
        )  # fmt: skip
    db.commit()
    work(db.now() + timedelta(days=1))
    (made,) = mail_server.kept(app)
    text = text_of(made)
    assert text.count("LAMP") == letters.MOST_ROWS
    assert re.search(r"\b3 (more|till)\b", text)
    assert "https://portal.test/notices\n" in text
    assert "LAMP2." not in text  # the oldest are those that are only counted


def unsubscribe_path(made: EmailMessage) -> str:
    found = re.fullmatch(r"<https://portal\.test(/unsubscribe/\S+)>", made["List-Unsubscribe"])
    assert found is not None
    return found[1]


def test_the_address_that_stops_it_is_no_encoded_words(app: Edge, network: Network) -> None:
    """A mail program looks for an address in angle brackets, in what came over the wire (RFC 2369), however long it is."""
    mailed_post(app, network, network.group, network.member)
    folder = mailbox.Maildir(app.config["SETTINGS"].data_dir / "mail")
    for key in folder.keys():  # noqa: SIM118  # a mailbox gives messages, not keys
        lines = folder.get_bytes(key).split(b"\n")
        (line,) = [one for one in lines if one.startswith(b"List-Unsubscribe: ")]
        assert re.fullmatch(rb"List-Unsubscribe: <https://portal\.test/unsubscribe/[\w.-]+>", line)


def one_click(client: FlaskClient, path: str) -> int:
    """What a mail program does by itself (RFC 8058): no cookie, no token, nothing but this."""
    return client.post(path, data={"List-Unsubscribe": "One-Click"}).status_code


def test_one_click_stops_the_kind_and_nothing_else(app: Edge, network: Network, built_front_end: object) -> None:
    path = unsubscribe_path(mailed_post(app, network, network.group, network.member))
    client = app.test_client()
    assert "Nya inlägg" in client.get(path).text or "New posts" in client.get(path).text
    assert policy.channels(network.member)["posted"] is Channel.MAIL  # looking at the page stops nothing
    assert [one_click(client, path), one_click(client, path)] == [200, 200]
    db.session.expire_all()
    chosen = policy.channels(network.member)
    assert (chosen["posted"], chosen["mentioned"]) == (Channel.PORTAL, Channel.MAIL)
    assert policy.channels(network.observer)["posted"] is Channel.DAILY
    noted = sa.select(audit.AuditEntry.action).where(audit.AuditEntry.action == "notification_preferences_chosen")
    assert len(db.session.scalars(noted).all()) == 4


def test_one_click_in_mail_of_a_sensitive_group_names_nothing(
    app: Edge, network: Network, built_front_end: object
) -> None:
    path = unsubscribe_path(mailed_post(app, network, network.closed, network.secretary))
    client = app.test_client()
    assert network.closed.name not in client.get(path).text
    assert one_click(client, path) == 200
    assert policy.group_channels(network.secretary) == {network.closed.id: Channel.PORTAL}


def test_one_click_stops_what_is_gathered_and_what_waits(app: Edge, network: Network, built_front_end: object) -> None:
    actions.choose_group_channels(network.member, {network.open.id: Channel.DAILY}, by=network.member)
    actions.choose_channels(network.member, {"meeting_cancelled": Channel.DAILY}, by=network.member)
    for _ in range(2):
        tell(network.member, network.group)
    work(db.now() + timedelta(days=1))
    (made,) = mail_server.kept(app)
    tell(network.member, network.group)
    assert one_click(app.test_client(), unsubscribe_path(made)) == 200
    db.session.expire_all()
    assert Channel.DAILY not in policy.channels(network.member).values()
    assert policy.group_channels(network.member) == {network.open.id: Channel.PORTAL}
    assert db.session.scalars(sa.select(Notice.id).where(Notice.due_at.is_not(None))).all() == []


def gathered_by_night(app: Edge, person: Person, group: Group, kinds: tuple[str, ...]) -> EmailMessage:
    """The one mail about what came while the person wished to hear nothing, though all of it at once."""
    everything = dict.fromkeys(policy.channels(person), Channel.MAIL)
    actions.choose_channels(person, everything, by=person)
    actions.choose_hours(person, NIGHT, by=person)
    with time_machine.travel(swedish("2026-11-24 20:00"), tick=False):
        for kind in kinds:
            actions.notify([person], kind, group=group, path="/", by=None, title="LAMP", starts_at=STARTS_AT)
        db.commit()
    work(swedish("2026-11-25 08:00"))
    (made,) = mail_server.kept(app)
    return made


def test_one_click_in_what_the_night_gathered_stops_no_more_than_it_says(
    app: Edge, network: Network, built_front_end: object
) -> None:
    made = gathered_by_night(app, network.member, network.group, ("meeting_cancelled", "meeting_cancelled"))
    assert made["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert one_click(app.test_client(), unsubscribe_path(made)) == 200
    db.session.expire_all()
    chosen = policy.channels(network.member)
    assert {kind for kind, channel in chosen.items() if channel is not Channel.MAIL} == {"meeting_cancelled"}


def test_what_the_night_gathered_of_several_kinds_leads_to_the_preferences(app: Edge, network: Network) -> None:
    made = gathered_by_night(app, network.member, network.group, ("meeting_cancelled", "meeting_changed"))
    assert made["List-Unsubscribe"] == "<https://portal.test/account/notifications>"
    assert made["List-Unsubscribe-Post"] is None
    assert "https://portal.test/account/notifications" in text_of(made)
    assert "/unsubscribe/" not in text_of(made)


def test_what_the_night_gathered_of_a_sensitive_group_stops_for_that_group(
    app: Edge, network: Network, built_front_end: object
) -> None:
    made = gathered_by_night(app, network.secretary, network.closed, ("meeting_cancelled", "meeting_cancelled"))
    assert one_click(app.test_client(), unsubscribe_path(made)) == 200
    assert policy.group_channels(network.secretary) == {network.closed.id: Channel.PORTAL}


@pytest.mark.parametrize("channel", ["mail", "portal", "x"])
def test_nothing_stops_all_that_comes_at_once(
    app: Edge, network: Network, built_front_end: object, channel: str
) -> None:
    before = policy.channels(network.member)
    path = f"/unsubscribe/{tokens.unsubscribe_token(network.member, f'gathered-{channel}')}"
    assert (one_click(app.test_client(), path), app.test_client().get(path).status_code) == (404, 404)
    assert policy.channels(network.member) == before


def test_a_forged_or_foreign_address_stops_nothing(app: Edge, network: Network, built_front_end: object) -> None:
    token = tokens.unsubscribe_token(network.member, "kind-posted")
    client = app.test_client()
    other = token.replace(str(network.member.id), str(network.convener.id), 1)
    huge = "9" * 400 + ".kind-posted." + token.rpartition(".")[2]
    for wrong in (token + "x", token[:-1], other, huge, "x", "..", f"{network.member.id}.kind-posted"):
        assert client.get(f"/unsubscribe/{wrong}").status_code == 404, wrong
        assert one_click(client, f"/unsubscribe/{wrong}") == 404, wrong
    assert policy.channels(network.member)["posted"] is Channel.DAILY


def test_who_left_the_group_is_not_told_its_name(app: Edge, network: Network, built_front_end: object) -> None:
    path = f"/unsubscribe/{tokens.unsubscribe_token(network.member, f'group-{network.group.id}')}"
    client = app.test_client()
    assert network.group.name in client.get(path).text
    leaving = sa.select(Membership).where(Membership.person_id == network.member.id)
    people.remove_member(db.session.scalars(leaving).one(), by=None)
    db.commit()
    assert network.group.name not in client.get(path).text


def test_hours_are_chosen_and_what_is_wrong_is_said(network: Network, sign_in: Sign, built_front_end: object) -> None:
    client = sign_in(network.member)
    form = {"csrf_token": client.csrf, "hour": "8", "weekday": "4", "quiet_from": "18", "quiet_to": "7"}
    assert client.post("/account/notifications/hours", data=form).status_code == 302
    assert policy.hours_of([network.member.id])[network.member.id] == Hours(8, 4, 18, 7)
    for wrong in (
        {"hour": "24"},
        {"hour": "x"},
        {"weekday": "7"},
        {"quiet_to": "-1"},
        {"quiet_to": "18"},
        {"hour": "9" * 99},
    ):
        answer = client.post("/account/notifications/hours", data=form | wrong)
        assert answer.status_code == 422, wrong
        assert "field-error" in answer.text
    assert policy.hours_of([network.member.id])[network.member.id] == Hours(8, 4, 18, 7)
    assert (
        client.post("/account/notifications/hours", data=form | {"quiet_from": "-1", "quiet_to": "-1"}).status_code
        == 302
    )
    db.session.expire_all()
    assert policy.hours_of([network.member.id])[network.member.id] == Hours(8, 4)
    assert policy.hours_of([network.observer.id])[network.observer.id] == Hours()


def test_only_own_groups_are_chosen(network: Network, sign_in: Sign, built_front_end: object) -> None:
    client = sign_in(network.member)
    own, foreign = f"group-{network.group.id}", f"group-{network.closed.id}"
    data = {"csrf_token": client.csrf, own: "weekly", foreign: "mail", "group-x": "mail"}
    assert client.post("/account/notifications/groups", data=data).status_code == 302
    assert policy.group_channels(network.member) == {network.group.id: Channel.WEEKLY}
    assert foreign not in client.get("/account/notifications").text
    assert client.post("/account/notifications/groups", data=data | {own: "loud"}).status_code == 400
    client.post("/account/notifications/groups", data=data | {own: ""})
    db.session.expire_all()
    assert policy.group_channels(network.member) == {}


def test_a_mail_that_waits_for_its_server_is_not_asked_for_again(network: Network) -> None:
    actions.choose_channels(network.member, {"meeting_cancelled": Channel.DAILY}, by=network.member)
    tell(network.member, network.group)
    later = db.now() + timedelta(days=1)
    with time_machine.travel(later, tick=False):
        for _ in range(2):
            letters.gather_due()
            db.commit()
            db.session.execute(sa.update(outbox.Job).values(attempts=1))
            db.commit()
    assert len(db.session.scalars(sa.select(outbox.Job.id)).all()) == 1
