"""The one place where the demo gives rows another time than the one at which they were written.

The portal's own actions date what they write to the present moment. The demo lets them, and sets the time afterwards in the
same transaction. The audit log is left alone: it says truly when the demo was loaded. The changes are made past the unit of
work, so that they do not ask for the same thing to be indexed twice.
"""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa

from portal import db


def row(thing: db.Base, **times: date | datetime) -> None:
    """Set times of one row."""
    db.session.flush()
    table = type(thing).__table__
    _set(type(thing), table.c.id == thing.id, times)  # type: ignore[attr-defined]  # our tables have an id
    db.session.expire(thing, list(times))


def rows(model: type[db.Base], condition: sa.ColumnElement[bool], **times: datetime) -> None:
    """Set times of the rows of a table that fulfil a condition."""
    db.session.flush()
    _set(model, condition, times)
    db.session.expire_all()


def _set(model: type[db.Base], condition: sa.ColumnElement[bool], times: dict[str, datetime] | dict[str, date]) -> None:
    db.session.execute(sa.update(model).where(condition).values(**times).execution_options(synchronize_session=False))
