"""What is shown of a hit: the thing itself, and the passages that show why it was found."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from portal import db
from portal.search import snippets
from portal.search.aside import aside
from portal.search.engine import Document, Key
from portal.search.kinds import kinds
from portal.search.query import Query
from portal.search.snippets import Snippet, Text


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that was found and may be seen, and the passages that show why. `is_partial`: it has only some of the words."""

    type: str
    obj: Any
    passages: Sequence[Snippet] = ()
    is_partial: bool = False

    @property
    def group(self) -> Any:
        """The group that it belongs to."""
        return kinds[self.type].group(self.obj)

    @property
    def changed_at(self) -> datetime:
        """When it was last changed: what the index orders by."""
        return kinds[self.type].changed_at(self.obj)


def document_of(found: Found) -> Document | None:
    """What the index was given for a thing: its title and the text that snippets are made of."""
    return kinds[found.type].document(found.obj)


def load(hits: Sequence[Found], person: Any, with_text: bool) -> list[Found]:
    """The things behind hits that have only their ids, once more through the query that guards their pages."""
    objects: dict[Key, Any] = {}
    for type_ in {hit.type for hit in hits}:
        kind = kinds[type_]
        ids = [hit.obj for hit in hits if hit.type == type_]
        rows: sa.Select[Any] = (
            kind.visible(person).where(kind.model.id.in_(ids)).options(*(kind.text if with_text else ()))
        )
        objects |= {(type_, obj.id): obj for obj in db.session.scalars(rows).unique()}
    return [replace(hit, obj=objects[hit.type, hit.obj]) for hit in hits if (hit.type, hit.obj) in objects]


def with_passages(found: list[Found], parsed: Query) -> list[Found]:
    """The same with their passages: the texts are loaded here, the words are looked for aside. Where the beginning of a long
    text has none of the words, its pages that have them are looked up."""
    if not parsed.glances:  # things were chosen, no words are looked for
        return found
    shown = _with_some(found, parsed, ())
    bare = [one for one in shown if not one.passages and kinds[one.type].texts is not None]
    if not bare:
        return shown
    further = {(one.type, one.obj.id): one for one in _with_some(bare, parsed, parsed.glances)}
    return [further.get((one.type, one.obj.id), one) for one in shown]


def _with_some(found: list[Found], parsed: Query, having: Collection[str]) -> list[Found]:
    texts: dict[Key, Sequence[Text]] = {}
    for name in {one.type for one in found}:
        kind, objects = kinds[name], [one.obj for one in found if one.type == name]
        if kind.texts is not None:
            texts |= {(name, number): some for number, some in kind.texts(objects, having).items()}
        else:
            texts |= {(name, obj.id): [(None, document.body)] for obj in objects if (document := kind.document(obj))}
    made = aside(_passages, [texts.get((one.type, one.obj.id), ()) for one in found], parsed)
    return [replace(one, passages=some) for one, some in zip(found, made, strict=True)]


def _passages(texts: Iterable[Sequence[Text]], parsed: Query) -> list[list[Snippet]]:
    return [snippets.passages(some, parsed) for some in texts]
