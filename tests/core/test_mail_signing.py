"""What goes out is signed, and the signature holds when a mail server has had it."""

from __future__ import annotations

from pathlib import Path

import dkim
import pytest
from pydantic import SecretStr

from portal import mail
from portal.mail import CalendarPart, Mail
from portal.web import Edge
from tests import mail_server
from tests.conftest import make_portal

LETTER = Mail(
    "Åsa Ö", "asa@x.example", "Möte på måndag", "Hej där\n\nÅÄÖ\n. punkt\n" + "lång rad " * 200, reply_to="answer+r1@portal.example",
    headers={"References": "<thread.1@portal.example>", "List-Id": "<x.portal.example>"},
    calendar=CalendarPart(b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "REQUEST"),
)  # fmt: skip


def test_the_signature_holds_after_a_real_server(app: Edge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = mail_server.signing_key(tmp_path / "key")
    settings = app.config["SETTINGS"]
    monkeypatch.setattr(settings, "dkim_key_file", str(tmp_path / "key"))
    monkeypatch.setattr(settings, "dkim_selector", "portal1")
    with mail_server.running() as server:
        monkeypatch.setattr(settings, "smtp_url", SecretStr(server.url))
        mail.deliver(LETTER)
    (content,) = server.raw
    assert b"d=portal.example" in content
    asked: list[bytes] = []

    def in_dns(name: bytes, timeout: int = 5) -> bytes:
        asked.append(name)
        return record

    assert dkim.verify(content, dnsfunc=in_dns)
    assert asked == [b"portal1._domainkey.portal.example."]
    for old, new in ((b"Subject: ", b"Subject: X"), (b"thread.1@", b"thread.2@"), (b"answer+r1", b"answer+r2")):
        assert not dkim.verify(content.replace(old, new, 1), dnsfunc=in_dns), old
    assert all(len(line) < 999 and line.isascii() for line in content.splitlines())


def test_without_a_key_nothing_is_signed(app: Edge) -> None:
    mail.deliver(LETTER)
    (made,) = mail_server.kept(app)
    assert made["DKIM-Signature"] is None


def test_a_key_that_is_none_stops_the_mail_and_is_seen(
    app: Edge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.config["SETTINGS"], "dkim_selector", "portal1")
    monkeypatch.setattr(app.config["SETTINGS"], "dkim_key_file", str(tmp_path / "away"))
    with pytest.raises(FileNotFoundError):
        mail.deliver(LETTER)
    (tmp_path / "bad").write_text("-----BEGIN nonsense")
    monkeypatch.setattr(app.config["SETTINGS"], "dkim_key_file", str(tmp_path / "bad"))
    with pytest.raises(dkim.DKIMException):
        mail.deliver(LETTER)
    assert mail_server.kept(app) == []


def test_a_key_needs_its_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="both needed"):
        make_portal(tmp_path, dkim_key_file="key")
