"""Server-side sessions: the cookie carries a random id, the database everything else.

The session is looked up at every request, so that logging out, disabling a person, a provider or an organisation takes
effect at the next click (security.md, numbers 16-19). The limits of time are kept here, not in the cookie.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask import Flask, Request, Response, current_app
from flask.sessions import SessionInterface, SessionMixin
from sqlalchemy.orm import Session
from werkzeug.datastructures import CallbackDict

from portal import db, live, outbox
from portal.auth.models import BrowserSession, IdentityProvider
from portal.people import closing
from portal.people.models import Person

log = logging.getLogger("portal.auth")

TOUCH_EVERY = timedelta(minutes=1)
ANONYMOUS_LIFETIME = timedelta(minutes=15)  # long enough for one sign-in

_OF_TOKEN = sa.select(BrowserSession).where(BrowserSession.id_hash == sa.bindparam("id_hash"))


def hash_id(token: str) -> str:
    """What is stored of a session id."""
    return hashlib.sha256(token.encode()).hexdigest()


class PortalSession(CallbackDict[str, Any], SessionMixin):
    """What Flask calls the session: a dict whose content lies in the database."""

    def __init__(self, initial: dict[str, Any] | None = None, *, token: str | None = None) -> None:
        def changed(mapping: CallbackDict[str, Any]) -> None:
            mapping.modified = True  # type: ignore[attr-defined]  # the mapping is this very object

        super().__init__(initial, changed)
        self.token = token  # None: no session yet
        self.modified = False
        self.row_id: int | None = None
        self.person: Person | None = None
        self.created_at: datetime | None = None
        self.language: str | None = None  # of the person, as `theme`: known also when the database is away
        self.theme = "auto"
        self.error: Exception | None = None  # why nobody can tell whose session it is; the edge raises it
        self.is_due = False  # to have its sign of life renewed
        self.set_cookie = False

    def stands(self) -> bool:
        """Whether the session is still valid now: asked once more when a request has been long under way."""
        row = db.session.get(BrowserSession, self.row_id) if self.row_id is not None else None
        return row is not None and is_valid(row, db.now())


class ServerSessions(SessionInterface):
    """Opens and saves `PortalSession`s."""

    def get_cookie_name(self, app: Flask) -> str:
        """`__Host-` binds the cookie to this host over TLS; a portal on plain loopback (demo) cannot use the prefix."""
        return "__Host-session" if app.config["SETTINGS"].is_https else "session"

    def open_session(self, app: Flask, request: Request) -> PortalSession:
        """The session of the request's cookie, or an empty one if it is unknown, too old or has been ended.

        That the database does not answer is raised by the edge, which can make a page of it; here it could not.
        """
        db.reads_only(True)  # the look-up only reads; the edge opens the writing transaction when the body has arrived
        token = request.cookies.get(self.get_cookie_name(app), "")
        if request.path.startswith("/static/") or not (20 <= len(token) <= 100):
            return PortalSession()
        try:
            row = db.session.scalar(_OF_TOKEN, {"id_hash": hash_id(token)})
        except sa.exc.SQLAlchemyError as error:
            opened = PortalSession()
            opened.error = error
            return opened
        if row is None or not is_valid(row, db.now()):
            return PortalSession()
        opened = PortalSession(dict(row.data), token=token)
        opened.row_id, opened.person, opened.created_at = row.id, row.person, row.created_at
        if row.person is not None:
            opened.language, opened.theme = row.person.language, row.person.theme
        # what a page asks for by itself is no sign of life of the person
        opened.is_due = db.now() - row.seen_at >= TOUCH_EVERY and request.headers.get("X-By-Itself") != "1"
        return opened

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Store what changed, in its own transaction after the request's, and hand the cookie out once.

        The request's own transaction is stored by now: that the session cannot be saved (a message for the next page, a
        sign of life) may not say otherwise.
        """
        assert isinstance(session, PortalSession)
        try:
            if session.modified and session.token is None and session:
                start(session)
            elif session.token is not None and response.status_code < 500 and (session.modified or session.is_due):
                _save(session.token, **({"data": dict(session)} if session.modified else {}))
        except sa.exc.SQLAlchemyError:
            log.warning("a session could not be saved", exc_info=True)
        if session.set_cookie and session.token is not None:
            response.set_cookie(
                self.get_cookie_name(app), session.token,
                path="/", secure=app.config["SETTINGS"].is_https, httponly=True, samesite="Lax",
            )  # fmt: skip


def _save(token: str, **values: Any) -> None:
    with db.transaction() as own:
        row = sa.update(BrowserSession).where(BrowserSession.id_hash == hash_id(token))
        own.execute(row.values(seen_at=db.now(), **values))


def is_valid(row: BrowserSession, at: datetime) -> bool:
    """Whether the session may still be used: not idle, not too old, and its person, provider and organisation stand."""
    settings = current_app.config["SETTINGS"]
    if row.person is None:
        return at - row.created_at < ANONYMOUS_LIFETIME
    if at - row.seen_at >= timedelta(minutes=settings.session_idle_minutes):
        return False
    if at - row.created_at >= timedelta(hours=settings.session_hours):
        return False
    return row.person.is_active and (row.provider is None or row.provider.is_active)


def start(
    session: PortalSession,
    *,
    person: Person | None = None,
    provider: IdentityProvider | None = None,
    user_agent: str = "",
) -> None:
    """Give the browser a new session with a new id, and end the one it had (no fixation; security.md, number 17).

    `person` None starts an anonymous session, which only a sign-in under way needs.
    """
    old = session.token
    session.token, session.set_cookie = secrets.token_urlsafe(32), True
    session["csrf_token"] = secrets.token_hex(20)  # where the form library looks for it
    row = BrowserSession(
        id_hash=hash_id(session.token),
        person_id=person.id if person else None,
        provider_id=provider.id if provider else None,
        user_agent=user_agent[:200],
        data=dict(session),
    )

    def write(into: Session) -> None:
        if old is not None:
            into.execute(sa.delete(BrowserSession).where(BrowserSession.id_hash == hash_id(old)))
        into.add(row)

    if person is not None:
        write(db.session())  # with the sign-in itself, in one transaction
        session.person = person
    else:
        db.pause()
        with db.transaction() as own:
            write(own)
            own.flush()
            session.row_id = row.id
    session.modified = False


def end(condition: sa.ColumnElement[bool]) -> int:
    """End all sessions that fit the condition, in the present transaction; returns how many. Their sockets go with them."""
    ended = sa.delete(BrowserSession).where(condition).returning(BrowserSession.id)
    ids = list(db.session.scalars(ended, execution_options={"synchronize_session": False}))
    live.drop_sessions(ids)
    return len(ids)


@closing.also_end
def end_for(person_ids: Collection[int]) -> None:
    """End every session of these people. Opening the account again does not bring them back."""
    end(BrowserSession.person_id.in_(person_ids))


def valid_ids(row_ids: Iterable[int]) -> set[int]:
    """Which of these session rows are still good."""
    rows = db.session.scalars(sa.select(BrowserSession).where(BrowserSession.id.in_(list(row_ids)))).unique()
    return {row.id for row in rows if is_valid(row, db.now())}


@outbox.every(timedelta(minutes=10))
def sweep() -> int:
    """Delete sessions that are over; returns how many. The worker does this once in a while."""
    settings = current_app.config["SETTINGS"]
    at = db.now()
    return end(
        sa.or_(
            BrowserSession.created_at < at - timedelta(hours=settings.session_hours),
            BrowserSession.seen_at < at - timedelta(minutes=settings.session_idle_minutes),
            sa.and_(BrowserSession.person_id.is_(None), BrowserSession.created_at < at - ANONYMOUS_LIFETIME),
        )
    )
