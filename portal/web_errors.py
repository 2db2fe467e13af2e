"""The answers to what goes wrong: a page or a sentence in the user's language that says nothing about the inside."""

from __future__ import annotations

import logging
from typing import Any, cast

import sqlalchemy as sa
from flask import Flask, Response, current_app, render_template, request
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from markupsafe import Markup
from werkzeug.exceptions import HTTPException, InternalServerError, RequestEntityTooLarge

from portal import db, files
from portal.errors import Conflict, Forbidden, Invalid, NotFound, PortalError

log = logging.getLogger("portal.web")
security_log = logging.getLogger("portal.security")

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


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
        429: (_("That was many at once"), _("Wait a minute and try again.")),
        503: (
            _("The portal cannot save right now"),
            _("Nothing has been changed. Wait a moment and try again."),
        ),
    }.get(status, (_("Something went wrong with us"), _("Nothing has been changed. Try again in a while.")))


def error_answer(status: int, message: str = "") -> Response:
    """An error page, or its sentence alone for a script; it says nothing about the inside."""
    db.rollback()
    db.reads_only(True)
    heading, sentence = _error_text(status)
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
    """What somebody wrote in a form that was refused with a page: it is shown there, so that nothing is lost. Words only."""
    if status not in {409, 422} or request.method in SAFE_METHODS:
        return []
    return [text for texts in request.form.listvalues() for text in texts if len(text.split()) > 1]


def _on_portal_error(error: PortalError) -> Response:
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
