"""How material is found: by its title and by every word in its file."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from portal import search
from portal.library import policy
from portal.library.models import FileState, Resource, ResourceVersion


def _document(resource: Resource) -> search.Document | None:
    if resource.state is not FileState.READY:
        return None
    body = "\n".join(page.text for page in resource.current.pages)
    words = f"{resource.publisher}\n{body}"
    return search.Document("resource", resource.id, resource.group_id, resource.title, words, resource.changed_at)


def register() -> None:
    """Let material be found."""
    pages = selectinload(Resource.versions).selectinload(ResourceVersion.pages)
    search.register(
        "resource",
        Resource,
        document=_document,
        visible=policy.visible_resources,
        all_rows=lambda: sa.select(Resource).options(pages),
        text=[pages],
    )
