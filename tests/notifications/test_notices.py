"""Notices in the portal, by mail at once and in the mail of the day; what each wishes, and what mail may say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from bs4 import BeautifulSoup
from pydantic import SecretStr

from portal import audit, db, outbox
from portal.notifications import actions, kinds, letters, policy, reminders
from portal.notifications.models import Channel, Notice, Once
from portal.people import actions as people
from portal.people.models import Group, Membership, Person
from portal.web import Edge
from tests import mail_server
from tests.conftest import Sign
from tests.factories import Network

KIND = "meeting_called"
SECRET_TITLE = "Zebraspaning"
MORNING = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)  # 07.30 in Sweden


@pytest.fixture
def server(app: Edge, monkeypatch: pytest.MonkeyPatch) -> Iterator[mail_server.MailServer]:
    with mail_server.running() as made:
        monkeypatch.setattr(app.config["SETTINGS"], "smtp_url", SecretStr(made.url))
        yield made


def tell(*persons: Person, group: Group | None, title: str = "LAMP", kind: str = KIND, **more: Any) -> None:
    actions.notify(
        persons,
        kind,
        group=group,
        path="/meetings/7",
        by=None,
        title=title,
        starts_at="2026-12-01T08:30:00+00:00",
        **more,
    )
    db.commit()


def choose(person: Person, channel: Channel, kind: str = KIND) -> None:
    actions.choose_channels(person, {kind: channel}, by=person)
    db.commit()


def send_all_due(person_id: int) -> None:
    """Whatever is gathered for the person, as if its hour had come."""
    db.session.execute(sa.update(Notice).where(Notice.due_at.is_not(None)).values(due_at=db.now()))
    db.commit()
    letters.send_gathered(person_id=person_id)


def text_of(made: Any) -> str:
    return str(made.get_content()).replace("\r\n", "\n").replace("\N{NO-BREAK SPACE}", " ")


def test_a_notice_comes_to_the_portal_and_by_mail(
    app: Edge, network: Network, sign_in: Sign, built_front_end: object
) -> None:
    tell(network.member, network.observer, group=network.group)
    outbox.run_all()
    assert {made["To"].addresses[0].addr_spec for made in mail_server.kept(app)} == {
        network.member.email, network.observer.email,
    }  # fmt: skip
    made = mail_server.kept(app)[0]
    assert "LAMP" in made["Subject"]
    assert "https://portal.test/meetings/7" in text_of(made)
    client = sign_in(network.member)
    page = client.get("/notices").text
    assert "LAMP" in page
    assert "Aviseringar: 1 oläst" in client.get("/").text
    client.post("/notices/read-marks", data={"csrf_token": client.csrf, "until": str(2**31 - 1)})
    assert policy.unread_count(network.member) == 0
    assert policy.unread_count(network.observer) == 1  # only one's own


def test_the_doer_is_not_told(app: Edge, network: Network) -> None:
    actions.notify([network.member, network.convener], KIND, group=network.group, path="/", by=network.member)
    db.commit()
    assert db.session.scalars(sa.select(Notice.person_id)).all() == [network.convener.id]
    actions.notify([network.member], KIND, group=network.group, path="/", by=network.member)
    db.commit()
    assert len(db.session.scalars(sa.select(Notice.id)).all()) == 1


def test_told_twice_in_one_breath_is_told_once(network: Network) -> None:
    tell(network.member, network.member, group=network.group)
    assert len(db.session.scalars(sa.select(Notice.id)).all()) == 1


def test_mail_about_a_sensitive_group_says_nothing(app: Edge, network: Network) -> None:
    tell(network.convener, group=network.closed, title=SECRET_TITLE)
    choose(network.secretary, Channel.DAILY)
    tell(network.secretary, group=network.closed, title=SECRET_TITLE)
    tell(network.secretary, group=network.closed, title=SECRET_TITLE)
    outbox.run_all()
    send_all_due(network.secretary.id)
    db.commit()
    at_once, of_the_day = mail_server.kept(app)
    for made in (at_once, of_the_day):
        whole = made.as_string() + text_of(made)
        for secret in (SECRET_TITLE, network.closed.name, network.closed.slug, "/meetings/7", "09.30"):
            assert secret not in whole
        assert "https://portal.test\n" in text_of(made)
    assert text_of(of_the_day).count("https://portal.test\n") == 1  # the same line once


def test_who_left_the_group_gets_nothing(app: Edge, network: Network) -> None:
    tell(network.member, group=network.group)
    choose(network.observer, Channel.DAILY)
    tell(network.observer, group=network.group)
    for membership in db.session.scalars(
        sa.select(Membership).where(Membership.person_id.in_([network.member.id, network.observer.id]))
    ):
        people.remove_member(membership, by=None)
    db.commit()
    outbox.run_all()
    send_all_due(network.observer.id)
    db.commit()
    assert mail_server.kept(app) == []
    assert policy.unread_count(network.member) == 0
    assert db.session.scalars(sa.select(Notice.id).where(Notice.due_at.is_not(None))).all() == []


def test_a_closed_account_gets_nothing(app: Edge, network: Network) -> None:
    choose(network.observer, Channel.DAILY)
    tell(network.member, network.observer, group=network.group)
    for person in (network.member, network.observer):
        people.disable_person(person, by=network.admin)
    db.commit()
    outbox.run_all()
    send_all_due(network.observer.id)
    send_all_due(999_999)
    letters.send_notice(notice_id=999_999)
    db.commit()
    assert mail_server.kept(app) == []


@pytest.mark.parametrize("language", ["sv", "en", "xx", "", "\x01!"])
def test_each_reads_the_own_language(app: Edge, network: Network, language: str) -> None:
    network.member.language = language
    tell(network.member, group=network.group)
    outbox.run_all()
    (made,) = mail_server.kept(app)
    assert ("Tue 1 Dec at 09:30" if language == "en" else "tis 1 dec kl. 09.30") in made["Subject"]
    assert ("Tue 1 Dec at 09:30" if language == "en" else "tis 1 dec kl. 09.30") in text_of(made)


def test_a_title_with_line_breaks_makes_no_header(app: Edge, network: Network) -> None:
    tell(network.member, group=network.group, title="LAMP\r\nBcc: evil@evil.example\r\n\r\nText")
    outbox.run_all()
    (made,) = mail_server.kept(app)
    assert "Bcc" not in made
    assert "LAMP Bcc: evil@evil.example Text" in made["Subject"]


def test_only_in_the_portal(app: Edge, network: Network) -> None:
    choose(network.member, Channel.PORTAL)
    tell(network.member, group=network.group)
    tell(network.observer, group=network.group, mailed=[network.observer.id])  # gets a calendar mail about it
    outbox.run_all()
    assert mail_server.kept(app) == []
    assert policy.unread_count(network.member) == policy.unread_count(network.observer) == 1


def at(moment: datetime) -> Any:
    return time_machine.travel(moment, tick=False)


def gather() -> None:
    letters.gather_due()
    db.commit()
    outbox.run_all()


def test_the_mail_of_the_day(app: Edge, network: Network) -> None:
    choose(network.member, Channel.DAILY)
    with at(MORNING - timedelta(hours=10)):
        for title in ("Första", "Andra", "Läst redan"):
            tell(network.member, group=network.group, title=title)
        newest = policy.visible_notices(network.member).limit(1)
        read = db.session.scalars(newest).one()
        read.read_at = db.now()
        db.commit()
        outbox.run_all()
    with at(MORNING - timedelta(hours=1)):  # 06.30
        gather()
    assert mail_server.kept(app) == []
    with at(MORNING):
        gather()
        tell(network.member, group=network.group, title="Efter sju")
        gather()
    with at(MORNING + timedelta(minutes=20)):
        gather()
    (made,) = mail_server.kept(app)  # one a day, however often the worker looks
    assert made["Subject"].startswith("2 ")
    assert "Första" in text_of(made)
    assert "Andra" in text_of(made)
    assert "Läst redan" not in text_of(made)
    assert "Efter sju" not in text_of(made)
    with at(MORNING + timedelta(days=1, hours=5)):  # the worker was away in the morning
        gather()
    assert "Efter sju" in text_of(mail_server.kept(app)[1])
    with at(MORNING + timedelta(days=2)):
        gather()
    assert len(mail_server.kept(app)) == 2  # nothing new, no mail


def test_what_comes_while_the_mail_of_the_day_goes_out_is_not_lost(
    app: Edge, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose(network.member, Channel.DAILY)
    tell(network.member, group=network.group, title="Först")
    person_id, group_id = network.member.id, network.group.id

    class Meanwhile(mail_server.MailServer):
        async def handle_DATA(self, *words: Any) -> str:
            with app.app_context():
                tell(
                    db.session.get_one(Person, person_id), group=db.session.get_one(Group, group_id), title="Samtidigt"
                )
            return await super().handle_DATA(*words)

    with mail_server.running(make=Meanwhile) as server:
        monkeypatch.setattr(app.config["SETTINGS"], "smtp_url", SecretStr(server.url))
        send_all_due(person_id)
        db.commit()
    waiting = db.session.scalars(sa.select(Notice).where(Notice.due_at.is_not(None))).all()
    assert [notice.details["title"] for notice in waiting] == ["Samtidigt"]


def test_a_server_that_is_away_loses_nothing(app: Edge, network: Network, server: mail_server.MailServer) -> None:
    server.answer = "451 not now"
    tell(network.member, group=network.group)
    outbox.run_all()
    assert server.taken == []
    job = db.session.scalars(sa.select(outbox.Job)).one()
    assert job.error is not None
    assert "451" in job.error
    server.answer = "250 OK"
    job.run_at = db.now()
    db.commit()
    outbox.run_all()
    assert len(server.taken) == 1
    assert db.session.scalars(sa.select(outbox.Job)).all() == []


def test_an_address_that_is_refused_is_noted_and_given_up(
    app: Edge, network: Network, server: mail_server.MailServer
) -> None:
    server.recipient_answer = "550 no such person"
    tell(network.member, group=network.group)
    outbox.run_all()
    assert db.session.scalars(sa.select(outbox.Job)).all() == []
    noted = db.session.scalars(sa.select(audit.AuditEntry).where(audit.AuditEntry.action == "mail_refused")).one()
    assert noted.details == {"person_id": network.member.id}


def test_a_job_that_runs_again_after_a_crash_says_the_same(app: Edge, network: Network) -> None:
    tell(network.member, group=network.group)
    notice = db.session.scalars(sa.select(Notice)).one()
    for _time in range(2):
        letters.send_notice(notice_id=notice.id)
        db.commit()
    first, second = mail_server.kept(app)
    assert first["Message-ID"] == second["Message-ID"]  # so that mail programs show it once


def test_preferences(app: Edge, network: Network, sign_in: Sign, built_front_end: object) -> None:
    client = sign_in(network.member)
    page = client.get("/account/notifications").text
    assert page.count('type="radio"') == 5 * len(kinds.all_kinds())
    form = {"csrf_token": client.csrf}
    for kind, value, status in (
        (KIND, "portal", 302), ("action_due", "daily", 302), (KIND, "nonsense", 400), ("no_such_kind", "mail", 302),
    ):  # fmt: skip
        assert client.post("/account/notifications", data=form | {kind: value}).status_code == status
    chosen = policy.channels(network.member)
    assert (chosen[KIND], chosen["action_due"], chosen["action_overdue"]) == (
        Channel.PORTAL,
        Channel.DAILY,
        Channel.MAIL,
    )
    assert policy.channels(network.observer)[KIND] is Channel.MAIL
    client.post("/account/notifications", data=form | {KIND: "mail"})
    client.post("/account/notifications", data=form | {KIND: "mail"})
    db.session.expire_all()
    assert policy.channels(network.member)[KIND] is Channel.MAIL


def test_one_choice_for_all_under_a_heading(
    app: Edge, network: Network, sign_in: Sign, built_front_end: object
) -> None:
    client = sign_in(network.member)
    page = BeautifulSoup(client.get("/account/notifications").data, "html.parser")
    (row,) = [row for row in page.select("tr.section") if "Datumförslag" in row.get_text()]
    number = str(row.find_all("button")[2]["value"]).partition(":")[0]
    assert [button["value"] for button in row.find_all("button")] == [
        f"{number}:{channel}" for channel in ("mail", "hourly", "daily", "weekly", "portal")
    ]
    sent = {"csrf_token": client.csrf, "action_due": "portal", "poll_closed": "mail", "all": f"{number}:daily"}
    assert client.post("/account/notifications", data=sent).status_code == 302
    chosen = policy.channels(network.member)
    polls = {kind.name for kind in kinds.all_kinds() if str(kind.section) == "Datumförslag" or "poll" in kind.name}
    assert {chosen[name] for name in polls} == {Channel.DAILY}
    assert (chosen["action_due"], chosen["meeting_called"]) == (Channel.PORTAL, Channel.MAIL), (
        "what was chosen beside it"
    )
    for wrong in ("99:daily", "-1:daily", ":daily", "x:mail", f"{number}:nonsense", "٣:daily"):
        data = {"csrf_token": client.csrf, "all": wrong}
        assert client.post("/account/notifications", data=data).status_code == 400, wrong


def test_the_list_goes_on_and_forgets_kinds_that_are_gone(
    network: Network, sign_in: Sign, built_front_end: object
) -> None:
    for number in range(60):
        tell(network.member, group=network.group, title=f"Möte nr {number}")
    db.session.add(Notice(person=network.member, kind="no_longer", details={"x": 1}, path="/"))
    db.commit()
    client = sign_in(network.member)
    first = client.get("/notices").text
    assert "Möte nr 59" in first
    assert "Möte nr 5," not in first
    oldest_shown = db.session.scalars(policy.visible_notices(network.member).offset(49).limit(1)).one().id
    assert "Möte nr 5," in client.get(f"/notices?before={oldest_shown}").text
    assert client.get("/notices?before=99999999999999999999").status_code == 200
    assert client.get("/notices?before=3000000000").status_code == 200  # more than a row's number can be
    assert client.get("/meetings/3000000000").status_code == 404
    for wrong in ("", "x", "3000000000", "9" * 30):
        assert client.post("/notices/read-marks", data={"csrf_token": client.csrf, "until": wrong}).status_code == 400


def test_a_reminder_is_given_once(network: Network) -> None:
    assert [reminders.claim_once("a"), reminders.claim_once("a"), reminders.claim_once("b")] == [True, False, True]
    db.rollback()
    assert reminders.claim_once("a") is True  # what was not stored was not given
    db.commit()
    assert reminders.claim_once("a") is False


def test_old_notices_are_forgotten(network: Network) -> None:
    tell(network.member, group=network.group)
    reminders.claim_once("kept")
    db.commit()
    with at(datetime.now(UTC) + timedelta(days=200)):
        reminders.forget_old()
        db.commit()
    assert db.session.scalars(sa.select(Notice)).all() == []
    assert db.session.scalars(sa.select(Once.key)).all() == ["kept"]


# --- the centre -------------------------------------------------------------------------------------------------------


def test_notices_stand_by_day_and_are_narrowed(network: Network, sign_in: Sign, built_front_end: object) -> None:
    with at(datetime(2026, 11, 23, 9, tzinfo=UTC)):
        tell(network.member, group=network.group, title="Måndagens")
    with at(datetime(2026, 11, 23, 23, 30, tzinfo=UTC)):  # half past twelve on Tuesday in Sweden
        tell(network.member, group=network.group, title="Nattens")
    db.session.add(
        Notice(
            person=network.member,
            kind="meeting_cancelled",
            details={"title": "Annat", "starts_at": "2026-12-01"},
            path="/",
        )
    )
    db.commit()
    client = sign_in(network.member)
    page = client.get("/notices").text
    assert page.index("Nattens") < page.index("Måndagens")
    assert "tisdag 24 november" in page[: page.index("Nattens")]
    assert "måndag 23 november" in page[page.index("Nattens") : page.index("Måndagens")]
    narrowed = client.get("/notices?kind=meeting_cancelled").text
    assert ("Annat" in narrowed, "Nattens" in narrowed) == (True, False)
    for wrong in ("nonsense", "x" * 500, "%3Cscript%3E"):
        assert "Annat" in client.get(f"/notices?kind={wrong}").text


def test_one_notice_is_marked_as_read_and_unread_again(
    network: Network, sign_in: Sign, built_front_end: object
) -> None:
    tell(network.member, group=network.group, title="Ensamt")
    tell(network.member, group=network.group, title="Två")
    first = db.session.scalars(sa.select(Notice).order_by(Notice.id)).first()
    assert first is not None
    client, where = sign_in(network.member), f"/notices/{first.id}/read-mark"
    answer = client.post(where, data={"csrf_token": client.csrf, "read": "1", "unread": "1", "kind": first.kind})
    assert answer.headers["Location"].endswith(f"kind={first.kind}&unread=1#notice-{first.id}")
    unread = client.get("/notices?unread=1").text
    assert ("Ensamt" in unread, "Två" in unread) == (False, True)
    client.post(where, data={"csrf_token": client.csrf, "read": "0"})
    db.session.expire_all()
    assert first.read_at is None
    assert client.post(where, data={"csrf_token": client.csrf, "read": "x"}).status_code == 400
    other = sign_in(network.observer)
    assert other.post(where, data={"csrf_token": other.csrf, "read": "1"}).status_code == 404
    db.session.expire_all()
    assert first.read_at is None
