"""Threads of a group and their posts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from markupsafe import Markup
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import db, markup
from portal.county_codes import county_name
from portal.people.models import Group, Organisation, Person, enum_column
from portal.topics.models import Topic, bear_topics


class ThreadKind(StrEnum):
    """What a thread is for (domain.md)."""

    DISCUSSION = "discussion"
    QUESTION = "question"
    UPDATE = "update"
    LIFTED = "lifted"


class PostKind(StrEnum):
    """An ordinary answer, an update that stands out, or a line that says what was done to the thread."""

    REPLY = "reply"
    UPDATE = "update"
    LINE = "line"


class LineKind(StrEnum):
    """What a line in a thread tells."""

    CLOSED = "closed"
    OPENED = "opened"
    MOVED = "moved"
    SPLIT_OUT = "split_out"  # the posts from `line_seq` on stand in another thread now
    SPLIT_IN = "split_in"  # the posts below came from another thread


class Gone(StrEnum):
    """How a post was taken out of its thread. Its words are kept as a version, which few may read."""

    DELETED = "deleted"  # by its author, or by a leader: for good
    HIDDEN = "hidden"  # by a leader, who can show it again


class ReactionKind(StrEnum):
    """What one can say to a post without writing."""

    THUMB = "thumb"
    THANKS = "thanks"
    SEEN = "seen"
    AGREE = "agree"
    WONDER = "wonder"


topics_of_threads = sa.Table(
    "thread_topic",
    db.Base.metadata,
    sa.Column("thread_id", sa.ForeignKey("thread.id"), primary_key=True),
    sa.Column("topic_id", sa.ForeignKey("topic.id"), primary_key=True, index=True),
)


class Thread(db.Base):
    """A conversation in a group.

    `last_seq` counts everything that happened to its posts (new and changed), so that a browser can tell what it lacks.
    """

    __tablename__ = "thread"

    id: Mapped[db.pk]
    group_id: Mapped[int] = mapped_column(sa.ForeignKey("group.id"))
    title: Mapped[str] = mapped_column(sa.String(200))
    kind: Mapped[ThreadKind] = mapped_column(enum_column(ThreadKind), default=ThreadKind.DISCUSSION)
    created_by_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    organisation_id: Mapped[int] = mapped_column(sa.ForeignKey("organisation.id"))  # owns it, whoever moves on
    created_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)
    last_seq: Mapped[int] = mapped_column(default=0)
    post_count: Mapped[int] = mapped_column(default=0)
    last_post_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)

    revision: Mapped[int] = mapped_column(default=1)  # of title, kind, counties and topics
    pinned_at: Mapped[datetime | None] = mapped_column(db.UTCDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(db.UTCDateTime)
    lifted_at: Mapped[datetime | None] = mapped_column(db.UTCDateTime)  # when it became a raised problem
    answered_at: Mapped[datetime | None] = mapped_column(db.UTCDateTime)
    answer_seq: Mapped[int | None]  # the place of the accepted answer

    group: Mapped[Group] = relationship(lazy="joined", innerjoin=True)
    created_by: Mapped[Person] = relationship()
    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)
    counties: Mapped[list[ThreadCounty]] = relationship(
        cascade="all, delete-orphan", order_by="ThreadCounty.code", passive_deletes=True
    )
    topics: Mapped[list[Topic]] = relationship(secondary=topics_of_threads, order_by=Topic.name)

    __table_args__ = (sa.Index("ix_thread_group_active", "group_id", "last_post_at", "id"),)

    @property
    def path(self) -> str:
        """The address of its page."""
        return f"/threads/{self.id}"

    @property
    def topic(self) -> str:
        """The name of its live topic."""
        return f"thread:{self.id}"

    @property
    def told_of_posts(self) -> str:
        """What notices of moderation are about: they follow the thread, but whoever reads it has not read them."""
        return f"{self.topic}/moderation"


class ThreadCounty(db.Base):
    """A county that a thread is about, by its letter. A thread without one is about the whole country."""

    __tablename__ = "thread_county"

    thread_id: Mapped[int] = mapped_column(sa.ForeignKey("thread.id"), primary_key=True)
    code: Mapped[str] = mapped_column(sa.String(2), primary_key=True)

    @property
    def name(self) -> str:
        """What the county is called."""
        return county_name(self.code)


class ThreadSupport(db.Base):
    """An organisation that supports a raised problem: it has the same one."""

    __tablename__ = "thread_support"

    thread_id: Mapped[int] = mapped_column(sa.ForeignKey("thread.id"), primary_key=True)
    organisation_id: Mapped[int] = mapped_column(sa.ForeignKey("organisation.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)

    organisation: Mapped[Organisation] = relationship()


class Post(db.Base):
    """One post. `seq` is its place in the thread, `change_seq` the thread's number when it was last written or changed."""

    __tablename__ = "post"

    id: Mapped[db.pk]
    thread_id: Mapped[int] = mapped_column(sa.ForeignKey("thread.id"))
    seq: Mapped[int]
    change_seq: Mapped[int]
    kind: Mapped[PostKind] = mapped_column(enum_column(PostKind), default=PostKind.REPLY)
    author_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), index=True)
    organisation_id: Mapped[int] = mapped_column(sa.ForeignKey("organisation.id"))
    client_id: Mapped[str] = mapped_column(sa.String(36))  # from the browser: sending twice makes one post
    body: Mapped[str] = mapped_column(sa.Text)
    created_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)
    edited_at: Mapped[datetime | None] = mapped_column(db.UTCDateTime)
    revision: Mapped[int] = mapped_column(default=1)
    line: Mapped[LineKind | None] = mapped_column(enum_column(LineKind))
    line_seq: Mapped[int | None]
    other_thread_id: Mapped[int | None] = mapped_column(sa.ForeignKey("thread.id"), index=True)  # of a line
    is_statement: Mapped[bool] = mapped_column(default=False)  # official, of the organisation
    gone: Mapped[Gone | None] = mapped_column(enum_column(Gone))  # then there are no words here
    gone_at: Mapped[datetime | None] = mapped_column(db.UTCDateTime)
    gone_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    gone_reason: Mapped[str] = mapped_column(sa.String(500), default="")  # for its author and the group's leaders

    is_new = False  # while it is being written: nothing can hang on it yet

    thread: Mapped[Thread] = relationship(foreign_keys=[thread_id])
    author: Mapped[Person] = relationship(foreign_keys=[author_id])
    gone_by: Mapped[Person | None] = relationship(foreign_keys=[gone_by_id])
    organisation: Mapped[Organisation] = relationship()
    reactions: Mapped[list[Reaction]] = relationship(order_by="Reaction.at, Reaction.person_id", viewonly=True)
    mentions: Mapped[list[Mention]] = relationship(order_by="Mention.id", viewonly=True)

    __table_args__ = (
        sa.UniqueConstraint("thread_id", "seq"),
        sa.UniqueConstraint("thread_id", "author_id", "client_id"),
        sa.Index("ix_post_thread_change", "thread_id", "change_seq"),
        sa.Index("ix_post_thread_organisation", "thread_id", "organisation_id"),
        sa.Index("ix_post_organisation_kind", "organisation_id", "kind", "created_at"),
    )

    @property
    def reacted(self) -> list[tuple[ReactionKind, list[Person]]]:
        """Who has reacted how, each kind's first one first; all kinds, in their order."""
        return [(kind, [one.person for one in self.reactions if one.kind is kind]) for kind in ReactionKind]

    @property
    def is_answer(self) -> bool:
        """Whether it is the accepted answer of its thread."""
        return self.seq == self.thread.answer_seq

    @property
    def html(self) -> Markup:
        """The text as safe HTML."""
        return markup.render(self.body, self.names)

    @property
    def names(self) -> tuple[tuple[str, str], ...]:
        """How those whom it names were written, and what they are called now; several of the same name as they were written."""
        often = Counter(mention.words for mention in self.mentions)
        called = {one.words: one.words if often[one.words] > 1 else one.name for one in self.mentions}
        return tuple(called.items())


class Reaction(db.Base):
    """A person's reaction to a post; of each kind at most one."""

    __tablename__ = "reaction"

    post_id: Mapped[int] = mapped_column(sa.ForeignKey("post.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), primary_key=True)
    kind: Mapped[ReactionKind] = mapped_column(enum_column(ReactionKind), primary_key=True)
    at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)

    person: Mapped[Person] = relationship()


class Mention(db.Base):
    """Somebody whom a post names: one person, all of an organisation, or the group. `words` is how it was written after the @;
    shown is the name of today."""

    __tablename__ = "mention"

    id: Mapped[db.pk]
    post_id: Mapped[int] = mapped_column(sa.ForeignKey("post.id"), index=True)
    words: Mapped[str] = mapped_column(sa.String(200))
    person_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    organisation_id: Mapped[int | None] = mapped_column(sa.ForeignKey("organisation.id"))
    group_id: Mapped[int | None] = mapped_column(sa.ForeignKey("group.id"))

    person: Mapped[Person | None] = relationship()
    organisation: Mapped[Organisation | None] = relationship()
    group: Mapped[Group | None] = relationship()

    @property
    def name(self) -> str:
        """What it is called now."""
        if self.person is not None:
            is_told_apart = self.words.endswith(")")  # from others of the same name, by the organisation
            return f"{self.person.name} ({self.person.organisation.short_name})" if is_told_apart else self.person.name
        if self.organisation is not None:
            return self.organisation.short_name
        return self.group.name if self.group is not None else self.words


class PostVersion(db.Base):
    """What a post said before it was changed: nothing written is lost."""

    __tablename__ = "post_version"

    id: Mapped[db.pk]
    post_id: Mapped[int] = mapped_column(sa.ForeignKey("post.id"))
    revision: Mapped[int]
    body: Mapped[str] = mapped_column(sa.Text)
    written_at: Mapped[datetime] = mapped_column(db.UTCDateTime)

    post: Mapped[Post] = relationship()

    __table_args__ = (sa.UniqueConstraint("post_id", "revision"),)


class ReadMark(db.Base):
    """How far a person has read a thread."""

    __tablename__ = "read_mark"

    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), primary_key=True)
    thread_id: Mapped[int] = mapped_column(sa.ForeignKey("thread.id"), primary_key=True)
    seq: Mapped[int]
    at: Mapped[datetime] = mapped_column(db.UTCDateTime)


class PinnedUpdate(db.Base):
    """The one update that an organisation has pinned to the top of its stream."""

    __tablename__ = "pinned_update"

    organisation_id: Mapped[int] = mapped_column(sa.ForeignKey("organisation.id"), primary_key=True)
    post_id: Mapped[int] = mapped_column(sa.ForeignKey("post.id"), index=True)
    pinned_by_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    pinned_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)


def _topics_changed(_ids: Collection[int]) -> None:
    """Nothing to do: threads are not found by the names of their topics."""


bear_topics(topics_of_threads, "thread_id", _topics_changed)
