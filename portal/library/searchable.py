"""How material is found: by its title and by every word in its file."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from portal import db, search
from portal.library import policy
from portal.library.models import FileState, Resource, ResourcePage, ResourceVersion

MOST_CHARACTERS = 250_000  # some eighty pages


def _document(resource: Resource) -> search.Document | None:
    if resource.state is not FileState.READY:
        return None
    body = "\n".join(page.text for page in resource.current.pages)
    words = f"{resource.publisher}\n{body}"
    return search.Document("resource", resource.id, resource.group_id, resource.title, words, resource.changed_at)


def _texts(resources: Sequence[Resource]) -> dict[int, list[search.Text]]:
    """The pages that passages are looked for on: of each material the first ones, up to so many characters together."""
    found: dict[int, list[search.Text]] = {resource.id: [] for resource in resources}
    versions = {resource.current.id: resource for resource in resources}
    length = sa.func.length(ResourcePage.text)
    so_far = sa.func.sum(length).over(partition_by=ResourcePage.version_id, order_by=ResourcePage.number) - length
    pages = (
        sa.select(ResourcePage.version_id, ResourcePage.number, ResourcePage.text, so_far.label("before"))
        .where(ResourcePage.version_id.in_(versions))
        .subquery()
    )
    shown = sa.func.substr(pages.c.text, 1, MOST_CHARACTERS)
    rows = sa.select(pages.c.version_id, pages.c.number, shown).where(pages.c.before < MOST_CHARACTERS)
    for version_id, number, text in db.session.execute(rows.order_by(pages.c.version_id, pages.c.number)):
        resource = versions[version_id]
        found[resource.id].append((number if resource.current.page_count > 1 else None, text))
    return found


def register() -> None:
    """Let material be found."""
    pages = selectinload(Resource.versions).selectinload(ResourceVersion.pages)
    search.register(
        "resource",
        Resource,
        document=_document,
        visible=policy.visible_resources,
        all_rows=lambda: sa.select(Resource).options(pages),
        texts=_texts,
    )
