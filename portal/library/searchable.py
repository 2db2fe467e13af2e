"""How material is found: by its title and by every word in its file."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from portal import db, outbox, search
from portal.library import policy
from portal.library.models import FileState, Resource, ResourcePage, ResourceVersion
from portal.library.validity import Validity
from portal.times import STOCKHOLM, today

OLD_WEIGHT = 0.3  # what was replaced or withdrawn ranks below what is in force
MOST_CHARACTERS = 250_000  # some eighty pages
MOST_BEGINNINGS = 30


def _document(resource: Resource) -> search.Document | None:
    if resource.state is not FileState.READY:
        return None
    body = "\n".join(page.text for page in resource.current.pages)
    topics = [topic.name for topic in resource.topics]
    words = f"{resource.publisher}\n{resource.description}\n{', '.join(topics)}\n{body}"
    group_ids = (resource.group_id, *(share.group_id for share in resource.shares))
    day = resource.published_on or resource.created_at.astimezone(STOCKHOLM).date()
    facets = {
        "kind": [resource.kind.value],
        "audience": resource.audiences,
        "publisher": [resource.publisher or resource.organisation.name],
        "county": resource.counties,
        "topic": topics,
        "language": [resource.language],
        "year": [str(day.year)],
        "state": [_state(resource)],
    }
    is_old = resource.validity in {Validity.REPLACED, Validity.WITHDRAWN}
    return search.Document(
        "resource",
        resource.id,
        group_ids,
        resource.title,
        words,
        resource.changed_at,
        facets,
        OLD_WEIGHT if is_old else 1.0,
    )


def _state(resource: Resource) -> str:
    """Where it is in its life; what is to be reviewed soon is in force."""
    state = resource.validity
    return str(Validity.IN_FORCE if state is Validity.SOON else state)


@outbox.every(timedelta(hours=6))
def notice_late_reviews() -> None:
    """A review becomes late without anybody writing: the index is told of those of the last days."""
    late = Resource.review_by.between(today() - timedelta(days=3), today() - timedelta(days=1))
    search.look_again("resource", db.session.scalars(sa.select(Resource.id).where(late)).all())


def _has_one(beginnings: Collection[str]) -> sa.ColumnElement[bool]:
    """Whether a page has one of the beginnings of words: small, with a capital, or in capitals, since SQLite knows those of
    a to z only. An accent that was not typed is not looked for here."""
    some = sorted(beginnings, key=lambda one: (-len(one), one))[:MOST_BEGINNINGS]  # the longest tell most
    if not some:
        return sa.true()
    spellings = dict.fromkeys(spelling for one in some for spelling in (one, one.capitalize(), one.upper()))
    return sa.or_(*(ResourcePage.text.contains(spelling, autoescape=True) for spelling in spellings))


def _texts(resources: Sequence[Resource], having: Collection[str]) -> dict[int, list[search.Text]]:
    """The pages that passages are looked for on: of each material the first ones, up to so many characters together. `having`
    beginnings of words: the first of those pages that have one of them."""
    found: dict[int, list[search.Text]] = {resource.id: [] for resource in resources}
    versions = {resource.current.id: resource for resource in resources}
    length = sa.func.length(ResourcePage.text)
    so_far = sa.func.sum(length).over(partition_by=ResourcePage.version_id, order_by=ResourcePage.number) - length
    pages = (
        sa.select(ResourcePage.version_id, ResourcePage.number, ResourcePage.text, so_far.label("before"))
        .where(ResourcePage.version_id.in_(versions), _has_one(having))
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
    others = (selectinload(Resource.topics), selectinload(Resource.shares))
    search.register(
        "resource",
        Resource,
        document=_document,
        visible=policy.visible_resources,
        all_rows=lambda: sa.select(Resource).options(pages, *others),
        texts=_texts,
    )
