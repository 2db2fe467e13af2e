"""Answering a call by the signed links of its mail, without a session."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
import time_machine
from bs4 import BeautifulSoup
from werkzeug.test import TestResponse

from portal import audit, db
from portal.meetings import actions
from portal.meetings.calls import tokens
from portal.meetings.models import Answer, AnswerVia, Invitation
from portal.people import actions as people
from portal.people.models import Membership
from portal.web import Edge
from tests.conftest import Browser, Sign, make_portal
from tests.factories import Network
from tests.meetings.calling import NOW, START, call, invitation_of, invite_guest, mail_to, text_of

pytestmark = pytest.mark.usefixtures("built_front_end")


@pytest.fixture(autouse=True)
def in_november() -> Iterator[None]:
    with time_machine.travel(NOW):
        yield


def link_to(invitation: Invitation) -> str:
    return f"/answers/{tokens.answer_token(invitation)}"


def words(answer: TestResponse) -> str:
    """What a page says; the link to the other language bears the page's own address."""
    return BeautifulSoup(answer.data, "html.parser").get_text()


def answered(invitation: Invitation) -> tuple[Answer | None, AnswerVia | None]:
    db.session.expire_all()
    return invitation.answer, invitation.answered_via


def test_from_the_mail_to_the_answer(app: Edge, network: Network) -> None:
    meeting = call(network.group, network.convener, reply_by=START - timedelta(days=3))
    invitation = invitation_of(meeting, network.member)
    (made,) = mail_to(app, network.member.email)
    links = re.findall(r"https://portal\.test(/answers/\S+)", text_of(made))
    client = app.test_client()
    for link in links:  # a scanner that follows all of them changes nothing
        page = client.get(link)
        assert page.status_code == 200
        assert "Set-Cookie" not in page.headers
        assert client.head(link).status_code == 200
    assert answered(invitation) == (None, None)
    shown = BeautifulSoup(client.get(links[1]).data, "html.parser")
    for text in ("LAMP-möte", "tisdag 24 november 2026", "09.30–15.30", "Rosenbad 4", "lördag 21 november", "Med Lem"):
        assert text in shown.get_text(), text
    (form,) = shown.find_all("form")
    assert [button["value"] for button in form.find_all("button")] == ["online", "on_site", "declined"]
    (first,) = form.find_all("button", class_="btn-primary")
    assert (first["value"], first.get_text(strip=True)) == ("online", "Skicka svaret: På distans")
    assert not form.select("[aria-pressed]"), "nothing looks chosen before it is sent"
    assert "Ditt svar är inte skickat än." in shown.get_text()
    after = client.post(str(form["action"]), data={"answer": "online"}, follow_redirects=True)
    assert after.status_code == 200
    assert "inte skickat än" not in after.text
    assert 'aria-pressed="true"' in after.text
    assert "notice-done" in after.text
    assert "Set-Cookie" not in after.headers
    assert answered(invitation) == (Answer.ONLINE, AnswerVia.LINK)
    entry = db.session.scalars(sa.select(audit.AuditEntry).order_by(audit.AuditEntry.id.desc()).limit(1)).one()
    assert (entry.action, entry.person_id) == ("invitation_answered", network.member.id)
    client.post(link_to(invitation), data={"answer": "declined"})  # the last answer counts
    assert answered(invitation) == (Answer.DECLINED, AnswerVia.LINK)


def test_the_page_says_what_is_sent_and_what_is_not(app: Edge, network: Network) -> None:
    invitation = invitation_of(call(network.group, network.convener), network.member)
    client = app.test_client()
    plain = client.get(link_to(invitation)).text
    odd = client.get(link_to(invitation) + "?answer=perhaps").text
    for page in (plain, odd):
        assert "inte skickat än" not in page
        assert "btn-primary" not in page
    client.post(link_to(invitation), data={"answer": "declined"})
    other = client.get(link_to(invitation) + "?answer=on_site").text
    assert "Ditt nya svar är inte skickat än." in other
    assert "Skicka svaret: På plats" in other
    same = client.get(link_to(invitation) + "?answer=declined").text
    assert "inte skickat än" not in same
    assert "Du har svarat" in same


def test_the_mail_says_that_one_confirms_on_the_page(app: Edge, network: Network) -> None:
    call(network.group, network.convener)
    (made,) = mail_to(app, network.member.email)
    assert "ditt svar skickas först då" in text_of(made)


def test_guests_answer_the_same_way_and_in_english(app: Edge, network: Network) -> None:
    guest = invite_guest(call(network.group, network.convener))
    client = app.test_client()
    assert 'lang="en"' in client.get(link_to(guest) + "?lang=en").text
    answer = client.post(link_to(guest) + "?lang=en", data={"answer": "on_site"})
    assert "lang=en" in answer.headers["Location"]
    assert answered(guest) == (Answer.ON_SITE, AnswerVia.LINK)


def test_s31_no_session_no_token_but_only_from_here(app: Edge, network: Network, sign_in: Sign) -> None:
    """The signed address takes the form token's place; other sites are refused as everywhere."""
    invitation = invitation_of(call(network.group, network.convener), network.member)
    client = app.test_client()
    for site in ("cross-site", "same-site"):
        headers = {"Sec-Fetch-Site": site}
        assert client.post(link_to(invitation), data={"answer": "online"}, headers=headers).status_code == 400
    assert answered(invitation) == (None, None)
    # a foreign session in the browser adds nothing and takes nothing away
    assert sign_in(network.outsider).post(link_to(invitation), data={"answer": "online"}).status_code == 302
    assert answered(invitation) == (Answer.ONLINE, AnswerVia.LINK)


@pytest.mark.parametrize("given", ["", "maybe", "ON_SITE", "on_site\x00", "x" * 1000])
def test_what_is_no_answer_changes_nothing(app: Edge, network: Network, given: str) -> None:
    invitation = invitation_of(call(network.group, network.convener), network.member)
    assert app.test_client().post(link_to(invitation), data={"answer": given}).status_code == 400
    assert answered(invitation) == (None, None)


def wrong_tokens(mine: Invitation, other: Invitation) -> list[str]:
    token, foreign = tokens.answer_token(mine), tokens.answer_token(other)
    number, _dot, signature = token.partition(".")
    return [
        f"{other.id}.{signature}", f"{number}.{foreign.partition('.')[2]}", f"{number}.", number, f".{signature}", f"{number}.{signature}x",
        f"999999.{signature}", f"{2**40}.{signature}", f"-1.{signature}", f"{'9' * 400}.{signature}", f"٣.{signature}", "x", "%F0%9F%A7%AD",
        token.swapcase(), tokens.reply_address(mine).partition("+")[2].partition("@")[0] or "a-b", "." * 50,
    ]  # fmt: skip


def test_wrong_tokens_are_a_page_that_is_not_there(
    app: Edge, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.config["SETTINGS"], "reply_to", "answer@portal.example")
    meeting = call(network.group, network.convener)
    mine, other = invitation_of(meeting, network.member), invitation_of(meeting, network.observer)
    client = app.test_client()
    missing = client.get("/answers/no-such-token")
    for token in wrong_tokens(mine, other):
        answer = client.get(f"/answers/{token}")
        assert (answer.status_code, words(answer)) == (404, words(missing)), token
        assert client.post(f"/answers/{token}", data={"answer": "online"}).status_code == 404
    assert answered(mine) == answered(other) == (None, None)


def test_a_token_dies_with_the_call(app: Edge, network: Network) -> None:
    meetings = [call(network.group, network.convener, title=f"Möte {number}") for number in range(3)]
    cancelled, withdrawn, over = (invitation_of(meeting, network.member) for meeting in meetings)
    client = app.test_client()
    missing = client.get("/answers/no-such-token")
    links = [link_to(invitation) for invitation in (cancelled, withdrawn, over)]
    actions.cancel_meeting(meetings[0], by=network.convener)
    withdrawn.withdrawn_at = db.now()
    db.commit()
    with time_machine.travel(START + timedelta(hours=7)):
        for link in links:
            answer = client.get(link)
            assert (answer.status_code, words(answer)) == (404, words(missing))
            assert client.post(link, data={"answer": "online"}).status_code == 404
    assert client.get(links[2]).status_code == 200


def test_who_left_or_was_shut_out_answers_no_more(app: Edge, network: Network) -> None:
    meeting = call(network.group, network.convener)
    left, shut = invitation_of(meeting, network.member), invitation_of(meeting, network.observer)
    for membership in db.session.scalars(sa.select(Membership).where(Membership.person_id == network.member.id)):
        people.remove_member(membership, by=None)
    people.disable_person(network.observer, by=network.admin)
    db.commit()
    assert [app.test_client().get(link_to(one)).status_code for one in (left, shut)] == [404, 404]


def test_of_a_sensitive_group_only_the_time_is_shown(app: Edge, network: Network) -> None:
    meeting = call(network.closed, network.convener, title="Zebraspaning", place="Grevgatan 1")
    page = app.test_client().get(link_to(invitation_of(meeting, network.secretary))).text
    secrets = ("Zebraspaning", "Grevgatan", "Slutna", "Sek Reterare", "video.example", f"/meetings/{meeting.id}")
    assert [secret for secret in secrets if secret in page] == []
    assert "tisdag 24 november 2026" in page


def test_the_secret_of_one_portal_opens_nothing_in_another(app: Edge, network: Network) -> None:
    invitation = invitation_of(call(network.group, network.convener), network.member)
    link = link_to(invitation)
    kept = app.config["SETTINGS"].secret_key
    try:
        app.config["SETTINGS"].secret_key = type(kept)("another-secret-of-the-tests-that-is-long")
        assert app.test_client().get(link).status_code == 404
    finally:
        app.config["SETTINGS"].secret_key = kept


def test_s45_many_tries_are_slowed_down(tmp_path: Path) -> None:
    app = make_portal(tmp_path, public_limit="5/minute")
    with app.app_context():
        db.Base.metadata.create_all(db.engine())
        client = app.test_client()
        assert isinstance(client, Browser)
        for where in ("/answers/wrong.token", "/calendar/feed/wrong.ics"):
            assert [client.get(where).status_code for _try in range(7)] == [404] * 5 + [429] * 2
        db.session.remove()
        db.engine().dispose()
