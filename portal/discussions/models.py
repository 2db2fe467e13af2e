"""Threads of a group and their posts."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from markupsafe import Markup
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import db, markup
from portal.people.models import Group, Organisation, Person, enum_column


class ThreadKind(StrEnum):
    """What a thread is for (domain.md)."""

    DISCUSSION = "discussion"
    QUESTION = "question"
    UPDATE = "update"
    LIFTED = "lifted"


class PostKind(StrEnum):
    """An ordinary answer, or an NGO's update that stands out."""

    REPLY = "reply"
    UPDATE = "update"


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

    group: Mapped[Group] = relationship(lazy="joined", innerjoin=True)
    created_by: Mapped[Person] = relationship()
    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)

    __table_args__ = (sa.Index("ix_thread_group_active", "group_id", "last_post_at", "id"),)

    @property
    def topic(self) -> str:
        """The name of its live topic."""
        return f"thread:{self.id}"


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

    thread: Mapped[Thread] = relationship()
    author: Mapped[Person] = relationship()
    organisation: Mapped[Organisation] = relationship()

    __table_args__ = (
        sa.UniqueConstraint("thread_id", "seq"),
        sa.UniqueConstraint("thread_id", "author_id", "client_id"),
        sa.Index("ix_post_thread_change", "thread_id", "change_seq"),
    )

    @property
    def html(self) -> Markup:
        """The text as safe HTML."""
        return markup.render(self.body)


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
