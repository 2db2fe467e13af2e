"""`flask mail`: mail that a mail server hands in. Each message is one transaction."""

from __future__ import annotations

import importlib
import logging
import os
import signal
import sys
import threading

import click
from flask import Flask, current_app
from flask.cli import AppGroup

from portal import db
from portal.notifications.receiving import readers
from portal.notifications.receiving.messages import Unreadable, addresses, read
from portal.notifications.receiving.readers import NotForUs, TooLarge

log = logging.getLogger("portal.mail")
mail = AppGroup("mail", help="Mail that comes in.")

_HEADERS = ("Delivered-To", "X-Original-To", "Envelope-To", "To", "Cc")


def _recipients(content: bytes) -> list[str]:
    """The addresses that a message says it was sent to, the surest first."""
    try:
        return addresses(read(content), *_HEADERS)
    except Unreadable:
        return []


def _take(content: bytes, recipients: list[str]) -> None:
    readers.take(content, recipients)
    db.commit()


@mail.command("deliver")
@click.option("--to", default="", help="The recipient, as the mail server knows it; by default what the message says.")
def deliver(to: str) -> None:
    """Take one message on standard input. Exit codes: 0 done, 65 not for us or too large, 75 try again."""
    content = sys.stdin.buffer.read(readers.largest() + 1)
    try:
        _take(content, [to] if to else _recipients(content))
    except (NotForUs, TooLarge):
        db.rollback()
        sys.exit(os.EX_DATAERR)
    except Exception:
        db.rollback()
        log.exception("mail that came in could not be stored")
        sys.exit(os.EX_TEMPFAIL)


@mail.command("receive")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8024, show_default=True, type=int)
def receive(host: str, port: int) -> None:
    """Listen for a mail server that hands mail in by LMTP, until told to stop (Ctrl-C or SIGTERM)."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # the proxy's own method is not in its stub
    stopping = threading.Event()

    def is_ours(address: str) -> bool:
        with app.app_context():
            db.reads_only(True)
            return readers.reader_of(address) is not None

    def take(content: bytes, address: str) -> None:
        with app.app_context():
            db.reads_only(False)
            _take(content, [address])

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _signal, _frame: stopping.set())
    db.pause()
    lmtp = importlib.import_module("portal.notifications.receiving.lmtp")  # its library is for this command alone
    server = lmtp.LmtpServer(host, port, is_ours=is_ours, take=take, largest=readers.largest())
    server.start()
    click.echo(f"listening on {host}:{port}")
    stopping.wait()
    server.stop()
