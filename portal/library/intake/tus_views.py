"""Files that come in pieces, by the tus 1.0 protocol (https://tus.io/protocols/resumable-upload): creation, expiration,
termination, checksum. A lost connection costs what was on the wire: the browser asks how far the file has come and goes on.

The protocol is small. The servers for it on PyPI keep their own sessions, folders and locks, or want another framework;
here a piece passes the gate, the token against forgery and policy like every other request.
"""

from __future__ import annotations

import base64
import binascii
from datetime import timedelta
from socket import socket
from typing import cast

from flask import Response, current_app, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import ClientDisconnected
from werkzeug.http import http_date

from portal import db, web, web_errors
from portal.errors import Conflict, Invalid, NotFound
from portal.library.actions import FORGOTTEN
from portal.library.intake import actions, incoming, policy
from portal.library.intake.models import Upload, UploadState
from portal.library.views import bp

VERSION = "1.0.0"
EXTENSIONS = "creation,expiration,termination,checksum"
PIECES = "3000/minute"  # of one person: a piece is no write of the person's own
QUIET = 45.0  # seconds without a byte: the connection is gone, and must not keep the browser from going on
_OURS = frozenset({"library.start_upload", "library.upload_offset", "library.take_piece", "library.end_upload"})


@bp.after_request
def _say_tus(response: Response) -> Response:
    """What the protocol wants with each answer of these views, also with errors."""
    if request.endpoint in _OURS:
        response.headers["Tus-Resumable"] = response.headers["Tus-Version"] = VERSION
        response.headers["Tus-Extension"] = EXTENSIONS
        response.headers["Tus-Checksum-Algorithm"] = ",".join(incoming.CHECKSUMS)
        response.headers["Tus-Max-Size"] = str(current_app.config["SETTINGS"].max_upload_bytes)
    return response


@bp.post("/library/uploads")
def start_upload() -> ResponseReturnValue:
    """Announce a file: how large it will be, and its name."""
    person = web.current_person()
    web.check(policy.can_send_files(person))
    if (refusal := _refusal()) is not None:
        return refusal
    told = _metadata(request.headers.get("Upload-Metadata", ""))
    size = request.headers.get("Upload-Length", type=int)
    if size is None:
        return web_errors.error_answer(400)
    limit = current_app.config["SETTINGS"].max_upload_bytes
    try:
        upload = actions.start_upload(
            file_name=told.get("filename", ""), size=size, limit=limit, stamp=told.get("stamp", ""), by=person
        )
    except Invalid as error:
        return web_errors.error_answer(413 if size > limit else 422, error.message)
    db.session.flush()
    answer = Response(status=201)
    answer.headers["Location"] = url_for("library.take_piece", token=upload.token)
    answer.headers["Upload-Expires"] = _expires()
    return answer


@bp.route("/library/uploads/<token>", methods=["HEAD"])
def upload_offset(token: str) -> ResponseReturnValue:
    """How far a file has come."""
    upload = _found(token)
    if (refusal := _refusal()) is not None:
        return refusal
    answer = Response(status=200)
    answer.headers["Upload-Offset"] = str(_offset(upload))
    answer.headers["Upload-Length"] = str(upload.size)
    answer.headers["Upload-Expires"] = _expires()
    return answer


@bp.patch("/library/uploads/<token>")
@web.counted_apart
@web.limiter.limit(PIECES)
def take_piece(token: str) -> ResponseReturnValue:
    """Put a piece at the end of a file. No transaction is open while its bytes arrive, however slow they are."""
    upload = _found(token)
    if (refusal := _refusal()) is not None:
        return refusal
    if request.mimetype != web.PIECE:
        return web_errors.error_answer(415)
    offset = request.headers.get("Upload-Offset", type=int)
    if offset is None or offset < 0:
        return web_errors.error_answer(400)
    size, is_receiving = upload.size, upload.state is UploadState.RECEIVING
    if not is_receiving:
        raise Conflict
    db.pause()
    try:
        have = _receive(token, offset, size)
    except incoming.Refused as refused:
        return web_errors.error_answer(refused.status)
    except FileNotFoundError:
        raise NotFound from None
    if have == size:
        actions.note_arrived(_found(token), by=web.current_person())  # again, in the transaction that writes
    answer = Response(status=204)
    answer.headers["Upload-Offset"] = str(have)
    answer.headers["Upload-Expires"] = _expires()
    return answer


def _receive(token: str, offset: int, size: int) -> int:
    if offset + (request.content_length or 0) > size:
        raise incoming.Refused(413)
    wire = cast("socket | None", request.environ.get("gunicorn.socket"))
    if wire is not None:
        wire.settimeout(QUIET)
    try:
        return incoming.append(
            token, request.stream, offset=offset, size=size, checksum=request.headers.get("Upload-Checksum", "")
        )
    except ClientDisconnected:  # what came before is kept; nobody hears the answer
        raise incoming.Refused(400) from None
    finally:
        if wire is not None:
            wire.settimeout(None)


@bp.delete("/library/uploads/<token>")
def end_upload(token: str) -> ResponseReturnValue:
    """Forget a file that is not wanted after all."""
    upload = _found(token)
    if (refusal := _refusal()) is not None:
        return refusal
    actions.drop_upload(upload, by=web.current_person())
    return Response(status=204)


def _found(token: str) -> Upload:
    """The person's own file; whoever has lost the last group to add to sends no more."""
    person = web.current_person()
    upload = web.find(policy.visible_uploads(person).where(Upload.token == token))
    web.check(policy.can_send_files(person))
    return upload


def _offset(upload: Upload) -> int:
    if upload.state is not UploadState.RECEIVING:
        return upload.size
    try:
        return incoming.offset_of(upload.token)
    except FileNotFoundError:
        raise NotFound from None


def _refusal() -> Response | None:
    """412 for another version of the protocol."""
    if request.headers.get("Tus-Resumable") == VERSION:
        return None
    return web_errors.error_answer(412)


def _metadata(header: str) -> dict[str, str]:
    """`filename <base64>, stamp <base64>` as words. Raises `Invalid` for what is neither."""
    told: dict[str, str] = {}
    for pair in filter(None, header.split(",")):
        name, _space, value = pair.strip().partition(" ")
        try:
            told[name] = base64.b64decode(value, validate=True).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError) as error:
            raise Invalid(field="file") from error
    return told


def _expires() -> str:
    return http_date(db.now() + timedelta(seconds=FORGOTTEN.total_seconds()))
