"""A file that somebody is sending or has sent and not yet added."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import db, files
from portal.library.models import ResourceKind
from portal.people.models import Person, enum_column


class UploadState(StrEnum):
    """Where a file stands between the person's computer and the library."""

    RECEIVING = "receiving"
    ARRIVED = "arrived"  # all its bytes are here; the worker reads it
    READY = "ready"  # read; the person says what it is and adds it
    STOPPED = "stopped"  # personal data was found; the content is not kept
    UNREADABLE = (
        "unreadable"  # no text could be read out of it, or the virus scanner stopped it; the content is not kept
    )


class Upload(db.Base):
    """A file of one person, seen by nobody else. While it comes, its bytes lie in files/incoming under the token; how many
    there are is how far it has come. Once read it is content like any other (`sha256`)."""

    __tablename__ = "upload"

    id: Mapped[db.pk]
    token: Mapped[str] = mapped_column(sa.String(32), unique=True)  # names it in addresses
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), index=True)
    file_name: Mapped[str] = mapped_column(sa.String(255))
    size: Mapped[int] = mapped_column(sa.BigInteger)  # as announced
    stamp: Mapped[str] = mapped_column(sa.String(40), default="")  # tells the same file on the person's computer
    created_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)
    changed_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)
    state: Mapped[UploadState] = mapped_column(enum_column(UploadState), default=UploadState.RECEIVING)
    sha256: Mapped[str | None] = mapped_column(sa.String(64))
    media_type: Mapped[str] = mapped_column(sa.String(120), default="")
    title: Mapped[str] = mapped_column(sa.String(300), default="")  # guessed
    kind: Mapped[ResourceKind] = mapped_column(enum_column(ResourceKind), default=ResourceKind.OTHER)  # guessed
    language: Mapped[str] = mapped_column(sa.String(8), default="sv")  # guessed
    properties: Mapped[dict[str, str]] = mapped_column(sa.JSON, default=dict)  # what the file says about people
    reason: Mapped[str] = mapped_column(sa.String(60), default="")  # why it could not be read
    finds: Mapped[list[dict[str, Any]]] = mapped_column(
        sa.JSON, default=list
    )  # what the guard found: kind, page, masked

    person: Mapped[Person] = relationship()


files.named_in(Upload.sha256)
