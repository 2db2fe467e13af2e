"""What a material looks like: its first page small and large, and the PDF for the page's own viewer.

Nothing is kept in the browser beyond the page (security.md, number 23): whoever loses the right to read sees nothing more.
"""

from __future__ import annotations

from flask import Response, send_file
from flask.typing import ResponseReturnValue

from portal import audit, files, web
from portal.errors import NotFound
from portal.library import policy
from portal.library.file_types import PDF
from portal.library.models import FileState, Resource, ResourceVersion
from portal.library.views import bp
from portal.people.models import HandlingClass

SANDBOX = "sandbox; default-src 'none'; frame-ancestors 'none'"


def _shown(resource_id: int, *, is_read: bool) -> ResourceVersion:
    """The version in force of a material that the person may read; of a sensitive group, the reading is noted."""
    person = web.current_person()
    resource = web.find(policy.visible_resources(person).where(Resource.id == resource_id))
    if resource.state is not FileState.READY:
        raise NotFound
    if is_read and resource.group.handling_class is HandlingClass.SENSITIVE:
        audit.record_read("resource_read", by=person, on=resource)
    return resource.current


def _sent(sha256: str | None, media_type: str) -> Response:
    if sha256 is None:
        raise NotFound
    path = files.path_of(sha256)
    if not path.exists():
        raise FileNotFoundError(f"the content {sha256} is gone")
    answer: Response = send_file(path, mimetype=media_type, etag=False, conditional=True)
    answer.headers["Content-Security-Policy"] = SANDBOX
    answer.headers["Content-Disposition"] = "inline"
    return answer


@bp.get("/resources/<int:resource_id>/thumbnail")
def thumbnail(resource_id: int) -> ResponseReturnValue:
    """Page 1 as rows of a list show it; too small to be read."""
    return _sent(_shown(resource_id, is_read=False).thumbnail_sha256, "image/webp")


@bp.get("/resources/<int:resource_id>/picture")
def picture(resource_id: int) -> ResponseReturnValue:
    """Page 1 to be read, for those who have no JavaScript, and pictures."""
    return _sent(_shown(resource_id, is_read=True).picture_sha256, "image/webp")


@bp.get("/resources/<int:resource_id>/preview.pdf")
def preview_pdf(resource_id: int) -> ResponseReturnValue:
    """The PDF, or the office file as PDF, for the viewer on the material's page."""
    version = _shown(resource_id, is_read=True)
    return _sent(version.sha256 if version.media_type == PDF else version.pdf_sha256, PDF)
