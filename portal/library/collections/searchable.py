"""How collections are found: by their title, their description and what stands between their materials."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from portal import search
from portal.library.collections.models import Collection
from portal.library.collections.policy import visible_collections


def _document(collection: Collection) -> search.Document:
    # lines about a material are left out: not everybody who reads the collection may read that material
    headings = "\n".join(item.text for item in collection.items if item.is_heading)
    words = f"{collection.description}\n{headings}"
    group_ids = (collection.group_id,)
    return search.Document(
        "collection",
        collection.id,
        group_ids,
        collection.title,
        words,
        collection.changed_at,
        search.of_year(collection.created_at),
    )


def register() -> None:
    """Let collections be found. A collection is indexed anew when `changed_at` is set (changes of its rows do that)."""
    search.register(
        "collection",
        Collection,
        document=_document,
        visible=visible_collections,
        all_rows=lambda: sa.select(Collection).options(selectinload(Collection.items)),
        text=[selectinload(Collection.items)],
    )
