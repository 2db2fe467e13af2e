"""Topics: a controlled list that the national coordinator keeps, and words of their own for those who need them."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable

import sqlalchemy as sa
from flask_babel import gettext as _

from portal import audit, db, guard
from portal.errors import Conflict, Invalid
from portal.people.models import Person
from portal.topics.models import Topic, bearings

LONGEST = 80
MOST = 20  # of one thing


def fold(name: str) -> str:
    """The name as it is compared: "Stöd " and "stöd" are one topic."""
    return " ".join(unicodedata.normalize("NFC", name).split()).casefold()[:LONGEST]


def all_topics() -> list[Topic]:
    """The controlled list, in Swedish order."""
    rows = db.session.scalars(sa.select(Topic).where(Topic.is_controlled.is_(True))).all()
    return sorted(rows, key=lambda topic: swedish_order(topic.name))


def swedish_order(text: str) -> list[int]:
    """A key that sorts å, ä and ö last, in this order."""
    places = {"å": 0x110000, "ä": 0x110001, "ö": 0x110002}
    return [places.get(char, ord(char)) for char in text.casefold()]


def find_or_make(names: Iterable[str], *, controlled: Collection[str] = ()) -> list[Topic]:
    """The topics of these names; those that are not there are made, as words of their own unless their name is `controlled`.
    Empty names are passed over.

    Raises `Invalid` for a name that is too long or for too many. The caller has let the guard read them.
    """
    wanted: dict[str, str] = {}
    for name in names:
        words = " ".join(unicodedata.normalize("NFC", name).split())
        if len(words) > LONGEST:
            raise Invalid(_("A topic has at most %(most)s characters.", most=LONGEST), field="own_topics")
        if words:
            wanted.setdefault(fold(words), words)
    if len(wanted) > MOST:
        raise Invalid(_("A material has at most %(most)s topics.", most=MOST), field="own_topics")
    if not wanted:
        return []
    for folded in sorted(wanted):  # two who write the same new word at once make one topic
        db.lock_name(f"topic:{folded}")
    there = {topic.folded: topic for topic in db.session.scalars(sa.select(Topic).where(Topic.folded.in_(wanted)))}
    for folded, words in wanted.items():
        if folded not in there:
            there[folded] = Topic(name=words, folded=folded, is_controlled=words in controlled)
            db.session.add(there[folded])
    db.session.flush()
    return [there[folded] for folded in wanted]


def control_topic(name: str, *, by: Person) -> Topic:
    """Put a topic on the controlled list; one that somebody has written already is taken up.

    Raises `Conflict` if it is on the list, `Invalid` if it has no or too many characters, `guard.Stopped`.
    """
    guard.check_numbers({"name": name})
    found = find_or_make([name])
    if not found:
        raise Invalid(_("Write a topic."), field="name")
    topic = found[0]
    if topic.is_controlled:
        raise Conflict(_("”%(name)s” is on the list already.", name=topic.name))
    topic.is_controlled = True
    audit.record("topic_controlled", by=by, on=topic)
    return topic


def rename_topic(topic: Topic, name: str, *, by: Person) -> None:
    """Call a topic something else, wherever it stands. Raises `Conflict` if another has that name: merge them instead."""
    guard.check_numbers({"name": name})
    words = " ".join(unicodedata.normalize("NFC", name).split())
    if not words or len(words) > LONGEST:
        raise Invalid(_("A topic has between 1 and %(most)s characters.", most=LONGEST), field="name")
    db.lock_name(f"topic:{fold(words)}")
    other = db.session.scalar(sa.select(Topic).where(Topic.folded == fold(words), Topic.id != topic.id))
    if other is not None:
        raise Conflict(_("There is a topic called ”%(name)s” already. Merge the two instead.", name=other.name))
    audit.record("topic_renamed", by=by, on=topic, before=topic.name)
    topic.name, topic.folded = words, fold(words)
    _changed(topic)


def merge_topics(topic: Topic, into: Topic, *, by: Person) -> None:
    """Let one topic take the place of another wherever it stands; the other is gone. Raises `Invalid` for itself."""
    if topic.id == into.id:
        raise Invalid(_("Choose another topic to merge with."))
    _changed(topic)
    for bearing in bearings:
        link, owner = bearing.table, bearing.table.c[bearing.owner]
        has_both = sa.select(owner).where(link.c.topic_id == into.id)
        of_topic = sa.update(link).where(link.c.topic_id == topic.id, owner.not_in(has_both))
        db.session.execute(of_topic.values(topic_id=into.id))
        db.session.execute(sa.delete(link).where(link.c.topic_id == topic.id))
    into.is_controlled = into.is_controlled or topic.is_controlled
    audit.record("topics_merged", by=by, on=into, gone=topic.name)
    db.session.expire_all()
    db.session.delete(topic)


def release_topic(topic: Topic, *, by: Person) -> None:
    """Take a topic off the controlled list. Where it is used it stays; one that nobody uses is gone."""
    audit.record("topic_released", by=by, on=topic, name=topic.name)
    topic.is_controlled = False
    uses = [sa.exists().where(bearing.table.c.topic_id == topic.id) for bearing in bearings]
    if not db.session.scalar(sa.select(sa.or_(sa.false(), *uses))):
        db.session.delete(topic)


def _changed(topic: Topic) -> None:
    """The index follows: what has the topic counts as changed."""
    for bearing in bearings:
        ids = sa.select(bearing.table.c[bearing.owner]).where(bearing.table.c.topic_id == topic.id)
        bearing.changed(db.session.scalars(ids).all())
