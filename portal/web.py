"""The request edge: who is it, may it be seen, commit or roll back, error pages and headers.

Deny by default (house rule 4): a route needs a session unless its view is marked `@public`, and a view that answered
without having checked access through `find`, `page` or `check` is an error that commits nothing.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from flask import Flask, Request, Response, abort, current_app, g, redirect, request, send_file, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, current_user
from flask_wtf import CSRFProtect
from werkzeug.datastructures import MultiDict
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter, Map
from werkzeug.utils import cached_property

from portal import db, files, rate_limits, web_errors
from portal.errors import Forbidden, NotFound
from portal.rate_limits import counted_apart as counted_apart
from portal.rate_limits import limiter as limiter
from portal.rate_limits import public_limit as public_limit
from portal.web_errors import SAFE_METHODS
from portal.web_errors import is_fragment_request as is_fragment_request  # views ask for it here

log = logging.getLogger("portal.web")
security_log = logging.getLogger("portal.security")

SANDBOX = "sandbox; default-src 'none'; frame-ancestors 'none'"  # of files that people have sent

View = TypeVar("View", bound=Callable[..., Any])
Row = TypeVar("Row")

A_MOMENT = 0.5  # seconds that what was read of the person may be old when the request begins to write
LARGEST_NUMBER = 2**31 - 1  # an INTEGER of PostgreSQL; a greater one could not even be asked for
KEPT_PRIVATELY = "private, no-cache"  # the one exception from no-store: calendar feeds, which belong to no session
LARGEST_FORM = 4_000_000  # bytes, without files
LARGEST_PIECE = 16_000_000  # bytes, of a file that is sent in pieces
PIECE = "application/offset+octet-stream"  # tus 1.0
LARGEST_OPEN_FORM = 10_000  # where anybody may send one: the sign-in page
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
csrf = CSRFProtect()
login_manager = LoginManager()
login_manager.session_protection = None  # it would write into each new session, also when somebody only reads


def public(view: View) -> View:
    """Mark a view that answers without a session. The list of them is fixed in tests/test_access.py."""
    view.is_public = True  # type: ignore[attr-defined]  # a mark on a function
    return view


def writes_on_get(view: View) -> View:
    """Mark a GET view that writes: only the steps of sign-in, which other sites start by a link."""
    view.writes_on_get = True  # type: ignore[attr-defined]  # a mark on a function
    return view


def current_person() -> Any:
    """The signed-in `Person`. Only for views behind the gate: without a session it answers 401."""
    if not current_user.is_authenticated:
        abort(401)
    return current_user._get_current_object()


class RowNumber(IntegerConverter):
    """The number of a row in an address; one that no database could hold is no address of ours."""

    def __init__(self, url_map: Map) -> None:
        super().__init__(url_map, max=LARGEST_NUMBER)


def number_of(name: str) -> int | None:
    """A whole number of the query, None if it is not there or none that a database could hold."""
    number = request.args.get(name, type=int)
    return number if number is not None and abs(number) <= LARGEST_NUMBER else None


def form_number(name: str) -> int | None:
    """A whole number of the form, None if it is not there or none that a database could hold."""
    number = request.form.get(name, type=int)
    return number if number is not None and abs(number) <= LARGEST_NUMBER else None


# --- checks of access -------------------------------------------------------------------------------------------------


def kept() -> list[str]:
    """The finds of the guard that the author of this form has ticked."""
    return request.form.getlist("guard_keep")[:200]


def find(visible: sa.Select[Row]) -> Row:
    """The one row of a `visible_…` query. Not visible and missing are the same 404, to the byte."""
    g.access_checked = True
    row = db.session.scalars(visible.limit(1)).unique().first()
    if row is None:
        raise NotFound
    return row


def page(visible: sa.Select[Row], *, limit: int) -> Sequence[Row]:
    """The first `limit` rows of a `visible_…` query."""
    g.access_checked = True
    return db.session.scalars(visible.limit(limit)).unique().all()


def check(allowed: bool) -> None:
    """Go on only if a policy said yes; otherwise 403."""
    g.access_checked = True
    if not allowed:
        raise Forbidden


# --- the edge itself --------------------------------------------------------------------------------------------------


class _Asked(Request):
    """A request. Null characters are dropped from what somebody searches for: they come with pasted text, and mean nothing."""

    @cached_property
    def args(self) -> MultiDict[str, str]:
        """What stands behind the question mark of the address."""
        given = super().args.items(multi=True)
        cleaned = ((key, value.replace("\x00", "") if key == "q" else value) for key, value in given)
        return self.parameter_storage_class(cleaned)


class Edge(Flask):
    """A Flask app whose every request ends in one commit or one rollback."""

    request_class = _Asked

    def dispatch_request(self) -> ResponseReturnValue:
        """Let the view answer, then commit an answer below 400 and roll back any other."""
        response = self.make_response(super().dispatch_request())
        view = self.view_functions.get(request.endpoint or "")
        if response.status_code >= 400:
            db.rollback(keep_traces=True)  # a form that is not taken may stand on a page that shows all the rest
        else:
            is_open = getattr(view, "is_public", False) or request.endpoint == "static" or request.method == "OPTIONS"
            if not is_open and not g.get("access_checked"):
                raise RuntimeError(f"{request.endpoint} answered without checking access")
            db.commit()
            if not is_open and request.method not in SAFE_METHODS and request.mimetype != PIECE:
                _say_that_it_arrived()
        db.reads_only(True)
        db.write_traces()
        return response


def _say_that_it_arrived() -> None:
    """The next page bears the name that the browser gave the form: what it keeps as drafts of its texts can go."""
    name = request.form.get("draft_sent", "")
    if _UUID.fullmatch(name):
        session["arrived"] = [*session.get("arrived", ()), name][-20:]


def _gate() -> ResponseReturnValue | None:
    """Runs before every view: refuses foreign origins and strangers, and opens the right kind of transaction."""
    view = current_app.view_functions.get(request.endpoint or "")
    if "\x00" in request.path or any("\x00" in value for _key, value in request.args.items(multi=True)):
        abort(400)  # no text of ours has it, and PostgreSQL cannot even be asked for it
    is_writing = request.method not in SAFE_METHODS
    if is_writing and request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        abort(400)
    is_open = request.endpoint in {None, "static"} or getattr(view, "is_public", False)
    if not is_open and (error := getattr(session, "error", None)) is not None:
        raise error
    if not is_open and not current_user.is_authenticated:
        if request.method != "GET" or is_fragment_request():
            abort(401)
        return redirect(url_for("auth.sign_in", next=request.full_path.rstrip("?")))
    began = time.monotonic()
    if is_writing and request.endpoint is not None:  # what is sent to nowhere is not read
        _read_form(is_open=is_open)
    if is_writing or getattr(view, "writes_on_get", False):
        if time.monotonic() - began < A_MOMENT:
            db.end_reading()
        else:  # much can have happened to the person while the network brought the body
            db.rollback()
            if not is_open and not session.stands():  # type: ignore[attr-defined]  # ours, see auth/sessions.py
                abort(401)
            db.rollback()
        db.reads_only(False)
    return None


def _read_form(*, is_open: bool) -> None:
    """Read the whole body before a transaction is open, however slow the network is. Of a stranger, a small one only.

    A piece of a file is left to its view, which reads it outside a transaction.
    """
    if is_open:
        request.max_content_length = LARGEST_OPEN_FORM
    elif request.mimetype == PIECE:
        request.max_content_length = LARGEST_PIECE
    elif request.mimetype != "multipart/form-data":  # parsed in memory as one piece
        request.max_content_length = LARGEST_FORM
    request.form  # noqa: B018  # it is the reading that counts


def send_content(sha256: str, *, media_type: str, name: str = "") -> Response:
    """A stored content in a sandbox: nothing in it may run here (security.md, number 35). With a name it is a download,
    without one it is for a page of ours to show. Raises `FileNotFoundError` if it is gone.
    """
    path = files.path_of(sha256)
    if not path.exists():
        raise FileNotFoundError(f"the content {sha256} is gone")
    answer: Response = send_file(
        path,
        mimetype=media_type,
        as_attachment=bool(name),
        download_name=name or None,
        etag=False,
        conditional=not name,
    )
    answer.headers["Content-Security-Policy"] = SANDBOX
    if not name:
        answer.headers["Content-Disposition"] = "inline"
    return answer


def safe_next(target: str | None) -> str:
    """Where to go after sign-in: an own relative path, or the start page (security.md, number 41)."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return url_for("home.today")
    if any(ord(char) < 32 or char == "\\" for char in target):
        return url_for("home.today")
    return target


# --- headers ----------------------------------------------------------------------------------------------------------


def _headers(response: Response) -> Response:
    settings = current_app.config["SETTINGS"]
    socket_origin = settings.base_url.replace("http", "ws", 1)
    response.headers.setdefault(
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
        f"connect-src 'self' {socket_origin}; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    if settings.is_https:
        response.headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    if request.endpoint == "static" and response.status_code in {200, 206, 304}:
        if request.path.startswith("/static/build/"):  # the name carries the content's hash
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    elif response.headers.get("Cache-Control") != KEPT_PRIVATELY:
        response.headers["Cache-Control"] = "no-store"
    return response


def init_app(app: Edge) -> None:
    """Put the edge around the app."""
    settings = app.config["SETTINGS"]
    app.config.update(
        TRUSTED_HOSTS=settings.hosts,  # no address of a page is ever made from a foreign Host header
        SECRET_KEY=settings.secret_key.get_secret_value(),
        MAX_CONTENT_LENGTH=settings.max_upload_bytes + 200_000,  # the file and the form around it
        MAX_FORM_MEMORY_SIZE=LARGEST_FORM,
        WTF_CSRF_TIME_LIMIT=None,  # the token lives as long as its session
        WTF_CSRF_SSL_STRICT=False,  # Referer is never sent (Referrer-Policy); Sec-Fetch-Site is checked instead
    )
    if settings.trusted_proxies:  # limits and the log are about browsers, not about the proxy in front of us
        behind = ProxyFix(app.wsgi_app, x_for=settings.trusted_proxies, x_proto=0, x_host=0)
        app.wsgi_app = behind  # type: ignore[method-assign]  # the way that Flask's documentation shows
    app.url_map.converters["int"] = RowNumber
    rate_limits.init_app(app)  # before the gate: what comes too often is not even read
    app.before_request(_gate)
    csrf.init_app(app)
    login_manager.init_app(app)
    app.after_request(_headers)
    web_errors.init_app(app)


@login_manager.request_loader
def _person_of_session(_request: object) -> Any:
    """Flask-Login's user is the person of the server-side session, nothing else."""
    return getattr(session, "person", None)
