"""Keeping whom a post names."""

from __future__ import annotations

import sqlalchemy as sa
from flask_babel import gettext as _

from portal import db, markup
from portal.discussions.mentioning.policy import Name, names
from portal.discussions.models import Mention, Post
from portal.errors import Invalid
from portal.people.models import Group, Organisation, Person

MOST_MENTIONS = 50  # in one post: whoever means more means the group


def store_mentions(post: Post, *, by: Person) -> set[int]:
    """Keep whom the post names by an @, of those who can read it; answers the ids of the people who are meant by names that did
    not stand in it before.

    What stands in quotes, code and links names nobody. Raises `Invalid` when too many are named.
    """
    before = {mention.words.lower(): mention for mention in post.mentions}  # a name that has changed since stays found
    if not before and "@" not in post.body:
        return set()
    db.session.execute(sa.delete(Mention).where(Mention.post_id == post.id))
    meant: set[int] = set()
    meant_before: set[int] = set()
    if "@" in post.body:
        known: dict[str, list[Name]] = {}
        for name in names(by, post.thread.group, post.thread):
            known.setdefault(name.words.lower(), []).append(name)
        pattern = markup.names_pattern([*known, *before])
        written = {found[1] for piece in markup.own_words(post.body) for found in pattern.finditer(piece)}
        chosen = {words.lower(): words for words in sorted(written)}
        if sum(len(known.get(words, ())) for words in chosen) > MOST_MENTIONS:
            raise Invalid(
                _("A post can name at most %(most)s. Name an organisation or the group instead.", most=MOST_MENTIONS),
                field="body",
            )
        for lower, words in chosen.items():
            for name in known.get(lower, ()):
                db.session.add(_mention(post, words, name.thing))
                (meant_before if lower in before else meant).update(name.person_ids)
            if lower not in known:
                old = before[lower]
                kept = {"person_id": old.person_id, "organisation_id": old.organisation_id, "group_id": old.group_id}
                db.session.add(Mention(post_id=post.id, words=words, **kept))
    db.session.flush()
    db.session.expire(post, ["mentions"])
    return meant - meant_before - {by.id}


def _mention(post: Post, words: str, thing: Person | Organisation | Group) -> Mention:
    column = {Person: "person_id", Organisation: "organisation_id", Group: "group_id"}[type(thing)]
    return Mention(post_id=post.id, words=words, **{column: thing.id})
