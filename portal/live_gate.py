"""The door of the live edge: who is there is asked before a socket is open.

The socket library answers a handshake by itself and asks the app only later, when the browser names what it wants to
join; until then, and after a refusal too, a stranger's connection would stay open as long as it answers pings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from flask import Flask, session

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATH = "/socket.io/"
MOST_SOCKETS = 30  # of one person: more tabs than anybody has, fewer than would hurt
PERSON, SESSION_ROW = "portal.person_id", "portal.session_row_id"
REFUSALS = {401: "401 Unauthorized", 429: "429 Too Many Requests", 503: "503 Service Unavailable"}

Connections = Callable[[], Iterable["WSGIEnvironment"]]


class Gate:
    """A WSGI app around the portal that lets only signed-in people begin a connection, and not too many of each."""

    def __init__(self, app: Flask, connections: Connections) -> None:
        self.app = app
        self.inner: WSGIApplication = app.wsgi_app
        self.connections = connections

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        is_handshake = environ.get("PATH_INFO", "").startswith(PATH) and "sid" not in parse_qs(
            environ.get("QUERY_STRING", "")
        )
        if is_handshake and (status := self._refusal(environ)):
            start_response(REFUSALS[status], [("Content-Type", "text/plain"), ("Cache-Control", "no-store")])
            return [REFUSALS[status].encode()]
        return self.inner(environ, start_response)

    def _refusal(self, environ: WSGIEnvironment) -> int | None:
        """Why this connection may not begin, as a status; a connection that may gets the mark of its person."""
        with self.app.request_context(environ):
            opened: Any = session
            if opened.error is not None:
                return 503
            if opened.person is None:
                return 401
            person_id, environ[SESSION_ROW] = opened.person.id, opened.row_id
        if sum(1 for other in self.connections() if other.get(PERSON) == person_id) >= MOST_SOCKETS:
            return 429
        environ[PERSON] = person_id
        return None
