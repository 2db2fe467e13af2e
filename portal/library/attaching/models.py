"""Which material came with which post."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import db
from portal.discussions.models import Post
from portal.library.models import Resource


class Attachment(db.Base):
    """A material that somebody has put to a post."""

    __tablename__ = "attachment"

    post_id: Mapped[int] = mapped_column(sa.ForeignKey("post.id"), primary_key=True)
    resource_id: Mapped[int] = mapped_column(sa.ForeignKey("resource.id"), primary_key=True, index=True)
    attached_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)

    post: Mapped[Post] = relationship()
    resource: Mapped[Resource] = relationship()
