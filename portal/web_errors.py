"""The answers to what goes wrong: a page or a sentence in the user's language that says nothing about the inside."""

from __future__ import annotations

import logging
import re
from typing import Any, cast

import sqlalchemy as sa
from flask import Flask, Response, current_app, json, render_template, request
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from markupsafe import Markup
from werkzeug.exceptions import HTTPException, InternalServerError, RequestEntityTooLarge

from portal import db, files, rate_limits
from portal.errors import Conflict, Forbidden, Invalid, NotFound, PortalError, TooSoon

log = logging.getLogger("portal.web")
security_log = logging.getLogger("portal.security")

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
GIVES_BACK = frozenset({400, 401, 403, 404, 409, 422, 429})
LARGEST_GIVEN_BACK = 1_000_000  # bytes of a form of somebody who is not signed in
# Names of fields that somebody writes in, also as a part of a name such as "text-17". Never what a form carries by itself
# (tokens, ids, choices), never an address or a secret.
WRITTEN = frozenset({
    "answer", "body", "comment", "description", "guests", "guidance", "help", "link", "name", "note", "options", "place", "practical", "publisher", "reason",
    "result", "text", "title", "topics", "words",
})  # fmt: skip


def is_fragment_request() -> bool:
    """Whether a script of ours asks for a part of a page rather than the page."""
    return request.headers.get("X-Fragment") == "1" or request.args.get("fragment") == "1"


_STATUS: dict[type[PortalError], int] = {NotFound: 404, Forbidden: 403, Conflict: 409, Invalid: 422}


def _error_text(status: int) -> tuple[str, str]:
    """Heading and sentence of an error page."""
    return {
        400: (_("The form could not be read"), _("Go back, load the page again and send it once more.")),
        401: (_("You need to sign in"), _("Your session has ended. Sign in again.")),
        403: (_("You may not do this"), _("Ask the group's convener if you think that you should.")),
        404: (_("The page is not here"), _("This page does not exist or is not shared with you.")),
        405: (_("The page is not here"), _("This page does not exist or is not shared with you.")),
        409: (_("Somebody was before you"), _("The page has changed since you opened it. Load it again.")),
        413: (_("That was too large"), _("Send something smaller.")),
        422: (_("This could not be saved"), _("Go back and check what you filled in.")),
        429: (_("That was many at once"), ""),
        503: (
            _("The portal cannot save right now"),
            _("Nothing has been changed. Wait a moment and try again."),
        ),
    }.get(status, (_("Something went wrong with us"), _("Nothing has been changed. Try again in a while.")))


def _in_a_while(seconds: int) -> str:
    """How long to wait, in words."""
    if seconds <= 90:
        return str(ngettext("Try again in %(num)s second.", "Try again in %(num)s seconds.", seconds))
    return str(ngettext("Try again in %(num)s minute.", "Try again in %(num)s minutes.", round(seconds / 60)))


def error_answer(status: int, message: str = "") -> Response:
    """An error page, its sentence alone for a script, or JSON for who asks for that; it says nothing about the inside."""
    db.rollback()
    db.reads_only(True)
    heading, sentence = _error_text(status)
    if request.accept_mimetypes.best == "application/json":
        return Response(
            json.dumps({"error": heading, "message": message or sentence}), status=status, mimetype="application/json"
        )
    if status == 409 and message:  # a rule, not somebody else, stands in the way
        heading = _("This cannot be done now")
    template = "errors/fragment.html" if is_fragment_request() else "errors/error.html"
    # when the inside does not work, the page must not ask it for a name or a menu
    frame: dict[str, Any] = {"person": None, "nav": None} if status >= 500 else {"written": _written(status)}
    try:
        body = render_template(template, status=status, heading=heading, message=message or sentence, **frame)
    except Exception:  # what is broken may be what pages are made of; the sentence still gets through
        log.exception("the error page could not be made")
        body = Markup("<!DOCTYPE html><title>{0}</title><h1>{0}</h1><p>{1}</p>").format(heading, message or sentence)
    return Response(body, status=status, mimetype="text/html")


def _written(status: int) -> list[str]:
    """What somebody wrote in a form that was refused with a page: it is shown there, so that nothing is lost.

    Only fields that hold words, known by their names, and only what the portal's own pages sent: another site's form must
    not put its text on a page of ours.
    """
    is_own = request.headers.get("Sec-Fetch-Site", "same-origin") in {"same-origin", "none"}
    if status not in GIVES_BACK or request.method in SAFE_METHODS or not is_own or request.endpoint is None:
        return []
    if not current_user.is_authenticated:  # perhaps only no longer; but a stranger may not make us read much
        request.max_content_length = LARGEST_GIVEN_BACK
    try:
        fields = list(request.form.items(multi=True))
    except HTTPException:  # the form itself could not be read
        return []
    return [text for name, text in fields if text.strip() and not WRITTEN.isdisjoint(re.split(r"[-_]", name))]


def too_soon(seconds: int, message: str = "") -> Response:
    """The answer to what comes too often: how long to wait, in words and in `Retry-After`."""
    answer = error_answer(429, f"{message} {_in_a_while(seconds)}".strip())
    answer.headers["Retry-After"] = str(seconds)
    return answer


def _on_portal_error(error: PortalError) -> Response:
    if isinstance(error, TooSoon):
        return too_soon(error.seconds, error.message)
    return error_answer(
        _STATUS.get(type(error), next((s for k, s in _STATUS.items() if isinstance(error, k)), 500)),
        error.message,
    )


def _on_http_error(error: HTTPException) -> Response:
    if isinstance(error, CSRFError):
        security_log.warning("csrf refused path=%r", request.path)
    if isinstance(error, RequestEntityTooLarge) and request.mimetype == "multipart/form-data":
        limit = files.human_size(current_app.config["SETTINGS"].max_upload_bytes)
        return error_answer(413, _("The file is larger than %(limit)s.", limit=limit))
    if error.code == 429:
        return too_soon(rate_limits.seconds_to_wait())
    if error.response is not None:
        return cast(Response, error.response)
    return error_answer(error.code or 500)


def _on_database_error(error: sa.exc.SQLAlchemyError) -> Response:
    log.error("the database did not answer", exc_info=error)
    return error_answer(503)


def _on_conflict(error: sa.exc.IntegrityError) -> Response:
    log.warning("two wrote the same at once at %s", request.endpoint, exc_info=error)
    return error_answer(409)


def _on_os_error(error: OSError) -> Response:
    log.error("the disk or the network did not answer", exc_info=error)
    return error_answer(503)


def _on_any_error(error: Exception) -> Response:
    log.error("unexpected error at %s", request.endpoint, exc_info=error)
    return error_answer(InternalServerError.code or 500)


def init_app(app: Flask) -> None:
    """Answer every error."""
    app.register_error_handler(PortalError, _on_portal_error)
    app.register_error_handler(HTTPException, _on_http_error)
    for kind in (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError):
        app.register_error_handler(kind, _on_database_error)
    app.register_error_handler(sa.exc.IntegrityError, _on_conflict)
    app.register_error_handler(OSError, _on_os_error)
    app.register_error_handler(Exception, _on_any_error)
