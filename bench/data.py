"""The data that is measured on: the demo network, people signed in to it, and the same network many times as large."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from itsdangerous import URLSafeTimedSerializer
from pydantic import SecretStr

from bench.servers import SECRET
from config import Settings
from portal import create_app, db, outbox, search
from portal.auth import sessions
from portal.cli import upgrade_database
from portal.people import actions as people
from portal.people.models import Group, Membership, Person, PersonStatus, Role
from portal.web import Edge

# what grows when a network is used for long; people, groups and organisations stay
GROWING = (
    *("thread", "post", "post_version", "read_mark", "resource", "resource_version", "resource_page"),
    *("meeting", "agenda_item", "invitation", "minutes_note", "minutes_version"),
)
STEP = 1_000_000  # how far apart the ids of two copies lie


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A browser's session: the cookie as a header line, and the token of forms."""

    person_id: int
    token: str
    csrf: str

    @property
    def headers(self) -> str:
        """For the load client."""
        return f"Cookie: session={self.token}\r\n"


def open_app(folder: Path) -> Edge:
    """The portal's app on the data in `folder`."""
    settings = Settings(
        secret_key=SecretStr(SECRET), base_url="http://127.0.0.1", data_dir=folder, environment="demo",
        log_level="ERROR", write_limit="1000000/minute", organisation_write_limit="1000000/minute", address_write_limit="1000000/minute",
    )  # fmt: skip
    return create_app(settings)


@contextmanager
def opened(folder: Path) -> Iterator[Edge]:
    """The app inside its context; its files are closed afterwards."""
    app = open_app(folder)
    with app.app_context():
        yield app
        db.session.remove()
        db.engine().dispose()
        app.extensions["search_engine"].close()


def make(folder: Path) -> None:
    """The demo network, its index built and its outbox empty."""
    from demo.load import load

    with opened(folder):
        upgrade_database()
        load()
        outbox.run_all()
        search.rebuild()


def copy(folder: Path, to: Path) -> Path:
    """A copy of the data, so that one measurement does not change what the next one finds."""
    shutil.copytree(folder, to, symlinks=True)
    return to


def busiest_person() -> Person:
    """The person who sees the most: member of the most groups."""
    count = sa.func.count(Membership.id)
    query = sa.select(Membership.person_id).where(Membership.left_at.is_(None)).group_by(Membership.person_id)
    person_id = db.session.scalars(query.order_by(count.desc(), Membership.person_id)).first()
    return db.session.get_one(Person, person_id)


def writers(group: Group) -> list[Person]:
    """The members of a group who may write."""
    query = sa.select(Person).join(Membership, Membership.person_id == Person.id).order_by(Person.id)
    present = Membership.left_at.is_(None) & (Membership.group_id == group.id) & (Membership.role != Role.OBSERVER)
    return list(db.session.scalars(query.where(present)).unique())


def join(group: Group, number: int) -> list[Person]:
    """Let so many more people into a group. Raises `LookupError` if there are not so many."""
    if number <= 0:
        return []
    there = sa.select(Membership.person_id).where(Membership.group_id == group.id, Membership.left_at.is_(None))
    others = sa.select(Person).where(Person.status == PersonStatus.ACTIVE, Person.id.not_in(there)).order_by(Person.id)
    found = list(db.session.scalars(others.limit(number)).unique())
    if len(found) < number:
        raise LookupError(f"{number} more people are needed, and there are {len(found)}")
    for person in found:
        people.add_member(group, person, by=None)
    return found


def sign_in(person: Person) -> SignedIn:
    """A session as sign-in makes it, without the walk through a provider."""
    session = sessions.PortalSession()
    sessions.start(session, person=person, user_agent="bench")
    db.commit()
    csrf = URLSafeTimedSerializer(SECRET, salt="wtf-csrf-token").dumps(session["csrf_token"])
    if session.token is None:
        raise RuntimeError("a session was started without a token")
    return SignedIn(person.id, session.token, str(csrf))


def multiply(folder: Path, times: int) -> None:
    """Make the network in `folder` `times` as large: each thread, post, material and meeting once more per time."""
    tables = [table for table in db.Base.metadata.sorted_tables if table.name in GROWING]
    with opened(folder):
        db.reads_only(False)
        for table in tables:
            rows = [dict(row._mapping) for row in db.session.execute(sa.select(table))]
            for number in range(1, times):
                copies = [_copied(table, row, number) for row in rows]
                if copies:
                    db.session.execute(sa.insert(table), copies)
        db.commit()
        db.reads_only(True)
        search.rebuild()


def _copied(table: sa.Table, row: dict[str, Any], number: int) -> dict[str, Any]:
    """The row with its own id and its references to other copied rows moved, and its unique texts changed."""
    made = dict(row)
    for column in table.columns:
        refers = any(key.column.table.name in GROWING for key in column.foreign_keys)
        if made[column.name] is None:
            continue
        if refers or (column.primary_key and not column.foreign_keys):
            made[column.name] += number * STEP
        elif column.unique and isinstance(made[column.name], str):
            made[column.name] += f"-{number}"
    return made
