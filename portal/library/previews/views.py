"""What a material looks like: its first page small and large, and the PDF for the page's own viewer.

Nothing is kept in the browser beyond the page (security.md, number 23): whoever loses the right to read sees nothing more.
"""

from __future__ import annotations

from flask import Response
from flask.typing import ResponseReturnValue

from portal import web
from portal.errors import NotFound
from portal.library import policy
from portal.library.file_types import PDF
from portal.library.models import FileState, Resource, ResourceVersion
from portal.library.views import bp
from portal.people.traces import note_reading


def _shown(resource_id: int, *, is_read: bool) -> ResourceVersion:
    """The version in force of a material that the person may read; of a sensitive group, the reading is noted."""
    person = web.current_person()
    resource = web.find(policy.visible_resources(person).where(Resource.id == resource_id))
    if resource.state is not FileState.READY:
        raise NotFound
    if is_read:
        note_reading("resource_read", resource.group, on=resource, by=person)
    return resource.current


def send_drawn(sha256: str | None, media_type: str = "image/webp") -> Response:
    """What the portal has drawn of a file, if there is anything."""
    if sha256 is None:
        raise NotFound
    return web.send_content(sha256, media_type=media_type)


@bp.get("/resources/<int:resource_id>/thumbnail")
def thumbnail(resource_id: int) -> ResponseReturnValue:
    """Page 1 as rows of a list show it; too small to be read."""
    return send_drawn(_shown(resource_id, is_read=False).thumbnail_sha256)


@bp.get("/resources/<int:resource_id>/picture")
def picture(resource_id: int) -> ResponseReturnValue:
    """Page 1 to be read, for those who have no JavaScript, and pictures."""
    return send_drawn(_shown(resource_id, is_read=True).picture_sha256)


@bp.get("/resources/<int:resource_id>/preview.pdf")
def preview_pdf(resource_id: int) -> ResponseReturnValue:
    """The PDF, or the office file as PDF, for the viewer on the material's page."""
    version = _shown(resource_id, is_read=True)
    return send_drawn(version.sha256 if version.media_type == PDF else version.pdf_sha256, PDF)
